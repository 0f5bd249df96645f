//! `toolcat list`: the tools in the catalog.

use chrono::SecondsFormat;
use clap::Args;

use crate::operations::list::{self, Listed};
use crate::operations::restore::{self, DeletedTool};
use crate::output::{Column, Record, text};

use super::filter::FilterArgs;
use super::table::TableArgs;
use super::{CommandError, Outcome, Session};

/// List the tools in the catalog.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat list --platform linux --capability disk_usage\n  \
                        toolcat list --tag network --format json\n  \
                        toolcat list --sort -updated --limit 20 --columns tool,updated,owner"
)]
pub struct ListArgs {
    /// At most so many; 0 for all [default: all]
    #[arg(
        long,
        short = 'n',
        value_name = "COUNT",
        default_value_t = 0,
        hide_default_value = true
    )]
    limit: usize,

    /// The tools that were deleted and can be restored, the last deleted first
    #[arg(long, conflicts_with = "all_versions")]
    deleted: bool,

    #[command(flatten)]
    table: TableArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

pub fn run(args: &ListArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let filter = args.filter.filter();
    let limit = (args.limit > 0).then_some(args.limit);
    if args.deleted {
        let deleted = restore::list(&mut session.connect()?, &filter)?;
        if deleted.is_empty() && args.table.format.is_for_people() {
            session.ui.status("nothing that was deleted matches");
            return Ok(Outcome::Done);
        }
        args.table.write(session, deleted, limit)?;
        return Ok(Outcome::Done);
    }
    let list::Listing {
        tools, revision, ..
    } = list::run(&mut session.connect()?, &filter, None)?;
    let for_people = args.table.format.is_for_people();
    if tools.is_empty() && for_people {
        if !session.tell_if_empty() {
            session.ui.status("no tool matches");
        }
        return Ok(Outcome::Done);
    }
    let all = tools.len();
    args.table.write(session, tools, limit)?;
    if for_people {
        let shown = match limit.filter(|it| *it < all) {
            Some(limit) => format!("{} of ", text::grouped(limit)),
            None => String::new(),
        };
        session.ui.status(&format!(
            "{shown}{} at revision {revision}",
            text::counted(all, "tool")
        ));
    }
    Ok(Outcome::Done)
}

/// The status as one word for people: a tool that is switched off says so first.
fn state(tool: &Listed) -> String {
    let latest = if tool.is_latest { "" } else { ", old" };
    match tool.enabled {
        true => format!("{}{latest}", tool.status),
        false => format!("off ({}){latest}", tool.status),
    }
}

impl Record for Listed {
    const COLUMNS: &'static [Column] = &[
        Column::text("platform").rank(2),
        Column::text("tool").rank(0),
        Column::text("version").rank(3),
        Column::text("category").rank(5),
        Column::text("status").rank(4),
        Column::text("capabilities").prose().rank(6),
        Column::text("owner").wide(),
        Column::time("updated").wide(),
        Column::text("description").wide().prose().rank(1),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.platform.clone(),
            self.tool.clone(),
            self.version.clone(),
            self.category.clone(),
            state(self),
            self.capabilities.join(", "),
            self.owner.clone().unwrap_or_default(),
            self.updated_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            self.description.clone(),
        ]
    }

    fn name(&self) -> String {
        format!("{}/{}@{}", self.platform, self.tool, self.version)
    }
}

impl Record for DeletedTool {
    const COLUMNS: &'static [Column] = &[
        Column::text("platform").rank(4),
        Column::text("tool").rank(0),
        Column::text("version").rank(3),
        Column::time("deleted").rank(1),
        Column::text("by").rank(2),
        Column::number("revision").rank(5),
        Column::text("reason").prose().rank(6),
        Column::text("description").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.platform.clone(),
            self.tool.clone(),
            self.version.clone(),
            text::time(self.deleted_at),
            self.deleted_by.clone(),
            self.revision.to_string(),
            self.reason.clone().unwrap_or_default(),
            self.description.clone(),
        ]
    }

    fn name(&self) -> String {
        format!("{}/{}@{}", self.platform, self.tool, self.version)
    }
}
