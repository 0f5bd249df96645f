//! Lists and records in every format.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::table::Table;
use super::{Format, Ui};
use crate::spreadsheet::defused;

/// A column of a table for people.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Whether it is shown only in the wide form.
    pub wide: bool,
    /// Whether it holds numbers, which are aligned to the right.
    pub right: bool,
}

impl Column {
    /// A column of text that is always shown.
    pub const fn text(title: &'static str) -> Self {
        Self {
            title,
            wide: false,
            right: false,
        }
    }

    /// A column of numbers that is always shown.
    pub const fn number(title: &'static str) -> Self {
        Self {
            title,
            wide: false,
            right: true,
        }
    }

    /// The same, shown in the wide form only.
    pub const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }
}

/// Something that can be listed. Its serde fields are the stable names for machines.
pub trait Record: Serialize {
    /// The columns for people.
    const COLUMNS: &'static [Column];

    /// One text for each column.
    fn cells(&self) -> Vec<String>;

    /// What names it, for `--format name`.
    fn name(&self) -> String;
}

/// Writes a list in that format.
///
/// # Errors
/// Where stdout cannot be written.
pub fn write_list<R: Record>(ui: &mut Ui, records: &[R], format: Format) -> io::Result<()> {
    match format {
        Format::Table | Format::Wide => {
            let columns: Vec<(usize, &Column)> = R::COLUMNS
                .iter()
                .enumerate()
                .filter(|(_, column)| format == Format::Wide || !column.wide)
                .collect();
            let mut table = Table::new(columns.iter().map(|(_, column)| **column));
            for record in records {
                let cells = record.cells();
                table.row(columns.iter().map(|(index, _)| cells[*index].as_str()));
            }
            let text = table.render(ui);
            writeln!(ui.out(), "{text}")
        }
        Format::Json => {
            let text = serde_json::to_string_pretty(records).map_err(io::Error::other)?;
            writeln!(ui.out(), "{text}")
        }
        Format::Jsonl => {
            for record in records {
                serde_json::to_writer(ui.out(), record).map_err(io::Error::from)?;
                writeln!(ui.out())?;
            }
            Ok(())
        }
        Format::Yaml => {
            let value = serde_json::to_value(records).map_err(io::Error::other)?;
            write!(ui.out(), "{}", crate::format::yaml::write_value(&value))
        }
        Format::Csv => write_csv(ui.out(), records),
        Format::Name => {
            for record in records {
                let name = record.name();
                writeln!(ui.out(), "{}", super::text::visible(&name))?;
            }
            Ok(())
        }
    }
}

/// One heading and one line each; a value that is not plain is written as JSON. Fields are those of
/// the first record, so every record must serialise all of its fields.
fn write_csv<R: Record>(out: &mut dyn Write, records: &[R]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for (index, record) in records.iter().enumerate() {
        let Value::Object(fields) = serde_json::to_value(record).map_err(io::Error::other)? else {
            return Err(io::Error::other("a record must be an object"));
        };
        if index == 0 {
            writer.write_record(fields.keys())?;
        }
        writer.write_record(fields.values().map(cell))?;
    }
    writer.flush()
}

/// A value as a cell that no spreadsheet runs.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => defused(text).into_owned(),
        other => other.to_string(),
    }
}
