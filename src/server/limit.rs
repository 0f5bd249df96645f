//! How often a caller may ask: the generic cell rate algorithm, by token or by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::listen::Peer;
use super::problem::{Name, Problem};

/// The window in which the quota of requests counts.
const WINDOW: Duration = Duration::from_secs(1);

/// How often a caller may show a token that is not known, and in which window.
const FAILURES: (u32, Duration) = (10, Duration::from_secs(60));

/// So many callers are remembered before those that have not asked for a while are forgotten.
const REMEMBERED: usize = 10_000;

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Those with a token that is known to be good, by its hash.
    Token([u8; 32]),
    /// Those of an address; of IPv6, of a network of one subscriber.
    Address(IpAddr),
    /// Those of processes on this machine, through a socket.
    Local,
}

/// So much in each window, for each caller.
struct Bucket {
    quota: u32,
    window: Duration,
    /// When the allowance of each caller will be whole again.
    whole_at: Mutex<HashMap<Key, Duration>>,
}

/// How often each caller may ask, and how often each did.
pub struct Limit {
    requests: Bucket,
    failures: Bucket,
    trusted: Vec<IpAddr>,
    start: Instant,
}

/// What a caller is told of its allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Allowance {
    allowed: bool,
    remaining: u32,
    /// Until the allowance is whole again; if it is used up, until there is some.
    wait: Duration,
}

impl Allowance {
    fn seconds(self) -> u64 {
        self.wait.as_secs_f64().ceil() as u64
    }

    fn refusal(self, detail: String) -> Problem {
        let mut problem = Problem::new(Name::RateLimited, detail);
        problem.retry_after = Some(self.seconds().max(1));
        problem
    }
}

impl Bucket {
    fn new(quota: u32, window: Duration) -> Self {
        Self {
            quota: quota.max(1),
            window,
            whole_at: Mutex::new(HashMap::new()),
        }
    }

    /// Counts one if there is an allowance; `keep` says whether it is used up by that.
    fn ask(&self, key: &Key, now: Duration, keep: bool) -> Allowance {
        let each = self.window / self.quota;
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= REMEMBERED {
            whole_at.retain(|_, at| *at > now);
        }
        let at = whole_at.get(key).copied().unwrap_or_default().max(now);
        let after = at + each;
        if after > now + self.window {
            return Allowance {
                allowed: false,
                remaining: 0,
                wait: after - self.window - now,
            };
        }
        if keep {
            whole_at.insert(key.clone(), after);
        }
        let left = (self.window - (after - now)).as_nanos() / each.as_nanos().max(1);
        Allowance {
            allowed: true,
            remaining: u32::try_from(left).unwrap_or(self.quota),
            wait: after - now,
        }
    }
}

impl Limit {
    /// So many requests a second for each caller, behind those proxies.
    pub fn new(quota: u32, trusted: Vec<IpAddr>) -> Arc<Self> {
        let (failures, window) = FAILURES;
        Arc::new(Self {
            requests: Bucket::new(quota, WINDOW),
            failures: Bucket::new(failures, window),
            trusted,
            start: Instant::now(),
        })
    }

    /// The address that a request comes from. What a client says of it counts only where a trusted proxy adds to
    /// it, and there the last address that is not a trusted proxy's.
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

    /// The same of a request.
    pub fn key_of(&self, request: &Request) -> Key {
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        self.key(peer.map(|it| it.0), request.headers())
    }

    /// Refuses to look at a token of a caller who has shown too many that were none.
    ///
    /// # Errors
    /// 429.
    pub fn may_sign_in(&self, key: &Key) -> Result<(), Problem> {
        let allowance = self.failures.ask(key, self.start.elapsed(), false);
        match allowance.allowed {
            true => Ok(()),
            false => Err(allowance.refusal("too many tokens that are not known here".to_owned())),
        }
    }

    /// Counts a token that was none.
    pub fn failed_sign_in(&self, key: &Key) {
        self.failures.ask(key, self.start.elapsed(), true);
    }

    /// Passes the request of a caller on who does not ask too often, and tells what is left.
    pub async fn pass(&self, key: &Key, request: Request, next: Next) -> Response {
        let allowance = self.requests.ask(key, self.start.elapsed(), true);
        let quota = self.requests.quota;
        let mut response = match allowance.allowed {
            true => next.run(request).await,
            false => allowance
                .refusal(format!("a caller may ask {quota} times a second"))
                .into_response(),
        };
        let policy = format!("\"caller\";q={quota};w={}", WINDOW.as_secs());
        let left = format!(
            "\"caller\";r={};t={}",
            allowance.remaining,
            allowance.seconds()
        );
        for (name, text) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// Whether a token is looked at on the way to the path, so that the request is counted there. The list of the
/// catalogs looks into each by itself.
fn is_signed(request: &Request) -> bool {
    let path = request.uri().path();
    path.starts_with("/api/")
        && path != "/api/v1/catalogs"
        && request.headers().contains_key(header::AUTHORIZATION)
}

/// Counts the requests that show no token, by the address that they come from.
pub async fn limit(State(limit): State<Arc<Limit>>, request: Request, next: Next) -> Response {
    match is_signed(&request) {
        true => next.run(request).await,
        false => {
            let key = limit.key_of(&request);
            limit.pass(&key, request, next).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_quota_is_used_up_and_comes_back() {
        let bucket = Bucket::new(4, WINDOW);
        let ask = |ms: u64| bucket.ask(&Key::Local, Duration::from_millis(ms), true);
        assert_eq!([0, 0, 0, 0].map(ask).map(|it| it.remaining), [3, 2, 1, 0]);
        let refused = ask(0);
        assert_eq!(
            (refused.allowed, refused.wait),
            (false, Duration::from_millis(250))
        );
        assert!(ask(250).allowed);
        assert!(!ask(250).allowed);
        assert_eq!(ask(5000).remaining, 3);
        let others = [Key::Address(address("192.0.2.1")), Key::Token([0; 32])];
        for other in others {
            assert!(bucket.ask(&other, Duration::ZERO, true).allowed);
        }
    }

    #[test]
    fn tokens_that_are_none_are_looked_at_for_a_while_only() {
        let limit = Limit::new(1000, Vec::new());
        let key = Key::Address(address("192.0.2.1"));
        for _ in 0..FAILURES.0 {
            assert!(limit.may_sign_in(&key).is_ok());
            limit.failed_sign_in(&key);
        }
        let refused = limit.may_sign_in(&key).expect_err("too many");
        assert_eq!((refused.status, refused.retry_after), (429, Some(6)));
        assert!(limit.may_sign_in(&Key::Local).is_ok());
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
