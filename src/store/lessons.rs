//! What telemetry says about the candidates of a selection.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text};

use super::StoreError;
use crate::select::Candidate;
use crate::select::learned::Lesson;

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
    #[diesel(sql_type = Nullable<Double>)]
    time_ratio: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    cost_ratio: Option<f64>,
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

/// Gives each candidate the sum of its records, in one statement. Time is compared in successful
/// runs only.
///
/// # Errors
/// As the query.
pub fn teach<'a>(
    connection: &mut PgConnection,
    candidates: impl Iterator<Item = &'a mut Candidate>,
) -> Result<(), StoreError> {
    let candidates: Vec<&mut Candidate> = candidates.collect();
    let (platforms, names, versions) = tools(candidates.iter().map(|it| &**it));
    let rows: Vec<LessonRow> = diesel::sql_query(
        "SELECT t.platform, t.tool_name, t.version, c.capability_name, p.pattern_name, \
                count(*) AS records, count(*) FILTER (WHERE x.success) AS successes, \
                percentile_cont(0.5) WITHIN GROUP (ORDER BY x.actual_time_ms / x.estimated_time_ms) \
                    FILTER (WHERE x.success AND x.estimated_time_ms > 0) AS time_ratio, \
                percentile_cont(0.5) WITHIN GROUP (ORDER BY x.actual_cost::float8 / x.estimated_cost) \
                    FILTER (WHERE x.estimated_cost > 0) AS cost_ratio \
         FROM (SELECT DISTINCT * FROM unnest($1, $2, $3)) k(platform, tool_name, version) \
         JOIN tools t USING (platform, tool_name, version) \
         JOIN tool_telemetry x ON x.tool_id = t.id \
         JOIN tool_patterns p ON p.id = x.pattern_id \
         JOIN tool_capabilities c ON c.id = p.capability_id \
         GROUP BY 1, 2, 3, 4, 5",
    )
    .bind::<Array<Text>, _>(platforms)
    .bind::<Array<Text>, _>(names)
    .bind::<Array<Text>, _>(versions)
    .load(connection)?;
    let lessons: HashMap<Key, Lesson> = rows
        .into_iter()
        .map(|row| {
            let key = [
                row.platform,
                row.tool_name,
                row.version,
                row.capability_name,
                row.pattern_name,
            ];
            let lesson = Lesson {
                records: u64::try_from(row.records).unwrap_or(0),
                successes: u64::try_from(row.successes).unwrap_or(0),
                time_ratio: row.time_ratio,
                cost_ratio: row.cost_ratio,
            };
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
/// As the query.
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
