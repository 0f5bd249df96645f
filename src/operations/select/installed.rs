//! `--installed`: what this machine can run.

use std::collections::HashMap;
use std::path::Path;

use crate::definition::invocation::{Argument, Command, Piece, Shell};
use crate::select::{Candidate, Usage};

/// Marks the candidates whose program is not on this machine. Each program is looked for once.
pub fn mark<'a>(candidates: impl Iterator<Item = &'a mut Candidate>) {
    let mut known: HashMap<String, bool> = HashMap::new();
    for candidate in candidates {
        let missing = programs(&candidate.usage, &candidate.tool)
            .into_iter()
            .find(|name| {
                !*known
                    .entry(name.clone())
                    .or_insert_with(|| is_on_path(name))
            });
        candidate.usage.not_installed = missing;
    }
}

/// What must be there for a pattern to run: its program, or the shell of its script with the script's first
/// word. A definition that does not say is taken at the tool's name.
fn programs(usage: &Usage, tool: &str) -> Vec<String> {
    match usage.invocation.as_ref().map(|it| &it.command) {
        None => vec![tool.to_owned()],
        Some(Command::Argv(arguments)) => arguments
            .first()
            .and_then(|it| match it {
                Argument::One(program) => literal(program.pieces()),
                Argument::Group(_) => None,
            })
            .map(|it| vec![it.to_owned()])
            .unwrap_or_default(),
        Some(Command::Script(Shell::Sh, script)) => {
            let word = literal(script.pieces()).and_then(|it| it.split_whitespace().next());
            let is_name = |it: &&str| {
                it.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            };
            let first = word.filter(is_name).map(str::to_owned);
            std::iter::once("sh".to_owned()).chain(first).collect()
        }
        Some(Command::Script(Shell::PowerShell, _)) => vec!["pwsh".to_owned()],
        Some(Command::Script(Shell::Cmd, _)) => vec!["cmd".to_owned()],
    }
}

/// The text that a command begins with.
fn literal(pieces: &[Piece]) -> Option<&str> {
    match pieces.first() {
        Some(Piece::Text(text)) => Some(text),
        _ => None,
    }
}

/// Words of a shell's own, which no file stands for.
const BUILT_IN: [&str; 8] = ["cd", "echo", "for", "if", "printf", "set", "test", "while"];

fn is_on_path(program: &str) -> bool {
    if BUILT_IN.contains(&program) {
        return true;
    }
    if program.contains('/') {
        return is_executable(Path::new(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_executable(&folder.join(program)))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
