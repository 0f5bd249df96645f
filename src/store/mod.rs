//! PostgreSQL: connections, migrations, and the tables, one file per family. Nothing here prints.
//!
//! Functions on tables return diesel's `QueryResult`; [`StoreError`] is what leaves the layer, and
//! says what kind of failure it is (no database, conflict, schema too old), so that a caller can
//! choose a message and an exit code. [`Connection::write`] is the only way to change the catalog:
//! one transaction, with the acting person and the reason in force for the audit log, retried a
//! bounded number of times where PostgreSQL asks for it.

pub mod ab_tests;
pub mod access;
mod act;
pub mod apply;
pub mod audit;
pub mod backup;
pub mod capabilities;
pub mod catalogs;
pub mod chain;
mod connection;
mod conninfo;
pub mod contents;
pub mod digests;
mod error;
pub mod health;
pub mod impact;
pub mod import;
pub mod index;
pub mod insert;
pub mod lessons;
pub mod lifecycle;
pub mod listen;
pub mod location;
pub mod migrate;
pub mod names;
mod pattern;
pub mod programs;
mod raw_json;
pub mod replay;
pub mod restore;
pub mod rewrite;
pub mod schema;
pub mod selections;
mod session;
mod silence;
pub mod telemetry;
pub mod tools;

pub use act::Act;
pub use connection::{Connection, TransactionError};
/// A connection inside a transaction, as the closures of [`Connection`] get it.
pub use diesel::PgConnection as Transaction;
/// An error of a query, as functions on tables return it.
pub use diesel::result::Error as QueryError;
pub use error::StoreError;
pub use location::Location;
