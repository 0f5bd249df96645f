//! OpenTelemetry spans as executions: OTLP's JSON (`resourceSpans`), a list of spans, or one span.
//!
//! A span is named after its tool, or carries `tool.name` or, by the conventions for generative AI, `gen_ai.tool.name`.
//! Its length is the time, its status the success, its own numeric attributes that can be variables are the context,
//! and its trace and span ids together the execution id. Those of the process that sent it are no inputs.
//! (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>,
//! <https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/#execute-tool-span>)

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Entry, Odd, parse_time};

/// How the conventions name the span of a tool that an agent called, before the tool's name.
const TOOL_CALL: &str = "execute_tool";

/// The executions in a document. A span that cannot be read says what it is named after, so that those of other
/// things can be passed over.
///
/// # Errors
/// Why the document cannot be read.
pub(super) fn entries(document: Value) -> Result<Vec<Result<Entry, Odd>>, String> {
    let mut found = Vec::new();
    collect(document, &mut found)?;
    Ok(found)
}

fn collect(document: Value, found: &mut Vec<Result<Entry, Odd>>) -> Result<(), String> {
    match document {
        Value::Array(documents) => documents.into_iter().try_for_each(|it| collect(it, found)),
        Value::Object(mut fields) => {
            match take(&mut fields, &["resourceSpans", "resource_spans"]) {
                Some(resources) => resources.for_each(|it| resource(it, found)),
                None => found.push(span(fields, &[])),
            }
            Ok(())
        }
        _ => Err("it is not a JSON object".to_owned()),
    }
}

/// The list under one of those names, taken out.
fn take(
    fields: &mut Map<String, Value>,
    names: &[&str],
) -> Option<impl Iterator<Item = Value> + use<>> {
    let list = names.iter().find_map(|name| fields.remove(*name))?;
    match list {
        Value::Array(list) => Some(list.into_iter()),
        _ => Some(Vec::new().into_iter()),
    }
}

fn resource(resource: Value, found: &mut Vec<Result<Entry, Odd>>) {
    let Value::Object(mut fields) = resource else {
        return;
    };
    let shared = attributes(fields.get("resource").and_then(|it| it.get("attributes")));
    let scopes = take(&mut fields, &["scopeSpans", "scope_spans"]);
    for scope in scopes.into_iter().flatten() {
        let Value::Object(mut scope) = scope else {
            continue;
        };
        for it in take(&mut scope, &["spans"]).into_iter().flatten() {
            found.push(match it {
                Value::Object(fields) => span(fields, &shared),
                other => Err(Odd::other("a span is not a JSON object", &other)),
            });
        }
    }
}

/// Reads a span; one that is odd is handed back with its text.
fn span(fields: Map<String, Value>, shared: &[(String, Value)]) -> Result<Entry, Odd> {
    let own = attributes(fields.get("attributes"));
    let mut entry = Entry {
        tool: tool(&fields, shared, &own),
        ..Entry::default()
    };
    match fill(&mut entry, &fields, shared, &own) {
        Ok(()) => Ok(entry),
        Err(reason) => {
            let reason = match &entry.execution_id {
                Some(id) => format!("span {id}: {reason}"),
                None => reason,
            };
            Err(Odd {
                tool: entry.tool,
                reason,
                text: Some(Value::Object(fields).to_string()),
            })
        }
    }
}

/// What the span is named after.
fn tool(
    fields: &Map<String, Value>,
    shared: &[(String, Value)],
    own: &[(String, Value)],
) -> Option<String> {
    let named = |wanted: &[&str]| {
        let all = own.iter().chain(shared);
        let mut found = all.filter(|(name, _)| wanted.contains(&name.as_str()));
        found.find_map(|(_, value)| value.as_str().map(str::to_owned))
    };
    let name = fields.get("name").and_then(Value::as_str);
    named(&["toolcat.tool", "toolcat.tool.name", "tool", "tool.name"])
        .or_else(|| named(&["gen_ai.tool.name"]))
        .or_else(|| {
            let name = name?;
            let called = name.strip_prefix(TOOL_CALL).map(str::trim);
            let called = called.filter(|called| !called.is_empty());
            Some(called.unwrap_or(name).to_owned())
        })
        .filter(|name| !name.is_empty())
}

fn fill(
    entry: &mut Entry,
    fields: &Map<String, Value>,
    shared: &[(String, Value)],
    own: &[(String, Value)],
) -> Result<(), String> {
    entry.execution_id = execution_id(fields);
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
    for (name, value) in shared {
        attribute(entry, name, value, false)?;
    }
    for (name, value) in own {
        attribute(entry, name, value, true)?;
    }
    let said = status
        .and_then(|it| it.get("message").or(it.get("description")))
        .and_then(Value::as_str)
        .filter(|message| !message.is_empty())
        .map(str::to_owned);
    entry.error = match entry.success {
        Some(false) => said.or(entry.error.take()),
        _ => None,
    };
    Ok(())
}

