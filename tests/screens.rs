//! What reaches a terminal: no output of any command, in any format, drives it or disguises what it
//! shows.

use std::process::Stdio;

use rexpect::session::spawn_command;

use crate::common::{World, definition};

/// Sequences that clear the screen, set the title and run upwards, in both forms, and marks that
/// turn the direction of writing.
const HOSTILE: &str = r"=cmd\e[2J\e]0;owned\a\x9b2J\x9d0;x\x9c\u202Egnp.exe\u2066\u200b\U000E0041";

/// A catalog in which every text that can hold such characters does.
fn hostile_catalog() -> World {
    let world = World::new();
    let text = definition("linux", "df\u{202e}", "1.0", "disk_usage")
        .replace("What df\u{202e} is for", &format!("\"{HOSTILE}\""));
    let metadata = format!("  tags: [\"{HOSTILE}\"]\n  \"{HOSTILE}\": \"{HOSTILE}\"\n");
    let text = text.replace("  tags: [test]\n", &metadata) + &format!("owner: \"{HOSTILE}\"\n");
    world.write("df.yaml", &text);
    world.ok(&["import", "df.yaml"]);
    let changed = text
        .replace("version: '1.0'", "version: '1.1'")
        .replace("100 + N", "200 + N");
    world.write("changed.yaml", changed);
    world.ok(&["--reason", "\u{1b}[2J\u{9b}", "import", "changed.yaml"]);
    let run =
        r#"{"tool": "df\u202e", "time_ms": 3, "success": false, "error": "\u001b[2J\u009b\u202e"}"#;
    let recorded = world.run_with_input(&["telemetry", "record", "--batch", "-"], run);
    assert_eq!(recorded.code, 0, "{}", recorded.shown(""));
    world
}

/// What a command writes to a terminal that is its stdin, stdout and stderr.
fn on_a_terminal(world: &World, args: &[&str]) -> String {
    let mut command = world.command(args);
    command
        .env("NO_COLOR", "1")
        .env("TERM", "xterm")
        .env("PAGER", "cat")
        .stdin(Stdio::inherit());
    let mut session = spawn_command(command, Some(60_000)).expect("a terminal");
    let shown = session.exp_eof().expect("the end");
    // The terminal's bytes come one by one as characters.
    let bytes = shown
        .chars()
        .filter_map(|c| u8::try_from(u32::from(c)).ok());
    String::from_utf8(bytes.collect()).expect("UTF-8")
}

fn drives_a_terminal(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{e0000}'..='\u{e007f}')
}

/// F21: every command that shows something, in every format.
#[test]
fn f21_nothing_from_a_catalog_drives_a_terminal() {
    let world = hostile_catalog();
    let formats = ["table", "wide", "json", "jsonl", "yaml", "csv", "name"];
    let mut lines: Vec<String> = Vec::new();
    for format in formats {
        for command in [
            "list",
            "search cmd",
            "capabilities",
            "versions df\u{202e}",
            "audit",
            "log",
            "telemetry stats",
            "telemetry costs",
            "telemetry analyze",
            "abtest list",
        ] {
            lines.push(format!("{command} --format {format}"));
        }
    }
    for format in [
        "yaml",
        "json",
        "jsonl",
        "profile",
        "mcp",
        "openai",
        "anthropic",
    ] {
        lines.push(format!("export --to-format {format}"));
    }
    for format in ["text", "json", "jsonl", "github", "sarif", "junit"] {
        lines.push(format!("validate changed.yaml --format {format}"));
    }
    for command in [
        "select -c disk_usage",
        "select -c disk_usage --explain",
        "select -c disk_usage --format json",
        "select -c disk_usage --format yaml",
        "show df\u{202e}",
        "show df\u{202e} --format yaml",
        "show df\u{202e} --format json",
        "telemetry export",
        "telemetry export --format csv",
        "diff df.yaml changed.yaml",
        "plan changed.yaml",
        "import --dry-run df.yaml",
        "doctor",
        "chown --dry-run \u{1b}[2J\u{9b}x df\u{202e}",
        "chown \u{1b}]0;x\u{7}\u{9b} df\u{202e} -y",
        "show \u{1b}[2J\u{9b}",
        "disable df\u{202e} -y",
        "delete df\u{202e} -y --purge",
    ] {
        lines.push(command.to_owned());
    }
    let mut wrong = String::new();
    let mut seen = 0;
    for line in &lines {
        let args: Vec<&str> = ["--quiet"].into_iter().chain(line.split(' ')).collect();
        let shown = on_a_terminal(&world, &args);
        seen += usize::from(shown.contains("owned") || shown.contains("gnp.exe"));
        if let Some(c) = shown.chars().find(|c| drives_a_terminal(*c)) {
            wrong += &format!("{line}: {} in {shown:?}\n", c.escape_unicode());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(seen > 20, "{seen} of {} show the hostile text", lines.len());
}

/// F21: JSON to a pipe is exact, and to a terminal still JSON that says the same.
#[test]
fn f21_json_says_the_same_to_a_pipe_and_to_a_terminal() {
    let world = hostile_catalog();
    let piped = world.ok(&["list", "--format", "json"]);
    assert!(piped.contains('\u{202e}') && piped.contains('\u{9b}'));
    let shown = on_a_terminal(&world, &["list", "--format", "json"]);
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect(text);
    assert_eq!(value(&shown), value(&piped));
}

/// F21: cells that a spreadsheet would run.
#[test]
fn f21_formulas_are_defused_in_csv_and_come_back() {
    let world = hostile_catalog();
    let list = world.ok(&["list", "--format", "csv"]);
    assert!(list.contains("'=cmd") && !list.contains(",=cmd"), "{list}");
    let run = r#"{"tool": "df\u202e", "time_ms": 5, "success": false, "error": "=1+1", "execution_id": "@x"}"#;
    world.run_with_input(&["telemetry", "record", "--batch", "-"], run);
    let exported = world.ok(&["telemetry", "export", "--format", "csv"]);
    assert!(
        exported.contains("'=1+1") && exported.contains("'@x"),
        "{exported}"
    );
    let other = World::new();
    other.write("df.yaml", world.read("changed.yaml"));
    other.ok(&["import", "df.yaml"]);
    let read = other.run_with_input(&["telemetry", "record", "--batch", "-"], &exported);
    assert_eq!(read.code, 0, "{}", read.shown(""));
    let again = other.ok(&["telemetry", "export"]);
    assert!(
        again.contains("\"=1+1\"") && again.contains("\"@x\""),
        "{again}"
    );
}
