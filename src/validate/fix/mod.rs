//! Safe fixes: text that was meant as text is quoted, older layouts become the present one, keys
//! come in the order of the schema. Comments stay, save in a definition that is written anew. A
//! fix that would change what a definition says in any other way is not made.

mod reorder;

use serde_json::Value;

use crate::definition::Document;
use crate::format::node::{Kind, Node};
use crate::format::{self, Format, Loaded, Problem, Source, yaml};

use super::{Options, check};

/// A text after its fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The new text.
    pub text: String,
    /// What was done, one sentence each; empty if there was nothing to do.
    pub changes: Vec<String>,
}

/// Applies every safe fix to a text. `None` if it cannot be read whole, or holds definitions in
/// the format of another catalog.
pub fn fix(source: &Source, from: Option<Format>) -> Option<Fixed> {
    let text = std::str::from_utf8(&source.bytes).ok()?;
    let reading = format::read(source, from);
    if !reading.problems.is_empty() {
        return None;
    }
    let mut changes = Vec::new();
    let plans: Vec<Plan> = reading
        .documents
        .into_iter()
        .map(|loaded| Plan::new(loaded, &mut changes))
        .collect();
    let wanted: Vec<&Document> = plans.iter().map(|it| &it.wanted).collect();
    let attempts: Vec<(String, bool)> = match reading.format {
        Format::Yaml => vec![
            (yaml_text(text, &plans, true), true),
            (yaml_text(text, &plans, false), false),
        ],
        Format::Json | Format::Jsonl if !changes.is_empty() => {
            let documents: Vec<Document> = plans.iter().map(|it| it.wanted.clone()).collect();
            vec![(format::write(reading.format, &documents).ok()?.text, false)]
        }
        Format::Json | Format::Jsonl => Vec::new(),
        _ => return None,
    };
    for (fixed, reordered) in attempts {
        let again = format::read(&Source::new(source.name.clone(), fixed.clone()), from);
        let same = again.problems.is_empty()
            && again.documents.len() == wanted.len()
            && again
                .documents
                .iter()
                .zip(&wanted)
                .all(|(found, wanted)| found.document == **wanted && found.notes.is_empty());
        if !same || fixed == text {
            continue;
        }
        if reordered && yaml_text(text, &plans, false) != fixed {
            changes.push("put keys in the order of the schema".to_owned());
        }
        return Some(Fixed {
            text: fixed,
            changes,
        });
    }
    Some(Fixed {
        text: text.to_owned(),
        changes: Vec::new(),
    })
}

/// What to do with one definition.
struct Plan {
    node: Node,
    /// What it says after the fixes.
    wanted: Document,
    /// Places of scalars to quote: line, column, and the text as it stands.
    quotes: Vec<(usize, usize, String)>,
    /// Whether it is written anew.
    rewrite: bool,
}

impl Plan {
    fn new(mut loaded: Loaded, changes: &mut Vec<String>) -> Self {
        let label = loaded.document.label();
        let rewrite = !loaded.notes.is_empty();
        if rewrite {
            changes.push(format!("turned {label} into the present layout"));
        }
        let mut quotes = Vec::new();
        for problem in check::document(&mut loaded, &Options::default()) {
            let Some(raw) = quotable(&problem, &loaded.node) else {
                continue;
            };
            let start = problem.span.start;
            changes.push(format!("quoted {raw} in line {}", start.line));
            quotes.push((start.line as usize, start.column as usize, raw.clone()));
            if problem.rule == "schema/type" {
                make_text(&mut loaded.node, &problem.pointer, raw);
            }
        }
        Self {
            wanted: Document::new(loaded.node.to_fields()),
            node: loaded.node,
            quotes,
            rewrite,
        }
    }
}

