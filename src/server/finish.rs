//! The outermost layer: every request has an id, every error a body, and every answer a line in the log.

use std::sync::Arc;
use std::time::Instant;

use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::log;
use super::metrics::Metrics;
use super::problem::Problem;
use crate::operations::access::Principal;

/// The most that is read of an error of the framework, in bytes.
const LARGEST_REASON: usize = 4096;

/// The name of the header with the request's id.
const REQUEST_ID: &str = "x-request-id";

/// The id of a request, made by the server.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Who was found to ask.
#[derive(Debug, Clone)]
pub enum Signed {
    /// The user whose server it is, if nobody has to sign in.
    Own(String),
    /// Whoever showed a token.
    In(Arc<Principal>),
}

impl Signed {
    /// The acting person or program.
    pub fn name(&self) -> &str {
        match self {
            Signed::Own(name) => name,
            Signed::In(principal) => &principal.name,
        }
    }

    /// The token that was shown.
    pub fn token_id(&self) -> Option<i64> {
        match self {
            Signed::Own(_) => None,
            Signed::In(principal) => principal.token_id,
        }
    }
}

/// Marks an answer that says what is wrong in words of its own: a page, or another specification.
#[derive(Debug, Clone, Copy)]
pub struct Worded;

/// One line of the access log.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    method: &'a str,
    route: &'a str,
    status: u16,
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
}

/// Gives the request an id, answers it, writes the body of an error, and logs it.
pub async fn finish(
    State(metrics): State<Arc<Metrics>>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let id = Uuid::now_v7().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => Some(problem),
        None if is_error(response.status()) && response.extensions().get::<Worded>().is_none() => {
            Some(of_the_framework(&mut response).await)
        }
        None => None,
    };
    let problem = problem.map(|mut problem| {
        problem.request_id.clone_from(&id);
        problem
    });
    if let Some(problem) = &problem
        && response.extensions().get::<Worded>().is_none()
    {
        write_body(&mut response, problem, &method);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let took = start.elapsed();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    metrics.count(route, method.as_str(), response.status(), took);
    let line = Line {
        time: log::now(),
        request_id: &id,
        principal: response.extensions().get::<Signed>().map(Signed::name),
        method: method.as_str(),
        route,
        status: response.status().as_u16(),
        ms: (took.as_secs_f64() * 1e6).round() / 1e3,
        problem: problem.as_ref().map(|it| it.kind.as_str()),
        cause: problem.as_ref().and_then(|it| it.cause.as_deref()),
    };
    log::line(&line);
    response
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// What the framework answered by itself, with its reason where it gives one.
async fn of_the_framework(response: &mut Response) -> Problem {
    let body = std::mem::take(response.body_mut());
    let reason = to_bytes(body, LARGEST_REASON).await.unwrap_or_default();
    Problem::of_status(response.status(), &String::from_utf8_lossy(&reason))
}

fn write_body(response: &mut Response, problem: &Problem, method: &Method) {
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_ENCODING);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if method != Method::HEAD {
        *response.body_mut() = problem.body();
    }
}
