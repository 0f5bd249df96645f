//! Writing a backup.

use std::io::Write;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use sha2::{Digest, Sha256};

use super::layout::{self, Table, quoted, quoted_list};
use super::{
    AFTER_ROW, BEFORE_ROW, BEFORE_TABLE, BackupError, End, FORM, Header, LEFT_OUT, Sequence,
    TableRows,
};
use crate::store::{Connection, migrate};
use crate::words::hex;

/// Rows that are fetched at once: memory does not grow with the catalog.
const BATCH: usize = 2000;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    line: String,
}

/// How many rows a backup would have now.
///
/// # Errors
/// [`BackupError::Store`] if the catalog cannot be read.
pub fn count(connection: &mut Connection) -> Result<u64, BackupError> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    migrate::require_current(connection)?;
    let counted = connection.read_consistently(|raw| {
        let tables = to_write(raw)?;
        let counts = tables
            .iter()
            .map(|it| format!("(SELECT count(*) FROM {})", quoted(&it.name)));
        let sum = counts.collect::<Vec<_>>().join(" + ");
        diesel::sql_query(format!("SELECT {sum} AS rows")).get_result::<Counted>(raw)
    })?;
    Ok(u64::try_from(counted.rows).unwrap_or(0))
}

/// The tables that a backup holds.
fn to_write(raw: &mut PgConnection) -> QueryResult<Vec<Table>> {
    let mut tables = layout::tables(raw)?;
    tables.retain(|it| !LEFT_OUT.contains(&it.name.as_str()));
    Ok(tables)
}

/// Writes the whole catalog as it is at one moment. `made_at` stands in the header; `written` is told of so
/// many more rows.
///
/// # Errors
/// [`BackupError`] if the catalog cannot be read or `out` cannot be written.
pub fn backup(
    connection: &mut Connection,
    made_at: &str,
    out: &mut dyn Write,
    written: &dyn Fn(u64),
) -> Result<Vec<TableRows>, BackupError> {
    migrate::require_current(connection)?;
    let migrations = migrate::progress(connection)?
        .steps
        .into_iter()
        .map(|step| step.version)
        .collect();
    let catalog = connection.location().catalog().to_string();
    connection.consistently(|raw| {
        raw.batch_execute("SET LOCAL TimeZone = 'UTC'; SET LOCAL extra_float_digits = 1")?;
        let tables = to_write(raw)?;
        let mut writer = Writer {
            out,
            digest: Sha256::new(),
        };
        writer.json(&Header {
            toolcat_backup: FORM,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            catalog,
            made_at: made_at.to_owned(),
            migrations,
            tables: tables.iter().map(|it| it.name.clone()).collect(),
        })?;
        let mut filled = Vec::with_capacity(tables.len());
        for table in &tables {
            filled.push(TableRows {
                table: table.name.clone(),
                rows: rows(raw, table, &mut writer, written)?,
            });
        }
        for name in layout::sequences(raw)? {
            let state = layout::sequence_state(raw, &name)?;
            writer.json(&Sequence {
                sequence: name,
                last_value: state.last_value,
                is_called: state.is_called,
            })?;
        }
        let end = End {
            end: true,
            rows: filled.iter().map(|it| it.rows).sum(),
            sha256: hex(writer.digest.clone().finalize()),
        };
        writer.json(&end)?;
        writer.out.flush()?;
        Ok(filled)
    })
}

fn rows(
    raw: &mut PgConnection,
    table: &Table,
    writer: &mut Writer<'_>,
    written: &dyn Fn(u64),
) -> Result<u64, BackupError> {
    let order = match table.key.as_slice() {
        [] => String::new(),
        key => format!(" ORDER BY {}", quoted_list(key)),
    };
    raw.batch_execute(&format!(
        "DECLARE toolcat_backup NO SCROLL CURSOR FOR \
         SELECT row_to_json(r)::text AS line FROM (SELECT {} FROM {}{order}) r",
        quoted_list(&table.columns),
        quoted(&table.name),
    ))?;
    let mut count = 0;
    loop {
        let batch: Vec<Row> =
            diesel::sql_query(format!("FETCH {BATCH} FROM toolcat_backup")).load(raw)?;
        for row in &batch {
            // A break within a row can only be white space between the parts of its JSON.
            let row = row.line.replace(['\n', '\r'], " ");
            let table = &table.name;
            writer.line(&format!(
                "{BEFORE_TABLE}{table}{BEFORE_ROW}{row}{AFTER_ROW}\n"
            ))?;
        }
        count += batch.len() as u64;
        written(batch.len() as u64);
        if batch.len() < BATCH {
            raw.batch_execute("CLOSE toolcat_backup")?;
            return Ok(count);
        }
    }
}

struct Writer<'a> {
    out: &'a mut dyn Write,
    digest: Sha256,
}

impl Writer<'_> {
    fn json(&mut self, value: &impl serde::Serialize) -> Result<(), BackupError> {
        let mut line = serde_json::to_string(value).map_err(std::io::Error::from)?;
        line.push('\n');
        self.line(&line)
    }

    fn line(&mut self, line: &str) -> Result<(), BackupError> {
        self.digest.update(line.as_bytes());
        Ok(self.out.write_all(line.as_bytes())?)
    }
}
