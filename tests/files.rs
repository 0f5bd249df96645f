//! Files, lines and folders from outside: what is written goes where it is meant to, and what is read
//! has limits.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::common::{Holder, Run, World, definition};

const DF: &str = "linux/df@1.0 disk_usage use\n";

fn with_df() -> World {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    world
}

#[test]
fn f3_devices_are_written_through() {
    let world = with_df();
    world.write("bad.yaml", "tool_name: x\n");
    world.run(&[
        "import",
        "--keep-going",
        "--report",
        "/dev/null",
        "bad.yaml",
    ]);
    world.ok(&["db", "backup", "/dev/null"]);
    let yaml = "tool_name=g";
    world.run(&["generate", "-o", "/dev/null", "--set", yaml]);
    let null = fs::metadata("/dev/null").expect("a device");
    assert!(!null.is_file());
    let piped = world.ok(&["db", "backup", "/dev/stdout"]);
    assert!(piped.contains("disk_usage"), "{piped}");
}

#[test]
fn a_fix_keeps_the_link_the_mode_and_the_folder() {
    let world = World::new();
    let text = definition("linux", "df", "1.0", "disk_usage").replace("'1.0'", "1.0");
    let file = world.write("real/df.yaml", text);
    let mode = fs::Permissions::from_mode(0o664);
    fs::set_permissions(&file, mode).expect("a mode");
    let link = world.path().join("link.yaml");
    symlink("real/df.yaml", &link).expect("a link");
    world.ok(&["validate", "--fix", "link.yaml"]);
    assert!(link.is_symlink());
    assert!(world.read("real/df.yaml").contains("version: '1.0'"));
    let found = fs::metadata(&file).expect("a file").permissions();
    assert_eq!(found.mode() & 0o777, 0o664);
    assert_eq!(
        fs::read_dir(world.path().join("real"))
            .expect("a folder")
            .count(),
        1
    );
}

#[test]
fn f14_lines_are_read_up_to_a_limit() {
    let world = with_df();
    let long = "x".repeat((1 << 20) + 1);
    let too_long = "the line is longer than 1048576 bytes";
    for args in [
        ["select", "--batch", "-"].as_slice(),
        &["select", "--eval", "-"],
        &["enable", "-"],
        &["abtest", "assign", "t", "--batch", "-"],
    ] {
        let run = world.run_with_input(args, &format!("\n{long}"));
        assert_eq!(run.code, 2, "{run:?}");
        assert!(
            run.stderr.contains(&format!("-:2: {too_long}")),
            "{}",
            run.stderr
        );
        let zero = fs::File::open("/dev/zero").expect("a device");
        let output = world
            .command(args)
            .stdin(zero)
            .output()
            .expect("toolcat runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(too_long), "{said}");
    }
}

/// While another transaction holds the writers' lock and the index is behind, a selection answers
/// from what can be read; with the lock free, it brings the index up to date.
#[test]
fn f6_a_selection_does_not_wait_for_a_writer() {
    let world = with_df();
    let select = ["select", "-c", "disk_usage", "--format", "name"];
    let behind = "SELECT indexed_revision < revision FROM catalog_state";
    world.sql("UPDATE tools SET description = 'changed by hand'");
    assert_eq!(world.sql(behind), "t\n");
    let holder = Holder::of_the_writers_lock(world.url());
    assert_eq!(world.ok(&select), DF);
    let batch = "{\"capability\": \"disk_usage\"}\n".repeat(3);
    let run = world.run_with_input(&["select", "--batch", "-"], &batch);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 3), "{run:?}");
    assert_eq!(world.sql(behind), "t\n");
    drop(holder);
    assert_eq!(world.ok(&select), DF);
    assert_eq!(world.sql(behind), "f\n");
}

#[test]
fn f15_numbers_of_flags_have_bounds() {
    let world = with_df();
    for args in [
        ["db", "stop", "--timeout", "18446744073709551615"].as_slice(),
        &["watch", "--count", "0"],
        &["db", "stop", "--timeout", "0"],
        &["audit", "--since", "5000000d"],
        &["telemetry", "analyze", "--since=-262143-01-01"],
        &["watch", "--count", "-1"],
        &[
            "select",
            "-c",
            "disk_usage",
            "--tie-break",
            "echo 1",
            "--tie-break-timeout",
            "inf",
        ],
        &["migrate", "up", "--lock-wait", "NaN"],
    ] {
        let run = world.run(args);
        assert_eq!(run.code, 2, "{args:?}: {run:?}");
        assert!(run.stderr.starts_with("error: "), "{args:?}: {run:?}");
    }
}

