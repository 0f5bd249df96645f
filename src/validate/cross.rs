//! Checks that compare definitions with each other.

use std::collections::HashMap;

use crate::format::{Loaded, Problem};

use super::diagnostic::Related;

/// Findings by the number of the definition that they are reported at.
pub type Findings = HashMap<usize, Vec<(Problem, Option<Related>)>>;

/// Compares definitions.
pub fn check(_all: &[&Loaded]) -> Findings {
    HashMap::new()
}
