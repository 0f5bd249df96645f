//! `toolcat update`: fields of many tools at once.

use clap::Args;
use diesel::PgConnection;
use rayon::prelude::*;
use serde_json::json;

use crate::definition::diff::{Change, diff_documents};
use crate::definition::set::Assignment;
use crate::definition::{LIFECYCLE_FIELDS, row};
use crate::format::Problem;
use crate::output::style::HINT;
use crate::output::text;
use crate::store::rewrite::{Wanted, Work};
use crate::store::tools::{self, Handle, SentRows, StoredRows, StoredTool};
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
    /// Field to set (can be repeated)
    #[arg(long, required = true, value_name = "PATH=VALUE")]
    set: Vec<Assignment>,

    #[command(flatten)]
    how: ActArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

/// A tool and what changes of it.
struct Changed {
    id: i64,
    name: String,
    changes: Vec<Change>,
}

/// Everything that an update comes to.
#[derive(Default)]
struct Plan {
    changed: Vec<Changed>,
    unchanged: usize,
    /// What validation says against it, by tool.
    errors: Vec<(String, Problem)>,
    /// Why a field cannot be set.
    refusal: Option<String>,
}

impl Plan {
    fn add(&mut self, part: Self) {
        self.changed.extend(part.changed);
        self.unchanged += part.unchanged;
        self.errors.extend(part.errors);
        self.refusal = self.refusal.take().or(part.refusal);
    }

    fn is_allowed(&self) -> bool {
        self.errors.is_empty() && self.refusal.is_none()
    }
}

pub fn run(args: &UpdateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    for assignment in &args.set {
        if let Some((key, near)) = validate::unknown_key(&assignment.whole_path()) {
            session.ui.warn(&format!(
                "no field is called `{}`: it is kept, and has no effect{}",
                text::visible(key),
                text::did_you_mean(near)
            ));
        }
    }
    let mut connection = session.connect()?;
    let selected = args.selection.resolve(&mut connection, true)?;
    let agreed = if args.how.yes || args.how.dry_run {
        None
    } else {
        let plan =
            connection.snapshot(|connection| in_parts(connection, &selected, &args.set, false))?;
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
    let update = |connection: &mut PgConnection| {
        let before = tools::revision(connection)?;
        let plan = in_parts(connection, &selected, &args.set, true)?;
        if let Some(agreed) = &agreed {
            as_agreed(agreed, &plan.changed)?;
        }
        Ok((plan, tools::revision_after(connection, &act, before)?))
    };
    let (done, revision) = connection.write_if(&act, update, |(plan, _)| plan.is_allowed())?;
    refuse(session, &done)?;
    present(args, session, &done, revision)
}

/// Works out the new definitions, validates them, and writes them as long as nothing is said against
/// any. Tools are taken part by part, so that memory is bounded by a part and not by the catalog, and
/// one part is worked out while the server writes the one before it.
fn in_parts(
    connection: &mut PgConnection,
    selected: &[Handle],
    assignments: &[Assignment],
    write: bool,
) -> Result<Plan, StoreError> {
    const PART: usize = 1000;
    let mut plan = Plan::default();
    let mut before: Option<Work> = None;
    for tools in selected.chunks(PART) {
        let stored = lifecycle::present(connection, tools)?;
        let rows = SentRows::fetch(connection, &stored)?;
        let work = before.take().filter(|_| write && plan.is_allowed());
        let (written, part) = rayon::join(
            || work.map_or(Ok(()), |work| work.carry_out(connection)),
            || work_out(&stored, rows, assignments),
        );
        written?;
        let (part, work) = part?;
        plan.add(part);
        before = Some(work);
        if plan.refusal.is_some() {
            break;
        }
    }
    if let Some(work) = before.filter(|_| write && plan.is_allowed()) {
        work.carry_out(connection)?;
    }
    Ok(plan)
}

/// What an update comes to for some of the tools, and how it is written.
fn work_out(
    stored: &[StoredTool],
    rows: SentRows,
    assignments: &[Assignment],
) -> Result<(Plan, Work), StoreError> {
    let mut options = Options::default();
    options.lenient = true;
    let rows = rows.of(stored)?;
    let outcomes: Vec<ToolPlan> = stored
        .par_iter()
        .zip(&rows)
        .map(|(tool, rows)| changed(tool, rows, assignments, &options))
        .collect::<Result<_, StoreError>>()?;
    let mut plan = Plan::default();
    let mut all_wanted = Vec::new();
    for outcome in outcomes {
        match outcome {
            ToolPlan::Unchanged => plan.unchanged += 1,
            ToolPlan::Changed(changed, wanted) => {
                plan.changed.push(changed);
                all_wanted.push(*wanted);
            }
            ToolPlan::Invalid(tool, errors) => {
                let named = |error| (tool.clone(), error);
                plan.errors.extend(errors.into_iter().map(named));
            }
            ToolPlan::Refused(refusal) => {
                plan.refusal = Some(refusal);
                break;
            }
        }
    }
    Ok((plan, Work::new(stored, &rows, &all_wanted)?))
}

/// What an update comes to for one tool.
enum ToolPlan {
    Unchanged,
    Changed(Changed, Box<Wanted>),
    /// What validation says against it, and of which tool.
    Invalid(String, Vec<Problem>),
    /// Why a field cannot be set.
    Refused(String),
}

fn changed(
    tool: &StoredTool,
    rows: &StoredRows,
    assignments: &[Assignment],
    options: &Options,
) -> Result<ToolPlan, StoreError> {
    let present = row::join(&rows.row);
    let mut document = present.clone();
    for assignment in assignments {
        if let Err(error) = assignment.apply(&mut document) {
            return Ok(ToolPlan::Refused(format!("{}: {error}", tool.identity())));
        }
    }
    let mut changes = diff_documents(&present, &document);
    changes.retain(|change| !is_as_it_stands(tool, change));
    if changes.is_empty() {
        return Ok(ToolPlan::Unchanged);
    }
    let name = tool.identity().to_string();
    let errors = validate::errors(&mut document, &changes, options);
    if !errors.is_empty() {
        return Ok(ToolPlan::Invalid(name, errors));
    }
    let wanted = Wanted::new(tool.id, &rows.row, &document)?;
    let id = tool.id;
    let changed = Changed { id, name, changes };
    Ok(ToolPlan::Changed(changed, Box::new(wanted)))
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
        let place = problem.pointer.as_str();
        let line = format!("{tool}{place}: {} [{}]", problem.message, problem.rule);
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
    if args.how.format == ActFormat::Json {
        let changed: Vec<_> = plan
            .changed
            .iter()
            .map(|it| json!({"tool": it.name, "changes": it.changes}))
            .collect();
        let done = json!({
            "action": "updated",
            "changed": changed,
            "unchanged": plan.unchanged,
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
        text::grouped(plan.unchanged)
    )?;
    session.ui.finish()?;
    if !args.how.dry_run {
        session.ui.status(&format!("at revision {revision}"));
    }
    Ok(Outcome::Done)
}
