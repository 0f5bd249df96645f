//! Bringing the index up to the catalog's revision: what changed is read again, block by block.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Bytea, Integer, Nullable, Text};
use rayon::prelude::*;
use serde::Serialize;

use super::FORMAT;
use super::load::{Loaded, Texts, load};
use super::read::add;
use super::renewal::{Renewal, WORDLESS};
use crate::definition::DocumentError;
use crate::select::retrieval::{Analyzer, PostingList, Postings, TermUse, analyze};
use crate::store::StoreError;

/// Tool ids of one block share the rows of their terms.
pub(super) const BLOCK_BITS: u32 = 10;

/// The key under which a block lists all of its documents. No word is empty.
pub(super) const EVERY_TOOL: &str = "";

/// Texts analysed by one task.
const CHUNK: usize = 64;

#[derive(QueryableByName)]
struct Standing {
    #[diesel(sql_type = BigInt)]
    revision: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    indexed_revision: Option<i64>,
    #[diesel(sql_type = Nullable<Integer>)]
    index_format: Option<i32>,
    #[diesel(sql_type = BigInt)]
    documents: i64,
    #[diesel(sql_type = BigInt)]
    total_length: i64,
    #[diesel(sql_type = Bool)]
    logged: bool,
}

/// Brings the index up to the present revision, as this transaction sees it. The writers' lock must
/// be held. Memory is bounded by a block of tools, not by the catalog.
///
/// # Errors
/// Those of the database.
pub fn refresh(connection: &mut PgConnection) -> Result<(), StoreError> {
    let standing: Standing = diesel::sql_query(
        "SELECT revision, indexed_revision, index_format, documents, total_length, \
                EXISTS (SELECT FROM tool_audit_log a WHERE a.revision > s.indexed_revision \
                        AND a.entity NOT IN ('ab_test', 'catalog')) AS logged \
         FROM catalog_state s",
    )
    .get_result(connection)?;
    let known = standing
        .indexed_revision
        .filter(|revision| standing.index_format == Some(FORMAT) && *revision <= standing.revision);
    if known == Some(standing.revision) {
        return Ok(());
    }
    let mut totals = Totals {
        documents: standing.documents,
        length: standing.total_length,
    };
    let changed = match known {
        Some(_) if !standing.logged => Vec::new(),
        Some(since) => changed_since(connection, since, standing.revision)?,
        None => {
            diesel::sql_query("SELECT clear_index()").execute(connection)?;
            totals = Totals::default();
            every_tool(connection)?
        }
    };
    let mut blocks: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut wordless: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for tool in changed {
        let kind = if tool.words {
            &mut blocks
        } else {
            &mut wordless
        };
        kind.entry(tool.id >> BLOCK_BITS).or_default().push(tool.id);
    }
    for ids in wordless.values() {
        renew_entries(connection, ids)?;
    }
    let numbers: Vec<i64> = blocks.keys().copied().collect();
    let mut present = if known.is_some() {
        documents_of(connection, &numbers)?
    } else {
        HashMap::new()
    };
    for (block, ids) in blocks {
        let documents = present.remove(&block).unwrap_or_default();
        renew_block(connection, block, &ids, documents, &mut totals)?;
    }
    diesel::sql_query("SELECT finish_index($1, $2, $3)")
        .bind::<Integer, _>(FORMAT)
        .bind::<BigInt, _>(totals.documents)
        .bind::<BigInt, _>(totals.length)
        .execute(connection)?;
    Ok(())
}

#[derive(Default)]
struct Totals {
    documents: i64,
    length: i64,
}

/// A tool that changed.
#[derive(QueryableByName)]
pub(super) struct Changed {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Whether its words may have changed, or whether it may be chosen.
    #[diesel(sql_type = Bool)]
    words: bool,
}

