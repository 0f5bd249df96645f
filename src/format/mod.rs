//! Definitions in and out of texts: YAML and JSON in the definition's own shape, older layouts,
//! and the formats of other tool catalogs.
//!
//! Reading keeps the place of every part ([`node`]), so that what is found later can be shown
//! where it stands, and never stops at the first problem. Nothing here knows a terminal.

mod anthropic;
mod build;
mod bundle;
mod each_pattern;
mod event_stream;
mod foreign;
mod ignored;
mod incomplete;
pub mod json;
mod legacy;
mod mcp;
mod names;
pub mod node;
pub mod number;
mod openai;
mod openapi;
mod order;
mod parts;
mod problem;
mod profile;
mod read;
mod schema;
mod single;
mod source;
mod span;
mod tolerate;
mod version;
mod write;
pub mod yaml;

pub use each_pattern::{NoTools, write_each_pattern};
pub use foreign::INTERFACE;
pub use incomplete::{assumed_patterns, complete};
pub use names::Limits;
pub use order::ordered;
pub use parts::{Parts, WHOLE};
pub use problem::Problem;
pub use read::{Format, Loaded, Origin, Reading, describe, nothing, read};
pub use source::{
    Collected, EXTENSIONS, Error, Input, MAX_BYTES, Source, collect, collect_without,
};
pub use span::{Position, Span};
pub use version::{NotChanged, with_versions};
pub use write::{LeftOut, ReadOnly, Stream, Written, write};

/// The deepest nesting that is read: a definition needs about eight levels, a JSON Schema inside
/// one a few more.
pub const MAX_DEPTH: usize = 64;

/// The most values that are read from one text, or from one part of a large file: a definition has about 65.
pub const MAX_VALUES: usize = 2_500_000;

#[cfg(test)]
mod laws;
