//! A definition read for use: typed, with defaults applied.

use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::document::with_default;
use super::row::PATTERN_FIELDS;
use super::{Document, DocumentError, Effect, Identity, Invocation};

/// A tool with its capabilities, ready to be ranked, shown or compared.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Tool {
    /// The tool's name, unique on its platform.
    pub tool_name: String,
    /// The version of the definition.
    pub version: String,
    /// What the tool is for.
    pub description: String,
    /// Where it runs, such as `linux` or `network`.
    pub platform: String,
    /// What kind of tool it is, such as `filesystem`.
    pub category: String,
    /// Where the definition stands in its life.
    #[serde(default)]
    pub status: Status,
    /// Whether the tool may be selected at all.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Who answers for the definition.
    #[serde(default)]
    pub owner: Option<String>,
    /// Author, tags, links: free-form.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// What the tool can do, by capability name.
    pub capabilities: IndexMap<String, Capability>,
}

/// One thing that a tool can do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Capability {
    /// What it does.
    #[serde(default)]
    pub description: String,
    /// The ways of using the tool for it, by pattern name.
    #[serde(default)]
    pub patterns: IndexMap<String, Pattern>,
}

/// One way of using a tool, with what it is expected to take and to cost.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Pattern {
    /// What this way of using the tool does.
    #[serde(default)]
    pub description: String,
    /// Jobs this pattern is used for, in the words of a user.
    #[serde(default)]
    pub typical_use_cases: Vec<String>,
    /// Expression for the expected time in milliseconds.
    #[serde(deserialize_with = "expression_text")]
    pub time_estimate_ms: String,
    /// Expression for the expected cost, in the catalog's unit of cost.
    #[serde(deserialize_with = "expression_text")]
    pub cost_estimate: String,
    /// How hard it is to use, 0 (simple) to 1.
    pub complexity_score: f64,
    /// What it covers: one item, a batch, everything.
    #[serde(default)]
    pub scope: String,
    /// How complete its result is.
    #[serde(default)]
    pub completeness: String,
    /// What it cannot do.
    #[serde(default)]
    pub limitations: Vec<Value>,
    /// What it does to what it works on; none if it is to be inferred.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// When and by whom it may be run.
    #[serde(default)]
    pub policy: Policy,
    /// How well it serves each preference.
    #[serde(default)]
    pub preference_match: PreferenceMatch,
    /// Inputs it cannot run without.
    #[serde(default)]
    pub required_inputs: Vec<Value>,
    /// Inputs it accepts.
    #[serde(default)]
    pub optional_inputs: Vec<Value>,
    /// What it returns.
    #[serde(default)]
    pub expected_outputs: Vec<Value>,
    /// How it is run.
    #[serde(default)]
    pub invocation: Option<Invocation>,
    /// Worked examples.
    #[serde(default)]
    pub examples: Vec<Value>,
}

/// The rules under which a pattern may be run. Unknown rules are kept in the document and have no
/// effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// The highest cost at which the pattern may be chosen.
    pub max_cost: Option<f64>,
    /// Above this N it runs in the background.
    #[serde(rename = "max_N_immediate")]
    pub max_n_immediate: Option<f64>,
    /// The longest time it may be expected to take, in milliseconds.
    pub max_execution_time: Option<f64>,
    /// Whether a person must approve each run.
    pub requires_approval: bool,
    /// Condition under which it runs in the background.
    pub requires_background_if: Option<String>,
    /// Whether it may run in a production environment; it may unless the definition says no.
    pub production_safe: bool,
    /// Permissions the caller must hold.
    pub required_permissions: Vec<String>,
    /// Environments it may run in; empty for all.
    pub allowed_environments: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_cost: None,
            max_n_immediate: None,
            max_execution_time: None,
            requires_approval: false,
            requires_background_if: None,
            production_safe: true,
            required_permissions: Vec::new(),
            allowed_environments: Vec::new(),
        }
    }
}

/// How well a pattern serves each preference, 0 to 1 each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PreferenceMatch {
    /// How well it serves who wants speed.
    pub speed: f64,
    /// How accurate its result is.
    pub accuracy: f64,
    /// How well it serves who wants low cost.
    pub cost: f64,
    /// How well it serves who wants simplicity.
    pub complexity: f64,
    /// How complete its result is.
    pub completeness: f64,
}

impl Default for PreferenceMatch {
    fn default() -> Self {
        Self {
            speed: 0.5,
            accuracy: 0.5,
            cost: 0.5,
            complexity: 0.5,
            completeness: 0.5,
        }
    }
}

/// Where a definition stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// May be selected.
    #[default]
    Active,
    /// Still works, but something else should be used.
    Deprecated,
    /// Switched off.
    Disabled,
    /// Being tried; not selected by default.
    Testing,
}

impl Status {
    /// Every status, in the order of a tool's life.
    pub const ALL: [Status; 4] = [
        Status::Testing,
        Status::Active,
        Status::Deprecated,
        Status::Disabled,
    ];

    /// The name used in files and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Deprecated => "deprecated",
            Status::Disabled => "disabled",
            Status::Testing => "testing",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Status::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| {
                format!("unknown status `{text}` (active, deprecated, disabled, testing)")
            })
    }
}

impl Tool {
    pub(super) fn from_document(document: &Document) -> Result<Self, DocumentError> {
        let mut fields = document.fields().clone();
        apply_defaults(&mut fields);
        serde_json::from_value(Value::Object(fields)).map_err(|error| DocumentError {
            subject: document.label(),
            message: error.to_string(),
        })
    }

    /// Platform, name and version.
    pub fn identity(&self) -> Identity {
        Identity {
            platform: self.platform.clone(),
            name: self.tool_name.clone(),
            version: self.version.clone(),
        }
    }

    /// The tags in the metadata.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.metadata
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }
}

/// Gives every pattern the values it takes from the tool's `defaults`.
fn apply_defaults(tool: &mut Map<String, Value>) {
    let Some(Value::Object(defaults)) = tool.get("defaults").cloned() else {
        return;
    };
    let patterns = tool
        .get_mut("capabilities")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(|capabilities| capabilities.values_mut())
        .filter_map(|capability| capability.get_mut("patterns")?.as_object_mut())
        .flat_map(|patterns| patterns.values_mut())
        .filter_map(Value::as_object_mut);
    for pattern in patterns {
        for field in PATTERN_FIELDS {
            if let Some(value) = with_default(pattern.get(*field), defaults.get(*field)) {
                pattern.insert((*field).to_owned(), value);
            }
        }
    }
}

fn expression_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum TextOrNumber {
        Text(String),
        Number(serde_json::Number),
    }
    Ok(match TextOrNumber::deserialize(deserializer)? {
        TextOrNumber::Text(text) => text,
        TextOrNumber::Number(number) => number.to_string(),
    })
}

fn yes() -> bool {
    true
}
