//! Options: `-t, --type=TYPE`, in the spellings of GNU, clap, argparse, git, kubectl and systemd.

use serde_json::{Value, json};

use super::Input;

/// How an option is written, what it takes by default, and what stands behind it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spelled {
    pub spelling: String,
    pub default: Option<Value>,
    pub about: String,
}

/// Divides a line that starts with an option.
pub fn divide(line: &str) -> Spelled {
    if let Some(spelled) = with_default(line) {
        return spelled;
    }
    if let Some((spelling, about)) = columns(line) {
        return Spelled {
            spelling,
            default: None,
            about,
        };
    }
    // A long option can leave one blank before its description: `--offline=BOOL Review files`.
    let end = line
        .match_indices(' ')
        .map(|(at, _)| at)
        .find(|&at| line[..at].contains('=') && !line[at + 1..].starts_with(['-', '<', '[']));
    let (spelling, about) = end.map_or((line, ""), |at| (&line[..at], line[at..].trim()));
    Spelled {
        spelling: spelling.to_owned(),
        default: None,
        about: about.to_owned(),
    }
}

/// As kubectl shows its options: `-A, --all=false: About it`, `--output='':`.
fn with_default(line: &str) -> Option<Spelled> {
    let at = line.find('=')?;
    let (spelling, rest) = (&line[..at], &line[at + 1..]);
    if columns(spelling).is_some() {
        return None;
    }
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let end = match quote {
        Some(quote) => rest[1..].find(quote)? + 2,
        None => rest
            .find(": ")
            .or_else(|| rest.strip_suffix(':').map(str::len))?,
    };
    let (value, about) = (&rest[..end], rest[end..].strip_prefix(':')?);
    let default = match value {
        "true" => json!(true),
        "false" => json!(false),
        _ if quote.is_some() => json!(&value[1..value.len() - 1]),
        _ if value.starts_with('[') && value.ends_with(']') => json!(""),
        _ => match value.parse::<i64>() {
            Ok(number) => json!(number),
            // A placeholder such as FILE is not a default; `30s` is.
            Err(_) if value.starts_with(|c: char| c.is_ascii_digit()) => json!(value),
            Err(_) => return None,
        },
    };
    Some(Spelled {
        spelling: spelling.to_owned(),
        default: Some(default),
        about: about.trim().to_owned(),
    })
}

/// An option from its parts.
pub fn read(spelled: &Spelled, body: &str) -> Option<Input> {
    let mut name = "";
    let mut value = "";
    for part in parts(&spelled.spelling) {
        let dashes = part.len() - part.trim_start_matches('-').len();
        if !(1..=2).contains(&dashes) {
            continue;
        }
        // `--[no-]verify` can be said both ways.
        let given = part[dashes..]
            .strip_prefix("[no-]")
            .unwrap_or(&part[dashes..]);
        let end = given.find(['=', ' ', '[', '<']).unwrap_or(given.len());
        let candidate = given[..end].trim_end_matches(['.', '…']);
        let fits = candidate
            .chars()
            .all(|c| c.is_alphanumeric() || "-_.".contains(c));
        if candidate.is_empty() || !fits {
            continue;
        }
        if candidate.len() > name.len() {
            name = candidate;
        }
        if !given[end..].trim().is_empty() {
            value = given[end..].trim();
        }
    }
    if name.is_empty() || matches!(name, "help" | "h" | "version" | "V" | "?") {
        return None;
    }
    let kind = match &spelled.default {
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "integer",
        Some(_) => "string",
        None => kind(value),
    };
    let spelling = match value {
        "" => spelled.spelling.trim_end_matches(['.', '…']),
        _ => &spelled.spelling,
    };
    Some(Input {
        name: name.to_owned(),
        kind,
        flag: spelling.to_owned(),
        description: body.to_owned(),
        default: spelled.default.clone().filter(|it| it != ""),
        required: false,
    })
}

/// The spellings of one option: between commas and bars, or, as systemd has it, before a dash.
fn parts(spelling: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in spelling.split([',', '|']).map(str::trim) {
        let mut rest = part;
        while let Some(at) = rest.find(" -") {
            parts.push(rest[..at].trim());
            rest = rest[at..].trim_start();
        }
        parts.push(rest);
    }
    parts
}

/// What kind of value its placeholder promises.
pub fn kind(placeholder: &str) -> &'static str {
    const WHOLE: [&str; 14] = [
        "n", "num", "number", "count", "int", "integer", "port", "seconds", "secs", "sec", "bytes",
        "lines", "ms", "jobs",
    ];
    let word = placeholder
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    match word.as_str() {
        "" => "boolean",
        word if WHOLE.contains(&word) => "integer",
        _ => "string",
    }
}

/// The two columns of a line, divided by two blanks or a tab.
pub fn columns(line: &str) -> Option<(String, String)> {
    let at = line.find("  ").into_iter().chain(line.find('\t')).min()?;
    let (left, right) = (line[..at].trim(), line[at..].trim());
    (!left.is_empty() && !right.is_empty()).then(|| (left.to_owned(), right.to_owned()))
}
