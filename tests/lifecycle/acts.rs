//! Acts on several tools at once.

use super::every_table;
use crate::common::{World, definition};
use insta::assert_snapshot;

fn world() -> World {
    let world = World::new();
    for (platform, name) in [("linux", "df"), ("linux", "ping"), ("windows", "ping")] {
        world.write(
            &format!("d/{platform}-{name}.yaml"),
            definition(platform, name, "1.0", "c"),
        );
    }
    world.ok(&["import", "d"]);
    world
}

#[test]
fn tools_are_named_filtered_and_read_from_stdin() {
    let world = world();
    assert_snapshot!(world.transcript(
        "disable
         disable ping
         disable ping --platform windows
         disable df dff
         enable --all
         deprecate --platform linux --dry-run
         deprecate linux/ping@1.0 --format json
         activate ping --platform linux
         chown storage df
         chown carol --owner storage
         list --owner carol --format name
         delete df
         delete df --dry-run
         delete nothing --yes
         restore df
         restore nothing"
    ));
    let run = world.run_with_input(&["disable", "-"], "linux/df\n\nlinux/ping@1.0\n");
    assert_eq!(
        run.stdout,
        "disabled linux/df@1.0\ndisabled linux/ping@1.0\n"
    );
    let none = world.run_with_input(&["disable", "-"], "");
    assert_eq!((none.code, none.stdout.as_str()), (0, ""));
}

#[test]
fn an_act_that_changes_nothing_is_no_revision() {
    let world = world();
    world.ok(&["disable", "df"]);
    let before = every_table(&world);
    for args in [
        &["disable", "df"][..],
        &["enable", "windows/ping"],
        &["activate", "df"],
        &["update", "df", "--set", "category=system", "--yes"],
        &["rollback", "df", "--to", "1.0"],
        &["enable", "df", "--dry-run"],
        &["delete", "df", "--dry-run"],
        &["update", "df", "--set", "category=x", "--dry-run"],
    ] {
        world.ok(args);
    }
    assert_eq!(every_table(&world), before);
}

#[test]
fn fields_are_set_in_bulk_and_validated() {
    let world = world();
    assert_snapshot!(world.transcript(
        "update --set policy.requires_approval=true --platform windows
         update --set policy.requires_approval=true --platform windows --yes
         update --set policy.requires_approval=true --set category=net ping --platform windows --yes --format json
         update df --set complexity_score=7 --yes
         update df --set version=2 --yes
         update df --set category.x=1 --yes
         update df --set category --yes
         show windows/ping --format json
         audit verify"
    ));
}

#[test]
fn a_tool_with_telemetry_or_tests_is_not_deleted_unless_purged() {
    let world = world();
    world.sql(
        "INSERT INTO tool_telemetry (tool_id, actual_time_ms, success) \
         SELECT id, 5, true FROM tools WHERE tool_name = 'df'; \
         INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id, status) \
         SELECT 'trial', a.id, b.id, 'active' FROM tools a, tools b \
         WHERE a.platform = 'linux' AND a.tool_name = 'ping' AND b.platform = 'windows'",
    );
    assert_snapshot!(world.transcript(
        "delete df --yes
         delete df --yes --purge
         delete linux/ping --yes
         delete linux/ping --yes --purge
         delete linux/ping --yes --purge --force
         audit verify"
    ));
}

