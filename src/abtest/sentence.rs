//! Clauses and verdicts in words that a manager can read.

use super::arms::{ArmStats, PerArm};
use super::assignment::ArmLabel;
use super::decide::{Clause, ClauseKind, Verdict};
use super::evidence::{Evidence, Guardrail, Metric, TestPlan, by_unit, estimates};
use super::health::Health;
use super::success::CountedOutcome;

pub(super) fn healthy_clause(health: &Health) -> Clause {
    let problems = blocking(health);
    let detail = if problems.is_empty() {
        "assignments and outcomes are sound".to_owned()
    } else {
        problems
    };
    Clause {
        kind: ClauseKind::Healthy,
        holds: health.healthy,
        detail,
    }
}

fn blocking(health: &Health) -> String {
    let problems: Vec<&str> = health
        .findings
        .iter()
        .filter(|finding| finding.blocking)
        .map(|finding| finding.message.as_str())
        .collect();
    problems.join("; ")
}

pub(super) fn minimum_clause(metric: Metric, n: PerArm<u64>, minimum: u64) -> Clause {
    Clause {
        kind: ClauseKind::Minimums,
        holds: n.a.min(n.b) >= minimum,
        detail: format!(
            "{metric}: {} in A and {} in B, at least {minimum} per arm",
            n.a, n.b
        ),
    }
}

pub(super) fn duration_clause(elapsed_s: f64, minimum_s: f64) -> Clause {
    Clause {
        kind: ClauseKind::Duration,
        holds: elapsed_s >= minimum_s,
        detail: format!(
            "{} of at least {}",
            duration(elapsed_s),
            duration(minimum_s)
        ),
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 172_800.0 => format!("{:.1} days", s / 86_400.0),
        s if s >= 7_200.0 => format!("{:.1} hours", s / 3_600.0),
        s if s >= 120.0 => format!("{:.0} minutes", s / 60.0),
        s => format!("{:.0} seconds", s.max(0.0)),
    }
}

pub(super) fn primary_clause(
    plan: &TestPlan,
    primaries: &[Evidence],
    shown: Option<ArmLabel>,
) -> Clause {
    let parts: Vec<String> = plan
        .primaries
        .iter()
        .zip(primaries)
        .map(|(metric, evidence)| format!("{metric}: anytime-valid p = {}", p_value(evidence.p)))
        .collect();
    let conclusion = match shown {
        Some(arm) => format!("{arm} is better"),
        None => "no difference is not excluded".to_owned(),
    };
    let adjusted = if primaries.len() > 1 {
        ", adjusted by Holm's method"
    } else {
        ""
    };
    Clause {
        kind: ClauseKind::Primary,
        holds: shown.is_some(),
        detail: format!(
            "{} (alpha {:.3}{adjusted}): {conclusion}",
            parts.join(", "),
            plan.alpha()
        ),
    }
}

/// A p-value in a readable form.
fn p_value(p: f64) -> String {
    if p >= 0.001 {
        format!("{p:.3}")
    } else {
        format!("{p:.1e}")
    }
}

pub(super) fn guardrail_clause(
    guardrail: Guardrail,
    interval: Option<(f64, f64)>,
    shown: PerArm<bool>,
    leader: Option<ArmLabel>,
) -> Clause {
    let holds = match leader {
        Some(arm) => *shown.get(arm),
        None => shown.a && shown.b,
    };
    let metric = guardrail.metric;
    let whose = leader.map_or("either arm", ArmLabel::as_str);
    let Some((lower, upper)) = interval else {
        let detail = format!("{metric}: too little data to show that {whose} is within the margin");
        return Clause {
            kind: ClauseKind::Guardrail,
            holds,
            detail,
        };
    };
    let effect = match metric {
        Metric::Success => format!(
            "difference B - A between {:+.2} and {:+.2} points, margin {:.2}",
            lower * 100.0,
            upper * 100.0,
            guardrail.margin * 100.0
        ),
        Metric::Time | Metric::Cost => {
            format!(
                "ratio B/A between {:.3} and {:.3}, margin {:.3}",
                lower.exp(),
                upper.exp(),
                1.0 + guardrail.margin
            )
        }
    };
    let judged = if holds {
        "shown within the margin"
    } else {
        "not shown within the margin"
    };
    Clause {
        kind: ClauseKind::Guardrail,
        holds,
        detail: format!("{metric}: {effect}: {whose} is {judged}"),
    }
}

