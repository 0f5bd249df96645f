//! Every test of the whole program, in one binary: it links the library once. A module is an area;
//! `cargo test --test main lifecycle` runs one.

mod abtest;
mod audit;
mod backup;
mod catalog;
mod cluster;
mod common;
mod documentation;
mod generate;
mod hostile;
mod interruption;
mod invocation;
mod lifecycle;
mod local;
mod retrieval_quality;
mod schema;
mod select;
mod select_fixtures;
mod shell;
mod simulation_abtest;
mod statistics_abtest;
mod statistics_telemetry;
mod telemetry;
mod trust;
mod upgrade;
mod validate;
