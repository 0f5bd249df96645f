//! The pages for people, by a client without a script.

use serde_json::json;

use super::access::token;
use super::{Answer, Server, world};
use crate::common::{World, definition};
use toolcat::operations::access::Role;

/// A browser that is signed in, as far as these tests need one.
pub(super) struct Browser<'a> {
    server: &'a Server,
    cookie: String,
}

/// The link that a server printed when it began.
fn link(server: &Server) -> String {
    let log = server.log_until("/ui/link?key=");
    let line = log.iter().find_map(|it| it.split_once("/ui/link?key="));
    let key = line.expect("a link").1.split(' ').next().expect("a key");
    format!("/ui/link?key={key}")
}

fn cookie_of(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    set.split(';').next().unwrap_or_default().to_owned()
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String { text.bytes().map(|it| format!("%{it:02X}")).collect() };
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

impl<'a> Browser<'a> {
    pub(super) fn of(server: &'a Server) -> Self {
        let answer = server.ask("GET", &link(server), &[], b"");
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = cookie_of(&answer);
        Self { server, cookie }
    }

    fn by_token(server: &'a Server, token: &str) -> Self {
        let token = token.trim_start_matches("Bearer ");
        let nobody = Self {
            server,
            cookie: String::new(),
        };
        let answer = nobody.post("/ui/sign-in", &[("token", token)]);
        assert_eq!(answer.status, 303, "{answer:?}");
        Self {
            server,
            cookie: cookie_of(&answer),
        }
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.server
            .ask("GET", path, &[("Cookie", &self.cookie)], b"")
    }

    pub(super) fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path} {}", answer.text());
        answer.text()
    }

    pub(super) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        self.server
            .ask("POST", path, &headers, encoded(fields).as_bytes())
    }

    /// Sends a form, and follows where that leads.
    pub(super) fn done(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{path} {}", answer.text());
        self.page(answer.header("location"))
    }
}

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap_or_else(|| panic!("no field {name}: {page}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// The text of an area of a page.
fn area(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\""))
        .expect("the area");
    let (_, rest) = rest.split_once(">\n").expect("its text");
    let text = rest.split("</textarea>").next().unwrap_or_default();
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

#[test]
fn a_link_signs_in_once_and_a_session_is_never_one_that_the_browser_brought() {
    let world = world();
    let server = Server::of(&world);
    let nobody = server.ask("GET", "/ui/tools?platform=linux", &[], b"");
    assert_eq!(nobody.status, 303);
    assert_eq!(
        nobody.header("location"),
        "/ui/sign-in?to=%2Fui%2Ftools%3Fplatform%3Dlinux"
    );
    let link = link(&server);
    let brought = format!(
        "toolcat-{}=tses_mine",
        server.address.rsplit_once(':').expect("a port").1
    );
    let first = server.ask("GET", &link, &[("Cookie", &brought)], b"");
    assert_eq!(first.status, 303, "{first:?}");
    let set = first.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("tses_mine"), "{set}");
    let second = server.ask("GET", &link, &[], b"");
    assert_eq!((second.status, second.header("set-cookie")), (401, ""));
    assert!(
        second.text().contains("was used before"),
        "{}",
        second.text()
    );
    // The key of a link is not the key of a session.
    let key = link.split_once('=').expect("a key").1;
    let name = brought.split_once('=').expect("a name").0;
    let stolen = format!("{name}={key}");
    assert_eq!(
        server
            .ask("GET", "/ui/", &[("Cookie", &stolen)], b"")
            .status,
        303
    );
    let browser = Browser {
        server: &server,
        cookie: cookie_of(&first),
    };
    assert!(browser.page("/ui/").contains("What changed"));
    assert_eq!(
        world.sql("SELECT count(*) FROM sessions WHERE expires_at > now() + INTERVAL '11 hours'"),
        "1\n"
    );
    let out = browser.post("/ui/sign-out", &[("everywhere", "true")]);
    assert_eq!((out.status, out.header("location")), (303, "/ui/sign-in"));
    assert_eq!(browser.get("/ui/").status, 303);
    assert_eq!(world.sql("SELECT count(*) FROM sessions"), "0\n");
}

