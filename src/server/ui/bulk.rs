//! Many tools changed at once: the plan first, then the same with the count that was agreed to.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{Form, given};
use super::frame::{Place, Viewer};
use super::kit::{self, shown};
use super::tools::Which;
use super::url;
use crate::definition::{Status, ToolRef};
use crate::operations::address::Selection;
use crate::operations::{Caller, Changed, Refusal, delete, mark};
use crate::server::app::App;
use crate::server::problem::{Name, Problem};
use crate::store::Connection;
use crate::store::lifecycle::Mark;

/// How many tools of a plan are named.
const NAMED: usize = 200;

/// What is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    action: String,
    #[serde(default)]
    tool: Vec<String>,
    scope: String,
    #[serde(default)]
    platform: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    capability: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    enabled: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    new_owner: String,
    #[serde(default)]
    reason: String,
    /// How many versions were agreed to; without it, the plan is shown.
    expect: Option<usize>,
}

/// What is done with the tools.
#[derive(Debug, Clone)]
enum Act {
    Mark(Mark),
    Delete,
}

impl Bulk {
    fn which(&self) -> Which {
        Which {
            platform: self.platform.clone(),
            category: self.category.clone(),
            capability: self.capability.clone(),
            status: self.status.clone(),
            enabled: self.enabled.clone(),
            owner: self.owner.clone(),
            tag: self.tag.clone(),
            ..Which::default()
        }
    }

    fn selection(&self) -> Result<Selection, Problem> {
        let wrong = |detail: String| Problem::new(Name::Invalid, detail);
        let all = match self.scope.as_str() {
            "all" => true,
            "rows" => false,
            other => return Err(wrong(format!("`{other}` says neither rows nor all"))),
        };
        if all {
            let filter = self.which().filter()?;
            return Ok(Selection {
                tools: None,
                filter,
                all: true,
                expect: self.expect,
            });
        }
        if self.tool.is_empty() {
            let problem = wrong("no row was selected; nothing was changed".to_owned());
            return Err(problem.hint("go back, and select rows or all that match"));
        }
        let tools = self.tool.iter().map(|it| it.parse::<ToolRef>());
        let tools = tools.collect::<Result<Vec<_>, _>>();
        Ok(Selection {
            tools: Some(tools.map_err(|error| wrong(error.to_string()))?),
            expect: self.expect,
            ..Selection::default()
        })
    }

    fn act(&self) -> Result<Act, Problem> {
        Ok(Act::Mark(match self.action.as_str() {
            "enable" => Mark::Enable,
            "disable" => Mark::Disable,
            "activate" => Mark::Status(Status::Active),
            "deprecate" => Mark::Status(Status::Deprecated),
            "chown" => Mark::Owner(self.new_owner.clone()),
            "delete" => return Ok(Act::Delete),
            other => {
                let detail = format!("`{other}` is not something to do with tools");
                return Err(Problem::new(Name::Invalid, detail));
            }
        }))
    }
}

/// Does it; of a dry run, all but keep it.
fn carry_out(
    connection: &mut Connection,
    caller: &Caller,
    selection: &Selection,
    act: &Act,
) -> Result<Changed, Refusal> {
    match act {
        Act::Mark(mark) => {
            let request = mark::Request {
                selection: selection.clone(),
                mark: mark.clone(),
            };
            mark::run(connection, caller, &request)
        }
        Act::Delete => {
            let tools = selection.resolve(connection, false)?;
            let request = delete::Request {
                tools,
                purge: false,
                force: false,
            };
            delete::run(connection, caller, &request)
        }
    }
}

/// Shows what would change, or changes it where that was agreed to.
pub async fn run(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Form(bulk): Form<Bulk>,
) -> Result<Response, Problem> {
    let (selection, act) = (bulk.selection()?, bulk.act()?);
    let agreed = bulk.expect.is_some();
    let caller = viewer.caller(given(&bulk.reason), !agreed);
    let work = move |it: &mut Connection| carry_out(it, &caller, &selection, &act);
    let changed = app.pool.run(work).await?;
    if !agreed {
        return Ok(viewer.page(Place::Tools, "What would change", plan(&bulk, &changed)));
    }
    app.following.settle(changed.revision).await;
    let what = kit::counted(changed.changed.len(), "tool");
    let said = format!("{what} {}.", changed.action.replace('_', " "));
    let back = format!("{}{}", url::to("/tools"), bulk.which().query().as_str());
    let revision = (!changed.changed.is_empty()).then_some(changed.revision);
    Ok(viewer.done(&back, said, revision))
}

fn plan(bulk: &Bulk, changed: &Changed) -> Markup {
    let total = changed.changed.len() + changed.unchanged.len();
    let what = changed.action.replace('_', " ");
    let names = |tools: &[String]| {
        html! {
            ul.plain-list {
                @for tool in tools.iter().take(NAMED) { li { code { (shown(tool)) } } }
                @if tools.len() > NAMED { li { "and " (kit::grouped(tools.len() - NAMED)) " more" } }
            }
        }
    };
    html! {
        p { strong { (kit::counted(changed.changed.len(), "tool")) } " would be " (what) "; "
            (kit::grouped(changed.unchanged.len())) " are so already. Nothing has been changed yet." }
        form method="post" action=(url::to("/bulk")) {
            @for (name, value) in bulk.which().fields() { input type="hidden" name=(name) value=(value); }
            @for tool in &bulk.tool { input type="hidden" name="tool" value=(tool); }
            input type="hidden" name="scope" value=(bulk.scope);
            input type="hidden" name="action" value=(bulk.action);
            input type="hidden" name="new_owner" value=(bulk.new_owner);
            input type="hidden" name="expect" value=(total);
            (kit::reason(&bulk.reason))
            div.buttons {
                @let none = changed.changed.is_empty().then_some("there is nothing to change");
                (kit::button(&format!("Change {}", kit::counted(changed.changed.len(), "tool")), "main", none))
                a.button href={ (url::to("/tools")) (bulk.which().query().as_str()) } { "Back to the list" }
            }
        }
        @if !changed.changed.is_empty() { (kit::section("Would change", names(&changed.changed))) }
        @if !changed.unchanged.is_empty() { (kit::section("So already", names(&changed.unchanged))) }
    }
}
