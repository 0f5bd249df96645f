//! Bad input is refused with a hint, and nothing is written.

use super::setting::{started, world};

#[test]
fn a_test_that_cannot_be_is_refused() {
    let world = world();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["--b", "df@1.0", "--metric", "time"], 2, "both arms"),
        (
            &["--b", "ping@1.0", "--metric", "time"],
            2,
            "no capability in common",
        ),
        (&["--b", "df@9", "--metric", "time"], 4, "no tool"),
        (&["--b", "df@2.0", "--metric", "speed"], 2, "unknown metric"),
        (
            &["--b", "df@2.0", "--metric", "time", "--split", "0"],
            2,
            "between 0 and 1",
        ),
        (
            &["--b", "df@2.0", "--metric", "time", "--split", "1.2"],
            2,
            "between 0 and 1",
        ),
        (
            &["--b", "df@2.0", "--metric", "time", "--split", "NaN"],
            2,
            "not a number",
        ),
        (
            &["--b", "df@2.0", "--metric", "time", "--coverage", "0"],
            2,
            "coverage",
        ),
        (
            &["--b", "df@2.0", "--metric", "time", "--confidence", "1"],
            2,
            "confidence",
        ),
        (
            &[
                "--b",
                "df@2.0",
                "--metric",
                "time",
                "--guardrail",
                "success",
            ],
            2,
            "METRIC:MARGIN",
        ),
        (
            &[
                "--b",
                "df@2.0",
                "--metric",
                "time",
                "--guardrail",
                "speed:0.1",
            ],
            2,
            "unknown metric",
        ),
        (
            &[
                "--b",
                "df@2.0",
                "--metric",
                "time",
                "--guardrail",
                "success:-1",
            ],
            2,
            "not above 0",
        ),
        (
            &[
                "--b",
                "df@2.0",
                "--metric",
                "time",
                "--guardrail",
                "cost:0.1",
                "--guardrail",
                "cost:0.2",
            ],
            2,
            "two guardrails",
        ),
        (
            &["--b", "df@2.0", "--metric", "success", "--mde", "0.96"],
            2,
            "no test can show",
        ),
        (
            &["--b", "df@2.0", "--metric", "time", "--planned", "0"],
            2,
            "planned",
        ),
        (
            &["--b", "df@2.0", "--metric", "time", "--users", ""],
            2,
            "empty",
        ),
        (&["--b", "df@2.0"], 2, "--metric"),
    ];
    for (more, code, says) in cases {
        let mut args = vec!["abtest", "create", "x", "--a", "df@1.0"];
        args.extend(*more);
        let run = world.run(&args);
        assert_eq!(run.code, *code, "{}", run.shown(&args.join(" ")));
        let hinted = run.stderr.contains("hint:") || run.stderr.contains("--help");
        assert!(
            run.stderr.contains(says) && hinted,
            "{}",
            run.shown(&args.join(" "))
        );
    }
    assert_eq!(world.sql("SELECT count(*) FROM tool_ab_tests").trim(), "0");
}

#[test]
fn two_tools_of_one_capability_can_be_compared() {
    let world = world();
    world.ok(&[
        "abtest", "create", "x", "--a", "df@2.0", "--b", "du", "--metric", "time",
    ]);
}

#[test]
fn bad_units_are_refused() {
    let world = world();
    started(&world, &["--metric", "time"]);
    let long = "x".repeat(300);
    for (unit, says) in [
        ("", "empty"),
        (" ", "empty"),
        (long.as_str(), "300 characters"),
        ("a\nb", "control"),
    ] {
        let run = world.run(&["abtest", "assign", "t", "--unit", unit]);
        assert_eq!(run.code, 2, "{}", run.shown(unit));
        assert!(
            run.stderr.contains(says) && run.stderr.contains("hint:"),
            "{}",
            run.stderr
        );
    }
    let run = world.run_with_input(&["abtest", "assign", "t", "--batch", "-"], "a\n\nb\n");
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("-:2: the unit id is empty"),
        "{}",
        run.stderr
    );
    assert_eq!(
        world.sql("SELECT count(*) FROM tool_ab_assignments").trim(),
        "0"
    );
}

#[test]
fn states_are_kept() {
    let world = world();
    let refused = |args: &[&str], code: i32, says: &str| {
        let run = world.run(args);
        assert_eq!(run.code, code, "{}", run.shown(&args.join(" ")));
        assert!(
            run.stderr.contains(says) && run.stderr.contains("hint:"),
            "{}",
            run.shown(&args.join(" "))
        );
    };
    refused(&["abtest", "show", "t"], 4, "no A/B test `t`");
    refused(
        &["abtest", "assign", "t", "--unit", "u"],
        4,
        "no A/B test `t`",
    );
    world.ok(&[
        "abtest", "create", "t", "--a", "df@1.0", "--b", "df@2.0", "--metric", "time",
    ]);
    refused(
        &[
            "abtest", "create", "t", "--a", "df@1.0", "--b", "df@2.0", "--metric", "time",
        ],
        5,
        "already",
    );
    refused(
        &["abtest", "assign", "t", "--unit", "u"],
        5,
        "has not started",
    );
    refused(&["abtest", "analyze", "t"], 5, "has not started");
    refused(&["abtest", "pause", "t"], 5, "has not started");
    refused(&["abtest", "conclude", "t"], 5, "has not started");
    world.ok(&["abtest", "start", "t"]);
    refused(&["abtest", "start", "t"], 5, "started already");
    refused(&["abtest", "resume", "t"], 5, "not paused");
    refused(&["abtest", "conclude", "t", "--force", "A"], 2, "--reason");
    world.ok(&["abtest", "cancel", "t"]);
    refused(
        &["abtest", "assign", "t", "--unit", "u"],
        5,
        "after the end",
    );
    refused(&["abtest", "split", "t", "0.1"], 5, "is cancelled");
    refused(
        &["abtest", "conclude", "t", "--force", "A", "--reason", "r"],
        5,
        "cancelled",
    );
}

#[test]
fn active_tests_do_not_share_a_version() {
    let world = world();
    started(&world, &["--metric", "time"]);
    world.ok(&[
        "abtest", "create", "u", "--a", "df@2.0", "--b", "du", "--metric", "time",
    ]);
    let run = world.run(&["abtest", "start", "u"]);
    assert_eq!(run.code, 5);
    assert!(
        run.stderr.contains("`t` is active on linux/df@2.0"),
        "{}",
        run.stderr
    );
    let by_hand =
        "UPDATE tool_ab_tests SET status = 'active', started_at = now() WHERE test_name = 'u'";
    assert!(std::panic::catch_unwind(|| world.sql(by_hand)).is_err());
    world.ok(&["abtest", "cancel", "t"]);
    world.ok(&["abtest", "start", "u"]);
}
