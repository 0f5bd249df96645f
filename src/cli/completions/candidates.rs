//! What can stand at a place of the command line: clap knows flags and most fixed values, the program the
//! other closed sets, and the catalog names.

use std::ffi::OsStr;

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::CompleteEnv;

use crate::output::{Column, Record};

use super::VARIABLE;
use super::lookup::{Names, is_plain, names};
use super::words::{self, Words};

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

/// What an argument takes.
#[derive(Clone, Copy)]
enum Wanted {
    /// Names of the catalog.
    Names(Names),
    /// Words that the program knows.
    Words(Words),
    /// Columns of a list.
    Columns(&'static [Column]),
    /// A column to sort a list by.
    Sort(&'static [Column]),
}

/// The command tree with what fits at every argument of a closed set.
fn command() -> Command {
    let mut command = super::super::Cli::command();
    // Subcommands get their arguments only now: what is not built yet cannot be changed.
    command.build();
    with_candidates(command, "")
}

fn with_candidates(command: Command, above: &str) -> Command {
    let path = match command.get_name() {
        "toolcat" => String::new(),
        name => format!("{above} {name}").trim_start().to_owned(),
    };
    command
        .mut_args(|arg| match wanted(&path, &arg) {
            Some(wanted) => arg.add(ArgValueCompleter::new(move |current: &OsStr| {
                candidates(wanted, current)
            })),
            None => arg,
        })
        .mut_subcommands(|below| with_candidates(below, &path))
}

/// What an argument takes, by what it is called: mostly the same everywhere.
fn wanted(path: &str, arg: &Arg) -> Option<Wanted> {
    let value = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map_or("", |name| name.as_str());
    let (id, first) = (arg.get_id().as_str(), path.split(' ').next().unwrap_or(""));
    let words: Words = match (path, id, value) {
        (_, _, "MODE") => words::modes,
        ("select", "scoring", _) => words::scorings,
        (_, "status", "STATUS") if first != "abtest" => words::statuses,
        ("validate", "format", _) => words::report_formats,
        ("validate" | "import" | "plan", "from_format", _) => words::formats,
        ("export", _, "FORMAT") => words::formats,
        ("validate", "explain", _) => words::explained,
        (_, _, "RULE") => words::rules,
        (_, _, "TOPIC") => words::topics,
        ("select", "profile", _) => words::profiles,
        (_, _, "TEMPLATE") => words::templates,
        (_, _, "METRIC") => words::metrics,
        (_, _, "SETTING") => words::settings,
        (_, "columns", _) => return columns(path).map(Wanted::Columns),
        (_, "sort", _) => return columns(path).map(Wanted::Sort),
        _ => return names_wanted(path, id, value).map(Wanted::Names),
    };
    Some(Wanted::Words(words))
}

fn names_wanted(path: &str, id: &str, value: &str) -> Option<Names> {
    let of_a_test = path.starts_with("abtest ") && path != "abtest create";
    match (id, value) {
        (_, "TOOL" | "TOOL_A" | "TOOL_B") | ("tool" | "tools", _) => Some(Names::Tools),
        ("capability" | "capabilities", _) => Some(Names::Capabilities),
        ("pattern", _) => Some(Names::Patterns),
        ("name" | "names", "NAME") if of_a_test => Some(Names::Tests),
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

/// The columns of a command's list.
fn columns(path: &str) -> Option<&'static [Column]> {
    use super::super::audit::Listed as Audited;
    use crate::operations::{blame::Blamed, discover::Found, list::Listed, versions::VersionOf};
    use crate::store::audit::Revision;
    match path {
        "list" => Some(Listed::COLUMNS),
        "versions" => Some(VersionOf::COLUMNS),
        "log" => Some(Revision::COLUMNS),
        "audit" => Some(Audited::COLUMNS),
        "discover" => Some(Found::COLUMNS),
        "blame" => Some(Blamed::COLUMNS),
        _ => None,
    }
}

fn candidates(wanted: Wanted, current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else {
        return Vec::new();
    };
    let (before, last) = match (wanted, current.rsplit_once(',')) {
        // Values with commas between them: the last one is being written.
        (Wanted::Names(Names::Capabilities), Some((before, last))) => (format!("{before},"), last),
        // The highest first.
        (Wanted::Sort(_), _) if current.starts_with('-') => ("-".to_owned(), &current[1..]),
        _ => (String::new(), current),
    };
    let all = match wanted {
        Wanted::Names(kind) => names(kind, last),
        Wanted::Words(words) => words(),
        Wanted::Columns(columns) | Wanted::Sort(columns) => words::columns(columns),
    };
    all.into_iter()
        .filter(|it| it.starts_with(last) && is_plain(it))
        .map(|it| CompletionCandidate::new(format!("{before}{it}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list whose columns can be named has them completed.
    #[test]
    fn every_list_with_columns_is_known() {
        fn look(command: &Command, above: &str, seen: &mut usize) {
            let path = format!("{above} {}", command.get_name());
            let path = path.trim_start_matches(" toolcat").trim_start();
            if command.get_arguments().any(|it| it.get_id() == "columns") {
                assert!(columns(path).is_some(), "{path}");
                *seen += 1;
            }
            for below in command.get_subcommands() {
                look(below, path, seen);
            }
        }
        let (mut command, mut seen) = (super::super::super::Cli::command(), 0);
        command.build();
        look(&command, "", &mut seen);
        assert!(seen >= 5, "{seen}");
    }
}
