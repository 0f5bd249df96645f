//! What surrounds the commands: completion, manual pages, help, configuration, externals, doctor.

mod completions;
mod config;
mod doctor;
mod externals;
mod help;
