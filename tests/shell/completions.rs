//! Completion: scripts kept in step, names from the catalog, silence without one.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::{World, definition};

const SHELLS: [(&str, &str); 5] = [
    ("bash", "toolcat.bash"),
    ("zsh", "_toolcat"),
    ("fish", "toolcat.fish"),
    ("powershell", "toolcat.ps1"),
    ("elvish", "toolcat.elv"),
];

#[test]
fn the_scripts_of_the_repository_are_those_of_the_program() {
    let world = World::bare();
    for (shell, file) in SHELLS {
        let script = world.ok(&["completions", shell]);
        let kept = format!("{}/completions/{file}", env!("CARGO_MANIFEST_DIR"));
        let kept = std::fs::read_to_string(&kept).unwrap_or_default();
        assert!(
            script == kept,
            "completions/{file} differs: run `toolcat completions {shell} > completions/{file}`"
        );
    }
    assert_eq!(world.run(&["completions", "tcsh"]).code, 2);
}

/// What the program offers for the last of those words.
fn offered(world: &World, words: &[&str]) -> Vec<String> {
    let line: Vec<&str> = [&["--", "toolcat"], words].concat();
    let mut command = world.command(&line);
    // What is offered is tried here, not how quickly.
    command.env("TOOLCAT_COMPLETE_WAIT_MS", "60000");
    let output = asked(command, words.len());
    assert_eq!(
        output.stderr,
        b"",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .split('\u{b}')
        .filter(|it| !it.is_empty())
        .map(|it| it.trim().to_owned())
        .collect()
}

fn asked(mut command: Command, index: usize) -> std::process::Output {
    command
        .env("TOOLCAT_COMPLETE", "bash")
        .env("_CLAP_IFS", "\u{b}")
        .env("_CLAP_COMPLETE_INDEX", index.to_string())
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "true")
        .output()
        .expect("toolcat runs")
}

