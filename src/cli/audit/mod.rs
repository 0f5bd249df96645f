//! `toolcat audit`: who changed what, when and why.

mod head;
mod verify;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;

use crate::definition::ToolRef;
use crate::operations::audit;
use crate::output::{Column, Record, text};
use crate::store::audit::{Entry, EntryFilter};
use crate::store::replay::WHOLE_ROW;

use super::log::{newest, tell_limit};
use super::table::TableArgs;
use super::{CommandError, Outcome, Session, changes, moment};

/// Show who changed what, when and why
///
/// Here `--actor NAME` means the changes by that actor.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  toolcat audit df\n  \
                  toolcat audit --since 2h --actor carol --action deleted\n  \
                  toolcat audit --field policy.requires_approval --format csv\n  \
                  toolcat audit verify --against \"$(cat head)\""
)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: Option<AuditCommand>,

    /// Tool whose changes to show, deleted ones included: [PLATFORM/]NAME[@VERSION]
    #[arg(value_name = "TOOL")]
    tool: Vec<ToolRef>,

    /// Not before: a time, a date, or how long ago (2h, 3d)
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    since: Option<DateTime<Utc>>,

    /// Not after
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    until: Option<DateTime<Utc>>,

    /// This action: created, updated, deleted, ... (can be repeated: any of them)
    #[arg(long, value_name = "ACTION")]
    action: Vec<String>,

    /// Changes of this field: enabled, policy.requires_approval, ...
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,

    /// At most so many, the newest; 0 for all [default: 50 in a table, else all]
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(i64).range(0..))]
    limit: Option<i64>,

    #[command(flatten)]
    table: TableArgs,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Prove that the log, replayed from the start, leads to the present state
    Verify(verify::VerifyArgs),
    /// Print the last hash of the log, to be kept elsewhere
    Head(head::HeadArgs),
}

pub fn run(args: &AuditArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match &args.command {
        Some(AuditCommand::Verify(args)) => return verify::run(args, session),
        Some(AuditCommand::Head(args)) => return head::run(args, session),
        None => {}
    }
    let mut connection = session.connect()?;
    let filter = EntryFilter {
        tools: args.tool.clone(),
        since: args.since,
        until: args.until,
        actors: session.named_actor().into_iter().collect(),
        actions: args.action.clone(),
        field: args.field.clone(),
        limit: newest(args.limit, &args.table),
        before: None,
    };
    let entries = audit::list(&mut connection, &filter, None)?.entries;
    if entries.is_empty() && args.table.format.is_for_people() {
        session.ui.status("no change matches");
        return Ok(Outcome::Done);
    }
    let entries: Vec<Listed> = entries.into_iter().map(Listed).collect();
    let shown = entries.len();
    args.table.write(session, entries, None)?;
    tell_limit(session, args.limit, filter.limit, shown);
    Ok(Outcome::Done)
}

/// An entry of the log in a list.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Listed(Entry);

/// Fields that say nothing to people: numbers, times, and what follows from the rest.
const BOOKKEEPING: &[&str] = &[
    "id",
    "tool_id",
    "capability_id",
    "created_at",
    "updated_at",
    "created_by",
    "updated_by",
    "definition_digest",
    "digest_at",
];

/// What was changed, on one line: fields with their values where they were updated.
pub fn summary(changes: &Value) -> String {
    const SHOWN: usize = 4;
    let Some(fields) = changes.as_object() else {
        return String::new();
    };
    // Every field of a row that was made or deleted would say nothing.
    if fields.contains_key(WHOLE_ROW) {
        return String::new();
    }
    let mut parts = Vec::new();
    for (field, change) in fields {
        if BOOKKEEPING.contains(&field.as_str()) {
            continue;
        }
        let differing = crate::definition::diff::diff(&change["old"], &change["new"]);
        for it in differing {
            let path = match it.field.as_str() {
                "" => field.clone(),
                rest => format!("{field}.{rest}"),
            };
            parts.push(format!(
                "{path}: {} -> {}",
                changes::value(&it.old),
                changes::value(&it.new)
            ));
        }
    }
    let more = parts.len().saturating_sub(SHOWN);
    parts.truncate(SHOWN);
    if more > 0 {
        parts.push(format!("{more} more"));
    }
    parts.join(", ")
}

impl Record for Listed {
    const COLUMNS: &'static [Column] = &[
        Column::number("revision").rank(0),
        Column::time("time").rank(1),
        Column::text("actor").rank(5),
        Column::text("action").rank(3),
        Column::text("tool").rank(2),
        Column::text("part").rank(6),
        Column::text("changes").prose().rank(4),
        Column::text("reason").prose().rank(7),
        Column::text("database user").wide(),
        Column::text("address").wide(),
        Column::text("via").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        let entry = &self.0;
        let part = match entry.entity.as_str() {
            "tool" => String::new(),
            _ => entry.entity_name.clone(),
        };
        vec![
            text::grouped(usize::try_from(entry.revision).unwrap_or(0)),
            text::time(entry.changed_at),
            entry.changed_by.clone(),
            entry.action.clone(),
            entry.tool(),
            part,
            summary(&entry.changes),
            entry.reason.clone().unwrap_or_default(),
            entry.db_user.clone(),
            entry.ip_address.clone().unwrap_or_default(),
            entry.via.clone().unwrap_or_default(),
        ]
    }

    fn name(&self) -> String {
        self.0.tool()
    }
}
