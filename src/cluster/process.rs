//! Running PostgreSQL programs: as the right user, with a clean environment,
//! and, for the server, out of reach of the caller's terminal and pipes.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::account::Account;
use super::error::ClusterError;

/// Variables handed on to PostgreSQL programs; everything else, secrets of
/// the caller included, stays out of a process that outlives the call.
const HANDED_ON: [&str; 4] = [
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
];

/// A data directory, as a program run by `account` can name it.
///
/// Root's folders are closed to the account that the server runs as, so root
/// opens the data directory and the program inherits it as a file descriptor:
/// `/proc/self/fd/N` needs no permission on the folders above.
#[derive(Debug)]
pub(super) struct DataDirectory {
    argument: OsString,
    opened: Option<File>,
}

impl DataDirectory {
    /// Makes `path` reachable for `account`.
    pub(super) fn open(path: &Path, account: Option<&Account>) -> Result<Self, ClusterError> {
        if account.is_none() || !Path::new("/proc/self/fd").is_dir() {
            return Ok(Self {
                argument: path.into(),
                opened: None,
            });
        }
        let folder = File::open(path).map_err(|source| ClusterError::file("open", path, source))?;
        Ok(Self {
            argument: format!("/proc/self/fd/{}", folder.as_raw_fd()).into(),
            opened: Some(folder),
        })
    }

    /// The value for `-D`.
    pub(super) fn argument(&self) -> &OsStr {
        &self.argument
    }
}

/// A command that runs `program` on `data` as `account`, or as this process's
/// user, with no input. `data` has to outlive the spawning.
#[expect(
    unsafe_code,
    reason = "what is done between fork and exec is set by an unsafe function"
)]
pub(super) fn command(
    program: &Path,
    account: Option<&Account>,
    data: &DataDirectory,
    detached: bool,
) -> Command {
    let mut command = Command::new(program);
    clean(&mut command);
    if let Some(account) = account {
        // The standard library also drops root's supplementary groups here.
        command.uid(account.uid).gid(account.gid);
    }
    let kept = data.opened.as_ref().map(AsRawFd::as_raw_fd);
    // SAFETY: between fork and exec only async-signal-safe calls are made,
    // and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            if detached {
                rustix::process::setsid()?;
            }
            close_all_at_exec();
            kept.map_or(Ok(()), keep_at_exec)
        });
    }
    command
}

/// Takes the caller's variables, folder and input from a command.
pub(super) fn clean(command: &mut Command) {
    let handed_on = HANDED_ON
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    command
        .env_clear()
        .envs(handed_on)
        .envs([("LC_ALL", "C"), ("TZ", "UTC")])
        .current_dir("/")
        .stdin(Stdio::null());
}

/// Marks every descriptor but the standard three to be closed at exec: a pipe
/// that the caller inherited and the server kept open would make whoever reads
/// from it wait for ever.
#[expect(unsafe_code, reason = "descriptors that nobody in this process owns")]
fn close_all_at_exec() {
    #[cfg(target_os = "linux")]
    {
        const CLOSE_AT_EXEC: libc::c_uint = 1 << 2; // CLOSE_RANGE_CLOEXEC, Linux 5.11
        // SAFETY: a system call on plain numbers.
        let done = unsafe {
            libc::syscall(
                libc::SYS_close_range,
                3 as libc::c_uint,
                libc::c_uint::MAX,
                CLOSE_AT_EXEC,
            )
        };
        if done == 0 {
            return;
        }
    }
    // SAFETY: system calls on plain numbers; those that are not open fail.
    unsafe {
        let last = libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 65_536);
        for descriptor in 3..last as libc::c_int {
            libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

#[expect(
    unsafe_code,
    reason = "called between fork and exec, where nothing may be allocated"
)]
fn keep_at_exec(descriptor: RawFd) -> io::Result<()> {
    // SAFETY: the descriptor belongs to a file that the caller keeps open.
    match unsafe { libc::fcntl(descriptor, libc::F_SETFD, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The last lines of what a program said, for a message.
pub(super) fn last_lines(text: &str) -> String {
    const LINES: usize = 12;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_long_text_is_shown() {
        let text: String = (0..30).map(|line| format!("line {line}\n\n")).collect();
        let end = last_lines(&text);
        assert!(
            end.starts_with("line 18\n") && end.ends_with("line 29"),
            "{end}"
        );
        assert_eq!(last_lines("\n"), "");
    }

    #[test]
    fn a_program_gets_no_variables_of_the_caller() {
        let place = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(place.path(), None).unwrap();
        let output = command(Path::new("/usr/bin/env"), None, &data, true)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("LC_ALL=C") && !text.contains("HOME="),
            "{text}"
        );
    }
}
