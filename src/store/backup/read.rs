//! Restoring a backup, all of it or nothing.

use std::collections::HashSet;
use std::io::BufRead;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Text};
use serde_json::json;

use super::layout::{self, Table, Trigger, quoted, quoted_list};
use super::reader::{Line, Reader};
use super::{BackupError, Header, LEFT_OUT, Sequence, TableRows, damaged};
use crate::definition::Document;
use crate::store::tools::Handle;
use crate::store::{Act, Connection, StoreError, index, migrate, tools};

/// Rows that are sent at once.
const BATCH: usize = 2000;

/// Definitions that are read back at once.
const DEFINITIONS: i64 = 500;

/// How long to wait for another migrator, in seconds.
const LOCK_WAIT: f64 = 60.0;

/// Tables in which rows mean that the catalog is in use; the others have rows from the start.
const IN_USE: [&str; 4] = ["tools", "tool_telemetry", "tool_ab_tests", "tool_audit_log"];

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says of itself.
    pub header: Header,
    /// The rows of each table.
    pub tables: Vec<TableRows>,
}

/// Who follows a restore.
pub trait Witness {
    /// So many more bytes of the file were read.
    fn read(&mut self, bytes: u64);
    /// These definitions came back. Their rows are as they were written, so that today's rules may have
    /// something against them.
    fn came_back(&mut self, definitions: &[Document]);
}

/// Fills the catalog from a backup, so that every table is equal to what was written, and migrates
/// it; the audit log says that it was restored, and by whom. A catalog that does not exist is made.
/// With `replace`, what it holds goes. All of it is one transaction, which a dry run undoes.
///
/// # Errors
/// [`BackupError`] if the file is not a whole backup, a definition in it cannot be read back, the catalog is
/// not empty or has other migrations, or the database refuses. Nothing is restored then.
pub fn restore(
    connection: &mut Connection,
    act: &Act,
    input: &mut dyn BufRead,
    replace: bool,
    witness: &mut dyn Witness,
) -> Result<Restored, BackupError> {
    let mut reader = Reader::new(input);
    let header = reader.header()?;
    let tables = connection.whole(!act.dry_run, |connection| {
        carry_out(connection, act, &header, &mut reader, replace, witness)
    })?;
    Ok(Restored { header, tables })
}

fn carry_out(
    connection: &mut Connection,
    act: &Act,
    header: &Header,
    reader: &mut Reader<'_>,
    replace: bool,
    witness: &mut dyn Witness,
) -> Result<Vec<TableRows>, BackupError> {
    prepare(connection, header)?;
    let catalog = connection.location().catalog().to_string();
    let tables = fill(connection.raw(), &catalog, header, reader, replace, witness)?;
    migrate::up(connection, LOCK_WAIT)?;
    read_back(connection.raw(), witness)?;
    (connection.raw()).batch_execute("DROP TABLE pg_temp.restored_rows")?;
    note(connection.raw(), act, header, &reader.sealed)?;
    index::refresh(connection.raw())?;
    Ok(tables)
}

/// Shows every definition to the witness, some at a time: memory does not grow with the catalog.
fn read_back(raw: &mut PgConnection, witness: &mut dyn Witness) -> Result<(), BackupError> {
    let mut last = 0;
    loop {
        let handles = tools::handles_after(raw, last, DEFINITIONS)?;
        let Some(end) = handles.last() else {
            return Ok(());
        };
        last = end.id;
        match definitions(raw, &handles) {
            Ok(definitions) => witness.came_back(&definitions),
            Err(error) => return Err(unreadable(raw, &handles, error)),
        }
    }
}

fn definitions(raw: &mut PgConnection, handles: &[Handle]) -> QueryResult<Vec<Document>> {
    let ids: Vec<i64> = handles.iter().map(|it| it.id).collect();
    let stored = tools::by_ids(raw, &ids)?;
    tools::definitions(raw, &stored)
}

/// The error that names the first definition that cannot be read back, and its line.
fn unreadable(raw: &mut PgConnection, handles: &[Handle], of_all: DieselError) -> BackupError {
    #[derive(QueryableByName)]
    struct At {
        #[diesel(sql_type = BigInt)]
        line: i64,
    }
    let failing = handles.iter().find_map(|it| {
        let error = definitions(raw, std::slice::from_ref(it)).err()?;
        Some((it, error))
    });
    let Some((tool, error)) = failing else {
        return of_all.into();
    };
    let at: QueryResult<At> = diesel::sql_query(
        "SELECT line FROM pg_temp.restored_rows \
         WHERE table_name = 'tools' AND (content ->> 'id')::bigint = $1",
    )
    .bind::<BigInt, _>(tool.id)
    .get_result(raw);
    match at {
        Ok(at) => damaged(
            at.line.unsigned_abs(),
            format!("{} cannot be read back: {error}", tool.identity()),
        ),
        Err(error) => error.into(),
    }
}

