//! Workflow commands of GitHub Actions, which shows them as annotations at the line.
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use std::fmt::Write;

use super::harmless;
use crate::validate::{Report, Severity};

/// One command per finding.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for found in &report.diagnostics {
        let command = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut place = format!(
            "file={},line={},endLine={}",
            property(&found.file),
            found.line,
            found.end_line.max(found.line)
        );
        // Columns are only accepted for a place within one line; their end is inclusive.
        if found.end_line == found.line {
            let last = found.end_column.saturating_sub(1).max(found.column);
            let _ = write!(place, ",col={},endColumn={last}", found.column);
        }
        let message = match &found.help {
            Some(help) => format!("{} [{}]\nhelp: {help}", found.message, found.rule),
            None => format!("{} [{}]", found.message, found.rule),
        };
        let _ = writeln!(
            out,
            "::{command} {place},title={}::{}",
            property(found.rule),
            data(&message)
        );
    }
    out
}

fn data(text: &str) -> String {
    harmless(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
