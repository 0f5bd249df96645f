//! What holds for every page: what a browser may do with it, and that an error is a page as well.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use uuid::Uuid;

use super::{BASE, frame, url};
use crate::server::finish::{RequestId, Signed, Worded};
use crate::server::problem::Problem;

/// Whether the path is one of a page for people.
pub fn is_page(path: &str) -> bool {
    path == "/"
        || path
            .strip_prefix(BASE)
            .is_some_and(|it| it.is_empty() || it.starts_with('/'))
}

/// Gives the answer its headers, and an error its page. Whoever is not signed in is led to where they can be.
pub async fn dress(request: Request, next: Next) -> Response {
    if !is_page(request.uri().path()) {
        return next.run(request).await;
    }
    let id = request.extensions().get::<RequestId>().cloned();
    let asked = request.uri().path_and_query().map(ToString::to_string);
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = next.run(request).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if failed && response.extensions().get::<Worded>().is_none() {
        response = match response.status() {
            StatusCode::UNAUTHORIZED if is_read => to_sign_in(asked.as_deref()),
            _ => on_a_page(response, id),
        };
    }
    protect(response.headers_mut());
    response
}

fn to_sign_in(asked: Option<&str>) -> Response {
    let query = url::Query::default().with_some("to", asked);
    Redirect::to(&format!("{}{}", url::to("/sign-in"), query.as_str())).into_response()
}

/// The same answer with a page that says what is wrong.
fn on_a_page(mut response: Response, id: Option<RequestId>) -> Response {
    let found = response.extensions().get::<Problem>().cloned();
    let mut problem = found.unwrap_or_else(|| Problem::of_status(response.status(), ""));
    problem.request_id = id.map(|it| it.0).unwrap_or_default();
    let signed = response.extensions().get::<Signed>().map(Signed::name);
    let page = frame::of_problem(&problem, signed);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, frame::HTML);
    *response.body_mut() = Body::from(page.into_string());
    response.extensions_mut().insert(problem);
    response.extensions_mut().insert(Worded);
    response
}

fn protect(headers: &mut HeaderMap) {
    // What a style of this answer must show if it is not in the stylesheet; nobody can guess it.
    let nonce = Uuid::new_v4().simple();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let fixed = [
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let kept = headers.get(header::CACHE_CONTROL).is_some();
    if !kept {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
