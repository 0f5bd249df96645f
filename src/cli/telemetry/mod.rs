//! `toolcat telemetry`: what really happened, against what was promised.

mod analyze;
mod child;
mod costs;
mod execution;
mod export;
mod prune;
mod recommend;
mod record;
mod run;
mod scope;
mod stats;

use clap::{Args, Subcommand};

use super::{CommandError, Outcome, Session};

/// Record executions, and compare them with the estimates.
#[derive(Debug, Args)]
pub struct TelemetryArgs {
    #[command(subcommand)]
    command: TelemetryCommand,
}

#[derive(Debug, Subcommand)]
enum TelemetryCommand {
    /// Record one execution, or a file of them
    Record(record::RecordArgs),
    /// Run a command, measure it and record it
    Run(run::RunArgs),
    /// Compare executions with the estimates
    Analyze(analyze::AnalyzeArgs),
    /// Propose better estimates, or say why not
    Recommend(recommend::RecommendArgs),
    /// Add up costs and times
    Costs(costs::CostsArgs),
    /// Write executions out of the catalog
    Export(export::ExportArgs),
    /// Remove old executions
    Prune(prune::PruneArgs),
    /// Show how much telemetry there is, and how it grows
    Stats(stats::StatsArgs),
}

pub fn run(args: &TelemetryArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match &args.command {
        TelemetryCommand::Record(args) => record::run(args, session),
        TelemetryCommand::Run(args) => run::run(args, session),
        TelemetryCommand::Analyze(args) => analyze::run(args, session),
        TelemetryCommand::Recommend(args) => recommend::run(args, session),
        TelemetryCommand::Costs(args) => costs::run(args, session),
        TelemetryCommand::Export(args) => export::run(args, session),
        TelemetryCommand::Prune(args) => prune::run(args, session),
        TelemetryCommand::Stats(args) => stats::run(args, session),
    }
}
