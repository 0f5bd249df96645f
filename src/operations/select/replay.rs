//! A recorded selection, answered again from the candidates as they were.

use std::time::Duration;

use serde_json::{Value, json};

use super::Selected;
use super::source::{Pooled, Source};
use super::trial::put_first;
use crate::operations::{Backend, Kind, Refusal, Remedy};
use crate::select::drift::{self, Change};
use crate::select::used::used;
use crate::select::{Answer, Choice};
use crate::store::selections;

/// A selection as it was, and as it would be now.
#[derive(Debug)]
pub struct Replayed {
    /// As it was.
    pub then: Selected,
    /// The answer of today.
    pub now: Answer,
    /// The revision of the catalog today.
    pub revision_now: Option<i64>,
    /// Whether both choose the same.
    pub same: bool,
    /// What has changed of the candidates since.
    pub changes: Vec<Change>,
}

/// Answers a recorded selection again.
///
/// # Errors
/// [`Kind::NotFound`] if there is none of that number; those of the database.
pub fn run(backend: Backend, id: i64) -> Result<Replayed, Refusal> {
    let mut source = Source::catalog(backend)?;
    let found = match source.connection() {
        Some(connection) => connection.direct(|connection| selections::find(connection, id))?,
        None => None,
    };
    let Some(recorded) = found else {
        let message = format!("there is no recorded selection {id}");
        return Err(Refusal::new(Kind::NotFound, message).remedy(Remedy::RecordSelection));
    };
    let then = Pooled {
        pool: recorded.pool,
        revision: Some(recorded.revision),
    };
    let mut answer = then.answer(&recorded.request)?;
    let pooled = source.pool(&recorded.request, &mut Vec::new())?;
    let now = pooled.answer(&recorded.request)?;
    let changes = drift::changes(&then.pool, &pooled.pool);
    let label = |answer: &Answer| answer.answer.as_ref().map(Choice::label);
    let same = label(&answer) == label(&now);
    // An A/B test or a tie-break may have chosen otherwise than the scores.
    if let Some(chosen) = recorded.answer.as_ref().map(Choice::label) {
        put_first(&mut answer, |it| it.label() == chosen);
    }
    let used = answer.answer.as_ref().and_then(|best| {
        used(best, &then.pool, &recorded.request.inputs)
            .ok()
            .flatten()
    });
    Ok(Replayed {
        then: Selected {
            request: recorded.request,
            answer,
            revision: then.revision,
            clock: recorded.recorded_at,
            inferred: Vec::new(),
            assigned: None,
            tie_break: None,
            used,
            examples: Vec::new(),
            why_not: None,
            recorded: Some(recorded.id),
            warnings: Vec::new(),
            query_time: Duration::ZERO,
            score_time: Duration::ZERO,
        },
        now,
        revision_now: pooled.revision,
        same,
        changes,
    })
}

impl Replayed {
    /// The recorded answer as one object, with what is different today.
    pub fn full_json(&self, limit: usize) -> Value {
        let mut whole = self.then.full_json(limit);
        if let Value::Object(fields) = &mut whole {
            let replay = json!({
                "revision_now": self.revision_now,
                "same_answer_now": self.same,
                "answer_now": self.now.answer,
                "changes": self.changes,
            });
            fields.insert("replay".to_owned(), replay);
        }
        whole
    }
}
