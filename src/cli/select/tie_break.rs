//! `--tie-break`: a command of the user's settles a close call.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::select::{Answer, Choice, Request};

use super::CommandError;

/// The most that is read of what the command says.
const MAX_OUTPUT: u64 = 64 * 1024;

/// How often a running command is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// Hands the two best to the command where the answer is ambiguous, and puts its choice first.
/// Returns what was chosen, where it was asked.
///
/// # Errors
/// Where the command cannot be run, fails, takes too long, or says something that is no choice.
pub fn settle(
    command: &str,
    limit: Duration,
    request: &Request,
    answer: &mut Answer,
) -> Result<Option<String>, CommandError> {
    if !answer.ambiguous || answer.ranking.len() < 2 {
        return Ok(None);
    }
    let input = json!({
        "query": request.query,
        "capabilities": request.scope.capabilities,
        "mode": answer.mode,
        "score_gap": answer.score_gap,
        "clarifying_question": answer.clarifying_question,
        "candidates": &answer.ranking[..2],
    });
    let said = run(command, &input.to_string(), limit)?;
    let chosen = parse(&said, &answer.ranking[..2]).ok_or_else(|| {
        let shown: String = said.trim().chars().take(80).collect();
        misbehaved(command, &format!("says `{shown}`, which is no choice")).hint(
            "it must print 1 or 2, the name of one of the two tools, or {\"choice\": ...} with one of these",
        )
    })?;
    answer.ranking.swap(0, chosen);
    answer.answer = answer.ranking.first().cloned();
    Ok(answer.answer.as_ref().map(Choice::label))
}

fn misbehaved(command: &str, what: &str) -> CommandError {
    CommandError::invalid(format!("the tie-break command `{command}` {what}"))
}

/// A number from 1, a label, an address or a name that only one of them has; alone or as `choice`.
fn parse(said: &str, choices: &[Choice]) -> Option<usize> {
    let value = serde_json::from_str::<Value>(said).unwrap_or_else(|_| json!(said.trim()));
    let value = match value {
        Value::Object(mut fields) => fields.remove("choice")?,
        other => other,
    };
    if let Some(number) = value.as_u64() {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        return (index < choices.len()).then_some(index);
    }
    let name = value.as_str()?.trim();
    let matching: Vec<usize> = choices
        .iter()
        .enumerate()
        .filter(|(_, choice)| names(choice).iter().any(|it| it == name))
        .map(|(index, _)| index)
        .collect();
    match matching[..] {
        [one] => Some(one),
        _ => name
            .parse::<usize>()
            .ok()?
            .checked_sub(1)
            .filter(|index| *index < choices.len()),
    }
}

fn names(choice: &Choice) -> [String; 5] {
    [
        choice.label(),
        format!("{}/{}@{}", choice.platform, choice.tool, choice.version),
        format!("{}/{}", choice.platform, choice.tool),
        choice.tool.clone(),
        choice.pattern.clone(),
    ]
}

fn run(command: &str, input: &str, limit: Duration) -> Result<String, CommandError> {
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
        .hint("--tie-break-timeout SECONDS gives it more time")
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
