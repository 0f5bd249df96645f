//! JUnit XML, which CI servers show as test results: a test case per file, a failure where a
//! finding makes validation fail.

use std::fmt::Write;

use indexmap::IndexMap;

use crate::validate::{Diagnostic, Options, Report, Severity};

/// One test suite with a test case per file, also for one that holds nothing: a CI server that knew
/// the case yesterday would call it lost.
pub fn render(report: &Report, files: &[String], options: &Options) -> String {
    let mut cases: IndexMap<&str, Vec<&Diagnostic>> = IndexMap::new();
    for file in files {
        cases.entry(file).or_default();
    }
    for found in &report.diagnostics {
        cases.entry(&found.file).or_default().push(found);
    }
    let failed = |found: &[&Diagnostic]| found.iter().any(|it| options.fails(it));
    let failures = cases.values().filter(|found| failed(found)).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites>\n  <testsuite name=\"toolcat validate\" tests=\"{}\" failures=\"{failures}\" \
         errors=\"0\" skipped=\"0\">",
        cases.len()
    );
    for (file, found) in &cases {
        let _ = write!(
            out,
            "    <testcase classname=\"toolcat.validate\" name=\"{}\" file=\"{}\"",
            escape(file),
            escape(file)
        );
        if found.is_empty() {
            out.push_str("/>\n");
            continue;
        }
        out.push_str(">\n");
        let (failing, other): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
            found.iter().partition(|it| options.fails(it));
        if let Some(first) = failing.first() {
            let _ = writeln!(
                out,
                "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                escape(first.rule),
                escape(&first.message),
                escape(&lines(&failing))
            );
        }
        if !other.is_empty() {
            let _ = writeln!(
                out,
                "      <system-out>{}</system-out>",
                escape(&lines(&other))
            );
        }
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn lines(found: &[&Diagnostic]) -> String {
    found
        .iter()
        .map(|it| {
            let severity: Severity = it.severity;
            let help = it
                .help
                .as_ref()
                .map_or_else(String::new, |help| format!(" ({help})"));
            format!(
                "{}:{}:{}: {severity}: {} [{}]{help}",
                it.file, it.line, it.column, it.message, it.rule
            )
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Text for XML 1.0, which has no form for most control characters.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}
