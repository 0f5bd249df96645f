//! What is asked of a selection.

use super::{Mode, Weights};
use crate::expression::Variables;

/// The environment that counts where none is named.
pub const DEFAULT_ENVIRONMENT: &str = "production";

/// One request for a tool.
#[derive(Debug, Clone, PartialEq)]
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
        }
    }
}

impl Request {
    /// The weights in force: the caller's, else the mode's.
    pub fn weights(&self) -> Weights {
        self.weights.unwrap_or_else(|| self.mode.weights())
    }
}
