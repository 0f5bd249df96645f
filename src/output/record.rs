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
    /// Whether it holds times.
    pub time: bool,
    /// Whether it holds sentences, which may be cut on a narrow terminal.
    pub prose: bool,
    /// On a terminal, those with the lowest rank are shown for which there is room.
    pub rank: Option<u8>,
}

impl Column {
    /// A column of text that is always shown.
    pub const fn text(title: &'static str) -> Self {
        Self {
            title,
            wide: false,
            right: false,
            time: false,
            prose: false,
            rank: None,
        }
    }

    /// A column of numbers that is always shown.
    pub const fn number(title: &'static str) -> Self {
        Self {
            right: true,
            ..Self::text(title)
        }
    }

    /// A column of times, given to the second in UTC and shown to people as how long ago.
    pub const fn time(title: &'static str) -> Self {
        Self {
            time: true,
            ..Self::text(title)
        }
    }

    /// The same, for sentences, which may be cut on a narrow terminal.
    pub const fn prose(self) -> Self {
        Self {
            prose: true,
            ..self
        }
    }

    /// The same, of that rank if there is not room for all.
    pub const fn rank(self, rank: u8) -> Self {
        Self {
            rank: Some(rank),
            ..self
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
/// If stdout cannot be written.
pub fn write_list<R: Record>(ui: &mut Ui, records: &[R], format: Format) -> io::Result<()> {
    match format {
        Format::Table | Format::Wide => write_table(ui, records, format, &[]),
        Format::Jsonl => records.iter().try_for_each(|it| ui.json(it)),
        Format::Json | Format::Yaml => write_value(ui, &records, format).map(drop),
        Format::Csv => write_csv(ui.out(), records),
        Format::Name => {
            for record in records {
                let name = record.name();
                writeln!(ui.out(), "{}", super::text::on_a_line(&name))?;
            }
            Ok(())
        }
    }
}

/// Writes one value whole, as JSON, a line of JSON, or YAML; false for a format that does not show it whole.
///
/// # Errors
/// Those of stdout.
pub fn write_value(ui: &mut Ui, value: &impl Serialize, format: Format) -> io::Result<bool> {
    match format {
        Format::Json => {
            let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
            writeln!(ui.out(), "{text}")?;
        }
        Format::Jsonl => ui.json(value)?,
        Format::Yaml => {
            let value = serde_json::to_value(value).map_err(io::Error::other)?;
            write!(ui.out(), "{}", crate::format::yaml::write_value(&value))?;
        }
        Format::Table | Format::Wide | Format::Csv | Format::Name => return Ok(false),
    }
    Ok(true)
}

/// Writes a table of those columns, by their places; of all that the format shows if none are named.
///
/// # Errors
/// If stdout cannot be written.
pub fn write_table<R: Record>(
    ui: &mut Ui,
    records: &[R],
    format: Format,
    named: &[usize],
) -> io::Result<()> {
    // Of a few, everything is shown; so it is where the columns were named.
    let chooses = ui.width().is_some()
        && format == Format::Table
        && named.is_empty()
        && records.len() > 1
        && R::COLUMNS.iter().any(|it| it.rank.is_some());
    let shown = |column: &Column| match chooses {
        true => column.rank.is_some(),
        false => format == Format::Wide || !column.wide,
    };
    let places: Vec<usize> = match named {
        [] => (0..R::COLUMNS.len())
            .filter(|it| shown(&R::COLUMNS[*it]))
            .collect(),
        named => named.to_vec(),
    };
    let columns = places.iter().map(|it| R::COLUMNS[*it]);
    let mut table = Table::new(columns);
    for record in records {
        let mut cells = record.cells();
        let cells: Vec<String> = (places.iter())
            .map(|&place| {
                let cell = std::mem::take(&mut cells[place]);
                match R::COLUMNS[place].time {
                    true => told(ui, cell),
                    false => cell,
                }
            })
            .collect();
        table.row(cells.iter().map(String::as_str));
    }
    if chooses {
        table = table.with_room_for(ui.width().map_or(usize::MAX, usize::from));
    }
    let text = table.render(ui);
    ui.page();
    writeln!(ui.out(), "{text}")
}

/// A time as people are told it.
fn told(ui: &Ui, cell: String) -> String {
    match chrono::DateTime::parse_from_rfc3339(&cell) {
        Ok(at) if ui.tells_how_long_ago() => ui.time(at.to_utc()),
        _ => cell,
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
            writer.write_record(fields.keys()).map_err(of_csv)?;
        }
        writer
            .write_record(fields.values().map(cell))
            .map_err(of_csv)?;
    }
    writer.flush()
}

/// The error of the stream behind one of a writer of CSV, whose kind says whether a reader went away.
pub fn of_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A value as a cell that no spreadsheet runs.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => defused(text).into_owned(),
        other => other.to_string(),
    }
}