#[test]
fn a_rollback_is_refused_while_a_test_runs() {
    let world = world();
    world.write("df.yaml", definition("linux", "df", "1.1", "c"));
    world.ok(&["import", "df.yaml"]);
    world.sql(
        "INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id, status) \
         SELECT 'trial', a.id, b.id, 'active' FROM tools a, tools b \
         WHERE a.tool_name = 'df' AND a.version = '1.0' AND b.tool_name = 'df' AND b.version = '1.1'",
    );
    let run = world.run(&["rollback", "df"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(
        run.stderr.contains("trial") && run.stderr.contains("--force"),
        "{run:?}"
    );
    world.ok(&["rollback", "df", "--force"]);
    assert_eq!(
        world.ok(&[
            "list",
            "--format",
            "name",
            "--platform",
            "linux",
            "--capability",
            "c"
        ]),
        "linux/df@1.0\nlinux/ping@1.0\n"
    );
}

#[test]
fn deleting_one_version_leaves_another_in_use() {
    let world = world();
    for version in ["1.1", "1.2"] {
        world.write("df.yaml", definition("linux", "df", version, "c"));
        world.ok(&["import", "df.yaml"]);
    }
    world.ok(&["delete", "df@1.2", "--yes"]);
    assert!(
        world
            .ok(&["list", "--format", "name"])
            .contains("linux/df@1.1\n")
    );
    world.ok(&["restore", "df@1.2"]);
    assert!(
        world
            .ok(&["list", "--format", "name"])
            .contains("linux/df@1.1\n")
    );
    assert_eq!(world.run(&["restore", "df@1.2"]).code, 5);
    world.ok(&["delete", "df", "--yes"]);
    world.ok(&["restore", "df"]);
    assert_eq!(
        world.ok(&["versions", "df", "--format", "name"]),
        "linux/df@1.2\nlinux/df@1.1\nlinux/df@1.0\n"
    );
    world.ok(&["audit", "verify"]);
}

#[test]
fn tools_are_found_by_words_and_capability() {
    let world = world();
    assert_eq!(
        world.ok(&["search", "df", "--format", "name", "-n", "1"]),
        "linux/df@1.0\n"
    );
    assert_eq!(world.run(&["search", "zebra"]).code, 1);
    assert_eq!(
        world.ok(&["capabilities", "--format", "csv"]),
        "capability,tools,selectable\nc,3,3\n"
    );
    world.ok(&["disable", "df"]);
    // What may not be chosen is found as well, apart from the index of selection.
    for (filter, found) in [
        (&[][..], "linux/df@1.0\n"),
        (&["--enabled=false"], "linux/df@1.0\n"),
    ] {
        let args = [&["search", "df", "--format", "name", "-n", "1"], filter].concat();
        assert_eq!(world.ok(&args), found, "{filter:?}");
    }
    assert_eq!(world.run(&["search", "df", "--status", "testing"]).code, 1);
    assert_eq!(
        world.ok(&["capabilities", "--format", "csv"]),
        "capability,tools,selectable\nc,3,2\n"
    );
    assert_eq!(world.run(&["capabilities", "cc"]).code, 4);
}

/// More tools than are updated in one part.
#[test]
fn an_update_of_many_tools_is_made_whole_or_not_at_all() {
    let world = World::new();
    let mut many = String::new();
    for number in 0..1100 {
        many.push_str(&definition("linux", &format!("t{number:04}"), "1.0", "c"));
        many.push_str("---\n");
    }
    // The last by name, where a field cannot be set within a text.
    many.push_str(
        &definition("linux", "t9999", "1.0", "c")
            .replace("  tags: [test]\n", "  tags: [test]\n  contact: nobody\n"),
    );
    world.write("many.yaml", many);
    world.ok(&["import", "many.yaml"]);
    let before = every_table(&world);
    let run = world.run(&["update", "--set", "metadata.contact.name=ann", "--yes"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("linux/t9999@1.0"), "{}", run.stderr);
    assert_eq!(every_table(&world), before);
    let run = world.run(&["update", "--set", "metadata.tags=3", "--yes"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("1,101 errors"), "{}", run.stderr);
    assert_eq!(every_table(&world), before);

    let run = world.run(&["update", "--set", "policy.requires_approval=true", "--yes"]);
    assert_eq!(run.stdout, "updated 1,101 tools, 0 unchanged\n");
    assert_eq!(
        world.sql(
            "SELECT count(*), count(DISTINCT revision) FROM tool_audit_log WHERE revision > 1"
        ),
        "1101|1\n"
    );
    world.ok(&["audit", "verify"]);
    let shown = world.ok(&["show", "t9999", "--format", "json"]);
    let again = world.run_with_input(&["import", "-"], &shown);
    assert!(again.stdout.contains("1 unchanged"), "{again:?}");
}

#[test]
fn an_error_that_was_there_before_does_not_stand_in_the_way() {
    let world = world();
    world.sql("UPDATE tool_patterns SET time_estimate_ms = 'lgo(N)'");
    world.ok(&["update", "df", "--set", "category=disks", "--yes"]);
    let run = world.run(&["update", "df", "--set", "cost_estimate=N", "--yes"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains(
            "linux/df@1.0/capabilities/c/patterns/use/time_estimate_ms: unknown function `lgo`"
        ),
        "{}",
        run.stderr
    );
}

#[test]
fn what_would_have_no_effect_is_said() {
    let world = World::new();
    for version in ["1.0", "1.1", "1.2"] {
        world.write("df.yaml", definition("linux", "df", version, "disk_usage"));
        world.ok(&["import", "df.yaml"]);
    }
    let run = world.run(&["rollback", "df@1.0"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("--to 1.0"), "{run:?}");
    let set = |assignment: &str| world.run(&["update", "df", "--yes", "--set", assignment]);
    let run = set("policy.requires_aproval=true");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stderr.contains("did you mean `requires_approval`?"),
        "{run:?}"
    );
    assert!(
        set("polcy.max_cost=1")
            .stderr
            .contains("did you mean `policy`?")
    );
    assert!(!set("metadata.team=storage").stderr.contains("no field"));
    assert_eq!(set("metadata.*=5").code, 2);
}

#[test]
fn an_identity_is_what_it_says_also_beside_a_name_like_it() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write(
        "odd.yaml",
        definition("linux", "df@1.0", "1.0", "disk_usage"),
    );
    world.ok(&["import", "df.yaml", "odd.yaml"]);
    let shown = world.ok(&["show", "linux/df@1.0", "--format", "yaml"]);
    assert!(shown.contains("tool_name: df\n"), "{shown}");
    world.ok(&["disable", "linux/df@1.0", "--yes"]);
    assert_eq!(
        world.sql("SELECT tool_name FROM tools WHERE NOT enabled"),
        "df\n"
    );
}
