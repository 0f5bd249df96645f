//! An estimate drawn over one of its variables.

use super::figures::{amount, compact};
use super::{Axis, AxisKind, Chart, Layer, Series};
use crate::expression::{Expression, Variables};
use crate::output::text;
use crate::telemetry::Measure;

/// How many steps a curve has, and the range of its variable.
const STEPS: u32 = 80;
const FROM: f64 = 1.0;
const TO: f64 = 10_000.0;

/// How a value of the measure is written.
pub fn format(measure: Measure) -> fn(f64) -> String {
    match measure {
        Measure::Time => text::duration,
        Measure::Cost => amount,
    }
}

/// The estimate over `name` from 1 to 10,000, the other variables being as they are given; none if it has no
/// value in that range.
pub fn curve(
    measure: Measure,
    estimate: &Expression,
    name: &str,
    others: &Variables,
) -> Option<String> {
    let points: Vec<(f64, f64)> = (0..=STEPS)
        .filter_map(|step| {
            let x = FROM * (TO / FROM).powf(f64::from(step) / f64::from(STEPS));
            let mut variables = others.clone();
            variables.set(name, x);
            let y = estimate.evaluate(&variables).ok()?;
            Some((x, y))
        })
        .collect();
    if points.len() < 2 {
        return None;
    }
    let x = Axis {
        label: name.to_owned(),
        kind: AxisKind::Log,
        format: compact,
        include: vec![FROM, TO],
    };
    let y = Axis {
        label: match measure {
            Measure::Time => "estimated time",
            Measure::Cost => "estimated cost",
        }
        .to_owned(),
        kind: AxisKind::fitting(points.iter().map(|it| it.1)),
        format: format(measure),
        include: Vec::new(),
    };
    let mut chart = Chart::new(x, y);
    chart.series = vec![Series::new("", 1, Layer::Line(points))];
    Some(chart.svg())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_where_the_estimate_has_values() {
        let over = |source: &str| {
            let estimate = Expression::parse(source).expect("an expression");
            curve(Measure::Time, &estimate, "N", &Variables::new())
        };
        assert!(over("5 + N").is_some_and(|it| it.contains("<path class=\"line")));
        assert!(over("5 + M").is_none());
    }
}
