//! `toolcat telemetry recommend`: better estimates, or why there are none.

use clap::Args;
use serde::Serialize;

use super::analyze::MeasureArgs;
use super::scope::ScopeArgs;
use crate::cli::{CommandError, Outcome as Ended, Session};
use crate::operations::recommend::{self, Answer, Request, SAMPLES, evidence};
use crate::output::style::{BAD, GOOD, HEADING};
use crate::output::{Column, Format, Record, record, text};
use crate::store::Connection;
use crate::telemetry::{Measure, Outcome, Recommendation};

/// Propose better estimates, or say why not.
///
/// Without a version, the versions in use are looked at.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat telemetry recommend df\n  toolcat telemetry recommend df --apply\n  \
                  toolcat telemetry recommend --check 30 --quiet   # exits 1 where a median error is above 30 %"
)]
pub struct RecommendArgs {
    #[command(flatten)]
    measure: MeasureArgs,

    /// Estimate this quantile instead of the median (time) or the mean (cost), such as 0.9
    #[arg(long, value_name = "QUANTILE", value_parser = quantile)]
    quantile: Option<f64>,

    /// Write what is recommended as a new version of the tool
    #[arg(long)]
    apply: bool,

    /// With --apply, say what would be written, and write nothing
    #[arg(long, requires = "apply")]
    dry_run: bool,

    /// Exit with 1 where the median error of an estimate is above this, in percent
    #[arg(long, value_name = "MAX_ERROR", value_parser = error_limit, conflicts_with = "apply")]
    check: Option<f64>,

    /// Most executions of a pattern to look at
    #[arg(long, value_name = "COUNT", default_value_t = SAMPLES, value_parser = clap::value_parser!(u64).range(50..=1_000_000))]
    samples: u64,

    /// How to write the answer
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    scope: ScopeArgs,
}

fn quantile(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|value: &f64| *value > 0.0 && *value < 1.0)
        .ok_or_else(|| "a number between 0 and 1 is needed".to_owned())
}

fn error_limit(text: &str) -> Result<f64, String> {
    let bare = text.strip_suffix('%').unwrap_or(text).trim();
    bare.parse()
        .ok()
        .filter(|value: &f64| value.is_finite() && *value >= 0.0)
        .ok_or_else(|| "an error in percent is needed, such as 30".to_owned())
}

pub fn run(args: &RecommendArgs, session: &mut Session) -> Result<Ended, CommandError> {
    let mut connection = session.connect()?;
    let request = Request {
        executions: args.scope.executions(),
        measure: args.measure.measure(),
        quantile: args.quantile,
        samples: args.samples,
    };
    let answers = recommend::run(&mut connection, &request)?;
    let rows: Vec<Row<'_>> = answers.iter().map(|it| Row::new(args, it)).collect();
    if answers.is_empty() && args.format.is_for_people() {
        session.ui.status("no execution was recorded there");
    } else if args.format.is_for_people() {
        for row in &rows {
            present(session, args, row)?;
        }
    } else {
        record::write_list(&mut session.ui, &rows, args.format)?;
    }
    if args.apply {
        return apply(args, session, &mut connection, &answers);
    }
    let Some(limit) = args.check else {
        return Ok(Ended::Done);
    };
    let over: Vec<&Answer> = answers
        .iter()
        .filter(|it| it.median_error_percent.is_some_and(|error| error > limit))
        .collect();
    for answer in &over {
        let error = answer.median_error_percent.unwrap_or_default();
        session.ui.warn(&format!(
            "{} {}: the median error is {error:.1} %, above {limit} %",
            answer.tool, answer.place
        ));
    }
    Ok(match over.is_empty() {
        true => Ended::Done,
        false => Ended::No,
    })
}

/// An answer with the command that applies it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    tool: &'a str,
    capability: &'a Option<String>,
    pattern: &'a Option<String>,
    median_error_percent: Option<f64>,
    /// The command that applies it, if there is something to apply.
    apply: Option<String>,
    #[serde(flatten)]
    outcome: &'a Outcome,
    #[serde(skip)]
    place: &'a str,
}

impl<'a> Row<'a> {
    fn new(args: &RecommendArgs, answer: &'a Answer) -> Self {
        Self {
            tool: &answer.tool,
            capability: &answer.capability,
            pattern: &answer.pattern,
            median_error_percent: answer.median_error_percent,
            apply: answer.is_applicable().then(|| command(args, &answer.tool)),
            outcome: &answer.outcome,
            place: &answer.place,
        }
    }
}

/// The command that applies what is recommended for a tool.
fn command(args: &RecommendArgs, tool: &str) -> String {
    let mut command = format!("toolcat telemetry recommend {} --apply", quoted(tool));
    if args.measure.measure() == Measure::Cost {
        command.push_str(" --measure cost");
    }
    if let Some(quantile) = args.quantile {
        command.push_str(&format!(" --quantile {quantile}"));
    }
    command
}

