//! Definitions in and out: created, replaced, validated, imported, exported.

use std::sync::Arc;

use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::app::{App, Asker};
use super::extract::{
    Answer, JsonBody, Named, Params, body, encoded, media_type, object, tool, wrong_type,
};
use super::problem::{Fault, Name, Problem};
use super::tools::{self, ToolView, Which};
use super::writes::{FilterBody, reason, seen};
use crate::definition::ToolRef;
use crate::format::{Format, Source};
use crate::operations::edit::{self, Base, Watch};
use crate::operations::export::{self, OnePer};
use crate::operations::import::{self, Impacts};
use crate::operations::validate as validation;
use crate::operations::{Caller, Kind, Refusal, Remedy, Seen, Silent, show};
use crate::store::Connection;
use crate::store::import::OnConflict;
use crate::store::tools::{Filter, Handle};
use crate::validate::{Report, Severity};

/// The name that findings give a text that came as a body.
const BODY: &str = "body";

/// What is read as a definition.
const TYPES: &str = "application/json or application/yaml";

/// The format of a body.
///
/// # Errors
/// 415 if it is not a format of definitions.
fn format_of(headers: &HeaderMap) -> Result<Format, Problem> {
    let kind = media_type(headers);
    match kind.as_str() {
        "application/json" => Ok(Format::Json),
        "application/yaml" | "application/x-yaml" | "text/yaml" => Ok(Format::Yaml),
        _ => Err(wrong_type(&kind, TYPES)),
    }
}

/// What an edit did.
#[derive(Debug, Serialize, ToSchema)]
pub struct EditedView {
    /// What was done: `updated`.
    action: String,
    /// The version.
    tool: String,
    /// The fields that changed, with their old and new values.
    #[schema(value_type = Vec<Object>)]
    changes: Value,
    /// What was asked in the last 7 days and would be answered otherwise, where `impact` asked for it: how many
    /// different requests were looked at, and those with another answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    impact: Option<Impacts>,
    /// The revision of the catalog afterwards; of a dry run, the present one.
    revision: i64,
    /// Whether nothing of it was kept.
    dry_run: bool,
}

/// Which tool is to be replaced, and how.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Replacing {
    /// The platform, where the name alone can mean several tools.
    platform: Option<String>,
    /// The version, if it is not the one in use.
    version: Option<String>,
    /// Do all but keep it, and answer what would change.
    dry_run: bool,
    /// Tell which recorded selections are answered otherwise.
    impact: bool,
    /// Why, for the audit log; the header Toolcat-Reason says it as well.
    reason: Option<String>,
}

/// Replace the definition of a tool
///
/// If-Match names the state that the edit began from. What others changed since then stays, as long as it is
/// other fields; if it is the same, the answer is 412 with each of them.
#[utoipa::path(put, path = "/tools/{name}", tag = "tools",
    params(("name" = String, Path, description = "NAME or PLATFORM%2FNAME"), Replacing,
        ("If-Match" = String, Header, description = "The ETag of the tool, or *"),
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    request_body(content((Object = "application/json"), (Value = "application/yaml")), description = "The definition"),
    responses(
        (status = 200, body = EditedView),
        (status = 412, body = Problem, content_type = "application/problem+json", description = "Others changed the same fields"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "The definition is not valid"),
    ))]
pub async fn replace(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(name): Named,
    Params(replacing): Params<Replacing>,
    headers: HeaderMap,
    request: Request,
) -> Result<Answer<EditedView>, Problem> {
    let reference = tool(
        &name,
        replacing.platform.as_deref(),
        replacing.version.as_deref(),
    )?;
    let format = format_of(&headers)?;
    let seen = seen(&reference, &headers)?;
    let caller = asker.caller(reason(replacing.reason, &headers)?, replacing.dry_run);
    let watch = replacing.impact.then(Watch::recent);
    let text = body(request, &()).await?;
    let work = move |connection: &mut Connection| {
        let read = (text.to_vec(), format);
        put(connection, &caller, &reference, seen, read, watch)
    };
    let edited = app.pool.run(work).await?;
    app.following.settle(edited.revision).await;
    let changes = serde_json::to_value(&edited.changes);
    Ok(Answer(EditedView {
        action: "updated".to_owned(),
        tool: edited.tool,
        changes: changes.map_err(|error| Problem::internal(error.to_string()))?,
        impact: edited.impact,
        revision: edited.revision,
        dry_run: edited.dry_run,
    }))
}

