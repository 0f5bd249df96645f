//! Many requests in one process: a JSON object per line in, a JSON object per line out.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::request::{Line, from_args};
use super::{Asking, CommandError, Outcome, SelectArgs, Session};
use crate::cli::lines::Lines;
use crate::output::text;
use crate::reading::json;

pub fn run(
    args: &SelectArgs,
    file: &Path,
    asking: &mut Asking,
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let base = from_args(args, session)?;
    let mut told = BTreeSet::new();
    let name = file.display().to_string();
    for line in Lines::open(&name)? {
        let line = line?;
        if line.text.trim().is_empty() {
            continue;
        }
        let refused =
            |message: &str| CommandError::invalid(format!("{name}:{}: {message}", line.number));
        let request: Line = json::read(&line.text).map_err(|error| refused(&error.to_string()))?;
        for (key, near) in request.unknown() {
            if told.insert(key.to_owned()) {
                session.ui.warn(&format!(
                    "{name}:{}: ignored the unknown key `{}`{}",
                    line.number,
                    text::visible(key),
                    text::did_you_mean(near)
                ));
            }
        }
        let id = request.id.clone();
        let request = request
            .over(&base, args.mode, &session.config.covers)
            .map_err(|message| refused(&message))?;
        let answered = asking.answer(args, request, session)?;
        let mut fields = serde_json::Map::new();
        fields.insert("id".to_owned(), id);
        if let Value::Object(answer) = answered.to_json(args.limit()) {
            fields.extend(answer);
        }
        session.ui.json(&fields)?;
    }
    Ok(Outcome::Done)
}
