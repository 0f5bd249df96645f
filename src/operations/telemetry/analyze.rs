//! Executions against the estimates: numbers that PostgreSQL computes, and what a fit says of the samples it draws.

use rayon::prelude::*;
use serde::Serialize;

use crate::expression::Expression;
use crate::operations::Refusal;
use crate::store::Connection;
use crate::store::telemetry::{self as store, Ratings, Sampling, Scope, Summary, Unit};
use crate::telemetry::{
    self, Analysis, AnalyzeOptions, ErrorGroup, Measure, Model, Sample, group_errors, success_rate,
};

/// Samples that are drawn in all, where nothing else is asked for, and the least and the most of one pattern.
const SAMPLES_IN_ALL: u64 = 60_000;
const FEWEST_SAMPLES: u64 = 500;
const MOST_SAMPLES: u64 = 4_000;
/// Error messages that are looked at.
const MESSAGES: u64 = 50_000;

/// What is said about the executions of one usage pattern of one version of a tool.
#[derive(Debug, Serialize)]
pub struct Analysed {
    /// The version of the tool, as `platform/name@version`.
    pub tool: String,
    /// The capability.
    pub capability: Option<String>,
    /// The usage pattern.
    pub pattern: Option<String>,
    /// The pattern's present expression.
    pub expression: Option<String>,
    /// Executions; counts, success rate and percentiles are over all of them.
    pub executions: u64,
    /// Executions that the rest was computed from, drawn evenly if there are very many.
    pub sampled: usize,
    /// Share of the failures whose messages were grouped; their counts are scaled up to all.
    pub errors_share: f64,
    /// Sum of the costs.
    pub cost: Option<f64>,
    /// How satisfied users were.
    pub ratings: Option<Ratings>,
    /// What the analysis says of the estimate, to follow the name of the pattern.
    pub sentence: String,
    /// The analysis.
    #[serde(flatten)]
    pub analysis: Analysis,
    /// The samples drawn.
    #[serde(skip)]
    pub samples: Vec<Sample>,
    /// What the executions belong to.
    #[serde(skip)]
    pub unit: Unit,
}

impl Analysed {
    /// `capability.pattern`, or a dash.
    pub fn place(&self) -> String {
        place(&self.unit)
    }
}

/// `capability.pattern`, or a dash where no pattern was named.
pub fn place(unit: &Unit) -> String {
    match (&unit.capability, &unit.pattern) {
        (Some(capability), Some(pattern)) => format!("{capability}.{pattern}"),
        _ => "-".to_owned(),
    }
}

/// The expression of the pattern for that measure.
pub fn expression(unit: &Unit, measure: Measure) -> Option<&str> {
    match measure {
        Measure::Time => unit.time_estimate.as_deref(),
        Measure::Cost => unit.cost_estimate.as_deref(),
    }
}

/// Analyses the executions in the scope, one analysis for each pattern, by tool and pattern. `samples` limits how many
/// executions of a pattern are drawn.
///
/// # Errors
/// [`NoDatabase`](crate::operations::Kind::NoDatabase).
pub fn run(
    connection: &mut Connection,
    scope: &Scope,
    options: &AnalyzeOptions,
    samples: Option<u64>,
) -> Result<Vec<Analysed>, Refusal> {
    let measure = options.measure;
    let (summaries, mut units, mut drawn, mut messages, share) =
        connection.read_consistently(|connection| {
            let summaries = store::summaries(connection, scope, measure)?;
            let keys: Vec<i64> = summaries.iter().map(|it| it.unit).collect();
            let units = store::units(connection, &keys, &[])?;
            let limit = samples.unwrap_or_else(|| limit(summaries.len()));
            let counts = summaries.iter().map(|it| (it.unit, it.executions));
            let sampling = Sampling::at_most(limit, counts);
            let drawn = match summaries.is_empty() {
                true => Default::default(),
                false => store::samples(connection, scope, &sampling, measure)?,
            };
            let failures = summaries
                .iter()
                .map(|it| it.executions - it.successes)
                .sum();
            let (messages, share) = match failures {
                0 => Default::default(),
                _ => store::error_messages(connection, scope, failures, MESSAGES)?,
            };
            Ok((summaries, units, drawn, messages, share))
        })?;
    let mut parts: Vec<Part> = summaries
        .into_iter()
        .filter_map(|summary| {
            Some(Part {
                unit: units.remove(&summary.unit)?,
                samples: drawn.remove(&summary.unit).unwrap_or_default(),
                messages: messages.remove(&summary.unit).unwrap_or_default(),
                share,
                summary,
            })
        })
        .collect();
    parts.sort_by(|a, b| {
        let key = |it: &Part| (it.unit.identity.clone(), it.unit.capability.clone());
        key(a)
            .cmp(&key(b))
            .then_with(|| a.unit.pattern.cmp(&b.unit.pattern))
    });
    let mut analysed: Vec<Analysed> = parts
        .into_par_iter()
        .map(|part| part.analysed(options))
        .collect();
    count_all(connection, scope, &mut analysed, measure)?;
    let mut bursts: Vec<Analysis> = analysed.iter().map(|it| it.analysis.clone()).collect();
    telemetry::adjust_bursts(&mut bursts);
    for (analysed, adjusted) in analysed.iter_mut().zip(bursts) {
        analysed.analysis.failure_bursts = adjusted.failure_bursts;
    }
    Ok(analysed)
}

