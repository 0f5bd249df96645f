//! Who asks: nobody has to sign in where the server is the user's own, everybody else shows a token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::api::path_of;
use super::app::{App, Catalogs};
use super::finish::Signed;
use super::limit::Key;
use super::pool::Pool;
use super::problem::{Name, Problem};
use crate::operations::Refusal;
use crate::operations::access::{self, Principal, Role};
use crate::store::Connection;

/// How long a token is taken for good without asking the catalog again, if it is not known that members
/// or tokens have changed.
pub const REMEMBERED: Duration = Duration::from_secs(10);

/// The most tokens that are remembered.
const MOST: usize = 10_000;

/// Whom a token stands for, and since when that is known; nobody where that has to be asked again.
type Known = (Option<Arc<Principal>>, Instant);

/// The principals of tokens that were shown a while ago, by the hash of the token.
#[derive(Default)]
pub struct Tokens {
    known: Mutex<HashMap<[u8; 32], Known>>,
    /// How often members, teams or tokens have changed.
    changes: watch::Sender<u64>,
}

impl Tokens {
    /// Whom the token or the session with that hash stands for: as it was a moment ago, else as the catalog says now.
    ///
    /// # Errors
    /// 401 if it stands for nobody; 503.
    pub async fn principal(
        &self,
        pool: &Arc<Pool>,
        hash: [u8; 32],
        ask: impl FnMut(&mut Connection) -> Result<Principal, Refusal> + Send + 'static,
    ) -> Result<Arc<Principal>, Problem> {
        if let Some(principal) = self.get(&hash) {
            return Ok(principal);
        }
        let before = *self.changes.borrow();
        let read = pool.read(ask).await.inspect_err(|problem| {
            if problem.status() == StatusCode::UNAUTHORIZED {
                self.remove(&hash);
            }
        });
        let principal = Arc::new(read?);
        self.put(hash, Arc::clone(&principal), before);
        Ok(principal)
    }

    /// Told when members, teams or tokens have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<[u8; 32], Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, hash: &[u8; 32]) -> Option<Arc<Principal>> {
        let known = self.known();
        let (principal, since) = known.get(hash)?;
        principal.clone().filter(|_| since.elapsed() < REMEMBERED)
    }

    /// Whether a token was good when it was last looked at. Such a token is looked at again although its address
    /// has shown many that were not.
    fn knows(&self, hash: &[u8; 32]) -> bool {
        self.known().contains_key(hash)
    }

    /// Remembers for a moment whom it stands for, unless that was found out before something changed.
    fn put(&self, hash: [u8; 32], principal: Arc<Principal>, before: u64) {
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        let principal = Some(principal).filter(|_| *self.changes.borrow() == before);
        known.insert(hash, (principal, Instant::now()));
    }

    /// Asks again whom each stands for: members, teams or tokens have changed.
    pub fn forget(&self) {
        let mut known = self.known();
        for (principal, _) in known.values_mut() {
            *principal = None;
        }
        self.changes.send_modify(|it| *it += 1);
    }

    /// A token that is good no longer.
    fn remove(&self, hash: &[u8; 32]) {
        self.known().remove(hash);
    }
}

/// What a route is for, and so who may use it. What exactly an owner may change is for the catalog to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To read.
    View,
    /// To record executions.
    Record,
    /// To change tools.
    Change,
    /// To create and delete tools; members, teams and tokens.
    Administer,
}

impl Need {
    /// Refuses whoever may not.
    fn refuse(self, principal: &Principal) -> Option<Problem> {
        let (may, what) = match self {
            Need::View => (true, ""),
            Need::Record => (principal.record, "record executions"),
            Need::Change => (principal.role >= Role::Owner, "change tools"),
            Need::Administer => (principal.role == Role::Admin, "administer the catalog"),
        };
        (!may).then(|| {
            let Principal { name, role, .. } = principal;
            let detail = format!("{name}, with the role {role}, may not {what}");
            Problem::new(Name::Forbidden, detail)
        })
    }
}

