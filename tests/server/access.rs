//! Who may do what, by token.

use std::time::{Duration, Instant};

use serde_json::json;

use super::proxy::Proxy;
use super::{Answer, Server, world};
use crate::access::Staffed;
use crate::common::World;
use toolcat::operations::Caller;
use toolcat::operations::access::{Role, member, token};
use toolcat::store::access::members::NewMember;
use toolcat::store::location::Catalog;
use toolcat::store::{Connection, Location};

fn connect(world: &World) -> Connection {
    let location = Location::parse(world.url(), Catalog::default()).expect("a location");
    Connection::open(&location).expect("a connection")
}

/// A token of a member with a role.
pub fn token(world: &World, name: &str, role: Role) -> String {
    let (mut connection, caller) = (connect(world), Caller::named("tester"));
    let new = NewMember {
        principal: name.to_owned(),
        role,
        record: false,
        delegate: false,
    };
    member::add(&mut connection, &caller, &new).expect("a member");
    token_of(world, name)
}

/// A token of somebody who is a member.
pub fn token_of(world: &World, name: &str) -> String {
    let (mut connection, caller) = (connect(world), Caller::named("tester"));
    let request = token::Request {
        principal: Some(name.to_owned()),
        role: None,
        record: false,
        note: None,
        days: 1,
    };
    let (secret, _) = token::create(&mut connection, &caller, &request).expect("a token");
    format!("Bearer {}", secret.reveal())
}

/// Asks until the answer has the status.
pub fn until(ask: impl Fn() -> Answer, status: u16) -> Answer {
    let start = Instant::now();
    loop {
        let answer = ask();
        if answer.status == status {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{answer:?}");
    }
}

#[test]
fn with_members_everybody_shows_a_token_and_may_what_their_role_is_for() {
    let world = world();
    let server = Server::of(&world);
    server.get("/tools/df").ok();
    let admin = token(&world, "ann", Role::Admin);
    let viewer = token(&world, "vera", Role::Viewer);
    let owner = token(&world, "olga", Role::Owner);
    world.ok(&["chown", "olga", "du"]);
    let ask = |method: &str, path: &str, token: &str| {
        let path = format!("/api/v1{path}");
        server.ask(
            method,
            &path,
            &[("Authorization", token), ("If-Match", "*")],
            b"",
        )
    };
    // The server hears of the members by itself.
    let nobody = until(|| server.get("/tools/df"), 401);
    assert_eq!(
        (nobody.status, nobody.problem().as_str()),
        (401, "not-signed-in")
    );
    assert_eq!(
        nobody.header("www-authenticate"),
        "Bearer realm=\"toolcat\""
    );
    for wrong in ["Bearer nonsense", "Basic YTpi", "Bearer"] {
        assert_eq!(
            ask("GET", "/tools/df", wrong).problem(),
            "not-signed-in",
            "{wrong}"
        );
    }
    for token in [&admin, &viewer, &owner] {
        ask("GET", "/tools/df", token).ok();
    }
    for (path, token, status) in [
        ("/tools/df/disable", &viewer, 403),
        ("/tools/df/disable", &owner, 403),
        ("/tools/du/disable", &owner, 200),
        ("/tools/df/disable", &admin, 200),
    ] {
        let answer = ask("PATCH", path, token);
        assert_eq!(answer.status, status, "{path} {}", answer.text());
    }
    assert_eq!(ask("DELETE", "/tools/du", &owner).problem(), "forbidden");
    ask("DELETE", "/tools/du", &admin).ok();
    let by = world.sql(
        "SELECT DISTINCT changed_by, via FROM tool_audit_log WHERE action = 'disabled' ORDER BY 1",
    );
    assert_eq!(by, "ann|api\nolga|api\n");
    let body = json!({"tool": "df", "actual_time_ms": 5, "success": true});
    let record =
        |token: &str| server.send("POST", "/telemetry", &[("Authorization", token)], &body);
    assert_eq!(record(&viewer).problem(), "forbidden");
    assert_eq!(record(&owner).ok()["recorded"], 1);
    // What is revoked ends, without a restart.
    let which = token::Which::Of("vera".to_owned());
    token::revoke(&mut connect(&world), &Caller::named("tester"), &which).expect("revoked");
    let revoked = until(|| ask("GET", "/tools/df", &viewer), 401);
    assert_eq!(revoked.problem(), "not-signed-in");
    let id = revoked.header("x-request-id");
    let log = server.log_until(id).join("\n");
    assert!(log.contains("\"principal\":\"olga\""), "{log}");
    for token in [&admin, &viewer, &owner] {
        assert!(
            !log.contains(token.trim_start_matches("Bearer ")),
            "a token in the log"
        );
    }
}

#[test]
fn others_are_let_in_where_there_are_members_alone() {
    let world = world();
    let run = world.run(&["serve", "--listen", "0.0.0.0:0", "--insecure-http"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("no members"), "{run:?}");
}

/// A role that owns the catalog is bound by no rule: whoever found a way into the server would have all of it.
#[test]
fn the_owner_of_the_catalog_serves_on_a_private_server_alone() {
    let staffed = Staffed::new();
    let proxy = Proxy::to(&staffed.world);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--database-url"];
    let owner = proxy.url(staffed.world.url());
    let run = staffed.world.run(&[&serve[..], &[&owner]].concat());
    assert_ne!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("nothing binds it"), "{run:?}");
    assert!(run.stderr.contains("docs/access.md"), "{run:?}");
    let url = proxy.url(&staffed.url("server"));
    let server = Server::with(&staffed.world, &["--database-url", &url]);
    assert_eq!(server.get("/tools").problem(), "not-signed-in");
}

#[test]
fn tokens_that_are_none_are_soon_not_looked_at() {
    let world = world();
    let server = Server::of(&world);
    let good = token(&world, "ann", Role::Admin);
    until(|| server.get("/me"), 401);
    let me = |token: &str| server.ask("GET", "/api/v1/me", &[("Authorization", token)], b"");
    me(&good).ok();
    let wrong: Vec<_> = (0..11).map(|it| me(&format!("Bearer wrong{it}"))).collect();
    let last = wrong.last().expect("an answer");
    assert_eq!(
        (wrong[0].status, last.problem().as_str()),
        (401, "rate-limited")
    );
    assert_ne!(last.header("retry-after"), "");
    // Who is known goes on, and is counted by the token; also when members change, and everybody is looked up again.
    token(&world, "bob", Role::Viewer);
    let known = me(&good);
    assert_eq!(known.status, 200);
    assert!(known.header("ratelimit").contains("r="), "{known:?}");
}
