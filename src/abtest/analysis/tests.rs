use super::*;
use crate::abtest::decide::{ClauseKind, Verdict};
use crate::abtest::evidence::Guardrail;
use crate::abtest::moments::{Moments, UnitSums};
use crate::abtest::{Split, UnitStats};
use proptest::prelude::*;

fn plan(primaries: Vec<Metric>, guardrails: Vec<Guardrail>, share_a: f64) -> TestPlan {
    TestPlan {
        split: Split::from_share_of_a(share_a).unwrap(),
        confidence: 0.95,
        primaries,
        guardrails,
        counted: CountedOutcome::Failures,
        planned: 1_000,
        minimum_duration_s: 60.0,
    }
}

fn look(plan: &TestPlan, arms: PerArm<ArmStats>, situation: Situation) -> Analysis {
    let counts = HealthCounts {
        assigned: arms.map(|arm| arm.records),
        ..HealthCounts::default()
    };
    analyze(&AnalysisInput {
        plan,
        arms,
        counts,
        situation,
        smallest_p: &[],
    })
}

fn running() -> Situation {
    Situation {
        elapsed_s: 3_600.0,
        ..Situation::default()
    }
}

fn arm(records: u64, failures: u64, ln_time: f64, cost: f64) -> ArmStats {
    ArmStats {
        records,
        failures: failures.min(records),
        ln_time: Moments::from_variance(records, ln_time, 0.25),
        ln_time_max: (records > 0).then_some(ln_time + 3.0),
        cost: Moments::from_variance(records, cost, cost * cost),
        cost_max: (records > 0).then_some(10.0 * cost),
        ..ArmStats::default()
    }
}

#[test]
fn every_verdict_is_reached() {
    let success = plan(vec![Metric::Success], vec![], 0.5);
    let clear = PerArm {
        a: arm(400, 60, 6.0, 1.0),
        b: arm(400, 12, 6.0, 1.0),
    };
    let analysis = look(&success, clear, running());
    assert_eq!(analysis.decision.verdict, Verdict::BWins);
    assert_eq!(
        analysis.decision.sentence,
        "B wins: it fails in 3.0 % of executions, A in 15.0 %; failures B/A: 95 % interval 0.05 to 0.55."
    );

    let early = look(
        &success,
        clear,
        Situation {
            elapsed_s: 5.0,
            ..Situation::default()
        },
    );
    assert_eq!(early.decision.verdict, Verdict::Continue { more: 200 });

    let open = PerArm {
        a: arm(100, 8, 6.0, 1.0),
        b: arm(100, 5, 6.0, 1.0),
    };
    let Verdict::Continue { more } = look(&success, open, running()).decision.verdict else {
        panic!()
    };
    assert_eq!(more, 800, "what the plan says, never a guess");
    let ended = Situation {
        ended: true,
        ..running()
    };
    assert_eq!(
        look(&success, open, ended).decision.verdict,
        Verdict::NoDifference
    );
    let full = PerArm {
        a: arm(520, 26, 6.0, 1.0),
        b: arm(500, 25, 6.0, 1.0),
    };
    assert_eq!(
        look(&success, full, running()).decision.verdict,
        Verdict::NoDifference
    );

    let uneven = PerArm {
        a: arm(720, 72, 6.0, 1.0),
        b: arm(480, 14, 6.0, 1.0),
    };
    let invalid = look(&success, uneven, running()).decision;
    assert_eq!(invalid.verdict, Verdict::Invalid);
    assert!(invalid.sentence.contains("SRM"));
}

#[test]
fn minimums_and_guardrails_hold_a_winner_back() {
    let time = plan(
        vec![Metric::Time],
        vec![Guardrail {
            metric: Metric::Success,
            margin: 0.02,
        }],
        0.5,
    );
    let few = PerArm {
        a: arm(29, 0, 6.0, 1.0),
        b: arm(40, 0, 4.0, 1.0),
    };
    let decision = look(&time, few, running()).decision;
    assert!(
        decision
            .clauses
            .iter()
            .any(|clause| clause.kind == ClauseKind::Minimums && !clause.holds)
    );
    assert!(matches!(decision.verdict, Verdict::Continue { .. }));
    // no failure seen is not yet shown to be within two points
    let fast = PerArm {
        a: arm(100, 0, 6.0, 1.0),
        b: arm(100, 0, 4.0, 1.0),
    };
    let decision = look(&time, fast, running()).decision;
    assert!(
        decision
            .clauses
            .iter()
            .any(|clause| clause.kind == ClauseKind::Guardrail && !clause.holds)
    );
    let plenty = PerArm {
        a: arm(4_000, 40, 6.0, 1.0),
        b: arm(4_000, 40, 4.0, 1.0),
    };
    assert_eq!(
        look(&time, plenty, running()).decision.verdict,
        Verdict::BWins
    );
}