fn path(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .skip(1)
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// The scalar as it stands, where quotes around it are the fix.
fn quotable(problem: &Problem, root: &Node) -> Option<String> {
    let quoted = problem.help.as_ref()?.strip_prefix("quote it: '")?;
    let raw = quoted.strip_suffix('\'')?;
    match problem.rule {
        "lint/ambiguous-scalar" => Some(raw.to_owned()),
        "schema/type" => {
            let (node, _) = root.locate(path(&problem.pointer))?;
            (node.raw.as_deref() == Some(raw)).then(|| raw.to_owned())
        }
        _ => None,
    }
}

fn make_text(root: &mut Node, pointer: &str, text: String) {
    let mut node = root;
    for part in path(pointer) {
        let next = match &mut node.kind {
            Kind::Map(entries) => entries
                .iter_mut()
                .find(|it| it.key == part)
                .map(|it| &mut it.value),
            Kind::List(items) => part.parse().ok().and_then(|at: usize| items.get_mut(at)),
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return,
        }
    }
    *node = Node::text(node.span, text);
}

fn yaml_text(text: &str, plans: &[Plan], reorder: bool) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for plan in plans {
        let mut quotes = plan.quotes.clone();
        quotes.sort();
        for (line, column, raw) in quotes.iter().rev().filter(|_| !plan.rewrite) {
            quote(&mut lines, *line, *column, raw);
        }
    }
    for plan in plans.iter().rev() {
        let first = plan.node.span.start.line as usize - 1;
        let last = reorder::last_line(&plan.node).min(lines.len());
        // After `--- ` or in flow style the first line holds more than the definition.
        if first >= last || plan.node.span.start.column != 1 {
            continue;
        }
        if plan.rewrite {
            let fields = format::ordered(&plan.wanted);
            let anew = yaml::write_value(&Value::Object(fields));
            lines.splice(first..last, [anew]);
        } else if reorder {
            reorder::reorder(&mut lines, &plan.node);
        }
    }
    lines.concat()
}

/// Puts single quotes around a plain scalar, which holds none itself.
fn quote(lines: &mut [String], line: usize, column: usize, raw: &str) {
    let Some(text) = lines.get_mut(line.saturating_sub(1)) else {
        return;
    };
    let mark = usize::from(line == 1 && text.starts_with('\u{feff}'));
    let Some((start, _)) = text.char_indices().nth(column - 1 + mark) else {
        return;
    };
    if text[start..].starts_with(raw) {
        let end = start + raw.len();
        *text = format!("{}'{raw}'{}", &text[..start], &text[end..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(text: &str) -> Fixed {
        fix(&Source::new("a.yaml", text), None).unwrap()
    }

    const GOOD: &str = "# about df\ntool_name: df\nversion: '1.0'\ndescription: d\nplatform: linux\ncategory: system\n\
        capabilities:\n  c:\n    description: d\n    patterns:\n      p:\n        description: d\n";

    #[test]
    fn what_is_right_is_left_alone() {
        let result = fixed(GOOD);
        assert_eq!(result.text, GOOD);
        assert_eq!(result.changes, [""; 0]);
    }

    #[test]
    fn versions_are_quoted_in_place() {
        let text = GOOD.replace("'1.0'", "1.10 # the version");
        let result = fixed(&text);
        assert_eq!(result.text, GOOD.replace("'1.0'", "'1.10' # the version"));
        assert_eq!(result.changes, ["quoted 1.10 in line 3"]);
    }

    #[test]
    fn keys_are_put_in_order_with_their_comments() {
        let result = fixed(
            "# about df\nversion: '1.0'\n# its name\ntool_name: df\ncapabilities:\n  c:\n    patterns:\n      p:\n        \
             description: d # p\n    # of c\n    description: d\ndescription: d\nplatform: linux\ncategory: system\n",
        );
        assert_eq!(
            result.text,
            "# about df\n# its name\ntool_name: df\nversion: '1.0'\ndescription: d\nplatform: linux\ncategory: system\n\
             capabilities:\n  c:\n    # of c\n    description: d\n    patterns:\n      p:\n        description: d # p\n"
        );
        assert_eq!(result.changes, ["put keys in the order of the schema"]);
        assert_eq!(fixed(&result.text).changes, [""; 0]);
    }

    #[test]
    fn older_layouts_are_written_anew_and_others_kept() {
        let text = format!(
            "{GOOD}---\ntool:\n  name: x # gone\n  version: 2.10\n  capabilities: []\n--- # third\n{GOOD}"
        );
        let result = fixed(&text);
        assert_eq!(
            result.text,
            format!(
                "{GOOD}---\ntool_name: x\nversion: '2.10'\ncapabilities: []\n--- # third\n{GOOD}"
            )
        );
    }

    #[test]
    fn aliases_keep_their_order() {
        let text = "version: &v '1.0'\ntool_name: df\nmetadata: {v: *v}\n";
        assert_eq!(fixed(text).text, text);
    }
}
