//! `toolcat eval`: how well words find the tools that they mean.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::operations::select::Source;
use crate::output::table::Table;
use crate::output::{Column, Format, record, text};
use crate::reading::json;
use crate::select::evaluate::{Case, Evaluation, Report};

use super::lines::Lines;
use super::{CommandError, Outcome, Session, select};

/// Measure how well words find the tools that they mean
#[derive(Debug, Args)]
#[command(
    after_help = "Each line of the file is {\"query\": \"...\", \"truth\": [\"tool\", ...]}.\n\n\
                  Examples:\n  toolcat eval queries.jsonl\n  \
                  toolcat eval queries.jsonl --from definitions --min-recall-5 0.95"
)]
pub struct EvalArgs {
    /// Requests with the tools that are right for them, as lines of JSON; - is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Exit with 1 if recall at 5 is below this
    #[arg(long, value_name = "SHARE", value_parser = select::share)]
    min_recall_5: Option<f64>,

    /// Choose from definitions on disk, without a database (can be repeated)
    #[arg(long, value_name = "PATH")]
    from: Vec<String>,

    /// How many misses to list; 0 for all [default: 5]
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,

    /// How to write the report
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &EvalArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut source = select::source(&args.from, &[], true, session)?;
    let limit = args.limit.or(session.config.select.limit);
    let limit = limit.unwrap_or(select::DEFAULT_LIMIT);
    measure(
        &args.file,
        &mut source,
        args.min_recall_5,
        limit,
        args.format,
        session,
    )
}

/// Measures the requests of a file; the answer is no if recall at 5 is below the bar.
pub fn measure(
    file: &Path,
    source: &mut Source,
    bar: Option<f64>,
    limit: usize,
    format: Format,
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let cases = read(file)?;
    let progress = session.ui.progress(cases.len() as u64, "queries");
    let mut evaluation = Evaluation::default();
    for case in &cases {
        let ranked = source.ranked(&case.query)?;
        // A true name may say the platform as well; a tool of several platforms counts once.
        let names: Vec<String> = ranked
            .iter()
            .map(|it| format!("{}/{}", it.platform, it.tool))
            .collect();
        evaluation.add(case, names.iter().map(String::as_str), means);
        progress.advance(1);
    }
    drop(progress);
    let report = evaluation.report();
    present(limit, format, session, &report)?;
    match bar {
        Some(bar) if report.recall_at_5 < bar => {
            session.ui.status(&format!(
                "recall at 5 is {:.4}, below {bar}",
                report.recall_at_5
            ));
            Ok(Outcome::No)
        }
        _ => Ok(Outcome::Done),
    }
}

/// Whether `platform/name` is what a true name means.
fn means(ranked: &str, truth: &str) -> bool {
    ranked == truth
        || ranked
            .split_once('/')
            .is_some_and(|(_, name)| name == truth)
}

fn read(file: &Path) -> Result<Vec<Case>, CommandError> {
    let name = file.display().to_string();
    let mut cases = Vec::new();
    for line in Lines::to_keep(&name)? {
        let line = line?;
        let place = line.number;
        if line.text.trim().is_empty() {
            continue;
        }
        let case: Case = json::read(&line.text)
            .map_err(|error| CommandError::invalid(format!("{name}:{place}: {error}")))?;
        if case.truth.is_empty() {
            return Err(CommandError::invalid(format!(
                "{name}:{place}: truth names no tool"
            )));
        }
        cases.push(case);
    }
    if cases.is_empty() {
        return Err(
            CommandError::invalid(format!("{name}: no query to evaluate"))
                .hint("each line is {\"query\": \"...\", \"truth\": [\"tool\", ...]}"),
        );
    }
    Ok(cases)
}

fn present(
    limit: usize,
    format: Format,
    session: &mut Session,
    report: &Report,
) -> Result<(), CommandError> {
    let ui = &mut session.ui;
    if record::write_value(ui, report, format)? {
        return Ok(());
    }
    let mut table = Table::new([
        Column::number("queries"),
        Column::number("recall at 1"),
        Column::number("recall at 5"),
        Column::number("recall at 10"),
        Column::number("mrr"),
        Column::number("misses"),
    ]);
    let cells = [
        text::grouped(report.queries),
        format!("{:.4}", report.recall_at_1),
        format!("{:.4}", report.recall_at_5),
        format!("{:.4}", report.recall_at_10),
        format!("{:.4}", report.mrr),
        text::grouped(report.misses.len()),
    ];
    table.row(cells.iter().map(String::as_str));
    let rendered = table.render(ui);
    writeln!(ui.out(), "{rendered}")?;
    misses(limit, session, report)
}

fn misses(limit: usize, session: &mut Session, report: &Report) -> Result<(), CommandError> {
    if report.misses.is_empty() {
        return Ok(());
    }
    let shown = match limit {
        0 => report.misses.len(),
        limit => limit.min(report.misses.len()),
    };
    let ui = &mut session.ui;
    let mut table = Table::new([
        Column::text("query"),
        Column::text("means"),
        Column::number("rank"),
        Column::text("found instead"),
    ]);
    for miss in &report.misses[..shown] {
        let rank = miss
            .rank
            .map_or_else(|| "-".to_owned(), |it| it.to_string());
        let found = miss.found.iter().take(2).cloned().collect::<Vec<_>>();
        table.row([
            text::truncated(&miss.query, 60).as_ref(),
            &miss.truth.join(", "),
            &rank,
            &found.join(", "),
        ]);
    }
    let rendered = table.render(ui);
    writeln!(ui.out(), "\n{rendered}")?;
    if shown < report.misses.len() {
        ui.hint(&format!(
            "{} more missed; --limit 0 shows all",
            text::grouped(report.misses.len() - shown)
        ));
    }
    Ok(())
}
