//! `toolcat abtest analyze`: what was recorded so far, and what the rule says.

use std::path::PathBuf;

use clap::Args;

use super::report::{self, MetricLine};
use super::{CommandError, Outcome, Session, record};
use crate::operations::abtest::analyze;
use crate::output::{Format, record as lists};
use crate::report::abtest as pages;

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
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &AnalyzeArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let judged = analyze::run(&mut connection, &args.name, args.phase)?;
    let report = &judged.report;
    if let Some(path) = &args.html {
        let course = analyze::course(&mut connection, &judged)?;
        let made = session.made(&mut connection)?;
        let page = pages::page(report, &course, &made);
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
        Format::Table | Format::Wide => report::present(session, report)?,
        other => record::write_value(
            session,
            report,
            other,
            || analyze::word(report.verdict()).to_owned(),
            |ui| lists::write_list(ui, &MetricLine::of(report), other),
        )?,
    }
    Ok(report::outcome(report.verdict()))
}
