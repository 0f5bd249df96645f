//! `toolcat list`: the tools in the catalog.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde::Serialize;

use crate::output::{Column, Format, Record, record, text};
use crate::store::tools::{self, StoredTool};

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
    let mut connection = session.connect()?;
    let (found, mut capabilities, revision) = connection.read_consistently(|connection| {
        let found = tools::list(connection, &filter)?;
        let ids: Vec<i64> = found.iter().map(|tool| tool.id).collect();
        let capabilities = tools::capability_names(connection, &ids)?;
        Ok((found, capabilities, tools::revision(connection)?))
    })?;
    let rows: Vec<Listed> = found
        .into_iter()
        .map(|tool| Listed::new(tool, &mut capabilities, revision))
        .collect();
    if rows.is_empty() && args.format.is_for_people() {
        session.ui.status("no tool matches");
        return Ok(Outcome::Done);
    }
    record::write_list(&mut session.ui, &rows, args.format)?;
    if args.format.is_for_people() {
        session.ui.status(&format!(
            "{} at revision {revision}",
            text::counted(rows.len(), "tool")
        ));
    }
    Ok(Outcome::Done)
}

/// A tool in a list.
#[derive(Debug, Serialize)]
struct Listed {
    tool: String,
    version: String,
    platform: String,
    category: String,
    status: String,
    enabled: bool,
    is_latest: bool,
    owner: Option<String>,
    capabilities: Vec<String>,
    description: String,
    updated_at: DateTime<Utc>,
    /// The revision of the catalog that the list shows.
    revision: i64,
}

impl Listed {
    fn new(tool: StoredTool, capabilities: &mut HashMap<i64, Vec<String>>, revision: i64) -> Self {
        Self {
            revision,
            capabilities: capabilities.remove(&tool.id).unwrap_or_default(),
            tool: tool.tool_name,
            version: tool.version,
            platform: tool.platform,
            category: tool.category,
            status: tool.status,
            enabled: tool.enabled,
            is_latest: tool.is_latest,
            owner: tool.owner,
            description: tool.description,
            updated_at: tool.updated_at,
        }
    }

    /// The status as one word for people: a tool that is switched off says so first.
    fn state(&self) -> String {
        let latest = if self.is_latest { "" } else { ", old" };
        match self.enabled {
            true => format!("{}{latest}", self.status),
            false => format!("off ({}){latest}", self.status),
        }
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
            self.state(),
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
