//! Changes of tools: switched on and off, deleted, many at once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::{App, Asker};
use super::extract::{Answer, JsonBody, Named, Params, object, tool};
use super::problem::{Name, Problem};
use super::tools::YAML_MARK;
use crate::definition::{Status, ToolRef};
use crate::operations::address::Selection;
use crate::operations::{Caller, Changed, Refusal, Seen, delete, mark};
use crate::store::Connection;
use crate::store::lifecycle::Mark;
use crate::store::tools::Filter;

/// The header that says why something is changed.
const REASON: HeaderName = HeaderName::from_static("toolcat-reason");

/// The longest reason, in characters.
const LONGEST_REASON: usize = 2000;

/// Which tool is to be changed, and how.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Changing {
    /// The platform, where the name alone can mean several tools.
    pub platform: Option<String>,
    /// The version, if it is not the one in use.
    pub version: Option<String>,
    /// Do all but keep it, and answer what would change.
    #[serde(default)]
    pub dry_run: bool,
    /// Why, for the audit log; the header Toolcat-Reason says it as well.
    pub reason: Option<String>,
}

/// What a change did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedView {
    /// What was done, as the audit log calls it.
    pub action: String,
    /// The versions that were changed.
    pub changed: Vec<String>,
    /// The versions that were so already.
    pub unchanged: Vec<String>,
    /// The revision of the catalog afterwards; of a dry run, the present one.
    pub revision: i64,
    /// Whether nothing of it was kept.
    pub dry_run: bool,
}

impl From<Changed> for ChangedView {
    fn from(changed: Changed) -> Self {
        Self {
            action: changed.action.to_owned(),
            changed: changed.changed,
            unchanged: changed.unchanged,
            revision: changed.revision,
            dry_run: changed.dry_run,
        }
    }
}

/// Why something is changed, by the parameter or the header.
///
/// # Errors
/// 400 if the header is not text, or the reason is too long.
pub fn reason(given: Option<String>, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong = |detail: &str| Problem::new(Name::Parameter, detail);
    let reason = match (given, headers.get(&REASON)) {
        (Some(given), _) => Some(given),
        (None, None) => None,
        (None, Some(value)) => {
            let text = std::str::from_utf8(value.as_bytes());
            Some(
                text.map_err(|_| wrong("Toolcat-Reason is not UTF-8"))?
                    .to_owned(),
            )
        }
    };
    match &reason {
        Some(text) if text.chars().count() > LONGEST_REASON => {
            Err(wrong("a reason has at most 2,000 characters"))
        }
        _ => Ok(reason),
    }
}

/// The states of a tool that `If-Match` names.
///
/// # Errors
/// 428 if it names none.
pub fn seen(tool: &ToolRef, headers: &HeaderMap) -> Result<Seen, Problem> {
    let given: Vec<&str> = (headers.get_all(header::IF_MATCH).iter())
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .map(|it| it.trim().trim_matches('"'))
        .map(|it| it.strip_suffix(YAML_MARK).unwrap_or(it))
        .filter(|it| !it.is_empty())
        .collect();
    if given.is_empty() {
        let detail = "If-Match must name the state of the tool that the change is meant for";
        return Err(Problem::new(Name::PreconditionMissing, detail)
            .hint("send the ETag of a GET of the tool; `If-Match: *` changes it in any state"));
    }
    Ok(Seen {
        tool: tool.clone(),
        states: given.into_iter().map(str::to_owned).collect(),
    })
}

impl Changing {
    /// The tool and the caller of a change of one tool.
    fn settle(
        self,
        name: &str,
        asker: &Asker,
        headers: &HeaderMap,
    ) -> Result<(ToolRef, Caller), Problem> {
        let tool = tool(name, self.platform.as_deref(), self.version.as_deref())?;
        let reason = reason(self.reason, headers)?;
        let caller = Caller {
            seen: Some(seen(&tool, headers)?),
            ..asker.caller(reason, self.dry_run)
        };
        Ok((tool, caller))
    }
}

/// Makes a change, and answers once it shows in memory.
async fn change(
    app: &App,
    work: impl FnOnce(&mut Connection) -> Result<Changed, Refusal> + Send + 'static,
) -> Result<Answer<ChangedView>, Problem> {
    let changed = app.pool.run(work).await?;
    app.following.settle(changed.revision).await;
    Ok(Answer(changed.into()))
}

