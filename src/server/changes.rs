//! `GET /changes`: the changes of the catalog as they are made, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};
use utoipa::IntoParams;

use super::app::App;
use super::extract::Params;
use super::problem::{Name, Problem};
use crate::store::audit::{self, Entry};
use crate::store::tools;

/// How often a stream without changes shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many entries of the log are read at once.
const PAGE: i64 = 500;

/// From where to follow.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// After this revision; without it and without Last-Event-ID, from now.
    #[param(minimum = 0)]
    since: Option<i64>,
}

/// A place in the log: every entry up to it is known.
type Place = (i64, i64);

/// A reader of the changes.
struct Reader {
    app: Arc<App>,
    live: broadcast::Receiver<Arc<Entry>>,
    closing: watch::Receiver<bool>,
    place: Place,
    waiting: VecDeque<Arc<Entry>>,
    /// Whether the log has been read up to what is told live.
    caught_up: bool,
    _permit: OwnedSemaphorePermit,
}

/// Follow the changes of the catalog
///
/// Each event has the id REVISION-ENTRY and an entry of the audit log as its data. A reader that comes back
/// with Last-Event-ID misses nothing; one that lags too far behind is closed, and resumes so.
#[utoipa::path(get, path = "/changes", tag = "changes",
    params(Since, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses(
        (status = 200, description = "Events, until the client closes", body = String, content_type = "text/event-stream"),
    ))]
pub async fn follow(
    State(app): State<Arc<App>>,
    Params(from): Params<Since>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let permit = app
        .shared
        .stream()
        .ok_or_else(|| Problem::new(Name::Unavailable, "too many follow the changes already"))?;
    // Before the log is read, so that nothing is missed in between.
    let live = app.following.changes();
    let place = match place(&from, &headers)? {
        Some(place) => place,
        None => {
            let now = app.pool.read(|it| Ok(it.read(tools::revision)?)).await?;
            (now, i64::MAX)
        }
    };
    let reader = Reader {
        live,
        closing: app.shared.closing(),
        place,
        waiting: VecDeque::new(),
        caught_up: false,
        app,
        _permit: permit,
    };
    let events = unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// Where the client left off.
fn place(from: &Since, headers: &HeaderMap) -> Result<Option<Place>, Problem> {
    let wrong = |detail: &str| Problem::new(Name::Parameter, detail);
    if let Some(last) = headers.get("last-event-id") {
        let read = |text: &str| {
            let (revision, id) = text.split_once('-')?;
            Some((revision.parse().ok()?, id.parse().ok()?))
        };
        let place = last.to_str().ok().and_then(read);
        return match place {
            Some(place) => Ok(Some(place)),
            None => Err(wrong(
                "Last-Event-ID is not the id of an event, such as 12-345",
            )),
        };
    }
    match from.since {
        Some(revision) if revision < 0 => Err(wrong("since must be 0 or more")),
        Some(revision) => Ok(Some((revision, i64::MAX))),
        None => Ok(None),
    }
}

impl Reader {
    /// The next event; none where the stream ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(entry) = self.waiting.pop_front() {
                self.place = (entry.revision, entry.id);
                return event(&entry);
            }
            if !self.caught_up {
                self.read_on().await?;
                continue;
            }
            tokio::select! {
                _ = self.closing.changed() => return None,
                told = self.live.recv() => match told {
                    Ok(entry) if (entry.revision, entry.id) > self.place => {
                        self.waiting.push_back(entry);
                    }
                    Ok(_) => {}
                    // It lags, or the server ends: the client comes back and resumes.
                    Err(_) => return None,
                }
            }
        }
    }

    /// Reads what the log holds after the place.
    async fn read_on(&mut self) -> Option<()> {
        let (revision, id) = self.place;
        let read = self.app.pool.read(move |connection| {
            Ok(connection.read(|it| audit::after(it, revision, id, PAGE))?)
        });
        let entries = read.await.ok()?;
        self.caught_up = entries.is_empty();
        self.waiting.extend(entries.into_iter().map(Arc::new));
        Some(())
    }
}

fn event(entry: &Entry) -> Option<Event> {
    let event = Event::default()
        .id(format!("{}-{}", entry.revision, entry.id))
        .event("change");
    event.json_data(entry).ok()
}
