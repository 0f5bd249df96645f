//! `--tie-break`: a command of the user's settles a close call.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::operations::{Kind, Refusal, Remedy};

/// The most that is read of what the command says.
const MAX_OUTPUT: u64 = 64 * 1024;

/// How often a running command is looked at.
const PAUSE: Duration = Duration::from_millis(5);

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
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| misbehaved(command, &format!("cannot be run: {error}")))?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(misbehaved(command, "has no pipes"));
    };
    let input = input.to_owned();
    // A command that decides without reading its input is none the worse for it.
    std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut said = String::new();
        let read = stdout.take(MAX_OUTPUT).read_to_string(&mut said);
        // Nobody listens any more where the time is up.
        let _ = sender.send(read.map(|_| said));
    });
    let deadline = Instant::now() + limit;
    let too_late = |child: &mut Child| {
        stop(child);
        misbehaved(
            command,
            &format!("took longer than {} s", limit.as_secs_f64()),
        )
        .remedy(Remedy::MoreTime)
    };
    let status = loop {
        let status = child
            .try_wait()
            .map_err(|error| misbehaved(command, &format!("was lost: {error}")))?;
        match status {
            Some(status) => break status,
            None if Instant::now() >= deadline => return Err(too_late(&mut child)),
            None => std::thread::sleep(PAUSE),
        }
    };
    let left = deadline
        .saturating_duration_since(Instant::now())
        .max(PAUSE);
    let said = match receiver.recv_timeout(left) {
        Ok(said) => said,
        // A child of the command still holds the pipe.
        Err(_) => return Err(too_late(&mut child)),
    };
    if !status.success() {
        return Err(misbehaved(command, &format!("failed: {status}")));
    }
    said.map_err(|error| misbehaved(command, &format!("said what cannot be read: {error}")))
}

/// Ends the command and what it started.
fn stop(child: &mut Child) {
    let group = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended by itself meanwhile.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.wait();
}
