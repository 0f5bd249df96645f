//! Whether the server lives, and whether it can answer.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
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
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    if !app.shared.is_open() {
        return Problem::new(Name::Unavailable, "the server is about to end").into_response();
    }
    let read = app
        .pool
        .read(|connection| Ok(connection.read(tools::revision)?));
    match read.await {
        Ok(revision) => (
            StatusCode::OK,
            Answer(Health {
                status: "ok",
                revision: Some(revision),
            }),
        )
            .into_response(),
        Err(problem) => problem.into_response(),
    }
}
