//! The full analysis of one phase at one look: every number by name, then the decision.

use super::arms::{ArmStats, PerArm};
use super::assignment::ArmLabel;
use super::bayes::{Belief, ln_ratio_belief, success_belief};
use super::decide::{Decision, Situation, decide, recorded};
use super::evidence::{
    Evidence, Metric, TestPlan, by_unit, estimates, evidence, guardrail_interval, non_inferior,
    ratio_interval, success_difference,
};
use super::health::{Health, HealthCounts, examine};
use super::multiple::holm;
use super::proportions::{Proportion, fisher_exact};
use super::ratio::compare;
use super::success::{CountedOutcome, RATE_PRIOR_WEIGHT, ln_e_value};
use super::welch::welch;
use crate::statistics::special::normal_quantile_upper;
use serde::Serialize;

/// Two bounds. An infinite one is written as null in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
}

impl Interval {
    fn exp((lower, upper): (f64, f64)) -> Self {
        Self {
            lower: lower.exp(),
            upper: upper.exp(),
        }
    }
}

/// A test at a size fixed beforehand: valid for one look only.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FixedTest {
    /// Its name.
    pub test: &'static str,
    /// Two-sided p-value, valid for one look only.
    pub p_one_look: f64,
    /// Interval of the ratio B/A, valid for one look only; none for an exact test of counts.
    pub ratio_one_look: Option<Interval>,
}

/// Difference in success rates, B - A.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SuccessDifference {
    /// rate(B) - rate(A).
    pub estimate: f64,
    /// Sequential interval: Newcombe's at the multiplier of the confidence sequence.
    pub sequential: Interval,
    /// Newcombe's interval, valid for one look only.
    pub one_look: Interval,
}

/// A guardrail's judgement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GuardrailReport {
    /// The margin: points of the success rate, or relative increase.
    pub margin: f64,
    /// For each arm, whether it is shown not to be worse than the other by the margin.
    pub non_inferior: PerArm<bool>,
}

/// All about one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricReport {
    /// The metric.
    pub metric: Metric,
    /// Whether it decides.
    pub primary: bool,
    /// For success, the outcome whose rates the ratio compares.
    pub counted: Option<CountedOutcome>,
    /// Values (or units) per arm.
    pub n: PerArm<u64>,
    /// Success rate, geometric mean of the time in ms, or mean cost.
    pub value: PerArm<Option<f64>>,
    /// Ratio B/A of the counted rates, of the geometric means, or of the means.
    pub ratio: Option<f64>,
    /// ln of the ratio; what mirrors exactly when the arms are swapped.
    pub ln_ratio: Option<f64>,
    /// Standard error of `ln_ratio`.
    pub ln_ratio_se: Option<f64>,
    /// Sequential interval of the ratio, valid at every look.
    pub ratio_sequential: Option<Interval>,
    /// ln of the e-value against equal rates, for success by execution.
    pub ln_e: Option<f64>,
    /// Anytime-valid p-value at this look.
    pub p_now: f64,
    /// Smallest anytime-valid p-value of all looks so far.
    pub p_smallest: f64,
    /// `p_now` adjusted by Holm's method over the primary metrics; none for guardrails.
    pub p_adjusted: Option<f64>,
    /// The arm ahead.
    pub better: Option<ArmLabel>,
    /// The conventional test, for comparison.
    pub fixed: Option<FixedTest>,
    /// For success, the difference of the rates.
    pub difference: Option<SuccessDifference>,
    /// As a guardrail.
    pub guardrail: Option<GuardrailReport>,
    /// P(B better) and expected losses, as information.
    pub belief: Option<Belief>,
    /// Why there is no ratio.
    pub unavailable: Option<&'static str>,
}

/// One arm's counts and description.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmReport {
    /// Units assigned.
    pub assigned: u64,
    /// Summary of the outcomes.
    #[serde(flatten)]
    pub stats: ArmStats,
    /// Total cost over successful executions; none without both.
    pub cost_per_success: Option<f64>,
}

