//! How figures are written for people.

use crate::abtest::analysis::{Interval, MetricReport};
use crate::abtest::success::CountedOutcome;
use crate::abtest::{ClauseKind, Metric, PerArm};
use crate::output::text;
use crate::store::telemetry::Ratings;
use crate::telemetry::Measure;

/// A number; from 1,000 on whole, with separators.
pub fn amount(value: f64) -> String {
    match value.abs() {
        size if (1000.0..1e12).contains(&size) => {
            let sign = if value < 0.0 { "-" } else { "" };
            format!("{sign}{}", text::grouped(size.round() as usize))
        }
        _ => text::number(value),
    }
}

/// A number in little room: `1,200`, `50k`, `1.5M`.
pub fn compact(value: f64) -> String {
    let (unit, sign) = match value.abs() {
        size if size < 10_000.0 => return amount(value),
        size if size < 1e6 => (1e3, "k"),
        size if size < 1e9 => (1e6, "M"),
        _ => (1e9, "G"),
    };
    format!("{}{sign}", text::number(value / unit))
}

/// A value of the measure.
pub fn measured(value: f64, measure: Measure) -> String {
    match measure {
        Measure::Time => text::duration(value),
        Measure::Cost => text::number(value),
    }
}

/// A share of 0 to 1 in percent, without the sign.
pub fn percent(share: f64) -> String {
    text::number((share * 1000.0).round() / 10.0)
}

/// A mean rating with its interval.
pub fn rating(ratings: &Ratings) -> String {
    let interval = ratings
        .interval
        .as_ref()
        .map_or_else(String::new, |it| format!(" ({:.2}-{:.2})", it.low, it.high));
    format!(
        "{:.2}{interval} of 5, {}",
        ratings.mean,
        text::counted(ratings.count as usize, "rating")
    )
}

/// A p-value: `0.031`, `4.2e-5`.
pub fn p_value(p: f64) -> String {
    if p >= 0.001 {
        format!("{p:.3}")
    } else {
        format!("{p:.1e}")
    }
}

/// A ratio with three significant places, or what stands for an open end.
pub fn ratio(value: f64) -> String {
    if value.is_infinite() {
        "∞".to_owned()
    } else if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}

/// An interval of a ratio, or a dash.
pub fn interval(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "-".to_owned(),
        |it| format!("{} .. {}", ratio(it.lower), ratio(it.upper)),
    )
}

/// The value of a metric in its unit.
pub fn value(metric: Metric, value: Option<f64>) -> String {
    match (value, metric) {
        (None, _) => "-".to_owned(),
        (Some(rate), Metric::Success) => format!("{:.2} %", rate * 100.0),
        (Some(ms), Metric::Time) => text::duration(ms),
        (Some(cost), Metric::Cost) => text::number(cost),
    }
}

/// What a ratio compares.
pub fn compared(report: &MetricReport) -> &'static str {
    match (report.metric, report.counted) {
        (Metric::Success, Some(CountedOutcome::Successes)) => "success rates",
        (Metric::Success, _) => "failure rates",
        (Metric::Time, _) => "geometric mean times",
        (Metric::Cost, _) => "mean costs",
    }
}

/// The margin of a guardrail in its unit; nothing if the metric is none.
pub fn margin(report: &MetricReport) -> String {
    report
        .guardrail
        .map_or_else(String::new, |guardrail| match report.metric {
            Metric::Success => format!("{} points", text::number(guardrail.margin * 100.0)),
            _ => format!("{} %", text::number(guardrail.margin * 100.0)),
        })
}

/// The name of a clause.
pub fn clause(kind: ClauseKind) -> &'static str {
    match kind {
        ClauseKind::Healthy => "healthy",
        ClauseKind::Minimums => "minimum",
        ClauseKind::Duration => "duration",
        ClauseKind::Primary => "primary",
        ClauseKind::Missing => "missing",
        ClauseKind::Steady => "steady",
        ClauseKind::Guardrail => "guardrail",
    }
}

/// `50 % A, 50 % B`.
pub fn split(shares: PerArm<f64>) -> String {
    format!(
        "{} % A, {} % B",
        text::number(shares.a * 100.0),
        text::number(shares.b * 100.0)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(amount(1_234_567.4), "1,234,567");
        assert_eq!(amount(-1000.0), "-1,000");
        assert_eq!(amount(0.5), "0.5");
        assert_eq!(compact(50_000.0), "50k");
        assert_eq!(compact(1_500_000.0), "1.5M");
    }
}
