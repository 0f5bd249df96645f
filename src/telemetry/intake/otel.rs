//! OpenTelemetry spans as executions: OTLP's JSON (`resourceSpans`), or one span per line.
//!
//! A span is named after its tool, or carries `tool.name`. Its length is the time, its status the success, its numeric
//! attributes are the context, and its trace and span ids together the execution id.
//! (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>)

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Entry, parse_time};

/// The executions in a document.
///
/// # Errors
/// Why the document cannot be read.
pub(super) fn entries(document: &Value) -> Result<Vec<Entry>, String> {
    let list = |value: &Value, keys: [&str; 2]| -> Vec<Value> {
        let found = keys.iter().find_map(|key| value.get(key)?.as_array());
        found.cloned().unwrap_or_default()
    };
    if document
        .get("resourceSpans")
        .or(document.get("resource_spans"))
        .is_none()
    {
        return span(document, &[]).map(|entry| vec![entry]);
    }
    let mut entries = Vec::new();
    for resource in list(document, ["resourceSpans", "resource_spans"]) {
        let shared = attributes(resource.get("resource").and_then(|it| it.get("attributes")));
        for scope in list(&resource, ["scopeSpans", "scope_spans"]) {
            for it in list(&scope, ["spans", "spans"]) {
                entries.push(span(&it, &shared)?);
            }
        }
    }
    Ok(entries)
}

