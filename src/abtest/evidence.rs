//! What the data so far say about one metric, as the decision rule sees it: anytime-valid, and cheap
//! enough to be asked at every look of a simulation.

use super::arms::{ArmStats, PerArm};
use super::assignment::{ArmLabel, Split};
use super::moments::UnitSums;
use super::proportions::{Proportion, newcombe_effective};
use super::ratio::Estimate;
use super::sequence::ConfidenceSequence;
use super::success::{CountedOutcome, RATE_PRIOR_WEIGHT, ln_e_value, p_from_ln_e};
use serde::{Deserialize, Serialize};

/// Fewest times per arm before a decision on time.
pub const MIN_TIMES: u64 = 30;
/// Fewest costs per arm before a decision on cost.
pub const MIN_COSTS: u64 = 100;
/// Fewest costs per arm where the split is beyond 80/20: the smaller arm's skewness no longer cancels.
pub const MIN_COSTS_LOPSIDED: u64 = 200;
/// Fewest units per arm where a unit has several executions.
pub const MIN_UNITS: u64 = 30;

/// What a test compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Failure (or success) rate.
    Success,
    /// Geometric mean of the time.
    Time,
    /// Mean cost.
    Cost,
}

/// A text that is not a metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown metric {0:?}: expected success, time or cost")]
pub struct UnknownMetric(pub String);

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 3] = [Self::Success, Self::Time, Self::Cost];

    /// `"success"`, `"time"` or `"cost"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Time => "time",
            Self::Cost => "cost",
        }
    }
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| UnknownMetric(text.to_owned()))
    }
}

/// A metric in which the winner must be shown not to be worse by more than a margin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Guardrail {
    /// The metric.
    pub metric: Metric,
    /// Success: largest drop of the success rate (0.02 is two points). Time and cost: largest relative
    /// increase (0.1 is 10 %). Positive.
    pub margin: f64,
}

/// What was fixed when the test was created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestPlan {
    /// Shares of the arms in this phase.
    pub split: Split,
    /// Confidence over all looks together, in 0..1.
    pub confidence: f64,
    /// The metrics that decide; usually one. Several are adjusted by Holm's method.
    pub primaries: Vec<Metric>,
    /// The metrics that must not get worse.
    pub guardrails: Vec<Guardrail>,
    /// Which outcome the success metric counts.
    pub counted: CountedOutcome,
    /// Planned total of both arms, N*: records, or units where a unit has several executions.
    pub planned: u64,
    /// Shortest duration before a decision, in seconds.
    pub minimum_duration_s: f64,
}

impl TestPlan {
    /// 1 - confidence.
    pub fn alpha(&self) -> f64 {
        1.0 - self.confidence
    }

    /// The confidence sequence of this plan.
    pub fn sequence(&self) -> ConfidenceSequence {
        ConfidenceSequence {
            alpha: self.alpha(),
            planned: self.planned as f64,
        }
    }

    /// The same plan with the arms' names swapped.
    pub fn swapped(&self) -> Self {
        Self {
            split: self.split.swapped(),
            ..self.clone()
        }
    }

    /// All metrics that the decision rests on, primaries first, none twice.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut metrics = self.primaries.clone();
        metrics.extend(self.guardrails.iter().map(|guardrail| guardrail.metric));
        let mut seen = Vec::new();
        metrics.retain(|metric| {
            !seen.contains(metric) && {
                seen.push(*metric);
                true
            }
        });
        metrics
    }

    /// Fewest values (or units) per arm before this metric may decide.
    pub fn minimum_per_arm(&self, metric: Metric, by_unit: bool) -> u64 {
        let minimum = match metric {
            // exact at any size
            Metric::Success => u64::from(by_unit) * MIN_UNITS,
            Metric::Time => MIN_TIMES,
            Metric::Cost if self.split.is_lopsided() => MIN_COSTS_LOPSIDED,
            Metric::Cost => MIN_COSTS,
        };
        minimum.max(1)
    }
}