#[test]
fn a_page_of_another_site_makes_no_change_and_can_only_lead_here() {
    let world = world();
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let body = encoded(&[("scope", "all"), ("action", "disable"), ("expect", "5")]);
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for foreign in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
    ] {
        let headers = [kind, foreign, ("Cookie", browser.cookie.as_str())];
        let answer = server.ask("POST", "/ui/bulk", &headers, body.as_bytes());
        assert_eq!(answer.status, 403, "{foreign:?}");
    }
    assert_eq!(
        world.sql("SELECT count(*) FROM tools WHERE NOT enabled"),
        "0\n"
    );
    let by_link = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
        ("Cookie", browser.cookie.as_str()),
    ];
    assert_eq!(server.ask("GET", "/ui/tools", &by_link, b"").status, 200);
    let framed = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "iframe"),
    ];
    assert_eq!(server.ask("GET", "/ui/tools", &framed, b"").status, 403);
    let to = server.ask("GET", "/ui/sign-in?to=//evil.example", &[], b"");
    assert_eq!(to.status, 200);
    // The cookie counts for pages alone.
    let (_, key) = browser.cookie.split_once('=').expect("a key");
    let headers = [("Authorization", format!("Bearer {key}"))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(a, b)| (*a, b.as_str())).collect();
    assert_eq!(
        server.ask("GET", "/api/v1/tools/df", &headers, b"").status,
        401
    );
}