/// Leaves a trace of the restore in the audit log.
fn note(raw: &mut PgConnection, act: &Act, header: &Header, sha256: &str) -> QueryResult<()> {
    let new = |value: &str| json!({ "old": null, "new": value });
    let changes = json!({
        "catalog": new(&header.catalog),
        "made_at": new(&header.made_at),
        "sha256": new(sha256),
    });
    act.declare(raw, false)?;
    diesel::sql_query("SELECT audit_note('restored', $1)")
        .bind::<Jsonb, _>(changes)
        .execute(raw)
        .map(drop)
}

/// Makes the tables as they were when the backup was made, if they are not so yet.
fn prepare(connection: &mut Connection, header: &Header) -> Result<(), BackupError> {
    let catalog = connection.location().catalog().to_string();
    let progress = migrate::progress(connection)?;
    let unknown = header
        .migrations
        .iter()
        .filter(|version| !progress.steps.iter().any(|step| step.version == **version))
        .max();
    if let Some(newest) = unknown {
        return Err(StoreError::SchemaTooNew {
            catalog: header.catalog.clone(),
            newest: newest.clone(),
        }
        .into());
    }
    let present: Vec<&String> = progress
        .steps
        .iter()
        .filter(|step| step.applied)
        .map(|step| &step.version)
        .chain(&progress.unknown)
        .collect();
    if present.iter().all(|it| header.migrations.contains(it)) {
        migrate::up_to(connection, LOCK_WAIT, &header.migrations)?;
        return Ok(());
    }
    let newest = |versions: &mut dyn Iterator<Item = &String>| {
        versions.max().map_or("none", String::as_str).to_owned()
    };
    Err(BackupError::OtherSchema {
        catalog,
        backup: newest(&mut header.migrations.iter()),
        present: newest(&mut present.into_iter()),
    })
}

fn fill(
    raw: &mut PgConnection,
    catalog: &str,
    header: &Header,
    reader: &mut Reader<'_>,
    replace: bool,
    witness: &mut dyn Witness,
) -> Result<Vec<TableRows>, BackupError> {
    let tables = layout::tables(raw)?;
    let names: Vec<String> = tables.iter().map(|it| it.name.clone()).collect();
    let left_out = |table: &str| LEFT_OUT.contains(&table);
    if let Some(missing) =
        (header.tables.iter()).find(|it| !names.contains(it) || left_out(it.as_str()))
    {
        return Err(damaged(
            1,
            format!("there is no table `{missing}` in this catalog"),
        ));
    }
    raw.batch_execute(&format!(
        "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
        quoted_list(&names)
    ))?;
    if !replace {
        refuse_rows(raw, catalog)?;
    }
    let triggers = layout::triggers(raw)?;
    switch(raw, &triggers, false)?;
    raw.batch_execute(&format!("TRUNCATE {}", quoted_list(&names)))?;
    raw.batch_execute(
        "CREATE TEMPORARY TABLE restored_rows \
         (line BIGINT NOT NULL, table_name TEXT NOT NULL, content JSON NOT NULL) ON COMMIT DROP",
    )?;
    let sequences = stage(raw, reader, &header.tables, witness)?;
    let mut filled = Vec::with_capacity(tables.len());
    for table in tables.iter().filter(|it| !left_out(&it.name)) {
        let rows = insert(raw, table).map_err(|error| refused(table, error))?;
        filled.push(TableRows {
            table: table.name.clone(),
            rows: u64::try_from(rows).unwrap_or(0),
        });
    }
    set_sequences(raw, &sequences)?;
    switch(raw, &triggers, true)?;
    Ok(filled)
}

/// Puts the sequences where they stood. One of a table that was divided has a number behind its name in
/// backups that an older toolcat made.
fn set_sequences(raw: &mut PgConnection, sequences: &[Sequence]) -> Result<(), BackupError> {
    let known = layout::sequences(raw)?;
    for it in sequences {
        let name = &it.sequence;
        let undivided = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let found = (known.iter().find(|known| *known == name))
            .or_else(|| known.iter().find(|known| *known == undivided))
            .ok_or_else(|| damaged(1, format!("there is no sequence `{name}` in this catalog")))?;
        diesel::sql_query("SELECT setval($1::regclass, $2, $3)")
            .bind::<Text, _>(quoted(found))
            .bind::<BigInt, _>(it.last_value)
            .bind::<Bool, _>(it.is_called)
            .execute(raw)?;
    }
    Ok(())
}

