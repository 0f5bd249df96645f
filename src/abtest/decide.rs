//! The decision rule: healthy and minimums met; the primary metric's sequential interval excludes no
//! difference; every guardrail shown non-inferior. A winner is never forced.

use super::arms::{ArmStats, PerArm};
use super::assignment::ArmLabel;
use super::evidence::{
    Evidence, TestPlan, by_unit, evidence, guardrail_interval, non_inferior, sample_sizes,
};
use super::health::Health;
use super::multiple::holm;
use super::sentence;
use serde::{Deserialize, Serialize};

/// The arm that the primary metrics show to be better at this look, given the evidence on each of them:
/// every one that is significant after Holm's adjustment must agree.
pub fn shown_better(plan: &TestPlan, primaries: &[Evidence]) -> Option<ArmLabel> {
    let p: Vec<f64> = primaries.iter().map(|evidence| evidence.p).collect();
    let mut shown = primaries
        .iter()
        .zip(holm(&p))
        .filter(|(_, adjusted)| *adjusted < plan.alpha())
        .map(|(evidence, _)| evidence.better);
    let first = shown.next()??;
    shown.all(|better| better == Some(first)).then_some(first)
}

/// Whether each metric of the plan has its minimum of values in both arms.
pub fn minimums_met(plan: &TestPlan, arms: &PerArm<ArmStats>) -> bool {
    plan.metrics().into_iter().all(|metric| {
        let n = sample_sizes(metric, arms);
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
        /// Records (or units) still needed, at most those to the planned total unless a minimum asks for more.
        more: u64,
    },
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
    /// Records (or units) until the rule would be met if the estimates stayed as they are; none if it never would.
    pub at_present_estimate: Option<u64>,
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
    let mut clauses = vec![sentence::healthy_clause(health)];
    clauses.extend(plan.metrics().into_iter().map(|metric| {
        let minimum = plan.minimum_per_arm(metric, by_unit(arms));
        sentence::minimum_clause(metric, sample_sizes(metric, arms), minimum)
    }));
    clauses.push(sentence::duration_clause(
        situation.elapsed_s,
        plan.minimum_duration_s,
    ));
    clauses.push(sentence::primary_clause(plan, &primaries, shown));
    clauses.extend(plan.guardrails.iter().map(|guardrail| {
        let interval = guardrail_interval(plan, guardrail.metric, arms);
        sentence::guardrail_clause(
            *guardrail,
            interval,
            non_inferior(*guardrail, interval),
            leader,
        )
    }));
    let all = |kinds: &[ClauseKind]| {
        clauses
            .iter()
            .all(|clause| clause.holds || !kinds.contains(&clause.kind))
    };
    let minimums = all(&[ClauseKind::Minimums]);
    let ripe = minimums && all(&[ClauseKind::Duration]);
    let recorded = recorded(plan, arms);
    let to_planned = plan.planned.saturating_sub(recorded);
    let at_present_estimate = projected(plan, arms, recorded);
    let verdict = if !health.healthy {
        Verdict::Invalid
    } else if ripe && all(&[ClauseKind::Primary, ClauseKind::Guardrail]) {
        match shown {
            Some(ArmLabel::A) => Verdict::AWins,
            _ => Verdict::BWins,
        }
    } else if situation.ended || (ripe && to_planned == 0) {
        Verdict::NoDifference
    } else {
        let shortage = shortage(plan, arms);
        let more = at_present_estimate
            .unwrap_or(u64::MAX)
            .min(to_planned)
            .max(shortage);
        Verdict::Continue { more }
    };
    let sentence = sentence::verdict(plan, arms, health, verdict, leader, &clauses);
    Decision {
        verdict,
        leader,
        clauses,
        to_planned,
        at_present_estimate,
        sentence,
    }
}

/// The arm ahead on the first primary metric that has one.
fn leading(primaries: &[Evidence]) -> Option<ArmLabel> {
    primaries.iter().find_map(|evidence| evidence.better)
}

/// Records (or units) of both arms that the first primary metric rests on.
pub fn recorded(plan: &TestPlan, arms: &PerArm<ArmStats>) -> u64 {
    let n = plan
        .primaries
        .first()
        .map(|metric| sample_sizes(*metric, arms))
        .unwrap_or_default();
    n.a + n.b
}

/// Records of both arms until each minimum is met at the split.
fn shortage(plan: &TestPlan, arms: &PerArm<ArmStats>) -> u64 {
    let missing = |metric| {
        let n = sample_sizes(metric, arms);
        let minimum = plan.minimum_per_arm(metric, by_unit(arms));
        let of_arm = |n: u64, share: f64| (minimum.saturating_sub(n) as f64 / share).ceil() as u64;
        of_arm(n.a, plan.split.a).max(of_arm(n.b, plan.split.b))
    };
    plan.metrics().into_iter().map(missing).max().unwrap_or(0)
}

/// Smallest number of further records with which the rule would be met at the present estimates.
fn projected(plan: &TestPlan, arms: &PerArm<ArmStats>, recorded: u64) -> Option<u64> {
    const MOST: f64 = 1e4;
    let met = |factor: f64| winner(plan, &(*arms).map(|arm| arm.scaled(factor))).is_some();
    if recorded == 0 || !met(MOST) {
        return None;
    }
    let (mut low, mut high) = (0.0f64, MOST.ln());
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if met(middle.exp()) {
            high = middle
        } else {
            low = middle
        }
    }
    let factor = if met(1.0) { 1.0 } else { high.exp() };
    Some(((factor - 1.0) * recorded as f64).ceil() as u64)
}
