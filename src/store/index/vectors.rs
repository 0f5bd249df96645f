//! What a sentence encoder says of the texts of tools, kept beside the index.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bytea};

use super::load::{Texts, load};
use crate::select::retrieval::{Encoder, Encoding, Kept};
use crate::store::StoreError;
use crate::store::tools::revision;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    tool_id: i64,
    #[diesel(sql_type = Bytea)]
    texts: Vec<u8>,
    #[diesel(sql_type = Bytea)]
    vectors: Vec<u8>,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    tool_id: i64,
}

/// What the encoder says of the tools with those row numbers, as far as it is kept; nothing without an encoder.
pub(super) fn kept(
    connection: &mut PgConnection,
    encoding: &Encoding,
    ids: &[i64],
) -> QueryResult<HashMap<i64, Kept>> {
    let Some(encoder) = encoding else {
        return Ok(HashMap::new());
    };
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT tool_id, texts, vectors FROM tool_vectors WHERE tool_id = ANY ($1) AND encoder = $2",
    )
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Bytea, _>(encoder.digest().as_slice())
    .load(connection)?;
    let kept = rows.into_iter().map(|row| {
        let kept = Kept {
            texts: row.texts,
            vectors: row.vectors,
        };
        (row.tool_id, kept)
    });
    Ok(kept.collect())
}

/// The tools that may be chosen of which the encoder has read nothing yet, by row number.
///
/// # Errors
/// Those of the database.
pub fn unread(connection: &mut PgConnection, encoder: [u8; 32]) -> QueryResult<Vec<i64>> {
    let ids: Vec<Id> = diesel::sql_query(
        "SELECT DISTINCT tool_id FROM selection_index x \
         WHERE NOT EXISTS (SELECT FROM tool_vectors v WHERE v.tool_id = x.tool_id AND v.encoder = $1) \
         ORDER BY tool_id",
    )
    .bind::<Bytea, _>(encoder.as_slice())
    .load(connection)?;
    Ok(ids.into_iter().map(|row| row.tool_id).collect())
}

/// Has the encoder read the texts of those tools, and keeps what it says. The index must be up to date.
///
/// # Errors
/// Those of the database; [`StoreError::Forbidden`] for who may change no definition.
pub fn encode(
    connection: &mut PgConnection,
    encoder: &dyn Encoder,
    ids: &[i64],
) -> Result<(), StoreError> {
    let since = revision(connection)?;
    let tools = load(connection, ids, Texts::Read)?;
    let ids: Vec<i64> = tools.iter().map(|tool| tool.id).collect();
    let kept: Vec<Kept> = tools
        .iter()
        .map(|tool| Kept::of(encoder, &tool.text.sentences()))
        .collect();
    let (texts, vectors): (Vec<&[u8]>, Vec<&[u8]>) = kept
        .iter()
        .map(|it| (it.texts.as_slice(), it.vectors.as_slice()))
        .unzip();
    diesel::sql_query("SELECT write_tool_vectors($1, $2, $3, $4, $5)")
        .bind::<BigInt, _>(since)
        .bind::<Bytea, _>(encoder.digest().as_slice())
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Bytea>, _>(texts)
        .bind::<Array<Bytea>, _>(vectors)
        .execute(connection)?;
    Ok(())
}

/// Forgets what every encoder has said.
///
/// # Errors
/// Those of the database.
pub fn forget(connection: &mut PgConnection) -> QueryResult<()> {
    diesel::sql_query("SELECT clear_tool_vectors()")
        .execute(connection)
        .map(drop)
}
