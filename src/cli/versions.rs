//! `toolcat versions`: the versions of one tool.

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;

use crate::definition::ToolRef;
use crate::operations::versions::{self, VersionOf};
use crate::output::{Column, Format, Record, record};

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

    /// How to write the list
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &VersionsArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let rows = versions::run(&mut session.connect()?, &args.tool)?;
    record::write_list(&mut session.ui, &rows, args.format)?;
    Ok(Outcome::Done)
}

impl Record for VersionOf {
    const COLUMNS: &'static [Column] = &[
        Column::text("version"),
        Column::text("latest"),
        Column::text("status"),
        Column::text("parent"),
        Column::text("created"),
        Column::text("by"),
        Column::text("changed").wide(),
        Column::text("changed by").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        vec![
            self.version.clone(),
            if self.is_latest { "latest" } else { "" }.to_owned(),
            match self.enabled {
                true => self.status.clone(),
                false => format!("off ({})", self.status),
            },
            self.parent.clone().unwrap_or_default(),
            time(self.created_at),
            self.created_by.clone(),
            time(self.updated_at),
            self.updated_by.clone(),
        ]
    }

    fn name(&self) -> String {
        format!("{}/{}@{}", self.platform, self.tool, self.version)
    }
}
