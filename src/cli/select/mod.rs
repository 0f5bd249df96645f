//! `toolcat select`: the best tool for a job.

mod batch;
mod explain;
mod flags;
pub mod present;
mod request;
mod split;
mod tie_break;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::config::SelectConfig;

use crate::definition::ToolRef;
use crate::operations::select::{self as operation, Request, Selected, Source, TieBreak};
use crate::operations::{Caller, Refusal};
use crate::output::{AnswerFormat, Format};
use crate::select::{self, Answer, Mode, Scoring, Weights};

use super::{CommandError, Outcome, Session, eval, replay};
pub use present::whole;
pub use request::{input, share};

/// Find the best tool for a job.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  toolcat select --capability disk_usage --mode fast\n  \
                        toolcat select --capability log_query --context N=50000 --explain\n  \
                        toolcat select --from definitions --capability port_scan --format name\n  \
                        toolcat select --capability disk_usage --input path=/var --format command"
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

    /// Figures that the scores are made of: log, or classic for narrower scales [default: log]
    #[arg(long, value_name = "KIND", value_parser = scoring)]
    scoring: Option<Scoring>,

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

    /// Let variables that are not given take the median of their recorded values
    #[arg(long, conflicts_with = "from")]
    infer_context: bool,

    /// Value of a variable of the estimates (can be repeated) [default: N=100 pages=1 p95_latency=1000]
    #[arg(long, value_name = "NAME=NUMBER", value_parser = request::variable)]
    context: Vec<(String, f64)>,

    /// Set patterns aside whose estimates need a value that is not given, instead of assuming one
    #[arg(long)]
    strict_context: bool,

    /// Value of an input of the answer, filled into its command (can be repeated)
    #[arg(long, value_name = "NAME=VALUE", value_parser = request::input)]
    input: Vec<(String, String)>,

    /// Environment in which the tool is to run [default: production]
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,

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

    /// Allow what needs somebody at a terminal or runs until it is ended [default: on a terminal]
    #[arg(long)]
    allow_interactive: bool,

    /// Only tools whose program is on this machine
    #[arg(long)]
    installed: bool,

    /// Only tools of this platform (can be repeated); any for all, in no order of platforms
    #[arg(long, value_name = "NAME")]
    platform: Vec<String>,

    /// Only tools with this tag (can be repeated: all of them)
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,

    /// Tool that is not to be chosen (can be repeated)
    #[arg(long, value_name = "TOOL")]
    exclude: Vec<String>,

    /// User for whom it is; decides the version where an A/B test is on
    #[arg(long, value_name = "ID", conflicts_with = "from")]
    user: Option<String>,

    /// Execution for which it is; decides the version where an A/B test is on
    #[arg(long, value_name = "ID", conflicts_with = "from")]
    execution_id: Option<String>,

    /// How many choices to list; 0 for all [default: 5]
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,

    /// Choose from definitions on disk, without a database
    #[arg(long, value_name = "PATH", conflicts_with = "fallback")]
    from: Vec<String>,

    /// Choose from definitions on disk where the database cannot be reached
    #[arg(long, value_name = "PATH")]
    fallback: Vec<String>,

    /// Answer many requests, one JSON object per line; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["query", "capability"])]
    batch: Option<PathBuf>,

    /// Answer each clause of a request with several intents by itself
    #[arg(long, conflicts_with_all = ["batch", "capability"])]
    split: bool,

    /// As `toolcat eval FILE`
    #[arg(long, hide = true, value_name = "FILE", conflicts_with_all = ["query", "capability", "batch", "split"])]
    eval: Option<PathBuf>,

    /// As `toolcat eval --min-recall-5`
    #[arg(long, hide = true, value_name = "SHARE", value_parser = request::share, requires = "eval")]
    min_recall_5: Option<f64>,

    /// Show every candidate with its features, and what was set aside
    #[arg(long)]
    explain: bool,

    /// Tell what kept a tool from being the answer, and what would change that
    #[arg(long, value_name = "TOOL", conflicts_with_all = ["batch", "split", "eval"])]
    why_not: Option<ToolRef>,

    /// Command that settles a close call: both as JSON on stdin, 1 or 2 or a name on stdout
    #[arg(long, value_name = "COMMAND")]
    tie_break: Option<String>,

    /// How long that command may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = request::seconds)]
    tie_break_timeout: f64,

    /// Keep the selection in the catalog, so that it can be replayed
    #[arg(long, conflicts_with = "from")]
    record: bool,

    /// As `toolcat replay ID`
    #[arg(long, hide = true, value_name = "ID", conflicts_with_all = ["query", "capability", "batch", "split", "eval", "from", "fallback", "record"])]
    replay: Option<i64>,

    /// Say on stderr where the time went
    #[arg(long, conflicts_with_all = ["batch", "split", "eval", "replay"])]
    timing: bool,

    /// How to write the answer
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: AnswerFormat,
}

impl SelectArgs {
    fn format(&self) -> Format {
        self.format.into()
    }

