//! `--tie-break`: a command of the user's settles a close call.

use std::process::Command;
use std::time::Duration;

use crate::cli::child::{self, Failure, Limits};
use crate::operations::{Kind, Refusal, Remedy};

/// The most that is read of what the command says.
const MAX_OUTPUT: u64 = 64 * 1024;

/// What the command is called in messages.
pub fn name(command: &str) -> String {
    format!("the tie-break command `{command}`")
}

fn misbehaved(command: &str, what: &str) -> Refusal {
    Refusal::new(Kind::Invalid, format!("{} {what}", name(command)))
}

/// Runs the command with the input on its stdin, and returns what it says.
///
/// # Errors
/// [`Kind::Invalid`] if it cannot be run, fails or takes too long.
pub fn ask(command: &str, input: &str, limit: Duration) -> Result<String, Refusal> {
    let limits = Limits {
        time: limit,
        bytes: MAX_OUTPUT,
    };
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    let ended =
        child::run(&mut shell, Some(input.to_owned()), limits).map_err(
            |failure| match failure {
                Failure::TooLong(limit) => {
                    let what = format!("took longer than {} s", limit.as_secs_f64());
                    misbehaved(command, &what).remedy(Remedy::MoreTime)
                }
                other => misbehaved(command, &other.to_string()),
            },
        )?;
    if !ended.status.success() {
        return Err(misbehaved(command, &format!("failed: {}", ended.status)));
    }
    String::from_utf8(ended.stdout)
        .map_err(|error| misbehaved(command, &format!("said what cannot be read: {error}")))
}
