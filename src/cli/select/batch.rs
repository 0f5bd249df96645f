//! Many requests in one process: a JSON object per line in, a JSON object per line out.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::Path;

use serde_json::{Value, json};

use super::answered::answer;
use super::present::to_json;
use super::request::{Line, from_args};
use super::source::Source;
use super::{CommandError, Outcome, SelectArgs, Session};
use crate::output::text;

pub fn run(
    args: &SelectArgs,
    file: &Path,
    source: &mut Source,
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let base = from_args(args, session)?;
    let mut told = BTreeSet::new();
    let name = file.display().to_string();
    for (index, line) in lines(file)?.enumerate() {
        let line = line.map_err(|error| {
            CommandError::invalid(format!("{name}:{}: cannot read: {error}", index + 1))
        })?;
        if line.trim().is_empty() {
            continue;
        }
        let refused =
            |message: &str| CommandError::invalid(format!("{name}:{}: {message}", index + 1));
        let request: Line =
            serde_json::from_str(&line).map_err(|error| refused(&error.to_string()))?;
        for (key, near) in request.unknown() {
            if told.insert(key.to_owned()) {
                session.ui.warn(&format!(
                    "{name}:{}: ignored the unknown key `{}`{}",
                    index + 1,
                    text::visible(key),
                    text::did_you_mean(near)
                ));
            }
        }
        let id = request.id.clone();
        let request = request
            .over(&base, args.mode)
            .map_err(|message| refused(&message))?;
        let answered = answer(args, request, source, session)?;
        let mut fields = serde_json::Map::new();
        fields.insert("id".to_owned(), id);
        if let Value::Object(answer) = to_json(&answered, args.limit) {
            fields.extend(answer);
        }
        serde_json::to_writer(session.ui.out(), &json!(fields)).map_err(std::io::Error::from)?;
        writeln!(session.ui.out())?;
    }
    Ok(Outcome::Done)
}

/// Lines, one by one.
pub type Lines = Box<dyn Iterator<Item = std::io::Result<String>>>;

/// The lines of a file; - is stdin.
///
/// # Errors
/// Where it cannot be opened.
pub fn lines(file: &Path) -> Result<Lines, CommandError> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock().lines()));
    }
    let opened = std::fs::File::open(file).map_err(|error| {
        CommandError::invalid(format!("cannot read {}: {error}", file.display()))
    })?;
    Ok(Box::new(std::io::BufReader::new(opened).lines()))
}
