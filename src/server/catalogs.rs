//! `GET /catalogs`: the catalogs that the server has, as far as whoever asks may see them.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::api::path_of;
use super::app::{App, Catalogs};
use super::auth::{self, bearer};
use super::extract::{Answer, Nothing, Params};
use super::listen::Peer;
use super::problem::Problem;

/// A catalog that is served.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogView {
    /// Its name.
    catalog: String,
    /// Where the paths of its interface begin.
    path: String,
    /// Whether its paths are found at /api/v1 as well.
    default: bool,
}

/// The catalogs by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Served {
    /// Those that the token is known in; without one, those that ask for none.
    catalogs: Vec<CatalogView>,
}

/// List the catalogs of the server that whoever asks may see
///
/// Every path below /api/v1 is there for each catalog, below the `path` that is told here.
#[utoipa::path(get, path = "/catalogs", tag = "catalogs", responses((status = 200, body = Served)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(Catalogs(all)): Extension<Catalogs>,
    _: Params<Nothing>,
    peer: Option<Extension<ConnectInfo<Peer>>>,
    headers: HeaderMap,
) -> Result<Answer<Served>, Problem> {
    let token = bearer(&headers)?;
    let limit = &app.shared.limit;
    let key = limit.key(peer.map(|it| it.0.0), &headers);
    limit.may_sign_in(&key)?;
    let mut catalogs = Vec::new();
    let mut refused = None;
    for it in all.iter() {
        match auth::who(it, token.as_deref()).await {
            Ok(_) => catalogs.push(CatalogView {
                catalog: it.catalog().to_owned(),
                path: path_of(it.catalog()),
                default: it.catalog() == app.catalog(),
            }),
            Err(problem) if problem.status == 401 => refused = Some(problem),
            Err(problem) => return Err(problem),
        }
    }
    match refused {
        Some(problem) if catalogs.is_empty() => {
            if token.is_some() {
                limit.failed_sign_in(&key);
            }
            Err(problem)
        }
        _ => Ok(Answer(Served { catalogs })),
    }
}
