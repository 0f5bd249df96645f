//! How a test ends.

use super::setting::{assign, record, started, world};

#[test]
fn a_winner_becomes_the_latest_version() {
    let world = world();
    started(&world, &["--metric", "time", "--guardrail", "success:0.05"]);
    assign(&world, 1..=1000);
    let run = world.run(&["abtest", "conclude", "t", "--apply"]);
    assert_eq!(run.code, 1, "{}", run.shown(""));
    assert!(run.stdout.contains("nothing was changed"), "{}", run.stdout);
    // 2.0 is slower: the older version wins, and comes back
    record(&world, 1.4, 4, "true");
    let dry = world.run(&["abtest", "conclude", "t", "--apply", "--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.shown(""));
    assert_eq!(
        world.sql("SELECT status FROM tool_ab_tests").trim(),
        "active"
    );
    let run = world.run(&[
        "abtest",
        "conclude",
        "t",
        "--apply",
        "--reason",
        "as planned",
    ]);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert!(
        run.stdout
            .contains("linux/df@1.0 is the latest version now"),
        "{}",
        run.stdout
    );
    assert_eq!(
        world
            .sql("SELECT version FROM tools WHERE tool_name = 'df' AND is_latest")
            .trim(),
        "1.0"
    );
    let test = world
        .run(&["abtest", "show", "t", "--format", "json"])
        .json();
    assert_eq!(test["status"], "completed");
    assert_eq!(test["winner"], "A");
    assert_eq!(test["forced"], false);
    assert_eq!(test["results"]["verdict"], "a_wins");
    assert_eq!(test["results"]["report"]["recorded"], 1000);
    let audit = world.sql(
        "SELECT entity || ' ' || action || ' ' || changed_by || ' ' || reason FROM tool_audit_log
         WHERE reason IS NOT NULL ORDER BY id",
    );
    assert_eq!(
        audit.lines().collect::<Vec<_>>(),
        [
            "ab_test concluded tester as planned",
            "tool promoted tester as planned",
            "tool promoted tester as planned"
        ]
    );
    assert_eq!(world.run(&["abtest", "conclude", "t"]).code, 5);
}

#[test]
fn a_forced_winner_is_marked_for_ever() {
    let world = world();
    started(&world, &["--metric", "time"]);
    let args = [
        "abtest",
        "conclude",
        "t",
        "--force",
        "B",
        "--reason",
        "1.0 is withdrawn",
    ];
    let run = world.run(&args);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    let test = world
        .run(&["abtest", "show", "t", "--format", "json"])
        .json();
    assert_eq!(test["forced"], true);
    assert_eq!(test["winner"], "B");
    assert_eq!(test["results"]["verdict"], "continue");
    assert_eq!(test["results"]["reason"], "1.0 is withdrawn");
    let unmark = "UPDATE tool_ab_tests SET forced = false";
    assert!(std::panic::catch_unwind(|| world.sql(unmark)).is_err());
    assert!(
        world
            .ok(&["abtest", "show", "t"])
            .contains("forced by a person")
    );
}

#[test]
fn auto_concludes_what_is_ready() {
    let world = world();
    started(&world, &["--metric", "time"]);
    let waiting = world.run(&["abtest", "auto", "--apply", "--format", "json"]);
    assert_eq!(waiting.code, 0);
    assert_eq!(waiting.json()[0]["concluded"], false);
    assign(&world, 1..=600);
    record(&world, 1.5, 4, "true");
    let run = world.run(&["abtest", "auto", "--apply", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert_eq!(run.json()[0]["winner_tool"], "linux/df@1.0");
    assert_eq!(run.json()[0]["applied"], true);
    let nothing = world.run(&["abtest", "auto", "--format", "json"]);
    assert_eq!(nothing.json(), serde_json::json!([]));
}

#[test]
fn the_planned_size_ends_a_test_without_a_difference() {
    let world = world();
    started(&world, &["--metric", "time", "--planned", "300"]);
    assign(&world, 1..=300);
    record(&world, 1.0, 4, "true");
    let run = world.run(&["abtest", "conclude", "t", "--apply"]);
    assert_eq!(run.code, 1, "{}", run.shown(""));
    assert!(run.stdout.contains("without a winner"), "{}", run.stdout);
    let test = world
        .run(&["abtest", "show", "t", "--format", "json"])
        .json();
    assert_eq!(
        (test["status"].as_str(), test["winner"].as_str()),
        (Some("completed"), None)
    );
}

#[test]
fn a_pause_takes_no_new_units() {
    let world = world();
    started(&world, &["--metric", "time"]);
    assign(&world, 1..=1);
    world.ok(&["abtest", "pause", "t"]);
    let row = |unit: &str| {
        world
            .run(&["abtest", "assign", "t", "--unit", unit, "--format", "json"])
            .json()
    };
    assert_eq!(row("new")["outside"], "paused");
    assert_eq!(row("new")["tool"], "linux/df@2.0");
    assert_eq!(row("e-1")["sticky"], true);
    world.ok(&["abtest", "resume", "t"]);
    assert!(row("new")["outside"].is_null());
}
