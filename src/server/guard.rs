//! What a browser must not be made to do: a page of another site neither reads nor changes a catalog,
//! even where the server listens on this machine alone and asks nobody to sign in.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::problem::{Name, Problem};
use super::ui;

/// Whether the server answers to names of this machine alone: where it listens on loopback, any other
/// name leads here by a trick of the name's owner.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// Whether only names of this machine count.
    pub loopback: bool,
}

/// Refuses requests that do not say for which host they are, or name several (RFC 9112, 3.2): what stands between a
/// client and the server may have read another one.
pub async fn one_host(request: Request, next: Next) -> Response {
    let count = request.headers().get_all(header::HOST).iter().count();
    let wrong = match request.version() {
        Version::HTTP_11 => count != 1,
        _ => count > 1,
    };
    match wrong {
        true => Problem::new(Name::Malformed, "a request names its host, once").into_response(),
        false => next.run(request).await,
    }
}

/// Refuses requests that a page of another site made, or that are for another host.
pub async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let host = host_of(&request);
    let by_link = is_by_link(&request);
    match guard.refuse(host.as_deref(), request.headers(), by_link) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

impl Guard {
    fn refuse(self, host: Option<&str>, headers: &HeaderMap, by_link: bool) -> Option<Problem> {
        if self.loopback && !host.is_none_or(is_this_machine) {
            let detail = "this server answers to localhost, 127.0.0.1 and [::1] alone";
            return Some(Problem::new(Name::Misdirected, detail));
        }
        let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
        let site = text("sec-fetch-site");
        let foreign = match (site, text(header::ORIGIN.as_str())) {
            (Some(site), _) => !matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => {
                let there = origin.split_once("://").map(|(_, host)| host);
                there.is_none() || there != host
            }
            (None, None) => false,
        };
        (foreign && !by_link).then(|| {
            Problem::new(
                Name::Forbidden,
                "the request comes from a page of another site",
            )
        })
    }
}

/// Whether a browser follows a link to a page for people. Such a page changes nothing by being looked at, and
/// no other site can read it or put it into a frame.
fn is_by_link(request: &Request) -> bool {
    let said = |name: &str| request.headers().get(name).map(|it| it.as_bytes());
    request.method() == Method::GET
        && ui::is_page(request.uri().path())
        && said("sec-fetch-mode") == Some(b"navigate")
        && said("sec-fetch-dest") == Some(b"document")
}

fn host_of(request: &Request) -> Option<String> {
    let named = request.headers().get(header::HOST);
    match (request.uri().authority(), named) {
        (Some(authority), _) => Some(authority.to_string()),
        (None, Some(host)) => Some(String::from_utf8_lossy(host.as_bytes()).into_owned()),
        (None, None) => None,
    }
}

/// Whether a host, with or without a port, is this machine's own.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(host: &str, headers: &[(&'static str, &str)]) -> Option<u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a value"));
        }
        let guard = Guard { loopback: true };
        guard.refuse(Some(host), &map, false).map(|it| it.status)
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        assert_eq!(status("127.0.0.1:8080", &[]), None);
        assert_eq!(
            status("localhost", &[("sec-fetch-site", "same-origin")]),
            None
        );
        assert_eq!(
            status("[::1]:8080", &[("origin", "http://[::1]:8080")]),
            None
        );
        assert_eq!(
            status("localhost", &[("sec-fetch-site", "cross-site")]),
            Some(403)
        );
        assert_eq!(
            status("localhost", &[("origin", "http://evil.example")]),
            Some(403)
        );
        assert_eq!(status("localhost", &[("origin", "null")]), Some(403));
    }

    #[test]
    fn a_name_that_was_made_to_lead_here_is_refused() {
        assert_eq!(status("evil.example:8080", &[]), Some(421));
        let anywhere = Guard { loopback: false };
        assert!(
            anywhere
                .refuse(Some("tools.example"), &HeaderMap::new(), false)
                .is_none()
        );
    }
}
