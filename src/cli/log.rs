//! `toolcat log`: the revisions of the catalog.

use chrono::SecondsFormat;
use clap::Args;

use crate::output::{Column, Format, Record, record, text};
use crate::store::audit::{self, Revision};

use super::{CommandError, Outcome, Session};

/// List the revisions of the catalog, newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat log -n 10\n  toolcat log --format json")]
pub struct LogArgs {
    /// At most so many, the newest; 0 for all [default: all]
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(i64).range(0..))]
    limit: Option<i64>,

    /// How to write the list
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &LogArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let revisions = connection
        .read(|connection| audit::revisions(connection, args.limit.filter(|&it| it > 0)))?;
    if revisions.is_empty() && args.format.is_for_people() {
        session.ui.status("nothing was changed yet");
        return Ok(Outcome::Done);
    }
    record::write_list(&mut session.ui, &revisions, args.format)?;
    Ok(Outcome::Done)
}

impl Record for Revision {
    const COLUMNS: &'static [Column] = &[
        Column::number("revision"),
        Column::text("time"),
        Column::text("actor"),
        Column::text("what"),
        Column::text("tools"),
        Column::text("reason"),
        Column::number("changes").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        let example = self.example.clone().unwrap_or_default();
        let tools = match self.tools {
            0 | 1 => example,
            n => format!(
                "{example} and {} more",
                text::grouped(usize::try_from(n - 1).unwrap_or(0))
            ),
        };
        vec![
            self.revision.to_string(),
            self.changed_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            self.changed_by.clone(),
            self.actions.join(", "),
            tools,
            self.reason.clone().unwrap_or_default(),
            self.changes.to_string(),
        ]
    }

    fn name(&self) -> String {
        self.revision.to_string()
    }
}
