//! Running a command on the user's behalf: its streams, its exit code and its signals are its own.

#![expect(
    unsafe_code,
    reason = "signals are handed on by a handler, which is a C function"
)]

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code: its own, 128 + n where signal n ended it, 126 or 127 where it could not be started.
    pub code: u8,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// Whether it could not be started.
    pub not_started: bool,
}

/// The process that signals are handed to; 0 while there is none.
static CHILD: AtomicI32 = AtomicI32::new(0);
/// A signal that came before there was one; 0 for none.
static PENDING: AtomicI32 = AtomicI32::new(0);

/// Runs the command to its end.
pub fn run(command: &[String]) -> Ended {
    let started = Instant::now();
    let Some((program, arguments)) = command.split_first() else {
        return not_started("", &io::Error::from(io::ErrorKind::NotFound), started);
    };
    forward_signals();
    let mut child = match Command::new(program).args(arguments).spawn() {
        Ok(child) => child,
        Err(error) => return not_started(program, &error, started),
    };
    let id = i32::try_from(child.id()).unwrap_or(0);
    CHILD.store(id, Ordering::SeqCst);
    let pending = PENDING.swap(0, Ordering::SeqCst);
    if pending != 0 && id > 0 {
        // SAFETY: kill(2) takes numbers only; the child has not been waited for, so the id is its own.
        unsafe {
            libc::kill(id, pending);
        }
    }
    let status = child.wait();
    CHILD.store(0, Ordering::SeqCst);
    let took = started.elapsed();
    match status {
        Ok(status) => Ended {
            code: code(status),
            took,
            failure: failure(status),
            not_started: false,
        },
        Err(error) => not_started(program, &error, started),
    }
}

fn not_started(program: &str, error: &io::Error, started: Instant) -> Ended {
    let missing = error.kind() == io::ErrorKind::NotFound;
    Ended {
        code: if missing { 127 } else { 126 },
        took: started.elapsed(),
        failure: Some(format!("cannot run `{program}`: {error}")),
        not_started: true,
    }
}

fn code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(1),
        (None, Some(signal)) => u8::try_from(128 + signal).unwrap_or(255),
        (None, None) => 1,
    }
}

fn failure(status: ExitStatus) -> Option<String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("exit code {code}")),
        (None, Some(signal)) => Some(format!("ended by signal {signal}")),
        (None, None) => Some("ended without an exit code".to_owned()),
    }
}

/// Hands the signals that a person or a supervisor sends to this process on to the child, whose end then ends this
/// process too. What the terminal sends reaches the child by itself. A handler, since an ignored signal would stay
/// ignored in the child.
fn forward_signals() {
    extern "C" fn forward(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        let child = CHILD.load(Ordering::SeqCst);
        // SAFETY: the kernel passes a valid pointer with SA_SIGINFO.
        let by_process = !info.is_null() && unsafe { (*info).si_code } <= 0;
        if child > 0 && by_process {
            // SAFETY: kill(2) takes numbers only and may be called in a signal handler.
            unsafe {
                libc::kill(child, signal);
            }
        } else if by_process {
            PENDING.store(signal, Ordering::SeqCst);
        }
    }
    let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = forward;
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        // SAFETY: the handler calls only what may be called in one, and the structure is fully set.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let mut before: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut before);
            if before.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            action.sa_sigaction = handler as libc::sighandler_t;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}
