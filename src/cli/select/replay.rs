//! `--replay`: a recorded selection, answered again from the candidates as they were.

use crate::operations::select::replay::{self, Replayed};
use crate::output::{Format, text};

use super::present;
use super::{CommandError, Outcome, SelectArgs, Session, outcome};

pub fn run(args: &SelectArgs, id: i64, session: &mut Session) -> Result<Outcome, CommandError> {
    let replayed = replay::run(session.backend()?, id)?;
    match args.format() {
        Format::Json | Format::Jsonl | Format::Yaml => {
            let whole = replayed.full_json(args.limit());
            present::write_object(session, args.format(), &whole)?;
        }
        _ => {
            present::present(args, session, &replayed.then)?;
            if replayed.same && replayed.changes.is_empty() {
                let ui = &session.ui;
                ui.status("nothing that this answer depends on has changed since");
            } else {
                tell(session, &replayed);
            }
        }
    }
    Ok(outcome(&replayed.then.answer))
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
