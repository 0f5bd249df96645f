//! The decision rule: healthy and minimums met; the primary metric's sequential interval excludes no
//! difference, also if the outcomes that have not come are the worst; the effect is steady; every guardrail is
//! shown non-inferior. A winner is never forced.

use super::arms::{ArmStats, PerArm, with_silent_as_failures};
use super::assignment::ArmLabel;
use super::evidence::{
    Evidence, Metric, TestPlan, breaks, by_unit, effect, effective_sizes, evidence,
    guardrail_interval, non_inferior, sample_sizes,
};
use super::health::Health;
use super::multiple::holm;
use super::sentence;
use serde::{Deserialize, Serialize};

/// By how many standard errors the effect may differ between the halves of a test.
const STEADY_WITHIN: f64 = 3.0;
/// Fewest values per arm and half before the halves are compared.
const FEWEST_IN_HALF: u64 = 15;

/// The arm that the primary metrics show to be better at this look, given the evidence on each of them:
/// every one that is significant after Holm's adjustment must agree.
pub fn shown_better(plan: &TestPlan, primaries: &[Evidence]) -> Option<ArmLabel> {
    let shown = each_shown(plan, primaries);
    let mut shown = shown.iter().flatten();
    let first = *shown.next()?;
    shown.all(|better| *better == first).then_some(first)
}

/// For each primary metric, the arm that it shows to be better after Holm's adjustment.
fn each_shown(plan: &TestPlan, primaries: &[Evidence]) -> Vec<Option<ArmLabel>> {
    let p: Vec<f64> = primaries.iter().map(|evidence| evidence.p).collect();
    primaries
        .iter()
        .zip(holm(&p))
        .map(|(evidence, adjusted)| evidence.better.filter(|_| adjusted < plan.alpha()))
        .collect()
}

/// Whether each metric of the plan has its minimum of values in both arms.
pub fn minimums_met(plan: &TestPlan, arms: &PerArm<ArmStats>) -> bool {
    plan.metrics().into_iter().all(|metric| {
        let n = effective_sizes(metric, arms);
        n.a.min(n.b) >= plan.minimum_per_arm(metric, by_unit(arms))
    })
}

/// The winner by the rule, health and duration aside: what a simulation asks at every look.
pub fn winner(plan: &TestPlan, arms: &PerArm<ArmStats>) -> Option<ArmLabel> {
    if !minimums_met(plan, arms) {
        return None;
    }
    let primaries: Vec<Evidence> = plan
        .primaries
        .iter()
        .map(|metric| evidence(plan, *metric, arms))
        .collect();
    let better = shown_better(plan, &primaries)?;
    plan.guardrails
        .iter()
        .all(|guardrail| {
            *non_inferior(*guardrail, guardrail_interval(plan, guardrail.metric, arms)).get(better)
        })
        .then_some(better)
}

/// Outcome of a test at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// A wins.
    AWins,
    /// B wins.
    BWins,
    /// Not yet decided.
    Continue {
        /// Records (or units) to the planned total, or to the minimums where those ask for more.
        more: u64,
    },
    /// An arm is shown to break a guardrail: stop.
    GuardrailBroken {
        /// The arm.
        arm: ArmLabel,
    },
    /// Primary metrics are shown to favour different arms.
    Conflict,
    /// The planned total is reached, or the test was ended, without a winner.
    NoDifference,
    /// The data cannot be trusted; see the health findings.
    Invalid,
}

impl Verdict {
    /// The winning arm, if any.
    pub fn winner(self) -> Option<ArmLabel> {
        match self {
            Self::AWins => Some(ArmLabel::A),
            Self::BWins => Some(ArmLabel::B),
            _ => None,
        }
    }

    /// The verdict with the arms' names swapped.
    pub fn swapped(self) -> Self {
        match self {
            Self::AWins => Self::BWins,
            Self::BWins => Self::AWins,
            Self::GuardrailBroken { arm } => Self::GuardrailBroken { arm: arm.other() },
            other => other,
        }
    }
}

/// Which part of the rule a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClauseKind {
    /// No blocking health finding.
    Healthy,
    /// Enough values per arm.
    Minimums,
    /// Long enough.
    Duration,
    /// A primary metric excludes no difference.
    Primary,
    /// Outcomes that have not come could not turn the decision.
    Missing,
    /// The effect is the same in both halves of the test.
    Steady,
    /// A guardrail is shown non-inferior for the leading arm.
    Guardrail,
}

/// One clause of the rule and whether it holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clause {
    /// Which part of the rule.
    pub kind: ClauseKind,
    /// Whether it holds at this look.
    pub holds: bool,
    /// The numbers behind it.
    pub detail: String,
}

/// The decision at one look.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The arm ahead on the primary metric, whether or not that is shown.
    pub leader: Option<ArmLabel>,
    /// Every clause of the rule.
    pub clauses: Vec<Clause>,
    /// Records (or units) until the planned total.
    pub to_planned: u64,
    /// The verdict in one sentence.
    pub sentence: String,
}

/// What the decision rests on beside the numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Situation {
    /// Seconds since the phase started, without pauses.
    pub elapsed_s: f64,
    /// Whether the test has ended, so that no more records can come.
    pub ended: bool,
    /// The outcomes of the first and the second half of the assigned units; none if not told apart.
    pub halves: Option<Halves>,
}

/// The outcomes of the units that were assigned first, and of those that were assigned last.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Halves {
    /// Of the first half.
    pub first: PerArm<ArmStats>,
    /// Of the second half.
    pub second: PerArm<ArmStats>,
}

impl Halves {
    /// The same with the arms' names swapped.
    pub fn swapped(self) -> Self {
        Self {
            first: self.first.swapped(),
            second: self.second.swapped(),
        }
    }

