//! What a pattern does to the world, and what its policy says of it.

use super::{effective, patterns};
use crate::format::Problem;
use crate::format::node::{Node, pointer};

pub fn check(root: &Node, problems: &mut Vec<Problem>) {
    for (place, pattern) in patterns(root) {
        let effect = effective(root, &pattern.value, "effect");
        let Some(effect) = effect.filter(|it| it.as_text() == Some("destroy")) else {
            continue;
        };
        let said = |rule: &str| {
            [Some(&pattern.value), root.get("defaults")]
                .into_iter()
                .flatten()
                .any(|it| it.get("policy").and_then(|it| it.get(rule)).is_some())
        };
        let open: Vec<&str> = ["requires_approval", "production_safe"]
            .into_iter()
            .filter(|rule| !said(rule))
            .collect();
        if open.is_empty() {
            continue;
        }
        problems.push(
            Problem::new(
                "lint/unguarded-destroy",
                effect.span,
                format!(
                    "the pattern `{}` destroys, but its policy does not say `{}`",
                    pattern.key,
                    open.join("` and `")
                ),
            )
            .at(pointer(&place, "effect"))
            .help(advice(&open)),
        );
    }
}

fn advice(open: &[&str]) -> String {
    let said: Vec<&str> = open
        .iter()
        .map(|rule| match *rule {
            "requires_approval" => "requires_approval: true",
            _ => "production_safe: false",
        })
        .collect();
    format!(
        "write `{}`, or the opposite if that is meant",
        said.join("` and `")
    )
}
