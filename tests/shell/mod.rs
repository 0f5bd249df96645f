//! What surrounds the commands: completion, manual pages, help, configuration, externals, doctor, what is made of
//! results, documentation.

mod completions;
mod config;
mod doctor;
mod externals;
mod help;
mod open;
mod reshape;
