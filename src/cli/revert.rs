//! `toolcat revert`: what revisions did, undone.

use std::str::FromStr;

use clap::Args;

use crate::operations::revert::{self, Request, Reverted};
use crate::output::style::HINT;
use crate::output::{SummaryFormat, text};

use super::{CommandError, Outcome, Session, changes, misfits};

/// Undo what a revision did, as a new change
///
/// What it made is deleted, what it deleted comes back, and the fields that it changed have their old
/// values again. What was changed again since is named, and nothing is reverted then. `toolcat log`
/// shows the revisions; a revert can be reverted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat revert 12\n  toolcat revert 10..12 --dry-run")]
pub struct RevertArgs {
    /// Revision to undo, or the first and the last of several: 10..12
    #[arg(value_name = "REVISION")]
    revisions: Revisions,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// How to write what was done
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

/// One revision, or a range of them.
#[derive(Debug, Clone, Copy)]
struct Revisions(Request);

impl FromStr for Revisions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            let text = text.trim().trim_start_matches('r');
            text.parse::<i64>().map_err(|_| {
                format!("`{text}` is not a revision: expected a number, or two as in 10..12")
            })
        };
        let (from, to) = match text.split_once("..") {
            Some((from, to)) => (number(from)?, number(to)?),
            None => (number(text)?, number(text)?),
        };
        match to < from {
            true => Err(format!("{to} is before {from}")),
            false => Ok(Self(Request { from, to })),
        }
    }
}

pub fn run(args: &RevertArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let caller = session.caller(args.dry_run);
    let done = revert::run(&mut session.connect()?, &caller, &args.revisions.0)?;
    misfits::tell(session, &done.misfits);
    if args.format == SummaryFormat::Json {
        session.ui.json(&done)?;
        return Ok(Outcome::Done);
    }
    if !done.did_something() {
        session.ui.status("nothing to revert: it is undone already");
        return Ok(Outcome::Done);
    }
    show(session, &done)?;
    session.ui.finish()?;
    if !done.dry_run {
        session.ui.status(&format!("at revision {}", done.revision));
    }
    Ok(Outcome::Done)
}

/// Tools that are shown one by one.
const SHOWN: usize = 20;

fn show(session: &mut Session, done: &Reverted) -> Result<(), CommandError> {
    let would = |verb: &str, past: &str| match done.dry_run {
        true => format!("would {verb}"),
        false => past.to_owned(),
    };
    for (tools, word) in [
        (&done.deleted, would("delete", "deleted")),
        (&done.restored, would("restore", "restored")),
        (&done.in_use, would("take into use", "in use again:")),
    ] {
        for tool in tools.iter().take(SHOWN) {
            writeln!(session.ui.out(), "{word} {}", text::visible(tool))?;
        }
        rest(session, tools.len())?;
    }
    for it in done.changed.iter().take(SHOWN) {
        let word = would("set back", "set back");
        let name = format!("{word} {}", text::visible(&it.tool));
        let name = session.ui.paint(HINT, &name);
        writeln!(session.ui.out(), "{name}")?;
        changes::write(&mut session.ui, &it.changes)?;
    }
    rest(session, done.changed.len())
}

fn rest(session: &mut Session, all: usize) -> Result<(), CommandError> {
    if all > SHOWN {
        writeln!(session.ui.out(), "and {} more", text::grouped(all - SHOWN))?;
    }
    Ok(())
}