pub(super) fn verdict(
    plan: &TestPlan,
    arms: &PerArm<ArmStats>,
    health: &Health,
    verdict: Verdict,
    leader: Option<ArmLabel>,
    clauses: &[Clause],
) -> String {
    let lead = leader.and_then(|arm| advantage(plan, arms, arm).map(|words| (arm, words)));
    let open: Vec<&str> = clauses
        .iter()
        .filter(|clause| !clause.holds)
        .map(|clause| match clause.kind {
            ClauseKind::Healthy => "its data are not sound",
            ClauseKind::Minimums => "there are too few records",
            ClauseKind::Duration => "it has not run long enough",
            ClauseKind::Primary => "the difference may be chance",
            ClauseKind::Guardrail => "a guardrail is not shown to be kept",
        })
        .collect();
    let reason = unique(open).join(" and ");
    match verdict {
        Verdict::AWins | Verdict::BWins => {
            let arm = verdict.winner().map_or("", ArmLabel::as_str);
            let gain = lead.map_or_else(|| "it is better".to_owned(), |(_, words)| words);
            let kept = if plan.guardrails.is_empty() {
                ""
            } else {
                ", and every guardrail is shown to be kept"
            };
            format!("{arm} wins: {gain}{kept}.")
        }
        Verdict::Continue { more } => {
            let state = match lead {
                Some((arm, words)) => format!("{arm} leads ({words}), but {reason}"),
                None => "neither arm leads".to_owned(),
            };
            let unit = if by_unit(arms) { "units" } else { "records" };
            let need = if more == 0 {
                "keep it running".to_owned()
            } else {
                format!("about {more} more {unit} are needed")
            };
            format!("Not decided yet: {state}; {need}.")
        }
        Verdict::NoDifference => match lead {
            Some((arm, words)) => {
                format!("Stopped without a winner: {arm} leads ({words}), but {reason}.")
            }
            None => "Stopped without a winner: the arms do not differ.".to_owned(),
        },
        Verdict::Invalid => format!(
            "Invalid: {}; no arm can be declared better.",
            blocking(health)
        ),
    }
}

fn unique(mut words: Vec<&str>) -> Vec<&str> {
    words.dedup();
    words
}

/// By how much an arm is better on the first primary metric that favours it.
fn advantage(plan: &TestPlan, arms: &PerArm<ArmStats>, arm: ArmLabel) -> Option<String> {
    plan.primaries.iter().find_map(|metric| {
        let means = estimates(*metric, plan.counted, arms);
        let (own, other) = ((*means.get(arm))?.mean, (*means.get(arm.other()))?.mean);
        let other_arm = arm.other();
        let less = |ratio: f64| format!("{:.0} % less", (1.0 - ratio) * 100.0);
        match metric {
            Metric::Success if plan.counted == CountedOutcome::Successes => {
                (own > other).then(|| {
                    format!(
                        "it succeeds in {:.1} % of executions, {other_arm} in {:.1} %",
                        own * 100.0,
                        other * 100.0
                    )
                })
            }
            Metric::Success => (own < other).then(|| {
                format!(
                    "it fails in {:.1} % of executions, {other_arm} in {:.1} %",
                    own * 100.0,
                    other * 100.0
                )
            }),
            Metric::Time => (own < other).then(|| {
                format!(
                    "it takes {} time than {other_arm}",
                    less((own - other).exp())
                )
            }),
            Metric::Cost => {
                (own < other).then(|| format!("it costs {} than {other_arm}", less(own / other)))
            }
        }
    })
}
