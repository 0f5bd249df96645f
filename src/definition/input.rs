//! An input of a pattern, as far as using the pattern needs it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An input of a pattern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its name, by which placeholders and expressions mean it.
    pub name: String,
    /// What kind of value it takes, such as `path` or `integer`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The value that counts if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

impl Input {
    /// An input as a definition has it: its name, or a map that describes it.
    pub fn of(written: &Value) -> Option<Self> {
        let text = |key: &str| Some(written.get(key)?.as_str()?.to_owned());
        Some(Self {
            name: written
                .as_str()
                .map(str::to_owned)
                .or_else(|| text("name"))?,
            kind: text("type"),
            default: written.get("default").filter(|it| !it.is_null()).cloned(),
        })
    }

    /// The inputs of a list.
    pub fn list<'a>(written: impl IntoIterator<Item = &'a Value>) -> Vec<Self> {
        written.into_iter().filter_map(Self::of).collect()
    }
}