#[test]
fn several_primaries_must_agree() {
    let both = plan(vec![Metric::Time, Metric::Cost], vec![], 0.5);
    let conflict = PerArm {
        a: arm(400, 0, 6.0, 1.0),
        b: arm(400, 0, 5.0, 3.0),
    };
    let decision = look(&both, conflict, running()).decision;
    assert_eq!(decision.verdict, Verdict::Conflict);
    assert_eq!(
        decision.sentence,
        "Conflict: time is better in B, and cost is better in A. Choose the metric that decides, and keep the \
         other as a guardrail."
    );
    let agree = PerArm {
        a: arm(400, 0, 6.0, 3.0),
        b: arm(400, 0, 5.0, 1.0),
    };
    let analysis = look(&both, agree, running());
    assert_eq!(analysis.decision.verdict, Verdict::BWins);
    assert!(
        analysis
            .metrics
            .iter()
            .all(|report| report.p_adjusted >= Some(report.p_now))
    );
}

#[test]
fn the_smallest_p_is_carried_along() {
    let success = plan(vec![Metric::Success], vec![], 0.5);
    let arms = PerArm {
        a: arm(100, 8, 6.0, 1.0),
        b: arm(100, 8, 6.0, 1.0),
    };
    let input = AnalysisInput {
        plan: &success,
        arms,
        counts: HealthCounts::default(),
        situation: running(),
        smallest_p: &[(Metric::Success, 0.03)],
    };
    let analysis = analyze(&input);
    assert_eq!(
        (analysis.metrics[0].p_now, analysis.metrics[0].p_smallest),
        (1.0, 0.03)
    );
    assert_eq!(analysis.smallest_p(), vec![(Metric::Success, 0.03)]);
}

#[test]
fn nothing_recorded_is_no_error() {
    let all = plan(
        vec![Metric::Cost],
        vec![Guardrail {
            metric: Metric::Success,
            margin: 0.01,
        }],
        0.9,
    );
    let analysis = look(&all, PerArm::default(), Situation::default());
    assert!(matches!(
        analysis.decision.verdict,
        Verdict::Continue { more: 2_000.. }
    ));
    assert!(serde_json::to_value(&analysis).is_ok());
}

/// The small arm of a lopsided split has not met an outlier yet (S01).
#[test]
fn an_arm_without_an_outlier_yet_is_not_faster_for_it() {
    let time = plan(vec![Metric::Time], vec![], 0.95);
    let mut arms = PerArm {
        a: arm(1_900, 0, 6.06, 1.0),
        b: arm(100, 0, 6.0, 1.0),
    };
    // 1 % of A's runs took 300 times as long; all others, and all of B's, took the same
    arms.a.ln_time = Moments::from_variance(1_900, 6.057, 0.325);
    arms.b.ln_time = Moments::from_variance(100, 6.0, 1e-6);
    let decision = look(&time, arms, running()).decision;
    assert_eq!(decision.verdict.winner(), None, "{decision:?}");
}

/// Executions that hang decide nothing: 30 of 200 missing in B, none in A (S02).
#[test]
fn missing_outcomes_block_a_winner_and_name_their_arm() {
    let time = plan(vec![Metric::Time], vec![], 0.5);
    let arms = PerArm {
        a: arm(200, 0, 6.3, 1.0),
        b: arm(180, 0, 6.0, 1.0),
    };
    let at = |missing: PerArm<u64>, pending: PerArm<u64>| {
        let counts = HealthCounts {
            assigned: PerArm { a: 200, b: 200 },
            missing,
            pending,
            ..HealthCounts::default()
        };
        let situation = running();
        analyze(&AnalysisInput {
            plan: &time,
            arms,
            counts,
            situation,
            smallest_p: &[],
        })
    };
    let none = PerArm { a: 0, b: 0 };
    let lost = at(PerArm { a: 0, b: 20 }, none).decision;
    assert_eq!(lost.verdict, Verdict::Invalid, "{lost:?}");
    assert!(lost.sentence.contains("0 of 200 in A, 20 of 200 in B"));
    let late = at(none, PerArm { a: 0, b: 20 }).decision;
    assert_eq!(late.verdict.winner(), None);
    assert!(
        late.sentence
            .contains("outcomes that are missing could turn it"),
        "{}",
        late.sentence
    );
    // one in each arm changes nothing
    let few = at(none, PerArm { a: 1, b: 1 }).decision;
    assert_eq!(few.verdict, Verdict::BWins, "{few:?}");
}

