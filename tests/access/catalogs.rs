//! `catalog`: several in one database.

use crate::common::{World, definition, psql};

#[test]
fn catalogs_are_made_copied_renamed_and_dropped() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    world.ok(&["member", "add", "ada", "--role", "admin"]);
    world.ok(&["token", "create", "--for", "ada"]);
    world.ok(&["catalog", "create", "staging"]);
    let taken = world.run(&["catalog", "create", "staging"]);
    assert_eq!(taken.code, 5, "{}", taken.shown(""));
    assert_eq!(
        world.run(&["catalog", "create", "public"]).code,
        5,
        "no catalog"
    );
    assert_eq!(world.run(&["catalog", "create", "pg_x"]).code, 2);

    world.ok(&["catalog", "copy", "tool_catalog", "trial"]);
    assert_eq!(
        world
            .run(&["catalog", "copy", "tool_catalog", "trial"])
            .code,
        5
    );
    let missing = world.run(&["catalog", "copy", "tool_catalg", "other"]);
    assert_eq!(missing.code, 4);
    assert!(
        missing.stderr.contains("did you mean `tool_catalog`?"),
        "{}",
        missing.shown("")
    );
    let shown = |catalog: &str| world.ok(&["show", "df", "--format", "json", "--catalog", catalog]);
    assert_eq!(shown("trial"), shown("tool_catalog"));
    let tokens = "SELECT (SELECT count(*) FROM trial.api_tokens), (SELECT count(*) FROM trial.catalog_members)";
    assert_eq!(psql(world.url(), tokens).trim(), "0|1");

    world.ok(&["catalog", "rename", "trial", "archive", "--dry-run"]);
    world.ok(&["catalog", "rename", "trial", "archive"]);
    assert_eq!(
        world.run(&["catalog", "rename", "archive", "staging"]).code,
        5
    );
    assert_eq!(world.run(&["catalog", "rename", "trial", "x"]).code, 4);
    for args in [
        &["disable", "df"][..],
        &["audit", "verify"],
        &["doctor", "--deep"],
    ] {
        let run = world.run(&[args, &["--catalog", "archive"]].concat());
        assert_eq!(run.code, 0, "{}", run.shown("archive"));
    }
    let log = world.ok(&[
        "audit",
        "--catalog",
        "archive",
        "--action",
        "renamed",
        "--format",
        "json",
    ]);
    assert!(
        log.contains("\"trial\"") && log.contains("\"archive\""),
        "{log}"
    );
    assert_eq!(
        world.ok(&["catalog", "list", "--format", "name"]),
        "archive\nstaging\ntool_catalog\n"
    );
    let list = world.run(&["catalog", "list", "--format", "json"]).json();
    assert_eq!(
        (&list[0]["catalog"], &list[0]["tools"]),
        (&"archive".into(), &1.into())
    );

    let asked = world.run(&["catalog", "drop", "archive"]);
    assert_eq!(asked.code, 2, "{}", asked.shown("nobody can be asked"));
    assert!(
        asked.stderr.contains("1 tool in 1 version"),
        "{}",
        asked.shown("")
    );
    world.ok(&["catalog", "drop", "archive", "--dry-run"]);
    psql(world.url(), "CREATE TABLE archive.of_others ()");
    assert_eq!(world.run(&["catalog", "drop", "archive", "--yes"]).code, 5);
    psql(world.url(), "DROP TABLE archive.of_others");
    world.ok(&["catalog", "drop", "archive", "--yes"]);
    assert_eq!(world.run(&["catalog", "drop", "archive", "--yes"]).code, 4);
    assert_eq!(
        world.run(&["catalog", "drop", "public", "--yes"]).code,
        4,
        "no catalog"
    );
    assert_eq!(
        world.ok(&["catalog", "list", "--format", "name"]),
        "staging\ntool_catalog\n"
    );
}

#[test]
fn who_does_not_own_a_catalog_neither_renames_nor_drops_it() {
    let staffed = super::Staffed::new();
    for args in [
        &["catalog", "rename", "tool_catalog", "mine"][..],
        &["catalog", "drop", "tool_catalog", "--yes"],
        &["catalog", "create", "mine"],
    ] {
        let run = staffed.toolcat("ada", "ada", args);
        assert_eq!(run.code, 3, "{}", run.shown("an admin of the catalog"));
    }
    staffed.world.ok(&["show", "df"]);
}
