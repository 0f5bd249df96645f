//! The index of selection follows every change, also one made by hand.

use super::generated::{catalog, requests};
use crate::common::{World, definition};

/// What a selection finds, from the catalog and from what it exports.
fn agree(world: &World, what: &str) {
    let _ = std::fs::remove_dir_all(world.path().join("out"));
    world.ok(&["export", "--to-dir", "out"]);
    let batch = ["select", "--batch", "requests.jsonl"];
    let stored = world.ok(&batch);
    let from_files = world.ok(&[&batch[..], &["--from", "out"]].concat());
    assert_eq!(stored, from_files, "{what}");
}

#[test]
fn changes_by_hand_are_seen_by_the_next_selection() {
    let world = World::new();
    world.write("catalog.yaml", catalog(21, 40));
    world.write("requests.jsonl", requests(22, 60, |id| id % 3 > 0));
    world.ok(&["import", "catalog.yaml"]);
    agree(&world, "after an import");
    for change in [
        "UPDATE tools SET description = 'knits warm socks' WHERE tool_name = 'tool-3'",
        "UPDATE tools SET enabled = false WHERE tool_name IN ('tool-5', 'tool-6')",
        "UPDATE tools SET enabled = true WHERE tool_name = 'tool-5'",
        "UPDATE tools SET status = 'deprecated' WHERE tool_name = 'tool-7'",
        "UPDATE tool_patterns SET typical_use_cases = '[\"darn old socks\"]' WHERE id % 7 = 0",
        "UPDATE tool_capabilities SET capability_name = 'find_files_too' WHERE id = (SELECT min(id) FROM tool_capabilities)",
        "UPDATE tools SET tool_name = 'renamed' WHERE tool_name = 'tool-9'",
        "DELETE FROM tools WHERE tool_name = 'tool-10'",
    ] {
        world.sql(change);
        agree(&world, change);
    }
    let found = world.ok(&["select", "darn", "socks", "--format", "json"]);
    assert!(found.contains("\"known\": 2"), "{found}");
}

#[test]
fn changes_in_place_leave_the_index_as_if_it_were_made_anew() {
    let world = World::new();
    world.write("catalog.yaml", catalog(41, 40));
    world.write("requests.jsonl", requests(42, 40, |id| id % 3 > 0));
    world.ok(&["import", "catalog.yaml"]);
    let index = || {
        world.sql(
            "SELECT tool_id, capability_name, entry::jsonb, words::jsonb FROM selection_index \
             ORDER BY tool_id, capability_name",
        )
    };
    let set = |assignments: &[&str]| {
        let assignments = assignments.iter().flat_map(|it| ["--set", it]);
        let act: Vec<&str> = ["update", "--yes"].into_iter().chain(assignments).collect();
        world.ok(&act);
    };
    let by_hand = |change: &str| {
        world.sql(change);
    };
    let steps: [(&str, &dyn Fn()); 6] = [
        ("what scoring reads", &|| {
            set(&[
                "policy.max_cost=3",
                "time_estimate_ms=7 * N",
                "complexity_score=0.25",
            ]);
        }),
        ("what nothing reads", &|| {
            set(&["metadata.author=carol", "scope=all"])
        }),
        ("a word", &|| {
            set(&["capabilities.*.description=Darns socks"])
        }),
        ("by hand, then in place", &|| {
            by_hand("UPDATE tool_patterns SET cost_estimate = '0.5' WHERE id % 3 = 0");
            by_hand("UPDATE tools SET description = 'knits' WHERE tool_name = 'tool-3'");
            set(&["policy.max_cost=4"]);
        }),
        ("a tool that is not in use", &|| {
            world.ok(&["disable", "tool-4", "--yes"]);
            set(&["policy.max_cost=5"]);
        }),
        ("some of the tools", &|| {
            by_hand("UPDATE tool_patterns SET complexity_score = 0.5 WHERE id % 2 = 0");
            world.ok(&["update", "tool-6", "--yes", "--set", "policy.max_cost=6"]);
        }),
    ];
    for (what, act) in steps {
        act();
        let kept = index();
        agree(&world, what);
        world.sql("UPDATE catalog_state SET index_format = NULL");
        world.ok(&["select", "--batch", "requests.jsonl"]);
        assert_eq!(kept, index(), "{what}");
    }
}

#[test]
fn a_new_version_takes_the_place_of_the_old_one() {
    let world = World::new();
    world.write("requests.jsonl", requests(1, 5, |_| true));
    let old = definition("linux", "df", "1.0", "disk_usage");
    world.write("old.yaml", &old);
    world.ok(&["import", "old.yaml"]);
    world.write(
        "new.yaml",
        old.replace("'1.0'", "'2.0'")
            .replace("What df is for", "Counts sheep"),
    );
    world.ok(&["import", "new.yaml"]);
    let name = |words: &[&str]| {
        world
            .run(&[&["select", "--format", "name"], words].concat())
            .stdout
    };
    assert_eq!(name(&["counts", "sheep"]), "linux/df@2.0 disk_usage use\n");
    assert_eq!(name(&["-c", "disk_usage"]), "linux/df@2.0 disk_usage use\n");
    agree(&world, "after a new version");
    assert_eq!(
        world.sql("SELECT documents, (SELECT count(*) FROM selection_index) FROM catalog_state"),
        "1|1\n"
    );
}

#[test]
fn a_reader_without_rights_to_write_has_the_same_answers() {
    let world = World::new();
    world.write("catalog.yaml", catalog(31, 30));
    world.write("requests.jsonl", requests(32, 40, |id| id % 2 == 0));
    world.ok(&["import", "catalog.yaml"]);
    world.sql("UPDATE tools SET description = 'knits warm socks' WHERE tool_name = 'tool-3'");
    let read_only = format!(
        "{}&options=-c%20default_transaction_read_only%3Don",
        world.url()
    );
    let batch = ["select", "--batch", "requests.jsonl"];
    let read = world.run(&[&batch[..], &["--database-url", &read_only]].concat());
    assert_eq!(read.code, 0, "{}", read.stderr);
    assert_eq!(read.stdout, world.ok(&batch));
}
