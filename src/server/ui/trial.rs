//! A selection that is tried: the answer with its reasons, and why the others are not it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::charts::verdict;
use super::frame::{Place, Viewer};
use super::kit::{self, Column, Field, shown};
use super::url;
use crate::operations::select::{self as operation, Selected, Source};
use crate::report::{Tone, figures};
use crate::select::{Choice, Weights};
use crate::server::app::App;
use crate::server::extract::Params;
use crate::server::problem::{Name, Problem};
use crate::server::select::{SelectRequest, answer};
use crate::telemetry::Measure;

/// Choices, and candidates that were set aside, that are listed.
const CHOICES: usize = 10;
const ASIDE: usize = 50;

/// What is asked for; all of it stands in the address, so that it can be kept and passed on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    words: String,
    capability: String,
    platform: String,
    environment: String,
    permissions: String,
    context: String,
    mode: String,
    time: String,
    cost: String,
    complexity: String,
    accuracy: String,
    completeness: String,
    why_not: String,
}

impl Asked {
    fn is_empty(&self) -> bool {
        self.words.trim().is_empty() && self.capability.trim().is_empty()
    }

    fn weights(&self) -> [&str; 5] {
        [
            &self.time,
            &self.cost,
            &self.complexity,
            &self.accuracy,
            &self.completeness,
        ]
    }

    /// The request as the HTTP interface takes it.
    fn request(&self) -> Result<SelectRequest, Problem> {
        let mut body = Map::new();
        let list = |text: &str| -> Vec<String> {
            let parts = text.split([',', ' ', '\n']).map(str::trim);
            parts
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect()
        };
        body.insert("query".to_owned(), json!(self.words.trim()));
        body.insert("capabilities".to_owned(), json!(list(&self.capability)));
        body.insert("platforms".to_owned(), json!(list(&self.platform)));
        body.insert("permissions".to_owned(), json!(list(&self.permissions)));
        for (name, text) in [
            ("environment", &self.environment),
            ("mode", &self.mode),
            ("why_not", &self.why_not),
        ] {
            if !text.trim().is_empty() {
                body.insert(name.to_owned(), json!(text.trim()));
            }
        }
        let mut context = Map::new();
        for part in list(&self.context) {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| unreadable("context", &part))?;
            context.insert(name.to_owned(), number("context", value)?);
        }
        body.insert("context".to_owned(), Value::Object(context));
        let mut weights = Map::new();
        for (name, text) in Weights::FEATURES.iter().zip(self.weights()) {
            if !text.trim().is_empty() {
                weights.insert((*name).to_owned(), number(name, text)?);
            }
        }
        if !weights.is_empty() {
            body.insert("weights".to_owned(), Value::Object(weights));
        }
        serde_json::from_value(Value::Object(body))
            .map_err(|error| Problem::new(Name::Invalid, error.to_string()))
    }
}

fn unreadable(field: &str, text: &str) -> Problem {
    let detail = format!("{field}: `{text}` cannot be read; write it as N=1000");
    Problem::new(Name::Invalid, detail)
}

fn number(field: &str, text: &str) -> Result<Value, Problem> {
    let value = text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
    value
        .map(Value::from)
        .ok_or_else(|| Problem::new(Name::Invalid, format!("{field}: `{text}` is not a number")))
}

/// Shows the form, and the answer where something is asked for.
pub async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let answered = match asked.is_empty() {
        true => None,
        false => Some(ask(&app, &viewer, &asked).await),
    };
    let body = html! {
        (form(&asked))
        @match &answered {
            None => (kit::empty(
                "Nothing is asked for yet.",
                html! { "Say in words what is to be done, or name a capability. Nothing is recorded." },
            )),
            Some(Err(problem)) => div.problem role="alert" {
                p { (shown(&problem.detail)) }
                @if let Some(hint) = &problem.hint { p.soft { (shown(hint)) } }
            },
            Some(Ok(selected)) => (result(selected)),
        }
    };
    Ok(viewer.page(Place::Select, "Try a selection", body))
}

