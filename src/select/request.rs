//! What is asked of a selection.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::relevance::DEFAULT_WEIGHT;
use super::{Mode, Scoring, Weights};
use crate::definition::invocation::Values;
use crate::definition::{Identity, ToolRef};
use crate::expression::Variables;

/// The environment that counts if none is named.
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
    /// Which figures the scores are made of.
    #[serde(default = "Scoring::unsaid", skip_serializing_if = "is_unsaid")]
    pub scoring: Scoring,
    /// Whether a pattern with a variable that has no value is set aside; else a value is assumed.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub strict_context: bool,
    /// Whether patterns may be chosen that need somebody at a terminal, or run until they are ended.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub interactive: bool,
    /// The operating system whose tools come before those of others; none for no order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// Values of the answer's inputs. They decide nothing, and are not kept with a request.
    #[serde(skip)]
    pub inputs: Values,
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
            scoring: Scoring::default(),
            strict_context: false,
            interactive: false,
            home: None,
            inputs: Values::new(),
            scope: Scope::default(),
        }
    }
}

fn yes() -> bool {
    true
}

// A request that was recorded before these could be said has the hash that it had.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_true(flag: &bool) -> bool {
    *flag
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_unsaid(scoring: &Scoring) -> bool {
    *scoring == Scoring::unsaid()
}

impl Request {
    /// The weights in force: the caller's, else the mode's.
    pub fn weights(&self) -> Weights {
        self.weights
            .unwrap_or_else(|| self.mode.weights(self.scoring))
    }

    /// Whether a pattern with a variable that has no value is set aside.
    pub fn is_strict(&self) -> bool {
        self.strict_context || self.scoring == Scoring::Classic
    }

    /// Whether tools of a platform are those of another operating system than the asker's.
    pub fn is_away(&self, platform: &str) -> bool {
        let systems = ["linux", "macos", "windows"];
        let other = |home: &String| home != platform && systems.contains(&platform);
        self.home.as_ref().is_some_and(other)
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