/// What an analysis starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisInput<'a> {
    /// What was fixed at creation.
    pub plan: &'a TestPlan,
    /// The outcomes of this phase.
    pub arms: PerArm<ArmStats>,
    /// The counts behind health.
    pub counts: HealthCounts,
    /// Elapsed time and whether the test has ended.
    pub situation: Situation,
    /// Smallest anytime-valid p-values of the earlier looks of this phase.
    pub smallest_p: &'a [(Metric, f64)],
}

/// The analysis of one phase at one look.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// What was fixed at creation.
    pub plan: TestPlan,
    /// Values (or units) so far, in the count that `plan.planned` is in.
    pub recorded: u64,
    /// Seconds since the phase started.
    pub elapsed_s: f64,
    /// The arms.
    pub arms: PerArm<ArmReport>,
    /// The health of the data.
    pub health: Health,
    /// The metrics, primaries first.
    pub metrics: Vec<MetricReport>,
    /// The decision.
    pub decision: Decision,
}

impl Analysis {
    /// The smallest p-values so far, to be given to the next look.
    pub fn smallest_p(&self) -> Vec<(Metric, f64)> {
        self.metrics
            .iter()
            .map(|report| (report.metric, report.p_smallest))
            .collect()
    }
}

/// Analyses one phase.
pub fn analyze(input: &AnalysisInput<'_>) -> Analysis {
    let (plan, arms) = (input.plan, &input.arms);
    let health = examine(input.counts, plan.split);
    let decision = decide(plan, arms, &health, input.situation);
    let mut metrics: Vec<MetricReport> = plan
        .metrics()
        .into_iter()
        .map(|metric| report(plan, metric, arms, input.smallest_p))
        .collect();
    let p: Vec<f64> = metrics
        .iter()
        .filter(|report| report.primary)
        .map(|report| report.p_now)
        .collect();
    for (report, adjusted) in metrics
        .iter_mut()
        .filter(|report| report.primary)
        .zip(holm(&p))
    {
        report.p_adjusted = Some(adjusted);
    }
    let arm = |stats: ArmStats, assigned: u64| ArmReport {
        assigned,
        stats,
        cost_per_success: cost_per_success(&stats),
    };
    Analysis {
        plan: plan.clone(),
        recorded: recorded(arms),
        elapsed_s: input.situation.elapsed_s,
        arms: PerArm {
            a: arm(arms.a, input.counts.assigned.a),
            b: arm(arms.b, input.counts.assigned.b),
        },
        health,
        metrics,
        decision,
    }
}

fn cost_per_success(arm: &ArmStats) -> Option<f64> {
    let successes = arm.counted(CountedOutcome::Successes);
    (successes > 0 && arm.cost.n > 0).then(|| arm.cost.mean * arm.records as f64 / successes as f64)
}

fn report(
    plan: &TestPlan,
    metric: Metric,
    arms: &PerArm<ArmStats>,
    earlier: &[(Metric, f64)],
) -> MetricReport {
    let now = evidence(plan, metric, arms);
    let means = estimates(metric, plan.counted, arms);
    let success = metric == Metric::Success;
    let value = means.map(|estimate| {
        estimate.map(|estimate| match metric {
            Metric::Success if plan.counted == CountedOutcome::Failures => 1.0 - estimate.mean,
            Metric::Time => estimate.mean.exp(),
            _ => estimate.mean,
        })
    });
    let exact = success && !by_unit(arms);
    let events = (*arms).map(|arm| arm.counted(plan.counted) as f64);
    let p_earlier = earlier
        .iter()
        .filter(|(of, _)| *of == metric)
        .map(|(_, p)| *p);
    let guardrail = plan
        .guardrails
        .iter()
        .find(|guardrail| guardrail.metric == metric)
        .map(|guardrail| {
            let interval = guardrail_interval(plan, metric, arms);
            GuardrailReport {
                margin: guardrail.margin,
                non_inferior: non_inferior(*guardrail, interval),
            }
        });
    MetricReport {
        metric,
        primary: plan.primaries.contains(&metric),
        counted: success.then_some(plan.counted),
        n: now.n,
        value,
        ratio: now.ln_ratio.map(f64::exp),
        ln_ratio: now.ln_ratio,
        ln_ratio_se: now.ln_ratio_se,
        ratio_sequential: ratio_interval(plan, metric, arms).map(Interval::exp),
        ln_e: exact.then(|| ln_e_value(events.a, events.b, plan.split, RATE_PRIOR_WEIGHT)),
        p_now: now.p,
        p_smallest: p_earlier.fold(now.p, f64::min),
        p_adjusted: None,
        better: now.better,
        fixed: fixed_test(plan, metric, arms),
        difference: if success {
            difference(plan, arms)
        } else {
            None
        },
        guardrail,
        belief: belief(metric, arms, &now),
        unavailable: unavailable(metric, arms, &now, exact),
    }
}

