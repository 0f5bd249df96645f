//! The expressions of a definition: do they parse, and do they make sense for ordinary inputs?

use crate::format::Problem;
use crate::format::node::Node;

/// Checks every estimate and condition of a definition.
pub(super) fn check(_root: &Node, _problems: &mut Vec<Problem>) {}
