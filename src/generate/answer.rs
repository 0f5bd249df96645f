//! What an answer must be, and what it becomes in the definition.

use std::str::FromStr;

use serde_json::{Number, Value};

use crate::expression::{Condition, Expression};

/// The most characters of a tool's, a capability's or a pattern's name.
const MAX_NAME: usize = 100;

/// The most characters of a version.
const MAX_VERSION: usize = 20;

/// What an answer must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// A name, at most 100 characters in one line.
    Name,
    /// A version, at most 20 characters without blanks.
    Version,
    /// Any text in one line.
    Text,
    /// One of those.
    Choice(Vec<String>),
    /// Items with commas between them.
    List,
    /// An estimate.
    Expression,
    /// A condition.
    Condition,
    /// A number from 0 to 1.
    Score,
    /// A number.
    Number,
    /// Yes or no.
    Bool,
}

impl FromStr for Check {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "name" => Check::Name,
            "version" => Check::Version,
            "text" => Check::Text,
            "list" => Check::List,
            "expression" => Check::Expression,
            "condition" => Check::Condition,
            "score" => Check::Score,
            "number" => Check::Number,
            "bool" => Check::Bool,
            _ => {
                let choices = text
                    .strip_prefix("choice(")
                    .and_then(|it| it.strip_suffix(')'))
                    .ok_or_else(|| {
                        format!(
                            "unknown check `{text}` (name, version, text, choice(a,b), list, \
                             expression, condition, score, number, bool)"
                        )
                    })?;
                Check::Choice(items(choices))
            }
        })
    }
}

impl Check {
    /// What the answer becomes in the definition.
    ///
    /// # Errors
    /// What is wrong with it, for the person who gave it.
    pub fn read(&self, answer: &str) -> Result<Value, String> {
        let answer = answer.trim();
        if answer.is_empty() {
            return Err("an answer is needed".to_owned());
        }
        if answer.chars().any(char::is_control) {
            return Err("it must be one line without control characters".to_owned());
        }
        match self {
            Check::Text => Ok(answer.into()),
            Check::Name => at_most(answer, MAX_NAME),
            Check::Version if answer.contains(char::is_whitespace) => {
                Err("a version has no blanks".to_owned())
            }
            Check::Version => at_most(answer, MAX_VERSION),
            Check::Choice(choices) => match choices.iter().find(|it| *it == answer) {
                Some(choice) => Ok(choice.as_str().into()),
                None => Err(format!("it must be one of {}", choices.join(", "))),
            },
            Check::List => match items(answer) {
                items if items.is_empty() => Err("at least one item is needed".to_owned()),
                items => Ok(items.into()),
            },
            Check::Expression => match Expression::parse(answer) {
                Ok(_) => Ok(answer.into()),
                Err(error) => Err(error.to_string()),
            },
            Check::Condition => match Condition::parse(answer) {
                Ok(_) => Ok(answer.into()),
                Err(error) => Err(error.to_string()),
            },
            Check::Score => match answer.parse::<f64>() {
                Ok(score) if (0.0..=1.0).contains(&score) => number(answer, score),
                _ => Err("it must be a number from 0 to 1, such as 0.3".to_owned()),
            },
            Check::Number => match answer.parse::<f64>() {
                Ok(value) => number(answer, value),
                Err(_) => Err("it must be a number".to_owned()),
            },
            Check::Bool => match answer.to_lowercase().as_str() {
                "y" | "yes" | "true" => Ok(true.into()),
                "n" | "no" | "false" => Ok(false.into()),
                _ => Err("it must be yes or no".to_owned()),
            },
        }
    }
}

fn at_most(answer: &str, limit: usize) -> Result<Value, String> {
    match answer.chars().count() {
        length if length > limit => Err(format!(
            "it has {length} characters; at most {limit} can be kept"
        )),
        _ => Ok(answer.into()),
    }
}

/// A whole number stays one.
fn number(text: &str, value: f64) -> Result<Value, String> {
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(whole.into());
    }
    Number::from_f64(value)
        .map(Value::Number)
        .ok_or_else(|| "it must be finite".to_owned())
}

/// The items between commas; a semicolon may stand for a comma where items hold commas themselves.
fn items(text: &str) -> Vec<String> {
    let mark = if text.contains(';') { ';' } else { ',' };
    text.split(mark)
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_become_values() {
        for (check, answer, expected) in [
            (Check::Name, " df ", json!("df")),
            (Check::List, "a, b c,,d", json!(["a", "b c", "d"])),
            (Check::List, "a, b; c", json!(["a, b", "c"])),
            (Check::Expression, "5 + N", json!("5 + N")),
            (Check::Condition, "N > 3", json!("N > 3")),
            (Check::Score, "0.3", json!(0.3)),
            (Check::Number, "7", json!(7)),
            (Check::Bool, "Yes", json!(true)),
        ] {
            assert_eq!(check.read(answer), Ok(expected), "{check:?} {answer}");
        }
    }

    #[test]
    fn answers_that_cannot_be_are_refused() {
        let long = "x".repeat(101);
        for (check, answer) in [
            (Check::Name, ""),
            (Check::Name, long.as_str()),
            (Check::Text, "a\u{1b}[2J"),
            (Check::Version, "1 0"),
            (Check::List, ", ,"),
            (Check::Choice(vec!["a".into()]), "b"),
            (Check::Expression, "5 +"),
            (Check::Expression, "system(1)"),
            (Check::Condition, "N >"),
            (Check::Score, "1.1"),
            (Check::Score, "NaN"),
            (Check::Number, "inf"),
            (Check::Bool, "perhaps"),
        ] {
            assert!(check.read(answer).is_err(), "{check:?} {answer}");
        }
    }
}
