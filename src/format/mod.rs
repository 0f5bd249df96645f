//! Definitions in and out of texts: YAML and JSON in the definition's own shape, older layouts,
//! and the formats of other tool catalogs.
//!
//! Reading keeps the place of every part ([`node`]), so that what is found later can be shown
//! where it stands, and never stops at the first problem. Nothing here knows a terminal.

pub mod json;
pub mod node;
pub mod number;
mod problem;
mod read;
mod source;
mod span;
mod write;
pub mod yaml;

pub use problem::Problem;
pub use read::{Format, Loaded, Origin, Reading, describe, read};
pub use source::{EXTENSIONS, Error, Input, MAX_BYTES, Source, collect};
pub use span::{Position, Span};
pub use write::{LeftOut, ReadOnly, Written, to_yaml, write};

/// The deepest nesting that is read: a definition needs about eight levels, a JSON Schema inside
/// one a few more.
pub const MAX_DEPTH: usize = 64;