/// A name that takes more than 255 bytes as a file is shortened, and the folder still holds
/// everything.
#[test]
fn long_names_are_exported_under_shorter_ones() {
    let world = with_df();
    let name = "/".repeat(100);
    world.write("long.yaml", definition("linux", &name, "1.0", "slashes"));
    world.ok(&["import", "long.yaml"]);
    let run = world.run(&["export", "--to-dir", "out"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stderr.contains("its name is too long for a file"),
        "{run:?}"
    );
    let again = World::new();
    let folder = world.path().join("out");
    again.ok(&["import".as_ref(), folder.as_os_str()]);
    assert_eq!(again.ok(&["export"]), world.ok(&["export"]));
}

#[test]
fn a_mixed_folder_is_imported_and_what_is_no_definition_is_named() {
    let world = World::new();
    world.write(
        "tools/df.yaml",
        definition("linux", "df", "1.0", "disk_usage"),
    );
    world.write("package.json", "{\"name\": \"x\", \"version\": \"1.0.0\"}");
    world.write("compose.yml", "services: {}\n");
    world.write("vendor/bad.yaml", "tool_name: bad\n");
    world.write("drafts/worse.yaml", "tool_name: worse\n");
    world.write(".toolcatignore", "# not ours\nvendor/\n");
    for command in ["validate", "import"] {
        let run = world.run(&[command, ".", "--exclude", "drafts"]);
        assert_eq!(run.code, 0, "{run:?}");
        for said in [
            "passed over 1 .json file without a definition: package.json\n",
            "passed over 1 .yml file without a definition: compose.yml\n",
        ] {
            assert!(run.stderr.contains(said), "{run:?}");
        }
    }
    assert_eq!(world.ok(&["list", "--format", "name"]), "linux/df@1.0\n");
    // A file that is named is meant.
    assert_eq!(world.run(&["validate", "package.json"]).code, 1);
    assert_eq!(world.run(&["validate", "vendor/bad.yaml"]).code, 1);
    let run = world.run(&["validate", ".", "--exclude", "a[b"]);
    assert_eq!(run.code, 2, "{run:?}");
}

/// Forty thousand keys that nobody knows: each was compared with every field of the definition anew.
#[test]
fn f4_many_unknown_keys_are_reported_in_time() {
    let world = World::new();
    let mut text = definition("linux", "df", "1.0", "disk_usage");
    for number in 0..40_000 {
        text.push_str(&format!("key{number}: 1\n"));
    }
    world.write("df.yaml", text);
    let run = world.run(&["validate", "df.yaml", "--format", "jsonl"]);
    assert_eq!(run.stdout.lines().count(), 40_000, "{}", run.stderr);
}

#[test]
fn programs_are_not_taken_from_the_folder() {
    let world = World::new();
    let program = world.write("toolcat-foo", "#!/bin/sh\necho from the folder\n");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&program, mode).expect("a mode");
    for path in [".", "./", ""] {
        let output = world
            .command(&["foo"])
            .env("PATH", path)
            .output()
            .expect("toolcat runs");
        assert_eq!(output.status.code(), Some(2), "{path:?}: {output:?}");
    }
}

/// What a folder of somebody else's can hold beside definitions.
#[test]
fn no_file_of_a_folder_fills_the_memory_or_is_waited_for() {
    let world = with_df();
    let place = |name: &str| world.path().join(name);
    let zero = |name: &str| symlink("/dev/zero", place(name)).expect("a link");
    zero(".toolcatignore");
    world.ok(&["validate", "."]);
    fs::remove_file(place(".toolcatignore")).expect("removed");
    let made = std::process::Command::new("mkfifo")
        .arg(place(".toolcatignore"))
        .status();
    assert!(made.is_ok_and(|status| status.success()));
    world.ok(&["validate", "."]);
    fs::remove_file(place(".toolcatignore")).expect("removed");
    world.write(".toolcatignore", "[a\n");
    let run = world.run(&["validate", "."]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains(".toolcatignore"), "{run:?}");
    fs::remove_file(place(".toolcatignore")).expect("removed");

    fs::create_dir_all(place("out/linux")).expect("a folder");
    zero("out/linux/df@1.0.yaml");
    world.ok(&["watch", "--export", "out", "--since", "0", "--count", "1"]);
    let run = world.run(&["validate", ".", "--exclude", ""]);
    assert_eq!(run.code, 2, "{run:?}");
}

/// A clone that somebody else filled may hold links; what is written below it stays below it.
#[test]
fn no_link_leads_an_export_or_a_new_repository_out_of_its_folder() {
    let world = with_df();
    for folder in ["outside", "by-folder", "by-file/linux"] {
        fs::create_dir_all(world.path().join(folder)).expect("a folder");
    }
    world.write("outside/kept", "kept");
    let link = |to: &str, at: &str| symlink(world.path().join(to), world.path().join(at));
    link("outside", "by-folder/linux").expect("a link");
    link("outside", "by-folder/tools").expect("a link");
    link("outside/kept", "by-file/linux/df.yaml").expect("a link");
    link("outside/kept", "by-file/linux/df@1.0.yaml").expect("a link");
    for folder in ["by-folder", "by-file"] {
        for layout in ["name", "version"] {
            let run = world.run(&["export", "--to-dir", folder, "--layout", layout]);
            assert_eq!(run.code, 2, "{folder} {layout}: {run:?}");
            assert!(run.stderr.contains("is a link"), "{}", run.stderr);
        }
    }
    assert_eq!(world.run(&["init", "by-folder"]).code, 2);
    let left: Vec<_> = fs::read_dir(world.path().join("outside"))
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1);
    assert_eq!(
        fs::read_to_string(world.path().join("outside/kept")).expect("a file"),
        "kept"
    );
}

