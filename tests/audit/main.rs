//! The audit log and those who follow it.

#[path = "../common/mod.rs"]
mod common;

mod log;
mod watch;
