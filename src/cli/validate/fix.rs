//! `toolcat validate --fix` and `--diff`: the safe fixes, shown or made.

use std::path::Path;

use similar::TextDiff;

use crate::format::{Format, Input, Source};
use crate::output::style::{BAD, GOOD, HINT};
use crate::output::text;
use crate::validate::fix;

use super::super::{CommandError, Outcome, Session, files};
use super::input_error;

/// What is to be done with the fixes.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Write them.
    pub apply: bool,
    /// Show them as a unified diff.
    pub show: bool,
}

/// Fixes each input. Fixed standard input goes to stdout; with the wish only to show, the answer is
/// no where something would change.
pub fn run(
    inputs: &[Input],
    from: Option<Format>,
    wish: Wish,
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let mut changed = 0;
    for input in inputs {
        let source = Source::load(input).map_err(input_error)?;
        let Some(fixed) = fix(&source, from) else {
            session.ui.warn(&format!(
                "{}: left alone; only whole definitions in toolcat's own shape are fixed",
                source.name
            ));
            if wish.apply && *input == Input::Stdin {
                session.ui.out().write_all(&source.bytes)?;
            }
            continue;
        };
        if !fixed.changes.is_empty() {
            changed += 1;
            for change in &fixed.changes {
                session.ui.status(&format!("{}: {change}", source.name));
            }
            if wish.show {
                show(&source, &fixed.text, session)?;
            }
        }
        match input {
            Input::Stdin if wish.apply => session.ui.out().write_all(fixed.text.as_bytes())?,
            Input::File(path) if wish.apply && !fixed.changes.is_empty() => {
                files::write(Path::new(path), &fixed.text)?;
            }
            _ => {}
        }
    }
    let done = if wish.apply { "fixed" } else { "would fix" };
    session.ui.status(&format!(
        "{done} {} of {}",
        changed,
        text::counted(inputs.len(), "file")
    ));
    Ok(if changed > 0 && !wish.apply {
        Outcome::No
    } else {
        Outcome::Done
    })
}

fn show(source: &Source, fixed: &str, session: &mut Session) -> Result<(), CommandError> {
    let before = String::from_utf8_lossy(&source.bytes);
    let diff = TextDiff::from_lines(before.as_ref(), fixed);
    let unified = diff
        .unified_diff()
        .context_radius(2)
        .header(&source.name, &source.name)
        .to_string();
    for line in unified.lines() {
        let shown = text::visible(line);
        let painted = match line.chars().next() {
            Some('+') => session.ui.paint(GOOD, &shown),
            Some('-') => session.ui.paint(BAD, &shown),
            Some('@') => session.ui.paint(HINT, &shown),
            _ => shown.into_owned(),
        };
        writeln!(session.ui.out(), "{painted}")?;
    }
    Ok(())
}
