//! Clauses and verdicts in words that a manager can read.

use super::arms::{ArmStats, PerArm};
use super::assignment::ArmLabel;
use super::covariate::EqualInputs;
use super::decide::{Clause, ClauseKind, Verdict};
use super::evidence::{
    Evidence, Guardrail, Metric, TestPlan, breaks, by_unit, estimates, evidence,
    guardrail_interval, ratio_interval,
};
use super::health::{FindingKind, Health};
use super::success::CountedOutcome;

pub(super) fn healthy_clause(health: &Health) -> Clause {
    let problems = blocking(health);
    let notes: Vec<&str> = health
        .findings
        .iter()
        .filter(|finding| finding.kind == FindingKind::Missing)
        .map(|finding| finding.message.as_str())
        .collect();
    let detail = if !problems.is_empty() {
        problems
    } else if notes.is_empty() {
        "assignments and outcomes are sound".to_owned()
    } else {
        format!("assignments are sound; {}", notes.join("; "))
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
    inputs: Option<EqualInputs>,
) -> Clause {
    let parts: Vec<String> = plan
        .primaries
        .iter()
        .zip(primaries)
        .map(|(metric, evidence)| format!("{metric}: anytime-valid p = {}", p_value(evidence.p)))
        .collect();
    let conclusion = match shown {
        Some(arm) => format!("{arm} is better"),
        None => "A and B may still be equal".to_owned(),
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
            "{} (alpha {:.3}{adjusted}{}): {conclusion}",
            parts.join(", "),
            plan.alpha(),
            equal_inputs(plan, inputs)
        ),
    }
}