#[test]
fn what_a_definition_says_is_text_on_every_page() {
    const EVIL: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'";
    let world = world();
    let text = definition("linux", "evil", "1.0", "doing")
        .replace("What evil is for", &format!("{}", json!(EVIL)))
        .replace(
            "What doing does",
            &format!("{}", json!(format!("{EVIL} can"))),
        )
        .replace(
            "The usual way",
            &format!("{}", json!(format!("{EVIL} way"))),
        )
        .replace("try evil", &format!("{}", json!(format!("{EVIL} use"))))
        .replace("[test]", &format!("[{}]", json!(EVIL)));
    world.write("evil.yaml", text);
    world.ok(&["--actor", EVIL, "--reason", EVIL, "import", "evil.yaml"]);
    world.ok(&["--actor", EVIL, "--reason", EVIL, "chown", EVIL, "evil"]);
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let evil = encoded(&[("q", EVIL)]);
    let paths = [
        "/ui/".to_owned(),
        "/ui/tools".to_owned(),
        format!("/ui/tools?{evil}"),
        "/ui/tools/linux%2Fevil".to_owned(),
        "/ui/tools/linux%2Fevil/edit".to_owned(),
        "/ui/audit".to_owned(),
        "/ui/new".to_owned(),
        "/ui/new?by=text".to_owned(),
        "/ui/members".to_owned(),
        "/ui/sign-in?to=%22%3E%3Cscript%3E".to_owned(),
    ];
    let mut pages: Vec<(String, Answer)> = paths
        .into_iter()
        .map(|it| (it.clone(), browser.get(&it)))
        .collect();
    for path in [
        "/ui/tools/%3Cscript%3E",
        "/ui/audit?since=%3Cscript%3E",
        "/ui/tools?x=%3Cscript%3E",
        "/ui/%3Cscript%3E",
    ] {
        let answer = browser.get(path);
        assert!(
            (400..500).contains(&answer.status),
            "{path} {}",
            answer.status
        );
        pages.push((path.to_owned(), answer));
    }
    pages.push((
        "POST /ui/new".to_owned(),
        browser.post(
            "/ui/new",
            &[("name", EVIL), ("reason", EVIL), ("time", EVIL)],
        ),
    ));
    pages.push((
        "POST /ui/new/text".to_owned(),
        browser.post("/ui/new/text", &[("text", EVIL), ("reason", EVIL)]),
    ));
    for (path, answer) in &pages {
        let text = answer.text();
        assert_eq!(
            answer.header("content-type"),
            "text/html; charset=utf-8",
            "{path}"
        );
        let scripts = text.matches("<script").count();
        assert_eq!(scripts, 1, "{path}: {text}");
        assert!(!text.contains("<img"), "{path}");
        assert!(!text.contains(" style="), "{path}");
        let policy = answer.header("content-security-policy");
        let (before, after) = policy.split_once("'nonce-").expect("a nonce");
        let after = after.split_once('\'').expect("its end").1;
        assert_eq!(
            format!("{before}{after}"),
            "default-src 'none'; script-src 'self'; style-src 'self' ; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "{path}"
        );
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[test]
fn a_tool_is_made_by_form_and_a_broken_text_is_marked_at_its_line() {
    let world = world();
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let fields = [
        ("name", "rg"),
        ("version", "1.0"),
        ("platform", "linux"),
        ("category", "search"),
        ("description", "Find lines that match a pattern"),
        ("capability", "text_search"),
        ("can", "Find text in files"),
        ("pattern", "usual"),
        ("how", "Search a folder"),
        ("uses", "find a word\r\nfind where this is used"),
        ("argv", "rg\n--json"),
        ("time", "5 + 0.1 * N"),
        ("cost", "0"),
        ("reason", "wanted"),
    ];
    let page = browser.done("/ui/new", &fields);
    assert!(page.contains("linux/rg@1.0 was made."), "{page}");
    let shown = world.ok(&["export", "rg"]);
    assert!(shown.contains("find where this is used"), "{shown}");
    let log = world.sql("SELECT DISTINCT via, reason FROM tool_audit_log WHERE tool_name = 'rg'");
    assert_eq!(log, "ui|wanted\n");
    // What is wrong is said at its line, and what was typed stays.
    let edit = browser.page("/ui/tools/linux%2Frg/edit");
    let text = area(&edit, "text");
    let broken = text.replace("5 + 0.1 * N", "5 + * N");
    let base = area(&edit, "base");
    let answer = browser.post(
        "/ui/tools/linux%2Frg/edit",
        &[("text", &broken), ("base", &base), ("version", "1.0")],
    );
    assert_eq!(answer.status, 422);
    let line = 1 + broken
        .lines()
        .position(|it| it.contains("5 + * N"))
        .expect("the line");
    let said = answer.text();
    assert!(said.contains(&format!("href=\"#line-{line}\"")), "{said}");
    assert!(
        said.contains(&format!("<li id=\"line-{line}\" class=\"marked\">")),
        "{said}"
    );
    assert_eq!(area(&said, "text"), broken);
    let mended = text.replace("5 + 0.1 * N", "7 + 0.1 * N");
    let form = [
        ("text", mended.as_str()),
        ("base", base.as_str()),
        ("version", "1.0"),
        ("reason", "measured"),
    ];
    let page = browser.done("/ui/tools/linux%2Frg/edit", &form);
    assert!(page.contains("Saved: 1 field changed."), "{page}");
}

#[test]
fn two_people_who_edit_the_same_tool_are_brought_together_field_by_field() {
    let world = world();
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let edit = browser.page("/ui/tools/linux%2Fdf/edit");
    let (text, base) = (area(&edit, "text"), area(&edit, "base"));
    let send = |text: &str, base: &str| {
        browser.post(
            "/ui/tools/linux%2Fdf/edit",
            &[("text", text), ("base", base), ("version", "1.0")],
        )
    };
    let theirs = text
        .replace("What df is for", "Theirs")
        .replace("100 + N", "200 + N");
    assert_eq!(send(&theirs, &base).status, 303);
    let mine = text.replace("What df is for", "Mine").replace("'1'", "'2'");
    let answer = send(&mine, &base);
    assert_eq!(answer.status, 412, "{}", answer.text());
    let page = answer.text();
    for part in [
        "<code>description</code>",
        "<code>What df is for</code>",
        "<code>Theirs</code>",
        "<code>Mine</code>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<h3><code>capabilities"), "{page}");
    let both = area(&page, "text");
    assert!(
        both.contains("Mine") && both.contains("200 + N") && both.contains("'2'"),
        "{both}"
    );
    assert_eq!(send(&both, &area(&page, "base")).status, 303);
    let now = world.ok(&["export", "linux/df"]);
    assert!(now.contains("Mine") && now.contains("200 + N"), "{now}");
}

#[test]
fn text_and_form_edit_one_definition() {
    let world = world();
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let path = "/ui/tools/linux%2Fdf/edit";
    let page = browser.page(path);
    let pattern = "/capabilities/disk_usage/patterns/use";
    let time = format!("{pattern}/time_estimate_ms");
    for said in [
        format!("name=\"{time}\" value=\"100 + N\""),
        format!("name=\"{pattern}/policy/production_safe\""),
        "200 ms at N = 100.".to_owned(),
        "<path class=\"line".to_owned(),
    ] {
        assert!(page.contains(&said), "{said}: {page}");
    }
    let (base, seen) = (area(&page, "base"), area(&page, "seen"));
    let text = area(&page, "text").replace("What df is for", "Free space");
    // Both sides are changed, and a field that has no control stays as it was.
    let safe = format!("{pattern}/policy/production_safe");
    let ask = |time_is: &str, act: &str| {
        let form = [
            ("text", text.as_str()),
            ("base", base.as_str()),
            ("seen", seen.as_str()),
            (time.as_str(), time_is),
            (safe.as_str(), "false"),
            (safe.as_str(), "true"),
            ("version", "1.0"),
            ("act", act),
        ];
        browser.post(path, &form)
    };
    let checked = ask("300 + 2 * N", "check").text();
    let both = area(&checked, "text");
    assert!(
        both.contains("300 + 2 * N") && both.contains("Free space"),
        "{both}"
    );
    assert!(
        checked.contains("What you change") && checked.contains("500 ms at N = 100."),
        "{checked}"
    );
    assert!(world.ok(&["export", "linux/df"]).contains("100 + N"));
    let wrong = ask("300 + * N", "check");
    assert_eq!(wrong.status, 200);
    assert!(wrong.text().contains("href=\"#line-"), "{}", wrong.text());
    assert_eq!(ask("300 + * N", "save").status, 422);
    assert_eq!(ask("1", "whatever").status, 422);
    world.ok(&["select", "--capability", "disk_usage", "--record"]);
    let impact = ask("900000 + N", "impact").text();
    assert!(
        impact.contains("1 request recorded in the last 7 days")
            || impact.contains("of the 1 request"),
        "{impact}"
    );
    assert!(world.ok(&["export", "linux/df"]).contains("100 + N"));
    assert_eq!(ask("300 + 2 * N", "save").status, 303);
    let now = world.ok(&["export", "linux/df"]);
    assert!(
        now.contains("300 + 2 * N") && now.contains("Free space"),
        "{now}"
    );
}

#[test]
fn many_are_changed_as_planned_or_not_at_all() {
    let world = world();
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let form = [
        ("scope", "all"),
        ("action", "disable"),
        ("platform", "linux"),
        ("reason", "moved"),
    ];
    let plan = browser.post("/ui/bulk", &form);
    assert_eq!(plan.status, 200);
    let page = plan.text();
    assert!(
        page.contains("<strong>4 tools</strong> would be disabled"),
        "{page}"
    );
    assert_eq!(
        world.sql("SELECT count(*) FROM tools WHERE NOT enabled"),
        "0\n"
    );
    let expect = hidden(&page, "expect");
    world.write(
        "more.yaml",
        definition("linux", "more", "1.0", "disk_usage"),
    );
    world.ok(&["import", "more.yaml"]);
    let mut agreed = form.to_vec();
    agreed.push(("expect", &expect));
    assert_eq!(browser.post("/ui/bulk", &agreed).status, 409);
    assert_eq!(
        world.sql("SELECT count(*) FROM tools WHERE NOT enabled"),
        "0\n"
    );
    let expect = hidden(&browser.post("/ui/bulk", &form).text(), "expect");
    agreed.pop();
    agreed.push(("expect", &expect));
    let list = browser.done("/ui/bulk", &agreed);
    assert!(list.contains("5 tools disabled."), "{list}");
    // The list is that of the filters, and shows what was done.
    assert_eq!(
        list.matches("<span class=\"badge bad\">off</span>").count(),
        5,
        "{list}"
    );
    let by = world.sql("SELECT DISTINCT via, reason FROM tool_audit_log WHERE action = 'disabled'");
    assert_eq!(by, "ui|moved\n");
    let none = browser.post("/ui/bulk", &[("scope", "rows"), ("action", "enable")]);
    assert_eq!(none.status, 422);
    assert!(
        none.text().contains("no row was selected"),
        "{}",
        none.text()
    );
}

#[test]
fn an_act_on_a_tool_that_was_changed_meanwhile_is_refused() {
    let world = world();
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let page = browser.page("/ui/tools/linux%2Fdf");
    let etag = hidden(&page, "etag");
    world.ok(&["deprecate", "linux/df"]);
    let act = |action: &str, etag: &str| {
        browser.post(
            "/ui/tools/linux%2Fdf/act",
            &[("action", action), ("version", "1.0"), ("etag", etag)],
        )
    };
    assert_eq!(act("disable", &etag).status, 412);
    let etag = hidden(&browser.page("/ui/tools/linux%2Fdf"), "etag");
    assert_eq!(act("disable", &etag).status, 303);
    let page = browser.page("/ui/tools/linux%2Fdf");
    assert!(page.contains("linux/df@1.0 was disabled."), "{page}");
    assert!(page.contains("it is off already"), "{page}");
    // It is said once.
    assert!(
        !browser
            .page("/ui/tools/linux%2Fdf")
            .contains("was disabled.")
    );
}

#[test]
fn roles_show_what_they_bar_with_the_reason() {
    let world = world();
    let server = Server::of(&world);
    let admin = token(&world, "ann", Role::Admin);
    let viewer = token(&world, "vera", Role::Viewer);
    let vera = Browser::by_token(&server, &viewer);
    let page = vera.page("/ui/tools/linux%2Fdf");
    assert!(
        page.contains("vera, with the role viewer, may not change linux/df@1.0; an admin"),
        "{page}"
    );
    let etag = "*";
    let answer = vera.post(
        "/ui/tools/linux%2Fdf/act",
        &[("action", "disable"), ("version", "1.0"), ("etag", etag)],
    );
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(vera.get("/ui/members").status, 403);
    let ann = Browser::by_token(&server, &admin);
    let made = ann.post(
        "/ui/tokens",
        &[
            ("principal", "vera"),
            ("role", "viewer"),
            ("note", "more"),
            ("days", "3"),
        ],
    );
    assert!(made.text().contains("tcat_"), "{}", made.text());
    assert!(!ann.page("/ui/members").contains("tcat_"));
    let wrong = Browser {
        server: &server,
        cookie: String::new(),
    }
    .post("/ui/sign-in", &[("token", "tcat_wrong")]);
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, ""));
    assert!(!wrong.text().contains("tcat_wrong"));
}

