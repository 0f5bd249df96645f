//! `--eval`: how well words find the tools that they mean.

use std::path::Path;

use crate::cli::lines::Lines;
use crate::output::table::Table;
use crate::output::{Column, Format, text};
use crate::select::evaluate::{Case, Evaluation, Report};

use super::{Asking, CommandError, Outcome, SelectArgs, Session};

pub fn run(
    args: &SelectArgs,
    file: &Path,
    asking: &mut Asking,
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let cases = read(file)?;
    let progress = session.ui.progress(cases.len() as u64, "queries");
    let mut evaluation = Evaluation::default();
    for case in &cases {
        let ranked = asking.source.ranked(&case.query)?;
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
    present(args, session, &report)?;
    match args.min_recall_5 {
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
        let case: Case = serde_json::from_str(&line.text)
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

fn present(args: &SelectArgs, session: &mut Session, report: &Report) -> Result<(), CommandError> {
    let ui = &mut session.ui;
    match args.format() {
        Format::Json => {
            let json = serde_json::to_string_pretty(report).map_err(std::io::Error::from)?;
            writeln!(ui.out(), "{json}")?;
        }
        Format::Jsonl => {
            let json = serde_json::to_string(report).map_err(std::io::Error::from)?;
            writeln!(ui.out(), "{json}")?;
        }
        Format::Yaml => write!(
            ui.out(),
            "{}",
            crate::format::yaml::write_value(
                &serde_json::to_value(report).map_err(std::io::Error::from)?
            )
        )?,
        Format::Csv | Format::Name | Format::Table | Format::Wide => {
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
            misses(args, session, report)?;
        }
    }
    Ok(())
}

fn misses(args: &SelectArgs, session: &mut Session, report: &Report) -> Result<(), CommandError> {
    if report.misses.is_empty() {
        return Ok(());
    }
    let shown = match args.limit() {
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
