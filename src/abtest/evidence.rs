//! What the data so far say about one metric, as the decision rule sees it: anytime-valid, and cheap
//! enough to be asked at every look of a simulation.

use super::arms::{ArmStats, PerArm};
use super::assignment::{ArmLabel, Split};
use super::moments::UnitSums;
use super::proportions::{Proportion, newcombe_effective};
use super::ratio::Estimate;
use super::sequence::ConfidenceSequence;
use super::success::{
    CountedOutcome, RATE_PRIOR_WEIGHT, ln_e_value, ln_ratio_interval, p_from_ln_e,
};
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
    /// ln of the ratio B/A; none if it cannot be formed.
    pub ln_ratio: Option<f64>,
    /// Standard error of `ln_ratio`; none for the exact test of rates.
    pub ln_ratio_se: Option<f64>,
    /// mean(B) - mean(A) if that is what was judged, because there is no ratio: a cost of 0 in an arm.
    pub difference: Option<f64>,
    /// Standard error of `difference`.
    pub difference_se: Option<f64>,
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

/// The same, with units counted by their activity: a few users who do most of the work are few.
pub fn effective_sizes(metric: Metric, arms: &PerArm<ArmStats>) -> PerArm<u64> {
    if by_unit(arms) {
        (*arms).map(|arm| unit_sums(&arm, metric).effective_units())
    } else {
        sample_sizes(metric, arms)
    }
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
    let means = estimates(metric, plan.counted, arms);
    let effect = Effect::of(means, randomisation_error(metric, plan.counted, arms));
    let judged = match metric {
        Metric::Time => effect,
        Metric::Success | Metric::Cost => effect.and_then(|effect| effect.of_logs(means)),
    };
    let (ln_ratio, se) = (judged.map(|it| it.value), judged.map(|it| it.error));
    let nothing = Evidence {
        n,
        ln_ratio,
        ln_ratio_se: se,
        difference: None,
        difference_se: None,
        p: 1.0,
        better: None,
    };
    if metric == Metric::Success && !by_unit(arms) {
        let events = (*arms).map(|arm| arm.counted(plan.counted) as f64);
        let ln_e = ln_e_value(events.a, events.b, plan.split, RATE_PRIOR_WEIGHT);
        return Evidence {
            ln_ratio_se: None,
            p: p_from_ln_e(ln_e),
            better: favoured(sign * (events.b * plan.split.a - events.a * plan.split.b)),
            ..nothing
        };
    }
    let total = (n.a + n.b) as f64;
    let p = |effect: Effect| plan.sequence().p_value(effect.value, effect.error, total);
    match (judged, effect) {
        (Some(ratio), _) => Evidence {
            p: p(ratio),
            better: favoured(sign * ratio.value),
            ..nothing
        },
        (None, Some(plain)) => Evidence {
            difference: Some(plain.value),
            difference_se: Some(plain.error),
            p: p(plain),
            better: favoured(sign * plain.value),
            ..nothing
        },
        (None, None) => nothing,
    }
}

/// A difference of the arms' means, or of their logarithms, with the error that the decision uses.
///
/// The error is the larger of Welch's and the randomisation error. In a lopsided split the small arm has not
/// met an outlier yet; its own variance is far too small then, and Welch's error with it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Effect {
    value: f64,
    error: f64,
    squared_randomisation_error: f64,
}

impl Effect {
    fn of(
        means: PerArm<Option<Estimate>>,
        squared_randomisation_error: Option<f64>,
    ) -> Option<Self> {
        let (a, b) = (means.a?, means.b?);
        let randomisation = squared_randomisation_error?;
        Some(Self {
            value: b.mean - a.mean,
            error: (a.squared_error + b.squared_error)
                .max(randomisation)
                .sqrt(),
            squared_randomisation_error: randomisation,
        })
    }