async fn mark_one(
    app: &App,
    asker: &Asker,
    name: &str,
    changing: Changing,
    headers: &HeaderMap,
    mark: Mark,
) -> Result<Answer<ChangedView>, Problem> {
    let (tool, caller) = changing.settle(name, asker, headers)?;
    let request = mark::Request {
        selection: Selection {
            tools: Some(vec![tool]),
            ..Selection::default()
        },
        mark,
    };
    change(app, move |connection| {
        mark::run(connection, &caller, &request)
    })
    .await
}

/// Let a tool be selected again
#[utoipa::path(patch, path = "/tools/{name}/enable", tag = "tools",
    params(("name" = String, Path, description = "NAME or PLATFORM%2FNAME"), Changing,
        ("If-Match" = String, Header, description = "The ETag of the tool, or *"),
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses(
        (status = 200, body = ChangedView),
    ))]
pub async fn enable(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(name): Named,
    Params(changing): Params<Changing>,
    headers: HeaderMap,
) -> Result<Answer<ChangedView>, Problem> {
    mark_one(&app, &asker, &name, changing, &headers, Mark::Enable).await
}

/// Keep a tool from being selected
#[utoipa::path(patch, path = "/tools/{name}/disable", tag = "tools",
    params(("name" = String, Path, description = "NAME or PLATFORM%2FNAME"), Changing,
        ("If-Match" = String, Header, description = "The ETag of the tool, or *"),
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses(
        (status = 200, body = ChangedView),
    ))]
pub async fn disable(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(name): Named,
    Params(changing): Params<Changing>,
    headers: HeaderMap,
) -> Result<Answer<ChangedView>, Problem> {
    mark_one(&app, &asker, &name, changing, &headers, Mark::Disable).await
}

/// What goes with a tool that is deleted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Deleting {
    /// The platform, where the name alone can mean several tools.
    pub platform: Option<String>,
    /// Only this version; without it, every version goes.
    pub version: Option<String>,
    /// Whether telemetry and A/B tests go as well.
    #[serde(default)]
    pub purge: bool,
    /// Whether even a running A/B test goes; only with `purge`.
    #[serde(default)]
    pub force: bool,
    /// Do all but keep it, and answer what would change.
    #[serde(default)]
    pub dry_run: bool,
    /// Why, for the audit log; the header Toolcat-Reason says it as well.
    pub reason: Option<String>,
}

/// Delete a tool
///
/// If-Match names the state of the version in use, or of the version that is named.
#[utoipa::path(delete, path = "/tools/{name}", tag = "tools",
    params(("name" = String, Path, description = "NAME or PLATFORM%2FNAME"), Deleting,
        ("If-Match" = String, Header, description = "The ETag of the tool, or *"),
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses(
        (status = 200, body = ChangedView),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The name is ambiguous, or records are tied to the tool"),
    ))]
pub async fn remove(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(name): Named,
    Params(deleting): Params<Deleting>,
    headers: HeaderMap,
) -> Result<Answer<ChangedView>, Problem> {
    let (purge, force) = (deleting.purge, deleting.force);
    if force && !purge {
        return Err(Problem::new(Name::Parameter, "force goes with purge alone"));
    }
    let changing = Changing {
        platform: deleting.platform,
        version: deleting.version,
        dry_run: deleting.dry_run,
        reason: deleting.reason,
    };
    let (tool, caller) = changing.settle(&name, &asker, &headers)?;
    let selection = Selection {
        tools: Some(vec![tool]),
        ..Selection::default()
    };
    let work = move |connection: &mut Connection| {
        let tools = delete::selected(connection, &selection)?;
        let request = delete::Request {
            tools,
            purge,
            force,
        };
        delete::run(connection, &caller, &request)
    };
    change(&app, work).await
}

/// What is done with many tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Let them be selected again.
    Enable,
    /// Keep them from being selected.
    Disable,
    /// Put them into use that were in testing.
    Activate,
    /// Take them out of use.
    Deprecate,
    /// Give them to another owner.
    Chown,
    /// Delete them.
    Delete,
}

