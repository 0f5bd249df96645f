//! Restoring a backup, all of it or nothing.

use std::collections::HashSet;
use std::io::BufRead;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Text};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::layout::{self, Table, Trigger, quoted, quoted_list};
use super::{
    AFTER_ROW, BEFORE_ROW, BEFORE_TABLE, BackupError, End, FORM, Header, LEFT_OUT, Sequence,
    TableRows, hexadecimal,
};
use crate::store::{Act, Connection, StoreError, index, migrate};

/// Rows that are sent at once.
const BATCH: usize = 2000;

/// The longest line that is read, in bytes: a row with very large texts.
const LONGEST_LINE: u64 = 256 << 20;

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

/// Fills the catalog from a backup, so that every table is equal to what was written, and migrates
/// it; the audit log says that it was restored, and by whom. A catalog that does not exist is made.
/// With `replace`, what it holds goes. All of it is one transaction, which a dry run undoes.
///
/// # Errors
/// Where the file is not a whole backup, the catalog is not empty or has other migrations, or the
/// database refuses. Nothing is restored then.
pub fn restore(
    connection: &mut Connection,
    act: &Act,
    input: &mut dyn BufRead,
    replace: bool,
) -> Result<Restored, BackupError> {
    let mut reader = Reader::new(input);
    let header = reader.header()?;
    let tables = connection.whole(!act.dry_run, |connection| {
        carry_out(connection, act, &header, &mut reader, replace)
    })?;
    Ok(Restored { header, tables })
}

fn carry_out(
    connection: &mut Connection,
    act: &Act,
    header: &Header,
    reader: &mut Reader<'_>,
    replace: bool,
) -> Result<Vec<TableRows>, BackupError> {
    prepare(connection, header)?;
    let catalog = connection.location().catalog().to_string();
    let tables = fill(connection.raw(), &catalog, header, reader, replace)?;
    migrate::up(connection, LOCK_WAIT)?;
    note(connection.raw(), act, header, &reader.sealed)?;
    index::refresh(connection.raw())?;
    Ok(tables)
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

/// Makes the tables as they were when the backup was made, where they are not so yet.
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
        "CREATE TEMPORARY TABLE restored_rows (table_name TEXT NOT NULL, content JSON NOT NULL) \
         ON COMMIT DROP",
    )?;
    let sequences = stage(raw, reader, &header.tables)?;
    let mut filled = Vec::with_capacity(tables.len());
    for table in tables.iter().filter(|it| !left_out(&it.name)) {
        let rows = insert(raw, table)?;
        filled.push(TableRows {
            table: table.name.clone(),
            rows: u64::try_from(rows).unwrap_or(0),
        });
    }
    set_sequences(raw, &sequences)?;
    raw.batch_execute("DROP TABLE pg_temp.restored_rows")?;
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

/// Fails where the catalog is in use.
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

/// Brings the rows into a temporary table, and gives back the sequences. Everything is there
/// before a table is filled, so that rows may refer to later ones.
fn stage(
    raw: &mut PgConnection,
    reader: &mut Reader<'_>,
    names: &[String],
) -> Result<Vec<Sequence>, BackupError> {
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let (mut tables, mut rows) = (Vec::new(), Vec::new());
    let mut sequences = Vec::new();
    loop {
        match reader.next()? {
            Line::Row { table, row } => {
                if !known.contains(table.as_str()) {
                    return Err(damaged(
                        reader.number,
                        format!("there is no table `{table}` in this catalog"),
                    ));
                }
                tables.push(table);
                rows.push(row);
                if rows.len() >= BATCH {
                    send(raw, reader.number, &mut tables, &mut rows)?;
                }
            }
            Line::Sequence(sequence) => sequences.push(sequence),
            Line::End => break,
        }
    }
    send(raw, reader.number, &mut tables, &mut rows)?;
    Ok(sequences)
}

fn send(
    raw: &mut PgConnection,
    line: u64,
    tables: &mut Vec<String>,
    rows: &mut Vec<String>,
) -> Result<(), BackupError> {
    diesel::sql_query(
        "INSERT INTO pg_temp.restored_rows \
         SELECT t, r::json FROM unnest($1, $2) AS sent (t, r)",
    )
    .bind::<Array<Text>, _>(&*tables)
    .bind::<Array<Text>, _>(&*rows)
    .execute(raw)
    .map_err(|error| match StoreError::from(error) {
        StoreError::Query(error) => damaged(line, format!("near here: {error}")),
        other => other.into(),
    })?;
    tables.clear();
    rows.clear();
    Ok(())
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

fn damaged(line: u64, message: impl Into<String>) -> BackupError {
    BackupError::Damaged {
        line,
        message: message.into(),
    }
}

/// A line after the header.
enum Line {
    Row { table: String, row: String },
    Sequence(Sequence),
    End,
}

struct Reader<'a> {
    input: &'a mut dyn BufRead,
    digest: Sha256,
    number: u64,
    rows: u64,
    /// The digest of the whole, once the last line was read.
    sealed: String,
}

impl<'a> Reader<'a> {
    fn new(input: &'a mut dyn BufRead) -> Self {
        Self {
            input,
            digest: Sha256::new(),
            number: 0,
            rows: 0,
            sealed: String::new(),
        }
    }

    fn line(&mut self) -> Result<Option<String>, BackupError> {
        let mut line = Vec::new();
        self.number += 1;
        let mut limited = std::io::Read::take(&mut *self.input, LONGEST_LINE);
        if limited.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        String::from_utf8(line)
            .map(Some)
            .map_err(|_| damaged(self.number, "this is not UTF-8"))
    }

    fn header(&mut self) -> Result<Header, BackupError> {
        let line = self.line()?.unwrap_or_default();
        let header: Header = serde_json::from_str(&line)
            .map_err(|_| damaged(1, "this is no backup made by `toolcat db backup`"))?;
        if header.toolcat_backup != FORM {
            return Err(damaged(
                1,
                format!(
                    "form {} is not known; install a newer toolcat",
                    header.toolcat_backup
                ),
            ));
        }
        self.digest.update(line.as_bytes());
        Ok(header)
    }

    fn next(&mut self) -> Result<Line, BackupError> {
        let line = self
            .line()?
            .ok_or_else(|| damaged(self.number, "the backup ends here, before its last line"))?;
        let text = line.trim_end_matches('\n');
        if let Some((table, row)) = row(text) {
            self.digest.update(line.as_bytes());
            self.rows += 1;
            return Ok(Line::Row {
                table: table.to_owned(),
                row: row.to_owned(),
            });
        }
        if let Ok(sequence) = serde_json::from_str(text) {
            self.digest.update(line.as_bytes());
            return Ok(Line::Sequence(sequence));
        }
        let end: End = serde_json::from_str(text)
            .map_err(|_| damaged(self.number, "this is neither a row nor a sequence"))?;
        let digest = hexadecimal(&self.digest.clone().finalize());
        if end.rows != self.rows || end.sha256 != digest {
            return Err(damaged(
                self.number,
                "the rows before this line are not those that were written",
            ));
        }
        match self.line()? {
            None => {
                self.sealed = digest;
                Ok(Line::End)
            }
            Some(_) => Err(damaged(self.number, "there is more after the last line")),
        }
    }
}

fn row(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(BEFORE_TABLE)?
        .strip_suffix(AFTER_ROW)?
        .split_once(BEFORE_ROW)
}
