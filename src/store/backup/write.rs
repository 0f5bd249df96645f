//! Writing a backup.

use std::io::Write;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use sha2::{Digest, Sha256};

use super::layout::{self, Table, quoted, quoted_list};
use super::{
    AFTER_ROW, BEFORE_ROW, BEFORE_TABLE, BackupError, End, FORM, Header, LEFT_OUT, Sequence,
    TableRows, hexadecimal,
};
use crate::store::{Connection, migrate};

/// Rows that are fetched at once: memory does not grow with the catalog.
const BATCH: usize = 2000;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Writes the whole catalog as it is at one moment. `made_at` stands in the header.
///
/// # Errors
/// Where the catalog cannot be read or `out` cannot be written.
pub fn backup(
    connection: &mut Connection,
    made_at: &str,
    out: &mut dyn Write,
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
        let mut tables = layout::tables(raw)?;
        tables.retain(|it| !LEFT_OUT.contains(&it.name.as_str()));
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
        let mut written = Vec::with_capacity(tables.len());
        for table in &tables {
            written.push(TableRows {
                table: table.name.clone(),
                rows: rows(raw, table, &mut writer)?,
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
            rows: written.iter().map(|it| it.rows).sum(),
            sha256: hexadecimal(&writer.digest.clone().finalize()),
        };
        writer.json(&end)?;
        writer.out.flush()?;
        Ok(written)
    })
}

fn rows(
    raw: &mut PgConnection,
    table: &Table,
    writer: &mut Writer<'_>,
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