/// Which tools are meant. Values of one field are alternatives; different fields must all hold.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FilterBody {
    /// Platforms.
    platforms: Vec<String>,
    /// Categories.
    categories: Vec<String>,
    /// Statuses.
    statuses: Vec<String>,
    /// Tags, each of which a tool must have.
    tags: Vec<String>,
    /// Capabilities.
    capabilities: Vec<String>,
    /// Owners.
    owners: Vec<String>,
    /// Only tools that are switched on, or off.
    enabled: Option<bool>,
}

impl FilterBody {
    /// The same as the store takes it.
    pub fn filter(self) -> Filter {
        Filter {
            platforms: self.platforms,
            categories: self.categories,
            statuses: self.statuses,
            tags: self.tags,
            capabilities: self.capabilities,
            owners: self.owners,
            enabled: self.enabled,
            ..Filter::default()
        }
    }
}

/// A change of many tools at once, all or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "disable", "filter": {"tags": ["legacy"]}, "expect": 12, "reason": "replaced"}))]
pub struct ActionRequest {
    /// What is done.
    action: Action,
    /// The tools by name: [PLATFORM/]NAME[@VERSION].
    tools: Option<Vec<String>>,
    /// What must hold of them besides, or of all if none is named.
    #[serde(default, deserialize_with = "object")]
    filter: FilterBody,
    /// How many versions were agreed to; where it would be another number, nothing is changed.
    expect: usize,
    /// The new owner, for `chown`.
    owner: Option<String>,
    /// Whether telemetry and A/B tests go as well, for `delete`.
    #[serde(default)]
    purge: bool,
    /// Do all but keep it, and answer what would change.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit log.
    reason: Option<String>,
}

impl ActionRequest {
    fn selection(&mut self) -> Result<Selection, Problem> {
        let named = self.tools.take().map(|names| {
            let parsed = names.iter().map(|it| it.parse::<ToolRef>());
            parsed.collect::<Result<Vec<_>, _>>()
        });
        let tools = named
            .transpose()
            .map_err(|error| Problem::new(Name::Invalid, format!("tools: {error}")))?;
        let filter = std::mem::take(&mut self.filter);
        Ok(Selection {
            tools,
            filter: filter.filter(),
            all: false,
            expect: Some(self.expect),
        })
    }

    /// How the tools are marked; none if they are deleted.
    fn mark(&self) -> Result<Option<Mark>, Problem> {
        let wrong = |detail: &str| Problem::new(Name::Invalid, detail);
        if self.purge && self.action != Action::Delete {
            return Err(wrong("purge goes with delete alone"));
        }
        if self.owner.is_some() && self.action != Action::Chown {
            return Err(wrong("owner goes with chown alone"));
        }
        Ok(Some(match self.action {
            Action::Enable => Mark::Enable,
            Action::Disable => Mark::Disable,
            Action::Activate => Mark::Status(Status::Active),
            Action::Deprecate => Mark::Status(Status::Deprecated),
            Action::Chown => match &self.owner {
                Some(owner) => Mark::Owner(owner.clone()),
                None => return Err(wrong("chown needs an owner")),
            },
            Action::Delete => return Ok(None),
        }))
    }
}

/// Change many tools at once, all or none
///
/// `expect` is the number of versions that was agreed to: a dry run tells it.
#[utoipa::path(post, path = "/tools/actions", tag = "tools", request_body = ActionRequest, responses(
    (status = 200, body = ChangedView),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "Another number of tools than was agreed to, an ambiguous name, or records that are tied to a tool"),
))]
pub async fn actions(
    State(app): State<Arc<App>>,
    asker: Asker,
    headers: HeaderMap,
    JsonBody(mut body): JsonBody<ActionRequest>,
) -> Result<Answer<ChangedView>, Problem> {
    let mark = body.mark()?;
    let selection = body.selection()?;
    let reason = reason(body.reason.take(), &headers)?;
    let caller = asker.caller(reason, body.dry_run);
    let purge = body.purge;
    let work = move |connection: &mut Connection| {
        if let Some(mark) = mark {
            return mark::run(connection, &caller, &mark::Request { selection, mark });
        }
        let tools = selection.resolve(connection, false)?;
        let force = false;
        let request = delete::Request {
            tools,
            purge,
            force,
        };
        delete::run(connection, &caller, &request)
    };
    change(&app, work).await
}
