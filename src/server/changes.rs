//! `GET /changes`: the changes of the catalog as they are made, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::{broadcast, watch};
use utoipa::IntoParams;

use super::app::{App, Holder, Place};
use super::auth::{self, REMEMBERED, bearer};
use super::extract::Params;
use super::finish::Signed;
use super::listen::Peer;
use super::position::Position;
use super::problem::{Name, Problem};
use crate::store::StoreError;
use crate::store::audit::{self, Entry};
use crate::store::tools;

/// How often a stream without changes shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many entries of the log are read at once.
const PAGE: i64 = 500;

/// How long to wait before it is asked again who follows, where that cannot be told.
const PAUSE: Duration = Duration::from_secs(1);

/// From where to follow.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// After this revision; without it and without Last-Event-ID, from now.
    #[param(minimum = 0)]
    since: Option<i64>,
}

/// Whether whoever opened a stream may still read: what opened it is shown again whenever members, teams or
/// tokens change, and every few seconds, as it can expire.
struct Pass {
    token: Option<String>,
    changes: watch::Receiver<u64>,
    /// When it was last found good; none if it must be looked at again.
    good: Option<Instant>,
}

impl Pass {
    fn is_fresh(&self) -> bool {
        let changed = self.changes.has_changed().unwrap_or(true);
        !changed && self.good.is_some_and(|it| it.elapsed() < REMEMBERED)
    }

    /// Looks at it again, if it is time to.
    ///
    /// # Errors
    /// 401 if it is no longer good; 503 if that cannot be told.
    async fn show(&mut self, app: &Arc<App>) -> Result<(), Problem> {
        if self.is_fresh() {
            return Ok(());
        }
        self.good = None;
        self.changes.mark_unchanged();
        let now = Instant::now();
        auth::who(app, self.token.as_deref()).await?;
        self.good = Some(now);
        Ok(())
    }

    /// Returns when it is time to look at it again.
    async fn due(&mut self) {
        let _ = tokio::time::timeout(REMEMBERED, self.changes.changed()).await;
        self.good = None;
    }
}

/// A reader of the changes.
struct Reader {
    app: Arc<App>,
    pass: Pass,
    live: broadcast::Receiver<Arc<Entry>>,
    closing: watch::Receiver<bool>,
    replaced: watch::Receiver<u64>,
    position: Position,
    waiting: VecDeque<Arc<Entry>>,
    /// Whether the log has been read up to what is told live.
    caught_up: bool,
    _place: Place,
}

/// Follow the changes of the catalog
///
/// Each event has the id REVISION-ENTRY and an entry of the audit log as its data. A reader that comes back
/// with Last-Event-ID misses nothing; one that lags too far behind is closed, and resumes so. A stream ends when
/// the token that opened it does, and when the catalog is replaced, as by a restore.
#[utoipa::path(get, path = "/changes", tag = "changes",
    params(Since, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses(
        (status = 200, description = "Events, until the client closes", body = String, content_type = "text/event-stream"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The log does not hold that place: the catalog was replaced, as by a restore"),
    ))]
