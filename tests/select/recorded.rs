//! `select --record` and `replay`.

use crate::common::{World, definition};

#[test]
fn a_recorded_selection_is_answered_again() {
    let world = World::new();
    for (name, time) in [("one", "10"), ("two", "500")] {
        let text = definition("linux", name, "1.0", "job").replace("100 + N", time);
        world.write(&format!("tools/{name}.yaml"), text);
    }
    world.ok(&["import", "tools"]);
    let ask = ["select", "-c", "job", "--record", "--format", "json"];
    let first = world.run(&ask).json();
    let id = first["selection_id"].to_string();
    let replay = || world.run(&["replay", &id, "--format", "json"]).json();
    let again = replay();
    for field in [
        "answer",
        "ranking",
        "request_hash",
        "catalog_revision",
        "set_aside",
    ] {
        assert_eq!(first[field], again[field], "{field}");
    }
    assert_eq!(again["replay"]["same_answer_now"], true);
    assert_eq!(again["replay"]["changes"].as_array().map(Vec::len), Some(0));

    world.sql("UPDATE tool_patterns SET time_estimate_ms = '40000' WHERE time_estimate_ms = '10'");
    let later = replay();
    assert_eq!(first["answer"], later["answer"], "the answer of then");
    assert_eq!(later["replay"]["same_answer_now"], false);
    assert_eq!(later["replay"]["answer_now"]["tool"], "two");
    assert_eq!(
        later["replay"]["changes"][0]["fields"][0]["field"],
        "time_estimate_ms"
    );
    let shown = world.run(&["replay", &id]);
    assert!(
        shown
            .stderr
            .contains("time_estimate_ms: \"10\" -> \"40000\""),
        "{shown:?}"
    );
    assert_eq!(world.run(&["replay", "999"]).code, 4);
    let before = world.run(&["select", "--replay", &id, "--format", "json"]);
    assert_eq!(
        before.json(),
        later,
        "the flag that came before the command"
    );
}

#[test]
fn a_selection_by_words_is_answered_again() {
    let world = World::new();
    world.write("one.yaml", definition("linux", "one", "1.0", "job"));
    world.ok(&["import", "one.yaml"]);
    let first = world
        .run(&["select", "try one", "--record", "--format", "json"])
        .json();
    let again = world
        .run(&[
            "select",
            "--replay",
            &first["selection_id"].to_string(),
            "--format",
            "json",
        ])
        .json();
    assert_eq!(first["answer"], again["answer"]);
    assert_eq!(first["retrieval"], again["retrieval"]);
}

#[test]
fn an_import_tells_whose_answer_would_change() {
    let world = World::new();
    let text = |name: &str, version: &str, time: &str| {
        definition("linux", name, version, "job").replace("100 + N", time)
    };
    world.write("one.yaml", text("one", "1.0", "1000"));
    world.ok(&["import", "one.yaml"]);
    world.ok(&["select", "-c", "job", "--record"]);
    world.ok(&["select", "-c", "job", "--record"]);
    world.ok(&["select", "try one", "--record"]);
    world.write("two.yaml", text("two", "1.0", "10"));
    let state = || world.sql("SELECT revision, indexed_revision FROM catalog_state");
    let before = state();
    assert_eq!(
        world.ok(&["import", "--impact", "two.yaml"]),
        "1 of 2 recorded requests would be answered otherwise\n  \
         job (selection 2): linux/one@1.0 job use -> linux/two@1.0 job use\n"
    );
    assert_eq!(state(), before, "nothing is written");
    let json = world
        .run(&["import", "--impact=7", "--format", "json", "two.yaml"])
        .json();
    assert_eq!(json["selections"], 2);
    assert_eq!(json["changed"][0]["after"], "linux/two@1.0 job use");
}
