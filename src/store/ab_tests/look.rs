//! One look at a test: its records, its health and the rule, together.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Integer, Text, Timestamptz};
use serde::Serialize;

use super::outcomes::{self, Day, Window};
use super::{Phase, StoredTest, UnusableTest};
use crate::abtest::decide::Situation;
use crate::abtest::{Analysis, AnalysisInput, Metric, TestPlan, analyze};
use crate::store::StoreError;

/// Why there is no analysis.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The row cannot be used.
    #[error(transparent)]
    Unusable(#[from] UnusableTest),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for LookError {
    fn from(error: diesel::result::Error) -> Self {
        LookError::Store(error.into())
    }
}

/// A look that was noted.
#[derive(Debug, Clone, PartialEq, QueryableByName, Serialize)]
pub struct NotedLook {
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub looked_at: DateTime<Utc>,
    /// Records (or units) at that time.
    #[diesel(sql_type = BigInt)]
    pub recorded: i64,
    /// The verdict.
    #[diesel(sql_type = Text)]
    pub verdict: String,
}

/// The analysis at one moment of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The moment.
    pub at: DateTime<Utc>,
    /// What was known then.
    pub analysis: Analysis,
}

/// Analyses a phase as it is now.
///
/// # Errors
/// See [`LookError`].
pub fn look(
    connection: &mut PgConnection,
    test: &StoredTest,
    phase: &Phase,
) -> Result<Analysis, LookError> {
    let plan = test.plan(phase)?;
    let window = Window::whole(test, phase);
    let mut recorded = outcomes::recorded(connection, window)?;
    outcomes::add_quantiles(connection, window, plan.confidence, &mut recorded.arms)?;
    let smallest_p = smallest_p(connection, test, phase)?;
    Ok(analyze(&AnalysisInput {
        plan: &plan,
        arms: recorded.arms,
        counts: recorded.counts,
        situation: Situation {
            halves: outcomes::halves(connection, window)?,
            ..situation(test, phase)
        },
        smallest_p: &smallest_p,
    }))
}

fn situation(test: &StoredTest, phase: &Phase) -> Situation {
    Situation {
        elapsed_s: test.elapsed_s(phase),
        ended: phase.ended_at.is_some(),
        halves: None,
    }
}

#[derive(QueryableByName)]
struct Smallest {
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = Double)]
    p: f64,
}

/// The smallest p-value of each metric over the looks at a phase.
fn smallest_p(
    connection: &mut PgConnection,
    test: &StoredTest,
    phase: &Phase,
) -> QueryResult<Vec<(Metric, f64)>> {
    let rows: Vec<Smallest> = diesel::sql_query(
        "SELECT p.key AS metric, min(p.value::float8) AS p FROM tool_ab_looks l, jsonb_each_text(l.p) p \
         WHERE l.test_id = $1 AND l.phase = $2 GROUP BY p.key",
    )
    .bind::<BigInt, _>(test.id)
    .bind::<Integer, _>(phase.phase)
    .load(connection)?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((row.metric.parse().ok()?, row.p)))
        .collect())
}

/// The looks at a phase that were noted, oldest first.
pub fn noted(
    connection: &mut PgConnection,
    test: &StoredTest,
    phase: &Phase,
) -> QueryResult<Vec<NotedLook>> {
    diesel::sql_query(
        "SELECT looked_at, recorded, verdict::text AS verdict FROM tool_ab_looks \
         WHERE test_id = $1 AND phase = $2 ORDER BY id",
    )
    .bind::<BigInt, _>(test.id)
    .bind::<Integer, _>(phase.phase)
    .load(connection)
}

/// How the analysis of a phase went on over time, in about `parts` steps of as many records each.
///
/// # Errors
/// See [`LookError`].
pub fn course(
    connection: &mut PgConnection,
    test: &StoredTest,
    phase: &Phase,
    parts: usize,
) -> Result<Vec<Point>, LookError> {
    let plan: TestPlan = test.plan(phase)?;
    let window = Window::whole(test, phase);
    let mut points = Vec::new();
    for at in outcomes::cuts(connection, window, parts)? {
        let until = Window {
            until: Some(at),
            ..window
        };
        let recorded = outcomes::recorded(connection, until)?;
        let analysis = analyze(&AnalysisInput {
            plan: &plan,
            arms: recorded.arms,
            counts: recorded.counts,
            situation: situation(test, phase),
            smallest_p: &[],
        });
        points.push(Point { at, analysis });
    }
    Ok(points)
}

/// Assignments and records of each day of a phase.
pub fn days(
    connection: &mut PgConnection,
    test: &StoredTest,
    phase: &Phase,
) -> QueryResult<Vec<Day>> {
    outcomes::days(connection, Window::whole(test, phase))
}
