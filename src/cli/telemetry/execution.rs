//! Arguments that describe one execution.

use clap::Args;

use crate::definition::ToolRef;
use crate::telemetry::intake::Entry;

/// What describes an execution beside its time and its success.
#[derive(Debug, Clone, Default, Args)]
pub struct ExecutionArgs {
    /// Capability that the tool was used for
    #[arg(long, value_name = "NAME")]
    pub capability: Option<String>,

    /// Usage pattern that was followed
    #[arg(long, value_name = "NAME")]
    pub pattern: Option<String>,

    /// What it cost
    #[arg(long, value_name = "COST", value_parser = number, allow_negative_numbers = true)]
    pub cost: Option<f64>,

    /// Why it failed
    #[arg(long, value_name = "TEXT")]
    pub error: Option<String>,

    /// Value of a variable of the estimates (can be repeated)
    #[arg(long, value_name = "NAME=NUMBER", value_parser = variable)]
    pub context: Vec<(String, f64)>,

    /// Who or what ran it
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// Where it ran, such as production
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,

    /// Your name for this execution; one is recorded once
    #[arg(long, value_name = "ID")]
    pub execution_id: Option<String>,

    /// How satisfied the user was, 1 to 5
    #[arg(long, value_name = "1..5", value_parser = number, allow_negative_numbers = true)]
    pub rating: Option<f64>,
}

impl ExecutionArgs {
    /// The entry of that tool, without its time and its success.
    pub fn entry(&self, tool: &ToolRef) -> Entry {
        Entry {
            tool: Some(tool.to_string()),
            capability: self.capability.clone(),
            pattern: self.pattern.clone(),
            execution_id: self.execution_id.clone(),
            user: self.user.clone(),
            environment: self.environment.clone(),
            cost: self.cost,
            error: self.error.clone(),
            context: self.context.clone(),
            rating: self.rating,
            ..Entry::default()
        }
    }
}

/// Reads `NAME=NUMBER`.
///
/// # Errors
/// What is wrong with it.
pub fn variable(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.trim().is_empty())
        .ok_or_else(|| "expected NAME=NUMBER, such as N=100".to_owned())?;
    Ok((name.trim().to_owned(), number(value)?))
}

/// Reads a finite number.
///
/// # Errors
/// If the text is not a duration.
pub fn number(text: &str) -> Result<f64, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| "it is not a number".to_owned())
}
