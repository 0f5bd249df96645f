//! `--tie-break`.

use crate::common::{World, definition};

fn world() -> World {
    let world = World::new();
    for name in ["one", "two"] {
        world.write(
            &format!("tools/{name}.yaml"),
            definition("linux", name, "1.0", "job"),
        );
    }
    world.ok(&["import", "tools"]);
    world
}

fn settle(world: &World, command: &str) -> crate::common::Run {
    world.run(&[
        "select",
        "--scoring",
        "classic",
        "-c",
        "job",
        "--format",
        "name",
        "--tie-break",
        command,
        "--tie-break-timeout",
        "5",
    ])
}

#[test]
fn a_command_settles_a_close_call() {
    let world = world();
    for (command, winner) in [
        ("echo 2", "two"),
        ("echo 1", "one"),
        ("echo two", "two"),
        ("echo linux/two@1.0", "two"),
        ("cat > seen.json; echo '{\"choice\": \"two\"}'", "two"),
    ] {
        let run = settle(&world, command);
        assert_eq!(
            run.stdout,
            format!("linux/{winner}@1.0 job use\n"),
            "{command} {run:?}"
        );
    }
    let seen: serde_json::Value = serde_json::from_str(&world.read("seen.json")).expect("JSON");
    assert_eq!(seen["candidates"][0]["tool"], "one");
    assert_eq!(seen["candidates"][1]["pattern"], "use");
}

#[test]
fn a_command_that_misbehaves_is_told_so() {
    let world = world();
    for (command, message) in [
        (
            "echo three",
            "says `three`, which is not one of the choices",
        ),
        ("echo use", "says `use`, which is not one of the choices"),
        ("exit 3", "failed: exit status: 3"),
        ("true", "says ``, which is not one of the choices"),
    ] {
        let run = settle(&world, command);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{command}");
        assert!(run.stderr.contains(message), "{command}: {}", run.stderr);
    }
    let run = world.run(&[
        "select",
        "--scoring",
        "classic",
        "-c",
        "job",
        "--tie-break",
        "sleep 600",
        "--tie-break-timeout",
        "0.05",
    ]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("took longer than 0.05 s"), "{run:?}");
}

#[test]
fn a_close_call_that_was_settled_is_replayed_as_it_was() {
    let world = world();
    let made = world
        .run(&[
            "select",
            "--scoring",
            "classic",
            "-c",
            "job",
            "--tie-break",
            "echo two",
            "--record",
            "--format",
            "json",
        ])
        .json();
    assert_eq!(made["answer"]["tool"], "two");
    let id = made["selection_id"].to_string();
    let again = world
        .run(&["select", "--replay", &id, "--format", "json"])
        .json();
    assert_eq!(again["answer"], made["answer"]);
}
