//! Reports for people, machines and code hosts: one file per format, each a pure function.

mod github;
mod json;
mod junit;
mod sarif;
mod text;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use super::{Options, Report};

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportFormat {
    /// For people: message, source line, caret.
    Text,
    /// One JSON object.
    Json,
    /// One JSON object per finding and line.
    Jsonl,
    /// Workflow commands of GitHub Actions, shown as annotations.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for CI servers.
    Junit,
}

impl ReportFormat {
    /// Every format.
    pub const ALL: [ReportFormat; 6] = [
        ReportFormat::Text,
        ReportFormat::Json,
        ReportFormat::Jsonl,
        ReportFormat::Github,
        ReportFormat::Sarif,
        ReportFormat::Junit,
    ];

    /// The name used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            ReportFormat::Text => "text",
            ReportFormat::Json => "json",
            ReportFormat::Jsonl => "jsonl",
            ReportFormat::Github => "github",
            ReportFormat::Sarif => "sarif",
            ReportFormat::Junit => "junit",
        }
    }
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ReportFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ReportFormat::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| format!("unknown report format `{text}`"))
    }
}

/// Writes a report on the files of those names, in their order. `colour` matters to the text format
/// alone.
///
/// # Errors
/// If `out` cannot be written.
pub fn render(
    out: &mut dyn Write,
    format: ReportFormat,
    report: &Report,
    files: &[String],
    options: &Options,
    colour: bool,
) -> io::Result<()> {
    let text = match format {
        ReportFormat::Json => return json::render(out, report, options),
        ReportFormat::Jsonl => return json::render_lines(out, report),
        ReportFormat::Sarif => return sarif::render(out, report),
        ReportFormat::Junit => return junit::render(out, report, files, options),
        ReportFormat::Text => text::render(report, options, colour),
        ReportFormat::Github => github::render(report),
    };
    out.write_all(text.as_bytes())
}

/// Text from outside, safe to show: control characters and marks that reorder text are escaped.
fn harmless(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escape = (c.is_control() && c != '\n' && c != '\t')
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let (escaped, plain) = if escape {
                (Some(c.escape_unicode()), None)
            } else {
                (None, Some(c))
            };
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests;
