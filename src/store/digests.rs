//! The digests of stored definitions, computed again.

use diesel::PgConnection;
use diesel::QueryResult;
use rayon::prelude::*;

use super::tools::{Filter, Handle, by_ids, definitions, handles};
use crate::definition::digest;

/// Definitions that are read at once: memory does not grow with the catalog.
const BATCH: usize = 1000;

/// The versions whose digest is not that of their definition. If none is stored, none is wrong.
///
/// # Errors
/// The database's error, if a query fails.
pub fn wrong(connection: &mut PgConnection) -> QueryResult<Vec<Handle>> {
    let all_versions = Filter {
        all_versions: true,
        ..Filter::default()
    };
    let mut found = Vec::new();
    for batch in handles(connection, &all_versions)?.chunks(BATCH) {
        let ids: Vec<i64> = batch.iter().map(|it| it.id).collect();
        let stored = by_ids(connection, &ids)?;
        let documents = definitions(connection, &stored)?;
        let wrong: Vec<i64> = stored
            .par_iter()
            .zip(&documents)
            .filter(|(tool, document)| {
                let stored = tool.definition_digest.as_deref();
                stored.is_some_and(|it| it != digest(document))
            })
            .map(|(tool, _)| tool.id)
            .collect();
        found.extend(batch.iter().filter(|it| wrong.contains(&it.id)).cloned());
    }
    Ok(found)
}
