//! Estimates in the editor: drawn over their first variable, with what they come to, or why they cannot be read.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use super::super::kit::shown;
use crate::expression::{Expression, Variables};
use crate::report::estimate::{curve, format};
use crate::select::estimate::UNKNOWN;
use crate::telemetry::Measure;

/// The estimate of a pattern.
pub fn drawn(measure: Measure, source: &str, pattern: Option<&Value>) -> Markup {
    html! {
        div.drawn {
            @if !source.trim().is_empty() {
                @match Expression::parse(source) {
                    Ok(estimate) => (of(measure, &estimate, pattern)),
                    Err(error) => p.error { (shown(&error.to_string())) },
                }
            }
        }
    }
}

fn of(measure: Measure, estimate: &Expression, pattern: Option<&Value>) -> Markup {
    let mut usual = Variables::new();
    for name in estimate.variables() {
        usual.set(name, assumed(pattern, name));
    }
    let at: Vec<String> = usual
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    let first = estimate.variables().next();
    let chart = first.and_then(|name| curve(measure, estimate, name, &usual));
    html! {
        @match estimate.evaluate(&usual).map(format(measure)) {
            Ok(value) if at.is_empty() => p.help { (value) ", whatever the inputs." },
            Ok(value) => p.help { (value) " at " (shown(&at.join(", "))) "." },
            Err(error) => p.error { (shown(&error.to_string())) },
        }
        @if let Some(chart) = chart { (PreEscaped(chart)) }
    }
}

/// The value of a variable that nobody gives, as a selection assumes it.
fn assumed(pattern: Option<&Value>, name: &str) -> f64 {
    let inputs = ["required_inputs", "optional_inputs"];
    let mut inputs = inputs
        .iter()
        .filter_map(|it| pattern?.get(it)?.as_array())
        .flatten();
    let declared = inputs
        .find(|it| it["name"] == name)
        .and_then(|it| it["default"].as_f64());
    declared.unwrap_or(UNKNOWN)
}
