//! What a candidate is expected to take and to cost in the caller's context.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::expression::{Condition, EvaluationError, Expression, ParseError};

use super::policy::{Lift, Reason, ReasonKind};
use super::{Candidate, Request};

/// The estimates of one candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Milliseconds.
    pub time_ms: f64,
    /// Units of cost.
    pub cost: f64,
    /// Whether the pattern's own condition sends it to the background.
    pub background: bool,
}

/// A variable that no caller gave a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assumed {
    /// The variable.
    pub name: String,
    /// The value that it took.
    pub value: f64,
    /// Where the value comes from.
    pub from: Origin,
}

/// Where an assumed value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The default that the definition declares for the input.
    Declared,
    /// Nothing is known: [`UNKNOWN`].
    Unknown,
}

/// What a variable is taken for of which nothing is known.
pub const UNKNOWN: f64 = 100.0;

/// The value of a variable that the caller does not give: the default of the pattern's input, else
/// [`UNKNOWN`].
pub fn assume(candidate: &Candidate, name: &str) -> Assumed {
    let usage = &candidate.usage;
    let mut inputs = usage.required.iter().chain(&usage.optional);
    let declared = inputs
        .find(|it| it.name == name)
        .and_then(|it| it.default.as_ref()?.as_f64());
    Assumed {
        name: name.to_owned(),
        value: declared.unwrap_or(UNKNOWN),
        from: match declared {
            Some(_) => Origin::Declared,
            None => Origin::Unknown,
        },
    }
}

/// A candidate's expressions.
#[derive(Debug)]
pub struct Expressions {
    time: Expression,
    cost: Expression,
    background: Option<Condition>,
}

impl Expressions {
    fn parse(candidate: &Candidate) -> Result<Self, Reason> {
        let parse = |field: &str, source: &str| {
            Expression::parse(source).map_err(|error| unreadable(field, source, &error))
        };
        let condition = |source: &str| {
            Condition::parse(source)
                .map_err(|error| unreadable("requires_background_if", source, &error))
        };
        let background = candidate.policy.requires_background_if.as_deref();
        Ok(Self {
            background: background.map(condition).transpose()?,
            time: parse("time_estimate_ms", &candidate.time_estimate_ms)?,
            cost: parse("cost_estimate", &candidate.cost_estimate)?,
        })
    }

    /// The variables, each as often as an expression has it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let condition = self.background.iter().flat_map(Condition::variables);
        self.time
            .variables()
            .chain(self.cost.variables())
            .chain(condition)
    }
}

/// The expressions of a candidate, compiled when they are first needed and kept with it and its copies: a
/// search for crossovers evaluates them a thousand times, and a candidate in memory answers many requests.
#[derive(Debug, Clone, Default)]
pub struct Compiled(Arc<OnceLock<Result<Expressions, Reason>>>);

impl Compiled {
    /// The expressions of that candidate, whose own this is.
    ///
    /// # Errors
    /// The reason for setting the candidate aside: an expression that cannot be read.
    pub fn of<'a>(&'a self, candidate: &Candidate) -> Result<&'a Expressions, &'a Reason> {
        self.0
            .get_or_init(|| Expressions::parse(candidate))
            .as_ref()
    }
}

impl PartialEq for Compiled {
    /// It follows from the sources, which are compared themselves.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Evaluates a candidate's expressions, and tells which values had to be assumed.
///
/// # Errors
/// The reason for setting the candidate aside: an expression that cannot be read or has no finite
/// value, or, where the request is strict, a variable without a value.
pub fn estimate(
    candidate: &Candidate,
    request: &Request,
) -> Result<(Estimate, Vec<Assumed>), Reason> {
    let expressions = candidate.expressions().map_err(Clone::clone)?;
    let mut context = Cow::Borrowed(&request.context);
    let mut assumed = Vec::new();
    if !request.is_strict() {
        for name in expressions.variables() {
            if context.get(name).is_none() {
                let taken = assume(candidate, name);
                context.to_mut().set(name, taken.value);
                assumed.push(taken);
            }
        }
    }
    let background = match &expressions.background {
        None => false,
        Some(condition) => condition
            .holds(&context)
            .map_err(|error| without_value("requires_background_if", condition.source(), &error))?,
    };
    let evaluate = |field: &str, expression: &Expression| {
        expression
            .evaluate(&context)
            .map_err(|error| without_value(field, expression.source(), &error))
    };
    let estimate = Estimate {
        time_ms: evaluate("time_estimate_ms", &expressions.time)?,
        cost: evaluate("cost_estimate", &expressions.cost)?,
        background,
    };
    Ok((estimate, assumed))
}

fn unreadable(field: &str, source: &str, error: &ParseError) -> Reason {
    Reason {
        kind: ReasonKind::InvalidExpression,
        message: format!("{field} `{source}` cannot be read: {error}"),
        lifts: Vec::new(),
    }
}

fn without_value(field: &str, source: &str, error: &EvaluationError) -> Reason {
    match error {
        EvaluationError::MissingVariable { name, .. } => Reason {
            kind: ReasonKind::MissingVariable,
            message: format!("{field} `{source}` needs a value for {name}"),
            lifts: vec![Lift::Context(name.clone())],
        },
        error => Reason {
            kind: ReasonKind::InvalidEstimate,
            message: format!("{field} `{source}`: {error}"),
            lifts: Vec::new(),
        },
    }
}
