//! Making a new definition: templates with questions, answers that are checked one by one, and
//! drafts from a command's own help text or manual page.
//!
//! Nothing here asks or prints; a wizard, flags and tests use the same operations.

pub mod answer;
pub mod chart;
pub mod draft;
pub mod fill;
pub mod help_text;
pub mod library;
pub mod manual;
pub mod path;
pub mod template;

pub use answer::Check;
pub use draft::Draft;
pub use template::{Question, Template};
