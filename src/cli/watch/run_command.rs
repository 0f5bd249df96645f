//! Running the user's command for a change.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Session;

/// Runs a shell command with the change on its stdin, and waits for it. A failure is said and does
/// not end the watch.
pub fn run(command: &str, change: &str, session: &Session) {
    let started = Command::new("sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::piped())
        .spawn();
    let ended = started.and_then(|mut child| {
        if let Some(mut input) = child.stdin.take() {
            // A command need not read its input.
            let _ = writeln!(input, "{change}");
        }
        child.wait()
    });
    match ended {
        Ok(status) if status.success() => {}
        Ok(status) => session.ui.warn(&format!("`{command}` failed ({status})")),
        Err(error) => session
            .ui
            .warn(&format!("`{command}` cannot be run: {error}")),
    }
}
