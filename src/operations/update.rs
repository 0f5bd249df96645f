//! Fields of many tools at once.

use rayon::prelude::*;
use serde::Serialize;

use super::complete::refuse_assumed;
use super::refusal::Flaw;
use super::{Caller, Kind, Progress, Refusal, Silent, Stage, Writes, change_or_tell};
use crate::definition::diff::{Change, diff_documents};
use crate::definition::set::Assignment;
use crate::definition::{LIFECYCLE_FIELDS, Status, row};
use crate::store::rewrite::{Wanted, Work};
use crate::store::tools::{Handle, SentRows, StoredRows, StoredTool};
use crate::store::{Connection, StoreError, Transaction, lifecycle};
use crate::validate::{self, Options};
use crate::words::counted;

/// What is to be set.
#[derive(Debug, Clone)]
pub struct Request {
    /// The tools.
    pub tools: Vec<Handle>,
    /// The fields and their values.
    pub assignments: Vec<Assignment>,
    /// What was agreed to, where that was asked: nothing else is done.
    pub agreed: Option<Vec<ToolChange>>,
}

/// A tool and what changes of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolChange {
    #[serde(skip)]
    id: i64,
    /// The version.
    pub tool: String,
    /// The fields that change.
    pub changes: Vec<Change>,
}

impl ToolChange {
    /// Of that version.
    pub(super) fn new(tool: &StoredTool, changes: Vec<Change>) -> Self {
        Self {
            id: tool.id,
            tool: tool.identity().to_string(),
            changes,
        }
    }
}

/// What an update did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Updated {
    /// As the audit log calls it.
    pub action: &'static str,
    /// The tools that changed.
    pub changed: Vec<ToolChange>,
    /// How many were so already.
    pub unchanged: usize,
    /// The revision of the catalog afterwards; of a dry run, the present one.
    pub revision: i64,
    /// Whether it was undone at the end.
    pub dry_run: bool,
}

/// Everything that an update comes to.
#[derive(Default)]
struct Plan {
    changed: Vec<ToolChange>,
    unchanged: usize,
    /// What validation says against it.
    flaws: Vec<Flaw>,
    /// Why a field cannot be set.
    refusal: Option<String>,
}

impl Plan {
    fn add(&mut self, part: Self) {
        self.changed.extend(part.changed);
        self.unchanged += part.unchanged;
        self.flaws.extend(part.flaws);
        self.refusal = self.refusal.take().or(part.refusal);
    }

    fn is_allowed(&self) -> bool {
        self.flaws.is_empty() && self.refusal.is_none()
    }

    /// Refuses what is not valid.
    fn allowed(self) -> Result<Self, Refusal> {
        if let Some(refusal) = self.refusal {
            let message = format!("{refusal}; nothing was changed");
            return Err(Refusal::new(Kind::Invalid, message));
        }
        if self.flaws.is_empty() {
            return Ok(self);
        }
        let errors = counted(self.flaws.len(), "error");
        let message = format!("the definitions would have {errors}; nothing was changed");
        Err(Refusal::new(Kind::Invalid, message).flaws(self.flaws))
    }
}

/// What an update would change; nothing is written.
///
/// # Errors
/// [`Kind::Invalid`] if a field cannot be set or a definition would not be valid.
pub fn plan(connection: &mut Connection, request: &Request) -> Result<Vec<ToolChange>, Refusal> {
    connection.snapshot(|transaction| {
        let plan = in_parts(transaction, request, Writes::No, &Silent)?.allowed()?;
        Ok(plan.changed)
    })
}

/// Sets the fields, in all of the tools or in none.
///
/// # Errors
/// As [`plan`]; [`Kind::Overtaken`] or [`Kind::Conflict`] if something else would change than was agreed to.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    request: &Request,
    progress: &dyn Progress,
) -> Result<Updated, Refusal> {
    let (plan, revision) = change_or_tell(connection, caller, None, |transaction, writes| {
        progress.begin(Stage::Writing, request.tools.len() as u64);
        let plan = in_parts(transaction, request, writes, progress);
        progress.end();
        let plan = plan?.allowed()?;
        if let Some(agreed) = &request.agreed {
            as_agreed(agreed, &plan.changed)?;
        }
        Ok(plan)
    })?;
    Ok(Updated {
        action: "updated",
        changed: plan.changed,
        unchanged: plan.unchanged,
        revision,
        dry_run: caller.dry_run,
    })
}

/// Works out the new definitions, validates them, and writes them as long as nothing is said against
/// any. Tools are taken part by part, so that memory is bounded by a part and not by the catalog, and
/// one part is worked out while the server writes the one before it.
fn in_parts(
    connection: &mut Transaction,
    request: &Request,
    writes: Writes,
    progress: &dyn Progress,
) -> Result<Plan, StoreError> {
    const PART: usize = 1000;
    let write = writes == Writes::Yes;
    let mut plan = Plan::default();
    let mut before: Option<Work> = None;
    for tools in request.tools.chunks(PART) {
        let stored = lifecycle::present(connection, tools)?;
        let rows = SentRows::fetch(connection, &stored)?;
        let work = before.take().filter(|_| write && plan.is_allowed());
        let (written, part) = rayon::join(
            || work.map_or(Ok(()), |work| work.carry_out(connection)),
            || work_out(&stored, rows, &request.assignments),
        );
        written?;
        let (part, work) = part?;
        plan.add(part);
        before = Some(work);
        progress.advance(tools.len() as u64);
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
            ToolPlan::Invalid(flaws) => plan.flaws.extend(flaws),
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
    Changed(ToolChange, Box<Wanted>),
    /// What validation says against it.
    Invalid(Vec<Flaw>),
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
    let activates = |it: &Change| it.field == "status" && it.new == Status::Active.as_str();
    if changes.iter().any(activates)
        && let Err(refusal) = refuse_assumed(tool, &document)
    {
        return Ok(ToolPlan::Refused(refusal.message));
    }
    let name = tool.identity().to_string();
    let valid = match validate::changed(document, &changes, options) {
        Ok(valid) => valid,
        Err(errors) => {
            let flaws = errors.into_iter().map(|it| Flaw::new(&name, it));
            return Ok(ToolPlan::Invalid(flaws.collect()));
        }
    };
    let wanted = Wanted::new(tool.id, &rows.row, &valid)?;
    let changed = ToolChange {
        id: tool.id,
        tool: name,
        changes,
    };
    Ok(ToolPlan::Changed(changed, Box::new(wanted)))
}

/// Whether a lifecycle field is written out only to say what is so already.
fn is_as_it_stands(tool: &StoredTool, change: &Change) -> bool {
    if !change.old.is_null() || !LIFECYCLE_FIELDS.contains(&change.field.as_str()) {
        return false;
    }
    match change.field.as_str() {
        "status" => change.new == serde_json::json!(tool.status),
        "enabled" => change.new == serde_json::json!(tool.enabled),
        _ => change.new == serde_json::json!(tool.owner),
    }
}

/// Refuses to do something else than what was agreed to.
fn as_agreed(agreed: &[ToolChange], now: &[ToolChange]) -> Result<(), StoreError> {
    for (then, now) in agreed.iter().zip(now) {
        if then.id != now.id || then.changes != now.changes {
            let fields: Vec<&str> = now.changes.iter().map(|it| it.field.as_str()).collect();
            return Err(StoreError::Conflict(format!(
                "{} was changed meanwhile: {} would now differ",
                then.tool,
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