/// Finds out who asks. Requests with a token that is good are counted by it, whatever address they come from.
pub async fn sign_in(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let limit = &app.shared.limit;
    let address = limit.key_of(&request);
    let token = match bearer(request.headers()) {
        Ok(token) => token,
        Err(problem) => {
            limit.failed_sign_in(&address);
            return refused(problem);
        }
    };
    let is_new = |it: &str| !app.following.tokens().knows(&hash(it));
    if token.as_deref().is_some_and(is_new)
        && let Err(problem) = limit.may_sign_in(&address)
    {
        return problem.into_response();
    }
    let signed = match who(&app, token.as_deref()).await {
        Ok(Some(principal)) => Signed::In(principal),
        Ok(None) => Signed::Own(app.shared.own.clone()),
        Err(problem) => {
            if token.is_some() && problem.status() == StatusCode::UNAUTHORIZED {
                limit.failed_sign_in(&address);
            }
            return refused(problem);
        }
    };
    request.extensions_mut().insert(signed.clone());
    let mut response = match &token {
        Some(token) => limit.pass(&Key::Token(hash(token)), request, next).await,
        None => next.run(request).await,
    };
    response.extensions_mut().insert(signed);
    response
}

/// The same where the path names the catalog: to whoever is not known there, it is as if there were none.
pub async fn sign_in_by_name(state: State<Arc<App>>, request: Request, next: Next) -> Response {
    let response = sign_in(state, request, next).await;
    let passed = response.extensions().get::<Signed>().is_some();
    match response.extensions().get::<Problem>() {
        Some(problem) if !passed && problem.status() == StatusCode::UNAUTHORIZED => {
            hidden(&problem.detail)
        }
        _ => response,
    }
}

/// Answers for a path below a name that leads nowhere. Whether it is that of a catalog is not to be found out: a token
/// is looked at all the same, takes as long, and counts as much.
pub async fn unknown(
    State(default): State<Arc<App>>,
    Extension(Catalogs(all)): Extension<Catalogs>,
    request: Request,
) -> Response {
    let path = request.uri().path();
    let below = |it: &App| path.starts_with(&format!("{}/", path_of(it.catalog())));
    let app = all.iter().find(|it| below(it));
    let limit = &default.shared.limit;
    let address = limit.key_of(&request);
    match bearer(request.headers()) {
        Ok(None) => {}
        Err(_) => limit.failed_sign_in(&address),
        Ok(Some(token)) => {
            let known = app.is_some_and(|it| it.following.tokens().knows(&hash(&token)));
            if !known && let Err(problem) = limit.may_sign_in(&address) {
                return problem.into_response();
            }
            let pool = &app.unwrap_or(&default).pool;
            let asked = pool.read(move |it| access::authenticate(it, &token)).await;
            if app.is_none() || asked.is_err() {
                limit.failed_sign_in(&address);
            }
        }
    }
    hidden("no such path")
}

/// What whoever is not known in a catalog is told of it, and of one that is not there.
fn hidden(why: &str) -> Response {
    let problem = Problem::of_status(StatusCode::NOT_FOUND, "")
        .hint("GET /api/v1/catalogs lists the catalogs that the token is known in")
        .cause(why);
    // Where no methods are named, the router names those of a path that is there.
    let no_methods = [(header::ALLOW, HeaderValue::from_static(""))];
    (no_methods, problem).into_response()
}

/// What is remembered of a token.
fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Lets only those pass who may use the route.
pub async fn permit(State(need): State<Need>, request: Request, next: Next) -> Response {
    match request.extensions().get::<Signed>() {
        Some(Signed::Own(_)) => next.run(request).await,
        Some(Signed::In(principal)) => match need.refuse(principal) {
            None => next.run(request).await,
            Some(problem) => problem.into_response(),
        },
        None => Problem::internal("a route without its layers").into_response(),
    }
}

/// The principal of the token that is shown; none if nobody has to show one.
///
/// # Errors
/// 401 if a token is missing or not known in the catalog; 503.
pub async fn who(app: &Arc<App>, token: Option<&str>) -> Result<Option<Arc<Principal>>, Problem> {
    let Some(token) = token.map(str::to_owned) else {
        return match app.shared.is_local && !app.following.has_members() {
            true => Ok(None),
            false => Err(Problem::new(Name::NotSignedIn, "a token must be shown")
                .hint("send `Authorization: Bearer TOKEN`")),
        };
    };
    let tokens = app.following.tokens();
    let hash = hash(&token);
    let ask = move |it: &mut Connection| access::authenticate(it, &token);
    let principal = tokens.principal(&app.pool, hash, ask);
    principal.await.map(Some)
}

/// The token of a request.
///
/// # Errors
/// 401 if something else is shown.
pub fn bearer(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(Some(token.trim().to_owned()))
        }
        _ => Err(Problem::new(
            Name::NotSignedIn,
            "Authorization must be `Bearer` and a token",
        )),
    }
}

/// A refusal that says how to sign in.
fn refused(problem: Problem) -> Response {
    let mut response = problem.into_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer realm=\"toolcat\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}
