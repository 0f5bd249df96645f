//! Several catalogs of one server.

use serde_json::json;

use super::access::{token, until};
use super::{Server, world};
use crate::common::definition;
use toolcat::operations::access::Role;

#[test]
fn each_catalog_has_its_paths_its_tools_and_its_tokens() {
    let world = world();
    world.ok(&["catalog", "create", "staging"]);
    world.write(
        "only.yaml",
        definition("linux", "only", "1.0", "staging_job"),
    );
    world.ok(&["import", "--catalog", "staging", "only.yaml"]);
    let server = Server::with(
        &world,
        &["--catalog", "tool_catalog", "--catalog", "staging"],
    );
    let listed = server.get("/catalogs").ok();
    assert_eq!(
        listed["catalogs"],
        json!([
            {"catalog": "tool_catalog", "path": "/api/v1/catalogs/tool_catalog", "default": true},
            {"catalog": "staging", "path": "/api/v1/catalogs/staging", "default": false},
        ])
    );
    server.get("/tools/df").ok();
    server.get("/catalogs/tool_catalog/tools/df").ok();
    server.get("/catalogs/staging/tools/only").ok();
    assert_eq!(server.get("/tools/only").problem(), "not-found");
    assert_eq!(
        server.get("/catalogs/staging/tools/df").problem(),
        "not-found"
    );
    assert_eq!(
        server.get("/catalogs/nothing/tools/df").problem(),
        "no-such-path"
    );
    assert_eq!(
        server.get("/catalogs/staging/me").ok()["catalog"],
        "staging"
    );

    // Each is in memory, and renewed by its own changes.
    let job = json!({"capabilities": ["staging_job"]});
    let select = |path: &str| server.send("POST", path, &[], &job).ok()["answer"].clone();
    assert_eq!(select("/catalogs/staging/select")["tool"], "only");
    assert!(select("/select").is_null());
    let path = "/api/v1/catalogs/staging/tools/only/disable";
    server.ask("PATCH", path, &[("If-Match", "*")], b"").ok();
    assert!(select("/catalogs/staging/select").is_null());
    let text = definition("linux", "more", "1.0", "staging_job");
    let yaml = [("Content-Type", "application/yaml")];
    let made = server.ask(
        "POST",
        "/api/v1/catalogs/staging/tools",
        &yaml,
        text.as_bytes(),
    );
    assert_eq!(
        made.header("location"),
        "/api/v1/catalogs/staging/tools/linux%2Fmore@1.0"
    );

    // With members, a token of one catalog is none of the other, and shows that one alone.
    let ann = token(&world, "ann", Role::Admin);
    let ann = [("Authorization", ann.as_str())];
    until(|| server.get("/tools/df"), 401);
    let get = |path: &str| server.ask("GET", &format!("/api/v1{path}"), &ann, b"");
    get("/tools/df").ok();
    assert_eq!(
        get("/catalogs/staging/tools/only").problem(),
        "no-such-path"
    );
    assert_eq!(
        get("/catalogs").ok()["catalogs"][0]["catalog"],
        "tool_catalog"
    );
    assert_eq!(
        get("/catalogs").ok()["catalogs"].as_array().map(Vec::len),
        Some(1)
    );
    server.get("/catalogs/staging/tools/only").ok();
    let seen = server.get("/catalogs").ok();
    assert_eq!(seen["catalogs"][0]["catalog"], "staging", "{seen}");
}

/// L2: whether a catalog is there is nothing for whoever is not known in it.
#[test]
fn a_catalog_of_others_looks_like_none() {
    let world = world();
    world.ok(&["catalog", "create", "tenant"]);
    world.ok(&[
        "--catalog",
        "tenant",
        "member",
        "add",
        "root",
        "--role",
        "admin",
    ]);
    let server = Server::with(
        &world,
        &["--catalog", "tool_catalog", "--catalog", "tenant"],
    );
    let ann = token(&world, "ann", Role::Admin);
    until(|| server.get("/tools/df"), 401);
    let own = [("Authorization", ann.as_str())];
    let told = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut answer = server.ask(method, path, headers, b"");
        let status = answer.status;
        let name = answer.problem();
        answer
            .headers
            .retain(|(it, _)| !matches!(it.as_str(), "x-request-id" | "date" | "ratelimit"));
        let mut problem = answer.json();
        problem["request_id"] = json!(null);
        (status, name, problem, answer.headers)
    };
    server.ask("GET", "/api/v1/me", &own, b"").ok();
    // Of what is shown and not known, ten are looked at.
    for (headers, paths) in [
        (&[][..], 4),
        (&own, 4),
        (&[("Authorization", "Basic YTpi")], 1),
    ] {
        let paths = [
            ("GET", "me"),
            ("POST", "me"),
            ("GET", "tools/%ff"),
            ("GET", "no/path"),
        ]
        .iter()
        .take(paths);
        for (method, path) in paths {
            let of = |name: &str| told(method, &format!("/api/v1/catalogs/{name}/{path}"), headers);
            let there = of("tenant");
            assert_eq!((there.0, there.1.as_str()), (404, "no-such-path"));
            assert_eq!(there, of("nosuch"), "{method} {path} {headers:?}");
        }
    }
    // Of its own catalog, a caller is told what is wrong; and no name can be tried for ever.
    let ask = |path: &str| server.ask("GET", path, &own, b"");
    ask("/api/v1/catalogs/tool_catalog/me").ok();
    let nobody = server.get("/catalogs/tool_catalog/me");
    assert_eq!(nobody.problem(), "no-such-path");
    until(|| ask("/api/v1/catalogs/nosuch/me"), 429);
    assert_eq!(ask("/api/v1/catalogs/tenant/me").status, 429);
}

#[test]
fn every_catalog_can_be_served_and_a_misspelt_one_is_not_made() {
    let world = world();
    world.ok(&["catalog", "create", "staging"]);
    let server = Server::with(&world, &["--all-catalogs"]);
    server.get("/catalogs/staging/tools").ok();
    server.get("/tools/df").ok();
    let run = world.run(&["serve", "--listen", "127.0.0.1:0", "--catalog", "stagign"]);
    assert!(run.code != 0 && run.stderr.contains("stagign"), "{run:?}");
}
