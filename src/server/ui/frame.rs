//! The frame around every page: who looks at it, where they can go, what they just did.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{DOCTYPE, Markup, html};

use super::assets::{SCRIPT, STYLE};
use super::kit::{self, shown};
use super::session::Key;
use super::url;
use crate::operations::access::{self, Deed, Principal, Role};
use crate::operations::{Caller, Via};
use crate::server::app::{App, Asker};
use crate::server::finish::{RequestId, Signed};
use crate::server::listen::Peer;
use crate::server::problem::{Fault, Problem};

/// The type of a page.
pub const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The most sessions for which something is kept to be said.
const MOST: usize = 1000;

/// What was just done, for the next page to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// In a sentence.
    pub said: String,
    /// The revision of the catalog that it made, whose entries in the audit log say more.
    pub revision: Option<i64>,
}

/// What the next page of each session says.
#[derive(Default)]
pub struct Flashes(Mutex<HashMap<Key, Flash>>);

impl Flashes {
    fn put(&self, session: Key, flash: Flash) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(session, flash);
    }

    fn take(&self, session: &Key) -> Option<Flash> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(session)
    }
}

/// Where the pages are about to lead, for the mark in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What changed and what is due.
    Home,
    /// The tools.
    Tools,
    /// A selection that is tried.
    Select,
    /// What ran.
    Telemetry,
    /// A/B tests.
    Tests,
    /// The audit log.
    Audit,
    /// Members, teams and tokens.
    Members,
    /// None of them.
    Elsewhere,
}

/// The navigation: only what there is.
const NAVIGATION: &[(Place, &str, &str)] = &[
    (Place::Home, "Home", "/"),
    (Place::Tools, "Tools", "/tools"),
    (Place::Select, "Try a selection", "/select"),
    (Place::Telemetry, "Telemetry", "/telemetry"),
    (Place::Tests, "A/B tests", "/abtests"),
    (Place::Audit, "Audit log", "/audit"),
    (Place::Members, "Members", "/members"),
];

/// Whoever looks at a page, and signed in to do so.
pub struct Viewer {
    /// Who it is, and what they may.
    pub principal: Arc<Principal>,
    asker: Asker,
    session: Key,
    app: Arc<App>,
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer
where
    Arc<App>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let extensions = &parts.extensions;
        let peer = extensions.get::<ConnectInfo<Peer>>();
        let id = extensions.get::<RequestId>();
        let session = extensions.get::<Key>();
        let (Some(Signed::In(principal)), Some(id), Some(session)) =
            (extensions.get::<Signed>(), id, session)
        else {
            return Err(Problem::internal("a page without its layers"));
        };
        Ok(Self {
            principal: Arc::clone(principal),
            asker: Asker {
                name: principal.name.clone(),
                request_id: id.0.clone(),
                token_id: principal.token_id,
                address: peer.and_then(|it| it.0.address()),
            },
            session: *session,
            app: Arc::from_ref(state),
        })
    }
}

impl Viewer {
    /// The same as operations take it.
    pub fn caller(&self, reason: Option<String>, dry_run: bool) -> Caller {
        Caller {
            via: Via::Ui,
            ..self.asker.caller(reason, dry_run)
        }
    }

    /// Why the viewer may not do that; nothing if they may.
    pub fn barred(&self, deed: Deed<'_>) -> Option<String> {
        let refusal = access::may(&self.principal, deed).err()?;
        let problem = Problem::from(refusal);
        Some(match &problem.hint {
            Some(who) => format!("{}; {who}", problem.detail),
            None => problem.detail.clone(),
        })
    }

    /// Why the viewer may change no tool at all; nothing if they may change some.
    pub fn barred_from_all_change(&self) -> Option<String> {
        let deed = Deed::Change {
            tool: "tools",
            owner: None,
        };
        (self.principal.role == Role::Viewer)
            .then(|| self.barred(deed))
            .flatten()
    }

    /// A page with its title, which says what was just done.
    pub fn page(&self, place: Place, title: &str, body: Markup) -> Response {
        let flash = self.app.shared.flashes.take(&self.session);
        let body = html! {
            h1 { (shown(title)) }
            @if let Some(flash) = flash { (said(&flash)) }
            (body)
        };
        let who = format!("{} ({})", self.principal.name, self.principal.role);
        answer(whole(title, Some((place, &who)), &body))
    }

