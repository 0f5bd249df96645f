//! An execution as a file or a command line gives it, before it is checked.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::parse_time;
use crate::expression::nearest;
use crate::reading::json;

/// An execution as it was given. Nothing is checked beyond what a field's type needs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// The tool, as `[platform/]name[@version]`.
    pub tool: Option<String>,
    /// Its platform, if it is given apart.
    pub platform: Option<String>,
    /// Its version, if it is given apart.
    pub version: Option<String>,
    /// The capability.
    pub capability: Option<String>,
    /// The usage pattern.
    pub pattern: Option<String>,
    /// The caller's name for the execution.
    pub execution_id: Option<String>,
    /// Who or what ran it.
    pub user: Option<String>,
    /// Where it ran.
    pub environment: Option<String>,
    /// Milliseconds it took.
    pub time_ms: Option<f64>,
    /// What it cost.
    pub cost: Option<f64>,
    /// Milliseconds that were expected; computed from the pattern where absent.
    pub estimated_time_ms: Option<f64>,
    /// Cost that was expected; computed from the pattern where absent.
    pub estimated_cost: Option<f64>,
    /// Whether it succeeded.
    pub success: Option<bool>,
    /// Why it failed.
    pub error: Option<String>,
    /// Values of the variables of the estimates.
    pub context: Vec<(String, f64)>,
    /// When it ran.
    pub at: Option<DateTime<Utc>>,
    /// How satisfied the user was, 1 to 5.
    pub rating: Option<f64>,
}

/// A field of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// `tool`.
    Tool,
    /// `platform`.
    Platform,
    /// `version`.
    Version,
    /// `capability`.
    Capability,
    /// `pattern`.
    Pattern,
    /// `execution_id`.
    ExecutionId,
    /// `user`.
    User,
    /// `environment`.
    Environment,
    /// `time_ms`.
    Time,
    /// `cost`.
    Cost,
    /// `estimated_time_ms`.
    EstimatedTime,
    /// `estimated_cost`.
    EstimatedCost,
    /// `success`.
    Success,
    /// `error`.
    Error,
    /// `context`, an object.
    Context,
    /// `context.NAME`, one variable.
    Variable(String),
    /// `at`.
    At,
    /// `rating`.
    Rating,
}

/// The names of the fields; beside them the names of the table's columns are read.
const NAMES: &[(&str, Field)] = &[
    ("tool", Field::Tool),
    ("platform", Field::Platform),
    ("version", Field::Version),
    ("capability", Field::Capability),
    ("pattern", Field::Pattern),
    ("execution_id", Field::ExecutionId),
    ("user", Field::User),
    ("environment", Field::Environment),
    ("time_ms", Field::Time),
    ("cost", Field::Cost),
    ("estimated_time_ms", Field::EstimatedTime),
    ("estimated_cost", Field::EstimatedCost),
    ("success", Field::Success),
    ("error", Field::Error),
    ("context", Field::Context),
    ("at", Field::At),
    ("rating", Field::Rating),
    ("tool_name", Field::Tool),
    ("capability_name", Field::Capability),
    ("pattern_name", Field::Pattern),
    ("user_id", Field::User),
    ("actual_time_ms", Field::Time),
    ("actual_cost", Field::Cost),
    ("error_message", Field::Error),
    ("context_variables", Field::Context),
    ("executed_at", Field::At),
];

impl Field {
    /// The field of that name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(variable) = name.strip_prefix("context.") {
            return (!variable.is_empty()).then(|| Self::Variable(variable.to_owned()));
        }
        NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, field)| field.clone())
    }

    /// The nearest known name, for "did you mean".
    pub fn near(name: &str) -> Option<&'static str> {
        nearest(name, NAMES.iter().map(|(known, _)| *known))
    }
}

impl Entry {
    /// Reads a JSON object. Fields that are not known are handed to `unknown`.
    ///
    /// # Errors
    /// The first field whose value cannot be used, and why.
    pub fn from_json(
        fields: Map<String, Value>,
        unknown: &mut dyn FnMut(&str),
    ) -> Result<Self, String> {
        let mut entry = Self::default();
        let mut said: Vec<Field> = Vec::new();
        for (name, value) in fields {
            let field = Field::named(&name);
            if let Some(field) = field.clone().filter(|_| !value.is_null()) {
                if said.contains(&field) {
                    return Err(format!("`{name}` says what another field has said"));
                }
                said.push(field);
            }
            match (field, value) {
                (_, Value::Null) => {}
                (None, _) => unknown(&name),
                (Some(field), Value::String(text)) => entry.set(&field, &name, &text)?,
                (Some(Field::Context), Value::Object(context)) => {
                    for (variable, value) in context {
                        entry.set_variable(&variable, &value)?;
                    }
                }
                (Some(Field::Success), Value::Bool(success)) => entry.success = Some(success),
                (Some(field), Value::Number(number)) => {
                    entry.set(&field, &name, &number.to_string())?;
                }
                (Some(_), value) => return Err(format!("`{name}` cannot be {}", kind(&value))),
            }
        }
        Ok(entry)
    }