    /// How many choices are listed, 0 for all.
    fn limit(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    fn view(&self) -> present::View {
        present::View {
            format: self.format,
            limit: self.limit(),
            explain: self.explain,
            of_catalog: self.from.is_empty(),
        }
    }

    /// Takes from the configuration what no flag says.
    fn settle(&mut self, config: &SelectConfig) {
        self.limit = self.limit.or(config.limit);
        self.scoring = self.scoring.or(config.scoring);
        self.installed |= config.installed;
        if self.environment.is_none() {
            self.environment.clone_from(&config.environment);
        }
        if self.permission.is_empty() {
            self.permission.clone_from(&config.permissions);
        }
        let given = |name: &String| self.context.iter().any(|(it, _)| it == name);
        let more: Vec<(String, f64)> = (config.context.iter())
            .filter(|(name, _)| !given(name))
            .map(|(name, value)| (name.clone(), *value))
            .collect();
        self.context.extend(more);
    }
}

/// How many choices are listed where nothing else is said.
pub const DEFAULT_LIMIT: usize = 5;

fn scoring(text: &str) -> Result<Scoring, String> {
    text.parse()
        .map_err(|error: select::scoring::UnknownScoring| error.to_string())
}

pub fn run(args: &SelectArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut args = args.clone();
    args.settle(&session.config.select);
    let args = &args;
    let many = args.batch.is_some() || args.eval.is_some() || args.split;
    if args.format == AnswerFormat::Command && many {
        return Err(CommandError::invalid(
            "--format command is for one answer, not for --batch, --split or --eval",
        ));
    }
    if args.allow_unsafe {
        session
            .ui
            .warn("--allow-unsafe: tools that are not safe in production may be chosen");
    }
    if let Some(id) = args.replay {
        return replay::show(id, args.view(), session);
    }
    if let Some(file) = &args.eval {
        let mut source = source(&args.from, &args.fallback, true, session)?;
        let format = args.format();
        return eval::measure(
            file,
            &mut source,
            args.min_recall_5,
            args.limit(),
            format,
            session,
        );
    }
    if args.batch.is_none()
        && args.capability.is_empty()
        && args.query.iter().all(|it| it.trim().is_empty())
    {
        return Err(CommandError::invalid("nothing is asked for")
            .hint("name a capability (--capability disk_usage) or say what the job is"));
    }
    let start = Instant::now();
    let mut asking = Asking::open(args, session)?;
    let connect_time = start.elapsed();
    if let Some(file) = &args.batch {
        return batch::run(args, file, &mut asking, session);
    }
    if args.split {
        return split::run(args, &mut asking, session);
    }
    let job = request::from_args(args, session)?;
    let selected = asking.answer(args, job, session)?;
    let print = Instant::now();
    present::present(args.view(), session, &selected)?;
    if args.timing {
        session.ui.finish()?;
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        session.ui.status(&format!(
            "connect {:.3} ms, query {:.3} ms, score {:.3} ms, print {:.3} ms",
            milliseconds(connect_time),
            milliseconds(selected.query_time),
            milliseconds(selected.score_time),
            milliseconds(print.elapsed()),
        ));
    }
    Ok(outcome(&selected.answer))
}

/// Where the candidates come from, and who asks.
struct Asking {
    source: Source,
    caller: Caller,
}

/// Opens definitions on disk if some are named, else the catalog, else what stands in for it.
pub fn source(
    from: &[String],
    fallback: &[String],
    words: bool,
    session: &Session,
) -> Result<Source, CommandError> {
    let encoding = if words { session.encoding() } else { None };
    if !from.is_empty() {
        return Ok(Source::files(from, &encoding)?);
    }
    let mut warnings = Vec::new();
    let backend = session.backend().map_err(Refusal::from);
    let backend = backend.map(|it| it.encoding_by(encoding.clone()));
    let source = Source::with_fallback(backend, fallback, &encoding, &mut warnings)?;
    for warning in warnings {
        session.ui.warn(&warning.to_string());
    }
    Ok(source)
}

impl Asking {
    /// Opens the source that the arguments name.
    fn open(args: &SelectArgs, session: &Session) -> Result<Self, CommandError> {
        Ok(Self {
            source: source(
                &args.from,
                &args.fallback,
                args.capability.is_empty(),
                session,
            )?,
            caller: session.caller(false),
        })
    }

    /// Answers one request as the arguments say, with the warnings that belong to it.
    fn answer(
        &mut self,
        args: &SelectArgs,
        job: select::Request,
        session: &Session,
    ) -> Result<Selected, CommandError> {
        let request = Request {
            job,
            given: args.context.iter().map(|(name, _)| name.clone()).collect(),
            infer_context: args.infer_context,
            user: args.user.clone(),
            execution_id: args.execution_id.clone(),
            why_not: args.why_not.clone(),
            installed: args.installed,
            record: args.record,
        };
        let limit = Duration::from_secs_f64(args.tie_break_timeout);
        let command = args.tie_break.as_deref();
        let ask = |input: &serde_json::Value| {
            tie_break::ask(command.unwrap_or_default(), &input.to_string(), limit)
        };
        let tie_break = command.map(|command| TieBreak {
            name: tie_break::name(command),
            ask: &ask,
        });
        let selected =
            operation::run(&mut self.source, &self.caller, &request, tie_break.as_ref())?;
        for warning in &selected.warnings {
            session.ui.warn(&warning.to_string());
        }
        Ok(selected)
    }
}

pub fn outcome(answer: &Answer) -> Outcome {
    match answer.answer {
        Some(_) => Outcome::Done,
        None => Outcome::No,
    }
}
