//! `--split`: a request with several intents, one answer for each clause.

use serde_json::{Map, Value, json};

use crate::output::style::HEADING;
use crate::output::{Format, record, text};
use crate::select::{intent, preference};

use super::present;
use super::request::from_args;
use super::{Asking, CommandError, Outcome, SelectArgs, Session};
use crate::operations::select::Selected;

pub fn run(
    args: &SelectArgs,
    asking: &mut Asking,
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let base = from_args(args, session)?;
    let mut found = true;
    let mut objects: Vec<Value> = Vec::new();
    for (index, clause) in intent::split(&base.query).into_iter().enumerate() {
        let mut request = base.clone();
        // A preference in a clause is about that clause; else that of the whole request counts.
        let own = preference::infer(&clause).mode;
        if args.mode.is_none() && own != Default::default() {
            request.mode = own;
        }
        request.query.clone_from(&clause);
        // Told at once: of a thousand clauses, only what is shown of one answer is held.
        let answered = asking.answer(args, request, session)?;
        found &= answered.answer.answer.is_some();
        match args.format() {
            Format::Json | Format::Yaml => objects.push(object(&clause, &answered, args.limit())),
            Format::Jsonl => {
                let object = object(&clause, &answered, args.limit());
                writeln!(session.ui.out(), "{object}")?;
            }
            Format::Name | Format::Csv => present::present(args.view(), session, &answered)?,
            Format::Table | Format::Wide => {
                let gap = if index > 0 { "\n" } else { "" };
                let heading = session.ui.paint(HEADING, &text::visible(&clause));
                writeln!(session.ui.out(), "{gap}{heading}")?;
                present::present(args.view(), session, &answered)?;
            }
        }
    }
    let whole = json!({"query": base.query, "clauses": objects});
    if matches!(args.format(), Format::Json | Format::Yaml) {
        record::write_value(&mut session.ui, &whole, args.format())?;
    }
    Ok(if found { Outcome::Done } else { Outcome::No })
}

fn object(clause: &str, answered: &Selected, limit: usize) -> Value {
    let mut fields = Map::new();
    fields.insert("clause".to_owned(), json!(clause));
    if let Value::Object(answer) = answered.to_json(limit) {
        fields.extend(answer);
    }
    Value::Object(fields)
}
