//! The formats of a result.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

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

/// How a sentence on what was done, or what happens, is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SummaryFormat {
    /// For people
    #[default]
    Text,
    /// One JSON document on each line
    #[value(alias = "jsonl")]
    Json,
}

/// How an answer that can be a command is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people: what matters
    #[default]
    #[value(alias = "page")]
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
    /// The name of the answer only
    Name,
    /// The command to run only, once every input that it requires is given; it is never run
    Command,
}

impl From<AnswerFormat> for Format {
    fn from(format: AnswerFormat) -> Self {
        match format {
            AnswerFormat::Table => Format::Table,
            AnswerFormat::Wide => Format::Wide,
            AnswerFormat::Json => Format::Json,
            AnswerFormat::Jsonl => Format::Jsonl,
            AnswerFormat::Yaml => Format::Yaml,
            AnswerFormat::Csv => Format::Csv,
            AnswerFormat::Name | AnswerFormat::Command => Format::Name,
        }
    }
}

/// Reads some of the formats, for what cannot be written in all.
pub fn one_of<T>(formats: &[T]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: ValueEnum + Clone + Send + Sync + 'static,
{
    let names = formats.iter().filter_map(ValueEnum::to_possible_value);
    PossibleValuesParser::new(names).try_map(|name| T::from_str(&name, false))
}
