//! Figures for those who operate the server, on an address of their own: never the name of a tool.

use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, routing};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::app::Catalogs;

/// The methods that are told apart.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What requests are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    route: String,
    method: String,
    status: String,
}

/// The figures.
pub struct Metrics {
    registry: Registry,
    requests: Family<Kind, Counter<u64, AtomicU64>>,
    times: Histogram,
    waits: Gauge,
    revision: Gauge,
    followed: Gauge,
    streams: Gauge,
}

impl Metrics {
    /// All at nought.
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("toolcat");
        let requests = Family::default();
        // From half a millisecond to eight seconds.
        let times = Histogram::new(exponential_buckets(0.0005, 2.0, 15));
        let (waits, revision) = (Gauge::default(), Gauge::default());
        let (followed, streams) = (Gauge::default(), Gauge::default());
        registry.register(
            "requests",
            "Requests by route, method and class of status",
            requests.clone(),
        );
        registry.register_with_unit(
            "request",
            "Time to answer a request",
            Unit::Seconds,
            times.clone(),
        );
        registry.register(
            "pool_waits",
            "Requests that waited for a connection since the start",
            waits.clone(),
        );
        registry.register(
            "revision",
            "Revision of the default catalog that is in memory",
            revision.clone(),
        );
        registry.register(
            "followed",
            "1 while every catalog is followed, else 0",
            followed.clone(),
        );
        registry.register(
            "streams",
            "Readers that follow the changes",
            streams.clone(),
        );
        Arc::new(Self {
            registry,
            requests,
            times,
            waits,
            revision,
            followed,
            streams,
        })
    }

    /// Counts an answer.
    pub fn count(&self, route: &str, method: &str, status: StatusCode, time: Duration) {
        let kind = Kind {
            route: route.to_owned(),
            method: match METHODS.contains(&method) {
                true => method.to_owned(),
                // A client may make names up, and each would be kept.
                false => "other".to_owned(),
            },
            status: format!("{}xx", status.as_u16() / 100),
        };
        self.requests.get_or_create(&kind).inc();
        self.times.observe(time.as_secs_f64());
    }

    fn text(&self, catalogs: &Catalogs) -> Result<String, Error> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let (app, all) = (catalogs.default(), &catalogs.0);
        let waits = all.iter().map(|it| it.pool.waits()).sum();
        self.waits.set(number(waits));
        let followed = all.iter().all(|it| it.following.warm().is_some());
        self.followed.set(i64::from(followed));
        if let Some(index) = app.following.warm() {
            self.revision.set(index.revision());
        }
        self.streams.set(number(app.shared.streams() as u64));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The figures as a service of their own.
pub fn router(catalogs: Catalogs) -> Router {
    Router::new()
        .route("/metrics", routing::get(show))
        .with_state(catalogs)
}

async fn show(State(catalogs): State<Catalogs>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match catalogs.default().shared.metrics.text(&catalogs) {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
