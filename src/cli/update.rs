//! `toolcat update`: fields of many tools at once.

use clap::Args;

use crate::definition::set::Assignment;
use crate::operations::update::{self, Request, ToolChange, Updated};
use crate::output::style::HINT;
use crate::output::{SummaryFormat, text};
use crate::validate;

use super::selection::{ActArgs, SelectionArgs};
use super::{CommandError, Outcome, Session, changes};

/// Tools whose changes are shown to people one by one.
const SHOWN: usize = 20;

/// Set fields of many tools at once
///
/// The versions are changed in place, and `toolcat revert REVISION` undoes it. For a new version, change the
/// file and import it, with --on-conflict bump where it keeps its number.
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
    let selection = args.selection.selection()?;
    let backend = session.backend()?;
    let mut connection = backend.connect()?;
    let mut request = Request {
        tools: selection.resolve(&mut connection, true)?,
        assignments: args.set.clone(),
        agreed: None,
    };
    if !args.how.yes && !args.how.dry_run {
        let changed = update::plan(&mut connection, &request)?;
        if changed.is_empty() {
            session.ui.status("nothing to change");
            return Ok(Outcome::Done);
        }
        show(session, &changed)?;
        let question = format!("Update {} in place?", text::counted(changed.len(), "tool"));
        if !args.how.confirmed(session, &question)? {
            return Ok(Outcome::No);
        }
        request.agreed = Some(changed);
    }
    let caller = session.caller(args.how.dry_run);
    let updated = update::run(&mut connection, &caller, &request, backend.progress())?;
    present(args, session, &updated)
}

fn show(session: &mut Session, changed: &[ToolChange]) -> Result<(), CommandError> {
    for it in changed.iter().take(SHOWN) {
        let name = text::visible(&it.tool).into_owned();
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
    updated: &Updated,
) -> Result<Outcome, CommandError> {
    if args.how.format == SummaryFormat::Json {
        session.ui.json(updated)?;
        return Ok(Outcome::Done);
    }
    if updated.dry_run {
        show(session, &updated.changed)?;
    }
    let would = if updated.dry_run {
        "would update"
    } else {
        "updated"
    };
    writeln!(
        session.ui.out(),
        "{would} {}, {} unchanged",
        text::counted(updated.changed.len(), "tool"),
        text::grouped(updated.unchanged)
    )?;
    session.ui.finish()?;
    if !updated.dry_run {
        let revision = updated.revision;
        session.ui.status(&match updated.changed.is_empty() {
            true => format!("at revision {revision}"),
            false => {
                format!("in place, at revision {revision}; `toolcat revert {revision}` undoes it")
            }
        });
    }
    Ok(Outcome::Done)
}
