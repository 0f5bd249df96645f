//! Filling the gaps of a template.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::definition::Document;

use super::template::Template;

/// Answers by the name of the gap, as they were given.
pub type Answers = BTreeMap<String, String>;

/// An answer that is missing or cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct AnswerError {
    /// The gap.
    pub name: String,
    /// What is wrong.
    pub message: String,
}

/// The definition with every gap filled: by the answer, else by the question's default. A gap that
/// is the whole of a value takes the answer's type; inside a text its text.
///
/// # Errors
/// Every answer that is missing or cannot be used.
pub fn fill(template: &Template, answers: &Answers) -> Result<Document, Vec<AnswerError>> {
    let mut values = BTreeMap::new();
    let mut errors = Vec::new();
    for question in &template.questions {
        let answer = answers
            .get(&question.name)
            .map_or(question.default.as_str(), String::as_str);
        match question.check.read(answer) {
            Ok(value) => {
                values.insert(question.name.as_str(), value);
            }
            Err(message) => errors.push(AnswerError {
                name: question.name.clone(),
                message,
            }),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let body = Value::Object(template.body.fields().clone());
    match filled(body, &values) {
        Value::Object(fields) => Ok(Document::new(fields)),
        _ => Ok(Document::new(Map::new())),
    }
}

/// A path with its gaps filled by the answers, or by the defaults.
pub fn in_path(template: &Template, answers: &Answers, path: &str) -> String {
    let values = template
        .questions
        .iter()
        .map(|question| {
            let answer = answers.get(&question.name).unwrap_or(&question.default);
            (question.name.as_str(), answer.replace('.', "\\.").into())
        })
        .collect();
    in_text(path, &values)
}

fn filled(value: Value, values: &BTreeMap<&str, Value>) -> Value {
    match value {
        Value::String(text) => {
            match text
                .strip_prefix("{{")
                .and_then(|it| it.strip_suffix("}}"))
                .and_then(|name| values.get(name))
            {
                Some(value) => value.clone(),
                None => in_text(&text, values).into(),
            }
        }
        Value::Array(items) => items.into_iter().map(|it| filled(it, values)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (in_text(&key, values), filled(value, values)))
            .collect(),
        other => other,
    }
}

/// The text with its gaps filled; an answer is never looked at for gaps again.
fn in_text(text: &str, values: &BTreeMap<&str, Value>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = gap(rest) {
        filled.push_str(before);
        match values.get(name) {
            Some(value) => filled.push_str(&plain(value)),
            None => filled.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The text before the next gap, its name, and the text after it.
fn gap(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name, after))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The names of all gaps of a template's body.
pub fn gaps(body: &Document) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in body.fields() {
        find(&Value::from(key.as_str()), &mut found);
        find(value, &mut found);
    }
    found
}

fn find(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some((_, name, after)) = gap(rest) {
                found.push(name.to_owned());
                rest = after;
            }
        }
        Value::Array(items) => items.iter().for_each(|it| find(it, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                find(&Value::from(key.as_str()), found);
                find(value, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template() -> Template {
        Template::parse(
            "x",
            "# ask name | Name? | default: | check: name\n\
             # ask tags | Tags? | default: a, b | check: list\n\
             # ask safe | Safe? | default: yes | check: bool\n\
             tool_name: '{{name}}'\ntags: '{{tags}}'\nsafe: '{{safe}}'\n\
             'use_{{name}}': 'run {{name}} with {{tags}}'\n",
        )
        .unwrap()
    }

    #[test]
    fn gaps_take_the_type_of_the_answer() {
        let answers = Answers::from([("name".to_owned(), "{{tags}}".to_owned())]);
        let filled = fill(&template(), &answers).unwrap().to_value();
        assert_eq!(
            filled,
            json!({"tool_name": "{{tags}}", "tags": ["a", "b"], "safe": true,
                   "use_{{tags}}": "run {{tags}} with a, b"})
        );
    }

    #[test]
    fn every_bad_answer_is_reported() {
        let answers = Answers::from([("safe".to_owned(), "perhaps".to_owned())]);
        let errors = fill(&template(), &answers).unwrap_err();
        let names: Vec<&str> = errors.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["name", "safe"]);
    }
}