    /// The same on the scale of the logarithm; none unless both means are positive.
    ///
    /// At least so uncertain that it is no more significant than the difference. Where one value makes up most
    /// of a heavy-tailed sum, the delta method's error stays below 1 while the logarithm runs away.
    fn of_logs(self, means: PerArm<Option<Estimate>>) -> Option<Self> {
        let (mean_a, mean_b) = (means.a?, means.b?);
        let (a, b) = (mean_a.ln()?, mean_b.ln()?);
        let middle = 0.5 * (mean_a.mean + mean_b.mean);
        let delta = (a.squared_error + b.squared_error)
            .max(self.squared_randomisation_error / middle / middle)
            .sqrt();
        let ratio = b.mean - a.mean;
        let as_difference = if self.value == 0.0 {
            0.0
        } else {
            ratio.abs() * self.error / self.value.abs()
        };
        Some(Self {
            value: ratio,
            error: delta.max(as_difference),
            ..self
        })
    }
}

/// Squared error of the difference of the arms' means under random assignment.
fn randomisation_error(
    metric: Metric,
    counted: CountedOutcome,
    arms: &PerArm<ArmStats>,
) -> Option<f64> {
    if by_unit(arms) {
        let of = |arm: &ArmStats| match metric {
            Metric::Success => counted_sums(unit_sums(arm, metric), counted),
            _ => unit_sums(arm, metric),
        };
        return of(&arms.a).randomisation_error(&of(&arms.b));
    }
    match metric {
        Metric::Success => {
            let (a, b) = (arms.a.records as f64, arms.b.records as f64);
            let rate = (arms.a.counted(counted) + arms.b.counted(counted)) as f64 / (a + b);
            (a > 0.0 && b > 0.0).then(|| rate * (1.0 - rate) * (1.0 / a + 1.0 / b))
        }
        Metric::Time => arms.a.ln_time.randomisation_error(&arms.b.ln_time),
        Metric::Cost => arms.a.cost.randomisation_error(&arms.b.cost),
    }
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

/// The difference of the arms on the scale that is judged (ln of the ratio B/A, or of the means where a cost
/// is 0) and its standard error; none while it cannot be formed.
pub fn effect(
    metric: Metric,
    counted: CountedOutcome,
    arms: &PerArm<ArmStats>,
) -> Option<(f64, f64)> {
    let means = estimates(metric, counted, arms);
    let plain = Effect::of(means, randomisation_error(metric, counted, arms))?;
    let judged = match metric {
        Metric::Time => plain,
        Metric::Success | Metric::Cost => plain.of_logs(means).unwrap_or(plain),
    };
    Some((judged.value, judged.error))
}

/// Sequential interval of ln of the ratio B/A, by the same method as the p-value; a bound may be infinite.
/// None while there is no ratio.
pub fn ratio_interval(
    plan: &TestPlan,
    metric: Metric,
    arms: &PerArm<ArmStats>,
) -> Option<(f64, f64)> {
    if metric == Metric::Success && !by_unit(arms) {
        let events = (*arms).map(|arm| arm.counted(plan.counted) as f64);
        let (weight, alpha) = (RATE_PRIOR_WEIGHT, plan.alpha());
        return Some(ln_ratio_interval(
            events.a, events.b, plan.split, weight, alpha,
        ));
    }
    let now = evidence(plan, metric, arms);
    let total = (now.n.a + now.n.b) as f64;
    let half = plan.sequence().half_width(now.ln_ratio_se?, total);
    let ratio = now.ln_ratio?;
    Some((ratio - half, ratio + half))
}

/// For each arm, whether it is shown to be worse than the other by more than the guardrail's margin.
pub fn breaks(guardrail: Guardrail, interval: Option<(f64, f64)>) -> PerArm<bool> {
    let Some((lower, upper)) = interval else {
        return PerArm { a: false, b: false };
    };
    match guardrail.metric {
        Metric::Success => PerArm {
            a: lower > guardrail.margin,
            b: -upper > guardrail.margin,
        },
        Metric::Time | Metric::Cost => {
            let margin = guardrail.margin.ln_1p();
            PerArm {
                a: -upper > margin,
                b: lower > margin,
            }
        }
    }
}
