//! `toolcat versions`: the versions of one tool.

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde::Serialize;

use crate::definition::ToolRef;
use crate::output::{Column, Format, Record, record};
use crate::store::lifecycle;
use crate::store::tools::StoredTool;

use super::{CommandError, Outcome, Session};
use crate::operations::address;

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
    let mut connection = session.connect()?;
    let tool = address::find(&mut connection, &args.tool)?;
    let versions = connection
        .read(|connection| lifecycle::versions(connection, &tool.platform, &tool.tool_name))?;
    let rows: Vec<Listed> = versions
        .iter()
        .map(|it| Listed::new(it, &versions))
        .collect();
    record::write_list(&mut session.ui, &rows, args.format)?;
    Ok(Outcome::Done)
}

/// A version in the list.
#[derive(Debug, Serialize)]
struct Listed {
    version: String,
    is_latest: bool,
    status: String,
    enabled: bool,
    parent: Option<String>,
    created_at: DateTime<Utc>,
    created_by: String,
    updated_at: DateTime<Utc>,
    updated_by: String,
    tool: String,
    platform: String,
}

impl Listed {
    fn new(tool: &StoredTool, all: &[StoredTool]) -> Self {
        Self {
            version: tool.version.clone(),
            is_latest: tool.is_latest,
            status: tool.status.clone(),
            enabled: tool.enabled,
            parent: all
                .iter()
                .find(|it| Some(it.id) == tool.parent_version_id)
                .map(|it| it.version.clone()),
            created_at: tool.created_at,
            created_by: tool.created_by.clone(),
            updated_at: tool.updated_at,
            updated_by: tool.updated_by.clone(),
            tool: tool.tool_name.clone(),
            platform: tool.platform.clone(),
        }
    }
}

impl Record for Listed {
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
