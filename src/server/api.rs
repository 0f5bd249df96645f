//! The routes, and the layers around them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::{App, Catalogs};
use super::auth::{Need, permit, sign_in, sign_in_by_name, unknown};
use super::finish::finish;
use super::guard::{Guard, guard, one_host};
use super::limit::limit;
use super::problem::Problem;
use super::{
    abtests, audit, capabilities, catalogs, changes, definitions, health, mcp, members, openapi,
    reference, select, telemetry, tools, ui, writes,
};

/// Where the paths of this version begin, for the default catalog.
const BASE: &str = "/api/v1";

/// Where the paths of a catalog begin.
pub fn path_of(catalog: &str) -> String {
    format!("{BASE}/catalogs/{catalog}")
}

/// The largest body of a request that is not an import, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// The largest body of an import, in bytes.
pub const LARGEST_IMPORT: usize = 16 << 20;

/// How long a request may take to be answered.
const LONGEST: Duration = Duration::from_secs(30);

/// Every path with its handlers, and what it is for.
pub fn routes() -> Routes {
    of_server().nest(BASE, of_catalog())
}

/// The paths of the server as a whole.
fn of_server() -> Routes {
    let listed = OpenApiRouter::new().routes(routes!(catalogs::list));
    OpenApiRouter::new()
        .routes(routes!(health::ready))
        .nest(BASE, listed)
}

/// The paths that each catalog has.
fn of_catalog() -> Routes {
    OpenApiRouter::new()
        .merge(needing(Need::View, reads()))
        .merge(needing(Need::Record, records()))
        .merge(needing(Need::Change, changes()))
        .merge(needing(Need::Administer, administration()))
}

/// The paths of the default catalog, for those who are known in it.
fn signed_in(app: &Arc<App>) -> Router {
    let (paths, _) = of_catalog().split_for_parts();
    paths
        .layer(from_fn_with_state(Arc::clone(app), sign_in))
        .with_state(Arc::clone(app))
}

/// The paths of a catalog by its name, for those who are known in it.
fn signed_in_by_name(app: &Arc<App>) -> Router {
    let (paths, _) = of_catalog().split_for_parts();
    paths
        .layer(from_fn_with_state(Arc::clone(app), sign_in_by_name))
        .with_state(Arc::clone(app))
}

type Routes = OpenApiRouter<Arc<App>>;

/// Routes for those alone who may use them.
fn needing(need: Need, routes: Routes) -> Routes {
    routes.layer(from_fn_with_state(need, permit))
}

fn reads() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(tools::list))
        .routes(routes!(definitions::validate))
        .routes(routes!(definitions::take_out, definitions::show_export))
        .routes(routes!(definitions::show_import))
        .routes(routes!(audit::list))
        .routes(routes!(abtests::list))
        .routes(routes!(abtests::plan))
        .routes(routes!(abtests::show))
        .routes(routes!(abtests::analysis))
        .routes(routes!(telemetry::analysis))
        .routes(routes!(members::me))
        .routes(routes!(members::list))
        .routes(routes!(members::teams))
        .routes(routes!(tools::show))
        .routes(routes!(tools::of_platform))
        .routes(routes!(tools::of_category))
        .routes(routes!(tools::versions))
        .routes(routes!(select::search))
        .routes(routes!(select::select))
        .routes(routes!(capabilities::list))
        .routes(routes!(capabilities::offers))
        .routes(routes!(changes::follow))
        .routes(routes!(openapi::show))
        .routes(routes!(reference::show))
        // Its messages are those of another specification.
        .route("/mcp", post(mcp::post))
}

fn records() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(telemetry::record))
        .routes(routes!(abtests::assign))
}

fn changes() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(definitions::create))
        .routes(routes!(definitions::replace))
        .merge(importing())
        .routes(routes!(writes::enable))
        .routes(routes!(writes::disable))
        .routes(routes!(writes::actions))
        .routes(routes!(abtests::create))
        .routes(routes!(abtests::change))
        .routes(routes!(abtests::conclude))
}

fn administration() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(writes::remove))
        .routes(routes!(members::set, members::remove))
        .routes(routes!(members::set_team, members::end_team))
        .routes(routes!(members::tokens, members::make_token))
        .routes(routes!(members::revoke))
}

fn importing() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(definitions::bring))
        .layer(DefaultBodyLimit::max(LARGEST_IMPORT))
}

/// The whole service.
pub fn router(catalogs: &Catalogs, rules: Guard) -> Router {
    let app = catalogs.default();
    let (router, _) = of_server().split_for_parts();
    let mut router = router
        .with_state(Arc::clone(app))
        .nest(BASE, signed_in(app));
    for it in catalogs.0.iter() {
        router = router.nest(&path_of(it.catalog()), signed_in_by_name(it));
    }
    let elsewhere = Router::new().route(&path_of("{catalog}/{*path}"), any(unknown));
    router = router.merge(elsewhere.with_state(Arc::clone(app)));
    let metrics = Arc::clone(&app.shared.metrics);
    let nosniff = HeaderValue::from_static("nosniff");
    router
        .merge(ui::router(app).with_state(Arc::clone(app)))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            LONGEST,
        ))
        .layer(Extension(catalogs.clone()))
        .layer(from_fn_with_state(Arc::clone(&app.shared.limit), limit))
        .layer(from_fn_with_state(rules, guard))
        .route("/health/live", get(health::live))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static("x-content-type-options"),
            nosniff,
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
        .layer(from_fn(one_host))
        .layer(from_fn(ui::dress))
        .layer(from_fn_with_state(metrics, finish))
}

/// What a panic becomes; where it happened is said on stderr.
fn panicked(reason: Box<dyn Any + Send>) -> Response {
    let text = match (
        reason.downcast_ref::<String>(),
        reason.downcast_ref::<&str>(),
    ) {
        (Some(text), _) => text.clone(),
        (None, Some(text)) => (*text).to_owned(),
        (None, None) => "no message".to_owned(),
    };
    Problem::internal(format!("a panic: {text}")).into_response()
}
