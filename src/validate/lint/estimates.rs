//! Estimates that cannot be meant.

use super::{effective, patterns};
use crate::expression::{Expression, Variables};
use crate::format::Problem;
use crate::format::node::{Entry, Kind, Node, pointer};
use crate::validate::expressions::{ESTIMATES, input_name, samples};

pub fn check(root: &Node, problems: &mut Vec<Problem>) {
    for (place, pattern) in patterns(root) {
        never_affordable(root, pattern, &place, problems);
        ignored_inputs(root, pattern, &place, problems);
    }
}

/// The expression of an estimate that can be read.
fn expression(node: &Node) -> Option<Expression> {
    let text = match &node.kind {
        Kind::Text(text) => text.clone(),
        Kind::Number(number) => number.to_string(),
        _ => return None,
    };
    Expression::parse(&text).ok()
}

/// A cost that is above the pattern's own limit wherever it is tried.
fn never_affordable(root: &Node, pattern: &Entry, place: &str, problems: &mut Vec<Problem>) {
    let own = |node: &Node| node.get("policy")?.get("max_cost")?.as_f64();
    let limit = own(&pattern.value).or_else(|| own(root.get("defaults")?));
    let Some(limit) = limit else { return };
    let Some(cost) = effective(root, &pattern.value, "cost_estimate") else {
        return;
    };
    let Some(estimate) = expression(cost) else {
        return;
    };
    let names: Vec<&str> = estimate.variables().collect();
    let tried: Vec<Variables> = samples(&names).into_iter().flatten().collect();
    let costs: Vec<f64> = tried
        .iter()
        .filter_map(|it| estimate.evaluate(it).ok())
        .collect();
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    if costs.len() == tried.len() && least > limit && limit >= 0.0 {
        problems.push(
            Problem::new(
                "lint/never-affordable",
                cost.span,
                format!(
                    "the cost is at least {least}, above the pattern's own max_cost of {limit}: \
                     `{}` can never be chosen",
                    pattern.key
                ),
            )
            .at(pointer(place, "cost_estimate"))
            .help("raise max_cost, or lower the estimate"),
        );
    }
}

/// Types of inputs that say how much there is to do.
const AMOUNTS: [&str; 9] = [
    "integer", "int", "number", "float", "count", "array", "list", "size", "duration",
];

/// A pattern that takes an amount of something, with estimates that are the same for any amount.
fn ignored_inputs(root: &Node, pattern: &Entry, place: &str, problems: &mut Vec<Problem>) {
    let standard = Variables::defaults();
    let amount = effective(root, &pattern.value, "required_inputs")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .find_map(|input| {
            let name = input_name(input)?;
            let kind = input
                .get("type")
                .and_then(Node::as_text)
                .unwrap_or_default();
            let counts = AMOUNTS.contains(&kind) || standard.get(name).is_some();
            counts.then_some(name)
        });
    let Some(amount) = amount else { return };
    let estimates: Option<Vec<Expression>> = ESTIMATES
        .iter()
        .map(|field| expression(effective(root, &pattern.value, field)?))
        .collect();
    let Some(estimates) = estimates else { return };
    if estimates.iter().any(|it| it.variables().next().is_some()) {
        return;
    }
    let own = pattern.value.get(ESTIMATES[0]);
    problems.push(
        Problem::new(
            "lint/ignored-inputs",
            own.map_or(pattern.key_span, |it| it.span),
            format!(
                "the pattern `{}` takes `{amount}`, but its estimates are the same for any",
                pattern.key
            ),
        )
        .at(pointer(place, ESTIMATES[0]))
        .help(match amount {
            "N" => "let the time depend on `N`".to_owned(),
            amount => format!("let the time depend on `{amount}`, or on N"),
        }),
    );
}
