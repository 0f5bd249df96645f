//! The pages for what is measured: a selection that is tried, telemetry, A/B tests.

use serde_json::{Value, json};

use super::ui::Browser;
use super::{Server, world};
use crate::common::definition;

#[test]
fn a_selection_is_tried_and_says_why() {
    let world = world();
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let page = browser.page("/ui/select?words=try+df&context=N%3D10&why_not=du&time=0.5&cost=0.5");
    for said in [
        "df@1.0",
        "is the best.",
        "Why this one",
        "Why not du",
        "value=\"try df\"",
        "value=\"N=10\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = browser.page("/ui/select?capability=nothing_does_this");
    assert!(page.contains("No tool is eligible."), "{page}");
    let page = browser.page("/ui/select?words=df&context=%3Cscript%3E");
    assert!(
        page.contains("&lt;script&gt;") && !page.contains("<script>"),
        "{page}"
    );
    let page = browser.page("/ui/select");
    assert!(page.contains("Nothing is asked for yet."), "{page}");
    // A selection that is tried leaves no trace.
    assert_eq!(
        world.sql("SELECT count(*) FROM tool_selections").trim(),
        "0"
    );
}

#[test]
fn what_ran_is_drawn_and_its_errors_are_text() {
    let world = world();
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    let page = browser.page("/ui/telemetry");
    assert!(page.contains("No execution was recorded there."), "{page}");
    let runs = (0..40).map(|at| {
        json!({
            "tool": "linux/df", "capability": "disk_usage", "pattern": "use", "success": at % 8 != 0,
            "actual_time_ms": 220 + at, "actual_cost": 1, "context": {"N": 10}, "execution_id": format!("e{at}"),
            "error_message": (at % 8 == 0).then_some("<script>alert(1)</script>"), "user_id": "anna",
        })
    });
    let runs: Vec<Value> = runs.collect();
    let recorded = server.send("POST", "/telemetry", &[], &json!(runs)).ok();
    assert_eq!(recorded["recorded"], 40, "{recorded}");
    let page = browser.page("/ui/telemetry?tool=df");
    for said in ["<svg", "linux/df@1.0", "disk_usage.use", "87.5 %", "anna"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("<script>alert"), "{page}");
    let wrong = browser.get("/ui/telemetry?measure=size");
    assert_eq!(wrong.status, 400, "{}", wrong.text());
}

#[test]
fn a_test_is_planned_made_followed_and_ended() {
    let world = world();
    world.write("next.yaml", definition("linux", "df", "2.0", "disk_usage"));
    world.ok(&["import", "next.yaml"]);
    let server = Server::of(&world);
    let browser = Browser::of(&server);
    assert!(browser.page("/ui/abtests").contains("No A/B test yet."));
    let form = |act: &'static str, b: &'static str| {
        [
            ("name", "faster df"),
            ("a", "df@1.0"),
            ("b", b),
            ("metric", "time"),
            ("share_b", "50"),
            ("effect", ""),
            ("keep_success", "2"),
            ("minimum_days", "1"),
            ("hypothesis", "<b>B</b> is faster"),
            ("reason", "to see"),
            ("act", act),
        ]
    };
    let plan = browser
        .post("/ui/abtests/new", &form("plan", "df@2.0"))
        .text();
    assert!(
        plan.contains("This test is planned for") && plan.contains("Make the test"),
        "{plan}"
    );
    assert_eq!(world.sql("SELECT count(*) FROM tool_ab_tests").trim(), "0");
    let wrong = browser
        .post("/ui/abtests/new", &form("create", "df@9.0"))
        .text();
    assert!(
        wrong.contains("role=\"alert\"") && wrong.contains("9.0"),
        "{wrong}"
    );
    let page = browser.done("/ui/abtests/new", &form("create", "df@2.0"));
    assert!(page.contains("A/B test faster df was made."), "{page}");
    assert!(page.contains("&lt;b&gt;B&lt;/b&gt; is faster"), "{page}");
    let path = "/ui/abtests/faster%20df";
    let page = browser.done(path, &[("act", "start"), ("reason", "now")]);
    assert!(
        page.contains("The test was started.") && page.contains("<svg"),
        "{page}"
    );
    let refused = browser.post(path, &[("act", "force_b"), ("reason", "")]);
    assert_eq!(refused.status, 422, "{}", refused.text());
    let page = browser.done(
        path,
        &[("act", "force_b"), ("reason", "the old one is broken")],
    );
    assert!(
        page.contains("The winner was forced by a person."),
        "{page}"
    );
    assert!(browser.page("/ui/abtests").contains("faster df"));
    assert!(browser.page("/ui/audit").contains("the old one is broken"));
}
