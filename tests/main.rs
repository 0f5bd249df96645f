//! Every test of the whole program, in one binary: it links the library once. A module is an area;
//! `cargo test --test main lifecycle` runs one.

mod abtest;
mod access;
mod architecture;
mod audit;
mod backup;
mod catalog;
mod cluster;
mod common;
mod documentation;
#[cfg(feature = "encoder")]
mod encoder;
mod files;
mod formats;
mod frozen;
mod generate;
mod hostile;
mod interruption;
mod invocation;
mod lifecycle;
mod local;
mod mcp;
mod operations;
mod repository;
mod retrieval_quality;
mod roles;
mod schema;
mod screens;
mod select;
mod select_fixtures;
#[cfg(feature = "server")]
mod server;
mod shell;
mod simulation_abtest;
mod statistics_abtest;
mod statistics_telemetry;
mod telemetry;
mod trust;
mod upgrade;
mod validate;
