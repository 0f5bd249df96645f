//! Editing a definition, alone and while others change it.

use std::process::Command;

use crate::common::{PROGRAM, Run, World, definition};

fn world() -> World {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    world
}

fn edit(world: &World, editor: &str) -> Run {
    let output = world
        .command(&["edit", "df"])
        .env("EDITOR", editor)
        .env("OTHER", PROGRAM)
        .output()
        .expect("toolcat runs");
    Run::of(output)
}

#[test]
fn a_bad_edit_is_opened_again_with_the_errors() {
    let world = world();
    // The first time something wrong is written; the second time it is put right.
    world.write(
        "editor",
        "#!/bin/sh\nif grep -q 'complexity_score: 7' \"$1\"; then\n  cp \"$1\" seen\n  \
         sed -i 's/complexity_score: 7/complexity_score: 0.7/' \"$1\"\nelse\n  \
         sed -i 's/complexity_score: 0.3/complexity_score: 7/' \"$1\"\nfi\n",
    );
    let run = edit(&world, "sh editor");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stdout.contains("complexity_score: 0.3 -> 0.7"),
        "{run:?}"
    );
    let seen = world.read("seen");
    assert!(seen.starts_with("#: error: "), "{seen}");
}

#[test]
fn what_stays_wrong_is_not_saved() {
    let world = world();
    let before = super::every_table(&world);
    for (editor, code) in [
        ("sed -i 's/complexity_score: .*/complexity_score: 7/'", 2),
        ("sed -i s/1.0/2.0/", 2),
        ("true", 0),
        ("false", 2),
        ("no-such-editor", 2),
        ("truncate -s 0", 0),
    ] {
        let run = edit(&world, editor);
        assert_eq!(run.code, code, "{editor}: {run:?}");
    }
    assert_eq!(super::every_table(&world), before);
}

#[test]
fn changes_of_other_fields_meanwhile_are_kept() {
    let world = world();
    let run = edit(
        &world,
        "\"$OTHER\" update df --set category=disks --yes && sed -i 's/scope: .*/scope: batch/'",
    );
    assert_eq!(run.code, 0, "{run:?}");
    let yaml = world.ok(&["show", "df", "--format", "yaml"]);
    assert!(
        yaml.contains("category: disks") && yaml.contains("scope: batch"),
        "{yaml}"
    );
}

#[test]
fn changes_of_the_same_field_meanwhile_are_a_conflict() {
    let world = world();
    let run = edit(
        &world,
        "\"$OTHER\" update df --set scope=everything --yes && sed -i 's/scope: .*/scope: batch/'",
    );
    assert_eq!(run.code, 5, "{run:?}");
    assert!(
        run.stderr
            .contains("\"single_item\" became \"everything\", edited to \"batch\""),
        "{run:?}"
    );
    assert!(
        world
            .ok(&["show", "df", "--format", "yaml"])
            .contains("scope: everything")
    );
    let kept = run.stderr.split("kept in ").nth(1).expect("a path").trim();
    Command::new("rm").arg(kept).status().expect("rm runs");
}