    /// Sets a field from text; empty text leaves it unset.
    ///
    /// # Errors
    /// Why the text cannot be used, with the name that the field was given by.
    pub fn set(&mut self, field: &Field, name: &str, text: &str) -> Result<(), String> {
        let number =
            || number(text).ok_or_else(|| format!("`{name}` is not a number: {}", shown(text)));
        if text.is_empty() {
            return Ok(());
        }
        match field {
            Field::Tool => self.tool = Some(text.to_owned()),
            Field::Platform => self.platform = Some(text.to_owned()),
            Field::Version => self.version = Some(text.to_owned()),
            Field::Capability => self.capability = Some(text.to_owned()),
            Field::Pattern => self.pattern = Some(text.to_owned()),
            Field::ExecutionId => self.execution_id = Some(text.to_owned()),
            Field::User => self.user = Some(text.to_owned()),
            Field::Environment => self.environment = Some(text.to_owned()),
            Field::Error => self.error = Some(text.to_owned()),
            Field::Time => self.time_ms = Some(number()?),
            Field::Cost => self.cost = Some(number()?),
            Field::EstimatedTime => self.estimated_time_ms = Some(number()?),
            Field::EstimatedCost => self.estimated_cost = Some(number()?),
            Field::Rating => self.rating = Some(number()?),
            Field::Success => {
                let success = truth(text)
                    .ok_or_else(|| format!("`{name}` is not true or false: {}", shown(text)))?;
                self.success = Some(success);
            }
            Field::At => {
                let at = parse_time(text)
                    .ok_or_else(|| format!("`{name}` is not a time: {}", shown(text)))?;
                self.at = Some(at);
            }
            Field::Context => {
                let context = match json::value(text.as_bytes()) {
                    Ok(Value::Object(context)) => context,
                    Err(error) if error.is_data() => return Err(format!("`{name}`: {error}")),
                    _ => return Err(format!("`{name}` is not a JSON object: {}", shown(text))),
                };
                for (variable, value) in context {
                    self.set_variable(&variable, &value)?;
                }
            }
            Field::Variable(variable) => {
                let value = number()?;
                self.context.push((variable.clone(), value));
            }
        }
        Ok(())
    }

    fn set_variable(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let number = match value {
            Value::Null => return Ok(()),
            Value::Number(number) => number.as_f64(),
            Value::String(text) => number(text),
            _ => None,
        };
        let number = number
            .filter(|number| number.is_finite())
            .ok_or_else(|| format!("context value `{name}` is not a number: {value}"))?;
        self.context.push((name.to_owned(), number));
        Ok(())
    }
}

/// A number as text, of any size; `nan` and `inf` are not numbers.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|it: &f64| it.is_finite())
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" | "success" => Some(true),
        "false" | "f" | "no" | "n" | "0" | "failure" => Some(false),
        _ => None,
    }
}

/// The beginning of a value, for a message.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!("`{start}{dots}`")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Entry, String> {
        let Value::Object(fields) = value else {
            panic!("an object is needed")
        };
        Entry::from_json(fields, &mut |_| {})
    }

    #[test]
    fn fields_go_by_their_names_and_by_the_names_of_columns() {
        let short = read(
            json!({"tool": "df", "time_ms": 5, "success": true, "user": "a",
                                "context": {"N": 3}}),
        );
        let long = read(
            json!({"tool_name": "df", "actual_time_ms": "5", "success": "true",
                               "user_id": "a", "context_variables": {"N": "3"}}),
        );
        assert_eq!(short, long);
        assert_eq!(short.unwrap().context, [("N".to_owned(), 3.0)]);
    }

    #[test]
    fn values_of_the_wrong_kind_are_named() {
        for (value, message) in [
            (
                json!({"time_ms": "NaN"}),
                "`time_ms` is not a number: `NaN`",
            ),
            (
                json!({"time_ms": true}),
                "`time_ms` cannot be true or false",
            ),
            (
                json!({"context": {"N": "many"}}),
                "context value `N` is not a number: \"many\"",
            ),
            (
                json!({"context": {"N": [1]}}),
                "context value `N` is not a number: [1]",
            ),
            (json!({"at": "soon"}), "`at` is not a time: `soon`"),
            (
                json!({"success": "perhaps"}),
                "`success` is not true or false: `perhaps`",
            ),
        ] {
            assert_eq!(read(value), Err(message.to_owned()));
        }
    }

    #[test]
    fn unknown_fields_are_handed_out() {
        let mut unknown = Vec::new();
        let Value::Object(fields) = json!({"tool": "df", "tim_ms": 3}) else {
            panic!()
        };
        Entry::from_json(fields, &mut |name| unknown.push(name.to_owned())).unwrap();
        assert_eq!(unknown, ["tim_ms"]);
        assert_eq!(Field::near("tim_ms"), Some("time_ms"));
    }
}
