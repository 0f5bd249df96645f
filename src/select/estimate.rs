//! What a candidate is expected to take and to cost in the caller's context.

use crate::expression::{Condition, EvaluationError, Expression, ParseError, Variables};

use super::Candidate;
use super::policy::{Reason, ReasonKind};

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

/// Evaluates a candidate's expressions.
///
/// # Errors
/// The reason for setting the candidate aside: a variable without a value, or an expression that
/// cannot be read or has no finite value.
pub fn estimate(candidate: &Candidate, context: &Variables) -> Result<Estimate, Reason> {
    let evaluate = |field: &str, source: &str| {
        Expression::parse(source)
            .map_err(|error| unreadable(field, source, &error))?
            .evaluate(context)
            .map_err(|error| without_value(field, source, &error))
    };
    let background = match &candidate.policy.requires_background_if {
        None => false,
        Some(source) => {
            let field = "requires_background_if";
            Condition::parse(source)
                .map_err(|error| unreadable(field, source, &error))?
                .holds(context)
                .map_err(|error| without_value(field, source, &error))?
        }
    };
    Ok(Estimate {
        time_ms: evaluate("time_estimate_ms", &candidate.time_estimate_ms)?,
        cost: evaluate("cost_estimate", &candidate.cost_estimate)?,
        background,
    })
}

fn unreadable(field: &str, source: &str, error: &ParseError) -> Reason {
    Reason {
        kind: ReasonKind::InvalidExpression,
        message: format!("{field} `{source}` cannot be read: {error}"),
    }
}

fn without_value(field: &str, source: &str, error: &EvaluationError) -> Reason {
    match error {
        EvaluationError::MissingVariable { name, .. } => Reason {
            kind: ReasonKind::MissingVariable,
            message: format!("{field} `{source}` needs a value for {name} (--context {name}=...)"),
        },
        error => Reason {
            kind: ReasonKind::InvalidEstimate,
            message: format!("{field} `{source}`: {error}"),
        },
    }
}
