//! `toolcat telemetry record`: one execution, or a file of them.

mod batch;
mod reject;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::execution::{self, ExecutionArgs};
use crate::cli::{CommandError, Outcome, Session};
use crate::definition::ToolRef;
use crate::operations::telemetry::record;
use crate::output::{SummaryFormat, text};
use crate::telemetry::intake::InputFormat;

/// Record one execution, or a file of them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat telemetry record df --pattern mount_summary --context N=12 --time-ms 180 --success\n  \
                  toolcat telemetry record df --time-ms 30 --failure --error 'no such device'\n  \
                  toolcat telemetry record --batch runs.jsonl\n\n\
                  Fields of a batch: tool, capability, pattern, time_ms, cost, success, error, context (in CSV\n\
                  context.NAME, one column each), user, environment, execution_id, at, rating. The names of the\n\
                  table's columns are read as well."
)]
pub struct RecordArgs {
    /// Tool that ran, as [PLATFORM/]NAME[@VERSION]
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    tool: Option<ToolRef>,

    /// Milliseconds it took
    #[arg(
        long,
        value_name = "MS",
        required_unless_present = "batch",
        conflicts_with = "batch",
        value_parser = execution::number,
        allow_negative_numbers = true
    )]
    time_ms: Option<f64>,

    /// It succeeded
    #[arg(long, required_unless_present_any = ["failure", "batch"], conflicts_with_all = ["failure", "batch"])]
    success: bool,

    /// It failed
    #[arg(long, conflicts_with = "batch")]
    failure: bool,

    /// When it ran [default: now]
    #[arg(long, value_name = "TIME", value_parser = crate::cli::moment::parse, conflicts_with = "batch")]
    at: Option<DateTime<Utc>>,

    #[command(flatten)]
    execution: ExecutionArgs,

    /// Record a file of executions, JSON lines or CSV; - is stdin
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,

    /// Format of the file [default: found by its first character]
    #[arg(long, value_name = "FORMAT", requires = "batch")]
    from_format: Option<FromFormat>,

    /// Stop where more rows than this are refused [default: go on]
    #[arg(long, value_name = "COUNT", requires = "batch")]
    max_rejects: Option<u64>,

    /// Where to keep refused rows [default: FILE.rejects.jsonl]
    #[arg(long, value_name = "FILE", requires = "batch")]
    reject_file: Option<PathBuf>,

    /// Record nothing if a row is refused
    #[arg(long, requires = "batch")]
    atomic: bool,

    /// Pass over the lines before this one
    #[arg(long, value_name = "LINE", requires = "batch")]
    from_line: Option<u64>,

    /// Check everything, and record nothing
    #[arg(long)]
    dry_run: bool,

    /// How to write the summary
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

/// The format of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FromFormat {
    /// One JSON object per line
    Jsonl,
    /// Comma-separated values with a heading
    Csv,
    /// OpenTelemetry spans named after a tool, as JSON
    Otel,
    /// What `hyperfine --export-json` writes
    Hyperfine,
}

impl From<FromFormat> for InputFormat {
    fn from(format: FromFormat) -> Self {
        match format {
            FromFormat::Jsonl => InputFormat::Jsonl,
            FromFormat::Csv => InputFormat::Csv,
            FromFormat::Otel => InputFormat::Otel,
            FromFormat::Hyperfine => InputFormat::Hyperfine,
        }
    }
}

pub fn run(args: &RecordArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match (&args.batch, &args.tool) {
        (Some(file), _) => batch::run(args, file, session),
        (None, Some(tool)) => one(args, tool, session),
        (None, None) => Err(CommandError::invalid("no tool is named")),
    }
}

fn one(args: &RecordArgs, tool: &ToolRef, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut entry = args.execution.entry(tool);
    entry.time_ms = args.time_ms;
    entry.success = Some(args.success);
    entry.at = args.at;
    let mut connection = session.connect()?;
    let caller = session.caller(args.dry_run);
    let is_new = record::one(&mut connection, &caller, entry)?;
    let summary = Summary {
        recorded: u64::from(is_new),
        duplicates: u64::from(!is_new),
        dry_run: args.dry_run,
        ..Summary::default()
    };
    summary.present(args.format, session)?;
    Ok(Outcome::Done)
}

/// What was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Summary {
    recorded: u64,
    duplicates: u64,
    rejected: u64,
    /// Spans that are named after no tool.
    skipped: u64,
    reject_file: Option<String>,
    dry_run: bool,
}

impl Summary {
    fn present(&self, format: SummaryFormat, session: &mut Session) -> Result<(), CommandError> {
        let ui = &mut session.ui;
        match format {
            SummaryFormat::Json => ui.json(self)?,
            SummaryFormat::Text => writeln!(ui.out(), "{}", self.sentence())?,
        }
        Ok(())
    }

    fn sentence(&self) -> String {
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let done = if self.dry_run {
            "would record"
        } else {
            "recorded"
        };
        let mut line = format!(
            "{done} {}",
            text::counted(count(self.recorded), "execution")
        );
        let mut add = |n: u64, what: &str| {
            if n > 0 {
                line.push_str(&format!(", {} {what}", text::grouped(count(n))));
            }
        };
        add(self.duplicates, "recorded before");
        add(self.skipped, "spans of other things");
        add(self.rejected, "refused");
        if let Some(file) = &self.reject_file {
            line.push_str(&format!(" (see {})", text::visible(file)));
        }
        line
    }
}
