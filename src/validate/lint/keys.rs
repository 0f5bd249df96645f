//! Keys that have no effect.

use std::collections::HashSet;

use super::{children, patterns};
use crate::definition::row::{PATTERN_FIELDS, SHAPE};
use crate::expression::nearest;
use crate::format::Problem;
use crate::format::node::{Entry, Node, pointer};
use crate::validate::fields::{self, DEFAULTS_FOR_READERS};
use crate::validate::schema::shorten;

pub fn check(root: &Node, problems: &mut Vec<Problem>) {
    unknown(root, &[], "", problems);
    if let Some(defaults) = root.get("defaults") {
        groups(defaults, &["defaults"], "/defaults", problems);
        unused_defaults(root, defaults, problems);
    }
    for capability in children(root, "capabilities") {
        let place = pointer("/capabilities", &capability.key);
        let path = ["capabilities", capability.key.as_str()];
        unknown(&capability.value, &path, &place, problems);
    }
    for (place, pattern) in patterns(root) {
        let path = ["capabilities", "", "patterns", ""];
        unknown(&pattern.value, &path, &place, problems);
        groups(&pattern.value, &path, &place, problems);
    }
}

/// The maps inside a pattern or the defaults.
fn groups(node: &Node, path: &[&str], place: &str, problems: &mut Vec<Problem>) {
    for group in ["policy", "preference_match"] {
        if let Some(node) = node.get(group) {
            let path = [path, &[group]].concat();
            unknown(node, &path, &pointer(place, group), problems);
        }
    }
}

/// Keys of one's own are marked with `x-` or `_`; `$schema` and the like are for editors.
fn is_marked(key: &str) -> bool {
    key.starts_with("x-") || key.starts_with('_') || (key.starts_with('$') && key != SHAPE)
}

fn unknown(node: &Node, path: &[&str], place: &str, problems: &mut Vec<Problem>) {
    let known = fields::known(path);
    let present: HashSet<&str> = node.entries().iter().map(|it| it.key.as_str()).collect();
    let missing: Vec<&str> = known
        .iter()
        .copied()
        .filter(|it| !present.contains(it))
        .collect();
    for entry in node.entries() {
        let key = entry.key.as_str();
        if known.contains(&key) || key == SHAPE || is_marked(key) {
            continue;
        }
        let problem = Problem::new(
            "lint/unknown-key",
            entry.key_span,
            format!(
                "the key `{}` is not known here and has no effect",
                shorten(key)
            ),
        )
        .at(pointer(place, key));
        problems.push(match nearest(key, missing.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("remove it, or start it with `x-` to keep it as your own"),
        });
    }
}

/// Whether a pattern has all of a default itself. Maps are merged key by key, so that they are used
/// beside a pattern's own.
fn overridden(pattern: &Node, default: &Entry) -> bool {
    match pattern.get(&default.key) {
        None => false,
        Some(own) if own.is_map() && default.value.is_map() => {
            let own: HashSet<&str> = own.entries().iter().map(|it| it.key.as_str()).collect();
            let mut keys = default.value.entries().iter();
            keys.all(|it| own.contains(it.key.as_str()))
        }
        Some(_) => true,
    }
}

fn unused_defaults(root: &Node, defaults: &Node, problems: &mut Vec<Problem>) {
    let patterns = patterns(root);
    for entry in defaults.entries() {
        let key = entry.key.as_str();
        if DEFAULTS_FOR_READERS.contains(&key) || is_marked(key) || key == SHAPE {
            continue;
        }
        let known = PATTERN_FIELDS.contains(&key);
        let unused = || {
            let mut patterns = patterns.iter();
            patterns.len() > 0 && patterns.all(|(_, it)| overridden(&it.value, entry))
        };
        if known && !unused() {
            continue;
        }
        let problem = Problem::new(
            "lint/unused-default",
            entry.key_span,
            if known {
                format!("no pattern uses the default `{key}`: each has its own")
            } else {
                format!("the default `{key}` has no effect: no field of a pattern has that name")
            },
        )
        .at(pointer("/defaults", key));
        let near = nearest(key, PATTERN_FIELDS.iter().copied()).filter(|_| !known);
        problems.push(match near {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("remove it"),
        });
    }
}
