//! Whether the best answer is clear, and what to ask if it is not.

use super::Weights;
use super::answer::Choice;

/// Two scores closer than this leave the answer open.
pub const MARGIN: f64 = 0.08;

/// What the runner-up must have ahead in a feature for the choice between the two to be open.
pub const AHEAD: f64 = 0.2;

/// What one gets by caring for each feature, in the order of the features.
const WISHES: [&str; 5] = [
    "a short running time",
    "a low cost",
    "simple use",
    "an accurate result",
    "a complete result",
];

/// The gap between the two best, if there are two.
pub fn gap(ranking: &[Choice]) -> Option<f64> {
    match ranking {
        [best, second, ..] => Some(best.value() - second.value()),
        _ => None,
    }
}

/// Whether the runner-up is well ahead in what the asker cares about most: only then is there something
/// to ask.
pub fn is_open(best: &Choice, second: &Choice, weights: Weights) -> bool {
    let weights = weights.to_array();
    let most = weights.into_iter().fold(0.0, f64::max);
    let features = best.features.to_array();
    features
        .into_iter()
        .zip(second.features.to_array())
        .zip(weights)
        .any(|((a, b), weight)| weight == most && b - a >= AHEAD)
}

/// A question that would settle the choice between the two best, on the feature in which they
/// differ most; `None` if their features are equal.
pub fn clarifying_question(best: &Choice, second: &Choice) -> Option<String> {
    let difference: Vec<f64> = best
        .features
        .to_array()
        .into_iter()
        .zip(second.features.to_array())
        .map(|(a, b)| a - b)
        .collect();
    let most = largest(&difference, f64::abs)?;
    let (first, other) = if difference[most] > 0.0 {
        (best, second)
    } else {
        (second, best)
    };
    let against = largest(&difference, |it| {
        (if difference[most] > 0.0 { -it } else { it }).max(0.0)
    });
    let name = |choice: &Choice| format!("{} {}", choice.tool, choice.pattern);
    Some(match against {
        Some(against) => format!(
            "Does {} ({}) matter more to you than {} ({})?",
            WISHES[most],
            name(first),
            WISHES[against],
            name(other)
        ),
        None => format!(
            "Does {} matter to you? {} is better in that than {}.",
            WISHES[most],
            name(first),
            name(other)
        ),
    })
}

/// The first index of the largest measure above zero.
fn largest(values: &[f64], measure: impl Fn(f64) -> f64) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, value) in values.iter().enumerate() {
        let size = measure(*value);
        if size > 0.0 && best.is_none_or(|(_, most)| size > most) {
            best = Some((index, size));
        }
    }
    best.map(|(index, _)| index)
}
