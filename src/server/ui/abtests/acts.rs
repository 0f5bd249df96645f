//! What can be done with an A/B test, and doing it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{barred, path_of};
use crate::abtest::ArmLabel;
use crate::operations::abtest::conclude::{self, Wish};
use crate::operations::abtest::{self, TestRecord};
use crate::server::app::App;
use crate::server::problem::{Name, Problem};
use crate::server::ui::form::{Form, given};
use crate::server::ui::frame::Viewer;
use crate::server::ui::kit::{self, shown};
use crate::store::ab_tests::lifecycle::Change;

/// What can be done with a test in its state: the act, its button, what it does.
fn possible(test: &TestRecord) -> &'static [(&'static str, &'static str, &'static str)] {
    const CONCLUDE: (&str, &str, &str) = (
        "conclude",
        "Conclude",
        "Ends the test where the rule has a verdict; the version in use stays.",
    );
    const APPLY: (&str, &str, &str) = (
        "apply",
        "Conclude and use the winner",
        "The winner becomes the latest version.",
    );
    const FORCE_A: (&str, &str, &str) = (
        "force_a",
        "End with A",
        "Whatever the rule says; needs a reason, and stays marked.",
    );
    const FORCE_B: (&str, &str, &str) = (
        "force_b",
        "End with B",
        "Whatever the rule says; needs a reason, and stays marked.",
    );
    const CANCEL: (&str, &str, &str) = ("cancel", "Cancel", "Ends the test without a result.");
    match test.state.as_str() {
        "draft" => &[
            ("start", "Start", "From now on units are assigned."),
            CANCEL,
        ],
        "active" => &[
            CONCLUDE,
            APPLY,
            ("pause", "Pause", "No new unit is assigned."),
            FORCE_A,
            FORCE_B,
            CANCEL,
        ],
        "paused" => &[
            CONCLUDE,
            APPLY,
            ("resume", "Resume", "Units are assigned again."),
            FORCE_A,
            FORCE_B,
            CANCEL,
        ],
        "completed" => &[(
            "apply",
            "Use the winner",
            "The winner becomes the latest version.",
        )],
        _ => &[],
    }
}

pub(super) fn acts(viewer: &Viewer, test: &TestRecord) -> Markup {
    let possible = possible(test);
    let barred = barred(viewer);
    html! {
        @if !possible.is_empty() {
            h2 { "What to do" }
            form method="post" action=(path_of(&test.name)) {
                (kit::reason(""))
                ul.acts {
                    @for (at, (act, label, what)) in possible.iter().enumerate() {
                        li {
                            button type="submit" name="act" value=(act) class=[(at == 0).then_some("main")]
                                disabled[barred.is_some()] { (label) }
                            " " span.soft { (what) }
                        }
                    }
                }
                @if let Some(why) = &barred { p.why { (shown(why)) } }
            }
        }
    }
}

/// What is to be done with a test.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Acting {
    act: String,
    reason: String,
}

/// Does it.
pub async fn act(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(name): Path<String>,
    Form(acting): Form<Acting>,
) -> Result<Response, Problem> {
    let caller = viewer.caller(given(&acting.reason), false);
    let page = path_of(&name);
    let change = |change: Change, word: &'static str| (Some(change), None, word);
    let ends = |apply, force| (None, Some(Wish { apply, force }), "");
    let (change, wish, word) = match acting.act.as_str() {
        "start" => change(Change::Start, "started"),
        "pause" => change(Change::Pause, "paused"),
        "resume" => change(Change::Resume, "resumed"),
        "cancel" => change(Change::Cancel, "cancelled"),
        "conclude" => ends(false, None),
        "apply" => ends(true, None),
        "force_a" => ends(false, Some(ArmLabel::A)),
        "force_b" => ends(false, Some(ArmLabel::B)),
        other => {
            let detail = format!("a test cannot be `{other}`");
            return Err(Problem::new(Name::Invalid, detail));
        }
    };
    let done = app.pool.run(move |it| {
        if let Some(change) = change {
            abtest::change(it, &caller, &name, &change)?;
            return Ok(format!("The test was {word}."));
        }
        let conclusion = conclude::run(it, &caller, &name, wish.unwrap_or_default())?;
        Ok(said(&conclusion))
    });
    Ok(viewer.done(&page, done.await?, None))
}

fn said(conclusion: &conclude::Conclusion) -> String {
    let used = if conclusion.applied {
        " It is the latest version now."
    } else {
        ""
    };
    match (&conclusion.winner_tool, conclusion.concluded) {
        (Some(winner), _) => format!("Concluded: {winner} wins.{used}"),
        (None, true) => "Concluded without a winner: the version in use stays.".to_owned(),
        (None, false) => format!("Not concluded: {}", conclusion.sentence),
    }
}