/// Fails if the catalog is in use.
fn refuse_rows(raw: &mut PgConnection, catalog: &str) -> Result<(), BackupError> {
    #[derive(QueryableByName)]
    struct Answer {
        #[diesel(sql_type = Bool)]
        answer: bool,
    }
    for table in IN_USE {
        let found: Answer =
            diesel::sql_query(format!("SELECT EXISTS (SELECT FROM {table}) AS answer"))
                .get_result(raw)?;
        if found.answer {
            return Err(BackupError::NotEmpty {
                catalog: catalog.to_owned(),
                table: table.to_owned(),
            });
        }
    }
    Ok(())
}

/// Switches the triggers off, which an owner may do, or on again as they were: what they would
/// write is in the backup.
fn switch(raw: &mut PgConnection, triggers: &[Trigger], on: bool) -> QueryResult<()> {
    for trigger in triggers {
        let how = match (on, trigger.mode.as_str()) {
            (false, _) => "DISABLE",
            (true, "A") => "ENABLE ALWAYS",
            (true, "R") => "ENABLE REPLICA",
            (true, _) => "ENABLE",
        };
        raw.batch_execute(&format!(
            "ALTER TABLE {} {how} TRIGGER {}",
            quoted(&trigger.table_name),
            quoted(&trigger.name)
        ))?;
    }
    Ok(())
}

/// Rows on their way to the server.
#[derive(Default)]
struct Batch {
    lines: Vec<i64>,
    tables: Vec<String>,
    rows: Vec<String>,
}

impl Batch {
    fn push(&mut self, line: u64, table: String, row: String) {
        self.lines.push(i64::try_from(line).unwrap_or(i64::MAX));
        self.tables.push(table);
        self.rows.push(row);
    }

    fn send(&mut self, raw: &mut PgConnection) -> Result<(), BackupError> {
        diesel::sql_query(
            "INSERT INTO pg_temp.restored_rows \
             SELECT l, t, r::json FROM unnest($1, $2, $3) AS sent (l, t, r)",
        )
        .bind::<Array<BigInt>, _>(&self.lines)
        .bind::<Array<Text>, _>(&self.tables)
        .bind::<Array<Text>, _>(&self.rows)
        .execute(raw)
        .map_err(|error| match StoreError::from(error) {
            StoreError::Query(error) => {
                let last = self.lines.last().copied().unwrap_or(1);
                damaged(
                    last.unsigned_abs(),
                    format!("here or a little before: {error}"),
                )
            }
            other => other.into(),
        })?;
        *self = Self::default();
        Ok(())
    }
}

/// Brings the rows into a temporary table, and gives back the sequences. Everything is there
/// before a table is filled, so that rows may refer to later ones.
fn stage(
    raw: &mut PgConnection,
    reader: &mut Reader<'_>,
    names: &[String],
    witness: &mut dyn Witness,
) -> Result<Vec<Sequence>, BackupError> {
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut batch = Batch::default();
    let mut sequences = Vec::new();
    let mut told = 0;
    loop {
        match reader.next()? {
            Line::Row { table, row } => {
                if !known.contains(table.as_str()) {
                    return Err(damaged(
                        reader.number,
                        format!("there is no table `{table}` in this catalog"),
                    ));
                }
                batch.push(reader.number, table, row);
                if batch.rows.len() >= BATCH {
                    batch.send(raw)?;
                    witness.read(reader.bytes - told);
                    told = reader.bytes;
                }
            }
            Line::Sequence(sequence) => sequences.push(sequence),
            Line::End => break,
        }
    }
    batch.send(raw)?;
    witness.read(reader.bytes - told);
    Ok(sequences)
}

/// The database's refusal of a table's rows.
fn refused(table: &Table, error: DieselError) -> BackupError {
    match StoreError::from(error) {
        StoreError::Query(error) => BackupError::Rows {
            table: table.name.clone(),
            message: error.to_string(),
        },
        other => other.into(),
    }
}

fn insert(raw: &mut PgConnection, table: &Table) -> QueryResult<usize> {
    let name = quoted(&table.name);
    let columns = quoted_list(&table.columns);
    let values = table
        .columns
        .iter()
        .map(|column| format!("r.{}", quoted(column)))
        .collect::<Vec<_>>()
        .join(", ");
    diesel::sql_query(format!(
        "INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} \
         FROM pg_temp.restored_rows s CROSS JOIN LATERAL json_populate_record(NULL::{name}, s.content) r \
         WHERE s.table_name = $1"
    ))
    .bind::<Text, _>(&table.name)
    .execute(raw)
}