#[test]
fn names_come_from_the_catalog() {
    let world = World::new();
    world.write("a.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("b.yaml", definition("linux", "ping", "1.0", "reachability"));
    world.write(
        "c.yaml",
        definition("windows", "ping", "2.0", "reachability"),
    );
    world.ok(&["import", "a.yaml", "b.yaml", "c.yaml"]);
    for (words, expected) in [
        (vec!["sel"], vec!["select"]),
        (vec!["show", "d"], vec!["df"]),
        (vec!["show", "p"], vec!["ping"]),
        (vec!["show", "windows/"], vec!["windows/ping"]),
        (vec!["show", "ping@"], vec!["ping@1.0", "ping@2.0"]),
        (vec!["show", "linux/ping@"], vec!["linux/ping@1.0"]),
        // Only a name that two platforms have is offered with its platform.
        (vec!["show", "linux"], vec!["linux/ping"]),
        (
            vec!["show", ""],
            vec!["df", "linux/ping", "ping", "windows/ping"],
        ),
        (
            vec!["select", "--capability", ""],
            vec!["disk_usage", "reachability"],
        ),
        (vec!["list", "--capability", "r"], vec!["reachability"]),
        (vec!["list", "--platform", "w"], vec!["windows"]),
        (vec!["list", "--catalog", ""], vec!["tool_catalog"]),
        (vec!["--catalog", "tool"], vec!["tool_catalog"]),
        (vec!["--catalog", "elsewhere", "show", ""], vec![]),
        (vec!["completions", "f"], vec!["fish"]),
    ] {
        // If there is no value, clap offers the flags.
        let mut values = offered(&world, &words);
        values.retain(|it| !it.starts_with('-'));
        assert_eq!(values, expected, "{words:?}");
    }
}

/// What is offered there, without flags, which clap offers as well if there is no value yet.
fn values(world: &World, words: &[&str]) -> Vec<String> {
    let mut values = offered(world, words);
    values.retain(|it| !it.starts_with("--") && it != "-h" && it != "-V");
    values
}

/// Issue 20: a closed set is offered wherever one of it is taken, also without a database.
#[test]
fn every_closed_set_is_offered() {
    let world = World::bare();
    world.write(
        "../home/.config/toolcat/config.toml",
        "[profiles]\nnight = 'cost=1'\n'$(id)' = 'cost=1'\n",
    );
    for (words, expected) in [
        (
            &["select", "--mode", ""][..],
            &[
                "fast", "accurate", "thorough", "cheap", "simple", "balanced",
            ][..],
        ),
        (&["select", "--scoring", ""], &["classic", "log"]),
        (&["select", "-o", "js"], &["json", "jsonl"]),
        (&["select", "--profile", ""], &["night"]),
        (&["list", "--status", "de"], &["deprecated"]),
        (
            &["abtest", "list", "--status", "c"],
            &["completed", "cancelled"],
        ),
        (&["list", "--format", "t"], &["table"]),
        (&["import", "--from-format", "o"], &["openai", "openapi"]),
        (&["plan", "--on-conflict", "b"], &["bump"]),
        (&["export", "--to-format", "m"], &["mcp"]),
        (
            &["telemetry", "record", "--from-format", "h"],
            &["hyperfine"],
        ),
        (&["validate", "-o", "s"], &["sarif"]),
        (
            &["validate", "--deny", "schema/re"],
            &["schema/required", "schema/reserved"],
        ),
        (&["validate", "--deny", "lint/bad"], &["lint/bad-comment"]),
        (&["validate", "--explain", "al"], &["all"]),
        (&["help", "ex"], &["expressions", "exit-codes", "export"]),
        (&["help", "db", "ba"], &["backup"]),
        (&["generate", "--template", "da"], &["database"]),
        (&["abtest", "create", "x", "--metric", "t"], &["time"]),
        (&["list", "--columns", "tool,ver"], &["tool,version"]),
        (&["list", "--sort", "up"], &["updated"]),
        (&["list", "--sort", "-up"], &["-updated"]),
        (&["audit", "--columns", "rev"], &["revision"]),
        (&["log", "--columns", "rev"], &["revision"]),
        (&["versions", "df", "--sort", "par"], &["parent"]),
        (&["blame", "df", "--columns", "fi"], &["field"]),
        (
            &["config", "show", "select.p"],
            &["select.platform", "select.permissions"],
        ),
        (&["member", "add", "ada", "--role", "v"], &["viewer"]),
        (&["--color", "n"], &["never"]),
        (&["completions", "z"], &["zsh"]),
    ] {
        assert_eq!(values(&world, words), expected, "{words:?}");
    }
    let groups = values(&world, &["validate", "--deny", "li"]);
    assert_eq!(groups[0], "lint", "{groups:?}");
}

/// Issue 20: what belongs to a tool is that of the tool that stands on the line.
#[test]
fn versions_and_patterns_are_those_of_the_tool_on_the_line() {
    let world = World::new();
    let first = definition("linux", "df", "1.0", "disk_usage");
    world.write("a.yaml", &first);
    world.write("b.yaml", first.replace("1.0", "1.1"));
    world.write("c.yaml", definition("linux", "ping", "7.0", "reachability"));
    world.ok(&["import", "a.yaml", "b.yaml", "c.yaml"]);
    world.ok(&[
        "abtest", "create", "quicker", "--a", "df@1.0", "--b", "df@1.1", "--metric", "time",
    ]);
    world.ok(&["member", "add", "ada", "--role", "owner"]);
    world.ok(&["team", "add", "ops", "ada"]);
    world.ok(&["catalog", "create", "other"]);
    for (words, expected) in [
        (&["rollback", "df", "--to", ""][..], &["1.0", "1.1"][..]),
        (&["rollback", "linux/ping", "--to", ""], &["7.0"]),
        (
            &["telemetry", "analyze", "df", "--version", ""],
            &["1.0", "1.1"],
        ),
        // As a shell divides it.
        (
            &[
                "telemetry",
                "analyze",
                "linux/ping",
                "@",
                "7.0",
                "--version",
                "",
            ],
            &["7.0"],
        ),
        (&["show", "df", "--pattern", "u"], &["use"]),
        (&["show", "df", "--pattern", "disk"], &["disk_usage.use"]),
        (
            &["telemetry", "record", "ping", "--pattern", "reach"],
            &["reachability.use"],
        ),
        (&["show", "none", "--pattern", ""], &[]),
        (&["abtest", "show", ""], &["quicker"]),
        (&["abtest", "start", "q"], &["quicker"]),
        (&["abtest", "create", "q"], &[]),
        (&["team", "list", "o"], &["ops"]),
        (&["team", "add", "ops", "a"], &["ada"]),
        (&["catalog", "drop", "o"], &["other"]),
    ] {
        assert_eq!(values(&world, words), expected, "{words:?}");
    }
}

/// A word that is not UTF-8 does not make it speak in the middle of the line.
#[test]
fn a_line_that_is_not_text_is_silent() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let odd = std::ffi::OsStr::from_bytes(b"\xff");
    let line = ["--", "toolcat", "rollback"].map(std::ffi::OsStr::new);
    let line = [&line[..], &[odd, "--to".as_ref(), "".as_ref()]].concat();
    let output = asked(world.command(&line), 4);
    assert_eq!(
        output.stderr,
        b"",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn without_a_database_it_is_silent_and_quick() {
    let world = World::bare();
    // A server that takes the call and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    for url in [
        "postgresql://nobody@127.0.0.1:1/none".to_owned(),
        "not a url".to_owned(),
        format!("postgresql://nobody@127.0.0.1:{port}/none"),
    ] {
        let mut command = world.command(&["--", "toolcat", "show", ""]);
        command.env("TOOLCAT_DATABASE_URL", &url);
        let start = Instant::now();
        let output = asked(command, 2);
        // Far above the 100 ms that it takes, far below the patience of libpq.
        assert!(start.elapsed() < Duration::from_secs(5), "{url}");
        assert_eq!(output.stderr, b"", "{url}");
        let names = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!names.contains("none"), "{names}");
    }
    // No local server is made for it.
    let mut command = world.command(&["--", "toolcat", "show", ""]);
    command.env_remove("TOOLCAT_DATABASE_URL");
    let output = asked(command, 2);
    assert_eq!(output.stderr, b"");
    assert!(!world.path().join("../home/.local/share/toolcat").exists());
}

