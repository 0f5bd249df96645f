//! `toolcat abtest conclude`: the end of a test, by the rule or by force.

use clap::Args;

use super::{CommandError, Outcome, Session, record};
use crate::abtest::ArmLabel;
use crate::operations::abtest::conclude::{self, Conclusion, Wish};
use crate::operations::abtest::find;
use crate::output::{Column, Format, Record, record as lists, text};

/// End a test by the rule, or by force.
///
/// Without --force the rule decides: a winner ends the test, and so does the planned size without one;
/// before that, and while the data are invalid, nothing is changed. The analysis that decided is kept in the
/// test's results.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 a winner, 1 none, 5 the data are invalid.\n\n\
                        Examples:\n  toolcat abtest conclude faster-df --apply\n  \
                        toolcat abtest conclude faster-df --force A --reason \"B is withdrawn\""
)]
pub struct ConcludeArgs {
    /// Name of the test
    #[arg(value_name = "NAME")]
    name: String,

    /// Make the winner the latest version of its tool
    #[arg(long)]
    apply: bool,

    /// End the test with this winner, whatever the rule says; needs --reason, and is marked for ever
    #[arg(long, value_name = "ARM", value_parser = arm, ignore_case = true)]
    force: Option<ArmLabel>,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// How to write the conclusion; name is the verdict
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

fn arm(text: &str) -> Result<ArmLabel, String> {
    match text {
        "A" | "a" => Ok(ArmLabel::A),
        "B" | "b" => Ok(ArmLabel::B),
        _ => Err("expected A or B".to_owned()),
    }
}

pub fn run(args: &ConcludeArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let caller = session.caller(args.dry_run);
    let reason = caller.reason.as_deref().map(str::trim).unwrap_or_default();
    if args.force.is_some() && reason.is_empty() {
        return Err(
            CommandError::invalid("--force needs --reason: a forced winner is explained")
                .hint("say why, as in --reason \"B is withdrawn by its vendor\""),
        );
    }
    let mut connection = session.connect()?;
    find(&mut connection, &args.name)?;
    let wish = Wish {
        apply: args.apply,
        force: args.force,
    };
    let conclusion = conclude::run(&mut connection, &caller, &args.name, wish)?;
    match args.format {
        Format::Table | Format::Wide => present(session, args, &conclusion)?,
        other => record::write_value(
            session,
            &conclusion,
            other,
            || conclusion.verdict.to_owned(),
            |ui| lists::write_list(ui, std::slice::from_ref(&conclusion), other),
        )?,
    }
    Ok(outcome(&conclusion))
}

/// 0 a winner, 1 none, 5 invalid data.
fn outcome(conclusion: &Conclusion) -> Outcome {
    match (conclusion.winner, conclusion.verdict) {
        (Some(_), _) => Outcome::Done,
        (None, "invalid") => Outcome::Code(5),
        (None, _) => Outcome::No,
    }
}

impl Record for Conclusion {
    const COLUMNS: &'static [Column] = &[
        Column::text("test"),
        Column::text("verdict"),
        Column::text("winner"),
        Column::text("latest"),
        Column::text("sentence"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.test.clone(),
            self.verdict.to_owned(),
            self.winner_tool.clone().unwrap_or_default(),
            if self.applied { "switched" } else { "" }.to_owned(),
            self.sentence.clone(),
        ]
    }

    fn name(&self) -> String {
        self.test.clone()
    }
}

fn present(
    session: &mut Session,
    args: &ConcludeArgs,
    conclusion: &Conclusion,
) -> Result<(), CommandError> {
    let out = session.ui.out();
    writeln!(out, "{}", text::visible(&conclusion.sentence))?;
    match (conclusion.winner, &conclusion.winner_tool) {
        (Some(arm), Some(tool)) => {
            let how = if conclusion.forced {
                "by force; the test stays marked as forced"
            } else {
                "by the rule"
            };
            writeln!(out, "Concluded: {arm} ({}), {how}.", text::visible(tool))?;
            if conclusion.applied {
                writeln!(out, "{} is the latest version now.", text::visible(tool))?;
            }
        }
        _ if conclusion.concluded => {
            writeln!(out, "Concluded without a winner: the version in use stays.")?;
        }
        _ => writeln!(out, "Not concluded: nothing was changed.")?,
    }
    if conclusion.winner.is_some() && !args.apply {
        session.ui.hint(&format!(
            "`toolcat abtest conclude {} --apply` makes the winner the latest version",
            conclusion.test
        ));
    }
    if args.dry_run {
        session.ui.status("dry run: nothing was written");
    }
    Ok(())
}
