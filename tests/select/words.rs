//! Selection by words.

use crate::common::{World, definition};

fn world() -> World {
    let world = World::new();
    for (name, use_case, time) in [
        ("find", "find large log files", "100 + N"),
        ("fd", "find large log files", "10"),
        ("tar", "archive files", "1"),
        ("echo", "print a line", "1"),
    ] {
        let text = definition("linux", name, "1.0", &format!("{name}_it"))
            .replace(&format!("try {name}"), use_case)
            .replace("100 + N", time);
        world.write(&format!("tools/{name}.yaml"), text);
    }
    world.ok(&["import", "tools"]);
    world
}

fn name(world: &World, arguments: &[&str]) -> String {
    let arguments = [&["select", "--format", "name"], arguments].concat();
    world.run(&arguments).stdout
}

#[test]
fn the_fittest_of_the_relevant_wins() {
    let world = world();
    assert_eq!(
        name(&world, &["large log files"]),
        "linux/fd@1.0 fd_it use\n"
    );
    assert_eq!(
        name(&world, &["find"]),
        "linux/find@1.0 find_it use\n",
        "an exact name is first"
    );
    assert_eq!(
        name(&world, &["large log files", "--exclude", "linux/fd"]),
        "linux/find@1.0 find_it use\n"
    );
    let run = world.run(&[
        "select",
        "large log files",
        "--platform",
        "windows",
        "--format",
        "name",
    ]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
}

#[test]
fn words_that_nobody_knows_are_said() {
    let world = world();
    let run = world.run(&["select", "print zebras unheardof quagga"]);
    assert!(
        run.stderr
            .contains("only 1 of 4 words known (not zebras, unheardof, quagga)"),
        "{run:?}"
    );
    let run = world.run(&["select", "quagga", "--format", "name"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    let found = world
        .run(&[
            "select",
            "print zebras unheardof quagga",
            "--format",
            "json",
        ])
        .json();
    assert_eq!(found["retrieval"]["known"], 1);
    assert!(
        found["answer"].is_null() || found["doubtful"] == true,
        "{found}"
    );
}

#[test]
fn several_intents_have_an_answer_each() {
    let world = world();
    assert_eq!(
        name(&world, &["--split", "archive files and then print a line"]),
        "linux/tar@1.0 tar_it use\nlinux/echo@1.0 echo_it use\n"
    );
    let found = world
        .run(&[
            "select",
            "--split",
            "archive files; print a line",
            "--format",
            "json",
        ])
        .json();
    assert_eq!(found["clauses"][1]["clause"], "print a line");
    assert_eq!(found["clauses"][1]["answer"]["tool"], "echo");
}

#[test]
fn an_evaluation_holds_a_bar() {
    let world = world();
    world.write(
        "queries.jsonl",
        "{\"query\": \"archive\", \"truth\": [\"tar\"]}\n\n{\"query\": \"quagga\", \"truth\": \"echo\"}\n",
    );
    let run = world.run(&["eval", "queries.jsonl", "--format", "json"]);
    assert_eq!(run.code, 0);
    let report = run.json();
    assert_eq!(
        (&report["recall_at_1"], &report["queries"]),
        (&0.5.into(), &2.into())
    );
    assert_eq!(report["misses"][0]["query"], "quagga");
    assert_eq!(report["misses"][0]["rank"], serde_json::Value::Null);
    for held in [
        &["eval", "queries.jsonl", "--min-recall-5", "0.6"][..],
        &["select", "--eval", "queries.jsonl", "--min-recall-5", "0.6"],
    ] {
        assert_eq!(world.run(held).code, 1, "{held:?}");
    }
    world.write("bad.jsonl", "{\"query\": \"archive\", \"truth\": []}\n");
    let run = world.run(&["eval", "bad.jsonl"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("bad.jsonl:1: truth names no tool"),
        "{run:?}"
    );
}

fn offices() -> World {
    let world = World::new();
    let tool = |name: &str, use_case: &str| {
        definition("linux", name, "1.0", &format!("{name}_it"))
            .replace(&format!("What {name} is for"), use_case)
            .replace(&format!("try {name}"), use_case)
    };
    let locked = tool("useradd", "create a new account for a user").replace(
        "          production_safe: true",
        "          production_safe: true\n          required_permissions: [root]",
    );
    let loses = tool("rm", "remove files from a folder for good")
        .replace("      use:", "      remove_files:")
        .replace("The usual way", "Remove files");
    for (name, text) in [
        ("useradd", locked),
        ("rm", loses),
        ("zip", tool("zip", "pack a directory into an archive")),
        ("id", tool("id", "print the number of the present user")),
        (
            "ping",
            tool("ping", "see whether a host on the network answers"),
        ),
        (
            "passwd",
            tool("passwd", "unlock an account that was locked"),
        ),
    ] {
        world.write(&format!("tools/{name}.yaml"), text);
    }
    world.ok(&["import", "tools"]);
    world
}

fn answer(world: &World, request: &str) -> serde_json::Value {
    world.run(&["select", request, "--format", "json"]).json()
}

#[test]
fn a_slip_of_the_pen_is_read_as_the_nearest_word() {
    let world = offices();
    let found = answer(&world, "pack a direcotry into an archvie");
    assert_eq!(found["answer"]["tool"], "zip", "{found}");
    let read = found["retrieval"]["read"].as_array().expect("read");
    assert!(
        read.contains(&serde_json::json!({"word": "direcotry", "as": "directory"})),
        "{found}"
    );
    let run = world.run(&["select", "pack a direcotry into an archvie"]);
    assert!(
        run.stderr.contains("read `archvie` as `archive`"),
        "{run:?}"
    );
}

#[test]
fn a_best_match_that_is_set_aside_is_named_and_not_replaced() {
    let world = offices();
    let found = answer(&world, "create a new account for a user");
    assert_ne!(found["answer"]["tool"], "id", "{found}");
    assert_eq!(found["blocked"]["tool"], "useradd", "{found}");
    assert_eq!(found["blocked"]["needs"], serde_json::json!(["root"]));
    let allowed = [
        "select",
        "create a new account for a user",
        "--permission",
        "root",
        "--format",
        "json",
    ];
    let found = world.run(&allowed).json();
    assert_eq!(found["answer"]["tool"], "useradd");
    assert_eq!(found["blocked"], serde_json::Value::Null);
}

#[test]
fn what_nothing_fits_is_refused_or_doubtful() {
    let world = offices();
    for request in ["bake a chocolate cake", "how tall is the highest mountain"] {
        let found = answer(&world, request);
        assert!(
            found["answer"].is_null() || found["doubtful"] == true,
            "{found}"
        );
    }
    let found = answer(&world, "see whether a host on the network answers");
    assert_eq!(found["answer"]["tool"], "ping");
    assert_eq!(found["doubtful"], serde_json::Value::Null, "{found}");
}

#[test]
fn what_destroys_answers_only_a_request_that_asks_for_it() {
    let world = offices();
    let found = answer(&world, "bring files back into a folder for good");
    assert_ne!(found["answer"]["tool"], "rm", "{found}");
    let found = answer(&world, "get rid of the files in a folder");
    assert_eq!(found["answer"]["tool"], "rm", "{found}");
}
