//! Signing in: by a token, or by a link that works once; and who is signed in.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::html;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::form::{Form, given};
use super::frame::{answer, bare};
use super::kit::{self, Field, shown};
use super::{dress, url};
use crate::operations::access;
use crate::server::app::App;
use crate::server::extract::Params;
use crate::server::finish::Signed;
use crate::server::problem::{Name, Problem};
use crate::store::Connection;
use crate::store::access::secret::Secret;

/// How long somebody stays signed in, in seconds.
const LASTS: i32 = 12 * 60 * 60;

/// What names a session in memory: a hash of its key, which is never that of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    fn of(secret: &str) -> Self {
        Self(Sha256::digest(format!("session {secret}")).into())
    }
}

/// The name of the cookie. Without TLS, on this machine alone, a browser takes no cookie that is for TLS: there
/// the name holds the port, as browsers send cookies to every port of a host.
fn cookie_name(app: &App, headers: &HeaderMap) -> String {
    if !app.shared.plain {
        return "__Host-toolcat".to_owned();
    }
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let port = host.and_then(|it| it.rsplit_once(':')).map(|(_, it)| it);
    let port = port.filter(|it| it.bytes().all(|digit| digit.is_ascii_digit()));
    format!("toolcat-{}", port.unwrap_or("80"))
}

/// The key that the browser shows.
fn cookie(app: &App, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(app, headers);
    let all = headers.get_all(header::COOKIE).iter();
    let texts = all.filter_map(|it| it.to_str().ok());
    let mut pairs = texts
        .flat_map(|it| it.split(';'))
        .filter_map(|it| it.trim().split_once('='));
    pairs
        .find(|(it, _)| *it == name)
        .map(|(_, value)| value.to_owned())
}

/// The header that gives the browser a key for so many seconds, or takes it away.
fn set_cookie(app: &App, headers: &HeaderMap, key: &str, seconds: i32) -> HeaderValue {
    let name = cookie_name(app, headers);
    let secure = if app.shared.plain { "" } else { "; Secure" };
    let text = format!("{name}={key}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Lets only those pass who are signed in.
pub async fn require_session(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(key) = cookie(&app, request.headers()) else {
        return Problem::new(Name::NotSignedIn, "nobody is signed in").into_response();
    };
    let session = Key::of(&key);
    let ask = move |it: &mut Connection| access::signed_in(it, &key);
    let known = app.following.tokens();
    let principal = match known.principal(&app.pool, session.0, ask).await {
        Ok(principal) => principal,
        Err(problem) => return problem.into_response(),
    };
    let signed = Signed::In(principal);
    request.extensions_mut().insert(session);
    request.extensions_mut().insert(signed.clone());
    let mut response = next.run(request).await;
    response.extensions_mut().insert(signed);
    response
}

/// Where to go when signed in.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Going {
    to: Option<String>,
}

/// A page of this server; the first one if it is any other place.
fn inside(to: Option<&str>) -> String {
    let to = to.filter(|it| dress::is_page(it) && !it.contains(['\\', '\r', '\n']));
    to.map_or_else(|| url::to("/"), str::to_owned)
}

/// The page on which to sign in.
pub async fn show(State(app): State<Arc<App>>, Params(going): Params<Going>) -> Response {
    answer(page(&app, going.to.as_deref(), None))
}

fn page(app: &App, to: Option<&str>, wrong: Option<&str>) -> maud::Markup {
    let token = Field {
        label: "Token",
        name: "token",
        help: "An admin makes one for you with `toolcat token create`.",
        error: wrong,
        required: true,
    };
    let body = html! {
        form.narrow method="post" action=(url::to("/sign-in")) {
            @if let Some(to) = to { input type="hidden" name="to" value=(to); }
            (token.with(|attributes| html! {
                input id=(attributes.id) name="token" type="password" autocomplete="current-password" required
                    autofocus spellcheck="false" aria-describedby=(attributes.described_by)
                    aria-invalid=[wrong.map(|_| "true")];
            }))
            (kit::buttons(html! { button.main type="submit" { "Sign in" } }))
        }
        @if app.shared.is_local {
            p.soft { "On this machine, " code { "toolcat ui" } " opens the pages with a link that signs you in." }
        }
        p.soft { "You stay signed in for twelve hours, or until you sign out." }
    };
    bare("Sign in", &body)
}

/// What is shown to sign in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningIn {
    token: String,
    to: Option<String>,
}

/// Signs in by a token.
pub async fn sign_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<SigningIn>,
) -> Result<Response, Problem> {
    let token = given(&form.token).unwrap_or_default();
    let begun = app.pool.run(move |it| {
        let principal = access::authenticate(it, &token)?;
        access::sign_in(it, &principal, LASTS)
    });
    match begun.await {
        Ok(key) => Ok(into(&app, &headers, &key, form.to.as_deref())),
        Err(problem) if problem.status == 401 => {
            let page = page(&app, form.to.as_deref(), Some(&problem.detail));
            let mut response = answer(page);
            *response.status_mut() = problem.status();
            response.extensions_mut().insert(problem);
            response
                .extensions_mut()
                .insert(crate::server::finish::Worded);
            Ok(response)
        }
        Err(problem) => Err(problem),
    }
}

/// Leads into the pages with a new key, whatever key the browser had before.
fn into(app: &App, headers: &HeaderMap, key: &Secret, to: Option<&str>) -> Response {
    let cookie = set_cookie(app, headers, key.reveal(), LASTS);
    ([(header::SET_COOKIE, cookie)], Redirect::to(&inside(to))).into_response()
}

/// The key of a link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Following {
    key: String,
}

/// Signs in whoever follows a link, once.
pub async fn follow_link(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(link): Params<Following>,
) -> Response {
    let followed = app
        .pool
        .run(move |it| access::follow_link(it, &link.key, LASTS));
    match followed.await {
        Ok((_, key)) => into(&app, &headers, &key, None),
        Err(problem) => {
            let body = html! {
                div.problem role="alert" { p { (shown(&problem.detail)) } }
                p { "Open the pages again with " code { "toolcat ui" } ", or "
                    a href=(url::to("/sign-in")) { "sign in with a token" } "." }
            };
            let mut response = answer(bare("This link does not sign you in", &body));
            *response.status_mut() = problem.status();
            response.extensions_mut().insert(problem);
            response
                .extensions_mut()
                .insert(crate::server::finish::Worded);
            response
        }
    }
}

/// What is to end.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SigningOut {
    everywhere: bool,
}

/// Signs out: here, or everywhere.
pub async fn sign_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<SigningOut>,
) -> Result<Response, Problem> {
    if let Some(key) = cookie(&app, &headers) {
        let ended = app
            .pool
            .run(move |it| access::sign_out(it, &key, form.everywhere));
        ended.await?;
    }
    app.following.tokens().forget();
    let gone = set_cookie(&app, &headers, "", 0);
    let to = Redirect::to(&url::to("/sign-in"));
    Ok(([(header::SET_COOKIE, gone)], to).into_response())
}
