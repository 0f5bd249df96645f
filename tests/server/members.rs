//! Members, teams and tokens, made over HTTP.

use serde_json::{Value, json};

use super::access::{token, until};
use super::{Answer, Server, world};
use toolcat::operations::access::Role;

#[test]
fn whoever_asks_is_told_who_they_are() {
    let world = world();
    let server = Server::of(&world);
    let me = server.get("/me").ok();
    assert_eq!(
        me,
        json!({"name": "tester", "role": "admin", "record": true, "teams": [], "token": null,
               "checked": false, "catalog": "tool_catalog"})
    );
    let token = token(&world, "vera", Role::Viewer);
    let headers = [("Authorization", token.as_str())];
    until(|| server.get("/me"), 401);
    let me = server.ask("GET", "/api/v1/me", &headers, b"").ok();
    assert_eq!(
        (&me["name"], &me["role"], &me["checked"]),
        (&json!("vera"), &json!("viewer"), &json!(true))
    );
}

#[test]
fn an_admin_makes_members_teams_and_tokens() {
    let world = world();
    let server = Server::of(&world);
    let admin = token(&world, "ann", Role::Admin);
    until(|| server.get("/members"), 401);
    let ask = |method: &str, path: &str, token: &str, body: &Value| -> Answer {
        server.send(method, path, &[("Authorization", token)], body)
    };
    let get = |path: &str, token: &str| ask("GET", path, token, &json!({}));
    let role = json!({"role": "owner"});
    let would = ask("PUT", "/members/bo?dry_run=true", &admin, &role);
    assert_eq!(would.status, 200);
    assert_eq!(
        get("/members", &admin).ok()["members"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(ask("PUT", "/members/bo", &admin, &role).status, 201);
    assert_eq!(ask("PUT", "/members/bo", &admin, &role).status, 200);

    let made = ask(
        "POST",
        "/tokens",
        &admin,
        &json!({"member": "bo", "note": "laptop"}),
    );
    assert_eq!(
        (made.status, made.header("cache-control")),
        (201, "no-store")
    );
    let number = made.json()["number"].as_i64().expect("a number");
    let secret = made.json()["token"].as_str().expect("a token").to_owned();
    let owner = format!("Bearer {secret}");
    assert_eq!(get("/me", &owner).ok()["token"], number);
    let listed = get("/tokens?member=bo", &admin);
    assert_eq!(listed.ok()["tokens"][0]["state"], "valid");
    assert!(!listed.text().contains(&secret));

    let team = json!({"members": ["bo", "ann"]});
    let team = ask("PUT", "/teams/storage", &admin, &team).ok();
    assert_eq!(team, json!({"team": "storage", "members": ["ann", "bo"]}));
    ask("PUT", "/teams/storage", &admin, &json!({"members": ["bo"]})).ok();
    let teams = get("/teams", &admin).ok();
    assert_eq!(
        teams["teams"],
        json!([{"team": "storage", "members": ["bo"]}])
    );

    // Only an admin does that.
    for (method, path) in [
        ("PUT", "/members/bo"),
        ("DELETE", "/members/ann"),
        ("PUT", "/teams/storage"),
        ("GET", "/tokens"),
        ("POST", "/tokens"),
        ("DELETE", "/tokens/1"),
    ] {
        let answer = ask(method, path, &owner, &role);
        assert_eq!(answer.problem(), "forbidden", "{method} {path}");
    }
    let nobody = ask(
        "PUT",
        "/teams/storage",
        &admin,
        &json!({"members": ["zoe"]}),
    );
    assert_eq!(nobody.problem(), "not-found");
    assert_eq!(
        ask("DELETE", "/tokens/999", &admin, &json!({})).problem(),
        "not-found"
    );
    assert_eq!(
        ask("DELETE", "/tokens/x", &admin, &json!({})).problem(),
        "parameter"
    );
    assert_eq!(
        ask("DELETE", "/teams/storage", &admin, &json!({})).status,
        204
    );
    let void = format!("/tokens/{number}");
    assert_eq!(ask("DELETE", &void, &admin, &json!({})).status, 204);
    until(|| get("/me", &owner), 401);
    assert_eq!(ask("DELETE", "/members/bo", &admin, &json!({})).status, 204);
    let by = world.sql("SELECT DISTINCT changed_by, via FROM tool_audit_log WHERE entity = 'team'");
    assert_eq!(by, "ann|api\n");
}