/// The tools that changed after one revision and up to another, but for those whose entries the change
/// has renewed.
fn changed_since(
    connection: &mut PgConnection,
    since: i64,
    revision: i64,
) -> Result<Vec<Changed>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT id, words \
         FROM (SELECT id, bool_or(changes - $2 <> '{}') AS words \
               FROM (SELECT CASE entity WHEN 'tool' THEN entity_id ELSE tool_id END AS id, changes \
                     FROM tool_audit_log WHERE revision > $1 AND entity NOT IN ('ab_test', 'catalog')) logged \
               WHERE id IS NOT NULL GROUP BY id) changed \
         WHERE words OR NOT EXISTS (SELECT FROM selection_index x \
                                    WHERE x.tool_id = changed.id AND x.revision = $3)",
    )
    .bind::<BigInt, _>(since)
    .bind::<Array<Text>, _>(WORDLESS.as_slice())
    .bind::<BigInt, _>(revision)
    .load(connection)?)
}

pub(super) fn every_tool(connection: &mut PgConnection) -> Result<Vec<Changed>, StoreError> {
    Ok(diesel::sql_query(
        "SELECT id, true AS words FROM tools WHERE is_latest AND enabled AND status = 'active'",
    )
    .load(connection)?)
}

#[derive(QueryableByName)]
pub(super) struct TermRow {
    #[diesel(sql_type = Text)]
    pub term: String,
    #[diesel(sql_type = BigInt)]
    block: i64,
    #[diesel(sql_type = Bytea)]
    pub postings: Vec<u8>,
}

/// The documents that those blocks hold.
fn documents_of(
    connection: &mut PgConnection,
    blocks: &[i64],
) -> Result<HashMap<i64, PostingList>, StoreError> {
    let rows: Vec<TermRow> = diesel::sql_query(
        "SELECT term, block, postings FROM search_terms WHERE term = $1 AND block = ANY ($2)",
    )
    .bind::<Text, _>(EVERY_TOOL)
    .bind::<Array<BigInt>, _>(blocks)
    .load(connection)?;
    let mut documents = HashMap::new();
    for row in rows {
        let mut list = Postings::new();
        add(&mut list, row.term, &row.postings)?;
        documents.insert(row.block, list.remove(EVERY_TOOL).unwrap_or_default());
    }
    Ok(documents)
}

fn renew_block(
    connection: &mut PgConnection,
    block: i64,
    ids: &[i64],
    mut documents: PostingList,
    totals: &mut Totals,
) -> Result<(), StoreError> {
    let outdated: Vec<i64> = ids
        .iter()
        .copied()
        .filter(|id| documents.get(*id).is_some())
        .collect();
    let tools = load(connection, ids, Texts::Read)?;
    let analyzed = analyzed(&tools);

    let mut lists = Postings::new();
    if !outdated.is_empty() {
        let rows: Vec<TermRow> = diesel::sql_query(
            "SELECT term, block, postings FROM search_terms WHERE block = $1 AND term <> $2",
        )
        .bind::<BigInt, _>(block)
        .bind::<Text, _>(EVERY_TOOL)
        .load(connection)?;
        for row in rows {
            add(&mut lists, row.term, &row.postings)?;
        }
    } else if !documents.is_empty() {
        let terms: HashSet<&str> = analyzed
            .iter()
            .flat_map(|(terms, _)| terms.iter().map(|it| it.term.as_str()))
            .collect();
        let terms: Vec<&str> = terms.into_iter().collect();
        let rows: Vec<TermRow> = diesel::sql_query(
            "SELECT term, block, postings FROM search_terms WHERE term = ANY ($1) AND block = $2",
        )
        .bind::<Array<Text>, _>(terms)
        .bind::<BigInt, _>(block)
        .load(connection)?;
        for row in rows {
            add(&mut lists, row.term, &row.postings)?;
        }
    }

    let mut touched: HashSet<String> = HashSet::new();
    for (term, list) in &mut lists {
        let mut held = false;
        for id in &outdated {
            held |= list.remove(*id);
        }
        if held {
            touched.insert(term.clone());
        }
    }
    for id in &outdated {
        if let Some(entry) = documents.get(*id) {
            totals.documents -= 1;
            totals.length -= i64::from(entry.length);
        }
        documents.remove(*id);
    }
    for (tool, (terms, length)) in tools.iter().zip(&analyzed) {
        for term in terms {
            if !touched.contains(&term.term) {
                touched.insert(term.term.clone());
            }
            match lists.get_mut(&term.term) {
                Some(list) => list.insert_use(tool.id, *length, term),
                None => {
                    let mut list = PostingList::new();
                    list.insert_use(tool.id, *length, term);
                    lists.insert(term.term.clone(), list);
                }
            }
        }
        documents.insert(tool.id, *length, 0, &[]);
        totals.documents += 1;
        totals.length += i64::from(*length);
    }
    touched.insert(EVERY_TOOL.to_owned());
    lists.insert(EVERY_TOOL.to_owned(), documents);
    store_terms(connection, block, &touched, &lists)?;
    store_entries(connection, &outdated, &tools)
}

