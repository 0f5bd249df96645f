//! Where a draft can come from: a command's help text, a manual page, another catalog's format.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::definition::Document;
use crate::format::{self, Format, Input, Source};
use crate::generate::help_text::Described;
use crate::generate::{Draft, help_text, manual};
use crate::validate::{Severity, rules};

use super::super::child::{self, Limits};
use super::super::{CommandError, Session};
use super::GenerateArgs;

/// What a command may take to print its help, and how much of that is read.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    bytes: 4 << 20,
};

/// The draft that `--from-help` or `--from-man` makes.
pub fn described(args: &GenerateArgs) -> Result<Option<Draft>, CommandError> {
    let origin = match (&args.from_help, &args.from_man) {
        (Some(line), _) => Origin::Help(line.clone()),
        (None, Some(page)) => Origin::Manual(page.clone()),
        (None, None) => return Ok(None),
    };
    draft(&origin).map(Some)
}

/// What tells how a command is used.
pub enum Origin {
    /// What this command line prints.
    Help(String),
    /// A manual page.
    Manual(String),
}

/// What becomes of it.
///
/// # Errors
/// If it cannot be had, or is an error message.
pub fn draft(origin: &Origin) -> Result<Draft, CommandError> {
    let described = match origin {
        Origin::Help(line) => from_help(line)?,
        Origin::Manual(page) => from_manual(page)?,
    };
    Ok(Draft {
        template: None,
        answers: described.answers(),
        places: described.places(),
    })
}

/// The definitions that `--from-mcp` or `--from-openapi` makes.
pub fn foreign(
    args: &GenerateArgs,
    session: &Session,
) -> Result<Option<Vec<Document>>, CommandError> {
    let (file, format) = match (&args.from_mcp, &args.from_openapi) {
        (Some(file), _) => (file, Format::Mcp),
        (None, Some(file)) => (file, Format::Openapi),
        (None, None) => return Ok(None),
    };
    let input = match file.as_str() {
        "-" => Input::Stdin,
        path => Input::File(path.into()),
    };
    let source = Source::load(&input).map_err(super::super::validate::input_error)?;
    let reading = format::read(&source, Some(format));
    let mut errors = 0;
    let notes = reading.documents.iter().flat_map(|it| &it.notes);
    for problem in reading.problems.iter().chain(notes) {
        let at = problem.span.start;
        let message = format!(
            "{}:{}:{}: {}",
            source.name, at.line, at.column, problem.message
        );
        match rules::explain(problem.rule).map(|rule| rule.severity) {
            Some(Severity::Note) => {}
            Some(Severity::Warning) => session.ui.warn(&message),
            _ => {
                session.ui.error(&message);
                errors += 1;
            }
        }
    }
    if errors > 0 || reading.documents.is_empty() {
        return Err(CommandError::invalid(format!(
            "{} cannot be read as {format}",
            source.name
        )));
    }
    let mut documents: Vec<Document> = reading
        .documents
        .into_iter()
        .map(|it| it.document)
        .collect();
    if let Some(name) = &args.name {
        let [document] = documents.as_mut_slice() else {
            return Err(CommandError::invalid(format!(
                "{} holds {} tools, which cannot all be called `{name}`",
                source.name,
                documents.len()
            ))
            .hint("leave NAME out"));
        };
        document
            .fields_mut()
            .insert("tool_name".to_owned(), name.as_str().into());
    }
    Ok(Some(documents))
}

/// The name is what stands before the first option, without the folder.
fn from_help(line: &str) -> Result<Described, CommandError> {
    let mut words: Vec<&str> = line
        .split_whitespace()
        .take_while(|word| !word.starts_with('-') && !word.starts_with(['<', '>', '|', '&']))
        .collect();
    if words.len() > 1 && matches!(words.last(), Some(&"help")) {
        words.pop();
    }
    let first = words.first().copied().unwrap_or_default();
    let first = Path::new(first)
        .file_name()
        .map_or(first.into(), |it| it.to_string_lossy());
    let name = std::iter::once(first.as_ref())
        .chain(words.iter().skip(1).copied())
        .collect::<Vec<_>>()
        .join(" ");
    if name.is_empty() {
        return Err(CommandError::invalid(
            "--from-help needs a command, as in 'df --help'",
        ));
    }
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    let Printed { text, complaint } = printed(command, line)?;
    if text.trim().is_empty() {
        return Err(CommandError::invalid(format!("`{line}` printed nothing"))
            .hint("name the command with the option that makes it print its help"));
    }
    let mut text = manual::without_overstrikes(&text);
    if complaint {
        // What a program that fails says first is about how it was called.
        let command = format!("{first}: ");
        let lines = text.lines().map(|it| match it.starts_with(&command) {
            true => format!("error: {it}\n"),
            false => format!("{it}\n"),
        });
        text = lines.collect();
    }
    if let Some(error) = help_text::only_errors(&name, &text) {
        return Err(CommandError::invalid(format!(
            "`{line}` printed an error, not a help text: {error}"
        ))
        .hint("name the command with the option that makes it print its help"));
    }
    Ok(help_text::read(&name, &text))
}

fn from_manual(page: &str) -> Result<Described, CommandError> {
    let mut command = Command::new("man");
    let file = page.contains('/');
    if file {
        command.arg("-l");
    }
    // A page is not an option, whatever it is called.
    command.arg("--").arg(page);
    let line = format!("man {page}");
    let text = printed(command, &line)?.text;
    if text.trim().is_empty() {
        return Err(CommandError::not_found(format!(
            "there is no manual page `{page}`"
        )));
    }
    let name = match file {
        true => Path::new(page)
            .file_name()
            .map_or(page.into(), |it| it.to_string_lossy())
            .split('.')
            .next()
            .unwrap_or(page)
            .to_owned(),
        false => page.to_owned(),
    };
    Ok(manual::read(&name, &text))
}

/// What a command printed.
struct Printed {
    text: String,
    /// Whether it went to stderr, and the command failed.
    complaint: bool,
}

/// What a command prints to stdout, else to stderr. Many print their help and fail.
fn printed(mut command: Command, line: &str) -> Result<Printed, CommandError> {
    command
        .stderr(Stdio::piped())
        .env("LC_ALL", "C.UTF-8")
        .env("PAGER", "cat")
        .env("MANPAGER", "cat")
        // Lines are not divided, nor filled up with blanks; only man-db knows the second.
        .env("MANWIDTH", "1000")
        .env("MANOPT", "--no-hyphenation --no-justification")
        .env("COLUMNS", "80")
        .env("NO_COLOR", "1");
    let ended = child::run(&mut command, None, LIMITS)
        .map_err(|failure| CommandError::invalid(format!("`{line}` {failure}")))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&ended.stdout), text(&ended.stderr));
    if !out.trim().is_empty() {
        return Ok(Printed {
            text: out,
            complaint: false,
        });
    }
    // The shell's own word that there is no such command, and man's that there is no such page.
    if matches!(ended.status.code(), Some(126 | 127)) || line.starts_with("man ") {
        return Err(CommandError::not_found(format!(
            "`{line}` failed: {}",
            err.trim()
        )));
    }
    Ok(Printed {
        text: err,
        complaint: !ended.status.success(),
    })
}