/// A broken guardrail stops the test and says so; it needs no more records (S10).
#[test]
fn a_broken_guardrail_stops() {
    let time = plan(
        vec![Metric::Time],
        vec![Guardrail {
            metric: Metric::Success,
            margin: 0.02,
        }],
        0.5,
    );
    let arms = PerArm {
        a: arm(400, 8, 6.5, 1.0),
        b: arm(400, 80, 6.0, 1.0),
    };
    let decision = look(&time, arms, running()).decision;
    assert_eq!(
        decision.verdict,
        Verdict::GuardrailBroken { arm: ArmLabel::B }
    );
    assert_eq!(
        decision.sentence,
        "Stop: B breaks a guardrail. It succeeds in 11.6 to 24.8 points fewer of its executions than A; \
         the margin is 2.0."
    );
}

/// A cost of 0 in an arm has no ratio: the difference decides (S11).
#[test]
fn a_cost_of_zero_is_decided() {
    let cost = plan(vec![Metric::Cost], vec![], 0.5);
    let mut arms = PerArm {
        a: arm(400, 0, 6.0, 0.02),
        b: arm(400, 0, 6.0, 0.0),
    };
    arms.b.cost = Moments::from_variance(400, 0.0, 0.0);
    let analysis = look(&cost, arms, running());
    assert_eq!(analysis.decision.verdict, Verdict::BWins);
    assert_eq!(
        analysis.decision.sentence,
        "B wins: it costs 100 % less than A (failures: 0.0 % in A, 0.0 % in B)."
    );
}

#[test]
fn an_effect_that_fades_is_not_decided_yet() {
    let time = plan(vec![Metric::Time], vec![], 0.5);
    let arms = PerArm {
        a: arm(800, 0, 6.3, 1.0),
        b: arm(800, 0, 6.1, 1.0),
    };
    let half = |ln_time_b: f64| PerArm {
        a: arm(400, 0, 6.3, 1.0),
        b: arm(400, 0, ln_time_b, 1.0),
    };
    let at = |first, second| {
        let halves = Some(super::super::decide::Halves { first, second });
        let situation = Situation {
            halves,
            ..running()
        };
        look(&time, arms, situation).decision
    };
    assert_eq!(at(half(6.1), half(6.1)).verdict, Verdict::BWins);
    let fading = at(half(5.9), half(6.3));
    assert_eq!(fading.verdict.winner(), None);
    assert!(fading.sentence.contains("the effect is changing"));
}

/// No difference that matters is no "0 % less".
#[test]
fn a_tiny_difference_is_named_as_such() {
    let time = plan(vec![Metric::Time], vec![], 0.5);
    let mut arms = PerArm {
        a: arm(40_000, 0, 6.0, 1.0),
        b: arm(40_000, 0, 5.999_5, 1.0),
    };
    for arm in [&mut arms.a, &mut arms.b] {
        arm.ln_time = Moments::from_variance(40_000, arm.ln_time.mean, 1e-6);
    }
    let decision = look(&time, arms, running()).decision;
    assert!(
        decision
            .sentence
            .starts_with("B wins: it takes under 0.1 % less time than A; 95 % interval"),
        "{}",
        decision.sentence
    );
}

fn some_arm() -> impl Strategy<Value = ArmStats> {
    let cost = prop_oneof![Just(0.0), 0.0f64..3.0];
    (0u64..3_000, 0.0f64..1.0, 3.0f64..9.0, cost)
        .prop_map(|(n, failed, time, cost)| arm(n, (n as f64 * failed * failed) as u64, time, cost))
}

