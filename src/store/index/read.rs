//! What a selection asks of the index: one statement each.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bytea, Integer, Nullable, Text};

use super::FORMAT;
use super::entry::{Entry, IndexedTool, Words};
use crate::definition::DocumentError;
use crate::select::retrieval::{PostingList, Stats};
use crate::store::StoreError;

/// Where the catalog stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogState {
    /// The number of committed changes.
    pub revision: i64,
    /// The newest migration.
    pub migration: Option<String>,
    /// Whether the index shows that revision.
    pub fresh: bool,
}

/// What was found, and where the catalog stood.
#[derive(Debug, Clone, PartialEq)]
pub struct State<T> {
    /// Where the catalog stands.
    pub catalog: CatalogState,
    /// What was asked for.
    pub found: T,
}

#[derive(QueryableByName)]
pub(super) struct StateRow {
    #[diesel(sql_type = BigInt)]
    revision: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    indexed_revision: Option<i64>,
    #[diesel(sql_type = Nullable<Integer>)]
    index_format: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    migration: Option<String>,
}

impl StateRow {
    pub(super) fn into_state(self) -> CatalogState {
        CatalogState {
            fresh: self.indexed_revision == Some(self.revision)
                && self.index_format == Some(FORMAT),
            revision: self.revision,
            migration: self.migration,
        }
    }
}

#[derive(QueryableByName)]
struct CapabilityRow {
    #[diesel(embed)]
    state: StateRow,
    #[diesel(sql_type = Nullable<Text>)]
    capability_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    entry: Option<String>,
}

/// One capability of one tool that may be chosen.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The capability.
    pub capability: String,
    /// What scoring needs of it.
    pub entry: Entry,
}

/// What offers any of the capabilities.
///
/// # Errors
/// Those of the database; [`StoreError::Definition`] if an entry cannot be read.
pub fn by_capability(
    connection: &mut PgConnection,
    capabilities: &[String],
) -> Result<State<Vec<Offer>>, StoreError> {
    let rows: Vec<CapabilityRow> = diesel::sql_query(
        "SELECT s.revision, s.indexed_revision, s.index_format, s.migration, \
                x.capability_name, x.entry \
         FROM catalog_state s LEFT JOIN selection_index x ON x.capability_name = ANY ($1)",
    )
    .bind::<Array<Text>, _>(capabilities)
    .load(connection)?;
    let mut catalog = None;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        if let (Some(capability), Some(entry)) = (row.capability_name, row.entry) {
            found.push(Offer {
                capability,
                entry: read(&entry, "selection_index.entry")?,
            });
        }
        if catalog.is_none() {
            catalog = Some(row.state.into_state());
        }
    }
    Ok(State {
        catalog: catalog.ok_or_else(no_state)?,
        found,
    })
}

#[derive(QueryableByName)]
struct TermRow {
    #[diesel(embed)]
    state: StateRow,
    #[diesel(sql_type = BigInt)]
    documents: i64,
    #[diesel(sql_type = BigInt)]
    total_length: i64,
    #[diesel(sql_type = Nullable<Text>)]
    term: Option<String>,
    #[diesel(sql_type = Nullable<Bytea>)]
    postings: Option<Vec<u8>>,
}

/// The postings of terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Postings {
    /// The collection.
    pub stats: Stats,
    /// The postings by term.
    pub lists: crate::select::retrieval::Postings,
}

/// What sorts just after everything that starts with a prefix.
pub(super) fn after_all_with(prefix: &str) -> String {
    let mut end: Vec<char> = prefix.chars().collect();
    while let Some(last) = end.pop() {
        let next = (u32::from(last) + 1..=0x10_ffff).find_map(char::from_u32);
        if let Some(next) = next {
            end.push(next);
            break;
        }
    }
    end.into_iter().collect()
}

/// The postings of the terms, and the collection's statistics.
///
/// # Errors
/// Those of the database; [`StoreError::Definition`] if postings cannot be read.
pub fn postings(
    connection: &mut PgConnection,
    terms: &[String],
) -> Result<State<Postings>, StoreError> {
    let rows: Vec<TermRow> = diesel::sql_query(
        "SELECT s.revision, s.indexed_revision, s.index_format, s.migration, s.documents, \
                s.total_length, x.term, x.postings \
         FROM catalog_state s LEFT JOIN search_terms x ON x.term = ANY ($1)",
    )
    .bind::<Array<Text>, _>(terms)
    .load(connection)?;
    let mut catalog = None;
    let mut found = Postings::default();
    for row in rows {
        if let (Some(term), Some(packed)) = (row.term, row.postings) {
            add(&mut found.lists, term, &packed)?;
        }
        if catalog.is_none() {
            found.stats = Stats {
                documents: u64::try_from(row.documents).unwrap_or(0),
                total_length: u64::try_from(row.total_length).unwrap_or(0),
            };
            catalog = Some(row.state.into_state());
        }
    }
    Ok(State {
        catalog: catalog.ok_or_else(no_state)?,
        found,
    })
}

