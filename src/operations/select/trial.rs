//! What active A/B tests make of a selection.
//!
//! Whether a caller takes part must not depend on its arm, or the arms would hold different callers and
//! the counts would not fit the split. So the choice is made first as if there were no test. A test takes
//! part where that choice is a tool of one of its arms and the tool of the other arm is eligible as well;
//! the version that it assigns to the caller is then the answer, whatever the scores say.

use crate::select::ambiguity::gap;
use crate::select::{Answer, Choice, Pool, Request};
use crate::store::StoreError;
use crate::store::ab_tests::{self, Caller};
use crate::store::index::{self, Assigned};

use super::source::{Pooled, Source};
use super::{Request as Ask, Warning};
use crate::operations::Refusal;

/// What tests would make of a selection, before it is known whether they take part.
pub struct Offer {
    /// The candidates with the assigned versions in the place of those in use.
    pool: Pool,
    /// What each test assigns.
    assigned: Vec<Assigned>,
}

/// What the active tests assign to the caller; none if there is no caller, or no test.
///
/// # Errors
/// Those of the database.
pub fn offer(
    ask: &Ask,
    request: &Request,
    pooled: &Pooled,
    source: &mut Source,
) -> Result<Option<Offer>, Refusal> {
    let Some(connection) = source.connection() else {
        return Ok(None);
    };
    if ask.execution_id.is_none() && ask.user.is_none() {
        return Ok(None);
    }
    let caller = Caller {
        execution_id: ask.execution_id.as_deref(),
        user_id: ask.user.as_deref(),
        environment: Some(&request.environment),
    };
    let mut pool = pooled.pool.clone();
    let assigned = connection
        .direct(|connection| index::assign(connection, caller, &request.scope, &mut pool))?;
    Ok((!assigned.is_empty()).then_some(Offer { pool, assigned }))
}

impl Offer {
    /// The test that takes part, given the answer without it; the candidates become those of the test.
    /// Only one can: one version is run.
    pub fn accept(self, without: &Answer, pooled: &mut Pooled) -> Option<Assigned> {
        let best = without.answer.as_ref()?;
        let eligible = |(platform, tool): (&str, &str)| {
            without
                .ranking
                .iter()
                .any(|it| (it.platform.as_str(), it.tool.as_str()) == (platform, tool))
        };
        let held = |it: &Assigned| {
            self.pool.candidates().any(|candidate| {
                (&candidate.platform, &candidate.tool, &candidate.version)
                    == (&it.platform, &it.tool, &it.version)
            })
        };
        let accepted = self.assigned.into_iter().find(|it| {
            let arms = arms(it);
            arms.contains(&(&best.platform, &best.tool))
                && arms.into_iter().all(eligible)
                && held(it)
        })?;
        pooled.pool = self.pool;
        Some(accepted)
    }
}

/// The tools of both arms, by platform and name.
fn arms(it: &Assigned) -> [(&str, &str); 2] {
    let serving = &it.serving;
    [
        (&serving.platform, &serving.tool_name),
        (&serving.other_platform, &serving.other_tool_name),
    ]
}

/// Makes the assigned version the answer: its best pattern comes first. Returns whether it is eligible.
pub fn prefer(answer: &mut Answer, assigned: &Assigned) -> bool {
    put_first(answer, |it| {
        (&it.platform, &it.tool, &it.version)
            == (&assigned.platform, &assigned.tool, &assigned.version)
    })
}

/// Makes the best of those choices the answer, which is settled then. Returns whether there is one.
pub fn put_first(answer: &mut Answer, is_meant: impl FnMut(&Choice) -> bool) -> bool {
    if answer.answer.is_none() {
        return false;
    }
    let Some(place) = answer.ranking.iter().position(is_meant) else {
        return false;
    };
    if place > 0 {
        answer.ranking[..=place].rotate_right(1);
        answer.answer = answer.ranking.first().cloned();
        answer.score_gap = gap(&answer.ranking);
        answer.ambiguous = false;
        answer.clarifying_question = None;
    }
    true
}

/// Stores the assignment, before there is an outcome; a warning if it could not be.
///
/// # Errors
/// Those of the database.
pub fn keep(
    caller: &crate::operations::Caller,
    assigned: &Assigned,
    source: &mut Source,
) -> Result<Option<Warning>, Refusal> {
    let Some(connection) = source.connection() else {
        return Ok(None);
    };
    let kept = caller.records(connection, |connection| {
        connection.direct(|it| Ok(ab_tests::assign::keep(it, &assigned.serving)?))
    });
    let test = assigned.test.clone();
    match kept {
        Ok(true) => Ok(None),
        Ok(false) => Ok(Some(Warning::TestChanged { test })),
        Err(StoreError::Forbidden(why)) => Ok(Some(Warning::AssignmentLost {
            test,
            why: why.to_string(),
        })),
        Err(error) => Err(error.into()),
    }
}