fn execution_id(fields: &Map<String, Value>) -> Option<String> {
    let context = fields.get("context").and_then(Value::as_object);
    let id = |keys: &[&str]| {
        let places = [Some(fields), context];
        places.into_iter().flatten().find_map(|place| {
            let mut found = keys.iter().filter_map(|key| place.get(*key)?.as_str());
            found.find(|text| !text.is_empty())
        })
    };
    let trace = id(&["traceId", "trace_id"])?;
    let own = id(&["spanId", "span_id"])?;
    Some(format!("{trace}-{own}"))
}

/// Takes an attribute of the span or, if it is not its own, of the process that sent it.
fn attribute(entry: &mut Entry, name: &str, value: &Value, own: bool) -> Result<(), String> {
    let plain = || match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short = name.strip_prefix("toolcat.").unwrap_or(name);
    match short {
        // what it is named after was found before
        "tool" | "tool.name" | "gen_ai.tool.name" => {}
        "tool.platform" | "platform" => entry.platform = Some(plain()),
        "tool.version" | "version" => entry.version = Some(plain()),
        "tool.capability" | "capability" => entry.capability = Some(plain()),
        "tool.pattern" | "pattern" => entry.pattern = Some(plain()),
        "deployment.environment" | "deployment.environment.name" | "environment" => {
            entry.environment = Some(plain());
        }
        "enduser.id" | "user.id" | "user" => entry.user = Some(plain()),
        "execution_id" | "tool.execution_id" => entry.execution_id = Some(plain()),
        "error" if value.is_boolean() => {
            entry.success = Some(entry.success == Some(true) && value == &Value::Bool(false));
        }
        // set where the operation ended in an error, and only there
        "error.type" if own => {
            entry.success = Some(false);
            entry.error.get_or_insert_with(plain);
        }
        "error.message" | "exception.message" | "error" => entry.error = Some(plain()),
        "cost" | "tool.cost" => entry.cost = Some(number(name, value)?),
        "rating" | "tool.rating" => entry.rating = Some(number(name, value)?),
        _ => {
            let variable = short.strip_prefix("context.").unwrap_or(short);
            let given = variable != name || (own && !name.contains('.'));
            if let Some(number) = value.as_f64().filter(|_| given) {
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
        let entry = one(document);
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
        let entry = one(span);
        assert_eq!(entry.time_ms, Some(1500.0));
        assert_eq!(entry.success, Some(true));
        assert_eq!(entry.execution_id.as_deref(), Some("0xaa-0x1"));
        assert!(entries(json!({"name": "df"})).unwrap()[0].is_err());
        assert!(entries(json!(3)).is_err());
    }

    /// T4: what names the process is not an input; T1: a boolean `error` is the outcome and no message.
    #[test]
    fn attributes_of_the_process_are_no_inputs() {
        let pid = json!({"key": "process.pid", "value": {"intValue": "1000"}});
        let span = json!({"traceId": "aa", "spanId": "01", "name": "df",
            "startTimeUnixNano": 1, "endTimeUnixNano": 400_001,
            "attributes": {"N": 4, "thread.id": 7, "context.size": 9, "error": true}});
        let document = json!({"resourceSpans": [{"resource": {"attributes": [pid]},
            "scopeSpans": [{"spans": [span]}]}]});
        let entry = one(document);
        let inputs = [("N".to_owned(), 4.0), ("size".to_owned(), 9.0)];
        assert_eq!(entry.context, inputs);
        assert_eq!((entry.time_ms, entry.success), (Some(0.4), Some(false)));
        assert_eq!(entry.error, None);
    }

    #[test]
    fn calls_of_tools_by_agents_are_executions_of_the_tool() {
        let call = |name: &str, attributes: Value| {
            one(json!({"name": name, "duration_ms": 12.5, "attributes": attributes}))
        };
        let named = json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "df",
                           "error.type": "timeout"});
        let entry = call("execute_tool df", named);
        assert_eq!(entry.tool.as_deref(), Some("df"));
        assert_eq!(entry.success, Some(false));
        assert_eq!(entry.error.as_deref(), Some("timeout"));
        assert_eq!(
            call("execute_tool du", json!({})).tool.as_deref(),
            Some("du")
        );
        let both = json!({"gen_ai.tool.name": "search", "tool.name": "rg@14"});
        assert_eq!(
            call("execute_tool search", both).tool.as_deref(),
            Some("rg@14")
        );
    }

    /// T1: an odd span refuses itself alone, by its id and with what it is named after.
    #[test]
    fn an_odd_span_leaves_the_others_alone() {
        let span = |name: &str, rating: &str| {
            json!({"traceId": "aa", "spanId": name, "name": name, "duration_ms": 1,
                   "attributes": {"rating": rating}})
        };
        let found = entries(json!([
            span("df", "5"),
            span("GET", "PG-13"),
            span("du", "4")
        ]));
        let found = found.unwrap();
        assert!(found[0].is_ok() && found[2].is_ok());
        let odd = found[1].as_ref().unwrap_err();
        assert_eq!(odd.tool.as_deref(), Some("GET"));
        assert!(odd.reason.starts_with("span aa-GET: attribute `rating`"));
        assert!(odd.text.as_deref().unwrap_or_default().contains("PG-13"));
    }

    fn one(document: Value) -> Entry {
        entries(document).unwrap().remove(0).unwrap()
    }
}