#[derive(QueryableByName)]
struct NearRow {
    #[diesel(sql_type = Text)]
    term: String,
}

/// The terms that may stand for unknown ones: those that begin with the letters of a guess and are
/// about as long as its term.
///
/// # Errors
/// Those of the database.
pub fn near(
    connection: &mut PgConnection,
    guesses: &[(String, String)],
) -> Result<Vec<String>, StoreError> {
    // The index serves a range and not a prefix; which characters there are depends on the
    // database's encoding, so that the end is given by the prefix alone.
    let (terms, low): (Vec<&str>, Vec<&str>) = (guesses.iter())
        .map(|(term, prefix)| (term.as_str(), prefix.as_str()))
        .unzip();
    let high: Vec<String> = low.iter().map(|it| after_all_with(it)).collect();
    let rows: Vec<NearRow> = diesel::sql_query(
        "SELECT DISTINCT near.term FROM unnest($1, $2, $3) AS guess (term, low, high) \
         JOIN search_terms near ON near.term >= guess.low AND near.term < guess.high \
            AND char_length(near.term) BETWEEN char_length(guess.term) - 2 \
                                           AND char_length(guess.term) * 5 / 3",
    )
    .bind::<Array<Text>, _>(&terms)
    .bind::<Array<Text>, _>(&low)
    .bind::<Array<Text>, _>(&high)
    .load(connection)?;
    Ok(rows.into_iter().map(|row| row.term).collect())
}

/// Unpacks postings into the list of their term.
pub(super) fn add(
    lists: &mut crate::select::retrieval::Postings,
    term: String,
    packed: &[u8],
) -> Result<(), StoreError> {
    let list: &mut PostingList = lists.entry(term).or_default();
    list.decode_into(packed).map_err(|error| {
        StoreError::Definition(DocumentError {
            subject: "search_terms".to_owned(),
            message: error.to_string(),
        })
    })
}

#[derive(QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = BigInt)]
    tool_id: i64,
    #[diesel(sql_type = Text)]
    capability_name: String,
    #[diesel(sql_type = Text)]
    entry: String,
    #[diesel(sql_type = Text)]
    words: String,
}

/// The tools of those row numbers, in no particular order.
///
/// # Errors
/// Those of the database; [`StoreError::Definition`] if an entry cannot be read.
pub fn entries(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<IndexedTool>, StoreError> {
    let rows: Vec<EntryRow> = diesel::sql_query(
        "SELECT tool_id, capability_name, entry, words FROM selection_index \
         WHERE tool_id = ANY ($1) ORDER BY tool_id",
    )
    .bind::<Array<BigInt>, _>(ids)
    .load(connection)?;
    let mut tools: Vec<IndexedTool> = Vec::new();
    for row in rows {
        let entry: Entry = read(&row.entry, "selection_index.entry")?;
        let words: Words = read(&row.words, "selection_index.words")?;
        let capability = (row.capability_name, entry, words);
        match tools.last_mut() {
            Some(tool) if tool.id == row.tool_id => tool.capabilities.push(capability),
            _ => tools.push(IndexedTool {
                id: row.tool_id,
                capabilities: vec![capability],
                kept: None,
            }),
        }
    }
    Ok(tools)
}

fn read<T: serde::de::DeserializeOwned>(text: &str, subject: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::Definition(DocumentError {
            subject: subject.to_owned(),
            message: error.to_string(),
        })
    })
}

pub(super) fn no_state() -> StoreError {
    StoreError::Definition(DocumentError {
        subject: "catalog_state".to_owned(),
        message: "its one row is missing".to_owned(),
    })
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    tool_name: String,
    #[diesel(sql_type = Text)]
    platform: String,
}

/// Row number, name and platform of every tool that may be chosen.
///
/// # Errors
/// Those of the database.
pub fn names(connection: &mut PgConnection) -> Result<Vec<(i64, String, String)>, StoreError> {
    let rows: Vec<NameRow> = diesel::sql_query(
        "SELECT id, tool_name, platform FROM tools t \
         WHERE EXISTS (SELECT FROM selection_index x WHERE x.tool_id = t.id)",
    )
    .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.tool_name, row.platform))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::after_all_with;

    /// E1: not every database has the last character of Unicode.
    #[test]
    fn the_end_of_a_range_is_near_its_start() {
        assert_eq!(after_all_with("full"), "fulm");
        assert_eq!(after_all_with("caf\u{e9}"), "caf\u{ea}");
        assert_eq!(after_all_with("a\u{d7ff}"), "a\u{e000}");
        assert_eq!(after_all_with("a\u{10ffff}"), "b");
    }
}
