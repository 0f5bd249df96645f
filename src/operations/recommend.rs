//! Better estimates from telemetry, or why there are none; and what is recommended, written as the next version.

use serde::Serialize;

use super::refusal::Flaw;
use super::telemetry::Executions;
use super::telemetry::analyze::{expression, place};
use super::{Caller, Kind, Refusal};
use crate::definition::diff::diff_documents;
use crate::definition::{Document, Identity, ValidDefinition};
use crate::expression::Expression;
use crate::store::Connection;
use crate::store::telemetry::{self as store, NewEstimate, Sampling, Unit};
use crate::telemetry::{self, Measure, Outcome, Recommendation, RefitOptions, Sample};
use crate::validate::{self, Options};
use crate::words::counted;

/// Executions of a pattern that are looked at, at most, if nothing else is asked for.
pub const SAMPLES: u64 = 20_000;

/// What is to be estimated better.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The executions to learn from. Without a version, the versions in use are looked at.
    pub executions: Executions,
    /// What is measured.
    pub measure: Measure,
    /// Estimate this quantile, between 0 and 1, instead of the median (time) or the mean (cost).
    pub quantile: Option<f64>,
    /// Most executions of a pattern to look at.
    pub samples: u64,
}

/// The answer for one usage pattern.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The version of the tool.
    pub tool: String,
    /// The capability.
    pub capability: Option<String>,
    /// The pattern.
    pub pattern: Option<String>,
    /// Median |actual - estimate| / estimate of the present estimate, in percent.
    pub median_error_percent: Option<f64>,
    /// What is recommended, or why nothing is.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// `capability.pattern`.
    #[serde(skip)]
    pub place: String,
    #[serde(skip)]
    unit: Unit,
}

impl Answer {
    /// Whether there is something to apply: a recommendation for the version in use.
    pub fn is_applicable(&self) -> bool {
        self.unit.is_latest && self.outcome.recommendation().is_some()
    }
}

/// Refits every pattern that has executions and, where a tool is named, all of its patterns.
///
/// # Errors
/// As [`Executions::scope`].
pub fn run(connection: &mut Connection, request: &Request) -> Result<Vec<Answer>, Refusal> {
    let scope = request.executions.scope(connection)?;
    let measure = request.measure;
    let named = scope.tools.clone().unwrap_or_default();
    let (units, mut samples) = connection.read_consistently(|connection| {
        let summaries = store::summaries(connection, &scope, measure)?;
        let keys: Vec<i64> = summaries.iter().map(|it| it.unit).collect();
        let units = store::units(connection, &keys, &named)?;
        let counts = summaries.iter().map(|it| (it.unit, it.executions));
        let sampling = Sampling::at_most(request.samples, counts);
        let samples = store::samples(connection, &scope, &sampling, measure)?;
        Ok((units, samples))
    })?;
    let one_version = request.executions.version.is_some() || named.len() == 1;
    let mut units: Vec<Unit> = units
        .into_values()
        .filter(|unit| unit.pattern.is_some() && (one_version || unit.is_latest))
        .collect();
    units.sort_by_key(|unit| (unit.identity.clone(), unit.key));
    let options = RefitOptions {
        measure,
        quantile: request.quantile,
        ..RefitOptions::default()
    };
    let answers = units.into_iter().filter_map(|unit| {
        let samples = samples.remove(&unit.key).unwrap_or_default();
        answer(unit, &samples, &options)
    });
    Ok(answers.collect())
}

fn answer(unit: Unit, samples: &[Sample], options: &RefitOptions) -> Option<Answer> {
    let current = Expression::parse(expression(&unit, options.measure)?).ok()?;
    let outcome = telemetry::recommend(samples, &current, options);
    let median_error_percent = match &outcome {
        Outcome::Recommend(it) => Some(it.evidence.current_median_absolute_error_percent),
        Outcome::Refuse(it) => it
            .calibration
            .as_ref()
            .map(|it| it.median_absolute_error_percent),
    };
    Some(Answer {
        tool: unit.identity.to_string(),
        capability: unit.capability.clone(),
        pattern: unit.pattern.clone(),
        place: place(&unit),
        median_error_percent,
        outcome,
        unit,
    })
}

/// The evidence in a line.
pub fn evidence(it: &Recommendation) -> String {
    if let (true, Some(calibration)) = (it.only_rescaled, &it.calibration) {
        let (ratio, interval) = calibration.ratio();
        let range = interval.map_or_else(String::new, |it| {
            format!(" (interval {:.2} to {:.2})", it.low, it.high)
        });
        return format!(
            "the {} of actual / estimate is {ratio:.2}{range} over {}: surely off, though no other form predicts better",
            calibration.estimand,
            counted(calibration.records, "record")
        );
    }
    let evidence = &it.evidence;
    let falls = match evidence.error == "gamma_deviance" {
        true => format!(
            "the mean of actual / estimate is {:.2}; the deviance falls from {:.2} to {:.2}",
            it.calibration.as_ref().map_or(1.0, |it| it.ratio().0),
            evidence.current_error,
            evidence.cross_validated_error,
        ),
        false => format!(
            "the median error falls from {:.1} % to {:.1} %",
            evidence.current_median_absolute_error_percent,
            evidence.cross_validated_median_absolute_error_percent,
        ),
    };
    format!(
        "{falls} over {} in {}-fold cross-validation (p {:.1e}, {})",
        counted(evidence.records, "record"),
        evidence.folds,
        evidence.p,
        evidence.test.replace('_', " ")
    )
}

/// Writes the next version of each tool with what is recommended; all or none. Returns each version with the
/// one it was made from; none if nothing is recommended.
///
/// # Errors
/// [`Kind::Invalid`] if a definition would not be valid, [`Kind::Conflict`] if a version is no longer the one
/// in use; nothing is written then.
pub fn apply(
    connection: &mut Connection,
    caller: &Caller,
    answers: &[Answer],
) -> Result<Vec<(Identity, Identity)>, Refusal> {
    let estimates: Vec<NewEstimate> = answers.iter().filter_map(estimate).collect();
    if estimates.is_empty() {
        return Ok(Vec::new());
    }
    let written = store::apply(connection, &caller.act(None), &estimates, check)?;
    if !caller.dry_run {
        caller.kept.done();
    }
    Ok(written)
}

/// The estimate that an answer recommends, with its evidence for the audit log.
fn estimate(answer: &Answer) -> Option<NewEstimate> {
    let it = answer.outcome.recommendation()?;
    Some(NewEstimate {
        tool_id: answer.unit.tool_id,
        capability: answer.unit.capability.clone()?,
        pattern: answer.unit.pattern.clone()?,
        field: match it.measure {
            Measure::Time => "time_estimate_ms",
            Measure::Cost => "cost_estimate",
        },
        expression: it.expression.clone(),
        evidence: format!(
            "telemetry: {} from `{}` to `{}`: {}",
            answer.place,
            it.current,
            it.expression,
            evidence(it)
        ),
    })
}

/// Validates a definition with new estimates.
fn check(present: &Document, document: Document) -> Result<ValidDefinition, Refusal> {
    let changes = diff_documents(present, &document);
    let name = document.label();
    validate::changed(document, &changes, &Options::default()).map_err(|problems| {
        let flaws = problems.into_iter().map(|it| Flaw::new(&name, it));
        let message = format!("{name} would not be valid; nothing was written");
        Refusal::new(Kind::Invalid, message).flaws(flaws.collect())
    })
}
