//! `toolcat abtest auto`: every test that is ready, concluded; a line for cron.

use clap::Args;

use super::{CommandError, Outcome, Session};
use crate::operations::abtest::conclude;
use crate::output::{Format, record};

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
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &AutoArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let caller = session.caller(args.dry_run);
    let concluded = conclude::all(&mut connection, &caller, args.apply)?;
    for message in &concluded.passed_over {
        session.ui.warn(message);
    }
    let conclusions = concluded.conclusions;
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
