//! What no client should send. Each is a problem document or a closed connection.

use serde_json::json;

use super::{Server, world};

#[test]
fn requests_that_cannot_be_read_are_problems() {
    let world = world();
    let server = Server::of(&world);
    for (path, status, name) in [
        ("/tools/df?nonsense=1", 400, "parameter"),
        (
            "/tools/df?platform=linux&platform=windows",
            400,
            "parameter",
        ),
        ("/tools/a%00b", 400, "parameter"),
        ("/tools/df?version=%00", 400, "parameter"),
        ("/tools/%ff%fe", 400, "parameter"),
        ("/tools/..%2F..%2Fetc", 404, "not-found"),
        ("/tools/%F0%9F%A6%80", 404, "not-found"),
        ("/tools/df%27%3B--", 404, "not-found"),
        ("/capabilities?platform=linux&plat=x", 400, "parameter"),
        ("/tools/search?q=ping&limit=0", 400, "parameter"),
        ("/tools/search?q=ping&limit=many", 400, "parameter"),
        ("/tools/search?q=ping&version=1", 400, "parameter"),
        ("/nowhere", 404, "no-such-path"),
    ] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (status, name),
            "{path}"
        );
    }
    let none = server.ask("GET", "/nowhere", &[], b"");
    assert_eq!(
        (none.status, none.problem().as_str()),
        (404, "no-such-path")
    );
    let first = server.ask("GET", "/", &[], b"");
    assert_eq!((first.status, first.header("location")), (303, "/ui/"));
}

#[test]
fn bodies_that_cannot_be_read_are_problems() {
    let world = world();
    let server = Server::of(&world);
    let json = ("Content-Type", "application/json");
    for (body, headers, status, name) in [
        (&b"{"[..], vec![json], 400, "malformed"),
        (b"", vec![json], 400, "malformed"),
        (b"[]", vec![json], 422, "invalid"),
        (b"[\"df\"]", vec![json], 422, "invalid"),
        (b"{} {}", vec![json], 400, "malformed"),
        (b"{\"query\": 5}", vec![json], 422, "invalid"),
        (b"{\"question\": \"df\"}", vec![json], 422, "invalid"),
        (
            b"{\"query\": \"a\", \"query\": \"b\"}",
            vec![json],
            422,
            "invalid",
        ),
        (
            b"{\"query\": \"df\", \"context\": {\"N\": 1, \"N\": 2}}",
            vec![json],
            422,
            "invalid",
        ),
        (b"{\"query\": \"a\\u0000b\"}", vec![json], 422, "invalid"),
        (b"{\"query\": \"\xff\"}", vec![json], 400, "malformed"),
        (
            b"{\"query\": \"df\", \"limit\": 0}",
            vec![json],
            422,
            "invalid",
        ),
        (
            b"{\"query\": \"df\", \"relevance_weight\": 7}",
            vec![json],
            422,
            "invalid",
        ),
        (
            b"{\"query\": \"df\", \"weights\": {\"speed\": 1}}",
            vec![json],
            422,
            "invalid",
        ),
        (
            b"{\"query\": \"df\", \"max_cost\": -1}",
            vec![json],
            422,
            "invalid",
        ),
        (
            b"{\"query\": \"df\", \"mode\": \"best\"}",
            vec![json],
            422,
            "invalid",
        ),
        (
            b"{\"query\": \"df\"}",
            vec![json, ("Content-Encoding", "gzip")],
            415,
            "media-type",
        ),
        (b"query=df", vec![], 415, "media-type"),
        (
            b"<query/>",
            vec![("Content-Type", "text/xml")],
            415,
            "media-type",
        ),
    ] {
        let answer = server.ask("POST", "/api/v1/select", &headers, body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (status, name),
            "{shown}"
        );
    }
    // A list stands for no object, at whatever depth: this one would name every tool.
    for (path, body) in [
        ("tokens", r#"[null, null]"#),
        (
            "tools/actions",
            r#"{"action": "disable", "filter": [], "expect": 1}"#,
        ),
        ("tools/export", r#"{"filter": []}"#),
    ] {
        let answer = server.ask("POST", &format!("/api/v1/{path}"), &[json], body.as_bytes());
        assert_eq!(answer.problem(), "invalid", "{path}");
    }
}

#[test]
fn methods_that_a_path_does_not_take_are_problems_that_name_those_it_takes() {
    let world = world();
    let server = Server::of(&world);
    let answer = server.send("POST", "/tools/df/versions", &[], &json!({}));
    assert_eq!((answer.status, answer.problem().as_str()), (405, "method"));
    assert_eq!(answer.header("allow"), "GET,HEAD");
}

/// A page of another site must not use a server that asks nobody to sign in.
#[test]
fn pages_of_other_sites_are_refused() {
    let world = world();
    let server = Server::of(&world);
    let cross = server.ask(
        "GET",
        "/api/v1/tools/df",
        &[("Sec-Fetch-Site", "cross-site")],
        b"",
    );
    assert_eq!((cross.status, cross.problem().as_str()), (403, "forbidden"));
    let origin = server.ask(
        "GET",
        "/api/v1/tools/df",
        &[("Origin", "http://evil.example")],
        b"",
    );
    assert_eq!(origin.problem(), "forbidden");
    let rebound = server
        .raw("GET /api/v1/tools/df HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_eq!(
        (rebound.status, rebound.problem().as_str()),
        (421, "misdirected")
    );
}

#[test]
fn what_is_no_http_is_closed_or_refused_by_its_status() {
    let world = world();
    let server = Server::of(&world);
    for request in [
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let answer = server.raw(request);
        assert!(
            matches!(answer.status, 0 | 400 | 505),
            "{request:?} {answer:?}"
        );
    }
    assert_eq!(server.get("/tools/df").status, 200);
}

/// The rest of a body that is too large is not waited for.
#[test]
fn a_body_that_is_too_large_is_refused_before_its_end() {
    let world = world();
    let server = Server::of(&world);
    let mut request =
        b"POST /api/v1/select HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
        Content-Length: 104857600\r\n\r\n"
            .to_vec();
    request.resize(request.len() + (1 << 20) + 1, b' ');
    let answer = server.raw(&request);
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (413, "too-large")
    );
}

/// L15: what is not percent-encoding would be read as other characters.
#[test]
fn a_query_that_cannot_be_decoded_is_refused() {
    let world = world();
    let server = Server::of(&world);
    for path in [
        "/tools?platform=%ff",
        "/tools?platform=%",
        "/tools?platform=%zz",
        "/tools/search?q=%C3",
    ] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "parameter"),
            "{path}"
        );
    }
    server.get("/tools?platform=%6Cinux").ok();
}

/// L15 (RFC 9112, 3.2).
#[test]
fn a_request_names_one_host() {
    let world = world();
    let server = Server::of(&world);
    for path in ["/api/v1/tools", "/health/live"] {
        for hosts in [
            "",
            "Host: localhost\r\nHost: localhost\r\n",
            "Host: localhost\r\nHost: evil.example\r\n",
        ] {
            let request = format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
            let answer = server.raw(request);
            assert_eq!(
                (answer.status, answer.problem().as_str()),
                (400, "malformed"),
                "{hosts}"
            );
        }
        let old = server.raw(format!("GET {path} HTTP/1.0\r\n\r\n"));
        assert_eq!(old.status, 200, "{}", old.text());
    }
}
