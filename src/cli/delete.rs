//! `toolcat delete`: tools out of the catalog, with a way back.

use std::collections::{HashMap, HashSet};

use clap::Args;

use crate::output::text;
use crate::store::Connection;
use crate::store::lifecycle::{self, Ties};
use crate::store::tools::{self, Handle};

use super::selection::{ActArgs, Done, SelectionArgs};
use super::{CommandError, Outcome, Session};

/// Delete tools; `restore` brings them back
///
/// A tool that is named without a version goes with all its versions.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat delete df --reason \"replaced by duf\"\n  \
                        toolcat delete linux/df@1.0 --yes"
)]
pub struct DeleteArgs {
    /// Delete also what was recorded of them: telemetry and A/B tests
    #[arg(long)]
    purge: bool,

    /// Delete also tools on which an A/B test is running (with --purge)
    #[arg(long, requires = "purge")]
    force: bool,

    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

pub fn run(args: &DeleteArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let named = args.selection.resolve_exactly(&mut connection, false)?;
    let selected = with_versions(&mut connection, named)?;
    if selected.is_empty() {
        session.ui.status("no tool matches");
        return Ok(Outcome::Done);
    }
    let question = format!("Delete {}?", summary(&selected));
    if !args.how.confirmed(session, &question)? {
        return Ok(Outcome::No);
    }
    let act = args.how.act(session, None);
    let (deleted, revision, refusal) = connection.write(&act, |connection| {
        let before = tools::revision(connection)?;
        let present = lifecycle::present(connection, &selected)?;
        let ids: Vec<i64> = present.iter().map(|tool| tool.id).collect();
        let ties = lifecycle::ties(connection, &ids)?;
        let refusal = refusal(args, &selected, &ties);
        if refusal.is_none() {
            lifecycle::delete(connection, &present, args.purge)?;
        }
        Ok((
            ids,
            tools::revision_after(connection, &act, before)?,
            refusal,
        ))
    })?;
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let done = Done::new(
        "deleted",
        &selected,
        &deleted.into_iter().collect(),
        revision,
        args.how.dry_run,
    );
    done.present(session, args.how.format, "deleted", "delete")
}

/// Every version of the tools that were named without one.
fn with_versions(
    connection: &mut Connection,
    named: Vec<(Handle, bool)>,
) -> Result<Vec<Handle>, CommandError> {
    let names: Vec<&str> = named
        .iter()
        .map(|(tool, _)| tool.tool_name.as_str())
        .collect();
    let all = connection.read(|connection| tools::handles_named(connection, &names))?;
    let mut of_tool: HashMap<(&str, &str), Vec<&Handle>> = HashMap::new();
    for tool in &all {
        of_tool
            .entry((&tool.platform, &tool.tool_name))
            .or_default()
            .push(tool);
    }
    let mut seen = HashSet::new();
    let mut selected = Vec::new();
    for (tool, alone) in &named {
        let versions = match of_tool.get(&(tool.platform.as_str(), tool.tool_name.as_str())) {
            Some(versions) if !alone => versions.clone(),
            _ => vec![tool],
        };
        selected.extend(
            versions
                .into_iter()
                .filter(|it| seen.insert(it.id))
                .cloned(),
        );
    }
    Ok(selected)
}

fn summary(selected: &[Handle]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = selected
        .iter()
        .take(SHOWN)
        .map(|tool| tool.identity().to_string())
        .collect();
    if selected.len() > SHOWN {
        names.push(format!("{} more", text::grouped(selected.len() - SHOWN)));
    }
    names.join(", ")
}

/// Why the tools cannot be deleted, if they cannot.
fn refusal(args: &DeleteArgs, selected: &[Handle], ties: &[Ties]) -> Option<CommandError> {
    let blocking: Vec<&Ties> = ties
        .iter()
        .filter(|it| !args.purge || (!it.running.is_empty() && !args.force))
        .collect();
    let first = blocking.first()?;
    let name = selected
        .iter()
        .find(|tool| tool.id == first.id)
        .map(|tool| tool.identity().to_string())
        .unwrap_or_default();
    let count = |n: i64, one: &str| text::counted(usize::try_from(n).unwrap_or(0), one);
    let mut reasons = Vec::new();
    if first.executions > 0 {
        reasons.push(count(first.executions, "recorded execution"));
    }
    if !first.running.is_empty() {
        reasons.push(format!("a running A/B test ({})", first.running.join(", ")));
    } else if first.tests > 0 {
        reasons.push(count(first.tests, "A/B test"));
    }
    let others = match blocking.len() {
        1 => String::new(),
        n => format!("; {} more cannot be deleted either", n - 1),
    };
    let message = format!(
        "{name} has {}{others}; nothing was deleted",
        reasons.join(" and ")
    );
    Some(CommandError::conflict(message).hint(match first.running.first() {
        Some(test) => format!(
            "end the A/B test first: `toolcat abtest conclude {test}` or `toolcat abtest cancel {test}`{}",
            if args.purge { "; or add --force" } else { "" }
        ),
        None => "`toolcat deprecate` takes it out of use and keeps them; --purge deletes them as well"
            .to_owned(),
    }))
}