#[test]
fn a_page_stays_small_at_many_tools_and_says_where_it_goes_on() {
    let world = World::new();
    let all: Vec<String> = (0..200)
        .map(|it| definition("linux", &format!("tool_{it:03}"), "1.0", "doing"))
        .collect();
    world.write("all.yaml", all.join("---\n"));
    world.ok(&["import", "all.yaml"]);
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let page = browser.page("/ui/tools?platform=linux");
    assert!(page.len() < 100_000, "{}", page.len());
    assert!(page.contains("1–50 of 200"), "{page}");
    assert!(!page.contains("tool_050"), "{page}");
    let (before, _) = page.split_once("\">Next page").expect("a next page");
    let next = before
        .rsplit_once("href=\"")
        .expect("a link")
        .1
        .replace("&amp;", "&");
    assert!(next.contains("platform=linux"), "{next}");
    let page = browser.page(&next);
    assert!(
        page.contains("51–100 of 200") && page.contains("tool_050"),
        "{page}"
    );
    assert!(browser.page("/ui/").len() < 100_000);
    let style = page
        .split_once("stylesheet\" href=\"")
        .expect("a stylesheet")
        .1;
    let style = server.ask("GET", style.split('"').next().expect("a path"), &[], b"");
    assert_eq!(style.status, 200);
    assert_eq!(
        style.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let log = server.log_until("/ui/tools").join("\n");
    assert_eq!(log.matches("tses_").count(), 0, "{log}");
}
