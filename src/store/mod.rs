//! PostgreSQL: connections, migrations, and the tables, one file per family. Nothing here prints.
//!
//! Functions on tables return diesel's `QueryResult`; [`StoreError`] is what leaves the layer, and
//! says what kind of failure it is (no database, conflict, schema too old), so that a caller can
//! choose a message and an exit code. [`Connection::write`] is the only way to change the catalog:
//! one transaction, with the acting person and the reason in force for the audit log, retried a
//! bounded number of times where PostgreSQL asks for it.

pub mod backup;
pub mod candidates;
mod connection;
mod error;
pub mod import;
pub mod location;
pub mod health;
pub mod migrate;
pub mod names;
pub mod schema;
pub mod tools;

pub use connection::{Act, Connection};
pub use error::StoreError;
pub use location::Location;