/// That times are compared at equal inputs, if they are.
fn equal_inputs(plan: &TestPlan, inputs: Option<EqualInputs>) -> String {
    match inputs.filter(|_| plan.primaries.contains(&Metric::Time)) {
        Some(inputs) => format!(
            "; times at equal inputs, by the estimates of {} outcomes",
            inputs.outcomes
        ),
        None => String::new(),
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

pub(super) fn missing_clause(silent: PerArm<u64>, shown: Option<ArmLabel>, safe: bool) -> Clause {
    let effect = match (shown, safe) {
        (None, _) => "no winner depends on them".to_owned(),
        (Some(arm), true) => {
            format!("{arm} is better also if all of them fail at the longest time")
        }
        (Some(arm), false) => {
            format!("{arm} is not shown to be better if they fail at the longest time")
        }
    };
    Clause {
        kind: ClauseKind::Missing,
        holds: safe,
        detail: format!(
            "no outcome yet of {} units in A and {} in B: {effect}",
            silent.a, silent.b
        ),
    }
}

pub(super) fn steady_clause(trend: Option<(Metric, f64, f64)>) -> Clause {
    let detail = match trend {
        None => "the first and the second half of the test agree".to_owned(),
        Some((metric, first, second)) => format!(
            "{metric}: the effect changes, B/A was {:.3} in the first half and is {:.3} in the second",
            first.exp(),
            second.exp()
        ),
    };
    Clause {
        kind: ClauseKind::Steady,
        holds: trend.is_none(),
        detail,
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
    let broken = breaks(guardrail, Some((lower, upper)));
    let judged = match (broken.a, broken.b) {
        (true, _) => "A is shown to break it".to_owned(),
        (_, true) => "B is shown to break it".to_owned(),
        _ if holds => format!("{whose} is shown within the margin"),
        _ => format!("{whose} is not shown within the margin"),
    };
    Clause {
        kind: ClauseKind::Guardrail,
        holds,
        detail: format!("{metric}: {effect}: {judged}"),
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
    match verdict {
        Verdict::AWins | Verdict::BWins => {
            let arm = verdict.winner().map_or("", ArmLabel::as_str);
            let gain = lead.map_or_else(|| "it is better".to_owned(), |(_, words)| words);
            format!("{arm} wins: {gain}{}.", beside(plan, arms))
        }
        Verdict::Continue { more } => {
            let state = match lead {
                Some((arm, words)) => format!("{arm} leads ({words}), but {}", reasons(clauses)),
                None => "neither arm leads".to_owned(),
            };
            let unit = if by_unit(arms) { "units" } else { "records" };
            let need = match more {
                0 => "keep it running".to_owned(),
                n => format!("keep it running, for at most {n} more {unit} as planned"),
            };
            format!("Not decided yet: {state}; {need}.")
        }
        Verdict::GuardrailBroken { arm } => {
            format!(
                "Stop: {arm} breaks a guardrail. {}.",
                breach(plan, arms, arm)
            )
        }
        Verdict::Conflict => format!(
            "Conflict: {}. Choose the metric that decides, and keep the other as a guardrail.",
            sides(plan, arms)
        ),
        Verdict::NoDifference => match lead {
            Some((arm, words)) => format!(
                "Stopped without a winner: {arm} leads ({words}), but {}.",
                reasons(clauses)
            ),
            None => "Stopped without a winner: a difference was not shown, and none is excluded \
                     beyond the intervals above."
                .to_owned(),
        },
        Verdict::Invalid => format!(
            "Invalid: {}; no arm can be declared better.",
            blocking(health)
        ),
    }
}

/// What is still open, in words.
fn reasons(clauses: &[Clause]) -> String {
    let open = clauses.iter().filter(|clause| !clause.holds);
    let mut words: Vec<&str> = open
        .map(|clause| match clause.kind {
            ClauseKind::Healthy => "its data are not sound",
            ClauseKind::Minimums => "there are too few records",
            ClauseKind::Duration => "it has not run long enough",
            ClauseKind::Primary => "the difference may be chance",
            ClauseKind::Missing => "outcomes that are missing could turn it",
            ClauseKind::Steady => "the effect is changing",
            ClauseKind::Guardrail => "a guardrail is not shown to be kept",
        })
        .collect();
    words.dedup();
    words.join(" and ")
}

/// What a winner on time or cost does to the guardrails and to failures.
fn beside(plan: &TestPlan, arms: &PerArm<ArmStats>) -> String {
    let kept = if plan.guardrails.is_empty() {
        ""
    } else {
        ", and every guardrail is shown to be kept"
    };
    if plan.primaries.contains(&Metric::Success) || plan.counted == CountedOutcome::Successes {
        return kept.to_owned();
    }
    let failures = rates(plan, arms).map(|rates| {
        format!(
            " (failures: {} in A, {} in B)",
            share(rates.a),
            share(rates.b)
        )
    });
    format!("{kept}{}", failures.unwrap_or_default())
}

/// The guardrail that an arm breaks, in numbers.
fn breach(plan: &TestPlan, arms: &PerArm<ArmStats>, arm: ArmLabel) -> String {
    let other = arm.other();
    plan.guardrails
        .iter()
        .find_map(|guardrail| {
            let interval = guardrail_interval(plan, guardrail.metric, arms)?;
            if !*breaks(*guardrail, Some(interval)).get(arm) {
                return None;
            }
            // by how much the arm is worse: rate(B) - rate(A) for A, ln(B/A) for B, else with the sign turned
            let as_it_is = (guardrail.metric == Metric::Success) == (arm == ArmLabel::A);
            let (low, high) = match as_it_is {
                true => interval,
                false => (-interval.1, -interval.0),
            };
            Some(match guardrail.metric {
                Metric::Success => format!(
                    "It succeeds in {:.1} to {:.1} points fewer of its executions than {other}; the margin is {:.1}",
                    low * 100.0,
                    high * 100.0,
                    guardrail.margin * 100.0
                ),
                metric => format!(
                    "Its {metric} is {} to {} above that of {other}; the margin is {}",
                    percent(low.exp_m1()),
                    percent(high.exp_m1()),
                    percent(guardrail.margin)
                ),
            })
        })
        .unwrap_or_else(|| format!("It is worse than {other} by more than the margin"))
}

/// What each primary metric says, where they disagree.
fn sides(plan: &TestPlan, arms: &PerArm<ArmStats>) -> String {
    let sides: Vec<String> = plan
        .primaries
        .iter()
        .filter_map(|metric| {
            let better = evidence(plan, *metric, arms).better?;
            Some(format!("{metric} is better in {better}"))
        })
        .collect();
    sides.join(", and ")
}

/// Failure rates of the arms.
fn rates(plan: &TestPlan, arms: &PerArm<ArmStats>) -> Option<PerArm<f64>> {
    let means = estimates(Metric::Success, plan.counted, arms);
    Some(PerArm {
        a: means.a?.mean,
        b: means.b?.mean,
    })
}

/// A share as a percentage with one decimal.
fn share(rate: f64) -> String {
    format!("{:.1} %", rate * 100.0)
}

/// A relative change as a percentage: whole numbers from 10 on, one decimal below.
fn percent(change: f64) -> String {
    let percent = change.abs() * 100.0;
    match percent {
        _ if percent.is_infinite() => "any amount".to_owned(),
        _ if percent >= 10.0 => format!("{percent:.0} %"),
        _ if percent >= 0.1 || percent == 0.0 => format!("{percent:.1} %"),
        _ => "under 0.1 %".to_owned(),
    }
}

/// By how much an arm is better on the first primary metric that favours it, with the interval that is valid
/// at every look.
fn advantage(plan: &TestPlan, arms: &PerArm<ArmStats>, arm: ArmLabel) -> Option<String> {
    plan.primaries.iter().find_map(|metric| {
        let means = estimates(*metric, plan.counted, arms);
        let (own, other) = ((*means.get(arm))?.mean, (*means.get(arm.other()))?.mean);
        let other_arm = arm.other();
        let interval = interval_words(plan, *metric, arms, arm);
        match metric {
            Metric::Success => {
                let successes = plan.counted == CountedOutcome::Successes;
                let (better, verb) = match successes {
                    true => (own > other, "succeeds"),
                    false => (own < other, "fails"),
                };
                better.then(|| {
                    format!(
                        "it {verb} in {} of executions, {other_arm} in {}{interval}",
                        share(own),
                        share(other)
                    )
                })
            }
            Metric::Time => (own < other).then(|| {
                let less = percent(1.0 - (own - other).exp());
                format!("it takes {less} less time than {other_arm}{interval}")
            }),
            Metric::Cost => (own < other).then(|| {
                let less = percent(1.0 - own / other);
                format!("it costs {less} less than {other_arm}{interval}")
            }),
        }
    })
}

/// The sequential interval of an arm's ratio to the other, in words; empty if there is none.
fn interval_words(
    plan: &TestPlan,
    metric: Metric,
    arms: &PerArm<ArmStats>,
    arm: ArmLabel,
) -> String {
    let Some((lower, upper)) = ratio_interval(plan, metric, arms) else {
        return String::new();
    };
    let (lower, upper) = match arm {
        ArmLabel::A => (-upper, -lower),
        ArmLabel::B => (lower, upper),
    };
    let level = plan.confidence * 100.0;
    if metric == Metric::Success {
        let what = match plan.counted {
            CountedOutcome::Failures => "failures",
            CountedOutcome::Successes => "successes",
        };
        return format!(
            "; {what} {arm}/{}: {level:.0} % interval {} to {}",
            arm.other(),
            bound(lower.exp()),
            bound(upper.exp())
        );
    }
    let change = |ln: f64| match ln.exp_m1() {
        change if change <= 0.0 => format!("{} less", percent(change)),
        change => format!("{} more", percent(change)),
    };
    format!(
        "; {level:.0} % interval {} to {}",
        change(lower),
        change(upper)
    )
}

/// A bound of a ratio.
fn bound(value: f64) -> String {
    if value.is_infinite() {
        "any".to_owned()
    } else {
        format!("{value:.2}")
    }
}
