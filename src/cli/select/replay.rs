//! `--replay`: a recorded selection, answered again from the candidates as they were.

use std::time::Duration;

use serde_json::{Value, json};

use crate::output::{Format, text};
use crate::select::Choice;
use crate::select::drift::{self, Change};
use crate::select::used::used;
use crate::store::selections;

use super::answered::Answered;
use super::catalog::Catalog;
use super::present::{self, full};
use super::trial::put_first;
use super::{CommandError, Outcome, SelectArgs, Session, outcome};

pub fn run(args: &SelectArgs, id: i64, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut catalog = Catalog::open(session)?;
    let found = catalog
        .connection()
        .direct(|connection| selections::find(connection, id))?;
    let Some(recorded) = found else {
        return Err(
            CommandError::not_found(format!("there is no recorded selection {id}"))
                .hint("`toolcat select --record ...` records one and tells its number"),
        );
    };
    let mut answer = recorded
        .pool
        .answer(&recorded.request)
        .map_err(|error| CommandError::invalid(error.to_string()))?;
    let now = catalog.pool(&recorded.request, session)?;
    let answer_now = now.answer(&recorded.request)?;
    let changes = drift::changes(&recorded.pool, &now.pool);
    let same =
        answer.answer.as_ref().map(Choice::label) == answer_now.answer.as_ref().map(Choice::label);
    // An A/B test or a tie-break command may have chosen otherwise than the scores.
    if let Some(chosen) = recorded.answer.as_ref().map(Choice::label) {
        put_first(&mut answer, |it| it.label() == chosen);
    }
    let command = answer.answer.as_ref().and_then(|best| {
        used(best, &recorded.pool, &recorded.request.inputs)
            .ok()
            .flatten()
    });
    let answered = Answered {
        request: recorded.request,
        answer,
        revision: Some(recorded.revision),
        clock: recorded.recorded_at,
        inferred: Vec::new(),
        assigned: None,
        tie_break: None,
        used: command,
        examples: Vec::new(),
        why_not: None,
        recorded: Some(recorded.id),
        query_time: Duration::ZERO,
        score_time: Duration::ZERO,
    };
    let replay = json!({
        "revision_now": now.revision,
        "same_answer_now": same,
        "answer_now": answer_now.answer,
        "changes": changes,
    });
    match args.format() {
        Format::Json | Format::Jsonl | Format::Yaml => {
            let mut whole = full(&answered, args.limit());
            if let Value::Object(fields) = &mut whole {
                fields.insert("replay".to_owned(), replay);
            }
            present::write_object(session, args.format(), &whole)?;
        }
        _ => {
            present::present(args, session, &answered)?;
            let ui = &session.ui;
            if same && changes.is_empty() {
                ui.status("nothing that this answer depends on has changed since");
            } else {
                tell(session, same, answer_now.answer.as_ref(), &changes);
            }
        }
    }
    Ok(outcome(&answered.answer))
}

fn tell(session: &Session, same: bool, now: Option<&Choice>, changes: &[Change]) {
    let ui = &session.ui;
    let what = match (same, now) {
        (true, _) => "the answer is the same today".to_owned(),
        (false, Some(now)) => format!("the answer today is {}", now.label()),
        (false, None) => "today no tool is eligible".to_owned(),
    };
    ui.status(&format!(
        "{what}; since then {} changed:",
        text::counted(changes.len(), "candidate")
    ));
    for change in changes {
        ui.status(&format!("  {change}"));
    }
}