fn put(
    connection: &mut Connection,
    caller: &Caller,
    reference: &ToolRef,
    mut seen: Seen,
    (text, format): (Vec<u8>, Format),
    watch: Option<Watch>,
) -> Result<edit::Edited, Refusal> {
    let shown = show::run(connection, reference, None)?;
    let edited = edit::read(BODY, text, Some(format))?;
    let state = seen.states.swap_remove(0);
    let base = match state.as_str() {
        Seen::ANY_STATE => Base::Definition(shown.document),
        _ => Base::Etag(state),
    };
    let request = edit::Request {
        tool: Handle::from(&shown.stored),
        base,
        edited,
        watch,
    };
    edit::run(connection, caller, &request).map_err(|refusal| match refusal.kind {
        Kind::Overtaken => refusal.remedy(Remedy::ReadAgain),
        _ => refusal,
    })
}

/// How definitions are imported.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Importing {
    /// What becomes of a definition that differs under a version that the catalog has: fail, skip, update or
    /// bump.
    #[param(inline)]
    on_conflict: Policy,
    /// Whether what is invalid or in conflict is left out, rather than everything.
    keep_going: bool,
    /// Do all but keep it, and answer what would change.
    dry_run: bool,
    /// Why, for the audit log; the header Toolcat-Reason says it as well.
    reason: Option<String>,
}

/// What becomes of a definition that differs under a version that the catalog has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Nothing is imported.
    #[default]
    Fail,
    /// The catalog keeps what it has.
    Skip,
    /// The version is changed in place.
    Update,
    /// The definition becomes the next version.
    Bump,
}

impl From<Policy> for OnConflict {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Fail => OnConflict::Fail,
            Policy::Skip => OnConflict::Skip,
            Policy::Update => OnConflict::Update,
            Policy::Bump => OnConflict::Bump,
        }
    }
}

/// What an import did, in numbers and step by step.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedView {
    /// Definitions that were not in the catalog.
    pub created: usize,
    /// Versions that were changed in place.
    updated: usize,
    /// Definitions that became the next version.
    bumped: usize,
    /// Definitions that the catalog has as they are.
    unchanged: usize,
    /// Definitions that differ, and that the catalog keeps as it has them.
    skipped: usize,
    /// The revision of the catalog afterwards; of a dry run, the present one.
    pub revision: i64,
    /// Whether nothing of it was kept.
    dry_run: bool,
    /// What differs, in the order of the definitions.
    #[schema(value_type = Vec<Object>)]
    steps: Value,
    /// What was left out, and why.
    #[schema(value_type = Vec<Object>)]
    refused: Value,
}

/// Reads, validates and imports a text.
pub fn bring_in(
    connection: &mut Connection,
    caller: &Caller,
    text: Vec<u8>,
    format: Option<Format>,
    importing: (OnConflict, bool),
) -> Result<ImportedView, Refusal> {
    let definitions = import::texts(vec![Source::new(BODY, text)], format)?;
    let (on_conflict, keep_going) = importing;
    let request = import::Request {
        on_conflict,
        keep_going,
        ..import::Request::default()
    };
    let imported = import::run(connection, caller, &definitions, &request, &Silent)?;
    let imported = imported.accepted(&definitions)?;
    let shown = |value: Result<Value, serde_json::Error>| value.unwrap_or_default();
    let summary = &imported.summary;
    Ok(ImportedView {
        created: summary.created,
        updated: summary.updated,
        bumped: summary.bumped,
        unchanged: summary.unchanged,
        skipped: summary.skipped,
        revision: summary.revision,
        dry_run: summary.dry_run,
        steps: shown(serde_json::to_value(imported.plan(&definitions).steps)),
        refused: shown(serde_json::to_value(&imported.refused)),
    })
}

