//! `POST /mcp`: agents ask by the Model Context Protocol, as whoever shows the token.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::app::{App, Asker};
use super::finish::{Signed, Worded};
use super::problem::Problem;
use super::select::answer;
use crate::expression::Variables;
use crate::mcp::http::{self, Post, Reply};
use crate::mcp::{Context, Defaults, Lent, Rights};
use crate::operations::{Caller, Via};
use crate::select::Request as Job;
use crate::select::request::DEFAULT_ENVIRONMENT;
use crate::store::StoreError;

/// Answers one message. Every request says all that it needs: there are no sessions.
pub async fn post(
    State(app): State<Arc<App>>,
    asker: Asker,
    Extension(signed): Extension<Signed>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = Caller {
        via: Via::Mcp,
        ..asker.caller(None, false)
    };
    let rights = Rights {
        record: match &signed {
            Signed::Own(_) => true,
            Signed::In(principal) => principal.record,
        },
        propose: false,
    };
    let defaults = Defaults {
        job: Job {
            context: Variables::defaults(),
            environment: DEFAULT_ENVIRONMENT.to_owned(),
            ..Job::default()
        },
        installed: false,
        covers: app.shared.covers.clone(),
    };
    let speaker = caller.speaker();
    let reply = answer(&app, Some(speaker), move |source| {
        let lost = Rc::new(Cell::new(false));
        let lent = Lent {
            source,
            lost: Rc::clone(&lost),
        };
        let mut context = Context {
            catalog: Box::new(lent),
            caller,
            rights,
            defaults,
            agreed: None,
        };
        let given = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
        let post = Post {
            version: given("mcp-protocol-version"),
            method: given("mcp-method"),
            name: given("mcp-name"),
            body: &body,
        };
        let reply = http::post(&mut context, &post);
        match lost.get() {
            true => Err(StoreError::Lost("while an agent asked".to_owned()).into()),
            false => Ok(reply),
        }
    });
    Ok(shown(reply.await?))
}

fn shown(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match reply.body {
        None => status.into_response(),
        Some(body) => {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (status, kind, Extension(Worded), body.to_string()).into_response()
        }
    }
}
