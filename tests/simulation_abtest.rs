//! What the decision rule does when looked at again and again, by seeded simulation.

use toolcat::abtest::arms::{Execution, PerArm};
use toolcat::abtest::assignment::Split;
use toolcat::abtest::evidence::{Metric, TestPlan};
use toolcat::abtest::plan::{
    SampleSize, Target, arm_ratio, size_for_cost, size_for_rates, size_for_time,
};
use toolcat::abtest::simulate::{ArmModel, CostModel, Schedule, replay, simulate};
use toolcat::abtest::success::CountedOutcome;

const BASE: ArmModel = ArmModel {
    success_rate: 0.95,
    time_ms: 800.0,
    time_sigma: 0.5,
    cost: CostModel::Lognormal {
        mean: 0.02,
        sigma: 2.0,
    },
};

fn plan(metric: Metric, share_a: f64, planned: u64) -> TestPlan {
    TestPlan {
        split: Split::from_share_of_a(share_a).unwrap(),
        confidence: 0.95,
        primaries: vec![metric],
        guardrails: Vec::new(),
        counted: CountedOutcome::Failures,
        planned,
        minimum_duration_s: 0.0,
    }
}

/// Share of 2,000 streams without a difference that get a winner all the same, looked at every 10 records.
fn assert_few_false_winners(metric: Metric, cost: CostModel) {
    for share_a in [0.5, 0.9] {
        let model = ArmModel { cost, ..BASE };
        let schedule = Schedule {
            streams: 2_000,
            records: 2_000,
            look_every: 10,
            seed: 20_260,
        };
        let outcome = simulate(
            &plan(metric, share_a, 2_000),
            &PerArm { a: model, b: model },
            schedule,
        );
        assert!(
            outcome.winner_share <= 0.05,
            "{metric}, share of A {share_a}, {cost:?}: {outcome:?}"
        );
    }
}

#[test]
fn few_false_winners_on_success() {
    assert_few_false_winners(Metric::Success, BASE.cost);
}

#[test]
fn few_false_winners_on_lognormal_times() {
    assert_few_false_winners(Metric::Time, BASE.cost);
}

#[test]
fn few_false_winners_on_lognormal_costs() {
    assert_few_false_winners(
        Metric::Cost,
        CostModel::Lognormal {
            mean: 0.02,
            sigma: 2.0,
        },
    );
}

#[test]
fn few_false_winners_on_costs_of_infinite_variance() {
    assert_few_false_winners(
        Metric::Cost,
        CostModel::Pareto {
            mean: 0.02,
            shape: 1.5,
        },
    );
}

#[test]
fn replays_of_recorded_executions_find_few_winners() {
    let recorded: Vec<Execution> = (0..500)
        .map(|i| {
            let time_ms = Some(200.0 + f64::from(i * 37 % 211) + f64::from(i));
            Execution {
                failed: i % 19 == 0,
                time_ms,
                cost: None,
            }
        })
        .collect();
    let schedule = Schedule {
        streams: 300,
        records: 1_000,
        look_every: 20,
        seed: 5,
    };
    for metric in [Metric::Success, Metric::Time] {
        let outcome = replay(&plan(metric, 0.5, 1_000), &recorded, schedule).unwrap();
        assert!(outcome.winner_share <= 0.05, "{metric}: {outcome:?}");
        assert_eq!(
            replay(&plan(metric, 0.5, 1_000), &recorded, schedule),
            Some(outcome)
        );
    }
    assert_eq!(replay(&plan(Metric::Time, 0.5, 1_000), &[], schedule), None);
}

/// Share of streams that the better arm wins by the planned size; the other arm must not win.
fn power(metric: Metric, share_a: f64, size: SampleSize, models: PerArm<ArmModel>) -> f64 {
    let total = size.total();
    let schedule = Schedule {
        streams: 300,
        records: total as u32,
        look_every: 10,
        seed: 32,
    };
    let mut plan = plan(metric, share_a, total);
    plan.counted = CountedOutcome::for_success_rate(Some(models.a.success_rate));
    let outcome = simulate(&plan, &models, schedule);
    assert!(outcome.wins.a <= 3, "{outcome:?}");
    f64::from(outcome.wins.b) / f64::from(outcome.streams)
}
#[test]
fn planned_sizes_have_the_power_for_rates() {
    for share_a in [0.5, 0.9, 0.1] {
        for (rate_a, rate_b) in [(0.9, 0.95), (0.95, 0.98), (0.8, 0.9), (0.3, 0.45)] {
            let ratio = arm_ratio(Split::from_share_of_a(share_a).unwrap());
            let size = size_for_rates(rate_a, rate_b, ratio, Target::default()).unwrap();
            let model = |success_rate| ArmModel {
                success_rate,
                ..BASE
            };
            let power = power(
                Metric::Success,
                share_a,
                size,
                PerArm {
                    a: model(rate_a),
                    b: model(rate_b),
                },
            );
            assert!(
                power >= 0.8,
                "{rate_a} against {rate_b}, share of A {share_a}: {power}"
            );
        }
    }
}

#[test]
fn planned_sizes_have_the_power_for_times_and_costs() {
    for share_a in [0.5, 0.9, 0.1] {
        let ratio = arm_ratio(Split::from_share_of_a(share_a).unwrap());
        let size = size_for_time(0.9, BASE.time_sigma, ratio, Target::default()).unwrap();
        let faster = ArmModel {
            time_ms: 0.9 * BASE.time_ms,
            ..BASE
        };
        let time = power(Metric::Time, share_a, size, PerArm { a: BASE, b: faster });
        assert!(time >= 0.8, "time, share of A {share_a}: {time}");
        let variation = (1f64.exp() - 1.0).sqrt();
        let size = size_for_cost(0.7, variation, ratio, Target::default()).unwrap();
        let model = |mean| ArmModel {
            cost: CostModel::Lognormal { mean, sigma: 1.0 },
            ..BASE
        };
        let cost = power(
            Metric::Cost,
            share_a,
            size,
            PerArm {
                a: model(1.0),
                b: model(0.7),
            },
        );
        assert!(cost >= 0.8, "cost, share of A {share_a}: {cost}");
    }
}
