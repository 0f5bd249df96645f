//! `--jq` and `--render`: results as their user wants them.

use std::io::Read as _;
use std::process::Stdio;

use rexpect::session::spawn_command;

use crate::common::{World, definition};

fn world() -> World {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("du.yaml", definition("linux", "du", "2.0", "disk_usage"));
    world.ok(&["import", "df.yaml", "du.yaml"]);
    world
}

#[test]
fn results_pass_a_filter_or_a_template() {
    let world = world();
    for (args, expected) in [
        (&["list", "--jq", ".[].tool"][..], "df\ndu\n"),
        (
            &["--jq", "map({tool, version}) | .[1]", "list"],
            "{\"tool\":\"du\",\"version\":\"2.0\"}\n",
        ),
        (&["list", "-o", "jsonl", "--jq", ".version"], "1.0\n2.0\n"),
        (&["list", "--jq=length"], "2\n"),
        (
            &["show", "df", "--jq", ".capabilities | keys[]"],
            "disk_usage\n",
        ),
        (&["export", "df", "--jq", ".tool_name"], "df\n"),
        (&["schema", "--jq", ".type"], "object\n"),
        (
            &[
                "validate",
                "df.yaml",
                "--jq",
                ".diagnostics? // [] | length",
            ],
            "0\n",
        ),
        (
            &["select", "-c", "disk_usage", "--jq", ".answer.tool"],
            "df\n",
        ),
        (
            &[
                "list",
                "--render",
                "{% for t in it %}{{ t.platform }}/{{ t.tool }}\n{% endfor %}",
            ],
            "linux/df\nlinux/du\n",
        ),
        (
            &[
                "show",
                "df",
                "--render",
                "{{ it.tool_name }} {{ it.version }}",
            ],
            "df 1.0\n",
        ),
    ] {
        assert_eq!(world.ok(args), expected, "{args:?}");
    }
    world.write("new.yaml", definition("linux", "new", "1.0", "x"));
    assert_eq!(world.ok(&["import", "new.yaml", "--jq", ".created"]), "1\n");
}

#[test]
fn what_cannot_be_reshaped_is_wrong_use_and_nothing_is_done() {
    let world = world();
    world.write("new.yaml", definition("linux", "new", "1.0", "x"));
    for (args, told) in [
        (
            &["import", "new.yaml", "--jq", ".created |"][..],
            "the filter is wrong at its end: expected term",
        ),
        (
            &["import", "new.yaml", "--jq", ".a | nosuch"],
            "the filter is wrong at character 6: there is no filter `nosuch`",
        ),
        (
            &["import", "new.yaml", "--render", "{{ it."],
            "the template is wrong in line 1",
        ),
        (
            &["import", "new.yaml", "-o", "text", "--jq", "."],
            "work on JSON, and not on the format text",
        ),
        (
            &["export", "df", "--to-format", "yaml", "--jq", "."],
            "not on the format yaml",
        ),
        (
            &["db", "stop", "--jq", "."],
            "work on JSON, which `toolcat db stop` does not print",
        ),
        (
            &["list", "--jq", ".", "--render", "x"],
            "cannot be used with",
        ),
        (
            &["list", "--jq", ".name"],
            "the filter of --jq fails on this result",
        ),
    ] {
        let run = world.run(args);
        assert_eq!(run.code, 2, "{}", run.shown(&args.join(" ")));
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert_eq!(run.stdout, "", "{args:?}");
    }
    assert_eq!(world.sql("SELECT count(*) FROM tools").trim(), "2");
}

/// Texts that come without quotes drive no terminal.
#[test]
fn what_is_reshaped_is_guarded_on_a_terminal() {
    let world = World::new();
    let text = definition("linux", "df", "1.0", "disk_usage");
    world.write("df.yaml", text.replace("What df is for", r#""a\e[2Jb""#));
    world.ok(&["import", "df.yaml"]);
    let mut command = world.command(&["show", "df", "--jq", ".description"]);
    command.env("TERM", "xterm").stdin(Stdio::inherit());
    let mut session = spawn_command(command, Some(60_000)).expect("a terminal");
    let shown = session.exp_eof().expect("the end");
    assert!(
        shown.contains("[2Jb") && !shown.contains('\u{1b}'),
        "{shown:?}"
    );
    assert!(
        world
            .ok(&["show", "df", "--jq", ".description"])
            .contains("a\u{1b}[2Jb")
    );
}

/// What a filter asks for has limits, and how it ends is not for it to say.
#[test]
fn a_filter_without_end_is_ended() {
    let world = world();
    for (flag, code, told) in [
        ("--jq", "[range(1e9)] | length", "more than 2 GB of memory"),
        ("--jq", "\"x\" * 1000000000000", "more than 2 GB of memory"),
        ("--jq", "def f: 1 + f; f", "calls itself too deeply"),
        ("--jq", "halt", "there is no filter `halt`"),
        ("--jq", "halt_error", "there is no filter `halt_error`"),
    ] {
        let run = world.run(&["list", flag, code]);
        assert_eq!(run.code, 2, "{}", run.shown(code));
        assert!(run.stderr.contains(told), "{code}: {}", run.stderr);
        assert_eq!(
            run.stderr.lines().count(),
            1 + usize::from(run.stderr.contains("hint"))
        );
    }
    // What was made before is written, and a reader that goes away ends it.
    let mut command = world.command(&["list", "--jq", "range(1e12)"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it runs");
    let mut first = [0; 4];
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut first).expect("results");
    drop(stdout);
    assert_eq!(&first, b"0\n1\n");
    assert!(child.wait().expect("an end").success());
}
