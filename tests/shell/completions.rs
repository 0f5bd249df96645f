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
        // Where there is no value, clap offers the flags.
        let mut values = offered(&world, &words);
        values.retain(|it| !it.starts_with('-'));
        assert_eq!(values, expected, "{words:?}");
    }
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
