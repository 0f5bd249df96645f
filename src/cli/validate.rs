//! `toolcat validate`: every problem of every definition, at its place.

use clap::Args;

use crate::format::{self, Format};
use crate::validate::render;
use crate::validate::{Options, Report, Severity, check};

use super::{CommandError, Outcome, Session};

/// Check definitions, and report every problem at its place.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat validate definitions/\n  \
                        toolcat validate --strict 'catalog/**/*.yaml'")]
pub struct ValidateArgs {
    /// Files, folders or globs to check; - is stdin
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Format to read [default: found by itself]
    #[arg(long, value_name = "FORMAT")]
    from_format: Option<Format>,

    /// Let warnings count as errors
    #[arg(long)]
    strict: bool,
}

pub fn run(args: &ValidateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let inputs = format::collect(&args.paths).map_err(input_error)?;
    let mut options = Options::default();
    options.from = args.from_format;
    options.strict = args.strict || session.config.validate.strict;
    let report = check(&inputs, &options);
    let color = session.ui.color();
    let text = render::render(render::ReportFormat::Text, &report, &options, color);
    session.ui.out().write_all(text.as_bytes())?;
    Ok(if report.fails(&options) {
        Outcome::No
    } else {
        Outcome::Done
    })
}

/// A path that cannot be read.
pub fn input_error(error: format::Error) -> CommandError {
    CommandError::invalid(error.to_string())
}

/// Shows what keeps definitions from being used, on stderr.
pub fn show_errors(session: &Session, report: &Report) {
    for diagnostic in &report.diagnostics {
        if diagnostic.severity == Severity::Error {
            session.ui.error(&format!(
                "{}:{}:{}: {} [{}]",
                diagnostic.file,
                diagnostic.line,
                diagnostic.column,
                diagnostic.message,
                diagnostic.rule
            ));
        }
    }
}
