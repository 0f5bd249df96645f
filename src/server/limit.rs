//! How often a caller may ask: the generic cell rate algorithm, by token or by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::listen::Peer;
use super::problem::{Name, Problem};

/// The window in which the quota counts.
const WINDOW: Duration = Duration::from_secs(1);

/// So many callers are remembered before those that have not asked for a while are forgotten.
const REMEMBERED: usize = 10_000;

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Those of an address; of IPv6, of a network of one subscriber.
    Address(IpAddr),
    /// Those of processes on this machine, through a socket.
    Local,
}

/// How often each caller may ask, and how often each did.
pub struct Limit {
    quota: u32,
    trusted: Vec<IpAddr>,
    start: Instant,
    /// When the allowance of each caller will be whole again.
    whole_at: Mutex<HashMap<Key, Duration>>,
}

/// What a caller is told of its allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Allowance {
    allowed: bool,
    remaining: u32,
    /// Until the allowance is whole again; where it is used up, until there is some.
    wait: Duration,
}

impl Limit {
    /// So many requests a second for each caller, behind those proxies.
    pub fn new(quota: u32, trusted: Vec<IpAddr>) -> Arc<Self> {
        Arc::new(Self {
            quota: quota.max(1),
            trusted,
            start: Instant::now(),
            whole_at: Mutex::new(HashMap::new()),
        })
    }

    /// Whose request it is. What a client says of its address counts only where a trusted proxy adds to it,
    /// and there the last address that is not a trusted proxy's.
    pub fn key(&self, peer: Option<Peer>, headers: &HeaderMap) -> Key {
        let mut address = match peer {
            Some(Peer::Address(address)) => address,
            Some(Peer::Local) | None => return Key::Local,
        };
        let said = headers.get_all("x-forwarded-for").iter();
        let said: Vec<&str> = said
            .filter_map(|it| it.to_str().ok())
            .flat_map(|it| it.split(','))
            .collect();
        for hop in said.iter().rev() {
            if !self.trusted.contains(&address) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(before) => address = before.to_canonical(),
                Err(_) => break,
            }
        }
        Key::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(it) => {
                let [a, b, c, d, ..] = it.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
        })
    }

    fn ask(&self, key: Key, now: Duration) -> Allowance {
        let each = WINDOW / self.quota;
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= REMEMBERED {
            whole_at.retain(|_, at| *at > now);
        }
        let at = whole_at.get(&key).copied().unwrap_or_default().max(now);
        let after = at + each;
        if after > now + WINDOW {
            return Allowance {
                allowed: false,
                remaining: 0,
                wait: after - WINDOW - now,
            };
        }
        whole_at.insert(key, after);
        let left = (WINDOW - (after - now)).as_nanos() / each.as_nanos().max(1);
        Allowance {
            allowed: true,
            remaining: u32::try_from(left).unwrap_or(self.quota),
            wait: after - now,
        }
    }
}

/// Refuses the requests of a caller who asks too often, and tells everybody what is left.
pub async fn limit(State(limit): State<Arc<Limit>>, request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<Peer>>()
        .map(|it| it.0);
    let key = limit.key(peer, request.headers());
    let allowance = limit.ask(key, limit.start.elapsed());
    let seconds = allowance.wait.as_secs_f64().ceil() as u64;
    let mut response = match allowance.allowed {
        true => next.run(request).await,
        false => {
            let detail = format!("a caller may ask {} times a second", limit.quota);
            let mut problem = Problem::new(Name::RateLimited, detail);
            problem.retry_after = Some(seconds.max(1));
            problem.into_response()
        }
    };
    let policy = format!("\"caller\";q={};w={}", limit.quota, WINDOW.as_secs());
    let left = format!("\"caller\";r={};t={seconds}", allowance.remaining);
    for (name, text) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_quota_is_used_up_and_comes_back() {
        let limit = Limit::new(4, Vec::new());
        let ask = |ms: u64| limit.ask(Key::Local, Duration::from_millis(ms));
        assert_eq!([0, 0, 0, 0].map(ask).map(|it| it.remaining), [3, 2, 1, 0]);
        let refused = ask(0);
        assert_eq!(
            (refused.allowed, refused.wait),
            (false, Duration::from_millis(250))
        );
        assert!(ask(250).allowed);
        assert!(!ask(250).allowed);
        assert_eq!(ask(5000).remaining, 3);
        let other = Key::Address(address("192.0.2.1"));
        assert!(limit.ask(other, Duration::ZERO).allowed);
    }

    #[test]
    fn what_a_client_says_of_its_address_counts_behind_a_trusted_proxy_alone() {
        let proxy = address("10.0.0.1");
        let limit = Limit::new(4, vec![proxy]);
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-forwarded-for",
            HeaderValue::from_static("1.1.1.1, 192.0.2.9"),
        );
        let key = |peer: &str| limit.key(Some(Peer::Address(address(peer))), &headers);
        assert_eq!(key("10.0.0.1"), Key::Address(address("192.0.2.9")));
        assert_eq!(key("192.0.2.7"), Key::Address(address("192.0.2.7")));
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let limit = Limit::new(4, Vec::new());
        let key = |it: &str| limit.key(Some(Peer::Address(address(it))), &HeaderMap::new());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    }
}
