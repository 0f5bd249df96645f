//! JUnit XML, which CI servers show as test results: a test case per file, a failure where a
//! finding makes validation fail.

use std::io::{self, Write};

use indexmap::IndexMap;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::harmless;
use crate::validate::{Diagnostic, Options, Report, Severity};

const SUITE: &str = "toolcat validate";

/// One test suite with a test case per file, also for one that holds nothing: a CI server that knew
/// the case yesterday would call it lost.
///
/// # Errors
/// Those of `out`.
pub fn render(
    out: &mut dyn Write,
    report: &Report,
    files: &[String],
    options: &Options,
) -> io::Result<()> {
    let mut cases: IndexMap<&str, Vec<&Diagnostic>> = IndexMap::new();
    for file in files {
        cases.entry(file).or_default();
    }
    for found in &report.diagnostics {
        cases.entry(&found.file).or_default().push(found);
    }
    let mut suite = TestSuite::new(SUITE);
    suite.add_test_cases(cases.iter().map(|(file, found)| case(file, found, options)));
    let mut whole = quick_junit::Report::new(SUITE);
    whole.add_test_suite(suite);
    whole.serialize(out).map_err(io::Error::other)
}

fn case(file: &str, found: &[&Diagnostic], options: &Options) -> TestCase {
    let (failing, other): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
        found.iter().partition(|it| options.fails(it));
    let status = match failing.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut failed = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failed
                .set_type(first.rule)
                .set_message(harmless(&first.message))
                .set_description(lines(&failing));
            failed
        }
    };
    let file = harmless(file);
    let mut case = TestCase::new(file.as_str(), status);
    case.set_classname("toolcat.validate");
    case.extra.insert("file".into(), file.into());
    if !other.is_empty() {
        case.set_system_out(lines(&other));
    }
    case
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
            harmless(&format!(
                "{}:{}:{}: {severity}: {} [{}]{help}",
                it.file, it.line, it.column, it.message, it.rule
            ))
        })
        .collect::<Vec<_>>()
        .join("\n")
}
