//! What was recorded of a phase, summed up by the database: a look costs the same to read however many
//! records there are.
//!
//! An outcome is a telemetry record of the assigned version whose unit has an assignment of the phase; of a
//! user, executed at or after it. Nothing else is reported, and nothing is reported twice.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Array, BigInt, Bool, Date, Double, Integer, Nullable, Text, Timestamptz};
use serde::Serialize;

use super::{Phase, StoredTest, UnitKind};
use crate::abtest::arms::{ArmStats, UnitStats};
use crate::abtest::covariate::at_equal_inputs;
use crate::abtest::decide::Halves;
use crate::abtest::moments::{Joint, Moments, UnitSums};
use crate::abtest::quantile::{QuantileInterval, order_statistic_bounds};
use crate::abtest::{HealthCounts, PerArm};

/// How far in the future the clock of a machine may be that reports on users.
const CLOCK_TOLERANCE_S: i64 = 300;
/// The same where the execution's id proves the order: no clock is trusted, so that a year is as good as any.
const CLOCK_TOLERANCE_BY_ID_S: i64 = 365 * 86_400;

/// The window of a phase as of one moment.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// The test.
    pub test: &'a StoredTest,
    /// Its phase.
    pub phase: &'a Phase,
    /// The moment up to which records count; none for all.
    pub until: Option<DateTime<Utc>>,
}

impl<'a> Window<'a> {
    /// The whole phase.
    pub fn whole(test: &'a StoredTest, phase: &'a Phase) -> Self {
        Self {
            test,
            phase,
            until: None,
        }
    }

    fn end(&self) -> DateTime<Utc> {
        let tolerance = match self.test.unit() {
            UnitKind::Execution => CLOCK_TOLERANCE_BY_ID_S,
            UnitKind::User => CLOCK_TOLERANCE_S,
        };
        let end = self
            .phase
            .ended_at
            .unwrap_or_else(|| self.test.read_at + chrono::Duration::seconds(tolerance));
        self.until.map_or(end, |until| until.min(end))
    }

    fn ended(&self) -> bool {
        self.phase.ended_at.is_some()
    }

    /// A query on the outcomes of the phase.
    fn query(&self, rest: &str) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        let column = self.test.unit().column();
        let (once, order) = match self.test.unit() {
            // an execution has one outcome: the first that was reported
            UnitKind::Execution => (
                "SELECT DISTINCT ON (unit COLLATE \"C\") * FROM matched",
                "    ORDER BY unit COLLATE \"C\", executed_at, id\n",
            ),
            UnitKind::User => ("SELECT * FROM matched", ""),
        };
        let sql = [include_str!("outcomes.sql"), rest]
            .concat()
            .replace("{unit}", column)
            .replace("SELECT * FROM matched", once)
            .replace("{once}", order);
        diesel::sql_query(sql)
            .into_boxed::<Pg>()
            .bind::<BigInt, _>(self.test.id)
            .bind::<Integer, _>(self.phase.phase)
            .bind::<BigInt, _>(self.test.tool_a_id)
            .bind::<BigInt, _>(self.test.tool_b_id)
            .bind::<Timestamptz, _>(self.end())
            .bind::<Bool, _>(self.ended())
            .bind::<Timestamptz, _>(self.phase.started_at.unwrap_or(self.test.read_at))
            .bind::<Bool, _>(self.test.unit() == UnitKind::User)
    }
}

/// What was recorded, and what tells whether it can be trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Recorded {
    /// The outcomes.
    pub arms: PerArm<ArmStats>,
    /// The counts behind health.
    pub counts: HealthCounts,
}

/// What both the sums of a phase and those of its halves say of an arm.
#[derive(QueryableByName)]
struct Sums {
    #[diesel(sql_type = BigInt)]
    records: i64,
    #[diesel(sql_type = BigInt)]
    failures: i64,
    #[diesel(sql_type = BigInt)]
    times: i64,
    #[diesel(sql_type = Nullable<Double>)]
    time_mean: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    time_variance: Option<f64>,
    #[diesel(sql_type = BigInt)]
    pairs: i64,
    #[diesel(sql_type = Nullable<Double>)]
    pairs_x: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pairs_y: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pairs_xx: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pairs_xy: Option<f64>,
    #[diesel(sql_type = BigInt)]
    costs: i64,
    #[diesel(sql_type = Nullable<Double>)]
    cost_mean: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    cost_variance: Option<f64>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    assigned: i64,
    #[diesel(sql_type = BigInt)]
    silent: i64,
    #[diesel(sql_type = BigInt)]
    missing: i64,
    #[diesel(sql_type = BigInt)]
    in_both: i64,
    #[diesel(sql_type = BigInt)]
    early: i64,
    #[diesel(sql_type = BigInt)]
    late: i64,
    #[diesel(sql_type = BigInt)]
    stray: i64,
    #[diesel(embed)]
    sums: Sums,
    #[diesel(sql_type = BigInt)]
    timeouts: i64,
    #[diesel(sql_type = Nullable<Double>)]
    time_max: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    cost_max: Option<f64>,
    #[diesel(sql_type = Array<Double>)]
    failed_by_unit: Vec<f64>,
    #[diesel(sql_type = Array<Double>)]
    ln_time_by_unit: Vec<f64>,
    #[diesel(sql_type = Array<Double>)]
    cost_by_unit: Vec<f64>,
}

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn moments(n: i64, mean: Option<f64>, variance: Option<f64>) -> Moments {
    Moments::from_variance(count(n), mean.unwrap_or(0.0), variance.unwrap_or(0.0))
}

