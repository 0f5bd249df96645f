//! In what an alternative differs from the answer, in a phrase without any word of the catalog's.

use crate::select::Choice;
use crate::select::answer::ExecutionMode;

/// Times and costs count as different from this ratio on.
const RATIO: f64 = 1.5;
/// Features, each from 0 to 1, from this difference on.
const FEATURE: f64 = 0.15;
/// How many differences are said.
const SAID: usize = 2;

/// What is to be said of `other` beside `best`.
pub fn difference(best: &Choice, other: &Choice) -> String {
    let mut said: Vec<String> = Vec::new();
    if other.requires_approval != best.requires_approval {
        said.push(match other.requires_approval {
            true => "needs approval".to_owned(),
            false => "needs no approval".to_owned(),
        });
    }
    if other.away && !best.away {
        said.push("for another operating system".to_owned());
    }
    said.extend(times(
        best.estimated_time_ms,
        other.estimated_time_ms,
        "slower",
        "faster",
    ));
    said.extend(times(
        best.estimated_cost,
        other.estimated_cost,
        "dearer",
        "cheaper",
    ));
    let (a, b) = (best.features, other.features);
    for (ours, theirs, more, less) in [
        (a.accuracy, b.accuracy, "more accurate", "less accurate"),
        (
            a.completeness,
            b.completeness,
            "more complete",
            "less complete",
        ),
        (a.complexity, b.complexity, "simpler", "harder to use"),
    ] {
        if (theirs - ours).abs() >= FEATURE {
            said.push((if theirs > ours { more } else { less }).to_owned());
        }
    }
    let background = |it: &Choice| it.execution_mode == ExecutionMode::Background;
    if background(other) && !background(best) {
        said.push("runs in the background".to_owned());
    }
    if said.is_empty() {
        said.push("much the same".to_owned());
    }
    said.truncate(SAID);
    said.join(", ")
}

/// How many times more or less one figure is than another, if that is worth a word.
fn times(best: f64, other: f64, more: &str, less: &str) -> Option<String> {
    let (large, small, word) = match other > best {
        true => (other, best, more),
        false => (best, other, less),
    };
    if small <= 0.0 {
        return (large > 0.0).then(|| word.to_owned());
    }
    let ratio = large / small;
    (ratio >= RATIO).then(|| match ratio {
        ratio if ratio < 10.0 => format!("{ratio:.1} times {word}"),
        ratio if ratio < 1000.0 => format!("{ratio:.0} times {word}"),
        _ => format!("over 1000 times {word}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_compared_by_their_ratio() {
        let said = |best, other| times(best, other, "slower", "faster");
        assert_eq!(said(100.0, 300.0).as_deref(), Some("3.0 times slower"));
        assert_eq!(said(3000.0, 100.0).as_deref(), Some("30 times faster"));
        assert_eq!(said(100.0, 120.0), None);
        assert_eq!(said(0.0, 0.0), None);
        assert_eq!(said(0.0, 5.0).as_deref(), Some("slower"));
        assert_eq!(said(1.0, 1e9).as_deref(), Some("over 1000 times slower"));
    }
}
