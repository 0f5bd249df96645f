//! The hash chain of the audit log: its head, and the proof that nothing before a head was rewritten.
//!
//! The triggers add a link for the entries of each statement: the SHA-256 of the hash before and of
//! the entries' digests. Whoever owns the database can rewrite all of it, but not to the same head.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use serde::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::replay::Discrepancy;
use crate::words::hex;

/// Rows that are fetched at once: memory does not grow with the log.
const BATCH: usize = 10_000;

/// Breaks that are listed; each spoils nothing behind it, so that more say no more.
const MOST: usize = 100;

/// The last hash of the log at a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The revision.
    pub revision: i64,
    hash: [u8; 32],
}

impl Head {
    /// The head of a log without entries.
    const EMPTY: Self = Self {
        revision: 0,
        hash: [0; 32],
    };
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.revision, hex(self.hash))
    }
}

impl Serialize for Head {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let head = || {
            let (revision, digits) = text.trim().split_once(':')?;
            let revision = revision.parse().ok().filter(|it| *it >= 0)?;
            if digits.len() != 64 || !digits.is_ascii() {
                return None;
            }
            let mut hash = [0; 32];
            for (index, byte) in hash.iter_mut().enumerate() {
                *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
            }
            Some(Self { revision, hash })
        };
        head().ok_or_else(|| "a head is REVISION:HASH, with 64 hexadecimal digits".to_owned())
    }
}

#[derive(QueryableByName, Clone)]
struct Link {
    #[diesel(sql_type = BigInt)]
    revision: i64,
    #[diesel(sql_type = BigInt)]
    last_id: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = BigInt)]
    revision: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Binary)]
    digest: Vec<u8>,
}

/// The head of the log as it stands.
pub fn head(connection: &mut PgConnection) -> QueryResult<Head> {
    let last: Option<Link> = diesel::sql_query(
        "SELECT revision, last_id, hash FROM tool_audit_chain \
         ORDER BY revision DESC, last_id DESC LIMIT 1",
    )
    .get_result(connection)
    .optional()?;
    Ok(last.map_or(Head::EMPTY, |link| head_of(&link)))
}

fn head_of(link: &Link) -> Head {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(&link.hash) {
        *to = *from;
    }
    Head {
        revision: link.revision,
        hash,
    }
}

/// Every place where the chain does not fit the log; `followed` is told of so many more entries. Call within one
/// snapshot.
pub fn breaks(
    connection: &mut PgConnection,
    followed: &dyn Fn(u64),
) -> QueryResult<Vec<Discrepancy>> {
    let entries = include_str!("chain_digest.sql");
    let links = "SELECT revision, last_id, hash FROM tool_audit_chain ORDER BY revision, last_id";
    let mut entries = Cursor::<Entry>::open(connection, "toolcat_entries", entries)?;
    let mut links = Cursor::<Link>::open(connection, "toolcat_links", links)?;
    let mut walk = Walk::default();
    let mut link = links.next(connection)?;
    while let Some(entry) = entries.next(connection)? {
        followed(1);
        while let Some(done) =
            link.take_if(|it| (it.revision, it.last_id) < (entry.revision, entry.id))
        {
            walk.close(&done);
            link = links.next(connection)?;
        }
        match &link {
            Some(link) if link.revision == entry.revision => walk.hash.update(&entry.digest),
            _ => walk.note("unchained", &entry, Value::Null, Value::from(entry.id)),
        }
    }
    while let Some(done) = link.take() {
        walk.close(&done);
        link = links.next(connection)?;
    }
    Ok(walk.found)
}

/// The last hash at that revision; none if the log does not hold it.
pub fn at(connection: &mut PgConnection, revision: i64) -> QueryResult<Option<Head>> {
    let link: Option<Link> = diesel::sql_query(
        "SELECT revision, last_id, hash FROM tool_audit_chain WHERE revision = $1 \
         ORDER BY last_id DESC LIMIT 1",
    )
    .bind::<BigInt, _>(revision)
    .get_result(connection)
    .optional()?;
    Ok(link.map(|link| head_of(&link)))
}

/// Whether the log still holds what it did when that head was taken: what is different, if not.
pub fn against(connection: &mut PgConnection, kept: &Head) -> QueryResult<Option<Discrepancy>> {
    if *kept == Head::EMPTY {
        return Ok(None);
    }
    let present = at(connection, kept.revision)?;
    Ok((present != Some(*kept)).then(|| {
        let hash = |head: &Head| Value::from(hex(head.hash));
        discrepancy(
            "rewritten",
            kept.revision,
            Some(hash(kept)),
            present.as_ref().map(hash),
        )
    }))
}

fn discrepancy(
    kind: &str,
    revision: i64,
    logged: Option<Value>,
    found: Option<Value>,
) -> Discrepancy {
    Discrepancy {
        kind: kind.to_owned(),
        entity: "log".to_owned(),
        entity_id: revision,
        name: None,
        field: "hash".to_owned(),
        logged,
        found,
    }
}

/// The chain as it is followed from the start.
#[derive(Default)]
struct Walk {
    /// Begins with the hash before.
    hash: Sha256,
    found: Vec<Discrepancy>,
}

impl Walk {
    /// Compares a link with its entries, and goes on from what it says: one break is told once.
    fn close(&mut self, link: &Link) {
        let computed = std::mem::take(&mut self.hash).finalize();
        if computed.as_slice() != link.hash.as_slice() && self.found.len() < MOST {
            self.found.push(discrepancy(
                "chain",
                link.revision,
                Some(Value::from(hex(&link.hash))),
                Some(Value::from(hex(computed))),
            ));
        }
        self.hash.update(&link.hash);
    }

    fn note(&mut self, kind: &str, entry: &Entry, logged: Value, found: Value) {
        if self.found.len() < MOST {
            let it = discrepancy(kind, entry.revision, Some(logged), Some(found));
            self.found.push(it);
        }
    }
}

/// Rows of a query, fetched in batches.
struct Cursor<R> {
    name: &'static str,
    rows: VecDeque<R>,
    ended: bool,
}

impl<R> Cursor<R>
where
    R: QueryableByName<diesel::pg::Pg> + 'static,
{
    fn open(connection: &mut PgConnection, name: &'static str, query: &str) -> QueryResult<Self> {
        connection.batch_execute(&format!("DECLARE {name} NO SCROLL CURSOR FOR {query}"))?;
        Ok(Self {
            name,
            rows: VecDeque::new(),
            ended: false,
        })
    }

    fn next(&mut self, connection: &mut PgConnection) -> QueryResult<Option<R>> {
        if self.rows.is_empty() && !self.ended {
            let rows: Vec<R> =
                diesel::sql_query(format!("FETCH {BATCH} FROM {}", self.name)).load(connection)?;
            self.ended = rows.len() < BATCH;
            self.rows = rows.into();
            if self.ended {
                connection.batch_execute(&format!("CLOSE {}", self.name))?;
            }
        }
        Ok(self.rows.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed() {
        let text = format!("12:{}", "0a".repeat(32));
        let head: Head = text.parse().expect("a head");
        assert_eq!(head.to_string(), text);
        assert_eq!(head.revision, 12);
        for wrong in ["", "12", "12:", "x:00", "-1:00", "12:zz", &text[..20]] {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
        assert!(format!("1:{}", "é".repeat(32)).parse::<Head>().is_err());
    }
}