/// How a tool is created.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Creating {
    /// Do all but keep it, and answer what would change.
    dry_run: bool,
    /// Why, for the audit log; the header Toolcat-Reason says it as well.
    reason: Option<String>,
}

/// Create a tool, or a version of one, from its definition
///
/// One that the catalog has as it is stays so; another content under the same version is 409.
#[utoipa::path(post, path = "/tools", tag = "tools",
    params(Creating, ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    request_body(content((Object = "application/json"), (Value = "application/yaml")), description = "The definition"),
    responses(
        (status = 200, body = ImportedView, description = "It is there already, or it was a dry run"),
        (status = 201, body = ImportedView, headers(("Location" = String, description = "Where the tool is"))),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "The definition is not valid"),
    ))]
pub async fn create(
    State(app): State<Arc<App>>,
    asker: Asker,
    uri: OriginalUri,
    Params(creating): Params<Creating>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let format = format_of(&headers)?;
    let dry_run = creating.dry_run;
    let caller = asker.caller(reason(creating.reason, &headers)?, dry_run);
    let text = body(request, &()).await?;
    let work = move |connection: &mut Connection| {
        // One definition that is complete, whatever else an import would take.
        let document = edit::read(BODY, text.to_vec(), Some(format))?;
        let location = document.identity().map(|it| it.to_string());
        let fail = (OnConflict::Fail, false);
        let made = bring_in(connection, &caller, text.to_vec(), Some(format), fail)?;
        Ok((made, location))
    };
    let (made, location) = app.pool.run(work).await?;
    app.following.settle(made.revision).await;
    if made.created == 0 || dry_run {
        return Ok(Answer(made).into_response());
    }
    let address = location.unwrap_or_default();
    let place = format!("{}/{}", uri.0.path(), encoded(&address));
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, place)],
        Answer(made),
    )
        .into_response())
}

/// Import definitions, all or nothing
///
/// YAML documents, a JSON document or lines of JSON, up to 16 MiB.
#[utoipa::path(post, path = "/tools/import", tag = "tools",
    params(Importing, ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    request_body(content((Value = "application/yaml"), (Value = "application/json"), (String = "application/jsonl")), description = "The definitions"),
    responses(
        (status = 200, body = ImportedView),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A definition is not valid"),
    ))]
pub async fn bring(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(importing): Params<Importing>,
    headers: HeaderMap,
    request: Request,
) -> Result<Answer<ImportedView>, Problem> {
    let format = match media_type(&headers).as_str() {
        "application/jsonl" | "application/x-ndjson" => Format::Jsonl,
        _ => format_of(&headers)?,
    };
    let caller = asker.caller(reason(importing.reason, &headers)?, importing.dry_run);
    let how = (importing.on_conflict.into(), importing.keep_going);
    let text = body(request, &()).await?.to_vec();
    let work =
        move |connection: &mut Connection| bring_in(connection, &caller, text, Some(format), how);
    let imported = app.pool.run(work).await?;
    app.following.settle(imported.revision).await;
    Ok(Answer(imported))
}

/// What validation finds.
#[derive(Debug, Serialize, ToSchema)]
pub struct Validation {
    /// Whether there is no error.
    ok: bool,
    /// What keeps the definition from being used.
    errors: Vec<Fault>,
    /// What may be meant otherwise.
    warnings: Vec<Fault>,
}

impl From<&Report> for Validation {
    fn from(report: &Report) -> Self {
        let of = |is_error: bool| {
            let found = report.diagnostics.iter();
            let found = found.filter(|it| (it.severity == Severity::Error) == is_error);
            found.map(Fault::from).collect()
        };
        let errors: Vec<Fault> = of(true);
        Self {
            ok: errors.is_empty(),
            errors,
            warnings: of(false),
        }
    }
}

