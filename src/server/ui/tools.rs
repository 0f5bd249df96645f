//! The tools: found, filtered, listed page by page.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::form::given;
use super::frame::{Place, Viewer};
use super::kit::{self, Column, Field, Tone, shown};
use super::url::{self, Query};
use crate::definition::Identity;
use crate::operations::access::Deed;
use crate::operations::list::{self, Cursor, Listing};
use crate::operations::search::{self, Hit};
use crate::operations::{Page, Refusal};
use crate::server::app::App;
use crate::server::extract::Params;
use crate::server::problem::{Name, Problem};
use crate::store::Connection;
use crate::store::tools::Filter;

/// How many tools are listed at once.
const ROWS: u32 = 50;

/// Which tools are listed, as the URL says it: an empty field says nothing.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    pub q: String,
    pub platform: String,
    pub category: String,
    pub capability: String,
    pub status: String,
    pub enabled: String,
    pub owner: String,
    pub tag: String,
    #[serde(skip_serializing)]
    pub cursor: Option<String>,
    #[serde(skip_serializing)]
    pub from: Option<u64>,
}

impl Which {
    /// The fields of the filter with their names.
    pub fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("platform", &self.platform),
            ("category", &self.category),
            ("capability", &self.capability),
            ("status", &self.status),
            ("enabled", &self.enabled),
            ("owner", &self.owner),
            ("tag", &self.tag),
        ]
    }

    /// The same as the store takes it.
    ///
    /// # Errors
    /// 400 if it says of being switched on neither yes nor no.
    pub fn filter(&self) -> Result<Filter, Problem> {
        let one = |text: &str| given(text).into_iter().collect::<Vec<_>>();
        let enabled = match self.enabled.as_str() {
            "" => None,
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                let detail = "enabled must be true or false";
                return Err(Problem::new(Name::Parameter, detail));
            }
        };
        Ok(Filter {
            platforms: one(&self.platform),
            categories: one(&self.category),
            capabilities: one(&self.capability),
            statuses: one(&self.status),
            owners: one(&self.owner),
            tags: one(&self.tag),
            enabled,
            ..Filter::default()
        })
    }

    /// The query that says the same, from the first page on.
    pub fn query(&self) -> Query {
        let start = Query::default().with_some("q", Some(&self.q));
        self.fields()
            .into_iter()
            .fold(start, |query, (name, value)| {
                query.with_some(name, Some(value))
            })
    }
}

/// What is shown of a tool in the list.
struct Row {
    identity: Identity,
    status: String,
    enabled: bool,
    capabilities: Vec<String>,
    description: String,
    owner: Option<String>,
}

/// Lists them.
pub async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    let filter = which.filter()?;
    let (rows, total, next) = match given(&which.q) {
        Some(words) => found(&app, words, filter).await?,
        None => listed(&app, &which, filter).await?,
    };
    let body = html! {
        div.tools-of {
            p.soft { (kit::counted(usize::try_from(total).unwrap_or(usize::MAX), "tool")) }
            p { a.button.main href=(url::to("/new")) { "New tool" } }
        }
        (filters(&which))
        @if rows.is_empty() {
            (kit::empty("No tool is like that", html! {
                "Change the filters, " a href=(url::to("/tools")) { "show all tools" } " or "
                a href=(url::to("/new")) { "make a new one" } "."
            }))
        } @else {
            form method="post" action=(url::to("/bulk")) {
                @for (name, value) in which.fields() { input type="hidden" name=(name) value=(value); }
                (table(&rows))
                @let first = which.from.filter(|_| which.cursor.is_some()).unwrap_or(1);
                (kit::pager(&url::to("/tools"), &which.query(), first, rows.len(), total, next.as_deref()))
                (bulk(&viewer, &which, total))
            }
        }
    };
    Ok(viewer.page(Place::Tools, "Tools", body))
}

type Found = (Vec<Row>, u64, Option<String>);

async fn listed(app: &Arc<App>, which: &Which, filter: Filter) -> Result<Found, Problem> {
    let after = which
        .cursor
        .as_deref()
        .map(str::parse::<Cursor>)
        .transpose();
    let wrong = |_| Problem::new(Name::Parameter, "the cursor is not one of this list");
    let page = Page {
        limit: ROWS,
        after: after.map_err(wrong)?,
    };
    let work = move |it: &mut Connection| list::run(it, &filter, Some(&page));
    let Listing {
        tools, total, next, ..
    } = app.pool.read(work).await?;
    let rows = tools.into_iter().map(|it| Row {
        identity: Identity {
            platform: it.platform,
            name: it.tool,
            version: it.version,
        },
        status: it.status,
        enabled: it.enabled,
        capabilities: it.capabilities,
        description: it.description,
        owner: it.owner,
    });
    Ok((rows.collect(), total, next.map(|it| it.to_string())))
}

