//! From arguments, or a line of a batch, to a request.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::expression::{Variables, nearest};
use crate::select::permission::with_covered;
use crate::select::request::DEFAULT_ENVIRONMENT;
use crate::select::{Mode, Request, Scope, Scoring, preference};

use super::{CommandError, SelectArgs, Session};

/// The request that the arguments make.
///
/// # Errors
/// If the profile does not exist or cannot be one.
pub fn from_args(args: &SelectArgs, session: &Session) -> Result<Request, CommandError> {
    let query = args.query.join(" ");
    let mut context = Variables::defaults();
    for (name, value) in &args.context {
        context.set(name.as_str(), *value);
    }
    for (name, value) in &args.input {
        let given = args.context.iter().any(|(it, _)| it == name);
        if let Some(number) = number(value).filter(|_| !given) {
            context.set(name.as_str(), number);
        }
    }
    let weights = match (&args.weights, &args.profile) {
        (Some(weights), _) => Some(*weights),
        (None, Some(name)) => Some(profile(name, session)?),
        (None, None) => None,
    };
    Ok(Request {
        mode: args.mode.unwrap_or_else(|| preference::infer(&query).mode),
        query,
        weights,
        context,
        environment: environment(args.environment.as_deref().unwrap_or_default()),
        permissions: with_covered(&args.permission, &session.config.covers),
        max_cost: args.max_cost,
        max_time_ms: args.max_time,
        allow_unsafe: args.allow_unsafe,
        relevance_weight: args.relevance_weight,
        learned: args.learned,
        scoring: args.scoring.unwrap_or_default(),
        strict_context: args.strict_context,
        interactive: args.allow_interactive || session.ui.is_terminal(),
        home: home(args, session),
        inputs: args.input.iter().cloned().collect(),
        scope: Scope {
            capabilities: args.capability.clone(),
            platforms: platforms(&args.platform),
            tags: args.tag.clone(),
            exclude: args.exclude.clone(),
        },
    })
}

/// The platforms that tools must have; none if any will do.
fn platforms(given: &[String]) -> Vec<String> {
    match given.iter().any(|it| it == ANY) {
        true => Vec::new(),
        false => given.to_vec(),
    }
}

/// The word for every platform.
const ANY: &str = "any";

/// The platform that the asker stands on, if none is asked for: the configured one, else this
/// machine's for somebody at a terminal. What a script gets does not depend on where it runs.
fn home(args: &SelectArgs, session: &Session) -> Option<String> {
    if !args.platform.is_empty() {
        return None;
    }
    match &session.config.select.platform {
        Some(platform) => (platform != ANY).then(|| platform.clone()),
        None => (session.ui.is_terminal()).then(|| std::env::consts::OS.to_owned()),
    }
}

/// The weights of a profile in the configuration.
fn profile(name: &str, session: &Session) -> Result<crate::select::Weights, CommandError> {
    let profiles = &session.config.profiles;
    let Some(weights) = profiles.get(name) else {
        let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
        let hint = if known.is_empty() {
            "the configuration names no profile; add `profiles.NAME = \"time=2,cost=1\"` to it"
                .to_owned()
        } else {
            format!("the configuration names {}", known.join(", "))
        };
        return Err(CommandError::not_found(format!("there is no profile `{name}`")).hint(hint));
    };
    weights
        .parse()
        .map_err(|error| CommandError::invalid(format!("profile `{name}`: {error}")))
}

fn environment(name: &str) -> String {
    if name.is_empty() {
        DEFAULT_ENVIRONMENT.to_owned()
    } else {
        name.to_owned()
    }
}