    /// Leads to a page, which will say what was done.
    pub fn done(&self, to: &str, said: impl Into<String>, revision: Option<i64>) -> Response {
        let said = said.into();
        let flash = Flash { said, revision };
        self.app.shared.flashes.put(self.session, flash);
        Redirect::to(to).into_response()
    }
}

fn said(flash: &Flash) -> Markup {
    html! {
        div.flash role="status" {
            (shown(&flash.said))
            @if let Some(revision) = flash.revision {
                " " a href=(format!("{}?revision={revision}", url::to("/audit"))) {
                    "Revision " (revision) " in the audit log"
                }
            }
        }
    }
}

/// A page as an answer.
pub fn answer(page: Markup) -> Response {
    ([(header::CONTENT_TYPE, HTML)], page.into_string()).into_response()
}

/// A page for nobody in particular.
pub fn bare(title: &str, body: &Markup) -> Markup {
    let body = html! { h1 { (shown(title)) } (body) };
    whole(title, None, &body)
}

/// A whole document.
fn whole(title: &str, viewer: Option<(Place, &str)>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (shown(title)) " · toolcat" }
                link rel="stylesheet" href=(STYLE.path);
                link rel="icon" href="data:,";
                script src=(SCRIPT.path) defer {}
            }
            body {
                a.skip href="#main" { "Skip to content" }
                header.top {
                    a.brand href=(url::to("/")) { "toolcat" }
                    @if let Some((here, who)) = viewer {
                        nav aria-label="Pages" {
                            @for (place, name, path) in NAVIGATION {
                                a href=(url::to(path)) aria-current=[(*place == here).then_some("page")] { (name) }
                            }
                        }
                        (account(who))
                    }
                }
                main #main { (body) }
            }
        }
    }
}

fn account(who: &str) -> Markup {
    html! {
        details.account {
            summary { (shown(who)) }
            div.menu {
                form method="post" action=(url::to("/sign-out")) {
                    button type="submit" { "Sign out" }
                    button type="submit" name="everywhere" value="true" { "Sign out everywhere" }
                }
            }
        }
    }
}

/// The page of an error.
pub fn of_problem(problem: &Problem, signed: Option<&str>) -> Markup {
    let body = html! {
        h1 { (shown(&problem.title)) }
        div.problem role="alert" {
            p { (shown(&problem.detail)) }
            @if let Some(hint) = &problem.hint { p.soft { (shown(hint)) } }
        }
        (faults(&problem.errors))
        @if !problem.candidates.is_empty() {
            h2 { "It can mean" }
            ul {
                @for candidate in &problem.candidates {
                    li { a href=(url::to(&format!("/tools/{}", url::encoded(candidate)))) { (shown(candidate)) } }
                }
            }
        }
        p.soft { "Request " code { (problem.request_id) } " in the log of the server." }
    };
    whole(
        &problem.title,
        signed.map(|it| (Place::Elsewhere, it)),
        &body,
    )
}

/// What is wrong with a definition, each at its place.
pub fn faults(faults: &[Fault]) -> Markup {
    html! {
        @if !faults.is_empty() {
            div.problem role="alert" { (listed(faults, "error")) }
        }
    }
}

/// What is worth a look in a definition, each at its place.
pub fn findings(warnings: &[Fault]) -> Markup {
    html! {
        @if !warnings.is_empty() { div.note { (listed(warnings, "warning")) } }
    }
}

fn listed(faults: &[Fault], what: &str) -> Markup {
    html! {
                h2 { (kit::counted(faults.len(), what)) }
                ul.faults {
                    @for fault in faults {
                        li {
                            @if let (Some(line), Some(column)) = (fault.line, fault.column) {
                                a href=(format!("#line-{line}")) { "Line " (line) ", column " (column) }
                            } @else if !fault.pointer.is_empty() { code { (shown(&fault.pointer)) } }
                            ": " (shown(&fault.message)) " "
                            span.rule { (fault.rule) }
                        }
                    }
                }
    }
}
