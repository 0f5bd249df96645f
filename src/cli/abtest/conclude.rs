//! `toolcat abtest conclude`: the end of a test, by the rule or by force.

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::report::{self, Report};
use super::{CommandError, Outcome, Session, record};
use crate::abtest::{ArmLabel, Verdict};
use crate::operations::{Caller, Kind, Refusal, Remedy, abtest, change};
use crate::output::{Column, Format, Record, record as lists, text};
use crate::store::ab_tests::lifecycle::Next;
use crate::store::ab_tests::{StoredTest, lifecycle, look};
use crate::store::{Connection, Transaction};

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
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
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
    abtest::find(&mut connection, &args.name)?;
    let wish = Wish {
        apply: args.apply,
        force: args.force,
    };
    let conclusion = conclude(&mut connection, &caller, &args.name, wish)?;
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
    Ok(conclusion.outcome())
}

/// What is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// Whether the winner is made the latest version.
    pub apply: bool,
    /// The winner, whatever the rule says.
    pub force: Option<ArmLabel>,
}

/// What became of a test.
#[derive(Debug, Clone, Serialize)]
pub struct Conclusion {
    pub test: String,
    /// Verdict of the rule.
    pub verdict: &'static str,
    pub concluded: bool,
    pub winner: Option<ArmLabel>,
    pub winner_tool: Option<String>,
    pub forced: bool,
    /// Whether the winner was made the latest version by this.
    pub applied: bool,
    pub sentence: String,
}

impl Conclusion {
    pub fn outcome(&self) -> Outcome {
        match (self.winner, self.verdict) {
            (Some(_), _) => Outcome::Done,
            (None, "invalid") => Outcome::Code(5),
            (None, _) => Outcome::No,
        }
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

/// Ends a test in one transaction: looks, decides, writes.
pub fn conclude(
    connection: &mut Connection,
    caller: &Caller,
    name: &str,
    wish: Wish,
) -> Result<Conclusion, Refusal> {
    let (conclusion, _) = change(connection, caller, Some("concluded"), |connection| {
        let test = lifecycle::existing(connection, name)?;
        match test.status.as_str() {
            "active" => decide(connection, caller, &test, wish),
            "completed" => apply_later(connection, &test, wish),
            "draft" => Err(Refusal::new(
                Kind::Conflict,
                format!("A/B test `{name}` has not started"),
            )
            .remedy(Remedy::Test {
                test: name.to_owned(),
                next: Next::Start,
            })),
            other => Err(
                Refusal::new(Kind::Conflict, format!("A/B test `{name}` is {other}"))
                    .remedy(Remedy::NoResult),
            ),
        }
    })?;
    Ok(conclusion)
}

fn decide(
    connection: &mut Transaction,
    caller: &Caller,
    test: &StoredTest,
    wish: Wish,
) -> Result<Conclusion, Refusal> {
    let phase = test.present_phase();
    let analysis = look::look(connection, test, &phase)?;
    let report = Report::new(test, &phase, analysis);
    let verdict = report.verdict();
    let winner = wish.force.or(verdict.winner());
    let ends = winner.is_some()
        || matches!(
            verdict,
            Verdict::NoDifference | Verdict::GuardrailBroken { .. } | Verdict::Conflict
        );
    let mut conclusion = Conclusion {
        test: test.test_name.clone(),
        verdict: report::word(verdict),
        concluded: ends,
        winner,
        winner_tool: winner.map(|arm| test.identity(arm).to_string()),
        forced: wish.force.is_some(),
        applied: false,
        sentence: report.analysis.decision.sentence.clone(),
    };
    if !ends {
        return Ok(conclusion);
    }
    let results = json!({
        "verdict": conclusion.verdict,
        "winner": winner,
        "forced": conclusion.forced,
        "reason": caller.reason,
        "sentence": conclusion.sentence,
        "decided_at": test.read_at,
        "decided_by": caller.actor,
        "apply": wish.apply,
        "report": report,
    });
    lifecycle::conclude(connection, test, winner, &results, conclusion.forced)?;
    if let Some(arm) = winner.filter(|_| wish.apply) {
        conclusion.applied = apply(connection, test, arm)?;
    }
    Ok(conclusion)
}

fn apply(
    connection: &mut Transaction,
    test: &StoredTest,
    winner: ArmLabel,
) -> Result<bool, Refusal> {
    lifecycle::name_action(connection, "promoted")?;
    Ok(lifecycle::make_latest(connection, test.tool_id(winner))?)
}

/// A test that was concluded without --apply is applied afterwards.
fn apply_later(
    connection: &mut Transaction,
    test: &StoredTest,
    wish: Wish,
) -> Result<Conclusion, Refusal> {
    let name = &test.test_name;
    let (Some(winner), true, None) = (test.winner(), wish.apply, wish.force) else {
        return Err(Refusal::new(
            Kind::Conflict,
            format!("A/B test `{name}` is concluded already"),
        )
        .remedy(Remedy::ShowResult { test: name.clone() }));
    };
    let applied = apply(connection, test, winner)?;
    let text = |key: &str| {
        test.results
            .get(key)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(Conclusion {
        test: name.clone(),
        verdict: match text("verdict").as_str() {
            "a_wins" => "a_wins",
            "b_wins" => "b_wins",
            "invalid" => "invalid",
            "continue" => "continue",
            "guardrail_broken" => "guardrail_broken",
            "conflict" => "conflict",
            _ => "no_difference",
        },
        concluded: true,
        winner: Some(winner),
        winner_tool: Some(test.identity(winner).to_string()),
        forced: test.forced,
        applied,
        sentence: text("sentence"),
    })
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
