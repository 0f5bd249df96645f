//! From arguments, or a line of a batch, to a request.

use serde::Deserialize;
use serde_json::Value;

use crate::expression::Variables;
use crate::select::request::DEFAULT_ENVIRONMENT;
use crate::select::{Mode, Request, preference};
use crate::store::candidates::Wanted;

use super::SelectArgs;

/// A request, and which candidates it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// What is asked.
    pub request: Request,
    /// Among which candidates.
    pub wanted: Wanted,
}

/// The request that the arguments make.
pub fn from_args(args: &SelectArgs) -> Ask {
    let query = args.query.join(" ");
    let mut context = Variables::defaults();
    for (name, value) in &args.context {
        context.set(name.as_str(), *value);
    }
    Ask {
        request: Request {
            mode: args.mode.unwrap_or_else(|| preference::infer(&query).mode),
            query,
            weights: args.weights,
            context,
            environment: args.environment.clone(),
            permissions: args.permission.clone(),
            max_cost: args.max_cost,
            max_time_ms: args.max_time,
            allow_unsafe: args.allow_unsafe,
        },
        wanted: Wanted {
            capabilities: args.capability.clone(),
            platforms: args.platform.clone(),
            tags: args.tag.clone(),
            exclude: args.exclude.clone(),
        },
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
}

impl Line {
    /// The request that the line makes over that of the arguments.
    ///
    /// # Errors
    /// Where a value of the context is not a number.
    pub fn over(self, base: &Ask, mode: Option<Mode>) -> Result<Ask, String> {
        let mut ask = base.clone();
        for (name, value) in self.context.unwrap_or_default() {
            let number = value
                .as_f64()
                .ok_or_else(|| format!("context.{name} is not a number: {value}"))?;
            ask.request.context.set(name.as_str(), number);
        }
        if let Some(query) = self.query {
            ask.request.query = query;
        }
        ask.request.mode = self
            .mode
            .or(mode)
            .unwrap_or_else(|| preference::infer(&ask.request.query).mode);
        if let Some(capabilities) = self.capabilities {
            ask.wanted.capabilities = capabilities;
        }
        ask.request.max_cost = self.max_cost.or(ask.request.max_cost);
        if let Some(environment) = self.environment {
            ask.request.environment = environment;
        }
        if ask.request.environment.is_empty() {
            DEFAULT_ENVIRONMENT.clone_into(&mut ask.request.environment);
        }
        Ok(ask)
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

/// Reads an upper limit: a number of 0 or more.
pub fn limit(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|limit| *limit >= 0.0)
        .ok_or_else(|| format!("`{text}` is not a number of 0 or more"))
}
