//! The pages for people: the same operations as HTML, with plain forms that work without a script.
//!
//! A page is a handler that takes a [`Viewer`], asks one operation and returns `viewer.page(title, body)`; what
//! changes something is a POST that ends in [`Viewer::done`], which leads back to a page that says so. The
//! parts of pages are in [`kit`]; text of the catalog goes through [`kit::shown`].

mod abtests;
mod assets;
mod audit;
mod bulk;
mod charts;
mod dress;
mod edit;
mod form;
mod frame;
mod home;
mod kit;
mod members;
mod new;
mod session;
mod telemetry;
mod tool;
mod tools;
mod trial;
mod url;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::{get, post};

use super::app::App;
use crate::operations::access;
pub use dress::{dress, is_page};
pub use frame::Flashes;

/// Where the paths of the pages begin.
pub const BASE: &str = "/ui";

/// Every page.
pub fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let pages = Router::new()
        .route("/tools", get(tools::show))
        .route("/tools/{name}", get(tool::show))
        .route("/tools/{name}/act", post(tool::run))
        .route("/tools/{name}/edit", get(edit::show).post(edit::save))
        .route("/new", get(new::show).post(new::by_form))
        .route("/new/text", post(new::by_text))
        .route("/bulk", post(bulk::run))
        .route("/select", get(trial::show))
        .route("/telemetry", get(telemetry::show))
        .route("/abtests", get(abtests::list))
        .route("/abtests/new", get(abtests::begin).post(abtests::create))
        .route("/abtests/{name}", get(abtests::show).post(abtests::act))
        .route("/audit", get(audit::show))
        .route("/members", get(members::show).post(members::add))
        .route("/members/change", post(members::change))
        .route("/tokens", post(members::make_token))
        .route("/tokens/revoke", post(members::revoke))
        .route("/sign-out", post(session::sign_out));
    let open = Router::new()
        .route("/sign-in", get(session::show).post(session::sign_in))
        .route("/link", get(session::follow_link))
        .route("/assets/{name}", get(assets::serve));
    // A nested router has no path that ends in a slash.
    let pages = Router::new()
        .route(&url::to("/"), get(home::show))
        .nest(BASE, pages)
        .route_layer(from_fn_with_state(
            Arc::clone(app),
            session::require_session,
        ));
    let home = async || Redirect::to(&url::to("/"));
    Router::new()
        .route("/", get(home))
        .route(BASE, get(home))
        .nest(BASE, open)
        .merge(pages)
}

/// How long a link signs in, in seconds.
const LINK_LASTS: i32 = 15 * 60;

/// A link that signs the user of this server in to the pages, once; none if they are not a member, or
/// nobody can be signed in.
pub async fn link(app: &Arc<App>, url: &str) -> Option<String> {
    let own = app.shared.own.clone();
    let made = app.pool.run(move |it| access::link(it, &own, LINK_LASTS));
    let key = made.await.ok()?;
    Some(format!("{url}{BASE}/link?key={}", key.reveal()))
}
