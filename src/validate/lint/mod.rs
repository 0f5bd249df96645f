//! Lints: what is allowed, but probably not meant. One file per kind of mistake.

mod effects;
mod estimates;
mod keys;
mod names;
mod references;
mod scalars;
mod texts;

use crate::format::Problem;
use crate::format::node::{Entry, Node, pointer};

/// Looks for everything that is probably not meant in one definition.
pub(super) fn check(root: &Node, problems: &mut Vec<Problem>) {
    keys::check(root, problems);
    names::check(root, problems);
    texts::check(root, problems);
    scalars::check(root, problems);
    references::check(root, problems);
    estimates::check(root, problems);
    effects::check(root, problems);
}

/// The entries of a map under a key; none if it is missing or not a map.
fn children<'a>(node: &'a Node, key: &str) -> &'a [Entry] {
    node.get(key).map(Node::entries).unwrap_or_default()
}

/// Every pattern of a definition, with its JSON pointer.
fn patterns(root: &Node) -> Vec<(String, &Entry)> {
    let mut found = Vec::new();
    for capability in children(root, "capabilities") {
        let place = pointer("/capabilities", &capability.key) + "/patterns";
        for pattern in children(&capability.value, "patterns") {
            found.push((pointer(&place, &pattern.key), pattern));
        }
    }
    found
}

/// A field of a pattern, its own or the tool's default.
fn effective<'a>(root: &'a Node, pattern: &'a Node, field: &str) -> Option<&'a Node> {
    pattern
        .get(field)
        .or_else(|| root.get("defaults").and_then(|it| it.get(field)))
}
