//! `toolcat telemetry stats`: how much telemetry there is.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use clap::Args;

use crate::cli::{CommandError, Outcome, Session};
use crate::output::format::one_of;
use crate::output::{Format, record, text};
use crate::store::telemetry::{self as store, Statistics};

/// Show how much telemetry there is, and how it grows.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// How to write it
    #[arg(long, short = 'o', default_value = "table", value_name = "FORMAT",
          value_parser = one_of(&[Format::Table, Format::Json, Format::Yaml]))]
    format: Format,
}

pub fn run(args: &StatsArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let statistics = connection.read_consistently(store::statistics)?;
    if !record::write_value(&mut session.ui, &statistics, args.format)? {
        present(session.ui.out(), &statistics)?;
    }
    Ok(Outcome::Done)
}

fn present(out: &mut dyn Write, statistics: &Statistics) -> io::Result<()> {
    let count = |n: i64| text::grouped(usize::try_from(n).unwrap_or_default());
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    writeln!(out, "rows       {}", count(statistics.rows))?;
    writeln!(out, "tools      {}", count(statistics.tools))?;
    if let (Some(from), Some(to)) = (statistics.from, statistics.to) {
        writeln!(out, "span       {} to {}", time(from), time(to))?;
    }
    writeln!(
        out,
        "size       {} of rows, {} of indexes",
        bytes(statistics.table_bytes as f64),
        bytes(statistics.index_bytes as f64)
    )?;
    for growth in &statistics.growth {
        writeln!(
            out,
            "{:<11}{} ({} rows and {} a day)",
            format!("last {} d", growth.days),
            count(growth.rows),
            text::grouped(growth.rows_per_day.round() as usize),
            bytes(growth.bytes_per_day)
        )?;
    }
    for partition in &statistics.partitions {
        writeln!(
            out,
            "partition  {} {}",
            text::visible(&partition.name),
            bytes(partition.bytes as f64)
        )?;
    }
    Ok(())
}

fn bytes(value: f64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = value;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!(
        "{} {}",
        text::number((value * 10.0).round() / 10.0),
        units[unit]
    )
}