/// The evidence on one metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Evidence {
    /// Values (or units) per arm that it rests on.
    pub n: PerArm<u64>,
    /// ln of the ratio B/A; none where it cannot be formed.
    pub ln_ratio: Option<f64>,
    /// Standard error of `ln_ratio`; none for the exact test of rates.
    pub ln_ratio_se: Option<f64>,
    /// Anytime-valid p-value of no difference at this look.
    pub p: f64,
    /// The arm that is ahead; none without a difference.
    pub better: Option<ArmLabel>,
}

/// The arm that a signed effect favours: negative favours B.
fn favoured(effect: f64) -> Option<ArmLabel> {
    match effect.partial_cmp(&0.0)? {
        std::cmp::Ordering::Less => Some(ArmLabel::B),
        std::cmp::Ordering::Greater => Some(ArmLabel::A),
        std::cmp::Ordering::Equal => None,
    }
}

/// Whether the arms have sums per unit.
pub fn by_unit(arms: &PerArm<ArmStats>) -> bool {
    arms.a.units.is_some() || arms.b.units.is_some()
}

/// Number of values (or units) per arm that a metric rests on.
pub fn sample_sizes(metric: Metric, arms: &PerArm<ArmStats>) -> PerArm<u64> {
    let by_unit = by_unit(arms);
    (*arms).map(|arm| match (by_unit, metric) {
        (true, _) => unit_sums(&arm, metric).units,
        (false, Metric::Success) => arm.records,
        (false, Metric::Time) => arm.ln_time.n,
        (false, Metric::Cost) => arm.cost.n,
    })
}

fn unit_sums(arm: &ArmStats, metric: Metric) -> UnitSums {
    let units = arm.units.unwrap_or_default();
    match metric {
        Metric::Success => units.failures,
        Metric::Time => units.ln_time,
        Metric::Cost => units.cost,
    }
}

/// Mean of the metric per arm with its error: rate of the counted outcome, mean ln time, mean cost.
pub fn estimates(
    metric: Metric,
    counted: CountedOutcome,
    arms: &PerArm<ArmStats>,
) -> PerArm<Option<Estimate>> {
    let by_unit = by_unit(arms);
    (*arms).map(|arm| match (by_unit, metric) {
        (true, Metric::Success) => {
            Estimate::of_units(&counted_sums(unit_sums(&arm, metric), counted))
        }
        (true, _) => Estimate::of_units(&unit_sums(&arm, metric)),
        (false, Metric::Success) => {
            let rate = Proportion {
                successes: arm.counted(counted),
                n: arm.records,
            }
            .rate()?;
            Some(Estimate {
                mean: rate,
                squared_error: rate * (1.0 - rate) / arm.records as f64,
            })
        }
        (false, Metric::Time) => Estimate::of_values(&arm.ln_time),
        (false, Metric::Cost) => Estimate::of_values(&arm.cost),
    })
}

fn counted_sums(failures: UnitSums, counted: CountedOutcome) -> UnitSums {
    match counted {
        CountedOutcome::Failures => failures,
        CountedOutcome::Successes => UnitSums {
            total: failures.count - failures.total,
            total_squares: failures.count_squares - 2.0 * failures.products
                + failures.total_squares,
            products: failures.count_squares - failures.products,
            ..failures
        },
    }
}

/// The evidence on a metric at this look.
pub fn evidence(plan: &TestPlan, metric: Metric, arms: &PerArm<ArmStats>) -> Evidence {
    let n = sample_sizes(metric, arms);
    let sign = if metric == Metric::Success && plan.counted == CountedOutcome::Successes {
        -1.0
    } else {
        1.0
    };
    let estimates = estimates(metric, plan.counted, arms);
    let logs = match metric {
        Metric::Time => estimates,
        Metric::Success | Metric::Cost => estimates.map(|estimate| estimate.and_then(Estimate::ln)),
    };
    let (ln_ratio, se) = match (logs.a, logs.b) {
        (Some(a), Some(b)) => {
            let ln_ratio = b.mean - a.mean;
            let delta = (a.squared_error + b.squared_error).sqrt();
            let se = if metric == Metric::Cost {
                cautious_error(ln_ratio, delta, estimates)
            } else {
                delta
            };
            (Some(ln_ratio), Some(se))
        }
        _ => (None, None),
    };
    if metric == Metric::Success && !by_unit(arms) {
        let events = (*arms).map(|arm| arm.counted(plan.counted) as f64);
        let p = p_from_ln_e(ln_e_value(
            events.a,
            events.b,
            plan.split,
            RATE_PRIOR_WEIGHT,
        ));
        let better = favoured(sign * (events.b * plan.split.a - events.a * plan.split.b));
        return Evidence {
            n,
            ln_ratio,
            ln_ratio_se: None,
            p,
            better,
        };
    }
    let (Some(ratio), Some(error)) = (ln_ratio, se) else {
        return Evidence {
            n,
            ln_ratio,
            ln_ratio_se: se,
            p: 1.0,
            better: None,
        };
    };
    let p = plan.sequence().p_value(ratio, error, (n.a + n.b) as f64);
    Evidence {
        n,
        ln_ratio,
        ln_ratio_se: se,
        p,
        better: favoured(sign * ratio),
    }
}

