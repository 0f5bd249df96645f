//! Commands that are not toolcat's own.

use crate::common::{Run, World};

fn with_program(world: &World, name: &str, script: &str, args: &[&str]) -> Run {
    use std::os::unix::fs::PermissionsExt;
    let file = world.write(&format!("bin/{name}"), script);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = format!(
        "{}:{}",
        world.path().join("bin").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    Run::of(
        world
            .command(args)
            .env("PATH", path)
            .output()
            .expect("it runs"),
    )
}

#[test]
fn a_program_on_the_path_is_a_subcommand() {
    let world = World::bare();
    let script = "#!/bin/sh\necho \"$TOOLCAT_CATALOG:$*\"\nexit 7\n";
    let run = with_program(
        &world,
        "toolcat-foo",
        script,
        &["--catalog", "team", "foo", "a b", "--flag"],
    );
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (7, "team:a b --flag\n"),
        "{run:?}"
    );
    // It cannot take the place of a command of toolcat's own, nor stand below one.
    let run = with_program(
        &world,
        "toolcat-schema",
        "#!/bin/sh\necho no\n",
        &["schema"],
    );
    assert!(run.stdout.starts_with('{'), "{run:?}");
    let run = with_program(&world, "toolcat-foo", script, &["db", "foo"]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn an_unknown_subcommand_suggests_the_nearest() {
    let world = World::bare();
    let run = world.run(&["slect"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("select"), "{}", run.stderr);
}

#[test]
fn an_alias_stands_for_a_longer_command() {
    let world = World::new();
    world.write(
        "toolcat.toml",
        "[alias]\nls = 'list --format json'\nloop = 'loop'\n",
    );
    world.ok(&["config", "trust"]);
    assert_eq!(world.ok(&["ls", "--platform", "linux"]).trim(), "[]");
    assert_eq!(world.run(&["loop"]).code, 2);
}