fn fixed_test(plan: &TestPlan, metric: Metric, arms: &PerArm<ArmStats>) -> Option<FixedTest> {
    if metric == Metric::Success && !by_unit(arms) {
        let of = |arm: &ArmStats| Proportion {
            successes: arm.records.saturating_sub(arm.failures),
            n: arm.records,
        };
        let p = fisher_exact(of(&arms.a), of(&arms.b));
        return Some(FixedTest {
            test: "Fisher's exact test",
            p_one_look: p,
            ratio_one_look: None,
        });
    }
    if metric == Metric::Time && !by_unit(arms) {
        let test = welch(&arms.a.ln_time, &arms.b.ln_time, plan.alpha())?;
        return Some(FixedTest {
            test: "Welch's t-test of ln time",
            p_one_look: test.p,
            ratio_one_look: Some(Interval::exp((test.lower, test.upper))),
        });
    }
    let means = estimates(metric, plan.counted, arms);
    let (mut a, mut b) = (means.a?, means.b?);
    if metric != Metric::Time {
        (a, b) = (a.ln()?, b.ln()?);
    }
    let test = compare(a, b, plan.alpha());
    Some(FixedTest {
        test: "z-test of the log ratio (delta method)",
        p_one_look: test.p,
        ratio_one_look: Some(Interval::exp((test.lower, test.upper))),
    })
}

fn difference(plan: &TestPlan, arms: &PerArm<ArmStats>) -> Option<SuccessDifference> {
    let failed = estimates(Metric::Success, CountedOutcome::Failures, arms);
    let (lower, upper) = guardrail_interval(plan, Metric::Success, arms)?;
    let (low, high) = success_difference(arms, normal_quantile_upper(plan.alpha() / 2.0))?;
    Some(SuccessDifference {
        estimate: failed.a?.mean - failed.b?.mean,
        sequential: Interval { lower, upper },
        one_look: Interval {
            lower: low,
            upper: high,
        },
    })
}

fn belief(metric: Metric, arms: &PerArm<ArmStats>, now: &Evidence) -> Option<Belief> {
    if metric == Metric::Success {
        let of = |arm: &ArmStats| Proportion {
            successes: arm.records.saturating_sub(arm.failures),
            n: arm.records,
        };
        return (!by_unit(arms)).then(|| success_belief(of(&arms.a), of(&arms.b)));
    }
    Some(ln_ratio_belief(now.ln_ratio?, now.ln_ratio_se?))
}

fn unavailable(
    metric: Metric,
    arms: &PerArm<ArmStats>,
    now: &Evidence,
    exact: bool,
) -> Option<&'static str> {
    if now.ln_ratio.is_some() {
        return None;
    }
    let few = if exact || by_unit(arms) { 1 } else { 2 };
    Some(match metric {
        _ if now.n.a.min(now.n.b) < few => "too few values in an arm",
        Metric::Success => {
            "an arm has none of the counted outcomes yet, so the ratio is not finite"
        }
        Metric::Time => "too few values in an arm",
        Metric::Cost => "the mean cost of an arm is 0: the difference of the means is judged",
    })
}

#[cfg(test)]
mod tests;
