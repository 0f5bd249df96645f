//! `toolcat update`: fields of many tools at once.

use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use crate::definition::diff::{Change, diff_documents};
use crate::definition::set::Assignment;
use crate::definition::{Document, LIFECYCLE_FIELDS};
use crate::format::Problem;
use crate::output::style::HINT;
use crate::output::text;
use crate::store::rewrite::{Rewrite, rewrite_loaded};
use crate::store::tools::{self, StoredTool};
use crate::store::{StoreError, lifecycle};
use crate::validate::{self, Options};

use super::selection::{ActArgs, ActFormat, SelectionArgs};
use super::{CommandError, Outcome, Session, changes};

/// Tools whose changes are shown to people one by one.
const SHOWN: usize = 20;

/// Set fields of many tools at once
///
/// A path names a field of the tool (category, metadata.author), a field of every pattern
/// (policy.requires_approval, scope), or one from the definition down, where * stands for every name
/// (capabilities.disk_usage.patterns.*.scope). The value is JSON, or else text.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        toolcat update --set policy.requires_approval=true --platform windows\n  \
                        toolcat update df --set metadata.author=carol --dry-run")]
pub struct UpdateArgs {
    #[command(flatten)]
    selection: SelectionArgs,

    /// Field to set (can be repeated)
    #[arg(long, required = true, value_name = "PATH=VALUE")]
    set: Vec<Assignment>,

    #[command(flatten)]
    how: ActArgs,
}

/// A tool and what is to become of it.
struct Changed {
    id: i64,
    name: String,
    document: Document,
    changes: Vec<Change>,
}

/// Everything that an update comes to.
struct Plan {
    stored: Vec<StoredTool>,
    rows: Vec<tools::StoredRows>,
    changed: Vec<Changed>,
    /// What validation says against it, by tool.
    errors: Vec<(String, Problem)>,
    refusal: Option<String>,
}

pub fn run(args: &UpdateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let selected = args.selection.resolve(&mut connection, true)?;
    let agreed = if args.how.yes || args.how.dry_run {
        None
    } else {
        let plan = connection.snapshot(|connection| plan(connection, &selected, &args.set))?;
        refuse(session, &plan)?;
        if plan.changed.is_empty() {
            session.ui.status("nothing to change");
            return Ok(Outcome::Done);
        }
        show(session, &plan.changed)?;
        let question = format!("Update {}?", text::counted(plan.changed.len(), "tool"));
        if !args.how.confirmed(session, &question)? {
            return Ok(Outcome::No);
        }
        Some(plan.changed)
    };
    let act = args.how.act(session, None);
    let (done, revision) = connection.write(&act, |connection| {
        let before = tools::revision(connection)?;
        let plan = plan(connection, &selected, &args.set)?;
        if let Some(agreed) = &agreed {
            as_agreed(agreed, &plan.changed)?;
        }
        if plan.errors.is_empty() && plan.refusal.is_none() {
            let rewrites: Vec<Rewrite<'_>> = plan
                .changed
                .iter()
                .map(|it| Rewrite {
                    id: it.id,
                    document: &it.document,
                })
                .collect();
            rewrite_loaded(connection, &plan.stored, &plan.rows, &rewrites)?;
        }
        Ok((plan, tools::revision_after(connection, &act, before)?))
    })?;
    refuse(session, &done)?;
    present(args, session, &done, revision)
}

/// Works out the new definitions, and validates them.
fn plan(
    connection: &mut diesel::PgConnection,
    selected: &[StoredTool],
    assignments: &[Assignment],
) -> Result<Plan, StoreError> {
    let stored = lifecycle::present(connection, selected)?;
    let rows = tools::rows(connection, &stored)?;
    let mut plan = Plan {
        changed: Vec::new(),
        errors: Vec::new(),
        refusal: None,
        stored,
        rows,
    };
    let mut options = Options::default();
    options.lenient = true;
    let outcomes: Vec<ToolPlan> = plan
        .stored
        .par_iter()
        .zip(&plan.rows)
        .map(|(tool, rows)| changed(tool, &tools::joined(&rows.row)?, assignments, &options))
        .collect::<Result<_, StoreError>>()?;
    for outcome in outcomes {
        match outcome {
            ToolPlan::Unchanged => {}
            ToolPlan::Changed(changed, errors) => {
                let named = |error| (changed.name.clone(), error);
                plan.errors.extend(errors.into_iter().map(named));
                plan.changed.push(changed);
            }
            ToolPlan::Refused(refusal) => {
                plan.refusal = Some(refusal);
                break;
            }
        }
    }
    Ok(plan)
}

