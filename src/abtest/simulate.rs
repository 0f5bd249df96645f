//! Replays of the decision rule on streams of executions: made-up ones show power and duration before any
//! traffic, recorded ones split at random show the rate of false winners.

use super::arms::{ArmStats, Execution, PerArm, SHORTEST_TIME_MS};
use super::assignment::{ArmLabel, Split};
use super::covariate::at_equal_inputs;
use super::decide::winner;
use super::evidence::{Metric, TestPlan};
use super::health::{HEALTH_ALPHA, sequential_check};
use super::proportions::{Proportion, wilson};
use crate::statistics::special::normal_quantile_upper;
use crate::statistics::{mean, median};
use serde::Serialize;

/// A small seeded generator (SplitMix64), so that a simulation can be repeated exactly.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in 0..1, never 0.
    pub fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Standard normal (Box-Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// How costs are distributed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CostModel {
    /// Every execution costs the same.
    Constant(f64),
    /// Lognormal with this mean and standard deviation of ln cost.
    Lognormal {
        /// Mean cost.
        mean: f64,
        /// Standard deviation of ln cost.
        sigma: f64,
    },
    /// Pareto with this mean; finite variance only for a shape above 2.
    Pareto {
        /// Mean cost.
        mean: f64,
        /// Tail index, above 1.
        shape: f64,
    },
}

impl CostModel {
    fn draw(self, random: &mut Random) -> f64 {
        match self {
            Self::Constant(cost) => cost,
            Self::Lognormal { mean, sigma } => {
                mean * (sigma * random.normal() - 0.5 * sigma * sigma).exp()
            }
            Self::Pareto { mean, shape } => {
                mean * (shape - 1.0) / shape * random.uniform().powf(-1.0 / shape)
            }
        }
    }
}

/// Assumed behaviour of one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmModel {
    /// Chance of success, in 0..=1.
    pub success_rate: f64,
    /// Geometric mean of the time in ms.
    pub time_ms: f64,
    /// Standard deviation of ln time.
    pub time_sigma: f64,
    /// Distribution of the cost.
    pub cost: CostModel,
}

impl ArmModel {
    /// Draws what the metrics of a plan need.
    fn draw(&self, random: &mut Random, metrics: &[Metric]) -> Execution {
        let time = |random: &mut Random| self.time_ms * (self.time_sigma * random.normal()).exp();
        let failed = random.uniform() > self.success_rate;
        Execution {
            failed,
            time_ms: (metrics.contains(&Metric::Time) && !failed).then(|| time(random)),
            cost: metrics
                .contains(&Metric::Cost)
                .then(|| self.cost.draw(random)),
            estimate_ms: None,
        }
    }
}

/// How streams are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Schedule {
    /// Number of streams.
    pub streams: u32,
    /// Records in each stream.
    pub records: u32,
    /// Records between two looks, at least 1.
    pub look_every: u32,
    /// Seed of the generator.
    pub seed: u64,
}

/// What the rule did on many streams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outcome {
    /// Streams in all.
    pub streams: u32,
    /// Streams that each arm won.
    pub wins: PerArm<u32>,
    /// Share of streams with a winner.
    pub winner_share: f64,
    /// Wilson's 95 % interval of that share.
    pub winner_share_interval: (f64, f64),
    /// Mean number of records at the decision, over the streams with a winner.
    pub mean_records_to_winner: Option<f64>,
    /// The median of the same.
    pub median_records_to_winner: Option<f64>,
}

/// Runs the rule on made-up traffic.
pub fn simulate(plan: &TestPlan, models: &PerArm<ArmModel>, schedule: Schedule) -> Outcome {
    let metrics = plan.metrics();
    run(plan, schedule, |random, _, arm| {
        models.get(arm).draw(random, &metrics)
    })
}

/// Runs the rule on executions that `draw` makes for an arm.
pub fn stream_all(
    plan: &TestPlan,
    schedule: Schedule,
    mut draw: impl FnMut(&mut Random, ArmLabel) -> Execution,
) -> Outcome {
    run(plan, schedule, |random, _, arm| draw(random, arm))
}

/// Runs the rule on recorded executions whose arms are drawn anew at random: every winner is a false one.
///
/// The executions keep their order, so that trends over time stay in; a stream longer than the recording
/// starts over.
pub fn replay(plan: &TestPlan, recorded: &[Execution], schedule: Schedule) -> Option<Outcome> {
    (!recorded.is_empty()).then(|| {
        run(plan, schedule, |_, index, _| {
            recorded[index as usize % recorded.len()]
        })
    })
}