/// A line of `--batch`. What it leaves out is taken from the arguments.
#[derive(Debug, Deserialize)]
pub struct Line {
    /// The caller's name for the request, given back in the answer.
    #[serde(default)]
    pub id: Value,
    query: Option<String>,
    capabilities: Option<Vec<String>>,
    context: Option<serde_json::Map<String, Value>>,
    mode: Option<Mode>,
    max_cost: Option<f64>,
    environment: Option<String>,
    platforms: Option<Vec<String>>,
    permissions: Option<Vec<String>>,
    scoring: Option<Scoring>,
    strict_context: Option<bool>,
    allow_interactive: Option<bool>,
    inputs: Option<serde_json::Map<String, Value>>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl Line {
    const KEYS: &[&str] = &[
        "id",
        "query",
        "capabilities",
        "context",
        "mode",
        "max_cost",
        "environment",
        "platforms",
        "permissions",
        "scoring",
        "strict_context",
        "allow_interactive",
        "inputs",
    ];

    /// Keys that say nothing here, each with the one that it may be meant for.
    pub fn unknown(&self) -> impl Iterator<Item = (&str, Option<&'static str>)> {
        let names = self.others.keys().map(String::as_str);
        names.map(|name| (name, nearest(name, Self::KEYS.iter().copied())))
    }

    /// The request that the line makes over that of the arguments.
    ///
    /// # Errors
    /// If a value of the context is not a number, or one of an input neither text nor a number.
    pub fn over(
        self,
        base: &Request,
        mode: Option<Mode>,
        covers: &BTreeMap<String, Vec<String>>,
    ) -> Result<Request, String> {
        let mut request = base.clone();
        for (name, value) in self.inputs.unwrap_or_default() {
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                other => {
                    return Err(format!(
                        "inputs.{name} is neither text nor a number: {other}"
                    ));
                }
            };
            if let Some(number) = number(&text) {
                request.context.set(name.as_str(), number);
            }
            request.inputs.insert(name, text);
        }
        for (name, value) in self.context.unwrap_or_default() {
            let number = value
                .as_f64()
                .ok_or_else(|| format!("context.{name} is not a number: {value}"))?;
            request.context.set(name.as_str(), number);
        }
        if let Some(query) = self.query {
            request.query = query;
        }
        request.mode = self
            .mode
            .or(mode)
            .unwrap_or_else(|| preference::infer(&request.query).mode);
        if let Some(capabilities) = self.capabilities {
            request.scope.capabilities = capabilities;
        }
        request.max_cost = self.max_cost.or(request.max_cost);
        if let Some(name) = self.environment {
            request.environment = environment(&name);
        }
        if let Some(name) = self.platforms {
            request.scope.platforms = platforms(&name);
        }
        if let Some(permissions) = self.permissions {
            request.permissions = with_covered(&permissions, covers);
        }
        request.scoring = self.scoring.unwrap_or(request.scoring);
        request.strict_context = self.strict_context.unwrap_or(request.strict_context);
        request.interactive = self.allow_interactive.unwrap_or(request.interactive);
        Ok(request)
    }
}

/// Reads `name=number`.
pub fn variable(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=NUMBER, such as N=1000")?;
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !valid {
        return Err(format!("`{name}` cannot name a variable"));
    }
    let number: f64 = value
        .parse()
        .map_err(|_| format!("`{value}` is not a number"))?;
    if !number.is_finite() {
        return Err(format!("{name} must be finite"));
    }
    Ok((name.to_owned(), number))
}

/// Reads `name=value`.
pub fn input(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("expected NAME=VALUE, such as path=/var")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The number that a value of an input is, for the estimates.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|it: &f64| it.is_finite())
}

/// Reads a share: a number from 0 to 1.
pub fn share(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("`{text}` is not a number from 0 to 1"))
}

/// Reads a time in seconds: more than 0, at most a day.
pub fn seconds(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| *seconds > 0.0 && *seconds <= 86_400.0)
        .ok_or_else(|| format!("`{text}` is not a number of seconds"))
}

/// Reads an upper limit: a number of 0 or more.
pub fn limit(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|limit| *limit >= 0.0)
        .ok_or_else(|| format!("`{text}` is not a number of 0 or more"))
}