fn with_units(stats: ArmStats, units: u64) -> ArmStats {
    let sums = |total: f64| UnitSums {
        units,
        count: stats.records as f64,
        count_squares: 2.0 * stats.records as f64,
        total,
        total_squares: 3.0 * total.abs() * (1.0 + total.abs() / 100.0),
        products: 1.5 * total,
    };
    let failures = sums(stats.failures as f64);
    let ln_time = sums(stats.ln_time.mean * stats.records as f64);
    let cost = sums(stats.cost.mean * stats.records as f64);
    ArmStats {
        units: Some(UnitStats {
            failures,
            ln_time,
            cost,
        }),
        ..stats
    }
}

proptest! {
    #[test]
    fn swapping_the_arms_mirrors_everything(
        a in some_arm(),
        b in some_arm(),
        percent in 1u32..100,
        primaries in proptest::sample::subsequence(Metric::ALL.to_vec(), 1..=3),
        guarded in proptest::sample::subsequence(Metric::ALL.to_vec(), 0..=3),
        margin in 0.005f64..0.5,
        by_unit in any::<bool>(),
        successes in any::<bool>(),
    ) {
        let guardrails = guarded.into_iter().map(|metric| Guardrail { metric, margin }).collect();
        let mut plan = plan(primaries, guardrails, f64::from(percent) / 100.0);
        if successes {
            plan.counted = CountedOutcome::Successes;
        }
        let arms = PerArm { a, b };
        let arms = if by_unit { arms.map(|arm| with_units(arm, arm.records / 2)) } else { arms };
        let counts = |arms: PerArm<ArmStats>, split: Split| HealthCounts {
            assigned: PerArm { a: (5_000.0 * split.a) as u64, b: (5_000.0 * split.b) as u64 },
            missing: arms.map(|arm| arm.failures / 10),
            ..HealthCounts::default()
        };
        let of = |plan: &TestPlan, arms| {
            let counts = counts(arms, plan.split);
            analyze(&AnalysisInput { plan, arms, counts, situation: running(), smallest_p: &[] })
        };
        let (one, other) = (of(&plan, arms), of(&plan.swapped(), arms.swapped()));
        prop_assert_eq!(one.decision.verdict, other.decision.verdict.swapped());
        prop_assert_eq!(one.decision.leader.map(ArmLabel::other), other.decision.leader);
        prop_assert_eq!(one.decision.to_planned, other.decision.to_planned);
        prop_assert_eq!(one.health.srm, other.health.srm);
        for (x, y) in one.metrics.iter().zip(&other.metrics) {
            prop_assert_eq!(x.ln_ratio.map(|ratio| -ratio), y.ln_ratio);
            prop_assert_eq!((x.p_now, x.p_adjusted, x.ln_e), (y.p_now, y.p_adjusted, y.ln_e));
            prop_assert_eq!(x.value, y.value.swapped());
            prop_assert_eq!(x.guardrail.map(|g| g.non_inferior), y.guardrail.map(|g| g.non_inferior.swapped()));
            let difference = |report: &MetricReport| report.difference.map(|d| d.sequential);
            prop_assert_eq!(
                difference(x),
                difference(y).map(|d| Interval { lower: -d.upper, upper: -d.lower })
            );
            if let (Some(x), Some(y)) = (x.ratio_sequential, y.ratio_sequential) {
                let mirrored = 1.0 / y.upper;
                prop_assert!(x.lower == mirrored || (x.lower / mirrored - 1.0).abs() < 1e-9);
            }
            if let (Some(x), Some(y)) = (x.fixed, y.fixed) {
                prop_assert!((x.p_one_look - y.p_one_look).abs() <= 1e-9 * x.p_one_look);
            }
        }
    }

    #[test]
    fn a_winner_satisfies_every_clause(a in some_arm(), b in some_arm(), margin in 0.005f64..0.5) {
        let plan = plan(vec![Metric::Time], vec![Guardrail { metric: Metric::Success, margin }], 0.5);
        let counts = HealthCounts::default();
        let input = AnalysisInput { plan: &plan, arms: PerArm { a, b }, counts, situation: running(), smallest_p: &[] };
        let decision = analyze(&input).decision;
        let winner = crate::abtest::decide::winner(&plan, &input.arms);
        prop_assert_eq!(decision.verdict.winner(), winner);
        prop_assert_eq!(winner.is_some(), decision.clauses.iter().all(|clause| clause.holds));
    }
}
