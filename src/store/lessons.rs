//! What telemetry says about the candidates of a selection.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text, Timestamptz};

use super::StoreError;
use crate::select::Candidate;
use crate::select::learned::Lesson;
use crate::statistics::median;
use crate::telemetry::levels;

/// So many of the latest records of a pattern are compared with its estimate.
const LATEST: i64 = 1_000;

type Key = [String; 5];

#[derive(QueryableByName)]
struct LessonRow {
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Text)]
    tool_name: String,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    capability_name: String,
    #[diesel(sql_type = Text)]
    pattern_name: String,
    #[diesel(sql_type = BigInt)]
    records: i64,
    #[diesel(sql_type = BigInt)]
    successes: i64,
    #[diesel(sql_type = Array<Timestamptz>)]
    timed_at: Vec<DateTime<Utc>>,
    #[diesel(sql_type = Array<Double>)]
    time_ratios: Vec<f64>,
    #[diesel(sql_type = Array<Timestamptz>)]
    charged_at: Vec<DateTime<Utc>>,
    #[diesel(sql_type = Array<Double>)]
    costs: Vec<f64>,
    #[diesel(sql_type = Array<Double>)]
    expected_costs: Vec<f64>,
}

impl LessonRow {
    fn lesson(&self) -> Lesson {
        let (time_ratio, timed) = time_ratio(&self.timed_at, &self.time_ratios);
        let (cost_ratio, charged) = cost_ratio(&self.charged_at, &self.costs, &self.expected_costs);
        Lesson {
            records: u64::try_from(self.records).unwrap_or(0),
            successes: u64::try_from(self.successes).unwrap_or(0),
            time_ratio,
            cost_ratio,
            time_records: Some(timed),
            cost_records: Some(charged),
        }
    }
}

/// The median ratio since the last change of level, and the records behind it.
fn time_ratio(at: &[DateTime<Utc>], ratios: &[f64]) -> (Option<f64>, u64) {
    let logarithms: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
    let since = last_change(at, &logarithms);
    let counted = ratios.get(since..).unwrap_or_default();
    (median(counted), counted.len() as u64)
}

/// The ratio of the sums since the last change of level, and the records behind it: a cost is a mean.
fn cost_ratio(at: &[DateTime<Utc>], costs: &[f64], expected: &[f64]) -> (Option<f64>, u64) {
    // a cost of nothing has no logarithm, and is far from any level
    let logarithms: Vec<f64> = costs
        .iter()
        .zip(expected)
        .map(|(cost, expected)| (cost / expected).max(1e-9).ln())
        .collect();
    let since = last_change(at, &logarithms);
    let sum = |values: &[f64]| values.get(since..).unwrap_or_default().iter().sum::<f64>();
    let records = costs.len().saturating_sub(since) as u64;
    let ratio = (records > 0).then(|| sum(costs) / sum(expected));
    (ratio, records)
}

fn last_change(at: &[DateTime<Utc>], logarithms: &[f64]) -> usize {
    let changes = levels(at, logarithms).changes;
    changes.last().map_or(0, |(index, _)| *index)
}

fn key(candidate: &Candidate) -> Key {
    [
        candidate.platform.clone(),
        candidate.tool.clone(),
        candidate.version.clone(),
        candidate.capability.clone(),
        candidate.pattern.clone(),
    ]
}

/// Gives each candidate what its records in that environment, or in none, teach, in one statement. Ratios are of the
/// latest records, since their last change of level; time is compared in runs that succeeded, and in those that were
/// stopped at their limit.
///
/// # Errors
/// The database's error, if the query fails.
pub fn teach<'a>(
    connection: &mut PgConnection,
    candidates: impl Iterator<Item = &'a mut Candidate>,
    environment: Option<&str>,
) -> Result<(), StoreError> {
    let candidates: Vec<&mut Candidate> = candidates.collect();
    let (platforms, names, versions) = tools(candidates.iter().map(|it| &**it));
    let rows: Vec<LessonRow> = diesel::sql_query(include_str!("lessons.sql"))
        .bind::<Array<Text>, _>(platforms)
        .bind::<Array<Text>, _>(names)
        .bind::<Array<Text>, _>(versions)
        .bind::<Nullable<Text>, _>(environment)
        .bind::<BigInt, _>(LATEST)
        .load(connection)?;
    let lessons: HashMap<Key, Lesson> = rows
        .into_iter()
        .map(|row| {
            let lesson = row.lesson();
            let key = [
                row.platform,
                row.tool_name,
                row.version,
                row.capability_name,
                row.pattern_name,
            ];
            (key, lesson)
        })
        .collect();
    for candidate in candidates {
        candidate.lesson = lessons.get(&key(candidate)).copied();
    }
    Ok(())
}

/// The median of a context variable in the records of some tools.
#[derive(Debug, Clone, PartialEq, QueryableByName)]
pub struct Median {
    /// The variable.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its median.
    #[diesel(sql_type = Double)]
    pub value: f64,
    /// In how many records it has a value.
    #[diesel(sql_type = BigInt)]
    pub records: i64,
}

/// The medians of those context variables over the records of the candidates' tools, by name.
///
/// # Errors
/// The database's error, if the query fails.
pub fn medians<'a>(
    connection: &mut PgConnection,
    candidates: impl Iterator<Item = &'a Candidate>,
    variables: &[String],
) -> Result<Vec<Median>, StoreError> {
    let (platforms, names, versions) = tools(candidates);
    Ok(diesel::sql_query(
        "SELECT v.key AS name, count(*) AS records, \
                percentile_cont(0.5) WITHIN GROUP (ORDER BY (v.value #>> '{}')::float8) AS value \
         FROM (SELECT DISTINCT * FROM unnest($1, $2, $3)) k(platform, tool_name, version) \
         JOIN tools t USING (platform, tool_name, version) \
         JOIN tool_telemetry x ON x.tool_id = t.id \
         CROSS JOIN LATERAL jsonb_each(x.context_variables) v \
         WHERE v.key = ANY ($4) AND jsonb_typeof(v.value) = 'number' \
         GROUP BY v.key ORDER BY v.key COLLATE \"C\"",
    )
    .bind::<Array<Text>, _>(platforms)
    .bind::<Array<Text>, _>(names)
    .bind::<Array<Text>, _>(versions)
    .bind::<Array<Text>, _>(variables)
    .load(connection)?)
}

fn tools<'a>(
    candidates: impl Iterator<Item = &'a Candidate>,
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (mut platforms, mut names, mut versions) = (Vec::new(), Vec::new(), Vec::new());
    for candidate in candidates {
        platforms.push(candidate.platform.clone());
        names.push(candidate.tool.clone());
        versions.push(candidate.version.clone());
    }
    (platforms, names, versions)
}
