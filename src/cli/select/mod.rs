//! `toolcat select`: the best tool for a job.

mod batch;
mod catalog;
mod files;
mod present;
mod request;
mod source;

use std::path::PathBuf;

use clap::Args;

use crate::select::{self, Answer, Mode, Weights};

use super::{CommandError, Outcome, Session};
use present::SelectFormat;
use source::Source;

/// Find the best tool for a job.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat select --capability disk_usage --mode fast\n  \
                        toolcat select --capability log_query --context N=50000 --explain\n  \
                        toolcat select --from definitions --capability port_scan --format name"
)]
pub struct SelectArgs {
    /// The job in words; also says what is preferred ("quickly", "exact", ...)
    #[arg(value_name = "WORDS")]
    query: Vec<String>,

    /// Capability that the tool must offer (can be repeated: any of them)
    #[arg(long, short, value_name = "NAME")]
    capability: Vec<String>,

    /// What to prefer [default: found in the words, else balanced]
    #[arg(long, short, value_name = "MODE")]
    mode: Option<Mode>,

    /// Weights in place of the mode's, such as time=2,cost=1
    #[arg(long, value_name = "FEATURE=WEIGHT,...")]
    weights: Option<Weights>,

    /// Weights by their name in the configuration file (`profiles.NAME`)
    #[arg(long, value_name = "NAME", conflicts_with = "weights")]
    profile: Option<String>,

    /// What relevance to the words weighs against fitness, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = request::share, default_value_t = select::relevance::DEFAULT_WEIGHT)]
    relevance_weight: f64,

    /// Correct the estimates by telemetry, and let reliability count
    #[arg(long, conflicts_with = "from")]
    learned: bool,

    /// Value of a variable of the estimates (can be repeated) [default: N=100 pages=1 p95_latency=1000]
    #[arg(long, value_name = "NAME=NUMBER", value_parser = request::variable)]
    context: Vec<(String, f64)>,

    /// Environment in which the tool is to run
    #[arg(long, value_name = "NAME", default_value = select::request::DEFAULT_ENVIRONMENT)]
    environment: String,

    /// Permission that the caller holds (can be repeated) [default: none]
    #[arg(long, value_name = "NAME")]
    permission: Vec<String>,

    /// Highest cost to accept
    #[arg(long, value_name = "COST", value_parser = request::limit)]
    max_cost: Option<f64>,

    /// Longest time to accept, in milliseconds
    #[arg(long, value_name = "MS", value_parser = request::limit)]
    max_time: Option<f64>,

    /// Allow tools that are not safe in production
    #[arg(long)]
    allow_unsafe: bool,

    /// Only tools of this platform (can be repeated)
    #[arg(long, value_name = "NAME")]
    platform: Vec<String>,

    /// Only tools with this tag (can be repeated: all of them)
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,

    /// Tool that is not to be chosen (can be repeated)
    #[arg(long, value_name = "TOOL")]
    exclude: Vec<String>,

    /// How many choices to list; 0 for all
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 5)]
    limit: usize,

    /// Choose from definitions on disk, without a database
    #[arg(long, value_name = "PATH", conflicts_with = "fallback")]
    from: Vec<String>,

    /// Choose from definitions on disk where the database cannot be reached
    #[arg(long, value_name = "PATH")]
    fallback: Vec<String>,

    /// Answer many requests, one JSON object per line; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["query", "capability"])]
    batch: Option<PathBuf>,

    /// Show every candidate with its features, and what was set aside
    #[arg(long)]
    explain: bool,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: SelectFormat,
}

pub fn run(args: &SelectArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut source = Source::open(args, session)?;
    if let Some(file) = &args.batch {
        return batch::run(args, file, &mut source, session);
    }
    if args.capability.is_empty() && args.query.is_empty() {
        return Err(CommandError::invalid("nothing is asked for")
            .hint("name a capability (--capability disk_usage) or say what the job is"));
    }
    let request = request::from_args(args, session)?;
    let answer = source.pool(&request, session)?.answer(&request)?;
    present::present(args, session, &answer)?;
    Ok(outcome(&answer))
}

fn outcome(answer: &Answer) -> Outcome {
    match answer.answer {
        Some(_) => Outcome::Done,
        None => Outcome::No,
    }
}
