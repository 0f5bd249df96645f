//! What can be read.

use super::{Server, world};

#[test]
fn a_tool_is_shown_with_its_definition() {
    let world = world();
    let server = Server::of(&world);
    let shown = server.get("/tools/df").ok();
    assert_eq!(shown["tool"], "df");
    assert_eq!(shown["platform"], "linux");
    assert_eq!(shown["definition"]["tool_name"], "df");
    assert_eq!(shown["is_latest"], true);
    assert_eq!(server.get("/tools/linux%2Fdf").ok(), shown);
    assert_eq!(
        server.get("/tools/df?platform=linux&version=1.0").ok(),
        shown
    );
    let yaml = server.ask(
        "GET",
        "/api/v1/tools/df",
        &[("Accept", "application/yaml")],
        b"",
    );
    assert_eq!(yaml.header("content-type"), "application/yaml");
    assert!(yaml.text().contains("tool_name: df"), "{}", yaml.text());
}

#[test]
fn a_name_that_can_mean_several_is_a_conflict_with_the_candidates() {
    let world = world();
    let server = Server::of(&world);
    let answer = server.get("/tools/ping");
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (409, "ambiguous")
    );
    assert_eq!(
        answer.json()["candidates"],
        serde_json::json!(["linux/ping@1.0", "windows/ping@1.0"])
    );
    let one = server.get("/tools/ping?platform=windows").ok();
    assert_eq!(one["platform"], "windows");
}

#[test]
fn what_is_not_there_is_a_problem_with_names_that_are_near() {
    let world = world();
    let server = Server::of(&world);
    let answer = server.get("/tools/dff");
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (404, "not-found")
    );
    assert!(
        answer.json()["hint"]
            .as_str()
            .is_some_and(|it| it.contains("df"))
    );
    assert_eq!(server.get("/tools/df/versions/x").problem(), "no-such-path");
    assert_eq!(
        server.get("/capabilities/nothing/tools").problem(),
        "not-found"
    );
}

#[test]
fn an_etag_tells_whether_a_tool_has_changed() {
    let world = world();
    let server = Server::of(&world);
    let first = server.get("/tools/df");
    let tag = first.header("etag").to_owned();
    let same = server.ask("GET", "/api/v1/tools/df", &[("If-None-Match", &tag)], b"");
    assert_eq!((same.status, same.body.len()), (304, 0));
    world.ok(&["disable", "df"]);
    let other = server.ask("GET", "/api/v1/tools/df", &[("If-None-Match", &tag)], b"");
    assert_eq!(other.status, 200);
    assert_ne!(other.header("etag"), tag);
}

/// L8: what a client keeps of one form says nothing of the other; for a change, either names the state.
#[test]
fn each_form_of_a_tool_has_its_own_etag() {
    let world = world();
    let server = Server::of(&world);
    let path = "/api/v1/tools/df";
    let form = |accept: &str| server.ask("GET", path, &[("Accept", accept)], b"");
    let forms = ["application/json", "application/yaml"];
    let [json, yaml] = forms.map(|it| form(it).header("etag").to_owned());
    assert_ne!(json, yaml);
    let kept = |accept: &str, tag: &str| {
        let headers = [("Accept", accept), ("If-None-Match", tag)];
        server.ask("GET", path, &headers, b"").status
    };
    assert_eq!((kept(forms[0], &json), kept(forms[0], &yaml)), (304, 200));
    assert_eq!((kept(forms[1], &json), kept(forms[1], &yaml)), (200, 304));
    for change in ["disable", "enable"] {
        let tag = form(forms[usize::from(change == "disable")])
            .header("etag")
            .to_owned();
        let path = format!("{path}/{change}");
        let changed = server.ask("PATCH", &path, &[("If-Match", &tag)], b"");
        assert_eq!(changed.status, 200, "{}", changed.text());
    }
    let stale = server.ask(
        "PATCH",
        "/api/v1/tools/df/disable",
        &[("If-Match", "\"0-yaml\"")],
        b"",
    );
    assert_eq!(stale.status, 412);
}

#[test]
fn versions_and_capabilities_are_listed() {
    let world = world();
    let server = Server::of(&world);
    let versions = server.get("/tools/df/versions").ok();
    assert_eq!(versions["versions"][0]["version"], "1.0");
    let capabilities = server.get("/capabilities").ok();
    let names: Vec<&str> = (capabilities["capabilities"]
        .as_array()
        .expect("a list")
        .iter())
    .filter_map(|it| it["capability"].as_str())
    .collect();
    assert_eq!(names, ["disk_usage", "lookup", "reachability"]);
    let offers = server.get("/capabilities/disk_usage/tools").ok();
    assert_eq!(offers["tools"].as_array().map(Vec::len), Some(2));
}

#[test]
fn tools_are_found_by_words_and_a_tool_named_search_is_still_there() {
    let world = world();
    let server = Server::of(&world);
    let found = server.get("/tools/search?q=ping").ok();
    assert_eq!(found["tools"][0]["tool"], "ping");
    assert_eq!(server.get("/tools/search").ok()["tool"], "search");
}

#[test]
fn tools_are_listed_page_by_page() {
    let world = world();
    let server = Server::of(&world);
    let all = server.get("/tools").ok();
    assert_eq!(
        (&all["total"], &all["next"]),
        (&serde_json::json!(5), &serde_json::Value::Null)
    );
    let names = |page: &serde_json::Value| -> Vec<String> {
        let tools = page["tools"].as_array().expect("a list").iter();
        tools
            .map(|it| format!("{}/{}", it["platform"], it["tool"]).replace('"', ""))
            .collect()
    };
    let mut seen = Vec::new();
    let mut path = "/api/v1/tools?limit=2&platform=linux".to_owned();
    loop {
        let answer = server.ask("GET", &path, &[], b"");
        let page = answer.ok();
        assert_eq!(page["total"], 4);
        seen.extend(names(&page));
        let Some(cursor) = page["next"].as_str() else {
            assert_eq!(answer.header("link"), "");
            break;
        };
        path = format!("/api/v1/tools?limit=2&platform=linux&cursor={cursor}");
        assert_eq!(answer.header("link"), format!("<{path}>; rel=\"next\""));
    }
    assert_eq!(seen, ["linux/df", "linux/du", "linux/ping", "linux/search"]);
    assert_eq!(
        names(&server.get("/tools/platform/windows").ok()),
        ["windows/ping"]
    );
    assert_eq!(
        server
            .get("/tools/category/system?tag=test&enabled=true")
            .ok()["total"],
        5
    );
    assert_eq!(
        server
            .get("/tools?capability=lookup&capability=reachability")
            .ok()["total"],
        3
    );
    let cursor = server.get("/tools?limit=1").ok()["next"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    for path in [
        format!("/tools?platform=linux&cursor={cursor}"),
        "/tools?cursor=zz".to_owned(),
        "/tools?limit=0".to_owned(),
        "/tools?limit=201".to_owned(),
        "/tools?enabled=perhaps".to_owned(),
        "/tools/platform/linux?platform=linux".to_owned(),
    ] {
        assert_eq!(server.get(&path).problem(), "parameter", "{path}");
    }
}
