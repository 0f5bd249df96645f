//! The report as JSON.

use serde_json::json;

use crate::validate::{Options, Report, Severity};

/// One object: `valid`, `files`, `definitions`, `errors`, `warnings`, `notes`, `diagnostics`.
pub fn render(report: &Report, options: &Options) -> String {
    let object = json!({
        "valid": !report.fails(options),
        "files": report.files,
        "definitions": report.documents.len(),
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "notes": report.count(Severity::Note),
        "diagnostics": report.diagnostics,
    });
    format!("{object:#}\n")
}

/// One object per finding.
pub fn render_lines(report: &Report) -> String {
    report
        .diagnostics
        .iter()
        .map(|diagnostic| format!("{}\n", json!(diagnostic)))
        .collect()
}
