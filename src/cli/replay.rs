//! `toolcat replay`: a recorded selection, answered again from the candidates as they were.

use clap::Args;

use crate::operations::select::replay::{self, Replayed};
use crate::output::{AnswerFormat, Format, record, text};

use super::select;
use super::select::present::{self, View};
use super::{CommandError, Outcome, Session};

/// Answer a recorded selection again, and tell what has changed since
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat select --capability disk_usage --record\n  toolcat replay 1"
)]
pub struct ReplayArgs {
    /// Number of the selection, as `toolcat select --record` gives it
    #[arg(value_name = "ID")]
    id: i64,

    /// Show every candidate with its features, and what was set aside
    #[arg(long)]
    explain: bool,

    /// How many choices to list; 0 for all [default: 5]
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,

    /// How to write the answer
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: AnswerFormat,
}

pub fn run(args: &ReplayArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let limit = args.limit.or(session.config.select.limit);
    let view = View {
        format: args.format,
        limit: limit.unwrap_or(select::DEFAULT_LIMIT),
        explain: args.explain,
        of_catalog: true,
    };
    show(args.id, view, session)
}

/// Answers the selection of that number, and shows it so.
pub fn show(id: i64, view: View, session: &mut Session) -> Result<Outcome, CommandError> {
    let replayed = replay::run(session.backend()?, id)?;
    let format = Format::from(view.format);
    match format {
        Format::Json | Format::Jsonl | Format::Yaml => {
            let whole = replayed.full_json(view.limit);
            record::write_value(&mut session.ui, &whole, format)?;
        }
        _ => {
            present::present(view, session, &replayed.then)?;
            if replayed.same && replayed.changes.is_empty() {
                let ui = &session.ui;
                ui.status("nothing that this answer depends on has changed since");
            } else {
                tell(session, &replayed);
            }
        }
    }
    Ok(select::outcome(&replayed.then.answer))
}

fn tell(session: &Session, replayed: &Replayed) {
    let ui = &session.ui;
    let what = match (replayed.same, &replayed.now.answer) {
        (true, _) => "the answer is the same today".to_owned(),
        (false, Some(now)) => format!("the answer today is {}", now.label()),
        (false, None) => "today no tool is eligible".to_owned(),
    };
    ui.status(&format!(
        "{what}; since then {} changed:",
        text::counted(replayed.changes.len(), "candidate")
    ));
    for change in &replayed.changes {
        ui.status(&format!("  {change}"));
    }
}
