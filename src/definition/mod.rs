//! The domain: a tool definition, its capabilities and usage patterns.
//!
//! A [`Document`] is a definition as its author wrote it, in the present layout, nothing lost. A
//! [`Tool`] is the same definition read for use, with its defaults applied, a [`ValidDefinition`] one that
//! validation has nothing against. [`row`] divides a
//! document into the columns of the database and joins it again; [`digest`](fn@digest) and
//! [`diff`] compare documents. Nothing here knows files, the database or a terminal.

pub mod cells;
mod columns;
pub mod diff;
mod digest;
mod document;
mod example;
mod identity;
mod input;
pub mod invocation;
mod merge;
pub mod row;
pub mod set;
mod tool;
mod valid;
mod version;

pub use digest::digest;
pub use document::{Document, DocumentError, LIFECYCLE_FIELDS};
pub use example::example_commands;
pub use identity::{Identity, ToolRef, ToolRefError};
pub use input::Input;
pub use invocation::{Effect, Invocation};
pub use merge::{Overlap, merge, merge_in_favour};
pub use tool::{Capability, Pattern, Policy, PreferenceMatch, Status, Tool};
pub use valid::{Brief, Packed, Pile, ValidDefinition};
pub use version::{Version, next_version};

/// Platforms seen in real catalogs. Another one is a warning, not an error: catalogs grow.
pub const KNOWN_PLATFORMS: &[&str] = &[
    "cloud",
    "container",
    "custom",
    "database",
    "kubernetes",
    "linux",
    "macos",
    "monitoring",
    "multi-platform",
    "network",
    "scheduler",
    "windows",
];

/// Categories in common use. Another one is a warning, not an error.
pub const KNOWN_CATEGORIES: &[&str] = &[
    "archive",
    "automation",
    "cloud",
    "container",
    "database",
    "development",
    "filesystem",
    "monitoring",
    "network",
    "package",
    "process",
    "scheduling",
    "security",
    "service",
    "storage",
    "system",
    "text",
];
