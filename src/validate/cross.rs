//! Checks that compare definitions with each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_stemmers::{Algorithm, Stemmer};

use crate::definition::Identity;
use crate::format::node::{Node, pointer};
use crate::format::{Loaded, Problem, Span};

use super::diagnostic::Related;

/// Findings by the number of the definition that they are reported at.
pub type Findings = HashMap<usize, Vec<(Problem, Option<Related>)>>;

/// Compares definitions.
pub fn check(all: &[&Loaded]) -> Findings {
    let mut findings = Findings::new();
    identities(all, &mut findings);
    capabilities(all, &mut findings);
    findings
}

/// Drops the parts of a definition's tree that no comparison looks at: of ten thousand definitions
/// they are most of the memory.
pub fn keep_essentials(node: &mut Node) {
    let Some(fields) = node.entries_mut() else {
        return;
    };
    fields.retain(|it| {
        matches!(
            it.key.as_str(),
            "tool_name" | "version" | "platform" | "capabilities"
        )
    });
    fields.shrink_to_fit();
    let capabilities = fields.iter_mut().find(|it| it.key == "capabilities");
    for capability in capabilities
        .and_then(|it| it.value.entries_mut())
        .into_iter()
        .flatten()
    {
        if let Some(fields) = capability.value.entries_mut() {
            fields.retain(|it| it.key == "description");
            fields.shrink_to_fit();
        }
    }
}

fn related(loaded: &Loaded, span: Span, message: &str) -> Related {
    Related {
        file: loaded.origin.file.to_string(),
        line: span.start.line,
        column: span.start.column,
        message: message.to_owned(),
    }
}

fn identities(all: &[&Loaded], findings: &mut Findings) {
    let name_span = |loaded: &Loaded| {
        loaded
            .node
            .get("tool_name")
            .map_or(loaded.origin.span, |it| it.span)
    };
    let mut seen: HashMap<Identity, usize> = HashMap::new();
    for (index, loaded) in all.iter().enumerate() {
        let Some(identity) = loaded.document.identity() else {
            continue;
        };
        let label = identity.to_string();
        let first = *seen.entry(identity).or_insert(index);
        if first == index {
            continue;
        }
        let other = all[first];
        let place = name_span(other);
        let problem = Problem::new(
            "catalog/duplicate-identity",
            name_span(loaded),
            format!(
                "{label} is defined twice; the other is at {}:{}:{}",
                other.origin.file, place.start.line, place.start.column
            ),
        )
        .at("/tool_name")
        .help("give one of the two another version or name");
        findings
            .entry(index)
            .or_default()
            .push((problem, Some(related(other, place, "the first one"))));
    }
}

/// One description of a capability: in which definition, where, and in which words.
struct Mention<'a> {
    index: usize,
    name: &'a str,
    key: Span,
    description: Option<(&'a str, Span)>,
}

fn capabilities(all: &[&Loaded], findings: &mut Findings) {
    let mut by_form: BTreeMap<String, Vec<Mention<'_>>> = BTreeMap::new();
    for (index, loaded) in all.iter().enumerate() {
        let entries = loaded.node.get("capabilities").map(|it| it.entries());
        for entry in entries.unwrap_or_default() {
            let description = entry.value.get("description");
            by_form.entry(form(&entry.key)).or_default().push(Mention {
                index,
                name: &entry.key,
                key: entry.key_span,
                description: description.and_then(|it| Some((it.as_text()?, it.span))),
            });
        }
    }
    let stemmer = Stemmer::create(Algorithm::English);
    for mentions in by_form.values() {
        similar_names(all, mentions, findings);
        conflicts(all, mentions, &stemmer, findings);
    }
}

/// A name without case and separators.
fn form(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Reports each spelling that is not the commonest (of equally common ones, the first) once per
/// place.
fn similar_names(all: &[&Loaded], mentions: &[Mention<'_>], findings: &mut Findings) {
    let mut spellings: Vec<(&str, usize)> = Vec::new();
    for mention in mentions {
        match spellings.iter_mut().find(|(name, _)| *name == mention.name) {
            Some((_, count)) => *count += 1,
            None => spellings.push((mention.name, 1)),
        }
    }
    if spellings.len() < 2 || form(mentions[0].name).is_empty() {
        return;
    }
    let most = spellings.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let Some(&(common, _)) = spellings.iter().find(|(_, count)| *count == most) else {
        return;
    };
    let Some(first) = mentions.iter().find(|it| it.name == common) else {
        return;
    };
    for mention in mentions.iter().filter(|it| it.name != common) {
        let other = all[first.index];
        let problem = Problem::new(
            "catalog/similar-capability",
            mention.key,
            format!(
                "the capability `{}` differs from `{common}` ({}:{}) only in case or separators",
                mention.name, other.origin.file, first.key.start.line
            ),
        )
        .at(pointer("/capabilities", mention.name))
        .help(format!("call it `{common}` if it is the same job"));
        let place = Some(related(other, first.key, "the other name"));
        findings
            .entry(mention.index)
            .or_default()
            .push((problem, place));
    }
}

/// Reports descriptions that have no word in common with the first one.
fn conflicts(
    all: &[&Loaded],
    mentions: &[Mention<'_>],
    stemmer: &Stemmer,
    findings: &mut Findings,
) {
    let mut first: BTreeMap<&str, (usize, Span, BTreeSet<String>)> = BTreeMap::new();
    for mention in mentions {
        let Some((text, span)) = mention.description else {
            continue;
        };
        let name_words = words(&mention.name.replace(['_', '-', '.'], " "), stemmer);
        let said = words(text, stemmer);
        if said.is_empty() {
            continue;
        }
        let Some((index, place, before)) = first.get(mention.name) else {
            first.insert(mention.name, (mention.index, span, said));
            continue;
        };
        let about_name = |it: &BTreeSet<String>| !it.is_disjoint(&name_words);
        let agree = !said.is_disjoint(before) || (about_name(&said) && about_name(before));
        if agree || *index == mention.index {
            continue;
        }
        let other = all[*index];
        let problem = Problem::new(
            "catalog/conflicting-capability",
            span,
            format!(
                "the capability `{}` is described quite differently at {}:{}",
                mention.name, other.origin.file, place.start.line
            ),
        )
        .at(pointer("/capabilities", mention.name) + "/description")
        .help("describe it alike, or give one of the two another name");
        let place = Some(related(other, *place, "the other description"));
        findings
            .entry(mention.index)
            .or_default()
            .push((problem, place));
    }
}

/// Words that say nothing of a job.
const COMMON: [&str; 24] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "for", "from", "in", "into", "is",
    "it", "its", "of", "on", "or", "that", "the", "this", "to", "with",
];

fn words(text: &str, stemmer: &Stemmer) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| !word.is_empty() && !COMMON.contains(&word.as_str()))
        .map(|word| stemmer.stem(&word).into_owned())
        .collect()
}
