//! Whose selection an import would change: recorded selections, answered before and after it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use serde::Serialize;

use super::{StoreError, index, selections};
use crate::select::{Choice, Request};

/// A recorded selection whose answer would change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Impact {
    /// The latest recorded selection of that request.
    pub selection: i64,
    /// What was asked for: the words, or the capabilities.
    pub request: String,
    /// The answer before the import; none if nothing was eligible.
    pub before: Option<String>,
    /// The answer after it.
    pub after: Option<String>,
}

/// So many recorded selections are read for each different request that is wanted: people ask the same again.
const ROWS_FOR_ONE: usize = 20;

/// Requests that were recorded, each once, with the answers that they have now.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    requests: Vec<(i64, Request, Option<String>)>,
}

impl Watched {
    /// The requests recorded since a moment, the newest of them and at most so many, and their present answers.
    ///
    /// # Errors
    /// The database's error, if a query fails.
    pub fn since(
        connection: &mut PgConnection,
        moment: DateTime<Utc>,
        most: usize,
    ) -> Result<Self, StoreError> {
        index::refresh(connection)?;
        let mut seen = HashSet::new();
        let mut requests = Vec::new();
        let recorded = selections::newest(connection, moment, most.saturating_mul(ROWS_FOR_ONE))?;
        for it in recorded {
            if requests.len() == most {
                break;
            }
            if seen.insert(it.request.hash()) {
                let answer = answer(connection, &it.request)?;
                requests.push((it.id, it.request, answer));
            }
        }
        Ok(Self { requests })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Those whose answer is another one in the catalog as this transaction has changed it.
    ///
    /// # Errors
    /// The database's error, if a query fails.
    pub fn changed(&self, connection: &mut PgConnection) -> Result<Vec<Impact>, StoreError> {
        index::refresh(connection)?;
        let mut changed = Vec::new();
        for (selection, request, before) in &self.requests {
            let after = answer(connection, request)?;
            if *before != after {
                changed.push(Impact {
                    selection: *selection,
                    request: if request.scope.capabilities.is_empty() {
                        request.query.clone()
                    } else {
                        request.scope.capabilities.join(", ")
                    },
                    before: before.clone(),
                    after,
                });
            }
        }
        Ok(changed)
    }
}

/// The answer by the built-in table of meanings: what a change does is the same for everybody.
fn answer(connection: &mut PgConnection, request: &Request) -> Result<Option<String>, StoreError> {
    let pool = index::pool(connection, request, &None)?.found;
    // An invalid weight cannot have been recorded.
    let answer = pool.answer(request).ok().and_then(|it| it.answer);
    Ok(answer.as_ref().map(Choice::label))
}
