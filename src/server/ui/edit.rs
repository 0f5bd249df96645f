//! A definition edited as text: validated at its place, saved with a reason, and brought together with what
//! others changed meanwhile.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{Form, given, lines};
use super::frame::{Place, Viewer, faults};
use super::kit::{self, Field, shown};
use super::url::{self, Query};
use crate::definition::{Document, ToolRef, merge_in_favour};
use crate::format::{self, Format};
use crate::operations::edit::{self, Base};
use crate::operations::show as shows;
use crate::operations::{Caller, Kind, Refusal};
use crate::server::app::App;
use crate::server::extract::{Named, Params, tool as reference};
use crate::server::problem::{Fault, Overlapping, Problem};
use crate::store::Connection;
use crate::store::tools::Handle;

/// What a text is called where it is wrong.
const TEXT: &str = "text";

/// Which version is edited.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    version: Option<String>,
}

/// What is edited, and from what the edit began.
struct Draft {
    text: String,
    base: String,
    version: String,
    reason: String,
}

/// A definition as text.
///
/// # Errors
/// 500 where it cannot be written.
pub fn yaml(document: &Document) -> Result<String, Problem> {
    let written = format::write(Format::Yaml, std::slice::from_ref(document));
    Ok(written
        .map_err(|error| Problem::internal(error.to_string()))?
        .text)
}

/// Shows the text.
pub async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Named(name): Named,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    let tool = reference(&name, None, which.version.as_deref())?;
    let read = app.pool.read(move |it| shows::run(it, &tool, None));
    let found = read.await?;
    let text = yaml(&found.document)?;
    let draft = Draft {
        base: text.clone(),
        text,
        version: found.stored.version.clone(),
        reason: String::new(),
    };
    Ok(page(&viewer, &name, &draft, html! {}))
}

fn page(viewer: &Viewer, name: &str, draft: &Draft, said: Markup) -> Response {
    let tool = url::to(&format!("/tools/{}", url::encoded(name)));
    let query = Query::default().with("version", &draft.version);
    let field = Field {
        label: "Definition",
        name: "text",
        help: "In YAML. Save checks it as `toolcat validate` does.",
        error: None,
        required: true,
    };
    let body = html! {
        (said)
        form method="post" action={ (tool) "/edit" } {
            input type="hidden" name="version" value=(draft.version);
            textarea hidden name="base" aria-hidden="true" { "\n" (draft.base) }
            (field.area(&draft.text, 30))
            (kit::reason(&draft.reason))
            (kit::buttons(html! {
                button.main type="submit" { "Save" }
                a.button href={ (tool) (query.as_str()) } { "Leave it as it is" }
            }))
        }
    };
    viewer.page(Place::Tools, &format!("Edit {name}"), body)
}

/// What was edited.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edited {
    text: String,
    base: String,
    version: String,
    #[serde(default)]
    reason: String,
}

/// Saves it.
pub async fn save(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Named(name): Named,
    Form(form): Form<Edited>,
) -> Result<Response, Problem> {
    let tool = reference(&name, None, Some(&form.version))?;
    let caller = viewer.caller(given(&form.reason), false);
    let draft = Draft {
        text: lines(&form.text),
        base: lines(&form.base),
        version: form.version,
        reason: form.reason,
    };
    let (text, base) = (draft.text.clone(), draft.base.clone());
    let work = move |it: &mut Connection| Ok(attempt(it, &caller, &tool, &text, &base));
    match app.pool.run(work).await? {
        Ok(edited) => {
            app.following.settle(edited.revision).await;
            let to = url::to(&format!("/tools/{}", url::encoded(&name)));
            let query = Query::default().with("version", &draft.version);
            let (said, revision) = match edited.changes.len() {
                0 => (
                    "Nothing was different, and nothing was saved.".to_owned(),
                    None,
                ),
                n => (
                    format!("Saved: {} changed.", kit::counted(n, "field")),
                    Some(edited.revision),
                ),
            };
            Ok(viewer.done(&format!("{to}{}", query.as_str()), said, revision))
        }
        Err(failed) => again(&viewer, &name, draft, *failed),
    }
}

/// Why an edit was not saved; where others changed the same fields, both together, and what they made of it.
struct Failed {
    refusal: Refusal,
    merged: Option<(Document, Document)>,
}

impl From<Refusal> for Box<Failed> {
    fn from(refusal: Refusal) -> Self {
        Box::new(Failed {
            refusal,
            merged: None,
        })
    }
}

fn attempt(
    connection: &mut Connection,
    caller: &Caller,
    tool: &ToolRef,
    text: &str,
    base: &str,
) -> Result<edit::Edited, Box<Failed>> {
    let shown = shows::run(connection, tool, None)?;
    let edited = edit::read(TEXT, text, Some(Format::Yaml))?;
    let base = edit::read("what the edit began from", base, Some(Format::Yaml))?;
    let request = edit::Request {
        tool: Handle::from(&shown.stored),
        base: Base::Definition(base.clone()),
        edited: edited.clone(),
    };
    edit::run(connection, caller, &request).map_err(|refusal| {
        let theirs = shown.document;
        let merged = (!refusal.overlaps().is_empty()).then(|| {
            let ours = merge_in_favour(base.fields(), edited.fields(), theirs.fields());
            (Document::new(ours), theirs)
        });
        Box::new(Failed { refusal, merged })
    })
}

/// The page again, with what is wrong.
fn again(
    viewer: &Viewer,
    name: &str,
    mut draft: Draft,
    failed: Failed,
) -> Result<Response, Problem> {
    let Failed { refusal, merged } = failed;
    let is_mine = matches!(refusal.kind, Kind::Invalid | Kind::Overtaken);
    let problem = Problem::from(refusal);
    if !is_mine {
        return Err(problem);
    }
    let said = match merged {
        None => invalid(&problem, &draft.text),
        Some((both, theirs)) => {
            draft.text = yaml(&both)?;
            draft.base = yaml(&theirs)?;
            conflict(&problem.overlaps)
        }
    };
    let mut response = page(viewer, name, &draft, said);
    *response.status_mut() = problem.status();
    response.extensions_mut().insert(problem);
    response
        .extensions_mut()
        .insert(crate::server::finish::Worded);
    Ok(response)
}

/// What is wrong with a text, and the text with its lines marked.
pub fn invalid(problem: &Problem, text: &str) -> Markup {
    let marked: Vec<u32> = problem
        .errors
        .iter()
        .filter_map(|it: &Fault| it.line)
        .collect();
    html! {
        @if problem.errors.is_empty() {
            div.problem role="alert" { p { (shown(&problem.detail)) } }
        } @else {
            (faults(&problem.errors))
            details.more open { summary { "Where" } (kit::numbered(text, &marked)) }
        }
    }
}

/// Fields that others changed as well.
fn conflict(overlaps: &[Overlapping]) -> Markup {
    html! {
        div.note role="alert" {
            h2 { "Somebody else changed the same fields meanwhile" }
            p { "Nothing was saved. The text below has everything else that they changed, and your value in these fields. \
                 Choose what each shall be, and save again." }
        }
        @for overlap in overlaps {
            section.card {
                h3 { code { (shown(&overlap.field)) } }
                div.conflict {
                    div { div.help { "Before" } (kit::value(&overlap.base)) }
                    div { div.help { "Theirs, saved" } (kit::value(&overlap.theirs)) }
                    div { div.help { "Yours" } (kit::value(&overlap.ours)) }
                }
            }
        }
    }
}
