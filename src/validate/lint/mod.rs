//! Lints: what is allowed, but probably not meant.

use crate::format::Problem;
use crate::format::node::Node;

/// Looks for everything that is probably not meant in one definition.
pub(super) fn check(_root: &Node, _problems: &mut Vec<Problem>) {}
