//! `toolcat abtest auto`: every test that is ready, concluded; a line for cron.

use clap::Args;

use super::conclude::{Conclusion, Wish, conclude};
use super::{CommandError, Outcome, Session};
use crate::operations::Kind;
use crate::output::{Format, record};
use crate::store::ab_tests;

/// Conclude every test that is ready.
///
/// Each active test that is not paused is judged by the rule, in a transaction of its own. Those that are
/// not ready are left as they are.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 done, 5 a test has invalid data.\n\n\
                  Example, for cron:\n  */10 * * * * toolcat abtest auto --apply --quiet --actor cron --reason \"abtest auto\"")]
pub struct AutoArgs {
    /// Make each winner the latest version of its tool
    #[arg(long)]
    apply: bool,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// How to write the conclusions
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &AutoArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let active = ["active".to_owned()];
    let mut tests = connection.read(|connection| ab_tests::list(connection, &active))?;
    tests.retain(ab_tests::StoredTest::is_running);
    let caller = session.caller(args.dry_run);
    let wish = Wish {
        apply: args.apply,
        force: None,
    };
    let mut conclusions: Vec<Conclusion> = Vec::with_capacity(tests.len());
    for test in &tests {
        match conclude(&mut connection, &caller, &test.test_name, wish) {
            Ok(conclusion) => conclusions.push(conclusion),
            // somebody ended it meanwhile
            Err(error) if matches!(error.kind, Kind::Conflict | Kind::Overtaken) => {
                session.ui.warn(&error.message);
            }
            Err(error) => return Err(error.into()),
        }
    }
    if conclusions.is_empty() && args.format.is_for_people() {
        session.ui.status("no A/B test is running");
        return Ok(Outcome::Done);
    }
    record::write_list(&mut session.ui, &conclusions, args.format)?;
    let invalid = conclusions.iter().any(|it| it.verdict == "invalid");
    Ok(if invalid {
        Outcome::Code(5)
    } else {
        Outcome::Done
    })
}