fn unit_sums(sums: &[f64]) -> UnitSums {
    let sum = |index: usize| sums.get(index).copied().unwrap_or(0.0);
    UnitSums {
        units: sum(0) as u64,
        count: sum(1),
        count_squares: sum(2),
        total: sum(3),
        total_squares: sum(4),
        products: sum(5),
    }
}

impl Sums {
    fn stats(&self) -> ArmStats {
        ArmStats {
            records: count(self.records),
            failures: count(self.failures),
            ln_time: moments(self.times, self.time_mean, self.time_variance),
            foretold: Joint {
                n: count(self.pairs),
                mean_x: self.pairs_x.unwrap_or(0.0),
                mean_y: self.pairs_y.unwrap_or(0.0),
                squares_x: self.pairs_xx.unwrap_or(0.0),
                products: self.pairs_xy.unwrap_or(0.0),
            },
            cost: moments(self.costs, self.cost_mean, self.cost_variance),
            ..ArmStats::default()
        }
    }
}

impl Row {
    fn stats(&self, by_unit: bool) -> ArmStats {
        ArmStats {
            timeouts: count(self.timeouts),
            ln_time_max: self.time_max,
            cost_max: self.cost_max,
            units: by_unit.then(|| UnitStats {
                failures: unit_sums(&self.failed_by_unit),
                ln_time: unit_sums(&self.ln_time_by_unit),
                cost: unit_sums(&self.cost_by_unit),
            }),
            ..self.sums.stats()
        }
    }
}

/// Sums up a phase, without the quantiles.
pub fn recorded(connection: &mut PgConnection, window: Window<'_>) -> QueryResult<Recorded> {
    let rows: Vec<Row> = window.query(include_str!("sums.sql")).load(connection)?;
    let [a, b] = rows.as_slice() else {
        return Ok(Recorded::default());
    };
    let by_unit = window.test.unit() == UnitKind::User;
    let of = |field: fn(&Row) -> i64| PerArm {
        a: count(field(a)),
        b: count(field(b)),
    };
    let both = |field: fn(&Row) -> i64| count(field(a)) + count(field(b));
    let (arms, equal_inputs) = at_equal_inputs(&PerArm {
        a: a.stats(by_unit),
        b: b.stats(by_unit),
    });
    Ok(Recorded {
        arms,
        counts: HealthCounts {
            equal_inputs,
            assigned: of(|row| row.assigned),
            missing: of(|row| row.missing),
            pending: of(|row| row.silent - row.missing),
            in_both: both(|row| row.in_both),
            in_future: both(|row| row.late),
            before_assignment: both(|row| row.early),
            unassigned: count(a.stray),
        },
    })
}

#[derive(QueryableByName)]
struct Half {
    #[diesel(sql_type = Text)]
    arm: String,
    #[diesel(sql_type = Integer)]
    half: i32,
    #[diesel(embed)]
    sums: Sums,
}

/// Sums up the first and the second half of the assigned executions; none if units are users, who have
/// executions in both.
pub fn halves(connection: &mut PgConnection, window: Window<'_>) -> QueryResult<Option<Halves>> {
    if window.test.unit() == UnitKind::User {
        return Ok(None);
    }
    let rows: Vec<Half> = window.query(include_str!("halves.sql")).load(connection)?;
    let mut halves = Halves::default();
    for row in rows {
        let half = if row.half == 1 {
            &mut halves.first
        } else {
            &mut halves.second
        };
        let arm = if row.arm == "A" {
            &mut half.a
        } else {
            &mut half.b
        };
        *arm = row.sums.stats();
    }
    halves.first = at_equal_inputs(&halves.first).0;
    halves.second = at_equal_inputs(&halves.second).0;
    Ok(Some(halves))
}

#[derive(QueryableByName)]
struct Ranks {
    #[diesel(sql_type = Text)]
    arm: String,
    #[diesel(sql_type = Array<Double>)]
    continuous: Vec<f64>,
    #[diesel(sql_type = Array<Double>)]
    discrete: Vec<f64>,
}

