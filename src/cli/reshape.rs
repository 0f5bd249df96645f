//! `--jq` and `--render`: what a command prints as JSON, as its user wants it.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};

use super::CommandError;
use super::apart::{Apart, Kind};
use super::global::GlobalArgs;

/// Whether a line may ask for it.
pub fn is_asked(arguments: &[OsString]) -> bool {
    let words = arguments.iter().filter_map(|it| it.to_str());
    words
        .take_while(|it| *it != "--")
        .any(|it| it.starts_with("--jq") || it.starts_with("--render"))
}

/// The command tree in which JSON is what is printed, where nothing else is said.
pub fn with_json(mut command: Command) -> Command {
    command.build();
    in_json(command)
}

fn in_json(command: Command) -> Command {
    command
        .mut_args(|arg| match prints_json(&arg) {
            true => arg.default_value("json"),
            false => arg,
        })
        .mut_subcommands(in_json)
}

/// Whether it is the argument that says how a result is written, and JSON can be said.
fn prints_json(arg: &Arg) -> bool {
    let values = arg.get_possible_values();
    let json = values.is_empty() || values.iter().any(|it| it.get_name() == "json");
    matches!(arg.get_id().as_str(), "format" | "to_format") && json
}

/// Refuses a line whose command prints something else.
///
/// # Errors
/// Wrong use, as clap words it.
pub fn check(command: &mut Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let (mut path, mut below) = (Vec::new(), matches);
    while let Some((name, next)) = below.subcommand() {
        path.push(name);
        below = next;
    }
    let path = path.join(" ");
    let asked = |id: &str| matches.try_get_raw(id).ok().flatten().is_some();
    if !(asked("jq") || asked("render")) || path == "schema" {
        return Ok(());
    }
    let format = ["format", "to_format"].into_iter();
    let mut format = format.filter_map(|id| below.try_get_raw(id).ok().flatten()?.next());
    let message = match format.next().map(|it| it.to_string_lossy()) {
        Some(format) if !["yaml", "profile"].contains(&&*format) && path == "export" => {
            return Ok(());
        }
        Some(format) if ["json", "jsonl"].contains(&&*format) => return Ok(()),
        Some(format) => format!(
            "--jq and --render work on JSON, and not on the format {format}: leave --format out, or give json"
        ),
        None => format!("--jq and --render work on JSON, which `toolcat {path}` does not print"),
    };
    Err(command.error(ErrorKind::ArgumentConflict, message))
}

/// What is asked for.
///
/// # Errors
/// If the filter or the template is wrong, with its place.
pub fn wanted(global: &GlobalArgs) -> Result<Option<Apart>, CommandError> {
    let (made, hint) = match (&global.jq, &global.render) {
        (Some(code), _) => (
            Apart::start(Kind::Jq, code),
            "see https://jqlang.org/manual for the language",
        ),
        (None, Some(text)) => (
            Apart::start(Kind::Template, text),
            "see https://docs.rs/minijinja for the language; the result is `it`",
        ),
        (None, None) => return Ok(None),
    };
    let made = made.map_err(|error| CommandError::invalid(error.to_string()).hint(hint))?;
    Ok(Some(made))
}