/// Runs with a stdout on which nothing can be written.
fn into_full(world: &World, args: &[&str]) -> Run {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let mut command = world.command(args);
    command.stdout(full.expect("a device"));
    Run::of(command.output().expect("toolcat runs"))
}

/// Runs with a stdout whose reader is gone.
fn into_nothing(world: &World, args: &[&str]) -> Run {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = world.command(args);
    command.stdout(writer);
    Run::of(command.output().expect("toolcat runs"))
}

#[test]
fn l4_a_change_whose_report_is_lost_is_said_to_be_made() {
    let world = with_df();
    let lost =
        "error: the change is made (revision 2); its report could not be written: No space left";
    let run = into_full(&world, &["disable", "df"]);
    assert_eq!(
        (run.code, run.stderr.starts_with(lost)),
        (6, true),
        "{run:?}"
    );
    let run = into_full(&world, &["enable", "df", "--format", "json"]);
    assert_eq!(run.code, 6, "{run:?}");
    // The same if it is the filter that fails.
    let run = world.run(&["disable", "df", "--jq", ".nosuch[1:2] | error"]);
    assert_eq!(run.code, 6, "{run:?}");
    assert!(
        run.stderr
            .contains("the change is made (revision 4); the filter of --jq fails"),
        "{run:?}"
    );
    let run = into_full(&world, &["enable", "df", "--jq", "."]);
    assert_eq!(run.code, 6, "{run:?}");
    let record = [
        "telemetry",
        "record",
        "df",
        "--time-ms",
        "5",
        "--success",
        "--format",
        "json",
    ];
    let run = into_full(&world, &record);
    assert_eq!(
        (run.code, run.stderr.contains("it is done; its report")),
        (6, true),
        "{run:?}"
    );
    world.write("bad.yaml", "tool_name: x\n");
    world.write("du.yaml", definition("linux", "du", "1.0", "disk_usage"));
    let report = [
        "import",
        "--keep-going",
        "--report",
        "/dev/full",
        "bad.yaml",
        "du.yaml",
    ];
    let run = world.run(&report);
    assert_eq!(run.code, 6, "{run:?}");
    assert!(
        run.stderr
            .contains("the change is made (revision 6); cannot write /dev/full"),
        "{run:?}"
    );
    // Where nothing was done, it is as it was.
    for nothing in [
        &["list"][..],
        &["list", "--format", "csv"],
        &["list", "--jq", "."],
        &["disable", "df", "--dry-run"],
        &["enable", "df", "--format", "json"],
    ] {
        let run = into_full(&world, nothing);
        assert_eq!(
            (
                run.code,
                run.stderr
                    .contains("the result could not be written: No space")
            ),
            (2, true),
            "{nothing:?} {run:?}"
        );
    }
}

#[test]
fn l4_a_token_that_nobody_has_seen_is_void() {
    let world = with_df();
    let valid = || world.sql("SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL");
    for run in [
        into_full(&world, &["token", "create"]),
        into_nothing(&world, &["token", "create"]),
    ] {
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("it was revoked"), "{run:?}");
        assert_eq!(valid().trim(), "0");
    }
    world.ok(&["token", "create"]);
    assert_eq!(valid().trim(), "1");
}

/// A reader that goes away is no error, in whatever format.
#[test]
fn a_closed_pipe_stays_quiet() {
    let world = with_df();
    for args in [
        &["list"][..],
        &["list", "--format", "csv"],
        &["list", "--format", "jsonl"],
        &["list", "--jq", ".[]"],
        &["telemetry", "export", "--format", "csv"],
        &["disable", "df"],
    ] {
        let run = into_nothing(&world, args);
        assert_eq!(run.code, 0, "{args:?} {run:?}");
        assert!(!run.stderr.contains("error"), "{args:?} {run:?}");
    }
}

/// L6: what `list` names, the commands that read names understand, seen or not.
#[test]
fn l6_names_go_through_a_pipe_as_they_are() {
    let world = World::new();
    for (file, name) in [
        ("a", "a\u{200b}b"),
        ("b", "x\u{202e}y"),
        ("c", "né\u{200e}"),
    ] {
        let text = definition("linux", name, "1.0", "c");
        world.write(&format!("in/{file}.yaml"), text);
    }
    world.ok(&["import", "--quiet", "in"]);
    let names = world.ok(&["list", "--format", "name"]);
    assert!(names.contains("linux/a\u{200b}b@1.0\n"), "{names:?}");
    let run = world.run_with_input(&["disable", "--yes", "-"], &names);
    assert_eq!(run.code, 0, "{run:?}");
    let left = world.sql("SELECT count(*) FROM tools WHERE enabled");
    assert_eq!(left.trim(), "0");
}
