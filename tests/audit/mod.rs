//! The audit log and those who follow it.

mod log;
mod watch;
