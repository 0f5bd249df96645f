//! What can be chosen: one usage pattern of one tool.

use serde::{Deserialize, Serialize};

use super::estimate::{Compiled, Expressions};
use super::learned::Lesson;
use super::policy::Reason;
use super::used::Used;
use crate::definition::invocation::{FillError, Place, Values, fill, missing};
use crate::definition::{
    Effect, Input, Invocation, Pattern, Policy, PreferenceMatch, Status, Tool, example_commands,
};

/// A usage pattern of a tool, with what a selection needs of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The tool's name.
    pub tool: String,
    /// Where it runs.
    pub platform: String,
    /// The version of its definition.
    pub version: String,
    /// The capability that it offers.
    pub capability: String,
    /// The way of using it.
    pub pattern: String,
    /// Expression, milliseconds.
    pub time_estimate_ms: String,
    /// Expression, units of cost.
    pub cost_estimate: String,
    /// 0 (simple) to 1.
    pub complexity_score: f64,
    /// The rules under which it may be run.
    pub policy: Policy,
    /// How well it serves each preference.
    pub preference_match: PreferenceMatch,
    /// How it is used.
    #[serde(default)]
    pub usage: Usage,
    /// What its records say, where telemetry was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Lesson>,
    /// Its expressions, compiled once.
    #[serde(skip)]
    pub compiled: Compiled,
}

/// How a pattern is used: what it takes, how it is run, what it does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// What it does to what it works on; none if it is to be inferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// How it is run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation: Option<Invocation>,
    /// Inputs that it cannot run without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<Input>,
    /// Inputs that it accepts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<Input>,
    /// Examples of its use, as they are typed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// The program that it runs, where it was looked for on this machine and not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_installed: Option<String>,
}

impl Usage {
    /// How a pattern is used.
    pub fn of(pattern: &Pattern) -> Self {
        Self {
            effect: pattern.effect,
            invocation: pattern.invocation.clone(),
            required: Input::list(&pattern.required_inputs),
            optional: Input::list(&pattern.optional_inputs),
            examples: example_commands(&pattern.examples),
            not_installed: None,
        }
    }

    /// The command, filled in as far as values are given; none if the definition does not say.
    ///
    /// # Errors
    /// A value that cannot stand in its place.
    pub fn command(&self, platform: &str, values: &Values) -> Result<Option<Used>, FillError> {
        let Some(invocation) = &self.invocation else {
            return Ok(None);
        };
        let place = Place {
            required: &self.required,
            optional: &self.optional,
            platform,
        };
        let command = fill(invocation, values, place)?;
        let missing_inputs = missing(invocation, values, place);
        let known = |name: &str| {
            let mut inputs = self.required.iter().chain(&self.optional);
            inputs.any(|it| it.name == name)
        };
        Ok(Some(Used {
            typed: match missing_inputs.is_empty() {
                true => command.typed(platform),
                false => invocation.to_string(),
            },
            command,
            missing_inputs,
            unknown: values.keys().filter(|it| !known(it)).cloned().collect(),
        }))
    }

    /// What it demands of whoever runs it.
    pub fn demand(&self) -> Option<&'static str> {
        let invocation = self.invocation.as_ref()?;
        match (invocation.interactive, invocation.endless) {
            (true, _) => Some("needs somebody at a terminal"),
            (false, true) => Some("runs until it is ended"),
            (false, false) => None,
        }
    }
}

impl Candidate {
    /// Its expressions. They are compiled with the first call: what the fields say later does not count.
    ///
    /// # Errors
    /// The reason for setting it aside: an expression that cannot be read.
    pub fn expressions(&self) -> Result<&Expressions, &Reason> {
        self.compiled.of(self)
    }

    /// Its name for messages: `platform/tool@version capability pattern`.
    pub fn label(&self) -> String {
        format!(
            "{}/{}@{} {} {}",
            self.platform, self.tool, self.version, self.capability, self.pattern
        )
    }
}

/// The candidates that a tool offers for any of the capabilities; all of its patterns where no
/// capability is named. A tool that is switched off or not active offers none.
pub fn candidates_of(tool: &Tool, capabilities: &[String]) -> Vec<Candidate> {
    if !tool.enabled || tool.status != Status::Active {
        return Vec::new();
    }
    tool.capabilities
        .iter()
        .filter(|(name, _)| capabilities.is_empty() || capabilities.contains(name))
        .flat_map(|(capability, definition)| {
            definition
                .patterns
                .iter()
                .map(move |(pattern, definition)| Candidate {
                    tool: tool.tool_name.clone(),
                    platform: tool.platform.clone(),
                    version: tool.version.clone(),
                    capability: capability.clone(),
                    pattern: pattern.clone(),
                    time_estimate_ms: definition.time_estimate_ms.clone(),
                    cost_estimate: definition.cost_estimate.clone(),
                    complexity_score: definition.complexity_score,
                    policy: definition.policy.clone(),
                    preference_match: definition.preference_match,
                    usage: Usage::of(definition),
                    lesson: None,
                    compiled: Compiled::default(),
                })
        })
        .collect()
}
