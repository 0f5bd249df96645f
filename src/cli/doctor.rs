//! `toolcat doctor`: a look at everything that a catalog depends on.

use clap::Args;
use serde::Serialize;

use crate::operations::doctor::{self, Check, Finding, State};
use crate::operations::{Refusal, Remedy};
use crate::output::{Column, Format, Record, record};

use super::remedy::hint;
use super::{CommandError, Outcome, Session, config};

/// Look for anything that is not as it should be
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1 where something is bad; each such line says what to do.\n\n\
                        Example:\n  toolcat doctor --deep --format json"
)]
pub struct DoctorArgs {
    /// Make the index of selection and the digests of the definitions again, and compare
    #[arg(long)]
    deep: bool,

    /// How to write the list
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// A check as it is listed.
#[derive(Debug, Serialize)]
struct Line {
    check: &'static str,
    state: &'static str,
    found: String,
    advice: Option<String>,
}

impl From<Check> for Line {
    fn from(check: Check) -> Self {
        Self {
            check: check.check,
            state: match check.state {
                State::Good => "good",
                State::Bad => "bad",
                State::Skipped => "skipped",
            },
            found: check.found,
            advice: check.remedy.as_ref().map(hint),
        }
    }
}

impl Record for Line {
    const COLUMNS: &'static [Column] = &[
        Column::text("check"),
        Column::text("state"),
        Column::text("found"),
        Column::text("what to do"),
    ];

    fn cells(&self) -> Vec<String> {
        let state = match self.state {
            "bad" => "BAD",
            other => other,
        };
        vec![
            self.check.to_owned(),
            state.to_owned(),
            self.found.clone(),
            self.advice.clone().unwrap_or_default(),
        ]
    }

    fn name(&self) -> String {
        self.check.to_owned()
    }
}

pub fn run(args: &DoctorArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut checks = vec![Check::new("configuration", configuration(session))];
    checks.extend(doctor::run(
        session.backend().map_err(Refusal::from),
        args.deep,
    ));
    let healthy = checks.iter().all(|it| it.state != State::Bad);
    let lines: Vec<Line> = checks.into_iter().map(Line::from).collect();
    record::write_list(&mut session.ui, &lines, args.format)?;
    Ok(if healthy { Outcome::Done } else { Outcome::No })
}

/// Which files are used, and whether all that they say counts.
fn configuration(session: &Session) -> Finding {
    let files: Vec<String> = session
        .layers
        .iter()
        .map(|layer| format!("{} ({})", layer.path.display(), config::used(layer)))
        .collect();
    let files = match files.is_empty() {
        true => "no file".to_owned(),
        false => files.join(", "),
    };
    let from = match session.target() {
        Ok(target) if target.project.is_some() => "; the project's file chooses the database",
        _ => "",
    };
    match session.layers.iter().all(|it| it.left_out.is_empty()) {
        true => Ok(format!("{files}{from}")),
        false => {
            let advice = "read the file, and run `toolcat config trust` if it is as you want it";
            Err((files, Some(Remedy::Said(advice.to_owned()))))
        }
    }
}
