//! The audit log and those who follow it.

pub mod chain;
mod log;
mod past;
mod watch;
mod whole;
