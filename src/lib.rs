//! A catalog of tools in PostgreSQL that answers: which tool, used how, is best for this job, now?
//!
//! The folders are the architecture, and arrows run one way: [`cli`], [`mcp`] and the HTTP server call [`operations`], which call
//! [`store`], [`select`], [`validate`] and [`format`](mod@format), which know [`definition`] and
//! [`expression`]. Only [`cli`] and [`output`] know that a terminal exists; only [`store`] knows the
//! database; [`cluster`] runs the private server that is used where no other is named. With the feature
//! `encoder` a sentence encoder judges the meaning of words in [`select`].

#![warn(missing_docs)]

pub mod abtest;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod definition;
#[cfg(feature = "encoder")]
pub mod encoder;
pub mod expression;
pub mod format;
pub mod generate;
pub mod mcp;
pub mod operations;
pub mod output;
pub mod outside;
pub mod reading;
pub mod report;
pub mod select;
#[cfg(feature = "server")]
pub mod server;
pub mod spreadsheet;
pub mod statistics;
pub mod store;
pub mod telemetry;
pub mod validate;
pub mod words;
