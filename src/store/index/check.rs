//! The index of selection made again in memory, and compared with what is stored.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;
use serde_json::Value;

use super::load::{Loaded, Texts, load};
use super::read::add;
use super::refresh::{BLOCK_BITS, EVERY_TOOL, TermRow, analyzed, every_tool};
use crate::select::retrieval::{PostingList, Postings};
use crate::store::StoreError;

/// Where the stored index is not what the definitions make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// What scoring or explaining reads of a capability of a tool.
    Entry {
        /// Row number of the tool.
        tool: i64,
        /// The capability.
        capability: String,
    },
    /// The tools that a word leads to.
    Term(String),
    /// The size of the collection.
    Totals,
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

#[derive(QueryableByName)]
struct Totals {
    #[diesel(sql_type = BigInt)]
    documents: i64,
    #[diesel(sql_type = BigInt)]
    total_length: i64,
}

#[derive(QueryableByName)]
struct Block {
    #[diesel(sql_type = BigInt)]
    block: i64,
}

/// Every difference, block by block. The index must be up to date; call within one snapshot.
///
/// # Errors
/// Those of the database; [`StoreError::Definition`] if what is stored cannot be read.
pub fn check(connection: &mut PgConnection) -> Result<Vec<Difference>, StoreError> {
    let mut blocks: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for tool in every_tool(connection)? {
        blocks
            .entry(tool.id >> BLOCK_BITS)
            .or_default()
            .push(tool.id);
    }
    let stored: Vec<Block> = diesel::sql_query(format!(
        "SELECT block FROM search_terms UNION SELECT tool_id >> {BLOCK_BITS} FROM selection_index"
    ))
    .load(connection)?;
    for row in stored {
        blocks.entry(row.block).or_default();
    }
    let mut found = Vec::new();
    let (mut documents, mut total_length) = (0, 0);
    for (block, ids) in blocks {
        let tools = load(connection, &ids, Texts::Read)?;
        compare_entries(connection, block, &tools, &mut found)?;
        let (lists, length) = lists_of(&tools);
        compare_terms(connection, block, lists, &mut found)?;
        documents += i64::try_from(tools.len()).unwrap_or(i64::MAX);
        total_length += length;
    }
    let totals: Totals = diesel::sql_query("SELECT documents, total_length FROM catalog_state")
        .get_result(connection)?;
    if (totals.documents, totals.total_length) != (documents, total_length) {
        found.push(Difference::Totals);
    }
    Ok(found)
}

fn compare_entries(
    connection: &mut PgConnection,
    block: i64,
    tools: &[Loaded],
    found: &mut Vec<Difference>,
) -> Result<(), StoreError> {
    let rows: Vec<EntryRow> = diesel::sql_query(
        "SELECT tool_id, capability_name, entry, words FROM selection_index \
         WHERE tool_id BETWEEN $1 AND $2 ORDER BY tool_id, capability_name",
    )
    .bind::<BigInt, _>(block << BLOCK_BITS)
    .bind::<BigInt, _>(((block + 1) << BLOCK_BITS) - 1)
    .load(connection)?;
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    let mut stored: BTreeMap<(i64, String), (Option<Value>, Option<Value>)> = rows
        .into_iter()
        .map(|row| {
            let texts = (parsed(&row.entry), parsed(&row.words));
            ((row.tool_id, row.capability_name), texts)
        })
        .collect();
    let different = |(tool, capability)| Difference::Entry { tool, capability };
    for tool in tools {
        for (name, entry, words) in &tool.capabilities {
            let key = (tool.id, name.clone());
            let made = (value(entry), value(words));
            if stored.remove(&key) != Some(made) {
                found.push(different(key));
            }
        }
    }
    found.extend(stored.into_keys().map(different));
    Ok(())
}

fn value(part: &impl Serialize) -> Option<Value> {
    serde_json::to_string(part)
        .and_then(|text| serde_json::from_str(&text))
        .ok()
}

/// The postings of a block as its tools make them, and the sum of the lengths.
fn lists_of(tools: &[Loaded]) -> (Postings, i64) {
    let mut lists = Postings::new();
    let mut total = 0;
    for (tool, (terms, length)) in tools.iter().zip(analyzed(tools)) {
        for term in &terms {
            let list: &mut PostingList = lists.entry(term.term.clone()).or_default();
            list.insert_use(tool.id, length, term);
        }
        let every: &mut PostingList = lists.entry(EVERY_TOOL.to_owned()).or_default();
        every.insert(tool.id, length, 0, &[]);
        total += i64::from(length);
    }
    (lists, total)
}

fn compare_terms(
    connection: &mut PgConnection,
    block: i64,
    made: Postings,
    found: &mut Vec<Difference>,
) -> Result<(), StoreError> {
    let rows: Vec<TermRow> =
        diesel::sql_query("SELECT term, block, postings FROM search_terms WHERE block = $1")
            .bind::<BigInt, _>(block)
            .load(connection)?;
    let mut made: HashMap<String, PostingList> = made.into_iter().collect();
    for row in rows {
        let term = row.term.clone();
        let mut stored = Postings::new();
        let readable = add(&mut stored, row.term, &row.postings).is_ok();
        let stored = stored.remove(&term).unwrap_or_default();
        let expected = made.remove(&term).unwrap_or_default();
        // A block whose last tool went keeps an empty list of its tools.
        if !readable || stored.encode() != expected.encode() {
            found.push(Difference::Term(term));
        }
    }
    found.extend(made.into_keys().map(Difference::Term));
    Ok(())
}
