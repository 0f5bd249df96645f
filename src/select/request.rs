//! What is asked of a selection.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::relevance::DEFAULT_WEIGHT;
use super::{Mode, Weights};
use crate::definition::{Identity, ToolRef};
use crate::expression::Variables;

/// The environment that counts where none is named.
pub const DEFAULT_ENVIRONMENT: &str = "production";

/// One request for a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The job in the caller's words; may be empty.
    pub query: String,
    /// What is preferred, already settled from the mode asked for or the query's words.
    pub mode: Mode,
    /// Weights in place of the mode's.
    pub weights: Option<Weights>,
    /// Values of the variables of the estimates, defaults included.
    pub context: Variables,
    /// Where the tool is to run.
    pub environment: String,
    /// Permissions that the caller holds.
    pub permissions: Vec<String>,
    /// The highest cost that the caller accepts.
    pub max_cost: Option<f64>,
    /// The longest time that the caller accepts, in milliseconds.
    pub max_time_ms: Option<f64>,
    /// Whether a tool that is not safe in production may be chosen there.
    pub allow_unsafe: bool,
    /// What relevance to the words weighs against fitness, 0 to 1; by words alone.
    pub relevance_weight: f64,
    /// Whether telemetry corrects the estimates and reliability counts.
    pub learned: bool,
    /// Among which tools.
    pub scope: Scope,
}

/// Among which tools to choose. Values of one kind are alternatives; different kinds must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Capabilities; empty to choose by the words of the query.
    pub capabilities: Vec<String>,
    /// Platforms; empty for all.
    pub platforms: Vec<String>,
    /// Tags, each of which the tool must have.
    pub tags: Vec<String>,
    /// Addresses of tools that are not to be chosen.
    pub exclude: Vec<String>,
}

impl Scope {
    /// Whether a tool is within the scope, capabilities aside.
    pub fn admits(&self, identity: &Identity, has_tag: impl Fn(&str) -> bool) -> bool {
        let excluded = |text: &String| {
            text.parse::<ToolRef>()
                .is_ok_and(|reference| reference.matches(identity))
        };
        (self.platforms.is_empty() || self.platforms.contains(&identity.platform))
            && self.tags.iter().all(|tag| has_tag(tag))
            && !self.exclude.iter().any(excluded)
    }

    /// Whether every tool is within the scope, capabilities aside.
    pub fn admits_all(&self) -> bool {
        self.platforms.is_empty() && self.tags.is_empty() && self.exclude.is_empty()
    }
}

impl Default for Request {
    fn default() -> Self {
        Self {
            query: String::new(),
            mode: Mode::Balanced,
            weights: None,
            context: Variables::defaults(),
            environment: DEFAULT_ENVIRONMENT.to_owned(),
            permissions: Vec::new(),
            max_cost: None,
            max_time_ms: None,
            allow_unsafe: false,
            relevance_weight: DEFAULT_WEIGHT,
            learned: false,
            scope: Scope::default(),
        }
    }
}

impl Request {
    /// The weights in force: the caller's, else the mode's.
    pub fn weights(&self) -> Weights {
        self.weights.unwrap_or_else(|| self.mode.weights())
    }

    /// SHA-256 of the request as JSON, in hexadecimal: equal requests have equal hashes.
    pub fn hash(&self) -> String {
        let mut sorted = self.clone();
        let mut context: Vec<(String, f64)> = self
            .context
            .iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        context.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.context = context.into_iter().collect();
        // A request holds numbers, texts and lists: nothing that JSON could refuse.
        let json = serde_json::to_vec(&sorted).unwrap_or_default();
        Sha256::digest(json)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
