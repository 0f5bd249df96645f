//! Whether two servers hold the same: every table of every database, row by row.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::location::Catalog;
use super::{Connection, Location, StoreError};

/// The database that every server has.
const ANY: &str = "postgres";

/// For each table how many rows it has, and a digest of them.
type Contents = BTreeMap<String, (i64, Option<String>)>;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Nullable<Text>)]
    digest: Option<String>,
}

/// Compares two servers; `urls` tells where a database is on each.
///
/// # Errors
/// What differs, or why it cannot be found out.
pub fn compare(urls: &dyn Fn(&str) -> [String; 2], catalog: &Catalog) -> Result<(), String> {
    let said = |error: StoreError| error.to_string();
    let [old, new] = urls(ANY).map(|url| databases(&url, catalog));
    let (old, new) = (old.map_err(said)?, new.map_err(said)?);
    if old != new {
        return Err(format!(
            "the databases differ: {} and {}",
            old.join(", "),
            new.join(", ")
        ));
    }
    for database in old {
        let [old, new] = urls(&database).map(|url| contents(&url, catalog));
        let (old, new) = (old.map_err(said)?, new.map_err(said)?);
        let tables = old.keys().chain(new.keys());
        if let Some(table) = tables.into_iter().find(|it| old.get(*it) != new.get(*it)) {
            return Err(format!("table {table} of database {database} differs"));
        }
    }
    Ok(())
}

fn open(url: &str, catalog: &Catalog) -> Result<Connection, StoreError> {
    Connection::open(&Location::parse(url, catalog.clone())?)
}

fn databases(url: &str, catalog: &Catalog) -> Result<Vec<String>, StoreError> {
    let names: Vec<Name> = open(url, catalog)?.read(|connection| {
        diesel::sql_query(
            "SELECT datname::text AS name FROM pg_database \
             WHERE datallowconn AND datname <> 'template1' ORDER BY 1",
        )
        .load(connection)
    })?;
    Ok(names.into_iter().map(|it| it.name).collect())
}

fn contents(url: &str, catalog: &Catalog) -> Result<Contents, StoreError> {
    open(url, catalog)?.snapshot(|connection| {
        let tables: Vec<Name> = diesel::sql_query(
            "SELECT c.oid::regclass::text AS name FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'",
        )
        .load(connection)?;
        let mut contents = Contents::new();
        for Name { name } in tables {
            // The name comes quoted from the server.
            let rows: Rows = diesel::sql_query(format!(
                "SELECT count(*) AS rows, md5(string_agg(digest, '' ORDER BY digest)) AS digest \
                 FROM (SELECT md5(whole_row::text) AS digest FROM {name} whole_row) digests"
            ))
            .get_result(connection)?;
            contents.insert(name, (rows.rows, rows.digest));
        }
        Ok(contents)
    })
}
