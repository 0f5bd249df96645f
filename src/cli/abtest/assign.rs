//! `toolcat abtest assign`: which version a unit gets.

use clap::Args;

use super::record;
use super::{CommandError, Outcome, Session};
use crate::abtest::ArmLabel;
use crate::cli::lines::Lines;
use crate::operations::Refusal;
use crate::operations::abtest::assign::{self, Assignment, Request};
use crate::output::{Column, Format, Record, record as lists};
use crate::store::StoreError;
use crate::store::ab_tests::assign::{AssignError, Outside};

/// Tell which version a unit gets, and keep it.
///
/// The arm is stored before it is told, and never changes within a phase. A unit outside the test (by
/// coverage, environment, users, or while the test is paused) gets the version in use, and no arm.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat abtest assign faster-df --unit run-17\n  \
                  tool=$(toolcat abtest assign faster-df --unit run-17 --format name)\n  \
                  cut -f1 runs.tsv | toolcat abtest assign faster-df --batch - --format csv"
)]
pub struct AssignArgs {
    /// Name of the test
    #[arg(value_name = "NAME")]
    name: String,

    /// Id of the execution or user, as its telemetry will have it (can be repeated)
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "batch",
        allow_hyphen_values = true
    )]
    unit: Vec<String>,

    /// Read ids from a file, one a line; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "unit")]
    batch: Option<String>,

    /// User, for a test of executions that is for certain users
    #[arg(long, value_name = "ID")]
    user: Option<String>,

    /// Environment that the tool will run in
    #[arg(long, value_name = "NAME", default_value = "production")]
    environment: String,

    /// Tell the arm, and store nothing
    #[arg(long)]
    dry_run: bool,

    /// How to write the assignments; name is the tool that serves
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &AssignArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let units = match &args.batch {
        Some(path) => read(path)?,
        None => args.unit.clone(),
    };
    let request = Request {
        test: args.name.clone(),
        units,
        user: args.user.clone(),
        environment: args.environment.clone(),
    };
    let caller = session.caller(args.dry_run);
    let backend = session.backend()?;
    let mut connection = backend.open()?;
    let assigned = match assign::run(&mut connection, &caller, &request) {
        Err(AssignError::Store(
            error @ (StoreError::NoCatalog(_) | StoreError::SchemaTooOld { .. }),
        )) => {
            backend.bring_up_to_date(&mut connection, error)?;
            assign::run(&mut connection, &caller, &request)
        }
        other => other,
    };
    let rows = assigned.map_err(|error| in_place(error, args, request.units.len()))?;
    match rows.as_slice() {
        [row] if args.batch.is_none() && args.unit.len() == 1 && !args.format.is_for_people() => {
            record::write_value(
                session,
                row,
                args.format,
                || row.name(),
                |ui| lists::write_list(ui, std::slice::from_ref(row), args.format),
            )?;
        }
        rows => lists::write_list(&mut session.ui, rows, args.format)?,
    }
    Ok(Outcome::Done)
}

/// The error, with the line of a batch that it is about.
fn in_place(error: AssignError, args: &AssignArgs, units: usize) -> CommandError {
    let message = match (&error, &args.batch) {
        (AssignError::Unit { place, error }, Some(path)) => {
            Some(format!("{path}:{place}: {error}; nothing was assigned"))
        }
        (AssignError::Unit { error, .. }, None) if units == 1 => Some(error.to_string()),
        _ => None,
    };
    let error = CommandError::from(Refusal::from(error));
    match message {
        Some(message) => CommandError { message, ..error },
        None => error,
    }
}

fn read(path: &str) -> Result<Vec<String>, CommandError> {
    let lines = Lines::to_keep(path)
        .map_err(|error| error.hint("give a file with one id a line, or - for stdin"))?;
    lines.map(|line| Ok(line?.text)).collect()
}

impl Record for Assignment {
    const COLUMNS: &'static [Column] = &[
        Column::text("unit"),
        Column::text("arm"),
        Column::text("tool"),
        Column::number("bucket"),
        Column::text("note"),
        Column::number("phase").wide(),
        Column::text("since").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        let note = match self.outside {
            Some(Outside::Coverage) => "outside the test: not covered",
            Some(Outside::Environment) => "outside the test: other environment",
            Some(Outside::User) => "outside the test: other users",
            Some(Outside::Paused) => "outside the test: it is paused",
            None if self.sticky => "as before",
            None => "new",
        };
        vec![
            self.unit.clone(),
            self.arm.map_or("-", ArmLabel::as_str).to_owned(),
            self.tool.clone().unwrap_or_default(),
            format!("{:.4}", self.bucket),
            note.to_owned(),
            self.phase.to_string(),
            self.assigned_at.map(record::time).unwrap_or_default(),
        ]
    }

    fn name(&self) -> String {
        self.tool.clone().unwrap_or_default()
    }
}
