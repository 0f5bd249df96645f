//! Everything that the wizard asks, by flags.

use crate::common::World;

const DF: &[&str] = &[
    "--set",
    "tool_name=df",
    "--set",
    "description=Show how much room file systems have",
    "--set",
    "capability=disk_usage",
    "--set",
    "use_cases=see how full a disk is, find the disk that is full, watch free space",
    "--set",
    "example=df -h /",
];

fn generate<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [
        &["generate", "--no-input", "--template", "command"],
        DF,
        more,
    ]
    .concat()
}

#[test]
fn a_definition_by_flags_is_valid_and_imported() {
    let world = World::new();
    let text = world.ok(&generate(&[
        "--set",
        "metadata.author=ops",
        "--set",
        "owner=storage",
    ]));
    world.write("df.yaml", &text);
    assert!(text.contains("author: ops"), "{text}");
    world.ok(&["validate", "--strict", "df.yaml"]);
    let run = world.run(&generate(&["--import", "--output", "out.yaml"]));
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert_eq!(run.stdout, "");
    assert_eq!(
        world
            .sql("SELECT tool_name, version, platform FROM tools")
            .trim(),
        "df|1.0|linux"
    );
    assert_eq!(world.run(&["import", "--dry-run", "out.yaml"]).code, 0);
    let again = world.run(&generate(&["--output", "out.yaml"]));
    assert_eq!(again.code, 5, "{}", again.shown(""));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
}

#[test]
fn a_dry_run_keeps_nothing() {
    let world = World::new();
    let run = world.run(&generate(&[
        "--import",
        "--output",
        "out.yaml",
        "--dry-run",
    ]));
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert!(!world.path().join("out.yaml").exists());
    assert_eq!(world.sql("SELECT count(*) FROM tools").trim(), "0");
}

#[test]
fn what_cannot_be_used_is_refused_with_the_way_out() {
    let world = World::new();
    for (args, code, expected) in [
        (vec!["generate"], 2, "--template"),
        (
            vec!["generate", "--template", "comand"],
            4,
            "did you mean `command`?",
        ),
        (
            vec!["generate", "--template", "command"],
            2,
            "--set tool_name=...",
        ),
        (
            generate(&["--set", "time_estimate_ms=5 +"]),
            2,
            "--set time_estimate_ms",
        ),
        (generate(&["--set", "complexity_score=7"]), 2, "from 0 to 1"),
        (generate(&["--set", "platform=mars"]), 2, "must be one of"),
        (
            generate(&["--set", "versoin=2"]),
            2,
            "did you mean `version`?",
        ),
        (generate(&["--set", "nonsense"]), 2, "PATH=VALUE"),
        (
            generate(&["--set", "capabilities.disk_usage=7"]),
            2,
            "nothing was kept",
        ),
        (generate(&["--set", "description.x=7"]), 2, "description.x"),
        (
            vec!["generate", "--from-help", "no-such-command-anywhere --help"],
            4,
            "failed",
        ),
        (
            vec!["generate", "--from-help", "true"],
            2,
            "printed nothing",
        ),
        (
            vec!["generate", "--from-openapi", "missing.yaml"],
            2,
            "missing.yaml",
        ),
    ] {
        let run = world.run(&args);
        assert_eq!(run.code, code, "{}", run.shown(&args.join(" ")));
        assert!(
            run.stderr.contains(expected),
            "{}",
            run.shown(&args.join(" "))
        );
    }
}

#[test]
fn a_help_text_becomes_a_valid_definition() {
    let world = World::new();
    let help = "#!/bin/sh\ncat <<'EOF'\nUsage: frob [OPTION]... FILE\nPolish the entries of FILE.\n\n\
                \x20 -n, --count=NUM   polish at most NUM entries\n  -q, --quiet       print nothing\nEOF\n";
    let script = world.write("frob", help);
    make_executable(&script);
    let line = format!("{} --help", script.display());
    let text = world.ok(&["generate", "--from-help", &line]);
    world.write("frob.yaml", &text);
    world.ok(&["validate", "frob.yaml"]);
    for expected in [
        "tool_name: frob",
        "Polish the entries of FILE",
        "name: count",
        "type: integer",
        "name: file",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    world.ok(&[
        "generate",
        "--from-help",
        &line,
        "--import",
        "--set",
        "capability=polishing",
    ]);
    assert_eq!(
        world
            .sql("SELECT capability_name FROM tool_capabilities")
            .trim(),
        "polishing"
    );
}

#[test]
fn a_manual_page_becomes_a_valid_definition() {
    let world = World::new();
    let bin = world.path().join("bin");
    let page = "#!/bin/sh\ncat <<'EOF'\nGLOW(1)\n\nNAME\n       glow - shine a light on lines of text\n\n\
                SYNOPSIS\n       glow [OPTIONS] <FILE>\n\nOPTIONS\n       -l, --lines N\n              Shine on N lines.\nEOF\n";
    make_executable(&world.write("bin/man", page));
    let path = format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = world
        .command(&["generate", "--from-man", "glow"])
        .env("PATH", path)
        .output()
        .expect("toolcat runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    world.write("glow.yaml", &text);
    world.ok(&["validate", "glow.yaml"]);
    for expected in [
        "tool_name: glow",
        "Shine a light on lines of text",
        "name: lines",
        "type: integer",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn templates_of_ones_own_are_found() {
    let world = World::new();
    world.write("toolcat.toml", "template_dir = 'mine'\n");
    world.ok(&["config", "trust"]);
    world.write(
        "mine/probe.yaml",
        "# A probe.\n# ask tool_name | Name? | default: | check: name\ntool_name: '{{tool_name}}'\n",
    );
    let names = world.ok(&["generate", "--list-templates", "--format", "name"]);
    assert_eq!(names.lines().next(), Some("probe"));
    assert_eq!(names.lines().count(), 9);
    world.write("mine/broken.yaml", "a: '{{gap}}'\n");
    let run = world.run(&["generate", "--list-templates"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("broken"), "{}", run.stderr);
}

fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
}
