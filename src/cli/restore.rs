//! `toolcat restore`: deleted tools back from the audit log.

use std::collections::HashSet;

use clap::Args;

use crate::definition::{Identity, ToolRef};
use crate::store::StoreError;
use crate::store::restore::{self, Deleted};
use crate::store::tools::{self, Filter, Handle};

use super::selection::{ActArgs, Done, SelectionArgs};
use super::{CommandError, Outcome, Session};

/// Bring deleted tools back, as they were
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat restore df\n  toolcat restore linux/df@1.0")]
pub struct RestoreArgs {
    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

/// What the transaction came to.
enum Ending {
    Restored(Vec<Deleted>, i64),
    Refused(CommandError),
}

pub fn run(args: &RestoreArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let references = args.selection.references()?;
    let filter = args.selection.filter.filter();
    let named = args.selection.names_tools();
    if !named && filter.is_empty() && !args.selection.all {
        return Err(
            CommandError::invalid("no tool is named and no filter is given")
                .hint("`toolcat audit --action deleted` shows what was deleted"),
        );
    }
    let mut connection = session.connect()?;
    let act = args.how.act(session, Some("restored"));
    let ending = connection.write(&act, |connection| {
        let before = tools::revision(connection)?;
        let names: Vec<&str> = references
            .iter()
            .flat_map(ToolRef::readings)
            .map(|reading| reading.name)
            .collect();
        let mut found = restore::deleted(connection, named.then_some(&names))?;
        found.retain(|it| matches(it, &filter));
        let wanted = if named {
            match chosen(&references, &found) {
                Ok(wanted) => wanted,
                Err(missing) => {
                    let present = tools::list(
                        connection,
                        &Filter {
                            tools: vec![missing.reference.clone()],
                            ..Filter::default()
                        },
                    )?;
                    return Ok(Ending::Refused(missing.error(!present.is_empty())));
                }
            }
        } else {
            last_of_each(&found)
        };
        restore::restore(connection, &wanted, &act.actor)?;
        Ok(Ending::Restored(
            wanted,
            tools::revision_after(connection, &act, before)?,
        ))
    });
    let (restored, revision) = match ending {
        Ok(Ending::Restored(restored, revision)) => (restored, revision),
        Ok(Ending::Refused(error)) => return Err(error),
        Err(StoreError::Conflict(message)) if message.ends_with("again") => {
            return Err(CommandError::conflict(message)
                .hint("delete or rename that one first; `toolcat show NAME --at TIME` shows the deleted one"));
        }
        Err(error) => return Err(error.into()),
    };
    let restored: Vec<_> = restored.into_iter().map(|it| it.tool).collect();
    let restored: Vec<Handle> = restored.iter().map(Handle::from).collect();
    let ids = restored.iter().map(|tool| tool.id).collect();
    let done = Done::new("restored", &restored, &ids, revision, args.how.dry_run);
    done.present(session, args.how.format, "restored", "restore")
}

/// An address that no deleted tool, or more than one, answers to.
struct Missing {
    reference: ToolRef,
    choices: Vec<String>,
}

impl Missing {
    fn error(&self, present: bool) -> CommandError {
        let reference = &self.reference;
        match (self.choices.first(), present) {
            (Some(first), _) => CommandError::invalid(format!(
                "`{reference}` can mean {} deleted tools: {}",
                self.choices.len(),
                self.choices.join(", ")
            ))
            .hint(format!("name the platform, as in `{first}`")),
            (None, true) => {
                CommandError::conflict(format!("`{reference}` is in the catalog, not deleted"))
                    .hint("`toolcat versions` shows its versions")
            }
            (None, false) => {
                CommandError::not_found(format!("no deleted tool is called `{reference}`"))
                    .hint("`toolcat audit --action deleted` shows what was deleted")
            }
        }
    }
}

/// For each address the versions that its last deletion took away.
fn chosen(references: &[ToolRef], found: &[Deleted]) -> Result<Vec<Deleted>, Missing> {
    let mut wanted: Vec<Deleted> = Vec::new();
    for reference in references {
        let mut meant: Vec<&Deleted> = found
            .iter()
            .filter(|it| reference.matches(&it.tool.identity()))
            .collect();
        if meant
            .iter()
            .any(|it| it.tool.tool_name == reference.as_str())
        {
            meant.retain(|it| it.tool.tool_name == reference.as_str());
        }
        let platforms: HashSet<&str> = meant.iter().map(|it| it.tool.platform.as_str()).collect();
        if platforms.len() != 1 {
            let mut choices: Vec<String> = meant
                .iter()
                .map(|it| it.tool.identity().to_string())
                .collect();
            choices.dedup();
            return Err(Missing {
                reference: reference.clone(),
                choices,
            });
        }
        let meant: Vec<Deleted> = meant.into_iter().cloned().collect();
        for it in last_of_each(&meant) {
            if !wanted.iter().any(|known| known.tool.id == it.tool.id) {
                wanted.push(it);
            }
        }
    }
    Ok(wanted)
}

/// Of each tool what its last deletion took away; of each version once.
fn last_of_each(found: &[Deleted]) -> Vec<Deleted> {
    let last = |it: &Deleted| {
        found
            .iter()
            .filter(|other| {
                other.tool.platform == it.tool.platform && other.tool.tool_name == it.tool.tool_name
            })
            .map(|other| other.revision)
            .max()
    };
    let mut seen: HashSet<Identity> = HashSet::new();
    found
        .iter()
        .filter(|it| last(it) == Some(it.revision) && seen.insert(it.tool.identity()))
        .cloned()
        .collect()
}

/// Whether a deleted tool is one that the filters mean.
fn matches(deleted: &Deleted, filter: &Filter) -> bool {
    let tool = &deleted.tool;
    let any =
        |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|it| it == value);
    let tags: Vec<&str> = tool.metadata["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tag| tag.as_str())
        .collect();
    any(&filter.platforms, &tool.platform)
        && any(&filter.categories, &tool.category)
        && any(&filter.statuses, &tool.status)
        && any(&filter.owners, tool.owner.as_deref().unwrap_or_default())
        && filter.enabled.is_none_or(|it| it == tool.enabled)
        && filter.tags.iter().all(|tag| tags.contains(&tag.as_str()))
        && (filter.capabilities.is_empty()
            || filter
                .capabilities
                .iter()
                .any(|it| deleted.capabilities.contains(it)))
}
