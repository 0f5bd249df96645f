//! Validation: every problem of every definition at once, each at its place.
//!
//! [`check`] reads files in parallel and finds problems of syntax, schema, expressions and style,
//! then compares the definitions with each other. The [`rules`] say what is looked for; the
//! [`render`]ers write a [`Report`] for people, machines and code hosts. Nothing here prints.

mod check;
mod cross;
mod diagnostic;
mod directive;
mod excerpt;
mod expressions;
mod fields;
mod findings;
mod fix;
mod invocation;
mod lint;
mod look;
mod options;
pub mod render;
mod report;
pub mod rules;
mod schema;
mod secrets;
mod strangers;

pub use check::{
    changed, check, check_apart, check_only, check_sources, check_sources_apart, definition,
    problems,
};
pub use diagnostic::{Diagnostic, Excerpt, Related, Severity};
pub use fields::unknown_key;
pub use fix::{Fixed, fix};
pub use options::{Options, UnknownRule};
pub use report::{Report, Valid};
pub use rules::{Rule, explain};
pub use schema::TOOL_SCHEMA;
pub use strangers::pass_over;
