//! The editor: a definition as text, with a form beside it that edits the same document. It is validated at its
//! place, compared with what is stored, saved with a reason, and brought together with what others changed meanwhile.

mod controls;
mod estimates;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use self::controls::Sent;
use super::audit::changes;
use super::form::{Form, given, lines};
use super::frame::{Place, Viewer, faults, findings};
use super::kit::{self, Field, shown};
use super::url::{self, Query};
use crate::definition::diff::{Change, diff_documents};
use crate::definition::{Document, ToolRef, merge_in_favour};
use crate::format::{self, Format};
use crate::operations::edit::{self, Base, Watch};
use crate::operations::import::Impacts;
use crate::operations::show as shows;
use crate::operations::{Caller, Kind, Refusal};
use crate::server::app::App;
use crate::server::blocking;
use crate::server::extract::{Named, Params, tool as reference};
use crate::server::finish::Worded;
use crate::server::problem::{Fault, Name, Overlapping, Problem};
use crate::store::Connection;
use crate::store::tools::Handle;
use crate::validate::Severity;

/// What a text is called if it is wrong.
const TEXT: &str = "text";

/// Which version is edited.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    version: Option<String>,
}

/// What is edited.
#[derive(Debug, Default)]
struct Draft {
    text: String,
    /// The text that the edit began from.
    base: String,
    /// The text that the controls were filled from.
    seen: String,
    controls: Sent,
    version: String,
    reason: String,
}

/// What a draft comes to.
struct Look {
    /// The definition, where the text can be read at all.
    document: Option<Document>,
    /// Its errors and its warnings.
    errors: Vec<Fault>,
    warnings: Vec<Fault>,
    /// What differs from what the edit began from.
    changes: Vec<Change>,
    impact: Option<Impacts>,
}

/// A definition as text.
///
/// # Errors
/// 500 if it cannot be written.
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
        ..Draft::default()
    };
    let (draft, look) = blocking(move || look(draft)).await??;
    Ok(page(&viewer, &name, &draft, &look, html! {}))
}

/// Reads a draft: what was changed by the controls goes into its text.
fn look(mut draft: Draft) -> Result<(Draft, Look), Problem> {
    let read = |text: &str| edit::check(TEXT, text, Some(Format::Yaml));
    let first = |text: &str| {
        let documents = read(text).documents;
        documents.into_iter().next().map(|it| it.document)
    };
    if !draft.controls.is_empty()
        && let (Some(mut document), Some(seen)) = (first(&draft.text), first(&draft.seen))
        && controls::apply(&mut document, &seen, &draft.controls)
    {
        draft.text = yaml(&document)?;
    }
    draft.controls.clear();
    let report = read(&draft.text);
    let of = |severity| {
        let found = report
            .diagnostics
            .iter()
            .filter(|it| it.severity == severity);
        found.map(Fault::from).collect()
    };
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    let document = report.documents.into_iter().next().map(|it| it.document);
    if document.is_some() {
        draft.seen.clone_from(&draft.text);
    }
    let changes = match (&document, first(&draft.base)) {
        (Some(document), Some(base)) => diff_documents(&base, document),
        _ => Vec::new(),
    };
    let look = Look {
        document,
        errors,
        warnings,
        changes,
        impact: None,
    };
    Ok((draft, look))
}

fn page(viewer: &Viewer, name: &str, draft: &Draft, look: &Look, said: Markup) -> Response {
    let tool = url::to(&format!("/tools/{}", url::encoded(name)));
    let query = Query::default().with("version", &draft.version);
    let field = Field {
        label: "Definition",
        name: "text",
        help: "In YAML. The form edits the same definition; what it changes is written here when it is checked.",
        error: None,
        required: true,
    };
    let body = html! {
        (said)
        form #editor method="post" action={ (tool) "/edit" } novalidate {
            input type="hidden" name="version" value=(draft.version);
            textarea hidden name="base" aria-hidden="true" { "\n" (draft.base) }
            div.editor {
                div {
                    (field.area(&draft.text, 36))
                    div #findings aria-live="polite" { (found(look, &draft.text)) }
                }
                div #controls {
                    textarea hidden name="seen" aria-hidden="true" { "\n" (draft.seen) }
                    @match &look.document {
                        Some(document) => (controls::show(document, |base| is_changed(look, base))),
                        None => p.help { "The form is back when the text can be read." },
                    }
                }
            }
            div #changes { (differences(look)) }
            (kit::reason(&draft.reason))
            (kit::buttons(html! {
                button.main type="submit" name="act" value="save" { "Save" }
                button type="submit" name="act" value="check" { "Check" }
                button type="submit" name="act" value="impact" { "What would be answered otherwise?" }
                a.button href={ (tool) (query.as_str()) } { "Leave it as it is" }
            }))
        }
    };
    viewer.page(Place::Tools, &format!("Edit {name}"), body)
}

/// Whether something below that place differs.
fn is_changed(look: &Look, base: &str) -> bool {
    let below = |it: &Change| {
        it.field
            .strip_prefix(base)
            .is_some_and(|rest| rest.starts_with('.') || rest.is_empty())
    };
    look.changes.iter().any(below)
}

/// What is wrong with the text, and where.
fn found(look: &Look, text: &str) -> Markup {
    html! {
        (marked(&look.errors, text))
        @if look.errors.is_empty() { (findings(&look.warnings)) }
    }
}

