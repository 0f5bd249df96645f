//! `toolcat telemetry export`: executions out of the catalog.

use std::io::{self, Write};

use clap::Args;
use serde_json::Value;

use super::scope::ScopeArgs;
use crate::cli::{CommandError, Outcome, Session};
use crate::output::format::one_of;
use crate::output::{Format, record};
use crate::store::telemetry::{self as store, Exported};

/// Write executions out of the catalog, in a form that `record --batch` reads.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat telemetry export --since 30d > runs.jsonl\n  \
                        toolcat telemetry export df --format csv > df.csv"
)]
pub struct ExportArgs {
    /// How to write them
    #[arg(long, short = 'o', default_value = "jsonl", value_name = "FORMAT",
          value_parser = one_of(&[Format::Jsonl, Format::Csv]))]
    format: Format,

    #[command(flatten)]
    scope: ScopeArgs,
}

pub fn run(args: &ExportArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let scope = args.scope.scope(&mut connection)?;
    let ui = &mut session.ui;
    let mut heading = args.format == Format::Csv;
    let written: io::Result<()> = connection.read(|connection| {
        store::export(connection, &scope, |rows| match args.format {
            Format::Csv => csv(ui.out(), rows, std::mem::take(&mut heading)),
            _ => rows.iter().try_for_each(|row| ui.json(row)),
        })
    })?;
    written?;
    Ok(Outcome::Done)
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
