//! Settings from files, variables and flags, each stronger than the one before.

use std::os::unix::ffi::OsStrExt;

use crate::common::{Run, World};

fn setting(world: &World, args: &[&str], name: &str) -> (String, String) {
    let line = [args, &["config", "show", "--format", "json"]].concat();
    let shown = world.run(&line).json();
    let found = shown
        .as_array()
        .expect("a list")
        .iter()
        .find(|it| it["setting"] == name)
        .expect(name)
        .clone();
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    (text("value"), world.masked(&text("source")))
}

#[test]
fn each_source_is_stronger_than_the_one_before() {
    let world = World::bare();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        setting(&world, &[], "catalog"),
        pair("tool_catalog", "default")
    );
    world.write(
        "../home/.config/toolcat/config.toml",
        "catalog = 'mine'\n[profiles]\nnight = 'cost=1'\n",
    );
    assert_eq!(
        setting(&world, &[], "catalog"),
        pair(
            "mine",
            "user file: [FOLDER]/home/.config/toolcat/config.toml"
        )
    );
    world.write(
        "toolcat.toml",
        "catalog = 'ours'\ntemplate_dir = 'templates'\n",
    );
    world.ok(&["config", "trust"]);
    assert_eq!(
        setting(&world, &[], "catalog"),
        pair("ours", "project file: [FOLDER]/project/toolcat.toml")
    );
    assert_eq!(setting(&world, &[], "profiles.night").0, "cost=1");
    assert!(
        setting(&world, &[], "template_dir")
            .0
            .ends_with("project/templates")
    );
    assert_eq!(
        setting(&world, &["--catalog", "this"], "catalog"),
        pair("this", "flag: --catalog")
    );
    let output = world
        .command(&["config", "show"])
        .env("TOOLCAT_CATALOG", "theirs")
        .output()
        .expect("toolcat runs");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("environment: TOOLCAT_CATALOG"), "{shown}");
    assert_eq!(
        setting(&world, &[], "actor"),
        pair("tester", "environment: TOOLCAT_ACTOR")
    );
}

#[test]
fn a_password_is_not_shown() {
    let world = World::bare();
    let shown = world.ok(&[
        "--database-url",
        "postgresql://me:hunter2@db/x",
        "config",
        "show",
    ]);
    assert!(
        !shown.contains("hunter2") && shown.contains("flag: --database-url"),
        "{shown}"
    );
}

#[test]
fn the_file_that_is_made_can_be_used() {
    let world = World::bare();
    world.ok(&["config", "init"]);
    assert!(world.read("toolcat.toml").contains("# database_url"));
    world.ok(&["config", "show"]);
    let again = world.run(&["config", "init"]);
    assert_eq!((again.code, again.stderr.contains("--force")), (5, true));
    world.ok(&["config", "init", "--force"]);
    world.ok(&["config", "init", "--user"]);
    let paths = world.run(&["config", "path", "--format", "json"]).json();
    assert_eq!(paths[0]["exists"], true);
    assert_eq!(paths[1]["exists"], true);
    // The project's file is found from a folder below.
    std::fs::create_dir_all(world.path().join("a/b")).expect("folders");
    let output = world
        .command(&["config", "path", "--format", "name"])
        .current_dir(world.path().join("a/b"))
        .output()
        .expect("toolcat runs");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("project/toolcat.toml"), "{shown}");
}

#[test]
fn a_file_that_cannot_be_used_says_where() {
    let world = World::bare();
    world.write("toolcat.toml", "catalog = 'x'\nnonsense = 1\n");
    let run = world.run(&["config", "show"]);
    assert_eq!(run.code, 2, "{}", run.shown(""));
    assert!(
        run.stderr.contains("toolcat.toml: line 2"),
        "{}",
        run.stderr
    );
}

/// A folder of settings that is no folder holds none, as where daemons have `HOME=/dev/null`.
#[test]
fn a_home_that_is_no_folder_holds_no_settings() {
    let world = World::new();
    for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        let mut command = world.command(&["config", "path"]);
        let run = Run::of(
            command
                .env(variable, "/dev/null")
                .output()
                .expect("it runs"),
        );
        assert_eq!(run.code, 0, "{variable}: {run:?}");
        let mut command = world.command(&["list", "-o", "json"]);
        let run = Run::of(
            command
                .env(variable, "/dev/null")
                .output()
                .expect("it runs"),
        );
        assert_eq!(
            (run.code, run.stdout.trim()),
            (0, "[]"),
            "{variable}: {run:?}"
        );
    }
}

/// A URL that cannot be read is not passed over for the database of another place.
#[test]
fn a_variable_that_is_no_text_is_refused() {
    let world = World::new();
    let bytes = std::ffi::OsStr::from_bytes(b"postgresql:///\xff");
    for variable in ["TOOLCAT_DATABASE_URL", "DATABASE_URL"] {
        let mut command = world.command(&["list"]);
        command
            .env_remove("TOOLCAT_DATABASE_URL")
            .env(variable, bytes);
        let run = Run::of(command.output().expect("it runs"));
        assert_eq!(run.code, 2, "{run:?}");
        assert_eq!(run.stderr, format!("error: {variable} is not UTF-8\n"));
    }
}

/// Where stderr takes nothing, the exit code still tells.
#[test]
fn a_full_stderr_ends_nothing_badly() {
    let world = World::new();
    for args in [&[][..], &["nosuch"], &["list", "--nosuch"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let mut command = world.command(args);
        command.stderr(full.expect("a device"));
        let ended = command.status().expect("it runs");
        assert_eq!(ended.code(), Some(2), "{args:?}");
    }
}
