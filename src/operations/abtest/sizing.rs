//! How many records a test needs, from what is known of the tools and the effect that matters.

use crate::abtest::plan::{
    SampleSize, Spread, Target, arm_ratio, detectable_rates, detectable_ratio_normal,
    size_for_cost, size_for_guardrail, size_for_rates, size_for_time,
};
use crate::abtest::{Guardrail, Metric, Split};
use crate::operations::{Kind, Refusal, Remedy};
use crate::store::Connection;
use crate::store::ab_tests::history::{self, Baseline};

/// The latest records that a baseline rests on.
const BASELINE_RECORDS: i64 = 10_000;
/// Fewest records for a baseline; below, the assumed values are used.
const BASELINE_MINIMUM: i64 = 20;
/// Success rate if nothing is recorded.
pub const ASSUMED_SUCCESS: f64 = 0.95;
/// Geometric mean of the time in ms if nothing is recorded.
pub const ASSUMED_TIME_MS: f64 = 1_000.0;
/// Standard deviation of ln time if nothing is recorded.
pub const ASSUMED_TIME_SPREAD: f64 = 0.6;
/// Mean cost if nothing is recorded.
pub const ASSUMED_COST: f64 = 0.01;
/// Standard deviation of the cost over its mean if nothing is recorded.
pub const ASSUMED_COST_VARIATION: f64 = 1.0;
/// Planned total where neither a size nor an effect is named.
pub const DEFAULT_PLANNED: u64 = 2_000;
/// Largest planned total.
pub const MOST_PLANNED: u64 = 1_000_000_000;

/// What a plan assumes about the present version.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Assumed {
    /// Records that it rests on; 0 if nothing is recorded.
    pub records: i64,
    /// Share of successes.
    pub success_rate: f64,
    /// Geometric mean of the time in ms.
    pub time_ms: f64,
    /// Standard deviation of ln time.
    pub ln_time_sd: f64,
    /// Mean cost.
    pub cost: f64,
    /// Standard deviation of the cost over its mean.
    pub cost_variation: f64,
}

impl From<Baseline> for Assumed {
    fn from(known: Baseline) -> Self {
        let enough = known.records >= BASELINE_MINIMUM;
        let or = |value: Option<f64>, assumed: f64| {
            value
                .filter(|value| enough && value.is_finite() && *value > 0.0)
                .unwrap_or(assumed)
        };
        Self {
            records: if enough { known.records } else { 0 },
            success_rate: known
                .success_rate
                .filter(|_| enough)
                .unwrap_or(ASSUMED_SUCCESS),
            time_ms: or(known.ln_time_mean.map(f64::exp), ASSUMED_TIME_MS),
            ln_time_sd: or(known.ln_time_sd, ASSUMED_TIME_SPREAD),
            cost: or(known.cost_mean, ASSUMED_COST),
            cost_variation: or(known.cost_variation, ASSUMED_COST_VARIATION),
        }
    }
}

/// What the telemetry says about a tool.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn assumed(
    connection: &mut Connection,
    tools: &[i64],
    environment: Option<&str>,
) -> Result<Assumed, Refusal> {
    let known = connection
        .read(|connection| history::baseline(connection, tools, environment, BASELINE_RECORDS))?;
    Ok(known.into())
}

/// Records to show an effect on a metric: points of the success rate, or a relative change of time or cost.
/// The harder direction counts. None for an effect that cannot be.
pub fn size(
    metric: Metric,
    effect: f64,
    known: &Assumed,
    split: Split,
    target: Target,
) -> Option<SampleSize> {
    let ratio = arm_ratio(split);
    let sizes = match metric {
        Metric::Success => [effect, -effect].map(|change| {
            size_for_rates(
                known.success_rate,
                known.success_rate + change,
                ratio,
                target,
            )
        }),
        Metric::Time => better_or_worse(effect)
            .map(|change| size_for_time(change, known.ln_time_sd, ratio, target)),
        Metric::Cost => better_or_worse(effect)
            .map(|change| size_for_cost(change, known.cost_variation, ratio, target)),
    };
    sizes.into_iter().flatten().max_by_key(SampleSize::total)
}

/// The ratios B/A of a relative change: "10 %" is B at 0.9 of A, or A at 0.9 of B.
fn better_or_worse(effect: f64) -> [f64; 2] {
    let less = if effect < 1.0 {
        1.0 - effect
    } else {
        1.0 / (1.0 + effect)
    };
    [less, 1.0 / less]
}

