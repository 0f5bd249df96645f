//! A command of the user's that answers with text, within limits of time and size.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often a running command is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// How long a command may run, and how many bytes of what it prints are read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub time: Duration,
    pub bytes: u64,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    /// Empty if stderr was not piped.
    pub stderr: Vec<u8>,
}

/// Why a command gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("cannot be run: {0}")]
    NotStarted(io::Error),
    #[error("was lost: {0}")]
    Lost(io::Error),
    /// It, or something that it started and that holds its output open.
    #[error("did not end within {} s", .0.as_secs_f64())]
    TooLong(Duration),
}

/// Runs a command in a group of its own, which is killed when the time is up. Stdout is read; stderr too if
/// the command says that it is piped.
///
/// # Errors
/// [`Failure::TooLong`] also if the command has ended and something that it started still holds its output.
pub fn run(
    command: &mut Command,
    input: Option<String>,
    limits: Limits,
) -> Result<Finished, Failure> {
    let stdin = match input {
        Some(_) => Stdio::piped(),
        None => Stdio::null(),
    };
    let mut child = command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(Failure::NotStarted)?;
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
        // A command may end without reading its input.
        std::thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
    }
    let stdout = child.stdout.take().map(|it| collect(it, limits.bytes));
    let stderr = child.stderr.take().map(|it| collect(it, limits.bytes));
    let deadline = Instant::now() + limits.time;
    let ended = wait(&mut child, deadline).and_then(|status| {
        let status = status.ok_or(Failure::TooLong(limits.time))?;
        let read = |from: Option<Receiver<Vec<u8>>>| {
            let left = deadline.saturating_duration_since(Instant::now());
            match from.map(|it| it.recv_timeout(left.max(PAUSE))) {
                Some(Err(RecvTimeoutError::Timeout)) => Err(Failure::TooLong(limits.time)),
                Some(Err(RecvTimeoutError::Disconnected)) | None => Ok(Vec::new()),
                Some(Ok(bytes)) => Ok(bytes),
            }
        };
        Ok(Finished {
            status,
            stdout: read(stdout)?,
            stderr: read(stderr)?,
        })
    });
    if ended.is_err() {
        stop(&mut child);
    }
    ended
}

/// Waits for the end; none if the deadline comes first.
fn wait(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>, Failure> {
    loop {
        match child.try_wait().map_err(Failure::Lost)? {
            Some(status) => return Ok(Some(status)),
            None if Instant::now() >= deadline => return Ok(None),
            None => std::thread::sleep(PAUSE),
        }
    }
}

fn collect(stream: impl Read + Send + 'static, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before a failure is still of use; after the deadline nobody listens.
        let _ = stream.take(most).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, input: Option<&str>, time: u64) -> Result<Finished, Failure> {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stderr(Stdio::piped());
        let limits = Limits {
            time: Duration::from_millis(time),
            bytes: 100,
        };
        run(&mut command, input.map(str::to_owned), limits)
    }

    #[test]
    fn a_command_is_given_its_input_and_its_output_is_read() {
        let ended = sh("cat; echo oh >&2; exit 3", Some("in"), 60_000).expect("an end");
        assert_eq!(
            (ended.stdout, ended.stderr),
            (b"in".to_vec(), b"oh\n".to_vec())
        );
        assert_eq!(ended.status.code(), Some(3));
        let ended = sh("exit 0", Some(&"x".repeat(1 << 20)), 60_000).expect("an end");
        assert!(ended.status.success(), "its input is not read");
    }

    #[test]
    fn no_more_is_read_than_the_limit() {
        let ended = sh("yes | head -c 1000000", None, 60_000).expect("an end");
        assert_eq!(ended.stdout.len(), 100);
    }

    #[test]
    fn what_does_not_end_or_leaves_its_output_open_is_given_up() {
        for script in ["sleep 600", "sleep 600 & echo done"] {
            let ended = sh(script, None, 300);
            assert!(
                matches!(ended, Err(Failure::TooLong(_))),
                "{script}: {ended:?}"
            );
        }
    }
}
