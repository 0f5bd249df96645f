//! Time and memory of whole processes.

use std::process::{Command, Stdio};
use std::time::Instant;

/// What one run of a process took.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Wall-clock time in seconds.
    pub seconds: f64,
    /// Largest resident size in bytes.
    pub peak_bytes: u64,
}

/// Runs a command, its output thrown away, and measures it. A command that fails ends the run.
#[expect(unsafe_code, reason = "wait4 tells what a child has used")]
pub fn once(command: &mut Command) -> Cost {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    #[expect(
        clippy::zombie_processes,
        reason = "wait4 below waits for it, with its usage"
    )]
    let child = command.spawn().expect("a command that can be started");
    let pid = i32::try_from(child.id()).expect("a process number");
    let mut status = 0;
    // SAFETY: the child is ours and not yet waited for; `usage` is plain data that the call fills.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::wait4(pid, &raw mut status, 0, &raw mut usage), pid);
        usage
    };
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(status, 0, "{command:?}");
    Cost {
        seconds,
        peak_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    }
}

/// Runs two commands in turn, after a warm-up of both, and returns the first one's median cost
/// with the median of the ratios of the pairs.
pub fn paired(
    rounds: usize,
    mut ours: impl FnMut() -> Command,
    mut theirs: impl FnMut() -> Command,
) -> (Cost, f64) {
    once(&mut ours());
    once(&mut theirs());
    in_turn(rounds, ours, theirs)
}

/// The same without a warm-up, for what takes long; what a closure does before it returns its command is not measured.
pub fn in_turn(
    rounds: usize,
    mut ours: impl FnMut() -> Command,
    mut theirs: impl FnMut() -> Command,
) -> (Cost, f64) {
    let mut costs = Vec::with_capacity(rounds);
    let mut ratios = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let a = once(&mut ours());
        let b = once(&mut theirs());
        ratios.push(a.seconds / b.seconds);
        costs.push(a);
    }
    costs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    ratios.sort_by(f64::total_cmp);
    (costs[rounds / 2], ratios[rounds / 2])
}
