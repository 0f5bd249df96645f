//! `toolcat man`: the manual pages, made from the help texts.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};

use super::{CommandError, Outcome, Session};

/// Write the manual pages of every subcommand to a folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  toolcat man ~/.local/share/man/man1 && man toolcat-select")]
pub struct ManArgs {
    /// Folder to write to; it is made where it does not exist
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub fn run(args: &ManArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::invalid(format!(
            "cannot write to {}: {error}",
            args.folder.display()
        ))
    };
    std::fs::create_dir_all(&args.folder).map_err(failed)?;
    let mut command = super::Cli::command();
    command.build();
    let count = write(&command, "toolcat", &args.folder).map_err(failed)?;
    session
        .ui
        .status(&format!("wrote {count} pages to {}", args.folder.display()));
    Ok(Outcome::Done)
}

/// Writes the page of a command and of all its subcommands; how many there are.
fn write(command: &Command, name: &str, folder: &Path) -> std::io::Result<usize> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .source(concat!("toolcat ", env!("CARGO_PKG_VERSION")))
        .manual("toolcat manual")
        .render(&mut text)?;
    std::fs::write(folder.join(format!("{name}.1")), text)?;
    let mut count = 1;
    for below in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        count += write(below, &format!("{name}-{}", below.get_name()), folder)?;
    }
    Ok(count)
}
