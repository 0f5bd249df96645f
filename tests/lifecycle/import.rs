//! Importing over what is there: conflicts, plans, pruning, going on.

use super::every_table;
use crate::common::{World, definition};
use insta::assert_snapshot;

fn changed(world: &World) {
    world.write("d/df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("d/ping.yaml", definition("linux", "ping", "1.0", "reach"));
    world.ok(&["import", "d"]);
    world.write(
        "d/df.yaml",
        definition("linux", "df", "1.0", "disk_usage")
            .replace("100 + N", "50 + N")
            .replace(
                "typical_use_cases:",
                "typical_use_cases:\n          - find space",
            ),
    );
}

#[test]
fn each_policy_does_what_it_says() {
    let world = World::new();
    changed(&world);
    assert_snapshot!(world.transcript(
        "import d
         plan d
         import d --on-conflict skip
         import d --on-conflict bump --dry-run
         import d --on-conflict bump
         import d --on-conflict bump
         versions df --format csv
         diff df@1.0 df@1.1
         import d --on-conflict update
         diff df@1.0 df@1.1
         diff d catalog: --format json
         diff d d
         audit verify"
    ));
}

#[test]
fn a_dry_run_is_the_plan_and_writes_nothing() {
    let world = World::new();
    changed(&world);
    world.write("d/new.yaml", definition("linux", "new", "1.0", "novelty"));
    let before = every_table(&world);
    for policy in ["fail", "skip", "update", "bump"] {
        for format in ["text", "json"] {
            let options = [
                "--on-conflict",
                policy,
                "--format",
                format,
                "--prune",
                "d/df.yaml",
                "d/new.yaml",
            ];
            let plan = world.run(&[&["plan"][..], &options].concat());
            let dry = world.run(&[&["import", "--dry-run"][..], &options].concat());
            assert_eq!(plan.stdout, dry.stdout, "{policy}");
            let refused = policy == "fail";
            assert_eq!(plan.code, i32::from(refused), "{policy}");
            assert_eq!(dry.code, if refused { 5 } else { 0 }, "{policy}");
        }
    }
    assert_eq!(every_table(&world), before);
}

#[test]
fn an_update_in_place_keeps_the_rows() {
    let world = World::new();
    changed(&world);
    let rows = "SELECT t.id, c.id, p.id FROM tools t JOIN tool_capabilities c ON c.tool_id = t.id \
                JOIN tool_patterns p ON p.capability_id = c.id ORDER BY 3";
    let before = world.sql(rows);
    world.ok(&["import", "d", "--on-conflict", "update"]);
    assert_eq!(world.sql(rows), before);
    assert_eq!(world.ok(&["diff", "d", "catalog:"]), "");
    // Capabilities come and go with the file.
    world.write(
        "d/df.yaml",
        definition("linux", "df", "1.0", "space").replace("      use:", "      other:"),
    );
    world.ok(&["import", "d", "--on-conflict", "update"]);
    assert_eq!(world.ok(&["diff", "d", "catalog:"]), "");
    assert_eq!(world.run(&["capabilities", "disk_usage"]).code, 4);
    world.ok(&["audit", "verify"]);
}

#[test]
fn versions_are_ordered_by_their_numbers() {
    let world = World::new();
    for version in ["1.9", "1.10", "1.2", "1.10-rc.1"] {
        world.write("df.yaml", definition("linux", "df", version, "disk_usage"));
        world.ok(&["import", "df.yaml"]);
    }
    assert_eq!(
        world.ok(&["versions", "df", "--format", "name"]),
        "linux/df@1.10\nlinux/df@1.10-rc.1\nlinux/df@1.9\nlinux/df@1.2\n"
    );
    assert_eq!(world.ok(&["list", "--format", "name"]), "linux/df@1.10\n");
    world.ok(&["rollback", "df"]);
    assert_eq!(world.ok(&["list", "--format", "name"]), "linux/df@1.9\n");
    world.ok(&["rollback", "df", "--to", "1.2"]);
    assert_eq!(world.run(&["rollback", "df", "--to", "3"]).code, 4);
    assert_eq!(world.run(&["rollback", "df"]).code, 4);
}

#[test]
fn what_a_folder_no_longer_holds_is_retired_within_the_scope() {
    let world = World::new();
    for (platform, name) in [("linux", "df"), ("linux", "ping"), ("windows", "ping")] {
        world.write(
            &format!("d/{platform}-{name}.yaml"),
            definition(platform, name, "1.0", "c"),
        );
    }
    world.ok(&["import", "d"]);
    std::fs::remove_file(world.path().join("d/linux-ping.yaml")).expect("removed");
    std::fs::remove_file(world.path().join("d/windows-ping.yaml")).expect("removed");
    assert_snapshot!(world.transcript(
        "import d --prune --scope platform=linux
         import d --prune --scope platform=linux --dry-run
         import d --prune --scope platform=linux --yes
         list
         plan d --prune --scope platform=linux
         import d --prune --scope size=3
         audit --action retired"
    ));
}

/// S6
#[test]
fn nothing_is_retired_while_a_file_cannot_be_read_or_none_holds_a_definition() {
    let world = World::new();
    for name in ["df", "du"] {
        world.write(
            &format!("d/{name}.yaml"),
            definition("linux", name, "1.0", "c"),
        );
    }
    world.write("empty/package.json", "{}");
    world.ok(&["import", "d"]);
    let before = every_table(&world);
    let refused = |folder: &str| {
        for command in ["import", "plan"] {
            let mut args = vec![command, folder, "--prune"];
            if command == "import" {
                args.extend(["--keep-going", "--yes"]);
            }
            let run = world.run(&args);
            assert_eq!(run.code, 2, "{folder} {run:?}");
        }
    };
    refused("empty");
    world.write("d/df.yaml", "a: [");
    refused("d");
    std::fs::remove_file(world.path().join("d/df.yaml")).expect("removed");
    std::os::unix::fs::symlink("/nowhere", world.path().join("d/df.yaml")).expect("a link");
    refused("d");
    assert_eq!(every_table(&world), before);
}

#[test]
fn going_on_leaves_out_the_files_that_are_refused() {
    let world = World::new();
    changed(&world);
    world.write("d/broken.yaml", "tool_name: broken\n");
    world.write("d/new.yaml", definition("linux", "new", "1.0", "c"));
    // PostgreSQL keeps no such character in JSON.
    world.write(
        "d/nul.yaml",
        definition("linux", "nul", "1.0", "c").replace("tags: [test]", "tags: [\"a\\0b\"]"),
    );
    std::os::unix::fs::symlink("/nowhere", world.path().join("d/lost.yaml")).expect("a link");
    let run = world.run(&["import", "d", "--keep-going", "--report", "report.json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let report: serde_json::Value =
        serde_json::from_str(&world.read("report.json")).expect("a report");
    let mut files: Vec<(String, String)> = report
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (it["file"].to_string(), it["kind"].to_string()))
        .collect();
    files.sort();
    let files: Vec<&str> = files.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(
        files,
        [
            "\"d/broken.yaml\"",
            "\"d/df.yaml\"",
            "\"d/lost.yaml\"",
            "\"d/nul.yaml\""
        ]
    );
    assert_eq!(
        world.ok(&["list", "--format", "name"]),
        "linux/df@1.0\nlinux/new@1.0\nlinux/ping@1.0\n"
    );
}

/// Issue 20: what git follows has the version that the catalog has.
#[test]
fn new_versions_are_written_back_into_the_files_that_they_came_from() {
    let world = World::new();
    let of = |tool: &str| definition("linux", tool, "1.0", "disk_usage");
    let text = format!("# two tools\n{}---\n# the second\n{}", of("df"), of("du"));
    world.write("d/two.yaml", &text);
    world.ok(&["import", "d"]);
    let changed = text.replacen("What df is for", "Something else", 1);
    assert_ne!(changed, text);
    world.write("d/two.yaml", &changed);
    let args = ["import", "d", "--on-conflict", "bump", "--write-back"];
    let dry = world.run(&[&args[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, 0, "{}", dry.shown(""));
    assert!(
        dry.stderr
            .contains("would write linux/df@1.0 -> 1.1 into d/two.yaml"),
        "{}",
        dry.stderr
    );
    assert_eq!(world.read("d/two.yaml"), changed);
    let run = world.run(&args);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert!(
        run.stderr
            .contains("wrote linux/df@1.0 -> 1.1 into d/two.yaml"),
        "{}",
        run.stderr
    );
    let (first, second) = changed.split_once("---").expect("two");
    let first = first.replacen("1.0", "1.1", 1);
    assert_eq!(world.read("d/two.yaml"), format!("{first}---{second}"));
    assert!(
        world
            .ok(&["plan", "d"])
            .contains("would import 2 definitions: 0 created, 0 updated, 2 unchanged")
    );
    let log = world.ok(&["log", "--format", "name"]);
    assert_eq!(log, "2\n1\n", "a trial leaves no revision");
}

#[test]
fn json_and_lines_of_json_are_written_back_to_as_well() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    for (file, format) in [("df.json", "json"), ("df.jsonl", "jsonl")] {
        let text = world.ok(&["export", "df@1.0", "--to-format", format]);
        let changed = text.replacen("What df is for", &format!("As {format}"), 1);
        assert_ne!(changed, text);
        world.write(file, &changed);
        world.ok(&["import", file, "--on-conflict", "bump", "--write-back"]);
        assert_ne!(world.read(file), changed);
        assert!(world.ok(&["plan", file]).contains("1 unchanged, 0 refused"));
    }
}

#[test]
fn what_cannot_be_written_back_is_not_imported() {
    let world = World::new();
    let text = definition("linux", "df", "1.0", "disk_usage");
    world.write("df.yaml", &text);
    world.ok(&["import", "df.yaml"]);
    let changed = text.replace("What df is for", "Something else");
    world.write("elsewhere/df.yaml", &changed);
    let link = world.path().join("link.yaml");
    std::os::unix::fs::symlink("elsewhere/df.yaml", link).expect("a link");
    let version = changed
        .lines()
        .find(|it| it.starts_with("version"))
        .expect("a version");
    let alias = format!(
        "note: &v '1.0'\n{}",
        changed.replace(version, "version: *v")
    );
    world.write("alias.yaml", alias);
    let bump = ["--on-conflict", "bump", "--write-back"];
    for (args, why) in [
        (
            &["link.yaml"][..],
            "link.yaml: the new version cannot be written back: it is a link",
        ),
        (
            &["alias.yaml"],
            "the version of linux/df@1.0 does not stand there as plain text of its own",
        ),
        (&["-"], "--write-back needs files"),
    ] {
        let run = world.run_with_input(&[&["import"], args, &bump].concat(), &changed);
        assert_eq!(run.code, 2, "{}", run.shown(""));
        assert!(run.stderr.contains(why), "{}", run.stderr);
    }
    let run = world.run(&["import", "df.yaml", "--write-back"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("add --on-conflict bump"),
        "{}",
        run.stderr
    );
    assert_eq!(world.read("elsewhere/df.yaml"), changed);
    assert_eq!(
        world
            .ok(&["versions", "df", "--format", "name"])
            .lines()
            .count(),
        1
    );
}