/// Validate a definition for a tool, without keeping it
///
/// With a body, the definition in it; without one, the definition that the catalog has.
#[utoipa::path(post, path = "/tools/{name}/validate", tag = "tools",
    params(("name" = String, Path, description = "NAME or PLATFORM%2FNAME"), Which),
    request_body(content((Value = "application/json"), (Value = "application/yaml")), description = "The definition"),
    responses(
        (status = 200, body = Validation),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn validate(
    State(app): State<Arc<App>>,
    Named(name): Named,
    Params(which): Params<Which>,
    headers: HeaderMap,
    request: Request,
) -> Result<Answer<Validation>, Problem> {
    let reference = tool(&name, which.platform.as_deref(), which.version.as_deref())?;
    let text = body(request, &()).await?;
    if !text.is_empty() {
        let format = format_of(&headers)?;
        let report = super::blocking(move || validation::text(BODY, text.to_vec(), Some(format)));
        return Ok(Answer(Validation::from(&report.await?)));
    }
    let read = app.pool.read(move |it| show::run(it, &reference, None));
    let text = read.await?.document.to_value().to_string();
    let report = super::blocking(move || validation::text(BODY, text, Some(Format::Json)));
    Ok(Answer(Validation::from(&report.await?)))
}

/// Which definitions are exported, and how.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Exporting {
    /// The tools by name: [PLATFORM/]NAME[@VERSION]; all if none is named.
    tools: Vec<String>,
    /// What must hold of them.
    #[serde(deserialize_with = "object")]
    filter: FilterBody,
    /// Older versions as well as those in use.
    all_versions: bool,
    /// yaml, json, jsonl, profile, mcp, openai or anthropic; yaml if nothing is said.
    format: Option<String>,
}

/// Export definitions
#[utoipa::path(post, path = "/tools/export", tag = "tools", request_body = Exporting, responses(
    (status = 200, description = "The definitions", content((Value = "application/yaml"), (Value = "application/json"), (String = "application/jsonl"))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn take_out(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<Exporting>,
) -> Result<Response, Problem> {
    let wrong = |text: String| Problem::new(Name::Invalid, text);
    let format: Format = match &body.format {
        None => Format::Yaml,
        Some(name) => name
            .parse()
            .map_err(|error| wrong(format!("format: {error}")))?,
    };
    let tools = body.tools.iter().map(|it| it.parse::<ToolRef>());
    let tools = tools.collect::<Result<Vec<_>, _>>();
    let filter = Filter {
        tools: tools.map_err(|error| wrong(format!("tools: {error}")))?,
        all_versions: body.all_versions,
        ..body.filter.filter()
    };
    let read = app.pool.read(move |connection| {
        let mut text = String::new();
        export::run(connection, &filter, None, |export| {
            export.text(format, OnePer::Tool, |part| {
                text.push_str(part);
                Ok::<_, Refusal>(())
            })
        })?;
        Ok::<_, Refusal>(text)
    });
    let text = read.await?;
    let kind = match format {
        Format::Yaml | Format::Profile => "application/yaml",
        Format::Jsonl => "application/jsonl",
        _ => "application/json",
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Show the tool of the name `import`
#[utoipa::path(get, path = "/tools/import", tag = "tools", params(Which), responses(
    (status = 200, body = ToolView),
    (status = 304, description = "It is as If-None-Match says"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 406, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub async fn show_import(
    app: State<Arc<App>>,
    which: Params<Which>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    tools::show(app, Named("import".to_owned()), which, headers).await
}

/// Show the tool of the name `export`
#[utoipa::path(get, path = "/tools/export", tag = "tools", params(Which), responses(
    (status = 200, body = ToolView),
    (status = 304, description = "It is as If-None-Match says"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 406, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub async fn show_export(
    app: State<Arc<App>>,
    which: Params<Which>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    tools::show(app, Named("export".to_owned()), which, headers).await
}
