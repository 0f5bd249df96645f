//! The end of a test, by the rule or by force.

use serde::Serialize;
use serde_json::json;

use super::analyze::{Report, word};
use crate::abtest::{ArmLabel, Verdict};
use crate::operations::{Caller, Kind, Refusal, Remedy, change};
use crate::store::ab_tests::lifecycle::Next;
use crate::store::ab_tests::{self, StoredTest, lifecycle, look};
use crate::store::{Connection, Transaction};

/// What is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// Whether the winner is made the latest version.
    pub apply: bool,
    /// The winner, whatever the rule says.
    pub force: Option<ArmLabel>,
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conclusion {
    /// The name of the test.
    pub test: String,
    /// Verdict of the rule.
    pub verdict: &'static str,
    /// Whether the test ended.
    pub concluded: bool,
    /// The arm that won.
    pub winner: Option<ArmLabel>,
    /// The version that won.
    pub winner_tool: Option<String>,
    /// Whether a person forced the winner.
    pub forced: bool,
    /// Whether the winner was made the latest version by this.
    pub applied: bool,
    /// The verdict in words.
    pub sentence: String,
}

/// Ends a test in one transaction: looks, decides, writes. A test that ended without it makes its winner the
/// latest version.
///
/// # Errors
/// [`Kind::NotFound`]; [`Kind::Conflict`] if the test is not one that can end; [`Kind::Invalid`] for a forced
/// winner without a reason.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    name: &str,
    wish: Wish,
) -> Result<Conclusion, Refusal> {
    let reason = caller.reason.as_deref().map(str::trim).unwrap_or_default();
    if wish.force.is_some() && reason.is_empty() {
        let message = "a forced winner is explained: a reason is needed";
        return Err(Refusal::new(Kind::Invalid, message));
    }
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
        verdict: word(verdict),
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

/// What became of every running test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Concluded {
    /// What became of each.
    pub conclusions: Vec<Conclusion>,
    /// Why some could not be concluded: somebody ended them meanwhile.
    pub passed_over: Vec<String>,
}

/// Judges every running test by the rule, each in a transaction of its own, and ends those that are ready.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn all(
    connection: &mut Connection,
    caller: &Caller,
    apply: bool,
) -> Result<Concluded, Refusal> {
    let active = ["active".to_owned()];
    let mut tests = connection.read(|connection| ab_tests::list(connection, &active))?;
    tests.retain(StoredTest::is_running);
    let wish = Wish { apply, force: None };
    let mut concluded = Concluded::default();
    for test in &tests {
        match run(connection, caller, &test.test_name, wish) {
            Ok(conclusion) => concluded.conclusions.push(conclusion),
            Err(error) if matches!(error.kind, Kind::Conflict | Kind::Overtaken) => {
                concluded.passed_over.push(error.message);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(concluded)
}