/// A word that a shell takes as one.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/@._-+".contains(c);
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

fn present(
    session: &mut Session,
    args: &RecommendArgs,
    answer: &Row<'_>,
) -> Result<(), CommandError> {
    let ui = &mut session.ui;
    let title = text::visible(&format!("{} {}", answer.tool, answer.place)).into_owned();
    let title = ui.paint(HEADING, &title);
    writeln!(ui.out(), "{title}")?;
    let mut lines = match answer.outcome {
        Outcome::Recommend(it) => {
            let verdict = ui.paint(GOOD, "recommended");
            writeln!(ui.out(), "  {verdict}: {}", text::visible(&it.expression))?;
            recommendation(it)
        }
        Outcome::Refuse(it) => {
            let verdict = ui.paint(BAD, "no recommendation");
            writeln!(ui.out(), "  {verdict}: {}", text::visible(&it.message))?;
            let mut lines = vec![("current", it.current.clone())];
            if let Some(error) = answer.median_error_percent {
                lines.push((
                    "median error",
                    format!("{error:.1} % over {}", text::counted(it.records, "record")),
                ));
            }
            lines
        }
    };
    let unexplained = match answer.outcome {
        Outcome::Recommend(it) => it.unexplained.as_ref(),
        Outcome::Refuse(it) => it.unexplained.as_ref(),
    };
    if let Some(it) = unexplained {
        let line = format!(
            "{}, which the current estimate does not read (rank correlation of the errors {:.2})",
            it.variable, it.rank_correlation
        );
        lines.push(("goes with", line));
    }
    for (label, line) in lines {
        writeln!(ui.out(), "  {label}: {}", text::visible(&line))?;
    }
    if let Some(command) = answer.apply.as_ref().filter(|_| !args.apply) {
        writeln!(ui.out(), "  to apply: {}", text::visible(command))?;
    }
    Ok(())
}

fn recommendation(it: &Recommendation) -> Vec<(&'static str, String)> {
    let range: Vec<String> = it
        .fitted_range
        .iter()
        .map(|it| {
            format!(
                "{} {} to {}",
                it.variable,
                text::number(it.low),
                text::number(it.high)
            )
        })
        .collect();
    let mut lines = vec![("current", it.current.clone()), ("evidence", evidence(it))];
    let constants: Vec<String> = it
        .constants
        .iter()
        .map(|constant| {
            let interval = constant.interval.as_ref().map_or_else(String::new, |it| {
                format!(" ({}-{})", text::number(it.low), text::number(it.high))
            });
            match constant.old {
                Some(old) => format!(
                    "{} -> {}{interval}",
                    text::number(old),
                    text::number(constant.new)
                ),
                None => format!("{}{interval}", text::number(constant.new)),
            }
        })
        .collect();
    lines.push(("constants", constants.join(", ")));
    if !range.is_empty() {
        lines.push(("fitted for", range.join(", ")));
    }
    if it.timeouts > 0 {
        let share = 100.0 * it.timeouts as f64 / it.records.max(1) as f64;
        lines.push((
            "timeouts",
            format!(
                "{} of {} ({share:.1} %) were stopped at their limit, and count as longer",
                it.timeouts,
                text::counted(it.records, "record")
            ),
        ));
    }
    if it.records_before_change > 0 {
        lines.push((
            "left out",
            format!(
                "{} before the last change",
                text::counted(it.records_before_change, "record")
            ),
        ));
    }
    if !it.constant_variables.is_empty() {
        lines.push(("not varied", it.constant_variables.join(", ")));
    }
    lines
}

fn apply(
    args: &RecommendArgs,
    session: &mut Session,
    connection: &mut Connection,
    answers: &[Answer],
) -> Result<Ended, CommandError> {
    let caller = session.caller(args.dry_run);
    let written = recommend::apply(connection, &caller, answers)?;
    if written.is_empty() {
        session.ui.status("nothing to apply");
        return Ok(Ended::No);
    }
    for (from, to) in written {
        let done = if args.dry_run { "would write" } else { "wrote" };
        session.ui.status(&format!("{done} {to}, made from {from}"));
    }
    Ok(Ended::Done)
}

impl Record for Row<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::text("tool"),
        Column::text("pattern"),
        Column::text("outcome"),
    ];

    fn cells(&self) -> Vec<String> {
        let outcome = match self.outcome {
            Outcome::Recommend(it) => it.expression.clone(),
            Outcome::Refuse(it) => it.message.clone(),
        };
        vec![self.tool.to_owned(), self.place.to_owned(), outcome]
    }

    fn name(&self) -> String {
        format!("{} {}", self.tool, self.place)
    }
}
