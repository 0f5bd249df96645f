//! What toolcat does, callable without a terminal and without HTTP: one file per verb.
//!
//! An operation takes a typed request, the [`Caller`] who asks, and a connection (or the [`Backend`] that
//! makes one), and returns a typed report or a [`Refusal`]. What must hold is held here or below: a
//! front end only reads its arguments, calls one operation and shows the report. Nothing here names a
//! flag, a subcommand or a terminal: what would help is a [`Remedy`], which each front end words.

pub mod abtest;
pub mod access;
pub mod address;
pub mod audit;
pub mod backend;
pub mod backup;
pub mod blame;
pub mod caller;
pub mod capabilities;
pub mod catalog;
mod complete;
pub mod delete;
pub mod diff;
pub mod discover;
pub mod doctor;
pub mod edit;
pub mod encode;
pub mod export;
pub mod import;
pub mod list;
pub mod mark;
pub mod misfits;
pub mod page;
pub mod past;
pub mod progress;
pub mod recommend;
pub mod refusal;
mod report;
pub mod restore;
pub mod revert;
pub mod rollback;
pub mod search;
pub mod select;
pub mod show;
pub mod telemetry;
mod transaction;
pub mod update;
pub mod validate;
pub mod versions;

pub use backend::{Backend, Notice};
pub use caller::{Caller, Kept, Seen, Via};
pub use page::Page;
pub use progress::{Progress, Silent, Stage};
pub use refusal::{Kind, Refusal, Remedy};
pub use report::Changed;
pub use transaction::{Writes, change, change_or_tell};
