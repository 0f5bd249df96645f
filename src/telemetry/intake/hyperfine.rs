//! What hyperfine exports as JSON: each timed run is an execution.
//!
//! The command's first word is the tool, or the name that was given with `--command-name`. Parameters (`-L`, `-P`) that
//! are named after a field set it; numeric ones are the context. (<https://github.com/sharkdp/hyperfine>)

use std::path::Path;

use serde_json::Value;

use super::{Entry, Field, Odd};

/// The executions in a document.
///
/// # Errors
/// Why the document cannot be read.
pub(super) fn entries(document: &Value) -> Result<Vec<Result<Entry, Odd>>, String> {
    let results = document.get("results").and_then(Value::as_array);
    let results = results.ok_or("it has no list `results`, as hyperfine exports it")?;
    Ok(results.iter().flat_map(runs).collect())
}

/// The runs of one command.
fn runs(result: &Value) -> Vec<Result<Entry, Odd>> {
    let refuse = |reason: &str| vec![Err(Odd::other(reason, result))];
    let shared = match shared(result) {
        Ok(entry) => entry,
        Err(reason) => return refuse(&reason),
    };
    let Some(times) = result.get("times").and_then(Value::as_array) else {
        return refuse("it has no list `times`");
    };
    let codes = result.get("exit_codes").and_then(Value::as_array);
    let run = |(at, seconds): (usize, &Value)| {
        let mut entry = shared.clone();
        let Some(seconds) = seconds.as_f64() else {
            return Err(Odd::other("a time is not a number", result));
        };
        entry.time_ms = Some(seconds * 1000.0);
        // null if a signal ended it; without codes, hyperfine itself stops at a failure
        let code = codes.map(|codes| codes.get(at).and_then(Value::as_i64));
        entry.success = Some(code.is_none_or(|code| code == Some(0)));
        entry.error = match code {
            Some(Some(code)) if code != 0 => Some(format!("exit code {code}")),
            Some(None) => Some("ended by a signal".to_owned()),
            _ => None,
        };
        Ok(entry)
    };
    times.iter().enumerate().map(run).collect()
}

/// What all runs of a command have in common.
fn shared(result: &Value) -> Result<Entry, String> {
    let command = result.get("command").and_then(Value::as_str);
    let word = command.and_then(|it| it.split_whitespace().next());
    let word = word.ok_or("it has no `command`")?;
    let is_path = word.starts_with(['/', '.', '~']);
    let name = Path::new(word).file_name().filter(|_| is_path);
    let name = name.and_then(|it| it.to_str()).unwrap_or(word);
    let mut entry = Entry {
        tool: Some(name.to_owned()),
        ..Entry::default()
    };
    let parameters = result.get("parameters").and_then(Value::as_object);
    for (name, value) in parameters.into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match Field::named(name) {
            Some(field) => entry.set(&field, name, &text)?,
            None => {
                if let Some(number) = text.parse().ok().filter(|it: &f64| it.is_finite()) {
                    entry.context.push((name.clone(), number));
                }
            }
        }
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_run_is_an_execution() {
        let document = json!({"results": [
            {"command": "/usr/bin/df -h", "times": [0.0004, 0.0012], "exit_codes": [0, 2],
             "parameters": {"N": "40", "pattern": "mount_summary", "shell": "sh"}},
            {"command": "linux/du@2.0", "times": [1.5], "exit_codes": [null]},
            {"command": "tar"},
        ]});
        let found = entries(&document).unwrap();
        let first = found[0].as_ref().unwrap();
        assert_eq!(first.tool.as_deref(), Some("df"));
        assert_eq!(first.pattern.as_deref(), Some("mount_summary"));
        assert_eq!((first.time_ms, first.success), (Some(0.4), Some(true)));
        assert_eq!(first.context, [("N".to_owned(), 40.0)]);
        let failed = found[1].as_ref().unwrap();
        assert_eq!(failed.error.as_deref(), Some("exit code 2"));
        let killed = found[2].as_ref().unwrap();
        assert_eq!(killed.tool.as_deref(), Some("linux/du@2.0"));
        assert_eq!(
            (killed.time_ms, killed.success),
            (Some(1500.0), Some(false))
        );
        assert!(
            found[3]
                .as_ref()
                .is_err_and(|odd| odd.reason.contains("times"))
        );
        assert!(entries(&json!({})).is_err());
    }
}
