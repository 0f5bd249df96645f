//! What a selection reads, kept beside the definitions: an entry for each capability of each tool
//! that may be chosen, the postings of the words of their texts, and their vectors where a sentence encoder is in use.
//!
//! All are derived. Every write through [`Connection::write`](super::Connection::write) ends by
//! bringing them up to date ([`refresh`]); after a change by hand, the next selection does. The
//! audit log names what has changed since the revision that they show. No role writes them but by
//! the functions of migration 61; [`check`] makes them again and compares.

mod check;
mod entry;
mod load;
mod pool;
mod read;
mod refresh;
mod renewal;
mod serving;
mod snapshot;
mod vectors;

pub use check::{Difference, check};
pub use pool::{Listed, listed, pool};
pub use read::{CatalogState, State, names};
pub use refresh::refresh;
pub use renewal::{Renewal, WORDLESS};
pub use serving::{Assigned, assign};
pub use snapshot::Snapshot;
pub use vectors::{encode, forget, unread};

/// Number of the rules by which the index is made; another number in the catalog has it made anew.
pub const FORMAT: i32 = 3;
