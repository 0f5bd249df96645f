//! `toolcat completions`: the script that teaches a shell to complete toolcat's command lines.
//!
//! The scripts ask the program itself for what fits, so that they know every flag of the installed
//! version, the closed sets of values, and names from the catalog ([`candidates`]).

pub mod candidates;
mod lookup;
mod words;

use clap::{Args, ValueEnum};
use clap_complete::env::Shells;

use super::{CommandError, Outcome, Session};

/// The variable by which a script asks, with the name of its shell as value.
pub const VARIABLE: &str = "TOOLCAT_COMPLETE";

/// Print the completion script of a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    toolcat completions bash > ~/.local/share/bash-completion/completions/toolcat\n  \
    toolcat completions zsh > ~/.zfunc/_toolcat    # a folder in fpath\n  \
    toolcat completions fish > ~/.config/fish/completions/toolcat.fish\n  \
    toolcat completions powershell >> $PROFILE\n  \
    toolcat completions elvish >> ~/.config/elvish/rc.elv")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// A shell with completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
    /// PowerShell
    #[value(alias = "pwsh")]
    Powershell,
    /// Elvish
    Elvish,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Powershell => "powershell",
            Shell::Elvish => "elvish",
        }
    }
}

pub fn run(args: &CompletionsArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let name = args.shell.name();
    let shells = Shells::builtins();
    let completer = shells
        .completer(name)
        .ok_or_else(|| CommandError::invalid(format!("there is no completion for {name}")))?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "toolcat", "toolcat", "toolcat", &mut script)?;
    // One line break at the end, whatever the shell's template has.
    let script = String::from_utf8_lossy(&script);
    writeln!(session.ui.out(), "{}", script.trim())?;
    Ok(Outcome::Done)
}
