//! Setting one field of a definition by its path.

use serde_json::{Map, Value};

use super::Document;
use super::row::{PATTERN_FIELDS, TOOL_FIELDS};
use crate::reading::json;

/// A field and the value it is to have: `policy.requires_approval=true`.
///
/// A path names a field of the tool (`category`, `metadata.author`), a field of every pattern
/// (`policy.requires_approval`, `scope`), or one from the definition down, where `*` stands for
/// every name (`capabilities.disk_usage.patterns.*.scope`). The value is JSON, or else text.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    path: Vec<String>,
    value: Value,
    text: String,
}

/// An assignment that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssignmentError {
    /// Not of the form PATH=VALUE.
    #[error("`{0}` is not of the form PATH=VALUE")]
    Form(String),
    /// The field names the tool itself.
    #[error("`{0}` is part of a tool's identity and cannot be set")]
    Identity(String),
    /// The value holds a character that PostgreSQL cannot keep.
    #[error("`{0}` cannot be set: a NUL character cannot be kept")]
    Nul(String),
    /// The value is JSON that can be read in two ways.
    #[error("`{0}` cannot be set: {1}")]
    Value(String, String),
    /// The path leads through something that is not a map.
    #[error("`{0}` cannot be set: `{1}` is not a map")]
    NotAMap(String, String),
    /// The path ends in `*`, which stands for names and not for fields.
    #[error(
        "`{0}` cannot be set: `*` stands for every name on the way to a field, and is none itself"
    )]
    NotAField(String),
    /// The path names a capability or pattern that is not there.
    #[error("`{0}` cannot be set: there is no `{1}`")]
    Missing(String, String),
}

impl std::str::FromStr for Assignment {
    type Err = AssignmentError;

