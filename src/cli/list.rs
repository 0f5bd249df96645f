//! `toolcat list`: the tools in the catalog.

use chrono::SecondsFormat;
use clap::Args;

use crate::operations::list::{self, Listed};
use crate::output::{Column, Format, Record, record, text};

use super::filter::FilterArgs;
use super::{CommandError, Outcome, Session};

/// List the tools in the catalog.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat list --platform linux --capability disk_usage\n  \
                        toolcat list --tag network --format json"
)]
pub struct ListArgs {
    /// How to write the list
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    filter: FilterArgs,
}

pub fn run(args: &ListArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let filter = args.filter.filter();
    let list::Listing {
        tools, revision, ..
    } = list::run(&mut session.connect()?, &filter, None)?;
    if tools.is_empty() && args.format.is_for_people() {
        session.ui.status("no tool matches");
        return Ok(Outcome::Done);
    }
    record::write_list(&mut session.ui, &tools, args.format)?;
    if args.format.is_for_people() {
        session.ui.status(&format!(
            "{} at revision {revision}",
            text::counted(tools.len(), "tool")
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
        Column::text("platform"),
        Column::text("tool"),
        Column::text("version"),
        Column::text("category"),
        Column::text("status"),
        Column::text("capabilities"),
        Column::text("owner").wide(),
        Column::text("updated").wide(),
        Column::text("description").wide(),
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