/// The same where a unit has several executions, with the number of its unit beside each: whole units are drawn into an
/// arm. A stream is no longer than the recording, as a unit has one life.
pub fn replay_units(
    plan: &TestPlan,
    recorded: &[(usize, Execution)],
    schedule: Schedule,
) -> Option<Outcome> {
    let units = recorded.iter().map(|(unit, _)| unit + 1).max()?;
    let limit = recorded.len().min(schedule.records as usize);
    Some(outcome(schedule, |random| {
        let mut arms = PerArm::<ArmStats>::default();
        let mut tallies: Vec<Option<(ArmLabel, Tally)>> = vec![None; units];
        let mut assigned = PerArm { a: 0, b: 0 };
        for (index, (unit, execution)) in recorded[..limit].iter().enumerate() {
            let (arm, tally) = tallies[*unit].get_or_insert_with(|| {
                let arm = assign(plan.split, random);
                *assigned.get_mut(arm) += 1;
                (arm, Tally::default())
            });
            tally.push(execution, arms.get_mut(*arm));
            let records = index + 1;
            let is_look = records % schedule.look_every.max(1) as usize == 0;
            if (is_look || records == limit)
                && let Some(arm) = winner(plan, &arms)
                && sequential_check(assigned, plan.split).p >= HEALTH_ALPHA
            {
                return Some((arm, records as u32));
            }
        }
        None
    }))
}

/// The executions of one unit so far.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    failures: (f64, f64),
    ln_time: (f64, f64),
    cost: (f64, f64),
}

impl Tally {
    /// Adds an execution to the unit, and to the sums of its arm.
    fn push(&mut self, execution: &Execution, arm: &mut ArmStats) {
        let before = *self;
        let add = |sums: &mut (f64, f64), value: f64| *sums = (sums.0 + 1.0, sums.1 + value);
        add(&mut self.failures, f64::from(u8::from(execution.failed)));
        if let Some(time) = execution.time_ms {
            add(&mut self.ln_time, time.max(SHORTEST_TIME_MS).ln());
        }
        if let Some(cost) = execution.cost {
            add(&mut self.cost, cost);
        }
        arm.push(execution);
        let units = arm.units.get_or_insert_default();
        units.failures.moved(before.failures, self.failures);
        units.ln_time.moved(before.ln_time, self.ln_time);
        units.cost.moved(before.cost, self.cost);
    }
}

fn run(
    plan: &TestPlan,
    schedule: Schedule,
    mut draw: impl FnMut(&mut Random, u32, ArmLabel) -> Execution,
) -> Outcome {
    outcome(schedule, |random| stream(plan, schedule, random, &mut draw))
}

/// What came of all streams, each of which may have a winner after so many records.
fn outcome(
    schedule: Schedule,
    mut stream: impl FnMut(&mut Random) -> Option<(ArmLabel, u32)>,
) -> Outcome {
    let mut random = Random::new(schedule.seed);
    let mut wins = PerArm { a: 0, b: 0 };
    let mut records_to_winner = Vec::new();
    for _ in 0..schedule.streams {
        if let Some((arm, records)) = stream(&mut random) {
            *wins.get_mut(arm) += 1;
            records_to_winner.push(f64::from(records));
        }
    }
    let total = wins.a + wins.b;
    let share = Proportion {
        successes: u64::from(total),
        n: u64::from(schedule.streams),
    };
    Outcome {
        streams: schedule.streams,
        wins,
        winner_share: share.rate().unwrap_or(0.0),
        winner_share_interval: wilson(share, normal_quantile_upper(0.025)),
        mean_records_to_winner: mean(&records_to_winner),
        median_records_to_winner: median(&records_to_winner),
    }
}

fn stream(
    plan: &TestPlan,
    schedule: Schedule,
    random: &mut Random,
    draw: &mut impl FnMut(&mut Random, u32, ArmLabel) -> Execution,
) -> Option<(ArmLabel, u32)> {
    let mut arms = PerArm::<ArmStats>::default();
    for index in 0..schedule.records {
        let arm = assign(plan.split, random);
        let execution = draw(random, index, arm);
        arms.get_mut(arm).push(&execution);
        let records = index + 1;
        if records % schedule.look_every.max(1) == 0 || records == schedule.records {
            let found = winner(plan, &at_equal_inputs(&arms).0);
            let sound =
                || sequential_check(arms.map(|arm| arm.records), plan.split).p >= HEALTH_ALPHA;
            if let Some(arm) = found.filter(|_| sound()) {
                return Some((arm, records));
            }
        }
    }
    None
}

fn assign(split: Split, random: &mut Random) -> ArmLabel {
    if random.uniform() < split.a {
        ArmLabel::A
    } else {
        ArmLabel::B
    }
}
