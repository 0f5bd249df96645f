//! `toolcat discover`: what is installed here, against the catalog.

use std::os::unix::fs::PermissionsExt;

use crate::common::{Run, World, definition};

/// A world with two programs of its own on the PATH, one of which the catalog knows, and a tool that is gone.
fn world() -> World {
    let world = World::new();
    for (name, text) in [
        ("zz-known", "exit 0"),
        (
            "zz-frob",
            "touch ran; printf 'Usage: zz-frob [OPTIONS] FILE\\n\\nTurns a file around.\\n\\nOptions:\\n  -v, --verbose  Say more\\n'",
        ),
        (
            "zz-broken",
            "touch ran; echo 'zz-broken: unknown option' >&2; exit 2",
        ),
        ("zz odd$(id)", "exit 0"),
    ] {
        let file = world.write(&format!("opt/bin/{name}"), format!("#!/bin/sh\n{text}\n"));
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).expect("a program");
    }
    world.write("opt/share/man/man1/zz-known.1.gz", "");
    world.write("a.yaml", definition("linux", "zz-known", "1.0", "x"));
    world.write("b.yaml", definition("linux", "zz-gone", "1.0", "x"));
    world.write("c.yaml", definition("windows", "zz-away", "1.0", "x"));
    world.ok(&["import", "a.yaml", "b.yaml", "c.yaml"]);
    world
}

fn discover(world: &World, args: &[&str]) -> Run {
    let path = std::env::var("PATH").expect("a path");
    let bin = world.path().join("opt/bin");
    let output = world
        .command(&[&["discover"], args].concat())
        .env("PATH", format!("{}:{path}", bin.display()))
        .output()
        .expect("toolcat runs");
    Run::of(output)
}

#[test]
fn what_is_here_is_known_unknown_or_gone() {
    let world = world();
    let states = |args: &[&str]| {
        let run = discover(
            &world,
            &[
                args,
                &[
                    "--jq",
                    r#".[] | select(.name | startswith("zz")) | "\(.state) \(.name)""#,
                ],
            ]
            .concat(),
        );
        assert_eq!(run.code, 0, "{}", run.shown("discover"));
        run.stdout
    };
    // Only what has a manual page, unless more is asked for.
    assert_eq!(states(&[]), "gone zz-gone\nknown zz-known\n");
    assert_eq!(
        states(&["--all"]),
        "unknown zz odd$(id)\nunknown zz-broken\nunknown zz-frob\ngone zz-gone\nknown zz-known\n"
    );
    assert_eq!(states(&["--state", "gone"]), "gone zz-gone\n");
    assert_eq!(states(&["--kind", "timer"]), "");
    let named = discover(&world, &["zz-frob", "--format", "csv"]);
    assert!(
        named.stdout.starts_with(
            "state,kind,name,tool,description,path,manual\nunknown,command,zz-frob,,,"
        ),
        "{}",
        named.stdout
    );
    assert!(!world.path().join("ran").exists(), "nothing is run");
}

#[test]
fn drafts_are_made_of_those_that_are_named_and_only_then_something_is_run() {
    let world = world();
    let run = discover(&world, &["--draft", "drafts"]);
    assert_eq!(run.code, 2, "{}", run.shown(""));
    assert!(
        run.stderr.contains("--draft needs the names"),
        "{}",
        run.stderr
    );
    let run = discover(&world, &["--draft", "drafts", "zz-frob"]);
    assert_eq!(run.code, 1, "{}", run.shown(""));
    assert!(
        run.stderr
            .contains("it has no manual page; --from-help runs it"),
        "{}",
        run.stderr
    );
    assert!(!world.path().join("ran").exists(), "nothing is run");
    let run = discover(
        &world,
        &[
            "--draft",
            "drafts",
            "--from-help",
            "zz-frob",
            "zz-broken",
            "zz odd$(id)",
        ],
    );
    assert_eq!(run.code, 1, "{}", run.shown(""));
    assert!(
        run.stderr.contains("wrote drafts/zz-frob.yaml"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("no draft of zz-broken: "),
        "{}",
        run.stderr
    );
    let draft = world.read("drafts/zz-frob.yaml");
    assert!(
        draft.contains("tool_name: zz-frob") && draft.contains("a guess"),
        "{draft}"
    );
    world.ok(&["validate", "drafts/zz-frob.yaml"]);
    // One that is there stays as it is.
    let again = discover(&world, &["--draft", "drafts", "--from-help", "zz-frob"]);
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);
    assert_eq!(discover(&world, &["--draft", "drafts", "zz-none"]).code, 4);
    let names: Vec<_> = std::fs::read_dir(world.path().join("drafts"))
        .expect("a folder")
        .collect();
    assert_eq!(names.len(), 1);
}
