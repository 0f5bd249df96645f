//! The server's process: what `postmaster.pid` says, and whether it is true.
//!
//! After a reboot or a `kill -9` the file is still there and its process
//! number may by now be any other program's, so the process itself is looked
//! at: it has to be a PostgreSQL server, of this data directory, and not dead.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, WaitOptions};

/// The setting by which a server's command line tells which cluster it is.
const MARK: &str = "toolcat.cluster=";

/// A server process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Postmaster {
    /// The process number.
    pub(super) pid: u32,
    /// When it started.
    pub(super) since: Option<SystemTime>,
    /// Whether it says that it accepts connections.
    pub(super) ready: bool,
}

impl Postmaster {
    /// The live server of the data directory `data`.
    pub(super) fn of(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let found = parse(&text)?;
        is_server_of(found.pid, data).then_some(found)
    }

    /// Sends a signal to the process; says whether it is still there.
    pub(super) fn signal(self, signal: Signal) -> bool {
        pid_of(self.pid).is_some_and(|pid| rustix::process::kill_process(pid, signal).is_ok())
    }
}

/// The program that a process was started as.
pub(super) fn program(pid: u32) -> Option<PathBuf> {
    let CommandLine::Known(line) = command_line(pid) else {
        return None;
    };
    let program = line.split('\0').next().map(PathBuf::from)?;
    program.is_absolute().then_some(program)
}

/// The setting that marks the command line of the server of `data`: the
/// folder's identity, which a copy does not share and a move does not change.
pub(super) fn mark(data: &Path) -> Option<String> {
    let found = fs::metadata(data).ok()?;
    Some(format!("{MARK}{}.{}", found.dev(), found.ino()))
}

/// Lines 1, 3 and 8: process number, start in Unix seconds, and state.
/// <https://www.postgresql.org/docs/current/storage-file-layout.html>
fn parse(text: &str) -> Option<Postmaster> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok().filter(|pid| *pid > 1)?;
    let since = lines
        .nth(1)
        .and_then(|line| line.trim().parse().ok())
        .map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let ready = lines.nth(4).is_some_and(|line| line.trim() == "ready");
    Some(Postmaster { pid, since, ready })
}

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

fn is_server_of(pid: u32, data: &Path) -> bool {
    let Some(id) = pid_of(pid) else {
        return false;
    };
    // A server that this very process started and that died stays until it
    // is waited for. For any other process this does nothing.
    let _ = rustix::process::waitpid(Some(id), WaitOptions::NOHANG);
    match rustix::process::test_kill_process(id) {
        Ok(()) | Err(rustix::io::Errno::PERM) => {}
        Err(_) => return false,
    }
    match command_line(pid) {
        CommandLine::Gone => false,
        CommandLine::Unknown => true,
        CommandLine::Known(line) => is_command_of(&line, pid, data),
    }
}

fn is_command_of(line: &str, pid: u32, data: &Path) -> bool {
    let program = line.split(['\0', ' ']).next().unwrap_or_default();
    // "postgres: checkpointer" is a part of some server, not a server.
    let name = program.rsplit('/').next().unwrap_or_default();
    if let Some(at) = line.find(MARK) {
        let rest = &line[at..];
        let end = rest.find(['\0', ' ']).unwrap_or(rest.len());
        return mark(data).is_some_and(|mark| mark == rest[..end]);
    }
    // Started by hand: the server works in its data directory.
    let same_folder = fs::metadata(format!("/proc/{pid}/cwd")).map(|cwd| {
        fs::metadata(data).is_ok_and(|data| (cwd.dev(), cwd.ino()) == (data.dev(), data.ino()))
    });
    matches!(name, "postgres" | "postmaster") && same_folder.unwrap_or(true)
}

/// What the system tells of a process.
enum CommandLine {
    Known(String),
    Gone,
    Unknown,
}

fn command_line(pid: u32) -> CommandLine {
    let process = format!("/proc/{pid}");
    if Path::new("/proc/self/stat").exists() {
        // The state follows the name, which may itself hold parentheses.
        let dead = fs::read_to_string(format!("{process}/stat")).map(|stat| {
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
        });
        if dead.unwrap_or(true) {
            return CommandLine::Gone;
        }
        return match fs::read(format!("{process}/cmdline")) {
            Ok(line) => CommandLine::Known(String::from_utf8_lossy(&line).into_owned()),
            Err(_) => CommandLine::Unknown,
        };
    }
    let output = std::process::Command::new("ps")
        .args(["-ww", "-o", "stat=,args=", "-p", &pid.to_string()])
        .stderr(std::process::Stdio::null())
        .output();
    let Ok(output) = output else {
        return CommandLine::Unknown;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().split_once(char::is_whitespace) {
        Some((state, args)) if !state.starts_with('Z') => {
            CommandLine::Known(args.trim_start().to_owned())
        }
        _ => CommandLine::Gone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_read_and_a_broken_one_is_not() {
        let found = parse("4711\n/data\n1700000000\n5432\n../run\n\n 1 2\nready   \n").unwrap();
        assert_eq!((found.pid, found.ready), (4711, true));
        let stopping = parse("4711\n/data\n1\n5432\n../run\n\n 1 2\nstopping\n").unwrap();
        assert!(!stopping.ready);
        let seconds = Duration::from_secs(1_700_000_000);
        assert_eq!(found.since, Some(SystemTime::UNIX_EPOCH + seconds));
        assert_eq!(parse("12\n").map(|found| found.pid), Some(12));
        for broken in ["", "\n", "text", "0", "1", "-5\n"] {
            assert_eq!(parse(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn another_program_with_the_number_is_not_the_server() {
        let data = tempfile::tempdir().unwrap();
        let own = std::process::id();
        fs::write(data.path().join("postmaster.pid"), format!("{own}\n")).unwrap();
        assert_eq!(Postmaster::of(data.path()), None);
    }

    #[test]
    fn the_mark_decides_where_there_is_one() {
        let data = tempfile::tempdir().unwrap();
        let mine = mark(data.path()).unwrap();
        let line = |mark: &str| format!("/bin/postgres\0-D\0/x\0-c\0{mark}\0");
        assert!(is_command_of(&line(&mine), 1, data.path()));
        assert!(!is_command_of(&line(&format!("{mine}9")), 1, data.path()));
        assert!(!is_command_of("postgres: writer \0", 1, data.path()));
    }
}