/// What scoring needs of tools whose words stay as they are.
fn renew_entries(connection: &mut PgConnection, ids: &[i64]) -> Result<(), StoreError> {
    let mut renewal = Renewal::default();
    for tool in load(connection, ids, Texts::Left)? {
        for (name, entry, _) in &tool.capabilities {
            renewal.add(tool.id, name, entry).map_err(unwritable)?;
        }
    }
    Ok(renewal.execute(connection)?)
}

/// Terms and length of each tool, as retrieval reads them.
pub(super) fn analyzed(tools: &[Loaded]) -> Vec<(Vec<TermUse>, u32)> {
    let chunks: Vec<Vec<(Vec<TermUse>, u32)>> = tools
        .par_chunks(CHUNK)
        .map(|chunk| {
            let mut analyzer = Analyzer::new();
            chunk
                .iter()
                .map(|tool| {
                    let document = analyze(&mut analyzer, &tool.text);
                    (document.terms, document.length)
                })
                .collect()
        })
        .collect();
    chunks.into_iter().flatten().collect()
}

fn store_terms(
    connection: &mut PgConnection,
    block: i64,
    touched: &HashSet<String>,
    lists: &Postings,
) -> Result<(), StoreError> {
    let mut terms = Vec::with_capacity(touched.len());
    let mut packed = Vec::with_capacity(touched.len());
    let mut gone = Vec::new();
    for term in touched {
        match lists.get(term).filter(|list| !list.is_empty()) {
            Some(list) => {
                terms.push(term.as_str());
                packed.push(list.encode());
            }
            None => gone.push(term.as_str()),
        }
    }
    diesel::sql_query("SELECT write_index_terms($1, $2, $3, $4)")
        .bind::<BigInt, _>(block)
        .bind::<Array<Text>, _>(terms)
        .bind::<Array<Bytea>, _>(packed)
        .bind::<Array<Text>, _>(gone)
        .execute(connection)?;
    Ok(())
}

fn store_entries(
    connection: &mut PgConnection,
    outdated: &[i64],
    tools: &[Loaded],
) -> Result<(), StoreError> {
    let columns = Columns::of(tools)?;
    if outdated.is_empty() && columns.ids.is_empty() {
        return Ok(());
    }
    diesel::sql_query("SELECT write_index_entries($1, $2, $3, $4, $5)")
        .bind::<Array<BigInt>, _>(outdated)
        .bind::<Array<BigInt>, _>(columns.ids)
        .bind::<Array<Text>, _>(columns.names)
        .bind::<Array<Text>, _>(columns.entries)
        .bind::<Array<Text>, _>(columns.words)
        .execute(connection)?;
    Ok(())
}

/// The entries of tools, column by column.
#[derive(Default)]
struct Columns<'a> {
    ids: Vec<i64>,
    names: Vec<&'a str>,
    entries: Vec<String>,
    words: Vec<String>,
}

impl<'a> Columns<'a> {
    fn of(tools: &'a [Loaded]) -> Result<Self, StoreError> {
        let texts: Vec<Vec<(String, String)>> = tools
            .par_iter()
            .map(|tool| {
                let capabilities = tool.capabilities.iter();
                capabilities
                    .map(|(_, entry, words)| Ok((written(entry)?, written(words)?)))
                    .collect()
            })
            .collect::<Result<_, StoreError>>()?;
        let mut columns = Self::default();
        for (tool, texts) in tools.iter().zip(texts) {
            for ((name, _, _), (entry, words)) in tool.capabilities.iter().zip(texts) {
                columns.ids.push(tool.id);
                columns.names.push(name);
                columns.entries.push(entry);
                columns.words.push(words);
            }
        }
        Ok(columns)
    }
}

fn written(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Definition(DocumentError {
        subject: "selection_index".to_owned(),
        message: error.to_string(),
    })
}
