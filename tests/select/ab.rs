//! An active A/B test decides which version a caller gets.

use crate::common::{World, definition};

#[test]
fn a_test_decides_the_version() {
    let world = World::new();
    let old = definition("linux", "df", "1.0", "disk_usage");
    world.write("old.yaml", &old);
    world.ok(&["import", "old.yaml"]);
    world.write("new.yaml", old.replace("'1.0'", "'2.0'"));
    world.ok(&["import", "new.yaml"]);
    world.sql(
        "INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id, status, unit_kind, started_at) \
         SELECT 'df-2', a.id, b.id, 'active', 'user', now() FROM tools a, tools b \
         WHERE a.version = '1.0' AND b.version = '2.0'",
    );
    let ask = |user: &str| {
        world
            .run(&[
                "select",
                "-c",
                "disk_usage",
                "--user",
                user,
                "--format",
                "json",
            ])
            .json()
    };
    let mut versions = Vec::new();
    for number in 0..16 {
        let user = format!("user-{number}");
        let first = ask(&user);
        let version = first["answer"]["version"]
            .as_str()
            .expect("a version")
            .to_owned();
        assert_eq!(first["ab_tests"][0]["version"], version.as_str());
        assert_eq!(
            first["ranking"].as_array().map(Vec::len),
            Some(1),
            "one version only"
        );
        assert_eq!(
            ask(&user)["answer"]["version"],
            version.as_str(),
            "it stays"
        );
        versions.push(version);
    }
    assert!(versions.iter().any(|it| it == "1.0") && versions.iter().any(|it| it == "2.0"));
    assert_eq!(
        world.sql("SELECT count(*) FROM tool_ab_assignments"),
        "16\n"
    );
    let plain = world.ok(&["select", "-c", "disk_usage", "--format", "name"]);
    assert_eq!(plain, "linux/df@2.0 disk_usage use\n");
    let words = world
        .run(&["select", "try df", "--user", "user-0", "--format", "json"])
        .json();
    assert_eq!(words["answer"]["version"], versions[0].as_str());
}

/// Three tools for one job, `a` better than `b` better than `c` by their estimates, and a test of the
/// first two.
fn rivals() -> World {
    let world = World::new();
    for (name, time) in [("a", "100"), ("b", "3000"), ("c", "9000")] {
        let text = definition("linux", name, "1.0", "job").replace("100 + N", time);
        world.write(&format!("tools/{name}.yaml"), text);
    }
    world.ok(&["import", "tools"]);
    world.sql(
        "INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id, status, unit_kind, started_at) \
         SELECT 'rivals', a.id, b.id, 'active', 'user', now() FROM tools a, tools b \
         WHERE a.tool_name = 'a' AND b.tool_name = 'b'",
    );
    world
}

fn stored(world: &World) -> String {
    world.sql("SELECT count(*) FROM tool_ab_assignments")
}

#[test]
fn the_arm_is_the_answer_also_where_another_tool_scores_better() {
    let world = rivals();
    let ask = ["select", "-c", "job", "--mode", "fast"];
    let mut chosen = Vec::new();
    for number in 0..16 {
        let user = format!("user-{number}");
        let answer = world
            .run(&[&ask[..], &["--user", &user, "--format", "json"]].concat())
            .json();
        let tool = answer["answer"]["tool"]
            .as_str()
            .expect("a tool")
            .to_owned();
        assert_eq!(answer["ab_tests"][0]["tool"], tool.as_str());
        assert_eq!(answer["ranking"][0]["tool"], tool.as_str());
        assert_eq!(answer["ranking"].as_array().map(Vec::len), Some(3));
        if tool == "b" {
            assert_eq!(answer["ambiguous"], false, "the test has settled it");
        }
        chosen.push((user, tool));
    }
    let in_b = chosen.iter().find(|(_, tool)| tool == "b").expect("arm B");
    assert!(chosen.iter().any(|(_, tool)| tool == "a"));
    assert_eq!(stored(&world), "16\n", "both arms are stored");
    let page = world.ok(&[&ask[..], &["--user", &in_b.0]].concat());
    assert!(page.contains("is in arm B and gets version 1.0"), "{page}");
    let plain = world.ok(&[&ask[..], &["--format", "name"]].concat());
    assert_eq!(plain, "linux/a@1.0 job use\n");
}

#[test]
fn a_selection_that_a_test_decided_is_replayed_as_it_was() {
    let world = rivals();
    let mut chosen = std::collections::BTreeSet::new();
    for number in 0..8 {
        let user = format!("user-{number}");
        let made = world
            .run(&[
                "select", "-c", "job", "--user", &user, "--record", "--format", "json",
            ])
            .json();
        let id = made["selection_id"].to_string();
        let again = world
            .run(&["select", "--replay", &id, "--format", "json"])
            .json();
        assert_eq!(again["answer"], made["answer"]);
        assert_eq!(again["ranking"], made["ranking"]);
        chosen.insert(made["answer"]["tool"].to_string());
    }
    assert_eq!(chosen.len(), 2, "both arms were seen");
}

#[test]
fn who_takes_part_does_not_depend_on_the_arm() {
    let world = rivals();
    let ask = |user: &str, more: &[&str]| {
        let args = ["select", "-c", "job", "--mode", "fast", "--format", "json"];
        world
            .run(&[&args[..], &["--user", user], more].concat())
            .json()
    };
    for number in 0..8 {
        let user = format!("user-{number}");
        // One of the arms may not be chosen; another tool would be chosen anyway.
        for more in [["--exclude", "b"], ["--exclude", "a"]] {
            let answer = ask(&user, &more);
            assert_eq!(answer["ab_tests"], serde_json::Value::Null, "{answer}");
        }
    }
    world.sql("UPDATE tool_ab_tests SET status = 'cancelled', completed_at = now()");
    world.sql(
        "INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id, status, unit_kind, started_at) \
         SELECT 'others', a.id, b.id, 'active', 'user', now() FROM tools a, tools b \
         WHERE a.tool_name = 'b' AND b.tool_name = 'c'",
    );
    for number in 0..8 {
        let answer = ask(&format!("user-{number}"), &[]);
        assert_eq!(answer["answer"]["tool"], "a");
        assert_eq!(answer["ab_tests"], serde_json::Value::Null);
    }
    assert_eq!(stored(&world), "0\n");
}
