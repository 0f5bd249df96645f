//! SARIF 2.1.0 (OASIS), for code scanning.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::validate::{Diagnostic, Report, Severity, rules};

/// The whole log. The findings are turned into JSON one by one.
#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    column_kind: &'static str,
    results: Results<'a>,
}

struct Results<'a> {
    found: &'a [Diagnostic],
    rules: &'a [&'a str],
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.found.iter().map(|found| result(found, self.rules)))
    }
}

/// One run with every rule that was broken and every finding.
///
/// # Errors
/// If `out` cannot be written.
pub fn render(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let mut broken: Vec<&str> = report.diagnostics.iter().map(|it| it.rule).collect();
    broken.sort_unstable();
    broken.dedup();
    let descriptors: Vec<Value> = broken.iter().map(|id| descriptor(id)).collect();
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: json!({"driver": {
                "name": "toolcat",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": descriptors,
            }}),
            column_kind: "unicodeCodePoints",
            results: Results {
                found: &report.diagnostics,
                rules: &broken,
            },
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
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