/// Errors, and the text with their lines marked.
fn marked(errors: &[Fault], text: &str) -> Markup {
    let lines: Vec<u32> = errors.iter().filter_map(|it| it.line).collect();
    html! {
        @if !errors.is_empty() {
            (faults(errors))
            details.more open { summary { "Where" } (kit::numbered(text, &lines)) }
        }
    }
}

/// What is different from what is stored, and what follows from it.
fn differences(look: &Look) -> Markup {
    html! {
        @if !look.changes.is_empty() {
            (kit::section("What you change", changes(
                look.changes.iter().map(|it| (it.field.as_str(), &it.old, &it.new)),
            )))
        }
        @if let Some(impact) = &look.impact {
            (kit::section("What would be answered otherwise", answers(impact)))
        }
    }
}

fn answers(impact: &Impacts) -> Markup {
    let nothing = "no tool";
    html! {
        @match (impact.selections, impact.changed.len()) {
            (0, _) => p { "No selection was recorded in the last " (Watch::DAYS) " days." },
            (n, 0) => p { "None of the " (kit::counted(n, "request")) " recorded in the last " (Watch::DAYS) " days." },
            (n, changed) => p { (changed) " of the " (kit::counted(n, "request")) " recorded in the last " (Watch::DAYS) " days:" },
        }
        ul.plain-list {
            @for it in &impact.changed {
                li { strong { (shown(&it.request)) } ": "
                    (shown(it.before.as_deref().unwrap_or(nothing))) " → "
                    (shown(it.after.as_deref().unwrap_or(nothing))) }
            }
        }
    }
}

/// What is to be done with a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Save,
    /// Only look at it.
    Check,
    /// Look at what would be answered otherwise as well.
    Impact,
}

/// Reads what a browser sends.
fn sent(pairs: Vec<(String, String)>) -> Result<(Draft, Act), Problem> {
    let mut draft = Draft::default();
    let mut act = Act::Save;
    for (name, value) in pairs {
        match name.as_str() {
            "text" => draft.text = lines(&value),
            "base" => draft.base = lines(&value),
            "seen" => draft.seen = lines(&value),
            "version" => draft.version = value,
            "reason" => draft.reason = value,
            "act" => {
                act = match value.as_str() {
                    "save" => Act::Save,
                    "check" => Act::Check,
                    "impact" => Act::Impact,
                    _ => return Err(unknown("what to do", &value)),
                }
            }
            // Of the values of one name the last counts, so that a box can be unchecked.
            pointer if pointer.starts_with('/') => {
                draft.controls.insert(name, value);
            }
            _ => return Err(unknown("the field", &name)),
        }
    }
    Ok((draft, act))
}

fn unknown(what: &str, name: &str) -> Problem {
    Problem::new(Name::Invalid, format!("{what} `{name}` is not known here"))
}

/// Checks what was edited, or saves it.
pub async fn save(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Named(name): Named,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (draft, act) = sent(pairs)?;
    let tool = reference(&name, None, Some(&draft.version))?;
    let (draft, mut look) = blocking(move || look(draft)).await??;
    if act == Act::Check || (act == Act::Impact && !look.errors.is_empty()) {
        return Ok(page(&viewer, &name, &draft, &look, html! {}));
    }
    let caller = viewer.caller(given(&draft.reason), act == Act::Impact);
    let watch = (act == Act::Impact).then(Watch::recent);
    let (text, base) = (draft.text.clone(), draft.base.clone());
    let work = move |it: &mut Connection| Ok(attempt(it, &caller, &tool, &text, &base, watch));
    match app.pool.run(work).await? {
        Ok(edited) if act == Act::Impact => {
            look.impact = edited.impact;
            Ok(page(&viewer, &name, &draft, &look, html! {}))
        }
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
        Err(failed) => again(&viewer, &name, draft, *failed).await,
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
    watch: Option<Watch>,
) -> Result<edit::Edited, Box<Failed>> {
    let shown = shows::run(connection, tool, None)?;
    let edited = edit::read(TEXT, text, Some(Format::Yaml))?;
    let base = edit::read("what the edit began from", base, Some(Format::Yaml))?;
    let request = edit::Request {
        tool: Handle::from(&shown.stored),
        base: Base::Definition(base.clone()),
        edited: edited.clone(),
        watch,
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
async fn again(
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
    if let Some((both, theirs)) = &merged {
        draft.text = yaml(both)?;
        draft.base = yaml(theirs)?;
    }
    let (draft, look) = blocking(move || look(draft)).await??;
    let said = match merged {
        Some(_) => conflict(&problem.overlaps),
        // The findings beside the text say it.
        None if !look.errors.is_empty() => html! {},
        None => invalid(&problem, &draft.text),
    };
    let mut response = page(viewer, name, &draft, &look, said);
    *response.status_mut() = problem.status();
    response.extensions_mut().insert(problem);
    response.extensions_mut().insert(Worded);
    Ok(response)
}

/// What is wrong with a text, and the text with its lines marked.
pub fn invalid(problem: &Problem, text: &str) -> Markup {
    html! {
        @if problem.errors.is_empty() {
            div.problem role="alert" { p { (shown(&problem.detail)) } }
        } @else { (marked(&problem.errors, text)) }
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
