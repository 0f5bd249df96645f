//! The first path through the program: import, list, show, export.

use crate::common::{World, definition, psql, shared};
use insta::assert_snapshot;

#[test]
fn a_definition_goes_in_and_comes_out() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    assert_snapshot!(world.transcript(
        "import df.yaml
         import df.yaml
         list
         list --format json
         list --format csv
         list --format name
         show df
         show windows/df
         show dff
         list --platform windows"
    ));
}

#[test]
fn what_is_exported_equals_what_was_imported() {
    let world = World::new();
    let mut text = definition("linux", "df", "1.0", "disk_usage");
    text.push_str(
        "team: {name: storage, size: 3}\nexamples: [df -h]\nowner: storage\nenabled: true\n",
    );
    world.write("in/df.yaml", &text);
    world.write(
        "in/ping.yaml",
        definition("windows", "ping", "2.0", "reachability"),
    );
    world.ok(&["import", "in"]);
    world.ok(&["export", "--to-dir", "out"]);
    assert_equal_yaml(&world.read("out/linux/df@1.0.yaml"), &text);
    assert_eq!(
        world.run(&["import", "out"]).stdout,
        "imported 2 definitions: 0 created, 0 updated, 2 unchanged, 0 refused\n"
    );
}

fn assert_equal_yaml(a: &str, b: &str) {
    let read = |text: &str| -> serde_json::Value { serde_yaml::from_str(text).expect("YAML") };
    assert_eq!(read(a), read(b));
}

#[test]
fn the_corpus_comes_out_equal() {
    let Some(shared) = shared() else { return };
    let world = World::new();
    let corpus = shared.join("corpus/tldr-500.yaml");
    let corpus = corpus.to_str().expect("UTF-8");
    world.ok(&["import", corpus]);
    let exported = world.ok(&["export"]);
    let documents = |text: &str| -> Vec<serde_json::Value> {
        use serde::Deserialize;
        let mut documents: Vec<serde_json::Value> = serde_yaml::Deserializer::from_str(text)
            .map(|document| serde_json::Value::deserialize(document).expect("YAML"))
            .filter(|document| !document.is_null())
            .collect();
        documents.sort_by_key(|it| it["tool_name"].to_string());
        documents
    };
    let original = documents(&std::fs::read_to_string(corpus).expect("the corpus"));
    assert_eq!(original.len(), 500);
    assert_eq!(documents(&exported), original);
}

