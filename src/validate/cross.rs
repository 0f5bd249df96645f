//! Checks that compare definitions with each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rust_stemmers::{Algorithm, Stemmer};

use crate::definition::Identity;
use crate::format::node::{Node, pointer};
use crate::format::{Loaded, Problem, Span};

use super::diagnostic::Related;

/// Findings by the number of the definition that they are reported at.
pub type Findings = HashMap<usize, Vec<(Problem, Option<Related>)>>;

/// What others are compared with of a definition.
pub struct Brief {
    file: Arc<str>,
    identity: Option<Identity>,
    /// Where its name stands.
    name: Span,
    capabilities: Vec<Capability>,
}

struct Capability {
    name: Box<str>,
    key: Span,
    description: Option<(Box<str>, Span)>,
}

impl Brief {
    /// Of a definition whose tree is not looked at any more but for its place and its version: of ten thousand
    /// definitions the trees are most of the memory.
    pub fn new(loaded: &mut Loaded) -> Self {
        let node = &mut loaded.node;
        let name = node
            .get("tool_name")
            .map_or(loaded.origin.span, |it| it.span);
        let entries = node.get("capabilities").map(Node::entries);
        let capabilities = entries.unwrap_or_default().iter().map(|entry| {
            let description = entry.value.get("description");
            Capability {
                name: entry.key.as_str().into(),
                key: entry.key_span,
                description: description.and_then(|it| Some((it.as_text()?.into(), it.span))),
            }
        });
        let capabilities = capabilities.collect();
        if let Some(fields) = node.entries_mut() {
            fields.retain(|it| it.key == "version");
            fields.shrink_to_fit();
        }
        Self {
            file: Arc::clone(&loaded.origin.file),
            identity: loaded.document.identity(),
            name,
            capabilities,
        }
    }
}

/// Compares definitions.
pub fn check(all: &[Brief]) -> Findings {
    let mut findings = Findings::new();
    identities(all, &mut findings);
    capabilities(all, &mut findings);
    findings
}

fn related(other: &Brief, span: Span, message: &str) -> Related {
    Related {
        file: other.file.to_string(),
        line: span.start.line,
        column: span.start.column,
        message: message.to_owned(),
    }
}

fn identities(all: &[Brief], findings: &mut Findings) {
    let mut seen: HashMap<&Identity, usize> = HashMap::new();
    for (index, brief) in all.iter().enumerate() {
        let Some(identity) = &brief.identity else {
            continue;
        };
        let first = *seen.entry(identity).or_insert(index);
        if first == index {
            continue;
        }
        let other = &all[first];
        let place = other.name;
        let problem = Problem::new(
            "catalog/duplicate-identity",
            brief.name,
            format!(
                "{identity} is defined twice; the other is at {}:{}:{}",
                other.file, place.start.line, place.start.column
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

fn capabilities(all: &[Brief], findings: &mut Findings) {
    let mut by_form: BTreeMap<String, Vec<Mention<'_>>> = BTreeMap::new();
    for (index, brief) in all.iter().enumerate() {
        for it in &brief.capabilities {
            let description = it.description.as_ref();
            by_form.entry(form(&it.name)).or_default().push(Mention {
                index,
                name: &it.name,
                key: it.key,
                description: description.map(|(text, span)| (text.as_ref(), *span)),
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
fn similar_names(all: &[Brief], mentions: &[Mention<'_>], findings: &mut Findings) {
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
        let other = &all[first.index];
        let problem = Problem::new(
            "catalog/similar-capability",
            mention.key,
            format!(
                "the capability `{}` differs from `{common}` ({}:{}) only in case or separators",
                mention.name, other.file, first.key.start.line
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
fn conflicts(all: &[Brief], mentions: &[Mention<'_>], stemmer: &Stemmer, findings: &mut Findings) {
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
        let other = &all[*index];
        let problem = Problem::new(
            "catalog/conflicting-capability",
            span,
            format!(
                "the capability `{}` is described quite differently at {}:{}",
                mention.name, other.file, place.start.line
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
