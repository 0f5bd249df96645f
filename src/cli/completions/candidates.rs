//! What can stand at a place of the command line: clap knows flags and fixed values, the catalog
//! knows names.

use std::ffi::OsStr;

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::CompleteEnv;

use super::VARIABLE;
use super::lookup::{Names, names};

/// Answers a shell's script, if one asks; whether one did.
pub fn answer() -> bool {
    if std::env::var_os(VARIABLE).is_none() {
        return false;
    }
    let folder = std::env::current_dir().ok();
    // A shell shows what is written to stderr in the middle of the line: no answer is better.
    CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .try_complete(std::env::args_os(), folder.as_deref())
        .unwrap_or(true)
}

/// The command tree with the names of the catalog at every argument that takes them.
fn command() -> Command {
    let mut command = super::super::Cli::command();
    // Subcommands get their arguments only now: what is not built yet cannot be changed.
    command.build();
    with_names(command)
}

fn with_names(command: Command) -> Command {
    command
        .mut_args(|arg| match wanted(&arg) {
            Some(wanted) => arg.add(ArgValueCompleter::new(move |current: &OsStr| {
                candidates(wanted, current)
            })),
            None => arg,
        })
        .mut_subcommands(with_names)
}

/// Which names an argument takes, by what it is called: the same everywhere.
fn wanted(arg: &Arg) -> Option<Names> {
    let value = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map_or("", |name| name.as_str());
    match (arg.get_id().as_str(), value) {
        (_, "TOOL" | "TOOL_A" | "TOOL_B") | ("tool" | "tools", _) => Some(Names::Tools),
        ("capability" | "capabilities", _) => Some(Names::Capabilities),
        ("catalog", _) | (_, "CATALOG") => Some(Names::Catalogs),
        (_, "MEMBER") => Some(Names::Members),
        (_, "TEAM") => Some(Names::Teams),
        (_, "VERSION") => Some(Names::Versions),
        ("platform" | "platforms", _) => Some(Names::Platforms),
        ("category", _) => Some(Names::Categories),
        ("tag", _) => Some(Names::Tags),
        ("owner", _) => Some(Names::Owners),
        _ => None,
    }
}

fn candidates(wanted: Names, current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else {
        return Vec::new();
    };
    // Values with commas between them: the last one is being written.
    let (before, last) = match current.rsplit_once(',') {
        Some((before, last)) if wanted == Names::Capabilities => (format!("{before},"), last),
        _ => (String::new(), current),
    };
    names(wanted, last)
        .into_iter()
        .map(|name| CompletionCandidate::new(format!("{before}{name}")))
        .collect()
}