pub async fn follow(
    State(app): State<Arc<App>>,
    Params(from): Params<Since>,
    Extension(signed): Extension<Signed>,
    peer: Option<Extension<ConnectInfo<Peer>>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let holder = match signed {
        Signed::In(principal) => Holder::Member {
            catalog: app.catalog().to_owned(),
            name: principal.name.clone(),
        },
        Signed::Own(_) => Holder::At(app.shared.limit.key(peer.map(|it| it.0.0), &headers)),
    };
    let place = app.shared.stream(holder)?;
    // Before the log is read, so that nothing is missed in between.
    let (live, replaced) = (app.following.changes(), app.following.replaced());
    let pass = Pass {
        token: bearer(&headers)?,
        changes: app.following.tokens().changes(),
        good: None,
    };
    let wanted = position(&from, &headers)?;
    let reader = Reader {
        pass,
        live,
        replaced,
        closing: app.shared.closing(),
        position: begin(&app, wanted).await?,
        waiting: VecDeque::new(),
        caught_up: false,
        app,
        _place: place,
    };
    let events = unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// Where the client left off.
fn position(from: &Since, headers: &HeaderMap) -> Result<Option<Position>, Problem> {
    let wrong = |detail: &str| Problem::new(Name::Parameter, detail);
    if let Some(last) = headers.get("last-event-id") {
        let read = last.to_str().ok().and_then(|it| it.parse().ok());
        let id = "Last-Event-ID is not the id of an event, such as 12-345";
        return read.map(Some).ok_or_else(|| wrong(id));
    }
    match from.since {
        Some(revision) if revision < 0 => Err(wrong("since must be 0 or more")),
        Some(revision) => Ok(Some(Position::after(revision))),
        None => Ok(None),
    }
}

/// Where a stream begins: at the position that is wanted, else now.
///
/// # Errors
/// 409 if the log does not hold that position; 503.
async fn begin(app: &Arc<App>, wanted: Option<Position>) -> Result<Position, Problem> {
    let read = app.pool.read(move |connection| {
        let found = connection.snapshot(|it| -> Result<_, StoreError> {
            let now = tools::revision(it)?;
            let position = wanted.unwrap_or(Position::after(now));
            let is_there = audit::holds(it, position.revision, position.entry)?;
            Ok((now, is_there.then_some(position)))
        });
        Ok(found?)
    });
    let (now, position) = read.await?;
    position.ok_or_else(|| {
        let place = match wanted {
            Some(it) if it.entry != i64::MAX => format!("the event {it}"),
            it => format!("revision {}", it.map_or(now, |it| it.revision)),
        };
        let detail = format!(
            "the catalog is at revision {now}, and its log does not hold {place}: it was replaced, as by a restore"
        );
        Problem::new(Name::Conflict, detail)
            .hint("read again what you keep of the catalog, and follow without Last-Event-ID and since")
    })
}

impl Reader {
    /// The next event; none if the stream ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.is_over() {
                return None;
            }
            match self.pass.show(&self.app).await {
                Ok(()) => {}
                Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => return None,
                Err(_) => {
                    // Nothing is told until the database says who may hear it.
                    tokio::select! {
                        () = tokio::time::sleep(PAUSE) => continue,
                        () = ended(&mut self.closing, &mut self.replaced) => return None,
                    }
                }
            }
            if let Some(entry) = self.waiting.pop_front() {
                self.position = Position::of(&entry);
                return event(&entry);
            }
            if !self.caught_up {
                self.read_on().await?;
                continue;
            }
            tokio::select! {
                () = ended(&mut self.closing, &mut self.replaced) => return None,
                () = self.pass.due() => {}
                told = self.live.recv() => match told {
                    Ok(entry) if Position::of(&entry) > self.position => self.waiting.push_back(entry),
                    Ok(_) => {}
                    // It lags, or the server ends: the client comes back and resumes.
                    Err(_) => return None,
                }
            }
        }
    }

    /// Whether the server is about to end, or the catalog was replaced.
    fn is_over(&self) -> bool {
        self.closing.has_changed().unwrap_or(true) || self.replaced.has_changed().unwrap_or(true)
    }

    /// Reads what the log holds after the position; nothing if it does not hold that any more.
    async fn read_on(&mut self) -> Option<()> {
        let Position { revision, entry } = self.position;
        let read = self.app.pool.read(move |connection| {
            let page = connection.snapshot(|it| -> Result<_, StoreError> {
                let is_there = audit::holds(it, revision, entry)?;
                let entries = audit::after(it, revision, entry, PAGE)?;
                Ok(is_there.then_some(entries))
            });
            Ok(page?)
        });
        let entries = read.await.ok()??;
        self.caught_up = entries.is_empty();
        self.waiting.extend(entries.into_iter().map(Arc::new));
        Some(())
    }
}

/// Returns when the server is about to end, or the catalog was replaced.
async fn ended(closing: &mut watch::Receiver<bool>, replaced: &mut watch::Receiver<u64>) {
    tokio::select! {
        _ = closing.changed() => {}
        _ = replaced.changed() => {}
    }
}

fn event(entry: &Entry) -> Option<Event> {
    let event = Event::default()
        .id(Position::of(entry).to_string())
        .event("change");
    event.json_data(entry).ok()
}