#[test]
fn one_bad_definition_keeps_all_out() {
    let world = World::new();
    world.write("a.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("b.yaml", "tool_name: broken\nversion: '1.0'\n");
    let run = world.run(&["import", "a.yaml", "b.yaml"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("nothing was imported"),
        "{}",
        run.stderr
    );
    assert_eq!(world.sql("SELECT count(*) FROM tools").trim(), "0");
}

#[test]
fn a_changed_definition_needs_a_new_version() {
    let world = World::new();
    let text = definition("linux", "df", "1.0", "disk_usage");
    world.write("df.yaml", &text);
    world.ok(&["import", "df.yaml"]);
    world.write("df.yaml", text.replace("100 + N", "200 + N"));
    let run = world.run(&["import", "df.yaml"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("time_estimate_ms"), "{}", run.stderr);
    world.write(
        "df.yaml",
        text.replace("100 + N", "200 + N")
            .replace("'1.0'", "'1.10'"),
    );
    world.ok(&["import", "df.yaml"]);
    world.write("old.yaml", text.replace("'1.0'", "'1.9'"));
    world.ok(&["import", "old.yaml"]);
    assert_eq!(
        world.ok(&["list", "--format", "name"]),
        "linux/df@1.10\n",
        "an older version does not become the latest"
    );
}

#[test]
fn an_import_that_changes_nothing_writes_nothing() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    let state = || {
        world.sql(
            "SELECT (SELECT revision FROM catalog_state), (SELECT count(*) FROM tool_audit_log), \
             (SELECT max(updated_at) FROM tools)",
        )
    };
    let before = state();
    world.ok(&["import", "df.yaml"]);
    assert_eq!(state(), before);
    world.write("new.yaml", definition("linux", "du", "1.0", "disk_usage"));
    world.ok(&["import", "--dry-run", "new.yaml"]);
    assert_eq!(state(), before);
}

#[test]
fn a_change_by_hand_is_noticed_by_the_next_import() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    world.sql("UPDATE tool_patterns SET complexity_score = 0.9");
    let run = world.run(&["import", "df.yaml"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("complexity_score"), "{}", run.stderr);
}

#[test]
fn a_missing_catalog_and_a_newer_one_are_told_apart() {
    let world = World::bare();
    let run = world.run(&["list"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("toolcat migrate up"), "{}", run.stderr);
    world.ok(&["migrate", "up"]);
    world.ok(&["list"]);
    world.sql("INSERT INTO __diesel_schema_migrations VALUES ('99990101000000')");
    for command in [&["list"][..], &["migrate", "up"], &["select", "-c", "x"]] {
        let run = world.run(command);
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.stderr.contains("newer toolcat"), "{}", run.stderr);
    }
}

#[test]
fn every_migration_can_be_reverted() {
    let world = World::new();
    world.ok(&["migrate", "down", "--yes", "-n", "99"]);
    let left = psql(
        world.url(),
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
         WHERE nspname = 'tool_catalog' AND relkind IN ('r', 'S', 'v') \
           AND relname <> '__diesel_schema_migrations'",
    );
    assert_eq!(left, "");
    let functions = psql(
        world.url(),
        "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace \
         WHERE nspname = 'tool_catalog'",
    );
    assert_eq!(functions, "");
    assert_eq!(world.run(&["migrate", "status"]).code, 1);
    world.ok(&["migrate", "up"]);
    assert_eq!(world.run(&["migrate", "status"]).code, 0);
}

#[test]
fn versions_find_their_parents_however_far_apart_they_stand() {
    let world = World::new();
    let version = |version: &str| definition("linux", "df", version, "disk_usage");
    let others = (0..1100).map(|n| definition("linux", &format!("tool-{n}"), "1.0", "use"));
    let all: Vec<String> = std::iter::once(version("3.0"))
        .chain(others)
        .chain([version("1.0"), version("2.0")])
        .collect();
    world.write("all.yaml", all.join("---\n"));
    world.ok(&["import", "all.yaml"]);
    assert_eq!(
        world.sql(
            "SELECT t.version, p.version, t.is_latest FROM tools t \
             LEFT JOIN tools p ON p.id = t.parent_version_id \
             WHERE t.tool_name = 'df' ORDER BY t.version"
        ),
        "1.0||f\n2.0|1.0|f\n3.0|2.0|t\n"
    );
    world.write("again.yaml", version("2.1"));
    world.ok(&["import", "again.yaml", "all.yaml"]);
    assert_eq!(
        world.sql("SELECT count(*), count(DISTINCT platform || tool_name) FROM tools"),
        "1104|1101\n"
    );
    world.ok(&["audit", "verify"]);
}

#[test]
fn catalogs_live_side_by_side() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["--catalog", "team_a", "migrate", "up"]);
    world.ok(&["--catalog", "team_a", "import", "df.yaml"]);
    assert_eq!(world.ok(&["list", "--format", "name"]), "");
    assert_eq!(
        world.ok(&["--catalog", "team_a", "list", "--format", "name"]),
        "linux/df@1.0\n"
    );
    let run = world.run(&["--catalog", "x;drop", "list"]);
    assert_eq!(run.code, 2);
}

#[test]
fn no_database_is_exit_code_3_and_no_password_is_shown() {
    let world = World::new();
    let run = world.run(&[
        "--database-url",
        "postgresql://me:hunter2@127.0.0.1:1/x",
        "list",
    ]);
    assert_eq!(run.code, 3);
    assert!(!format!("{run:?}").contains("hunter2"), "{run:?}");
}

/// Issue 20: who has only the program begins with the catalog that it holds.
#[test]
fn the_starter_catalog_is_in_the_program_and_an_empty_one_names_it() {
    let world = World::new();
    for command in [
        &["list"][..],
        &["search", "disk"],
        &["select", "disk usage"],
    ] {
        let run = world.run(command);
        assert!(
            run.stderr.contains("the catalog is empty"),
            "{}",
            run.shown("")
        );
        assert!(
            run.stderr.contains("toolcat import --starter"),
            "{}",
            run.shown("")
        );
    }
    let imported = world.ok(&["import", "--starter"]);
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/catalog");
    let again = world.ok(&["import", files]);
    assert!(
        imported.contains("555 created") && again.contains("555 unchanged"),
        "{again}"
    );
    let none = world.run(&["list", "--owner", "nobody"]);
    assert!(
        none.stderr.contains("no tool matches"),
        "{}",
        none.shown("")
    );
    let both = world.run(&["import", "--starter", "x.yaml"]);
    assert_eq!(both.code, 2);
}

/// Issue 20: tables of changes show the newest, and say so; machine formats hold all.
#[test]
fn the_log_shows_the_newest_changes_first_and_not_all() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    world.sql("UPDATE tools SET description = 'a'");
    for number in 0..30 {
        let owner = format!("o{number}");
        world.ok(&["update", "df", "--set", &format!("owner={owner}"), "-y"]);
        world.ok(&["update", "df", "--set", "owner=x", "-y"]);
    }
    for command in ["log", "audit"] {
        let run = world.run(&[command]);
        assert_eq!(run.stdout.lines().count(), 51, "{}", run.shown(""));
        assert!(
            run.stderr
                .contains("these are the newest 50; -n 0 shows all"),
            "{}",
            run.stderr
        );
        assert!(world.ok(&[command, "-n", "0"]).lines().count() > 60);
        assert!(world.ok(&[command, "--format", "jsonl"]).lines().count() > 60);
        assert_eq!(world.run(&[command, "-n", "50"]).stderr, "");
    }
}

