//! Input that is broken, huge or hostile: a clear error, the right exit code, nothing written.

use crate::common::{World, definition};

#[test]
fn bad_input_is_refused_with_its_place_and_nothing_is_written() {
    let world = World::new();
    let good = definition("linux", "df", "1.0", "disk_usage");
    let long_name = definition("linux", &"n".repeat(101), "1.0", "disk_usage");
    let aliases = {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            text.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                [below.as_str(); 10].join(", ")
            ));
        }
        text
    };
    let nested = "[".repeat(100_000);
    let cases: [(&str, Vec<u8>); 13] = [
        ("not-yaml.yaml", b"a: [1, 2\nb: }".to_vec()),
        ("empty.yaml", Vec::new()),
        ("list.yaml", b"- a\n- b\n".to_vec()),
        ("aliases.yaml", aliases.into_bytes()),
        ("latin1.yaml", b"description: caf\xe9\n".to_vec()),
        ("nul.yaml", b"tool_name: \"a\0b\"\n".to_vec()),
        ("nested.yaml", nested.clone().into_bytes()),
        ("nested.json", nested.into_bytes()),
        ("long-name.yaml", long_name.into_bytes()),
        ("truncated.json", b"{\"tool_name\": \"df\", \"ver".to_vec()),
        (
            "expression.yaml",
            good.replace("100 + N", "system('rm -rf /')").into_bytes(),
        ),
        (
            "deep.yaml",
            good.replace("100 + N", &"(".repeat(400)).into_bytes(),
        ),
        (
            "power.yaml",
            good.replace("100 + N", "9**9**9**9**9").into_bytes(),
        ),
    ];
    for (name, bytes) in cases {
        world.write(name, bytes);
        let run = world.run(&["import", name]);
        assert_eq!(run.code, 2, "{name}: {run:?}");
        assert!(
            run.stderr.contains(&format!("{name}:")),
            "{name}: {}",
            run.stderr
        );
        assert_eq!(world.run(&["validate", name]).code, 1, "{name}");
    }
    world.write("folder/readme.txt", "nothing here");
    for path in ["folder", "missing.yaml", "none-*.yaml"] {
        let run = world.run(&["import", path]);
        assert_eq!(run.code, 2, "{path}: {run:?}");
    }
    assert_eq!(world.sql("SELECT count(*) FROM tools").trim(), "0");
    assert_eq!(world.sql("SELECT revision FROM catalog_state").trim(), "0");
}

#[test]
fn text_from_a_definition_cannot_drive_the_terminal() {
    let world = World::new();
    let hostile = definition("linux", "df", "1.0", "disk_usage")
        .replace("What df is for", r#""\e[2J\e]0;owned\a \u202Egnp.exe""#);
    world.write("df.yaml", hostile);
    world.ok(&["import", "df.yaml"]);
    for args in [
        &["show", "df"][..],
        &["list", "--format", "wide"],
        &["select", "-c", "disk_usage", "--explain"],
    ] {
        let shown = world.ok(args);
        assert!(
            !shown.contains(['\u{1b}', '\u{7}', '\u{202e}']),
            "{args:?}: {shown:?}"
        );
    }
}

#[test]
fn a_value_cannot_become_sql() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    let hostile = "'; DROP TABLE tools; --";
    assert_eq!(world.run(&["show", hostile]).code, 4);
    assert_eq!(world.run(&["select", "-c", hostile]).code, 1);
    world.ok(&[
        "list",
        "--platform",
        hostile,
        "--tag",
        hostile,
        "--owner",
        hostile,
    ]);
    assert_eq!(world.sql("SELECT count(*) FROM tools").trim(), "1");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let world = World::new();
    let stream: String = (0..300)
        .map(|index| {
            format!(
                "---\n{}",
                definition("linux", &format!("t{index}"), "1.0", "c")
            )
        })
        .collect();
    world.write("many.yaml", stream);
    world.ok(&["import", "many.yaml"]);
    let script = format!(
        "set -euo pipefail; '{0}' export | head -1; '{0}' list --format jsonl | head -1 >/dev/null",
        crate::common::PROGRAM
    );
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &script]).env_clear();
    let envs = world.command::<&str>(&[]);
    shell.envs(
        envs.get_envs()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    let run = crate::common::Run::of(shell.output().expect("bash runs"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    // L3: but a backup that nobody read to its end is not a backup.
    let script = format!(
        "'{0}' db backup - | head -c 60 >/dev/null; exit ${{PIPESTATUS[0]}}",
        crate::common::PROGRAM
    );
    shell = std::process::Command::new("bash");
    shell.args(["-c", &script]).env_clear();
    shell.envs(
        envs.get_envs()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    let run = crate::common::Run::of(shell.output().expect("bash runs"));
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("not whole"), "{}", run.stderr);
}

/// L9
#[test]
fn what_was_typed_wrongly_cannot_drive_the_terminal() {
    let world = World::new();
    for wrong in ["\u{1b}]0;x\u{7}", "\u{202e}x", "\u{9b}2J"] {
        for args in [&["revert", wrong][..], &["completions", wrong], &[wrong]] {
            let run = world.run(args);
            assert!(!run.stderr.contains(wrong), "{run:?}");
            assert_eq!(run.code, 2, "{run:?}");
        }
    }
}

/// A stream that never ends is read as long as there is hope for it.
#[test]
fn an_endless_stream_of_bad_definitions_is_given_up() {
    let world = World::new();
    let mut stream = std::process::Command::new("yes")
        .arg("tool_name: x\n---")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("a stream");
    let run = world
        .command(&["validate", "-", "--all"])
        .stdin(stream.stdout.take().expect("its output"))
        .output()
        .expect("an end");
    let _ = stream.kill();
    let _ = stream.wait();
    assert_eq!(run.status.code(), Some(1));
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        said.contains("the rest of it is not read"),
        "{}",
        said.len()
    );
}
