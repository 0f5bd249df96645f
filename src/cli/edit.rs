//! `toolcat edit`: the definition of a tool in the user's editor.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::definition::{Document, ToolRef};
use crate::operations::edit::{self, Base, Edited};
use crate::operations::{Refusal, address};
use crate::output::text;
use crate::store::tools::{Handle, StoredTool};
use crate::validate::{Report, Severity};

use super::changes;
use super::export::yaml;
use super::{CommandError, Outcome, Session};

/// What a line of the editor's file that is ours begins with.
const NOTE: &str = "#: ";

/// Change the definition of a tool in an editor
///
/// The editor is VISUAL, else EDITOR, else vi. What is not valid is not saved: the editor opens
/// again, with the errors as comments.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat edit df\n  EDITOR=nano toolcat edit linux/df@1.0 --reason \"better estimate\""
)]
pub struct EditArgs {
    /// Tool to edit: [PLATFORM/]NAME[@VERSION]
    #[arg(value_name = "TOOL")]
    tool: ToolRef,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(args: &EditArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let stored = address::find(&mut connection, &args.tool)?;
    let base = connection.definition(&stored)?;
    let Some(edited) = edited(&stored, &base, session)? else {
        session.ui.status("nothing was changed");
        return Ok(Outcome::Done);
    };
    let request = edit::Request {
        tool: Handle::from(&stored),
        base: Base::Definition(base),
        edited,
        watch: None,
    };
    match edit::run(&mut connection, &session.caller(args.dry_run), &request) {
        Ok(done) => report(&done, session),
        Err(refusal) if !refusal.overlaps().is_empty() => Err(conflict(&refusal, &request.edited)),
        Err(refusal) => Err(refusal.into()),
    }
}

fn report(done: &Edited, session: &mut Session) -> Result<Outcome, CommandError> {
    let verb = match done.dry_run {
        true => "would change",
        false => "changed",
    };
    writeln!(session.ui.out(), "{verb} {}", text::visible(&done.tool))?;
    changes::write(&mut session.ui, &done.changes)?;
    session.ui.finish()?;
    if !done.dry_run {
        session.ui.status(&format!("at revision {}", done.revision));
    }
    Ok(Outcome::Done)
}

fn conflict(refusal: &Refusal, edited: &Document) -> CommandError {
    let mut message = refusal.message.clone();
    for overlap in refusal.overlaps() {
        message.push_str(&format!(
            "\n  {}: {} became {}, edited to {}",
            overlap.field,
            changes::value(&overlap.base),
            changes::value(&overlap.theirs),
            changes::value(&overlap.ours)
        ));
    }
    let error = CommandError::conflict(message);
    match yaml(edited).ok().and_then(|text| keep(&text)) {
        Some(path) => error.hint(format!("what was edited is kept in {path}")),
        None => error.hint("edit it again"),
    }
}

/// Lets the user edit until the definition is valid; `None` if nothing was changed.
fn edited(
    stored: &StoredTool,
    base: &Document,
    session: &Session,
) -> Result<Option<Document>, CommandError> {
    let original = yaml(base)?;
    let mut text = format!(
        "{NOTE}The definition of {}. Save and leave the editor to change it;\n\
         {NOTE}lines that begin with `{}` are left out.\n{original}",
        text::visible(&stored.identity().to_string()),
        NOTE.trim_end()
    );
    let folder = tempfile::Builder::new().prefix("toolcat-").tempdir()?;
    let path = folder.path().join("definition.yaml");
    let mut before: Option<String> = None;
    loop {
        std::fs::write(&path, &text)?;
        open_editor(&path)?;
        let written = std::fs::read_to_string(&path).map_err(|error| {
            CommandError::invalid(format!("cannot read what was edited: {error}"))
        })?;
        let body: String = written
            .lines()
            .filter(|line| !line.starts_with(NOTE.trim_end()))
            .flat_map(|line| [line, "\n"])
            .collect();
        if body.trim().is_empty() || body.trim() == original.trim() {
            return Ok(None);
        }
        let (problems, document) = problems(stored, &body);
        match document {
            Some(document) if problems.is_empty() => return Ok(Some(document)),
            _ => {}
        }
        if before.as_deref() == Some(body.as_str()) {
            for problem in &problems {
                session
                    .ui
                    .error(problem.strip_prefix("error: ").unwrap_or(problem));
            }
            let error = CommandError::invalid("the definition is not valid; nothing was saved");
            return Err(match keep(&body) {
                Some(path) => error.hint(format!("what was edited is kept in {path}")),
                None => error,
            });
        }
        text = problems
            .iter()
            .flat_map(|problem| problem.lines())
            .map(|line| format!("{NOTE}{}\n", text::visible(line)))
            .chain([body.clone()])
            .collect();
        before = Some(body);
    }
}

/// What is wrong with an edited definition, and the definition where it can be read.
fn problems(stored: &StoredTool, body: &str) -> (Vec<String>, Option<Document>) {
    let mut report = edit::check(&stored.identity().to_string(), body, None);
    let mut problems = errors(&report);
    let document = match report.documents.len() {
        1 => report.documents.pop().map(|it| it.document),
        n => {
            problems.push(format!("error: one definition is expected, not {n}"));
            None
        }
    };
    let renamed = document
        .as_ref()
        .is_some_and(|it| it.identity().is_some_and(|it| it != stored.identity()));
    if renamed {
        problems.push(
            "error: platform, tool_name and version cannot be edited; `toolcat import` makes a new version"
                .to_owned(),
        );
    }
    (problems, document)
}

fn errors(report: &Report) -> Vec<String> {
    report
        .diagnostics
        .iter()
        .filter(|it| it.severity == Severity::Error)
        .map(|it| {
            format!(
                "error: {} [{}], in: {}",
                it.message,
                it.rule,
                it.excerpt.as_ref().map_or("", |it| it.text.trim())
            )
        })
        .collect()
}

/// Runs the editor that the environment names; it may hold arguments.
fn open_editor(path: &Path) -> Result<(), CommandError> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|it| !it.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned());
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg("sh")
        .arg(path)
        .status()
        .map_err(|error| {
            CommandError::invalid(format!("cannot run the editor `{editor}`: {error}"))
        })?;
    if status.success() {
        return Ok(());
    }
    Err(CommandError::invalid(format!(
        "the editor `{editor}` failed ({status}); nothing was saved"
    ))
    .hint("set EDITOR to an editor that is installed"))
}

/// Keeps text where the user finds it again.
fn keep(text: &str) -> Option<String> {
    let mut file = tempfile::Builder::new()
        .prefix("toolcat-edit-")
        .suffix(".yaml")
        .tempfile()
        .ok()?;
    file.write_all(text.as_bytes()).ok()?;
    let (_, path) = file.keep().ok()?;
    Some(path.display().to_string())
}
