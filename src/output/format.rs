//! The formats of a result.

use clap::ValueEnum;

/// How a list or a record is written to stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: the main columns
    #[default]
    Table,
    /// For people: every column
    Wide,
    /// One JSON document
    Json,
    /// One JSON document per line and item
    Jsonl,
    /// One YAML document
    Yaml,
    /// Comma-separated values with a heading
    Csv,
    /// Names only, one per line
    Name,
}

impl Format {
    /// Whether people read it, so that colour and hints make sense.
    pub fn is_for_people(self) -> bool {
        matches!(self, Format::Table | Format::Wide)
    }
}
