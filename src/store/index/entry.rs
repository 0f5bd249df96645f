//! One capability of one tool, as the selection index keeps it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::definition::DocumentError;
use crate::select::Candidate;
use crate::select::retrieval::{CapabilityText, PatternText, Text};

/// What scoring needs of a capability of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// What scoring needs of a pattern. Policy and preferences stay as they are in the catalog until a
/// selection reads them, so that one that cannot be read harms nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    pub policy: Value,
    /// How well it serves each preference.
    pub preference: Value,
}

/// The texts of a capability, in the order of the entry's patterns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// What the capability does.
    pub description: String,
    /// Description and use cases of each pattern.
    pub patterns: Vec<(String, Vec<String>)>,
}

impl Entry {
    /// The candidates that it holds.
    ///
    /// # Errors
    /// Where a policy or a preference was changed by hand into something that is none.
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
            policy: serde_json::from_value(pattern.policy.clone())
                .map_err(|error| unreadable("policy", &error))?,
            preference_match: serde_json::from_value(pattern.preference.clone())
                .map_err(|error| unreadable("preference_match", &error))?,
            lesson: None,
        })
    }
}

/// A tool as the index holds it: its capabilities with their entries and texts.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedTool {
    /// Row number of the version in use.
    pub id: i64,
    /// Capability, entry and texts, at least one.
    pub capabilities: Vec<(String, Entry, Words)>,
}

impl IndexedTool {
    /// Name, platform and tags, which every entry repeats.
    pub fn head(&self) -> Option<&Entry> {
        self.capabilities.first().map(|(_, entry, _)| entry)
    }

    /// The texts by which patterns are told apart; without the tool's own description.
    pub fn text(&self) -> Text {
        let head = self.head();
        Text {
            name: head.map_or_else(String::new, |head| head.tool.clone()),
            platform: head.map_or_else(String::new, |head| head.platform.clone()),
            description: String::new(),
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
