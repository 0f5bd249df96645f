//! One capability of one tool, as the selection index keeps it.

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::definition::row::{CapabilityRow, ToolRow};
use crate::definition::{DocumentError, Effect, Input, example_commands};
use crate::select::estimate::Compiled;
use crate::select::retrieval::{CapabilityText, Kept, PatternText, Text};
use crate::select::{Candidate, Usage};

/// What scoring needs of a capability of a tool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Where the tool runs.
    pub platform: String,
    /// The tool's name.
    pub tool: String,
    /// The version of its definition.
    pub version: String,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The patterns.
    pub patterns: Vec<PatternEntry>,
}

/// What scoring needs of a pattern. Policy and preferences stay as the catalog writes them until a
/// selection reads them: making the index need not understand them, and one that cannot be read
/// harms nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PatternEntry {
    /// The pattern's name.
    pub name: String,
    /// Expression, milliseconds.
    pub time: String,
    /// Expression, units of cost.
    pub cost: String,
    /// 0 to 1.
    pub complexity: f64,
    /// When and by whom it may be run.
    pub policy: Box<RawValue>,
    /// How well it serves each preference.
    pub preference: Box<RawValue>,
    /// What it does to what it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// How it is run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation: Option<Box<RawValue>>,
    /// Inputs that it cannot run without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<Input>,
    /// Inputs that it accepts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<Input>,
    /// Examples of its use, as they are typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

/// The texts of a capability, in the order of the entry's patterns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// What the tool does; in the first capability's texts alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tool: String,
    /// What the capability does.
    pub description: String,
    /// Description and use cases of each pattern.
    pub patterns: Vec<(String, Vec<String>)>,
}

impl Entry {
    /// What scoring needs of a capability, from its definition.
    ///
    /// # Errors
    /// If a value cannot be written as JSON, which its type excludes.
    pub fn new(tool: &ToolRow, capability: &CapabilityRow) -> serde_json::Result<Self> {
        let patterns = capability.patterns.iter().map(|pattern| {
            Ok(PatternEntry {
                name: pattern.pattern_name.clone(),
                time: pattern.time_estimate_ms.clone(),
                cost: pattern.cost_estimate.clone(),
                complexity: pattern.complexity_score,
                policy: to_raw_value(&pattern.policy)?,
                preference: to_raw_value(&pattern.preference_match)?,
                effect: pattern.effect.clone(),
                invocation: pattern.invocation.as_ref().map(to_raw_value).transpose()?,
                required: inputs(Some(&pattern.required_inputs)),
                optional: inputs(Some(&pattern.optional_inputs)),
                examples: commands(Some(&pattern.examples)),
            })
        });
        Ok(Self {
            platform: tool.platform.clone(),
            tool: tool.tool_name.clone(),
            version: tool.version.clone(),
            tags: strings(tool.metadata.get("tags")),
            patterns: patterns.collect::<serde_json::Result<_>>()?,
        })
    }

    /// The candidates that it holds.
    ///
    /// # Errors
    /// If a policy or a preference was changed by hand into something that cannot be read.
    pub fn candidates(&self, capability: &str) -> Result<Vec<Candidate>, DocumentError> {
        self.patterns
            .iter()
            .map(|pattern| self.candidate(capability, pattern))
            .collect()
    }

    fn candidate(
        &self,
        capability: &str,
        pattern: &PatternEntry,
    ) -> Result<Candidate, DocumentError> {
        let unreadable = |field: &str, error: &serde_json::Error| DocumentError {
            subject: format!("{}/{}@{}", self.platform, self.tool, self.version),
            message: format!("{capability}.{}: {field}: {error}", pattern.name),
        };
        Ok(Candidate {
            tool: self.tool.clone(),
            platform: self.platform.clone(),
            version: self.version.clone(),
            capability: capability.to_owned(),
            pattern: pattern.name.clone(),
            time_estimate_ms: pattern.time.clone(),
            cost_estimate: pattern.cost.clone(),
            complexity_score: pattern.complexity,
            policy: serde_json::from_str(pattern.policy.get())
                .map_err(|error| unreadable("policy", &error))?,
            preference_match: serde_json::from_str(pattern.preference.get())
                .map_err(|error| unreadable("preference_match", &error))?,
            usage: Usage {
                effect: pattern
                    .effect
                    .as_ref()
                    .map(|it| Effect::deserialize(it.as_str().into_deserializer()))
                    .transpose()
                    .map_err(|error: serde_json::Error| unreadable("effect", &error))?,
                invocation: pattern
                    .invocation
                    .as_ref()
                    .map(|it| serde_json::from_str(it.get()))
                    .transpose()
                    .map_err(|error| unreadable("invocation", &error))?,
                required: pattern.required.clone(),
                optional: pattern.optional.clone(),
                examples: pattern.examples.clone(),
                not_installed: None,
            },
            lesson: None,
            compiled: Compiled::default(),
        })
    }
}

/// A tool as the index holds it: its capabilities with their entries and texts.
#[derive(Debug, Clone)]
pub struct IndexedTool {
    /// Row number of the version in use.
    pub id: i64,
    /// Capability, entry and texts, at least one.
    pub capabilities: Vec<(String, Entry, Words)>,
    /// The vectors of its texts, where they are kept.
    pub kept: Option<Kept>,
}

impl IndexedTool {
    /// Name, platform and tags, which every entry repeats.
    pub fn head(&self) -> Option<&Entry> {
        self.capabilities.first().map(|(_, entry, _)| entry)
    }

    /// The texts by which patterns are told apart.
    pub fn text(&self) -> Text {
        let head = self.head();
        Text {
            name: head.map_or_else(String::new, |head| head.tool.clone()),
            platform: head.map_or_else(String::new, |head| head.platform.clone()),
            description: (self.capabilities.iter())
                .map(|(_, _, words)| words.tool.as_str())
                .find(|it| !it.is_empty())
                .unwrap_or_default()
                .to_owned(),
            tags: head.map_or_else(Vec::new, |head| head.tags.clone()),
            capabilities: self
                .capabilities
                .iter()
                .map(|(name, entry, words)| CapabilityText {
                    name: name.clone(),
                    description: words.description.clone(),
                    patterns: entry
                        .patterns
                        .iter()
                        .zip(&words.patterns)
                        .map(|(pattern, (description, use_cases))| PatternText {
                            name: pattern.name.clone(),
                            description: description.clone(),
                            use_cases: use_cases.clone(),
                        })
                        .collect(),
                })
                .collect(),
        }
    }
}

/// The commands of a list of examples.
pub(super) fn commands(value: Option<&Value>) -> Vec<String> {
    example_commands(value.and_then(Value::as_array).into_iter().flatten())
}

/// The inputs of a list.
pub(super) fn inputs(value: Option<&Value>) -> Vec<Input> {
    Input::list(value.and_then(Value::as_array).into_iter().flatten())
}

/// The texts of a list.
pub(super) fn strings(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}