/// The best by words: one page, as what is far down the list is not what was meant.
async fn found(app: &Arc<App>, words: String, filter: Filter) -> Result<Found, Problem> {
    let limit = Some(ROWS as usize);
    let request = search::Request {
        words,
        filter,
        limit,
    };
    let encoding = app.pool.backend().encoding().clone();
    let work = move |it: &mut Connection| -> Result<Vec<Hit>, Refusal> {
        search::run(it, &request, &encoding)
    };
    let hits = app.pool.read(work).await?;
    let rows: Vec<Row> = hits
        .into_iter()
        .map(|it| Row {
            identity: Identity {
                platform: it.platform,
                name: it.tool,
                version: it.version,
            },
            status: it.status,
            enabled: it.enabled,
            capabilities: it.capabilities,
            description: it.description,
            owner: None,
        })
        .collect();
    let total = rows.len() as u64;
    Ok((rows, total, None))
}

fn filters(which: &Which) -> Markup {
    let field = |label, name| Field {
        label,
        name,
        help: "",
        error: None,
        required: true,
    };
    let line = |label, name, value: &str| {
        field(label, name)
            .with(|it| html! { input type="text" id=(it.id) name=(name) value=(value); })
    };
    const STATUSES: &[(&str, &str)] = &[
        ("", "any"),
        ("active", "active"),
        ("testing", "testing"),
        ("deprecated", "deprecated"),
        ("disabled", "disabled"),
    ];
    const SWITCH: &[(&str, &str)] = &[("", "on or off"), ("true", "on"), ("false", "off")];
    html! {
        form.filters method="get" action=(url::to("/tools")) role="search" {
            div.field.grow {
                label for="q" { "Search" }
                input type="search" id="q" name="q" value=(which.q) placeholder="What should be done? Press / to search";
            }
            (line("Platform", "platform", &which.platform))
            (line("Category", "category", &which.category))
            (line("Capability", "capability", &which.capability))
            (line("Owner", "owner", &which.owner))
            (line("Tag", "tag", &which.tag))
            (field("Status", "status").choice(&which.status, STATUSES))
            (field("Switched", "enabled").choice(&which.enabled, SWITCH))
            button.main type="submit" { "Filter" }
            @if !which.query().as_str().is_empty() { a.button href=(url::to("/tools")) { "Clear" } }
        }
    }
}

/// How a version stands.
pub fn standing(status: &str, enabled: bool) -> Markup {
    let tone = match status {
        "active" => Tone::Good,
        "testing" => Tone::Plain,
        _ => Tone::Warn,
    };
    html! {
        (kit::badge(tone, status))
        @if !enabled { " " (kit::badge(Tone::Bad, "off")) }
    }
}

fn table(rows: &[Row]) -> Markup {
    const COLUMNS: &[Column] = &[
        Column::Text("Select"),
        Column::Text("Tool"),
        Column::Text("Version"),
        Column::Text("State"),
        Column::Wide("What it is for"),
        Column::Text("Owner"),
    ];
    const MOST: usize = 4;
    let cells = rows.iter().map(|row| {
        let Identity { platform, name, version } = &row.identity;
        let address = row.identity.to_string();
        vec![
            html! { input type="checkbox" name="tool" value=(address) aria-label={ "Select " (shown(&address)) }; },
            kit::tool_link(platform, name),
            html! { (shown(version)) },
            standing(&row.status, row.enabled),
            html! {
                (shown(&row.description))
                div.help {
                    (shown(&row.capabilities.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ")))
                    @if row.capabilities.len() > MOST { " and " (row.capabilities.len() - MOST) " more" }
                }
            },
            html! { (shown(row.owner.as_deref().unwrap_or("–"))) },
        ]
    });
    kit::table("Tools", COLUMNS, cells.collect())
}

/// What can be done with many of them; the plan is shown first.
fn bulk(viewer: &Viewer, which: &Which, total: u64) -> Markup {
    let change = viewer.barred_from_all_change();
    let admin = viewer.barred(Deed::Administer);
    let by_words = !which.q.trim().is_empty();
    html! {
        fieldset.acts {
            legend { "Change several" }
            div {
                label { input type="radio" name="scope" value="rows" checked; " the selected rows" }
                @if !by_words {
                    br;
                    label { input type="radio" name="scope" value="all"; " all that match the filters (" (total) ")" }
                }
            }
            div.pair {
                (kit::reason(""))
                (Field { label: "New owner", name: "new_owner", help: "For `Give to owner`.", error: None, required: false }.text(""))
            }
            p.help { "You see what would change before anything is changed." }
            div.buttons {
                (act("Enable", "enable", "", change.as_deref()))
                (act("Disable", "disable", "", change.as_deref()))
                (act("Activate", "activate", "", change.as_deref()))
                (act("Deprecate", "deprecate", "", change.as_deref()))
                (act("Give to owner", "chown", "", change.as_deref()))
                (act("Delete", "delete", "grave", admin.as_deref()))
            }
        }
    }
}

/// A button that says by its value what is done; where it must not, it is there with the reason.
pub fn act(label: &str, action: &str, class: &str, barred: Option<&str>) -> Markup {
    html! {
        @match barred {
            None => button class=(class) type="submit" name="action" value=(action) { (label) },
            Some(why) => span.barred {
                button class=(class) type="submit" disabled { (label) }
                span.why { (shown(why)) }
            }
        }
    }
}