/// What an update comes to for one tool.
enum ToolPlan {
    Unchanged,
    /// What is to become of it, and what validation says against that.
    Changed(Changed, Vec<Problem>),
    /// Why a field cannot be set.
    Refused(String),
}

fn changed(
    tool: &StoredTool,
    present: &Document,
    assignments: &[Assignment],
    options: &Options,
) -> Result<ToolPlan, StoreError> {
    let mut document = present.clone();
    for assignment in assignments {
        if let Err(error) = assignment.apply(&mut document) {
            return Ok(ToolPlan::Refused(format!("{}: {error}", tool.identity())));
        }
    }
    let mut changes = diff_documents(present, &document);
    changes.retain(|change| !is_as_it_stands(tool, change));
    if changes.is_empty() {
        return Ok(ToolPlan::Unchanged);
    }
    let errors = validate::errors(&document, options);
    let changed = Changed {
        id: tool.id,
        name: tool.identity().to_string(),
        document,
        changes,
    };
    Ok(ToolPlan::Changed(changed, errors))
}

/// Whether a lifecycle field is written out only to say what is so already.
fn is_as_it_stands(tool: &StoredTool, change: &Change) -> bool {
    if !change.old.is_null() || !LIFECYCLE_FIELDS.contains(&change.field.as_str()) {
        return false;
    }
    match change.field.as_str() {
        "status" => change.new == json!(tool.status),
        "enabled" => change.new == json!(tool.enabled),
        _ => change.new == json!(tool.owner),
    }
}

/// Refuses what is not valid.
fn refuse(session: &mut Session, plan: &Plan) -> Result<(), CommandError> {
    if let Some(refusal) = &plan.refusal {
        return Err(CommandError::invalid(format!(
            "{refusal}; nothing was changed"
        )));
    }
    if plan.errors.is_empty() {
        return Ok(());
    }
    const LINES: usize = 10;
    for (tool, problem) in plan.errors.iter().take(LINES) {
        let line = format!("{tool}: {} [{}]", problem.message, problem.rule);
        session.ui.error(&line);
    }
    Err(CommandError::invalid(format!(
        "the definitions would have {}; nothing was changed",
        text::counted(plan.errors.len(), "error")
    )))
}

/// Refuses to do something else than what was agreed to.
fn as_agreed(agreed: &[Changed], now: &[Changed]) -> Result<(), StoreError> {
    for (then, now) in agreed.iter().zip(now) {
        if then.id != now.id || then.changes != now.changes {
            let fields: Vec<&str> = now.changes.iter().map(|it| it.field.as_str()).collect();
            return Err(StoreError::Conflict(format!(
                "{} was changed meanwhile: {} would now differ",
                then.name,
                fields.join(", ")
            )));
        }
    }
    if agreed.len() != now.len() {
        return Err(StoreError::Conflict(
            "the tools were changed meanwhile".to_owned(),
        ));
    }
    Ok(())
}

fn show(session: &mut Session, changed: &[Changed]) -> Result<(), CommandError> {
    for it in changed.iter().take(SHOWN) {
        let name = text::visible(&it.name).into_owned();
        let name = session.ui.paint(HINT, &format!("~ {name}"));
        writeln!(session.ui.out(), "{name}")?;
        changes::write(&mut session.ui, &it.changes)?;
    }
    if changed.len() > SHOWN {
        writeln!(
            session.ui.out(),
            "and {} more",
            text::grouped(changed.len() - SHOWN)
        )?;
    }
    Ok(())
}

fn present(
    args: &UpdateArgs,
    session: &mut Session,
    plan: &Plan,
    revision: i64,
) -> Result<Outcome, CommandError> {
    let unchanged = plan.stored.len() - plan.changed.len();
    if args.how.format == ActFormat::Json {
        let changed: Vec<_> = plan
            .changed
            .iter()
            .map(|it| json!({"tool": it.name, "changes": it.changes}))
            .collect();
        let done = json!({
            "action": "updated",
            "changed": changed,
            "unchanged": unchanged,
            "revision": revision,
            "dry_run": args.how.dry_run,
        });
        writeln!(session.ui.out(), "{done}")?;
        return Ok(Outcome::Done);
    }
    if args.how.dry_run {
        show(session, &plan.changed)?;
    }
    let would = if args.how.dry_run {
        "would update"
    } else {
        "updated"
    };
    writeln!(
        session.ui.out(),
        "{would} {}, {} unchanged",
        text::counted(plan.changed.len(), "tool"),
        text::grouped(unchanged)
    )?;
    session.ui.finish()?;
    if !args.how.dry_run {
        session.ui.status(&format!("at revision {revision}"));
    }
    Ok(Outcome::Done)
}