    /// The effect in each half, where a primary metric has one that differs too much to be chance.
    pub(super) fn trend(&self, plan: &TestPlan) -> Option<(Metric, f64, f64)> {
        plan.primaries.iter().find_map(|metric| {
            let enough = [&self.first, &self.second].into_iter().all(|half| {
                let n = sample_sizes(*metric, half);
                n.a.min(n.b) >= FEWEST_IN_HALF
            });
            let (first, error) = effect(*metric, plan.counted, &self.first).filter(|_| enough)?;
            let (second, other) = effect(*metric, plan.counted, &self.second)?;
            let gap = (second - first).abs();
            (gap > STEADY_WITHIN * error.hypot(other)).then_some((*metric, first, second))
        })
    }
}

/// Applies the rule.
pub fn decide(
    plan: &TestPlan,
    arms: &PerArm<ArmStats>,
    health: &Health,
    situation: Situation,
) -> Decision {
    let primaries: Vec<Evidence> = plan
        .primaries
        .iter()
        .map(|metric| evidence(plan, *metric, arms))
        .collect();
    let shown = shown_better(plan, &primaries);
    let leader = shown.or_else(|| leading(&primaries));
    let clauses = clauses(plan, arms, health, situation, &primaries);
    let all = |kinds: &[ClauseKind]| {
        clauses
            .iter()
            .all(|clause| clause.holds || !kinds.contains(&clause.kind))
    };
    let ripe = all(&[ClauseKind::Minimums, ClauseKind::Duration]);
    let to_planned = plan.planned.saturating_sub(recorded(arms));
    let conflict = shown.is_none() && each_shown(plan, &primaries).iter().flatten().count() > 1;
    let verdict = if !health.healthy {
        Verdict::Invalid
    } else if clauses.iter().all(|clause| clause.holds) {
        match shown {
            Some(ArmLabel::A) => Verdict::AWins,
            _ => Verdict::BWins,
        }
    } else if let Some(arm) = broken(plan, arms, leader) {
        Verdict::GuardrailBroken { arm }
    } else if ripe && conflict {
        Verdict::Conflict
    } else if situation.ended || (ripe && to_planned == 0) {
        Verdict::NoDifference
    } else {
        Verdict::Continue {
            more: to_planned.max(shortage(plan, arms)),
        }
    };
    let sentence = sentence::verdict(plan, arms, health, verdict, leader, &clauses);
    Decision {
        verdict,
        leader,
        clauses,
        to_planned,
        sentence,
    }
}

/// Every clause of the rule at this look.
fn clauses(
    plan: &TestPlan,
    arms: &PerArm<ArmStats>,
    health: &Health,
    situation: Situation,
    primaries: &[Evidence],
) -> Vec<Clause> {
    let shown = shown_better(plan, primaries);
    let leader = shown.or_else(|| leading(primaries));
    let mut clauses = vec![sentence::healthy_clause(health)];
    clauses.extend(plan.metrics().into_iter().map(|metric| {
        let minimum = plan.minimum_per_arm(metric, by_unit(arms));
        sentence::minimum_clause(metric, effective_sizes(metric, arms), minimum)
    }));
    clauses.push(sentence::duration_clause(
        situation.elapsed_s,
        plan.minimum_duration_s,
    ));
    clauses.push(sentence::primary_clause(
        plan,
        primaries,
        shown,
        health.counts.equal_inputs,
    ));
    let silent = health.counts.silent();
    if silent.a + silent.b > 0 {
        let worst = winner(plan, &with_silent_as_failures(arms, silent));
        let safe = shown.is_none() || worst == winner(plan, arms);
        clauses.push(sentence::missing_clause(silent, shown, safe));
    }
    if let Some(halves) = situation.halves {
        clauses.push(sentence::steady_clause(halves.trend(plan)));
    }
    clauses.extend(plan.guardrails.iter().map(|guardrail| {
        let interval = guardrail_interval(plan, guardrail.metric, arms);
        sentence::guardrail_clause(
            *guardrail,
            interval,
            non_inferior(*guardrail, interval),
            leader,
        )
    }));
    clauses
}

/// The arm that breaks a guardrail, unless the other one is ahead and may still win.
fn broken(plan: &TestPlan, arms: &PerArm<ArmStats>, leader: Option<ArmLabel>) -> Option<ArmLabel> {
    plan.guardrails.iter().find_map(|guardrail| {
        let breaks = breaks(*guardrail, guardrail_interval(plan, guardrail.metric, arms));
        [ArmLabel::A, ArmLabel::B]
            .into_iter()
            .find(|arm| *breaks.get(*arm) && leader != Some(arm.other()))
    })
}

/// The arm ahead on the first primary metric that has one.
fn leading(primaries: &[Evidence]) -> Option<ArmLabel> {
    primaries.iter().find_map(|evidence| evidence.better)
}

/// Records (or units) of both arms: the count that the planned total is in.
pub fn recorded(arms: &PerArm<ArmStats>) -> u64 {
    let n = sample_sizes(Metric::Success, arms);
    n.a + n.b
}

/// Records of both arms until each minimum is met at the split.
fn shortage(plan: &TestPlan, arms: &PerArm<ArmStats>) -> u64 {
    let missing = |metric| {
        let n = effective_sizes(metric, arms);
        let minimum = plan.minimum_per_arm(metric, by_unit(arms));
        let of_arm = |n: u64, share: f64| (minimum.saturating_sub(n) as f64 / share).ceil() as u64;
        of_arm(n.a, plan.split.a).max(of_arm(n.b, plan.split.b))
    };
    plan.metrics().into_iter().map(missing).max().unwrap_or(0)
}
