//! The tables and sequences of a catalog, as PostgreSQL describes them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text};

/// A table: its columns that hold what was written, not computed.
#[derive(Debug, Clone, QueryableByName)]
pub struct Table {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its columns, in order.
    #[diesel(sql_type = Array<Text>)]
    pub columns: Vec<String>,
    /// The columns of its primary key.
    #[diesel(sql_type = Array<Text>)]
    pub key: Vec<String>,
    /// The tables that it refers to.
    #[diesel(sql_type = Array<Text>)]
    pub refers_to: Vec<String>,
}

/// A trigger that is in force.
#[derive(Debug, Clone, QueryableByName)]
pub struct Trigger {
    /// Its table.
    #[diesel(sql_type = Text)]
    pub table_name: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// How it is switched on: `O` as usual, `A` always, `R` on replicas.
    #[diesel(sql_type = Text)]
    pub mode: String,
}

/// The state of a sequence.
#[derive(Debug, Clone, QueryableByName)]
pub struct SequenceState {
    /// The last value.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub last_value: i64,
    /// Whether that value has been given out.
    #[diesel(sql_type = Bool)]
    pub is_called: bool,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The name as an SQL identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The names with commas between them.
pub fn quoted_list(names: &[String]) -> String {
    names
        .iter()
        .map(|name| quoted(name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The tables of the catalog but for the list of migrations, each after those that it refers to.
pub fn tables(connection: &mut PgConnection) -> QueryResult<Vec<Table>> {
    let found: Vec<Table> = diesel::sql_query(include_str!("tables.sql")).load(connection)?;
    Ok(in_order(found))
}

/// By name, but each after those that it refers to. A circle of references is left in the order of
/// names.
fn in_order(tables: Vec<Table>) -> Vec<Table> {
    let mut open: BTreeMap<String, Table> =
        tables.into_iter().map(|it| (it.name.clone(), it)).collect();
    let mut ordered = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let next = open
            .values()
            .find(|table| {
                table
                    .refers_to
                    .iter()
                    .all(|other| *other == table.name || !open.contains_key(other))
            })
            .or_else(|| open.values().next())
            .map(|table| table.name.clone());
        if let Some(table) = next.and_then(|name| open.remove(&name)) {
            ordered.push(table);
        }
    }
    ordered
}

/// The triggers of the catalog's tables that are in force, those of constraints aside.
pub fn triggers(connection: &mut PgConnection) -> QueryResult<Vec<Trigger>> {
    diesel::sql_query(
        "SELECT c.relname::text AS table_name, t.tgname::text AS name, t.tgenabled::text AS mode \
         FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
         WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal \
           AND t.tgparentid = 0 AND t.tgenabled <> 'D' \
         ORDER BY 1, 2",
    )
    .load(connection)
}

/// The sequences of the catalog.
pub fn sequences(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    let names: Vec<Name> = diesel::sql_query(
        "SELECT relname::text AS name FROM pg_class \
         WHERE relnamespace = current_schema()::regnamespace AND relkind = 'S' ORDER BY 1",
    )
    .load(connection)?;
    Ok(names.into_iter().map(|it| it.name).collect())
}

/// Where a sequence stands.
pub fn sequence_state(connection: &mut PgConnection, name: &str) -> QueryResult<SequenceState> {
    diesel::sql_query(format!(
        "SELECT last_value, is_called FROM {}",
        quoted(name)
    ))
    .get_result(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_follow_those_they_refer_to() {
        let table = |name: &str, refers_to: &[&str]| Table {
            name: name.to_owned(),
            columns: Vec::new(),
            key: Vec::new(),
            refers_to: refers_to.iter().map(|it| (*it).to_owned()).collect(),
        };
        let names = |tables: Vec<Table>| -> Vec<String> {
            in_order(tables).into_iter().map(|it| it.name).collect()
        };
        assert_eq!(
            names(vec![
                table("a", &["c"]),
                table("b", &["a"]),
                table("c", &["c"])
            ]),
            ["c", "a", "b"]
        );
        assert_eq!(
            names(vec![table("a", &["b"]), table("b", &["a"])]),
            ["a", "b"]
        );
    }
}
