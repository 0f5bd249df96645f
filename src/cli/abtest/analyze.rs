//! `toolcat abtest analyze`: what was recorded so far, and what the rule says.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::report::{self, MetricLine, Report};
use super::{CommandError, Outcome, Session, html, record};
use crate::abtest::Analysis;
use crate::operations::{Refusal, abtest};
use crate::output::{Format, record as lists};
use crate::store::ab_tests::{Phase, StoredTest, lifecycle, look};
use crate::store::{Connection, StoreError};

/// Steps of the sequences in the HTML report.
const COURSE_STEPS: usize = 24;

/// Judge what was recorded so far.
///
/// Look as often as you like: intervals and p-values are valid at every look. Numbers that are valid for
/// one look only are marked so.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 a winner, 1 none yet or no difference, 5 the data are invalid."
)]
pub struct AnalyzeArgs {
    /// Name of the test
    #[arg(value_name = "NAME")]
    name: String,

    /// Phase to analyse [default: the present one]
    #[arg(long, value_name = "N")]
    phase: Option<i32>,

    /// Also write a report as one HTML file; - is stdout
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// How to write the analysis; name is the verdict
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &AnalyzeArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let test = abtest::find(&mut connection, &args.name)?;
    let phase = phase(&test, args.phase)?;
    let analysis = connection.snapshot(|connection| -> Result<_, Refusal> {
        Ok(look::look(connection, &test, &phase)?)
    })?;
    let report = Report::new(&test, &phase, analysis);
    note(&mut connection, &test, &phase, &report.analysis)?;
    if let Some(path) = &args.html {
        let page = page(&mut connection, &test, &phase, &report)?;
        if path.as_os_str() == "-" {
            write!(session.ui.out(), "{page}")?;
            return Ok(report::outcome(report.verdict()));
        }
        std::fs::write(path, page).map_err(|error| {
            CommandError::invalid(format!("cannot write {}: {error}", path.display()))
        })?;
        session.ui.status(&format!("wrote {}", path.display()));
    }
    match args.format {
        Format::Table | Format::Wide => report::present(session, &report)?,
        other => record::write_value(
            session,
            &report,
            other,
            || report::word(report.verdict()).to_owned(),
            |ui| lists::write_list(ui, &MetricLine::of(&report), other),
        )?,
    }
    Ok(report::outcome(report.verdict()))
}

fn phase(test: &StoredTest, number: Option<i32>) -> Result<Phase, CommandError> {
    if test.started_at.is_none() {
        return Err(CommandError::conflict(format!(
            "A/B test `{}` has not started, so there is nothing to analyse",
            test.test_name
        ))
        .hint(format!(
            "`toolcat abtest start {}` starts it",
            test.test_name
        )));
    }
    let phases = test.phases();
    let wanted = number.unwrap_or(test.phase);
    phases
        .into_iter()
        .find(|phase| phase.phase == wanted)
        .ok_or_else(|| {
            CommandError::not_found(format!(
                "A/B test `{}` has no phase {wanted}: it is in phase {}",
                test.test_name, test.phase
            ))
        })
}

/// The anytime-valid p-values of a look.
pub fn p_values(analysis: &Analysis) -> Value {
    let p: Map<String, Value> = analysis
        .metrics
        .iter()
        .map(|it| (it.metric.to_string(), json!(it.p_now)))
        .collect();
    Value::Object(p)
}

/// Notes the look. A reader who may not write looks all the same.
fn note(
    connection: &mut Connection,
    test: &StoredTest,
    phase: &Phase,
    analysis: &Analysis,
) -> Result<(), CommandError> {
    if phase.ended_at.is_some() {
        return Ok(());
    }
    let noted = connection.append(|connection| {
        lifecycle::note_look(
            connection,
            test,
            phase.phase,
            analysis.recorded,
            report::word(analysis.decision.verdict),
            &p_values(analysis),
        )
    });
    match noted {
        Ok(()) | Err(StoreError::Forbidden(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn page(
    connection: &mut Connection,
    test: &StoredTest,
    phase: &Phase,
    report: &Report,
) -> Result<String, CommandError> {
    let course = connection.snapshot(|connection| -> Result<_, Refusal> {
        Ok(look::course(connection, test, phase, COURSE_STEPS)?)
    })?;
    let days = connection.read(|connection| look::days(connection, test, phase))?;
    let looks = connection.read(|connection| look::noted(connection, test, phase))?;
    Ok(html::page(report, &course, &looks, &days))
}
