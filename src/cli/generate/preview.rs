//! How a new definition looks before it is kept: its text, its estimates drawn, what validation says.

use crate::definition::Document;
use crate::expression::Expression;
use crate::format::{self, Format, Source};
use crate::generate::chart::{Chart, chart};
use crate::output::text;
use crate::validate::{Options, Report, Severity, check_sources};

use super::super::{CommandError, Session};

/// The definitions as YAML.
pub fn yaml(documents: &[Document]) -> Result<String, CommandError> {
    let written = format::write(Format::Yaml, documents)
        .map_err(|error| CommandError::invalid(error.to_string()))?;
    Ok(written.text)
}

/// The text of a definition with a comment beside each value that is a guess.
pub fn with_guesses(yaml: &str, places: &[Vec<String>]) -> String {
    format::yaml::with_comments(yaml, places, "a guess")
}

/// Validates new definitions; findings go to stderr.
///
/// # Errors
/// If one of them is not valid.
pub fn check(session: &Session, documents: &[Document]) -> Result<(), CommandError> {
    let report = report(documents)?;
    show_findings(session, &report);
    match report.count(Severity::Error) {
        0 => Ok(()),
        errors => Err(CommandError::invalid(format!(
            "the definition has {}; nothing was kept",
            text::counted(errors, "error")
        ))
        .hint("change values with --set PATH=VALUE")),
    }
}

/// Shows a definition and what validation says of it; whether it is valid.
pub fn show(session: &Session, document: &Document) -> Result<bool, CommandError> {
    let documents = std::slice::from_ref(document);
    session.ui.status(&format!("\n{}", yaml(documents)?));
    let report = report(documents)?;
    show_findings(session, &report);
    let valid = report.count(Severity::Error) == 0;
    if report.diagnostics.is_empty() {
        session.ui.status("The definition is valid.");
    }
    Ok(valid)
}

fn report(documents: &[Document]) -> Result<Report, CommandError> {
    let source = Source::new("definition", yaml(documents)?.into_bytes());
    let mut options = Options::default();
    options.from = Some(Format::Yaml);
    Ok(check_sources(vec![source], &options))
}

fn show_findings(session: &Session, report: &Report) {
    for finding in &report.diagnostics {
        let place = match finding.pointer.as_str() {
            "" => String::new(),
            pointer => format!("{pointer}: "),
        };
        let help = finding
            .help
            .as_ref()
            .map_or(String::new(), |help| format!("; {help}"));
        let message = format!("{place}{}{help} [{}]", finding.message, finding.rule);
        match finding.severity {
            Severity::Error => session.ui.error(&message),
            _ => session.ui.warn(&message),
        }
    }
}

/// An estimate drawn for small and large input, one line each. `time` says what it is of.
pub fn drawing(expression: &Expression, time: bool) -> String {
    let Chart {
        variable,
        assumed,
        points,
    } = chart(expression);
    let mut drawn = String::new();
    for point in points {
        let label = format!("{variable} = {}", text::grouped(point.size as usize));
        let value = match &point.value {
            Ok(value) if time => text::duration(*value),
            Ok(value) => text::number(*value),
            Err(error) => error.to_string(),
        };
        drawn.push_str(&format!("  {label:<14} {value:>10}  {}\n", point.bar));
        if matches!(point.value, Ok(value) if value < 0.0) {
            drawn.push_str("                 less than nothing: guard it with max(0, ...)\n");
        }
    }
    if !assumed.is_empty() {
        drawn.push_str(&format!("  with {} = 1\n", assumed.join(" = 1, ")));
    }
    drawn.trim_end().to_owned()
}
