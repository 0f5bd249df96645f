//! The report as JSON, written finding by finding: it may be larger than what it is about.

use std::io::{self, Write};

use serde::Serialize;

use crate::validate::{Diagnostic, Options, Report, Severity};

/// The whole report.
#[derive(Serialize)]
struct Whole<'a> {
    valid: bool,
    files: usize,
    definitions: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    diagnostics: &'a [Diagnostic],
}

/// One object: `valid`, `files`, `definitions`, `errors`, `warnings`, `notes`, `diagnostics`.
///
/// # Errors
/// If `out` cannot be written.
pub fn render(out: &mut dyn Write, report: &Report, options: &Options) -> io::Result<()> {
    let whole = Whole {
        valid: !report.fails(options),
        files: report.files,
        definitions: report.definitions,
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
        notes: report.count(Severity::Note),
        diagnostics: &report.diagnostics,
    };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}

/// One object per finding.
///
/// # Errors
/// If `out` cannot be written.
pub fn render_lines(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    for diagnostic in &report.diagnostics {
        serde_json::to_writer(&mut *out, diagnostic)?;
        writeln!(out)?;
    }
    Ok(())
}
