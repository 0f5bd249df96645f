//! An answer, for people and for programs.

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::output::style::{DIM, GOOD, HEADING};
use crate::output::table::Table;
use crate::output::{Column, text};
use crate::select::{Answer, Choice};

use super::{CommandError, SelectArgs, Session};

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SelectFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
    /// `PLATFORM/NAME@VERSION CAPABILITY PATTERN`, and nothing where no tool is eligible
    Name,
}

pub fn present(
    args: &SelectArgs,
    session: &mut Session,
    answer: &Answer,
) -> Result<(), CommandError> {
    match args.format {
        SelectFormat::Json => {
            let text = serde_json::to_string_pretty(&to_json(answer, args.limit))
                .map_err(std::io::Error::from)?;
            writeln!(session.ui.out(), "{text}")?;
        }
        SelectFormat::Name => {
            if let Some(choice) = &answer.answer {
                writeln!(session.ui.out(), "{}", text::visible(&name(choice)))?;
            }
        }
        SelectFormat::Table => table(args, session, answer)?,
    }
    Ok(())
}

/// The answer as one object; the ranking cut to `limit`, 0 for all of it.
pub fn to_json(answer: &Answer, limit: usize) -> Value {
    let shown = shown(answer, limit);
    json!({
        "mode": answer.mode,
        "answer": answer.answer,
        "ambiguous": answer.ambiguous,
        "score_gap": answer.score_gap,
        "clarifying_question": answer.clarifying_question,
        "ranking": shown,
        "set_aside": answer.set_aside,
        "candidates": answer.candidates,
    })
}

fn shown(answer: &Answer, limit: usize) -> &[Choice] {
    match limit {
        0 => &answer.ranking,
        limit => &answer.ranking[..limit.min(answer.ranking.len())],
    }
}

fn name(choice: &Choice) -> String {
    format!(
        "{}/{}@{} {} {}",
        choice.platform, choice.tool, choice.version, choice.capability, choice.pattern
    )
}

fn table(args: &SelectArgs, session: &mut Session, answer: &Answer) -> Result<(), CommandError> {
    let ui = &mut session.ui;
    match &answer.answer {
        None => {
            let why = match answer.candidates {
                0 => "no tool offers that".to_owned(),
                n => format!("none of {} is eligible", text::counted(n, "candidate")),
            };
            ui.status(&why);
        }
        Some(best) => {
            let best_name = ui.paint(GOOD, &text::visible(&name(best)));
            writeln!(ui.out(), "{best_name}")?;
            writeln!(
                ui.out(),
                "score {:.3} ({}), about {}, cost {}, {}",
                best.score,
                answer.mode,
                text::duration(best.estimated_time_ms),
                text::number(best.estimated_cost),
                best.execution_mode.as_str().replace('_', " "),
            )?;
            let why: Vec<&String> = best
                .approval_reasons
                .iter()
                .chain(&best.background_reasons)
                .collect();
            for reason in why {
                writeln!(ui.out(), "  {}", text::visible(reason))?;
            }
            if let Some(question) = &answer.clarifying_question {
                let line = format!(
                    "close call (gap {:.3}): {question}",
                    answer.score_gap.unwrap_or_default()
                );
                writeln!(ui.out(), "{}", text::visible(&line))?;
            }
        }
    }
    let listed = if args.explain { 0 } else { args.limit };
    let ranking = shown(answer, listed);
    if ranking.len() > 1 || args.explain {
        writeln!(ui.out())?;
        ranking_table(ui, ranking)?;
    }
    if args.explain || answer.answer.is_none() {
        for aside in &answer.set_aside {
            let line = format!(
                "set aside: {}/{}@{} {} {}: {}",
                aside.platform,
                aside.tool,
                aside.version,
                aside.capability,
                aside.pattern,
                aside.reason.message
            );
            let line = ui.paint(DIM, &text::visible(&line));
            writeln!(ui.out(), "{line}")?;
        }
    } else if !answer.set_aside.is_empty() {
        ui.hint(&format!(
            "{} set aside; --explain tells why",
            text::counted(answer.set_aside.len(), "candidate")
        ));
    }
    if args.explain {
        let weights = ui.paint(HEADING, "weights");
        writeln!(ui.out(), "{weights} {}", answer.weights)?;
    }
    Ok(())
}

fn ranking_table(ui: &mut crate::output::Ui, ranking: &[Choice]) -> Result<(), CommandError> {
    let mut table = Table::new([
        Column::text("tool"),
        Column::text("capability"),
        Column::text("pattern"),
        Column::number("score"),
        Column::number("time"),
        Column::number("cost"),
        Column::number("f.time"),
        Column::number("f.cost"),
        Column::number("simple"),
        Column::number("accurate"),
        Column::number("complete"),
    ]);
    for choice in ranking {
        let features = choice
            .features
            .to_array()
            .map(|value| format!("{value:.2}"));
        let tool = format!("{}/{}", choice.platform, choice.tool);
        let cells = [
            tool,
            choice.capability.clone(),
            choice.pattern.clone(),
            format!("{:.3}", choice.score),
            text::duration(choice.estimated_time_ms),
            text::number(choice.estimated_cost),
        ];
        table.row(cells.iter().chain(&features).map(String::as_str));
    }
    let rendered = table.render(ui);
    writeln!(ui.out(), "{rendered}")?;
    Ok(())
}
