//! Starting and stopping the server's process. The lock is held by the caller.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::account::Account;
use super::error::ClusterError;
use super::layout::{self, Layout};
use super::ping::{self, Answer};
use super::postmaster::{self, Postmaster};
use super::process::{self, DataDirectory};
use super::programs::Programs;
use super::{Notice, settings};

/// How often a state is looked at while waiting for it to change.
const INTERVAL: Duration = Duration::from_millis(10);

/// After this long, a start is worth a word to the user.
const SLOW_START: Duration = Duration::from_secs(3);

/// A log longer than this, in bytes, is put aside at the next start.
const LOG_LIMIT: u64 = 1 << 20;

/// How long to leave the processes of a killed server to end.
const REMAINS_INTERVAL: Duration = Duration::from_millis(200);

/// What a server says while processes of one that was killed are still there.
const REMAINS: &str = "pre-existing shared memory block";

/// Which process there is for a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// A server that accepts connections.
    Ready,
    /// A server that starts, recovers or stops.
    Changing,
    /// No server.
    Absent,
}

/// Looks for the server of `layout`.
pub(super) fn presence(layout: &Layout) -> Presence {
    let server = Postmaster::of(&layout.data());
    if server.is_some_and(|server| !server.ready) {
        // Asking now would only put a refusal into its log.
        return Presence::Changing;
    }
    match ping::ask(layout.client_folder()) {
        Answer::Ready => Presence::Ready,
        Answer::NotReady => Presence::Changing,
        Answer::Nobody if server.is_some() => Presence::Changing,
        Answer::Nobody => Presence::Absent,
    }
}

/// What starting a server takes.
#[derive(Debug)]
pub(super) struct Starter<'a> {
    pub(super) layout: &'a Layout,
    pub(super) programs: &'a Programs,
    pub(super) account: Option<&'a Account>,
    pub(super) durable: bool,
    pub(super) patience: Duration,
}

impl Starter<'_> {
    /// Starts the server and waits until it accepts connections; waits for one
    /// that is starting already, and for one that is stopping to be gone.
    pub(super) fn start(&self, notices: &mut dyn FnMut(Notice)) -> Result<(), ClusterError> {
        let begun = Instant::now();
        let mut child: Option<Child> = None;
        let mut logged = 0;
        let mut slow = false;
        loop {
            match presence(self.layout) {
                Presence::Ready => return Ok(()),
                Presence::Changing => {}
                Presence::Absent => match child.as_mut().map(Child::try_wait) {
                    // Between the fork and the socket.
                    Some(Ok(None)) => {}
                    Some(_) => {
                        let said = self.log_from(logged);
                        if !said.contains(REMAINS) {
                            return Err(self.failed(&said));
                        }
                        child = None;
                        std::thread::sleep(REMAINS_INTERVAL);
                    }
                    None => {
                        logged = self.prepare()?;
                        child = Some(self.spawn()?);
                    }
                },
            }
            if begun.elapsed() > self.patience {
                return Err(ClusterError::StartTimeout {
                    seconds: self.patience.as_secs(),
                    log: process::last_lines(&self.log_from(logged)),
                    log_path: self.layout.log(),
                });
            }
            if begun.elapsed() > SLOW_START && !std::mem::replace(&mut slow, true) {
                notices(Notice::StillStarting);
            }
            std::thread::sleep(INTERVAL);
        }
    }

    /// Clears away what a server that was killed left behind, and puts a long
    /// log aside. Returns the length of the log.
    fn prepare(&self) -> Result<u64, ClusterError> {
        let run = self.layout.run();
        let socket = run.join(layout::socket_name());
        let socket_lock = run.join(format!("{}.lock", layout::socket_name()));
        // Its process is not a server of this data (presence looked); the
        // number in it may be another program's, which would stop a start.
        for stale in [
            self.layout.data().join("postmaster.pid"),
            socket,
            socket_lock,
        ] {
            match fs::remove_file(&stale) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ClusterError::file("remove", &stale, error));
                }
                _ => {}
            }
        }
        let log = self.layout.log();
        let length = fs::metadata(&log).map_or(0, |found| found.len());
        if length <= LOG_LIMIT {
            return Ok(length);
        }
        fs::rename(&log, log.with_extension("log.old"))
            .map_err(|source| ClusterError::file("rename", &log, source))?;
        Ok(0)
    }

    /// Starts the process in a session of its own, with nothing of the
    /// caller's terminal or pipes.
    fn spawn(&self) -> Result<Child, ClusterError> {
        let path = self.layout.log();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&path)
            .map_err(|source| ClusterError::file("open", &path, source))?;
        let errors = log
            .try_clone()
            .map_err(|source| ClusterError::file("open", &path, source))?;
        let data = DataDirectory::open(&self.layout.data(), self.account)?;
        let mut command = process::command(&self.programs.postgres, self.account, &data, true);
        command.arg("-D").arg(data.argument());
        let mark = postmaster::mark(&self.layout.data());
        let relaxed = settings::THROW_AWAY.map(str::to_owned);
        let relaxed = relaxed.into_iter().filter(|_| !self.durable);
        let fixed = settings::fixed(&self.layout.run_from_data());
        for setting in fixed.into_iter().chain(mark).chain(relaxed) {
            command.arg("-c").arg(setting);
        }
        command
            .stdout(Stdio::from(log))
            .stderr(Stdio::from(errors))
            .spawn()
            .map_err(|source| ClusterError::NotRunnable {
                program: self.programs.postgres.clone(),
                source,
            })
    }

    fn failed(&self, said: &str) -> ClusterError {
        ClusterError::from_log(said, &self.layout.data()).unwrap_or_else(|| {
            ClusterError::StartFailed {
                log: process::last_lines(said),
                log_path: self.layout.log(),
            }
        })
    }

    fn log_from(&self, start: u64) -> String {
        let mut said = Vec::new();
        if let Ok(mut log) = File::open(self.layout.log()) {
            let _ = log.seek(SeekFrom::Start(start));
            let _ = log.take(LOG_LIMIT).read_to_end(&mut said);
        }
        String::from_utf8_lossy(&said).into_owned()
    }
}

/// Stops the server with `signal` and waits until its process is gone. Returns
/// whether there was one.
pub(super) fn stop(
    layout: &Layout,
    signal: Signal,
    patience: Duration,
) -> Result<bool, ClusterError> {
    let data = layout.data();
    let Some(server) = Postmaster::of(&data) else {
        return match ping::ask(layout.client_folder()) {
            Answer::Nobody => Ok(false),
            _ => Err(ClusterError::OutOfReach),
        };
    };
    server.signal(signal);
    let begun = Instant::now();
    while Postmaster::of(&data).is_some_and(|found| found.pid == server.pid) {
        if begun.elapsed() >= patience {
            return Err(ClusterError::StopTimeout {
                pid: server.pid,
                seconds: patience.as_secs(),
            });
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(true)
}