fn span(span: &Value, shared: &[(String, Value)]) -> Result<Entry, String> {
    let fields = span.as_object().ok_or("the line is not a JSON object")?;
    let text = |keys: &[&str]| {
        keys.iter()
            .find_map(|key| fields.get(*key)?.as_str())
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let mut entry = Entry {
        tool: text(&["name"]),
        ..Entry::default()
    };
    let start = moment(
        fields,
        &[
            "startTimeUnixNano",
            "start_time_unix_nano",
            "start_time",
            "startTime",
        ],
    );
    let end = moment(
        fields,
        &[
            "endTimeUnixNano",
            "end_time_unix_nano",
            "end_time",
            "endTime",
        ],
    );
    entry.at = start.map(DateTime::from_timestamp_nanos);
    entry.time_ms = match (start, end) {
        (Some(start), Some(end)) => Some(end.saturating_sub(start) as f64 / 1e6),
        _ => fields.get("duration_ms").and_then(Value::as_f64),
    };
    if entry.time_ms.is_none() {
        return Err("the span has no start and end".to_owned());
    }
    let status = fields.get("status");
    let code = status.and_then(|it| it.get("code").or(it.get("status_code")));
    entry.success = Some(!is_error(code.or(status)));
    entry.error = status
        .and_then(|it| it.get("message").or(it.get("description")))
        .and_then(Value::as_str)
        .filter(|message| !message.is_empty() && entry.success == Some(false))
        .map(str::to_owned);
    let context = fields.get("context");
    let id = |keys: &[&str]| {
        text(keys).or_else(|| {
            context
                .and_then(|it| keys.iter().find_map(|key| it.get(key)?.as_str()))
                .map(str::to_owned)
        })
    };
    if let (Some(trace), Some(own)) = (id(&["traceId", "trace_id"]), id(&["spanId", "span_id"])) {
        entry.execution_id = Some(format!("{trace}-{own}"));
    }
    let own = attributes(fields.get("attributes"));
    for (name, value) in shared.iter().chain(&own) {
        attribute(&mut entry, name, value)?;
    }
    Ok(entry)
}

fn attribute(entry: &mut Entry, name: &str, value: &Value) -> Result<(), String> {
    let plain = || match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short = name.strip_prefix("toolcat.").unwrap_or(name);
    match short {
        "tool" | "tool.name" => entry.tool = Some(plain()),
        "tool.platform" | "platform" => entry.platform = Some(plain()),
        "tool.version" | "version" => entry.version = Some(plain()),
        "tool.capability" | "capability" => entry.capability = Some(plain()),
        "tool.pattern" | "pattern" => entry.pattern = Some(plain()),
        "deployment.environment" | "deployment.environment.name" | "environment" => {
            entry.environment = Some(plain());
        }
        "enduser.id" | "user.id" | "user" => entry.user = Some(plain()),
        "execution_id" | "tool.execution_id" => entry.execution_id = Some(plain()),
        "error.message" | "exception.message" | "error" => entry.error = Some(plain()),
        "cost" | "tool.cost" => entry.cost = Some(number(name, value)?),
        "rating" | "tool.rating" => entry.rating = Some(number(name, value)?),
        _ => {
            let variable = short.strip_prefix("context.").unwrap_or(short);
            if let Some(number) = value.as_f64() {
                entry.context.push((variable.to_owned(), number));
            }
        }
    }
    Ok(())
}

fn number(name: &str, value: &Value) -> Result<f64, String> {
    value
        .as_f64()
        .or_else(|| value.as_str()?.parse().ok())
        .filter(|number| number.is_finite())
        .ok_or_else(|| format!("attribute `{name}` is not a number: {value}"))
}

/// Attributes as OTLP writes them (a list of typed values) or as an object.
fn attributes(value: Option<&Value>) -> Vec<(String, Value)> {
    match value {
        Some(Value::Object(fields)) => fields.clone().into_iter().collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|pair| {
                Some((
                    pair.get("key")?.as_str()?.to_owned(),
                    typed(pair.get("value")?)?,
                ))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn typed(value: &Value) -> Option<Value> {
    let (kind, value) = value.as_object()?.iter().next()?;
    Some(match (kind.as_str(), value) {
        // 64-bit integers are strings in this encoding
        ("intValue" | "int_value", Value::String(text)) => Value::from(text.parse::<i64>().ok()?),
        _ => value.clone(),
    })
}

/// Nanoseconds since 1970, from a number, a number as text, or a time.
fn moment(fields: &Map<String, Value>, keys: &[&str]) -> Option<i64> {
    keys.iter().find_map(|key| match fields.get(*key)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok().or_else(|| {
            let time: DateTime<Utc> = parse_time(text)?;
            time.timestamp_nanos_opt()
        }),
        _ => None,
    })
}

fn is_error(code: Option<&Value>) -> bool {
    match code {
        Some(Value::Number(number)) => number.as_i64() == Some(2),
        Some(Value::String(text)) => text.to_ascii_uppercase().contains("ERROR"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn otlp_spans_are_executions() {
        let document = json!({"resourceSpans": [{
            "resource": {"attributes": [{"key": "deployment.environment", "value": {"stringValue": "staging"}}]},
            "scopeSpans": [{"spans": [{
                "traceId": "aa", "spanId": "01", "name": "df",
                "startTimeUnixNano": "1767225600000000000", "endTimeUnixNano": "1767225600250000000",
                "status": {"code": 2, "message": "disk gone"},
                "attributes": [{"key": "N", "value": {"intValue": "40"}},
                               {"key": "tool.pattern", "value": {"stringValue": "summary"}},
                               {"key": "host", "value": {"stringValue": "a"}}]
            }]}]
        }]});
        let found = entries(&document).unwrap();
        let entry = &found[0];
        assert_eq!(entry.tool.as_deref(), Some("df"));
        assert_eq!(entry.pattern.as_deref(), Some("summary"));
        assert_eq!(entry.environment.as_deref(), Some("staging"));
        assert_eq!(entry.execution_id.as_deref(), Some("aa-01"));
        assert_eq!(entry.time_ms, Some(250.0));
        assert_eq!(entry.success, Some(false));
        assert_eq!(entry.error.as_deref(), Some("disk gone"));
        assert_eq!(entry.context, [("N".to_owned(), 40.0)]);
    }

    #[test]
    fn a_plain_span_is_read_too() {
        let span = json!({"name": "df", "context": {"trace_id": "0xaa", "span_id": "0x1"},
            "start_time": "2026-01-01T00:00:00.000000Z", "end_time": "2026-01-01T00:00:01.5Z",
            "status": {"status_code": "OK"}, "attributes": {"N": 3}});
        let entry = entries(&span).unwrap().remove(0);
        assert_eq!(entry.time_ms, Some(1500.0));
        assert_eq!(entry.success, Some(true));
        assert_eq!(entry.execution_id.as_deref(), Some("0xaa-0x1"));
        assert!(entries(&json!({"name": "df"})).is_err());
        assert!(entries(&json!(3)).is_err());
    }
}
