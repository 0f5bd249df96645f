//! `toolcat versions`: the versions of one tool.

use clap::Args;

use crate::definition::ToolRef;
use crate::operations::versions::{self, VersionOf};
use crate::output::{Column, Record, text};

use super::table::TableArgs;
use super::{CommandError, Outcome, Session};

/// List the versions of a tool, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat versions df\n  toolcat versions linux/df --format json"
)]
pub struct VersionsArgs {
    /// Tool: [PLATFORM/]NAME
    #[arg(value_name = "TOOL")]
    tool: ToolRef,

    #[command(flatten)]
    table: TableArgs,
}

pub fn run(args: &VersionsArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let rows = versions::run(&mut session.connect()?, &args.tool)?;
    args.table.write(session, rows, None)?;
    Ok(Outcome::Done)
}

impl Record for VersionOf {
    const COLUMNS: &'static [Column] = &[
        Column::text("version"),
        Column::text("latest"),
        Column::text("status"),
        Column::text("parent"),
        Column::time("created"),
        Column::text("by"),
        Column::time("changed").wide(),
        Column::text("changed by").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.version.clone(),
            if self.is_latest { "latest" } else { "" }.to_owned(),
            match self.enabled {
                true => self.status.clone(),
                false => format!("off ({})", self.status),
            },
            self.parent.clone().unwrap_or_default(),
            text::time(self.created_at),
            self.created_by.clone(),
            text::time(self.updated_at),
            self.updated_by.clone(),
        ]
    }

    fn name(&self) -> String {
        format!("{}/{}@{}", self.platform, self.tool, self.version)
    }
}
