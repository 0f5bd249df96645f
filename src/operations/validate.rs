//! Definitions validated without being imported.

use super::Refusal;
use crate::format::{Format, Problem, Source};
use crate::store::Connection;
use crate::store::import::Step;
use crate::validate::{self, Diagnostic, Options, Report, Severity};

/// Every finding of one text, which may hold several definitions; `name` stands for its file.
pub fn text(name: &str, bytes: impl Into<Vec<u8>>, format: Option<Format>) -> Report {
    let mut options = Options::default();
    options.from = format;
    validate::check_sources(vec![Source::new(name, bytes)], &options)
}

/// Adds a finding for each definition whose version the catalog holds with other content.
///
/// # Errors
/// [`NoDatabase`](super::Kind::NoDatabase).
pub fn against_catalog(connection: &mut Connection, report: &mut Report) -> Result<(), Refusal> {
    let documents = report.documents.iter();
    let loaded: Vec<_> = documents
        .filter(|it| it.document.identity().is_some())
        .collect();
    let documents: Vec<_> = loaded.iter().map(|it| &it.document).collect();
    let plan = connection.plan(&documents)?;
    let mut findings = Vec::new();
    for (loaded, step) in loaded.iter().zip(&plan.steps) {
        let Step::Conflict { changes, .. } = step else {
            continue;
        };
        let fields: Vec<&str> = changes.iter().map(|it| it.field.as_str()).collect();
        let version = loaded.node.get("version");
        let span = version.map_or(loaded.origin.span, |version| version.span);
        let message = format!(
            "the catalog holds {} with other content: {}",
            loaded.document.label(),
            fields.join(", ")
        );
        let problem = Problem::new("catalog/version-exists", span, message)
            .at("/version")
            .help("give the changed definition a new version");
        let file = &loaded.origin.file;
        findings.push(Diagnostic::new(file, problem, Severity::Error));
    }
    report.add(findings);
    Ok(())
}
