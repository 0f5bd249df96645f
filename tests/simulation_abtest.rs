//! What the decision rule does when looked at again and again, by seeded simulation.

use toolcat::abtest::arms::PerArm;
use toolcat::abtest::assignment::Split;
use toolcat::abtest::evidence::{Metric, TestPlan};
use toolcat::abtest::plan::{arm_ratio, size_for_rates, size_for_ratio, SampleSize, Target};
use toolcat::abtest::simulate::{simulate, ArmModel, CostModel, Schedule};
use toolcat::abtest::success::CountedOutcome;

const BASE: ArmModel = ArmModel {
    success_rate: 0.95,
    time_ms: 800.0,
    time_sigma: 0.5,
    cost: CostModel::Lognormal { mean: 0.02, sigma: 2.0 },
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

fn false_winners(metric: Metric, share_a: f64, model: ArmModel) -> f64 {
    let schedule = Schedule { streams: 2_000, records: 2_000, look_every: 10, seed: 20_260 };
    let outcome = simulate(&plan(metric, share_a, 2_000), &PerArm { a: model, b: model }, schedule);
    println!("{metric} {share_a} {:?}: {outcome:?}", model.cost);
    outcome.winner_share
}
#[test]
fn explore() {
    for share in [0.5, 0.9, 0.8, 0.2] {
    for planned in [200, 500, 2000, 10000] {
        println!("PLANNED {planned}");
        let go = |m, model: ArmModel| {
            let schedule = Schedule { streams: 2_000, records: 2_000, look_every: 10, seed: 77 };
            let o = simulate(&plan(m, share, planned), &PerArm { a: model, b: model }, schedule);
            println!("{m} {share} {:?}: {:?} {:?} {:?}", model.cost, o.winner_share, o.wins, o.mean_records_to_winner);
        };
        if planned < 10000 && (share==0.5||share==0.9) { go(Metric::Time, BASE); }
        for cost in [CostModel::Lognormal{mean:1.0,sigma:1.0}, CostModel::Lognormal{mean:1.0,sigma:2.0}, CostModel::Lognormal{mean:1.0,sigma:2.5}, CostModel::Lognormal{mean:1.0,sigma:3.5}, CostModel::Pareto{mean:1.0,shape:1.5}, CostModel::Pareto{mean:1.0,shape:2.5}, CostModel::Pareto{mean:1.0,shape:1.1}] {
            if planned < 10000 { go(Metric::Cost, ArmModel{cost, ..BASE});}
        }
    }}
}