async fn ask(app: &Arc<App>, viewer: &Viewer, asked: &Asked) -> Result<Selected, Problem> {
    let explains = !asked.why_not.trim().is_empty();
    let request = asked.request()?.into_request(&app.shared.covers)?;
    let caller = viewer.caller(None, false);
    let speaker = caller.speaker();
    let work = move |source: &mut Source| operation::run(source, &caller, &request, None);
    answer(app, explains.then_some(speaker), work).await
}

fn form(asked: &Asked) -> Markup {
    let field = |label, name, help| Field {
        label,
        name,
        help,
        error: None,
        required: false,
    };
    let modes = [
        ("", "As the words say"),
        ("balanced", "Balanced"),
        ("fast", "Fast"),
        ("cheap", "Cheap"),
        ("simple", "Simple"),
        ("accurate", "Accurate"),
        ("thorough", "Thorough"),
    ];
    html! {
        form method="get" action=(url::to("/select")) {
            (field("What is to be done", "words", "In plain words, as `disk space of a server`.").text(&asked.words))
            div.filters {
                (field("Capability", "capability", "As `disk_usage`, in place of words or beside them.").text(&asked.capability))
                (field("Platform", "platform", "As `linux`.").text(&asked.platform))
                (field("Environment", "environment", "Production if nothing is said.").text(&asked.environment))
                (field("Permissions", "permissions", "What the caller holds, as `filesystem_read`.").text(&asked.permissions))
                (field("Context", "context", "Values for the estimates, as `N=1000`.").text(&asked.context))
                (field("Preference", "mode", "").choice(&asked.mode, &modes))
                (field("Why not", "why_not", "A tool whose place is to be explained.").text(&asked.why_not))
            }
            details open[asked.weights().iter().any(|it| !it.is_empty())] {
                summary { "Weights in place of the preference" }
                div.filters {
                    @for (name, value) in Weights::FEATURES.iter().zip(asked.weights()) {
                        (field(name, name, "").with(|it| html! {
                            input type="number" min="0" max="1" step="0.05" id=(it.id) name=(name) value=(value)
                                aria-describedby=(it.described_by);
                        }))
                    }
                }
            }
            (kit::buttons(html! { button.main type="submit" { "Select" } }))
        }
    }
}

fn result(selected: &Selected) -> Markup {
    let answer = &selected.answer;
    let (tone, sentence) = match &answer.answer {
        Some(best) if answer.doubtful => (
            Tone::Plain,
            format!("Perhaps {}, but nothing fits the words well.", best.label()),
        ),
        Some(best) => (Tone::Good, format!("{} is the best.", best.label())),
        None => (Tone::Bad, "No tool is eligible.".to_owned()),
    };
    html! {
        (verdict(tone, &sentence))
        @if let Some(question) = &answer.clarifying_question { p { (shown(question)) } }
        @for warning in &selected.warnings { p { (shown(&warning.to_string())) } }
        @if let Some(best) = &answer.answer { (chosen(selected, best)) }
        @if let Some(why_not) = &selected.why_not { (standing(why_not)) }
        (ranking(selected))
        (aside(selected))
    }
}

fn chosen(selected: &Selected, best: &Choice) -> Markup {
    let mut facts = vec![
        (
            "Expected time",
            html! { (figures::measured(best.estimated_time_ms, Measure::Time)) },
        ),
        (
            "Expected cost",
            html! { (figures::amount(best.estimated_cost)) },
        ),
        (
            "How it runs",
            html! { (best.execution_mode.as_str().replace('_', " ")) },
        ),
    ];
    if let Some(used) = &selected.used {
        facts.push(("Command", html! { code { (shown(&used.typed)) } }));
    }
    let parts = Weights::FEATURES.iter().zip(best.contributions.to_array());
    let weights = selected.answer.weights.to_array();
    let columns = [
        Column::Text("Feature"),
        Column::Number("Value"),
        Column::Number("Weight"),
        Column::Number("Part of the score"),
    ];
    let rows =
        parts
            .zip(best.features.to_array())
            .zip(weights)
            .map(|(((name, part), value), weight)| {
                vec![
                    html! { (name) },
                    html! { (format!("{value:.2}")) },
                    html! { (format!("{weight:.2}")) },
                    html! { (format!("{part:.3}")) },
                ]
            });
    kit::section(
        "Why this one",
        html! {
            (kit::facts(facts))
            @for reason in best.approval_reasons.iter().chain(&best.background_reasons) {
                p { (shown(reason)) }
            }
            (kit::table("Parts of the score", &columns, rows.collect()))
        },
    )
}

