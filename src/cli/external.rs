//! Commands that are not toolcat's own: the user's aliases, programs called `toolcat-NAME` on the
//! PATH, and the aliases of a project that the user trusts, in this order.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};
use clap::{CommandFactory, Parser};

use crate::config::{self, Kind, Layer};

use super::global::GlobalArgs;
use super::{Cli, CommandError};

/// The flags that can stand before a subcommand.
#[derive(Debug, Parser)]
#[command(name = "toolcat", disable_help_flag = true)]
struct Before {
    #[command(flatten)]
    global: GlobalArgs,
}

/// What an unknown subcommand turned out to be.
pub enum Found {
    /// An alias: the arguments that it stands for.
    Alias(Vec<OsString>),
    /// A program that cannot be run. One that can takes this process's place.
    Failed(CommandError),
    /// A command of this name is not known.
    Unknown(String),
    /// Another error, which clap words.
    Nothing,
}

/// Looks for what an unknown subcommand can be.
pub fn find(error: &clap::Error, arguments: &[OsString]) -> Found {
    if error.kind() != ClapKind::InvalidSubcommand {
        return Found::Nothing;
    }
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else {
        return Found::Nothing;
    };
    // An argument such as `../x` must not lead out of the PATH.
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.starts_with(['-', '.']) || !name.chars().all(plain) {
        return Found::Nothing;
    }
    let Some(place) = arguments.iter().position(|it| it == OsStr::new(name)) else {
        return Found::Nothing;
    };
    // Only flags stand before a subcommand of the first level.
    let Ok(before) = Before::try_parse_from(&arguments[..place]) else {
        return Found::Nothing;
    };
    let rest = &arguments[place + 1..];
    // A file that cannot be used is reported by the command that meets it.
    let layers = config::layers().unwrap_or_default();
    let expanded = |kind| {
        let words = alias(&layers, kind, name)?;
        let mut line = arguments[..place].to_vec();
        line.extend(words.into_iter().map(OsString::from));
        line.extend(rest.iter().cloned());
        Some(Found::Alias(line))
    };
    if let Some(found) = expanded(Kind::User) {
        return found;
    }
    if let Some(program) = program(name) {
        return Found::Failed(become_program(&program, rest, &before.global));
    }
    expanded(Kind::Project).unwrap_or_else(|| Found::Unknown(name.clone()))
}

/// What the `[alias]` of the user's file or the project's says.
fn alias(layers: &[Layer], kind: Kind, name: &str) -> Option<Vec<String>> {
    let layer = layers.iter().find(|it| it.kind == kind)?;
    let words: Vec<String> = layer
        .config
        .alias
        .get(name)?
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    // An alias leads to a command of toolcat's own, so that no circle can arise.
    let first = words.iter().find(|word| !word.starts_with('-'))?;
    Cli::command().find_subcommand(first)?;
    Some(words)
}

/// The first executable file of that name on the PATH; folders that depend on where the user stands
/// are passed over.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(format!("toolcat-{name}")))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

/// Runs the program in place of this one, and tells it by the environment what the flags before
/// its name said. Returns only where that fails.
fn become_program(program: &Path, arguments: &[OsString], global: &GlobalArgs) -> CommandError {
    let mut command = Command::new(program);
    command.args(arguments);
    for (variable, value) in [
        ("TOOLCAT_DATABASE_URL", &global.database_url),
        ("TOOLCAT_CATALOG", &global.catalog.first().cloned()),
        ("TOOLCAT_ACTOR", &global.actor),
    ] {
        if let Some(value) = value {
            command.env(variable, OsStr::from_bytes(value.as_bytes()));
        }
    }
    let error = command.exec();
    CommandError::invalid(format!("cannot run {}: {error}", program.display()))
}
