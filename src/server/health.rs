//! Whether the server lives, and whether it can answer.

use axum::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::Catalogs;
use super::extract::Answer;
use super::problem::{Name, Problem};
use crate::store::tools;

/// How the server is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
    /// Revision of the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
}

/// Say that the process lives; asks nothing of the database.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = Health)))]
pub async fn live() -> Answer<Health> {
    Answer(Health {
        status: "ok",
        revision: None,
    })
}

/// Say whether requests can be answered.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = 200, body = Health),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "About to end, or without a database"),
))]
pub async fn ready(Extension(catalogs): Extension<Catalogs>) -> Response {
    let app = catalogs.default();
    if !app.shared.is_open() {
        return Problem::new(Name::Unavailable, "the server is about to end").into_response();
    }
    let mut revision = None;
    for it in catalogs.0.iter() {
        let read = it
            .pool
            .read(|connection| Ok(connection.read(tools::revision)?));
        match read.await {
            Ok(found) => revision = revision.or(Some(found)),
            Err(problem) => return problem.into_response(),
        }
    }
    let status = "ok";
    (StatusCode::OK, Answer(Health { status, revision })).into_response()
}
