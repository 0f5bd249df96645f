//! `toolcat log`: the revisions of the catalog.

use clap::Args;

use crate::definition::ToolRef;
use crate::output::{Column, Record, text};
use crate::store::audit::{self, Revision};

use super::table::TableArgs;
use super::{CommandError, Outcome, Session};

/// How many lines a table of changes has, where nothing else is said.
pub const NEWEST: i64 = 50;

/// List the revisions of the catalog, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat log -n 10\n  toolcat log df\n  toolcat log --format json"
)]
pub struct LogArgs {
    /// Tool whose revisions to list, deleted ones included: [PLATFORM/]NAME[@VERSION]
    #[arg(value_name = "TOOL")]
    tool: Vec<ToolRef>,

    /// At most so many, the newest; 0 for all [default: 50 in a table, else all]
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(i64).range(0..))]
    limit: Option<i64>,

    #[command(flatten)]
    table: TableArgs,
}

pub fn run(args: &LogArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let limit = newest(args.limit, &args.table);
    let revisions =
        connection.read(|connection| audit::revisions(connection, &args.tool, limit))?;
    if revisions.is_empty() && args.table.format.is_for_people() {
        session.ui.status(match args.tool.is_empty() {
            true => "nothing was changed yet",
            false => "no change of that tool is known",
        });
        return Ok(Outcome::Done);
    }
    let shown = revisions.len();
    args.table.write(session, revisions, None)?;
    tell_limit(session, args.limit, limit, shown);
    Ok(Outcome::Done)
}

/// How many changes are read: as many as were asked for, and of a table the newest.
pub fn newest(asked: Option<i64>, table: &TableArgs) -> Option<i64> {
    match asked {
        None => table.format.is_for_people().then_some(NEWEST),
        Some(limit) => (limit > 0).then_some(limit),
    }
}

/// Says that there may be more, if nobody asked for so few.
pub fn tell_limit(session: &Session, asked: Option<i64>, limit: Option<i64>, shown: usize) {
    if asked.is_none() && limit.is_some_and(|it| i64::try_from(shown).is_ok_and(|n| n >= it)) {
        session
            .ui
            .hint(&format!("these are the newest {NEWEST}; -n 0 shows all"));
    }
}

impl Record for Revision {
    const COLUMNS: &'static [Column] = &[
        Column::number("revision").rank(0),
        Column::time("time").rank(1),
        Column::text("actor").rank(4),
        Column::text("what").prose().rank(2),
        Column::text("tools").rank(3),
        Column::text("reason").prose().rank(5),
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
            text::time(self.changed_at),
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