#[test]
fn bash_completes_a_line() {
    let world = World::new();
    world.write("a.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "a.yaml"]);
    let folder = std::path::Path::new(crate::common::PROGRAM)
        .parent()
        .expect("a folder");
    let script = format!(
        "PATH={}:$PATH; source {}/completions/toolcat.bash; COMP_WORDS=(toolcat show d); COMP_CWORD=2; \
         COMP_TYPE=9; _clap_complete_toolcat toolcat d show; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        folder.display(),
        env!("CARGO_MANIFEST_DIR")
    );
    let mut command = Command::new("bash");
    command
        .args(["-c", &script])
        .env("TOOLCAT_DATABASE_URL", world.url())
        .env("TOOLCAT_COMPLETE_WAIT_MS", "60000");
    let output = command.output().expect("bash runs");
    let offered = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        offered.trim(),
        "df",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn f9_bash_runs_nothing_of_a_name_that_it_completes() {
    let world = World::new();
    let hostile = "zz$(touch${IFS}ran)";
    let text = definition("linux", "zz", "1.0", "cap")
        .replace("tool_name: zz", &format!("tool_name: '{hostile}'"));
    world.write("a.yaml", text);
    world.write("b.yaml", definition("linux", "zz-plain", "1.0", "cap"));
    world.ok(&["import", "a.yaml", "b.yaml"]);
    let folder = std::path::Path::new(crate::common::PROGRAM)
        .parent()
        .expect("a folder");
    // What is offered is put into the line, and the line is run.
    let script = format!(
        "PATH={}:$PATH; source {}/completions/toolcat.bash; COMP_WORDS=(toolcat show zz); COMP_CWORD=2; \
         COMP_TYPE=9; _clap_complete_toolcat toolcat zz show; \
         for word in \"${{COMPREPLY[@]}}\"; do printf '%s\\n' \"$word\"; eval \"toolcat show $word\"; done",
        folder.display(),
        env!("CARGO_MANIFEST_DIR")
    );
    let mut command = Command::new("bash");
    command
        .args(["-c", &script])
        .current_dir(world.path())
        .env("TOOLCAT_DATABASE_URL", world.url())
        .env("TOOLCAT_COMPLETE_WAIT_MS", "60000");
    let output = command.output().expect("bash runs");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.lines().any(|it| it.trim() == "zz-plain"), "{shown}");
    assert!(!world.path().join("ran").exists(), "{shown}");
}