/// Issue 20: a tool that is gone is answered with who deleted it and how it comes back.
#[test]
fn the_deleted_are_listed_with_who_did_it_and_how_they_come_back() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("du.yaml", definition("linux", "du", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml", "du.yaml"]);
    world.ok(&["update", "du", "--set", "owner=x", "-y"]);
    world.ok(&["delete", "df", "-y", "--reason", "no longer used"]);
    let listed = world.run(&["list", "--deleted", "--format", "json"]).json();
    assert_eq!(listed[0]["tool"], "df");
    assert_eq!(listed[0]["deleted_by"], "tester");
    assert_eq!(listed[0]["reason"], "no longer used");
    let shown = world.run(&["show", "df"]);
    assert_eq!(shown.code, 4);
    let said = "there is no tool `df` in the catalog: linux/df@1.0 was deleted by tester at ";
    assert!(shown.stderr.contains(said), "{}", shown.stderr);
    assert!(
        shown.stderr.contains("in revision 3 (no longer used)"),
        "{}",
        shown.stderr
    );
    assert!(
        shown
            .stderr
            .contains("`toolcat restore linux/df` brings it back"),
        "{}",
        shown.stderr
    );
    let revisions = |tool: &str| world.ok(&["log", tool, "--format", "name"]);
    assert_eq!(revisions("df"), "3\n1\n");
    assert_eq!(revisions("du"), "2\n1\n");
    world.ok(&["restore", "linux/df"]);
    assert!(
        world
            .run(&["list", "--deleted"])
            .stderr
            .contains("nothing that was deleted matches")
    );
    assert_eq!(
        world.ok(&["log", "df", "-n", "1", "--format", "name"]),
        "4\n"
    );
}

/// Issue 20: what a pipeline asks, as terraform answers it.
#[test]
fn a_plan_tells_by_its_exit_code_whether_there_is_anything_to_do() {
    let world = World::new();
    let text = definition("linux", "df", "1.0", "disk_usage");
    let code = |args: &[&str]| {
        let run = world.run(&[&["plan", "--detailed-exitcode"], args].concat());
        (run.code, run.stdout + &run.stderr)
    };
    world.write("df.yaml", &text);
    assert_eq!(code(&["df.yaml"]).0, 2);
    // Without the flag, changes are no failure.
    world.ok(&["plan", "df.yaml"]);
    world.ok(&["import", "df.yaml"]);
    assert_eq!(code(&["df.yaml"]).0, 0);
    world.write("df.yaml", text.replace("What df is for", "Something else"));
    assert_eq!(code(&["df.yaml"]).0, 1);
    assert_eq!(code(&["df.yaml", "--on-conflict", "bump"]).0, 2);
    // What the catalog keeps as it is changes nothing.
    assert_eq!(code(&["df.yaml", "--on-conflict", "skip"]).0, 0);
    world.write("bad.yaml", "tool_name: x");
    let (bad, told) = code(&["bad.yaml"]);
    assert_eq!(bad, 1, "{told}");
    assert!(
        told.contains("error: ") && told.contains("nothing was imported"),
        "{told}"
    );
    assert_eq!(code(&["gone.yaml"]).0, 1);
    let help = world.ok(&["help", "plan"]);
    assert!(
        help.contains("With --detailed-exitcode: 0 nothing to change"),
        "{help}"
    );
}

/// Issue 20: a plan in which something is refused promises nothing.
#[test]
fn a_plan_says_where_nothing_would_be_imported() {
    let world = World::new();
    let text = definition("linux", "df", "1.0", "disk_usage");
    world.write("df.yaml", &text);
    world.ok(&["import", "df.yaml"]);
    world.write("df.yaml", text.replace("What df is for", "Something else"));
    let plan = world.run(&["plan", "df.yaml"]);
    assert_eq!(plan.code, 1, "{}", plan.shown(""));
    assert!(
        plan.stdout
            .ends_with("nothing would be imported: 1 refused\n"),
        "{}",
        plan.stdout
    );
}

/// Issue 20: an export that git can follow.
#[test]
fn files_by_name_stay_the_same_over_versions_and_go_with_their_tools() {
    let world = World::new();
    let text = definition("linux", "df", "1.0", "disk_usage");
    world.write("d/df.yaml", &text);
    world.write("d/du.yaml", definition("linux", "du", "1.0", "disk_usage"));
    world.write("d/ping.yaml", definition("windows", "ping", "1.0", "reach"));
    world.ok(&["import", "d"]);
    let export = ["export", "--to-dir", "out", "--layout", "name"];
    world.write("out/linux/ours.yaml", "ours");
    world.ok(&export);
    let first = world.read("out/linux/df.yaml");
    // What is not asked for, and what others wrote, stays.
    world.write("d/df.yaml", text.replace("'1.0'", "'1.1'"));
    world.ok(&["import", "d/df.yaml"]);
    world.ok(&["delete", "du", "--yes"]);
    let run = world.run(&[&export[..], &["--platform", "linux"]].concat());
    assert!(
        run.stderr
            .contains("wrote 1 definition to out, removed 1 file"),
        "{}",
        run.shown("")
    );
    assert_eq!(
        world.read("out/linux/df.yaml"),
        first.replace("'1.0'", "'1.1'")
    );
    assert!(!world.path().join("out/linux/du.yaml").exists());
    assert!(world.path().join("out/windows/ping.yaml").exists());
    assert_eq!(world.read("out/linux/ours.yaml"), "ours");
    // A list that leads out of the folder removes nothing.
    world.write(
        "out/.toolcat-files.json",
        r#"{"[\"x\",\"y\"]": "../d/df.yaml"}"#,
    );
    world.ok(&export);
    assert!(world.path().join("d/df.yaml").exists());
    for extra in [&["--all-versions"][..], &["df@1.0", "df@1.1"]] {
        let refused = world.run(&[&export[..], extra].concat());
        assert_eq!(refused.code, 2, "{}", refused.shown(""));
    }
    assert_eq!(world.run(&["export", "--layout", "name"]).code, 2);
}

/// Issue 20: the version that a definition became is named in every format.
#[test]
fn the_version_that_a_bump_makes_is_named() {
    let world = World::new();
    let text = definition("linux", "df", "1.0", "disk_usage");
    world.write("df.yaml", &text);
    world.ok(&["import", "df.yaml"]);
    world.write("df.yaml", text.replace("What df is for", "Something else"));
    let import = ["import", "df.yaml", "--on-conflict", "bump", "--format"];
    let json = world
        .run(&[&import[..], &["json", "--dry-run"]].concat())
        .json();
    let bumps = serde_json::json!([{"tool": "linux/df@1.0", "version": "1.1"}]);
    assert_eq!(json["bumps"], bumps);
    let told = world.ok(&[&import[..], &["text"]].concat());
    assert!(
        told.starts_with("^ linux/df@1.0 -> 1.1\nimported 1 definition: "),
        "{told}"
    );
    world.write("df.yaml", text.replace("What df is for", "Another thing"));
    let json = world.run(&[&import[..], &["json"]].concat()).json();
    assert_eq!(json["bumps"][0]["version"], "1.2");
}

/// Issue 22: an export is read part by part, in the order of a list, and all of one state.
#[test]
fn an_export_of_many_is_of_one_state() {
    use std::io::Read;
    use std::process::Stdio;
    let world = World::new();
    let names: Vec<String> = (0..450)
        .map(|at| format!("tool{:03}", at * 7 % 450))
        .collect();
    let about = "What it is for. ".repeat(200);
    let texts = names.iter().map(|name| {
        definition("linux", name, "1.0", "disk_usage")
            .replace("description: What", &format!("description: {about}What"))
    });
    world.write("all.yaml", texts.collect::<Vec<_>>().join("---\n"));
    world.ok(&["import", "all.yaml"]);
    let yaml = world.ok(&["export"]);
    let listed = world.ok(&["list", "--format", "json"]);
    let listed: Vec<serde_json::Value> = serde_json::from_str(&listed).expect("JSON");
    let values: Vec<serde_json::Value> =
        serde_json::from_str(&world.ok(&["export", "--to-format", "json"])).expect("JSON");
    let lines = world.ok(&["export", "--to-format", "jsonl"]);
    assert_eq!(
        (yaml.matches("---\n").count(), lines.lines().count()),
        (450, 450)
    );
    for (at, line) in lines.lines().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(
            (&value, &value["tool_name"]),
            (&values[at], &listed[at]["tool"])
        );
    }
    // Whoever reads slowly meanwhile gets what was there at the beginning.
    let mut command = world.command(&["export"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("toolcat");
    let mut out = child.stdout.take().expect("a pipe");
    let mut read = vec![0; 1000];
    out.read_exact(&mut read).expect("a beginning");
    world.ok(&["delete", "tool449", "--yes"]);
    out.read_to_end(&mut read).expect("the rest");
    assert!(child.wait().expect("an end").success());
    assert!(read == yaml.as_bytes());
    assert!(!world.ok(&["export"]).contains("tool449"));
}
