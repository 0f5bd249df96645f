//! `toolcat telemetry export`: executions out of the catalog.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::scope::ScopeArgs;
use crate::cli::{CommandError, Outcome, Session};
use crate::output::record;
use crate::store::telemetry::{self as store, Exported};

/// Write executions out of the catalog, in a form that `record --batch` reads.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat telemetry export --since 30d > runs.jsonl\n  \
                        toolcat telemetry export df --format csv > df.csv"
)]
pub struct ExportArgs {
    /// How to write them
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: ExportFormat,

    #[command(flatten)]
    scope: ScopeArgs,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// One JSON object per line
    #[default]
    Jsonl,
    /// Comma-separated values with a heading
    Csv,
}

pub fn run(args: &ExportArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let scope = args.scope.scope(&mut connection)?;
    let ui = &mut session.ui;
    let mut heading = args.format == ExportFormat::Csv;
    let written: io::Result<()> = connection.read(|connection| {
        store::export(connection, &scope, |rows| match args.format {
            ExportFormat::Jsonl => jsonl(ui.out(), rows),
            ExportFormat::Csv => csv(ui.out(), rows, std::mem::take(&mut heading)),
        })
    })?;
    written?;
    Ok(Outcome::Done)
}

fn jsonl(out: &mut dyn Write, rows: &[Exported]) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut *out, row).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    Ok(())
}

fn csv(out: &mut dyn Write, rows: &[Exported], heading: bool) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(out);
    for (index, row) in rows.iter().enumerate() {
        let Value::Object(fields) = serde_json::to_value(row).map_err(io::Error::from)? else {
            continue;
        };
        if heading && index == 0 {
            writer.write_record(fields.keys()).map_err(record::of_csv)?;
        }
        writer
            .write_record(fields.values().map(record::cell))
            .map_err(record::of_csv)?;
    }
    writer.flush()
}