    fn from_str(text: &str) -> Result<Self, AssignmentError> {
        let malformed = || AssignmentError::Form(text.to_owned());
        let (path, value) = text.split_once('=').ok_or_else(malformed)?;
        let keys: Vec<String> = path.trim().split('.').map(str::to_owned).collect();
        if keys.iter().any(String::is_empty) || text.contains('\0') {
            return Err(malformed());
        }
        if keys.last().is_some_and(|it| it == "*") {
            return Err(AssignmentError::NotAField(path.to_owned()));
        }
        if ["tool_name", "version", "platform"].contains(&keys[0].as_str()) {
            return Err(AssignmentError::Identity(keys[0].clone()));
        }
        let parsed = match json::value(value.as_bytes()) {
            Ok(parsed) => parsed,
            Err(error) if error.is_data() => {
                return Err(AssignmentError::Value(path.to_owned(), error.to_string()));
            }
            Err(_) => Value::from(value),
        };
        if holds_nul(&parsed) {
            return Err(AssignmentError::Nul(path.to_owned()));
        }
        Ok(Self {
            path: keys,
            value: parsed,
            text: value.to_owned(),
        })
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| key.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

impl Assignment {
    /// The path, joined by dots.
    pub fn path(&self) -> String {
        self.path.join(".")
    }

    /// Makes the assignment.
    ///
    /// # Errors
    /// If the path does not fit the definition.
    pub fn apply(&self, document: &mut Document) -> Result<(), AssignmentError> {
        self.set(document.fields_mut(), &self.whole_path())
    }

    /// The keys from the definition down.
    pub fn whole_path(&self) -> Vec<&str> {
        let first = self.path[0].as_str();
        let of_patterns =
            PATTERN_FIELDS.contains(&first) && !TOOL_FIELDS.contains(&first) && first != "examples";
        let start: &[&str] = match of_patterns {
            true => &["capabilities", "*", "patterns", "*"],
            false => &[],
        };
        let keys = self.path.iter().map(String::as_str);
        start.iter().copied().chain(keys).collect()
    }

    fn set(&self, map: &mut Map<String, Value>, path: &[&str]) -> Result<(), AssignmentError> {
        let Some((&key, rest)) = path.split_first() else {
            return Ok(());
        };
        if rest.is_empty() {
            let value = self.fitted(key, map.get(key));
            map.insert(key.to_owned(), value);
            return Ok(());
        }
        if key == "*" {
            for (name, value) in map.iter_mut() {
                self.within(name, value, rest)?;
            }
            return Ok(());
        }
        if !map.contains_key(key) {
            // Only plain maps of values are made; a capability needs more than this.
            if rest[0] == "patterns" {
                return Err(AssignmentError::Missing(self.path(), key.to_owned()));
            }
            map.insert(key.to_owned(), Value::Object(Map::new()));
        }
        match map.get_mut(key) {
            Some(value) => self.within(key, value, rest),
            None => Ok(()),
        }
    }

    fn within(&self, name: &str, value: &mut Value, rest: &[&str]) -> Result<(), AssignmentError> {
        match value {
            Value::Object(map) => self.set(map, rest),
            _ => Err(AssignmentError::NotAMap(self.path(), name.to_owned())),
        }
    }

    /// Text stays text where the field holds text, whatever the value looks like.
    fn fitted(&self, key: &str, present: Option<&Value>) -> Value {
        const TEXTS: &[&str] = &[
            "owner",
            "status",
            "category",
            "description",
            "scope",
            "completeness",
            "effect",
        ];
        let is_text = present.is_some_and(Value::is_string) || TEXTS.contains(&key);
        match &self.value {
            Value::Number(_) | Value::Bool(_) if is_text => Value::from(self.text.clone()),
            value => value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(assignment: &str) -> Result<Value, AssignmentError> {
        let Value::Object(fields) = json!({
            "tool_name": "df", "category": "filesystem",
            "capabilities": {"c": {"description": "d", "patterns": {
                "one": {"policy": {"max_cost": 1}}, "two": {}}}}
        }) else {
            panic!("an object is needed")
        };
        let mut document = Document::new(fields);
        assignment.parse::<Assignment>()?.apply(&mut document)?;
        Ok(document.to_value())
    }

    #[test]
    fn a_value_that_can_be_read_in_two_ways_is_refused() {
        let refused = set("metadata={\"a\":1,\"a\":2}").unwrap_err().to_string();
        assert!(
            refused.contains("the key `a` stands here twice"),
            "{refused}"
        );
        // What is no JSON is text.
        assert_eq!(set("category={a").unwrap()["category"], json!("{a"));
    }

    #[test]
    fn a_field_of_the_tool_is_set() {
        assert_eq!(set("category=7").unwrap()["category"], json!("7"));
        assert_eq!(set("enabled=false").unwrap()["enabled"], json!(false));
        assert_eq!(
            set("metadata.tags=[\"a\"]").unwrap()["metadata"],
            json!({"tags": ["a"]})
        );
    }

    #[test]
    fn a_field_of_patterns_is_set_in_each() {
        let patterns =
            &set("policy.requires_approval=true").unwrap()["capabilities"]["c"]["patterns"];
        assert_eq!(
            patterns["one"]["policy"],
            json!({"max_cost": 1, "requires_approval": true})
        );
        assert_eq!(
            patterns["two"]["policy"],
            json!({"requires_approval": true})
        );
        let patterns =
            &set("capabilities.*.patterns.two.scope=all").unwrap()["capabilities"]["c"]["patterns"];
        assert_eq!(patterns["two"]["scope"], json!("all"));
        assert_eq!(patterns["one"].get("scope"), None);
    }

    #[test]
    fn what_cannot_be_set_is_refused() {
        for bad in [
            "category",
            "=1",
            "a..b=1",
            "version=2",
            "category.x=1",
            "metadata.*=1",
            "capabilities.none.patterns.one.scope=x",
            r#"metadata.x=["a\u0000"]"#,
            r#"metadata={"a\u0000": 1}"#,
        ] {
            assert!(set(bad).is_err(), "{bad}");
        }
    }
}
