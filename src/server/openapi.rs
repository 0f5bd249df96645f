//! The description of the interface, made from the types that it reads and writes.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, PathItem, Ref, RefOr, Required, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;

use super::api;
use super::problem::Name;

/// What the description says beside the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "toolcat",
        description = "A catalog of tools that answers: which tool, used how, is best for this job, now?\n\n\
            Every error is `application/problem+json` (RFC 9457). Every write is idempotent: asked again, it \
            answers what is so already. Unknown parameters and fields are refused. Times are RFC 3339 in UTC.",
        license(name = "MIT OR Apache-2.0", url = "https://spdx.org/licenses/MIT.html"),
    ),
    servers((url = "/", description = "The server that shows this description")),
    tags(
        (name = "tools", description = "The tools of the catalog, their versions, and changes of them"),
        (name = "select", description = "The best tool for a job"),
        (name = "capabilities", description = "What the tools can do"),
        (name = "telemetry", description = "Executions, against the estimates"),
        (name = "abtests", description = "Two versions compared on real traffic"),
        (name = "access", description = "Who may do what: members, teams, tokens"),
        (name = "audit", description = "Who changed what, when and why"),
        (name = "changes", description = "What was changed, as it happens"),
        (name = "catalogs", description = "The catalogs of the server; the paths of each are below /api/v1/catalogs/NAME as well"),
        (name = "health", description = "Whether the server can answer"),
    )
)]
struct Interface;

/// What every path may answer besides: who asks is found out, and how often, before it is reached.
const EVERYWHERE: &[Name] = &[
    Name::Parameter,
    Name::NotSignedIn,
    Name::Forbidden,
    Name::Timeout,
    Name::Misdirected,
    Name::RateLimited,
    Name::Internal,
    Name::Unavailable,
];

/// What a path may answer besides where it takes a body.
const WITH_BODY: &[Name] = &[Name::TooLarge, Name::MediaType, Name::Invalid];

/// What a path may answer besides where it takes the state of a tool.
const WITH_STATE: &[Name] = &[
    Name::Conflict,
    Name::Precondition,
    Name::PreconditionMissing,
];

/// The problems that an operation may answer, beside those that it describes itself.
fn problems(path: &str, operation: &Operation) -> Vec<Name> {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let mut names = EVERYWHERE.to_vec();
    if path.contains('{') {
        names.push(Name::NotFound);
    }
    if operation.request_body.is_some() {
        names.extend(WITH_BODY);
    }
    if parameters.iter().any(is_if_match) {
        names.extend(WITH_STATE);
    }
    names
}

fn is_if_match(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(it) if it.name == "If-Match")
}

/// The description, in JSON as it is kept beside the sources.
pub fn openapi() -> String {
    let router = OpenApiRouter::with_openapi(Interface::openapi()).merge(api::routes());
    let (_, mut description) = router.split_for_parts();
    for (path, item) in &mut description.paths.paths {
        let PathItem {
            get,
            put,
            post,
            delete,
            patch,
            ..
        } = item;
        for (method, operation) in [
            ("get", get),
            ("put", put),
            ("post", post),
            ("delete", delete),
            ("patch", patch),
        ] {
            if let Some(operation) = operation {
                complete(path, method, operation);
            }
        }
    }
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = description.components.get_or_insert_default();
    components.add_security_scheme("token", scheme);
    let token = SecurityRequirement::new("token", Vec::<String>::new());
    description.security = Some(vec![token, SecurityRequirement::default()]);
    let mut text = description.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Names an operation by its path, adds what every path may answer, and a sentence if there is none.
fn complete(path: &str, method: &str, operation: &mut Operation) {
    let words = path.split(|it: char| !it.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|it| !it.is_empty()).collect();
    operation.operation_id = Some(format!("{method}_{}", words.join("_")));
    // Without a body, the definition that the catalog has is meant.
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && path.ends_with("/validate")
    {
        body.required = Some(Required::False);
    }
    let problems = problems(path, operation);
    let responses = &mut operation.responses;
    for name in problems {
        let status = name.facts().0.as_str().to_owned();
        let content = Content::new(Some(Ref::from_schema_name("ProblemDetails")));
        let problem = ResponseBuilder::new().content("application/problem+json", content);
        let problem = RefOr::T(problem.build());
        responses.responses.entry(status).or_insert(problem);
    }
    for (status, response) in &mut responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let status = status.parse().ok();
            let status = status.and_then(|it| StatusCode::from_u16(it).ok());
            let reason = status.and_then(|it| it.canonical_reason());
            reason
                .unwrap_or("Answer")
                .clone_into(&mut response.description);
        }
    }
}

/// The description of this interface (OpenAPI 3.1)
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses(
    (status = 200, description = "The description", body = Object),
))]
pub async fn show() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, openapi()).into_response()
}