/// Puts what a sample cannot tell right: bursts of failures and the records between changes are of all executions.
fn count_all(
    connection: &mut Connection,
    scope: &Scope,
    analysed: &mut [Analysed],
    measure: Measure,
) -> Result<(), Refusal> {
    let drawn = |it: &&mut Analysed| (it.sampled as u64) < it.executions;
    let mut drawn: Vec<&mut Analysed> = analysed.iter_mut().filter(drawn).collect();
    if drawn.is_empty() {
        return Ok(());
    }
    let units: Vec<i64> = drawn.iter().map(|it| it.unit.key).collect();
    let failures = connection.read(|connection| store::failures(connection, scope, &units))?;
    for one in &mut drawn {
        let unit = one.unit.key;
        let failed = failures.get(&unit).map(Vec::as_slice).unwrap_or_default();
        one.analysis.failure_bursts = telemetry::failure_bursts(failed, one.executions);
        let changes = &mut one.analysis.changes;
        let times: Vec<_> = changes.iter().map(|it| it.at).collect();
        if times.is_empty() {
            continue;
        }
        let counts = connection
            .read(|connection| store::records_between(connection, scope, unit, &times, measure))?;
        for (change, pair) in changes.iter_mut().zip(counts.windows(2)) {
            (change.records_before, change.records_after) = (pair[0], pair[1]);
        }
    }
    Ok(())
}

fn limit(units: usize) -> u64 {
    let units = u64::try_from(units.max(1)).unwrap_or(u64::MAX);
    (SAMPLES_IN_ALL / units).clamp(FEWEST_SAMPLES, MOST_SAMPLES)
}

/// What is known of one unit before its analysis.
struct Part {
    summary: Summary,
    unit: Unit,
    samples: Vec<Sample>,
    messages: Vec<(String, usize)>,
    share: f64,
}

impl Part {
    fn analysed(self, options: &AnalyzeOptions) -> Analysed {
        let source = expression(&self.unit, options.measure);
        let model = source.and_then(|source| Expression::parse(source).ok());
        let model = model.as_ref().map(|it| it as &dyn Model);
        let mut analysis = telemetry::analyze(&self.samples, model, options);
        let summary = &self.summary;
        analysis.records = usize::try_from(summary.executions).unwrap_or(usize::MAX);
        analysis.success = success_rate(summary.successes, summary.executions, options.level);
        analysis.percentiles.clone_from(&summary.percentiles);
        analysis.from = Some(summary.from);
        analysis.to = Some(summary.to);
        analysis.errors = errors(&self.messages, self.share, options.top_errors);
        Analysed {
            tool: self.unit.identity.to_string(),
            capability: self.unit.capability.clone(),
            pattern: self.unit.pattern.clone(),
            expression: source.map(str::to_owned),
            executions: summary.executions,
            sampled: self.samples.len(),
            errors_share: self.share,
            cost: summary.cost,
            ratings: summary.ratings.clone(),
            sentence: analysis.sentence(),
            analysis,
            samples: self.samples,
            unit: self.unit,
        }
    }
}

/// The most frequent shapes of the messages, with their counts scaled up from the share that was looked at.
fn errors(messages: &[(String, usize)], share: f64, top: usize) -> Vec<ErrorGroup> {
    let each = messages
        .iter()
        .flat_map(|(message, count)| std::iter::repeat_n(message.as_str(), *count));
    let mut groups = group_errors(each);
    groups.truncate(top);
    if share > 0.0 && share < 1.0 {
        for group in &mut groups {
            group.count = (group.count as f64 / share).round() as usize;
        }
    }
    groups
}