fn standing(why_not: &crate::select::why_not::WhyNot) -> Markup {
    use crate::select::why_not::Standing;
    let place = why_not.best.as_ref().map(|it| it.rank);
    let sentence = match why_not.standing {
        Standing::Chosen => "It is the answer.".to_owned(),
        Standing::Behind => format!(
            "It is number {} of the ranking, {:.3} behind the answer.",
            place.unwrap_or_default(),
            why_not.gap.unwrap_or_default()
        ),
        Standing::SetAside => "Every pattern of it was set aside.".to_owned(),
        Standing::NoCandidate => "It is not a candidate.".to_owned(),
    };
    kit::section(
        &format!("Why not {}", shown(&why_not.tool)),
        html! {
            p { (sentence) }
            ul {
                @for reason in &why_not.absence { li { (shown(reason)) } }
                @for part in &why_not.parts {
                    li { (shown(&part.feature)) ": " (format!("{:+.3}", -part.gap)) " against the answer" }
                }
                @for it in &why_not.set_aside { li { (shown(&it.reason.message)) } }
                @if !why_not.modes.is_empty() {
                    @let modes: Vec<&str> = why_not.modes.iter().map(|it| it.as_str()).collect();
                    li { "It would win where " (modes.join(", ")) " is preferred." }
                }
            }
        },
    )
}

fn ranking(selected: &Selected) -> Markup {
    let columns = [
        Column::Number("Place"),
        Column::Text("Tool"),
        Column::Text("Pattern"),
        Column::Number("Score"),
        Column::Number("Time"),
        Column::Number("Cost"),
        Column::Wide("Behind the best by"),
    ];
    let best = selected.answer.answer.as_ref();
    let rows: Vec<Vec<Markup>> = selected
        .shown(CHOICES)
        .iter()
        .enumerate()
        .map(|(at, it)| {
            let tool = format!("{}/{}@{}", it.platform, it.tool, it.version);
            vec![
                html! { (at + 1) },
                html! { a href=(url::tool(&it.platform, &it.tool)) { (shown(&tool)) } },
                html! { (shown(&it.capability)) "." (shown(&it.pattern)) },
                html! { (format!("{:.3}", it.value())) },
                html! { (figures::measured(it.estimated_time_ms, Measure::Time)) },
                html! { (figures::amount(it.estimated_cost)) },
                html! { (best.map_or_else(String::new, |best| behind(best, it))) },
            ]
        })
        .collect();
    let all = selected.answer.ranking.len();
    html! {
        @if !rows.is_empty() {
            h2 { "Ranking" }
            (kit::table("Ranking", &columns, rows))
            @if all > CHOICES { p.soft { "The first " (CHOICES) " of " (kit::grouped(all)) "." } }
        }
    }
}

/// The features that cost a choice the first place.
fn behind(best: &Choice, other: &Choice) -> String {
    let parts = best.contributions.to_array();
    let parts = Weights::FEATURES
        .iter()
        .zip(parts.iter().zip(other.contributions.to_array()));
    let worse: Vec<String> = parts
        .map(|(name, (best, other))| (name, best - other))
        .filter(|it| it.1 >= 0.001)
        .map(|(name, gap)| format!("{name} {gap:.3}"))
        .collect();
    worse.join(", ")
}

fn aside(selected: &Selected) -> Markup {
    let all = &selected.answer.set_aside;
    let columns = [
        Column::Text("Tool"),
        Column::Text("Pattern"),
        Column::Wide("Why"),
    ];
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .take(ASIDE)
        .map(|it| {
            let tool = format!("{}/{}@{}", it.platform, it.tool, it.version);
            vec![
                html! { a href=(url::tool(&it.platform, &it.tool)) { (shown(&tool)) } },
                html! { (shown(&it.capability)) "." (shown(&it.pattern)) },
                html! { (shown(&it.reason.message)) },
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            h2 { "Set aside" }
            (kit::table("Set aside", &columns, rows))
            @if all.len() > ASIDE { p.soft { "The first " (ASIDE) " of " (kit::grouped(all.len())) "." } }
        }
    }
}