/// The smallest effect that a planned total shows in the sequential test: points of the success rate, or a
/// relative change. None if even the largest cannot be shown.
pub fn detectable(
    metric: Metric,
    planned: u64,
    known: &Assumed,
    split: Split,
    target: Target,
) -> Option<f64> {
    let fixed = planned as f64 / crate::abtest::plan::SEQUENTIAL_INFLATION;
    let (n_a, n_b) = (fixed * split.a, fixed * split.b);
    match metric {
        Metric::Success => {
            let (below, above) = detectable_rates(known.success_rate, n_a, n_b, target);
            [below, above]
                .into_iter()
                .flatten()
                .map(|rate| (rate - known.success_rate).abs())
                .reduce(f64::max)
        }
        Metric::Time => {
            detectable_ratio_normal(n_a, n_b, known.ln_time_sd, target).map(|it| 1.0 - 1.0 / it)
        }
        Metric::Cost => {
            detectable_ratio_normal(n_a, n_b, known.cost_variation, target).map(|it| 1.0 - 1.0 / it)
        }
    }
}

/// Records with which an arm without a difference is shown to keep a guardrail.
///
/// # Errors
/// [`Kind::Invalid`] if no test gets that many records.
pub fn planned_for_guardrail(
    guardrail: Guardrail,
    known: &Assumed,
    split: Split,
    target: Target,
) -> Result<SampleSize, Refusal> {
    let spread = Spread {
        success_rate: known.success_rate,
        ln_time: known.ln_time_sd,
        cost: known.cost_variation,
    };
    size_for_guardrail(guardrail, spread, arm_ratio(split), target)
        .filter(|size| size.total() <= MOST_PLANNED)
        .ok_or_else(|| {
            let message = format!(
                "no test gets enough records to show that {} stays within {}",
                guardrail.metric, guardrail.margin
            );
            impossible(message, "give the guardrail a wider margin")
        })
}

/// The planned total that shows the effect on each of the metrics and each guardrail kept.
///
/// # Errors
/// [`Kind::Invalid`] if no test gets that many records.
pub fn planned_total(
    (metrics, guardrails): (&[Metric], &[Guardrail]),
    effect: f64,
    known: &Assumed,
    split: Split,
    target: Target,
) -> Result<u64, Refusal> {
    let mut total = 0;
    for metric in metrics {
        total = total.max(planned_for(*metric, effect, known, split, target)?.total());
    }
    for guardrail in guardrails {
        let size = planned_for_guardrail(*guardrail, known, split, target)?;
        total = total.max(size.total());
    }
    Ok(total)
}

fn impossible(message: String, hint: &str) -> Refusal {
    Refusal::new(Kind::Invalid, message).remedy(Remedy::Said(hint.to_owned()))
}

/// Checks an effect that is planned for.
///
/// # Errors
/// [`Kind::Invalid`] if no records could show it.
pub fn planned_for(
    metric: Metric,
    effect: f64,
    known: &Assumed,
    split: Split,
    target: Target,
) -> Result<SampleSize, Refusal> {
    let size = size(metric, effect, known, split, target).ok_or_else(|| {
        let rate = known.success_rate;
        let message = format!(
            "no test can show an effect of {effect} on {metric}: the present success rate is {rate:.3}"
        );
        let hint = "success: points of the rate, as 0.02; time and cost: relative changes, as 0.1";
        impossible(message, hint)
    })?;
    if size.total() > MOST_PLANNED {
        let total = size.total();
        let message = format!(
            "an effect of {effect} on {metric} needs {total} records, more than any test gets"
        );
        return Err(impossible(message, "plan for a larger effect"));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S04: the size is that of the guardrail where it asks for more than the effect.
    #[test]
    fn a_total_counts_what_guardrails_need() {
        let known = Assumed::from(Baseline::default());
        let split = Split { a: 0.5, b: 0.5 };
        let guardrail = Guardrail {
            metric: Metric::Success,
            margin: 0.02,
        };
        let total = |guardrails: &[Guardrail]| {
            let rule: (&[Metric], _) = (&[Metric::Time], guardrails);
            planned_total(rule, 0.2, &known, split, Target::default()).ok()
        };
        let alone = planned_for_guardrail(guardrail, &known, split, Target::default()).ok();
        assert_eq!(total(&[guardrail]), alone.map(|size| size.total()));
        assert!(total(&[guardrail]) > total(&[]) && total(&[]).is_some());
    }
}