/// The error of the log ratio of two means, at least such that it is no more significant than their difference.
///
/// Where one value makes up most of a heavy-tailed sum, the delta method's error of its logarithm stays
/// below 1 while the logarithm itself runs away; the plain difference does not. Close to no difference
/// both errors are the same.
fn cautious_error(ln_ratio: f64, delta: f64, means: PerArm<Option<Estimate>>) -> f64 {
    let (Some(a), Some(b)) = (means.a, means.b) else {
        return delta;
    };
    let difference = (b.mean - a.mean).abs();
    if difference == 0.0 {
        return delta;
    }
    delta.max(ln_ratio.abs() * (a.squared_error + b.squared_error).sqrt() / difference)
}

/// Sequential interval of the effect that a guardrail bounds: success rate(B) - rate(A), or ln(B/A) of time
/// and cost. None while it cannot be formed.
pub fn guardrail_interval(
    plan: &TestPlan,
    metric: Metric,
    arms: &PerArm<ArmStats>,
) -> Option<(f64, f64)> {
    let n = sample_sizes(metric, arms);
    let multiplier = plan.sequence().multiplier((n.a + n.b) as f64);
    if metric == Metric::Success {
        return success_difference(arms, multiplier);
    }
    let evidence = evidence(plan, metric, arms);
    let half = evidence.ln_ratio_se? * multiplier;
    let ratio = evidence.ln_ratio?;
    half.is_finite().then_some((ratio - half, ratio + half))
}

/// Newcombe's interval of the difference in success rates at `z` standard errors; for units with several
/// executions at their effective number of executions.
pub fn success_difference(arms: &PerArm<ArmStats>, z: f64) -> Option<(f64, f64)> {
    let estimates = estimates(Metric::Success, CountedOutcome::Failures, arms);
    let sizes = sample_sizes(Metric::Success, arms);
    let effective = |estimate: Option<Estimate>, arm: &ArmStats, units: u64| {
        let estimate = estimate?;
        let (failed, n) = (estimate.mean, units as f64);
        let spread = failed * (1.0 - failed);
        let n = if by_unit(arms) && spread > 0.0 && estimate.squared_error > 0.0 {
            (spread / estimate.squared_error).min(arm.records.max(units) as f64)
        } else {
            n
        };
        Some((1.0 - failed, n))
    };
    let a = effective(estimates.a, &arms.a, sizes.a)?;
    let b = effective(estimates.b, &arms.b, sizes.b)?;
    Some(newcombe_effective(a, b, z))
}

/// For each arm, whether it is shown not to be worse than the other by the guardrail's margin.
pub fn non_inferior(guardrail: Guardrail, interval: Option<(f64, f64)>) -> PerArm<bool> {
    let Some((lower, upper)) = interval else {
        return PerArm { a: false, b: false };
    };
    match guardrail.metric {
        Metric::Success => PerArm {
            a: upper < guardrail.margin,
            b: -lower < guardrail.margin,
        },
        Metric::Time | Metric::Cost => {
            let margin = guardrail.margin.ln_1p();
            PerArm {
                a: -lower < margin,
                b: upper < margin,
            }
        }
    }
}
