//! `--split`: a request with several intents, one answer for each clause.

use serde_json::{Map, Value, json};

use crate::output::Format;
use crate::output::style::HEADING;
use crate::output::text;
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
    let mut answers: Vec<(String, Selected)> = Vec::new();
    for clause in intent::split(&base.query) {
        let mut request = base.clone();
        // A preference in a clause is about that clause; else that of the whole request counts.
        let own = preference::infer(&clause).mode;
        if args.mode.is_none() && own != Default::default() {
            request.mode = own;
        }
        request.query.clone_from(&clause);
        answers.push((clause, asking.answer(args, request, session)?));
    }
    let found = answers.iter().all(|(_, it)| it.answer.answer.is_some());
    match args.format() {
        Format::Json | Format::Yaml => {
            let whole = json!({
                "query": base.query,
                "clauses": answers
                    .iter()
                    .map(|(clause, answered)| object(clause, answered, args.limit()))
                    .collect::<Vec<_>>(),
            });
            if args.format() == Format::Yaml {
                write!(
                    session.ui.out(),
                    "{}",
                    crate::format::yaml::write_value(&whole)
                )?;
            } else {
                let text = serde_json::to_string_pretty(&whole).map_err(std::io::Error::from)?;
                writeln!(session.ui.out(), "{text}")?;
            }
        }
        Format::Jsonl => {
            for (clause, answered) in &answers {
                writeln!(
                    session.ui.out(),
                    "{}",
                    object(clause, answered, args.limit())
                )?;
            }
        }
        Format::Name | Format::Csv => {
            for (_, answered) in &answers {
                present::present(args, session, answered)?;
            }
        }
        Format::Table | Format::Wide => {
            for (index, (clause, answered)) in answers.iter().enumerate() {
                let gap = if index > 0 { "\n" } else { "" };
                let heading = session.ui.paint(HEADING, &text::visible(clause));
                writeln!(session.ui.out(), "{gap}{heading}")?;
                present::present(args, session, answered)?;
            }
        }
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
