//! What surrounds the commands: completion, manual pages, help, configuration, externals, doctor.

#[path = "../common/mod.rs"]
mod common;

mod completions;
mod config;
mod doctor;
mod externals;
mod help;