/// Adds the median and the 95th percentile of the time, with their order-statistic intervals.
pub fn add_quantiles(
    connection: &mut PgConnection,
    window: Window<'_>,
    confidence: f64,
    arms: &mut PerArm<ArmStats>,
) -> QueryResult<()> {
    const QUANTILES: [f64; 2] = [0.5, 0.95];
    let bounds = |n: u64| -> Vec<(Option<usize>, Option<usize>)> {
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        QUANTILES
            .iter()
            .map(|q| order_statistic_bounds(n, *q, confidence))
            .collect()
    };
    // the fraction in the middle of an order statistic's step finds exactly that one
    let fractions = |n: u64| -> Vec<f64> {
        bounds(n)
            .into_iter()
            .flat_map(|(low, high)| [low, high])
            .map(|rank| rank.map_or(0.0, |rank| (rank as f64 + 0.5) / n.max(1) as f64))
            .collect()
    };
    let rows: Vec<Ranks> = window
        .query(
            "fractions AS (SELECT 'A' AS arm, $9::float8[] AS f UNION ALL SELECT 'B', $10::float8[]) \
             SELECT o.arm::text AS arm, \
                    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY o.actual_time_ms)::float8[] AS continuous, \
                    percentile_disc(p.f) WITHIN GROUP (ORDER BY o.actual_time_ms)::float8[] AS discrete \
             FROM outcome o JOIN fractions p ON p.arm = o.arm WHERE o.timed \
             GROUP BY o.arm, p.f",
        )
        .bind::<Array<Double>, _>(fractions(arms.a.ln_time.n))
        .bind::<Array<Double>, _>(fractions(arms.b.ln_time.n))
        .load(connection)?;
    for row in rows {
        let stats = if row.arm == "A" {
            &mut arms.a
        } else {
            &mut arms.b
        };
        let bounds = bounds(stats.ln_time.n);
        let interval = |index: usize| -> Option<QuantileInterval> {
            let (low, high) = *bounds.get(index)?;
            Some(QuantileInterval {
                q: *QUANTILES.get(index)?,
                estimate: *row.continuous.get(index)?,
                lower: low.and_then(|_| row.discrete.get(2 * index).copied()),
                upper: high.and_then(|_| row.discrete.get(2 * index + 1).copied()),
            })
        };
        stats.time_p50 = interval(0);
        stats.time_p95 = interval(1);
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Cuts {
    #[diesel(sql_type = Array<Timestamptz>)]
    cuts: Vec<DateTime<Utc>>,
}

/// Moments that part the outcomes so far into `parts` of about the same number, oldest first.
pub fn cuts(
    connection: &mut PgConnection,
    window: Window<'_>,
    parts: usize,
) -> QueryResult<Vec<DateTime<Utc>>> {
    let fractions: Vec<f64> = (1..=parts).map(|part| part as f64 / parts as f64).collect();
    let mut cuts = window
        .query(
            "parts AS (SELECT percentile_disc($9::float8[]) WITHIN GROUP (ORDER BY executed_at) AS cuts FROM outcome) \
             SELECT coalesce(cuts, '{}') AS cuts FROM parts",
        )
        .bind::<Array<Double>, _>(fractions)
        .get_result::<Cuts>(connection)?
        .cuts;
    cuts.dedup();
    Ok(cuts)
}

/// Counts of one day (UTC).
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, Serialize)]
pub struct Day {
    /// The day.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// Units assigned to A.
    #[diesel(sql_type = BigInt)]
    pub assigned_a: i64,
    /// Units assigned to B.
    #[diesel(sql_type = BigInt)]
    pub assigned_b: i64,
    /// Records of A.
    #[diesel(sql_type = BigInt)]
    pub recorded_a: i64,
    /// Records of B.
    #[diesel(sql_type = BigInt)]
    pub recorded_b: i64,
}

/// Assignments and records of each day.
pub fn days(connection: &mut PgConnection, window: Window<'_>) -> QueryResult<Vec<Day>> {
    window
        .query(
            "events AS ( \
                 SELECT (assigned_at AT TIME ZONE 'UTC')::date AS day, arm, 1 AS assigned, 0 AS recorded FROM assigned \
                 UNION ALL \
                 SELECT (executed_at AT TIME ZONE 'UTC')::date, arm, 0, 1 FROM outcome) \
             SELECT day, coalesce(sum(assigned) FILTER (WHERE arm = 'A'), 0) AS assigned_a, \
                    coalesce(sum(assigned) FILTER (WHERE arm = 'B'), 0) AS assigned_b, \
                    coalesce(sum(recorded) FILTER (WHERE arm = 'A'), 0) AS recorded_a, \
                    coalesce(sum(recorded) FILTER (WHERE arm = 'B'), 0) AS recorded_b \
             FROM events GROUP BY day ORDER BY day",
        )
        .load(connection)
}
