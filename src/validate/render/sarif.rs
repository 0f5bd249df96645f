//! SARIF 2.1.0 (OASIS), for code scanning.

use serde_json::{Value, json};

use crate::validate::{Diagnostic, Report, Severity, rules};

/// One run with every rule that was broken and every finding.
pub fn render(report: &Report) -> String {
    let mut broken: Vec<&str> = report.diagnostics.iter().map(|it| it.rule).collect();
    broken.sort_unstable();
    broken.dedup();
    let descriptors: Vec<Value> = broken.iter().map(|id| descriptor(id)).collect();
    let results: Vec<Value> = report
        .diagnostics
        .iter()
        .map(|found| result(found, &broken))
        .collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "toolcat",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": descriptors,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn descriptor(id: &str) -> Value {
    match rules::explain(id) {
        Some(rule) => json!({
            "id": id,
            "shortDescription": {"text": rule.about},
            "defaultConfiguration": {"level": level(rule.severity)},
        }),
        None => json!({"id": id}),
    }
}

fn result(found: &Diagnostic, rules: &[&str]) -> Value {
    let message = match &found.help {
        Some(help) => format!("{} ({help})", found.message),
        None => found.message.clone(),
    };
    let mut result = json!({
        "ruleId": found.rule,
        "level": level(found.severity),
        "message": {"text": message},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&found.file)},
                "region": region(found),
            },
            "logicalLocations": [{"fullyQualifiedName": found.pointer}],
        }],
    });
    if let Ok(index) = rules.binary_search(&found.rule) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(related) = &found.related {
        result["relatedLocations"] = json!([{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&related.file)},
                "region": {"startLine": related.line, "startColumn": related.column},
            },
            "message": {"text": related.message},
        }]);
    }
    result
}

fn region(found: &Diagnostic) -> Value {
    json!({
        "startLine": found.line.max(1),
        "startColumn": found.column.max(1),
        "endLine": found.end_line.max(found.line),
        "endColumn": found.end_column.max(1),
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A path as a relative or absolute URI reference (RFC 3986).
fn uri(path: &str) -> String {
    use std::fmt::Write;
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
