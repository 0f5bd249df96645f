//! The routes, and the layers around them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::auth::{Need, permit, sign_in};
use super::finish::finish;
use super::guard::{Guard, guard};
use super::limit::{Limit, limit};
use super::problem::Problem;
use super::{
    audit, capabilities, changes, definitions, health, mcp, openapi, select, telemetry, tools, ui,
    writes,
};

/// Where the paths of this version begin.
const BASE: &str = "/api/v1";

/// The largest body of a request that is no import, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// The largest body of an import, in bytes.
const LARGEST_IMPORT: usize = 16 << 20;

/// How long a request may take to be answered.
const LONGEST: Duration = Duration::from_secs(30);

/// Every path with its handlers, and what it is for.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    let api = OpenApiRouter::new()
        .merge(needing(Need::View, reads()))
        .merge(needing(Need::Record, records()))
        .merge(needing(Need::Change, changes()))
        .merge(needing(Need::Administer, administration()));
    OpenApiRouter::new()
        .routes(routes!(health::ready))
        .nest(BASE, api)
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
        // Its messages are those of another specification.
        .route("/mcp", post(mcp::post))
}

fn records() -> Routes {
    OpenApiRouter::new().routes(routes!(telemetry::record))
}

fn changes() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(definitions::create))
        .routes(routes!(definitions::replace))
        .merge(importing())
        .routes(routes!(writes::enable))
        .routes(routes!(writes::disable))
        .routes(routes!(writes::actions))
}

fn administration() -> Routes {
    OpenApiRouter::new().routes(routes!(writes::remove))
}

fn importing() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(definitions::bring))
        .layer(DefaultBodyLimit::max(LARGEST_IMPORT))
}

/// What holds for every request.
pub struct Rules {
    /// What a browser must not be made to do.
    pub guard: Guard,
    /// How often a caller may ask.
    pub limit: Arc<Limit>,
}

/// The whole service.
pub fn router(app: Arc<App>, rules: Rules) -> Router {
    let (router, _) = routes().split_for_parts();
    let metrics = Arc::clone(&app.shared.metrics);
    let nosniff = HeaderValue::from_static("nosniff");
    router
        .layer(from_fn_with_state(Arc::clone(&app), sign_in))
        .merge(ui::router(&app))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            LONGEST,
        ))
        .layer(from_fn_with_state(Arc::clone(&rules.limit), limit))
        .layer(from_fn_with_state(rules.guard, guard))
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
        .layer(from_fn(ui::dress))
        .layer(from_fn_with_state(metrics, finish))
        .with_state(app)
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
