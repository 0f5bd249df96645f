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
    decoded(&session.exp_eof().expect("the end"))
}

/// The terminal's bytes come one by one as characters.
fn decoded(shown: &str) -> String {
    let bytes = shown
        .chars()
        .filter_map(|c| u8::try_from(u32::from(c)).ok());
    String::from_utf8(bytes.collect()).expect("UTF-8")
}

/// The same on a terminal of that size, with that pager.
fn on_a_screen(world: &World, size: (u16, u16), pager: &str, args: &[&str]) -> String {
    let (columns, rows) = size;
    let inner = world.command(args);
    let mut command = std::process::Command::new("sh");
    let run = format!("stty cols {columns} rows {rows} -onlcr; exec \"$0\" \"$@\"");
    command.arg("-c").arg(run).arg(inner.get_program());
    command.args(inner.get_args()).env_clear();
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
        .current_dir(world.path())
        .env("NO_COLOR", "1")
        .env("TERM", "xterm")
        .env("TOOLCAT_PAGER", pager)
        .stdin(Stdio::inherit());
    let mut session = spawn_command(command, Some(60_000)).expect("a terminal");
    decoded(&session.exp_eof().expect("the end")).replace('\r', "")
}

/// Issue 20: prose fits the terminal, and what is indented stays as it is written.
#[test]
fn a_page_of_the_help_is_broken_between_words_where_the_terminal_is_narrow() {
    let world = World::bare();
    for topic in ["mode", "selection"] {
        let page = on_a_screen(&world, (50, 24), "cat", &["help", topic]);
        let prose: Vec<&str> = (page.lines())
            .filter(|it| !it.starts_with("    "))
            .collect();
        let fits = |line: &&str| line.chars().count() <= 50;
        assert!(prose.len() > 12 && prose.iter().all(fits), "{page}");
    }
    let page = on_a_screen(&world, (50, 24), "cat", &["help", "mode"]);
    assert!(
        page.contains("    fast         a short running time\n"),
        "{page}"
    );
    let wide = on_a_screen(&world, (120, 24), "cat", &["help", "selection"]);
    assert_eq!(wide, world.ok(&["help", "selection"]));
}

/// Issue 20: a list has a line for each tool at any width, and the columns that matter first.
#[test]
fn a_list_has_a_line_for_each_tool_however_narrow_the_terminal_is() {
    let world = World::new();
    world.ok(&["import", "--starter", "--quiet"]);
    for columns in [60_u16, 80, 120] {
        let list = on_a_screen(&world, (columns, 24), "cat", &["list", "--quiet"]);
        assert_eq!(list.lines().count(), 556, "{list}");
        for line in list.lines() {
            assert!(line.chars().count() <= usize::from(columns), "{line}");
        }
        let titles: Vec<&str> = list
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        assert!(
            titles.contains(&"TOOL") && titles.contains(&"DESCRIPTION"),
            "{titles:?}"
        );
    }
    let named = [
        "list",
        "--quiet",
        "--columns",
        "tool,updated",
        "--sort",
        "-tool",
        "-n",
        "2",
    ];
    let list = on_a_screen(&world, (60, 24), "cat", &named);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines[1] > lines[2] && lines[1].ends_with(" ago"), "{list}");
    let iso = [
        "list",
        "--columns",
        "updated",
        "--time",
        "iso",
        "-n",
        "1",
        "--quiet",
    ];
    let list = on_a_screen(&world, (60, 24), "cat", &iso);
    assert!(list.trim_end().ends_with('Z'), "{list}");
    let refused = world.run(&["list", "--columns", "tol"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("did you mean tool?"),
        "{}",
        refused.stderr
    );
}

/// Issue 20: what is longer than the terminal goes through the pager, what fits does not, and neither does
/// anything in a pipe.
#[test]
fn what_is_longer_than_the_terminal_is_read_in_a_pager() {
    let world = World::new();
    world.ok(&["import", "--starter", "--quiet"]);
    let pager = "sed 's/^/paged: /'";
    let list = ["list", "--quiet", "--platform", "linux"];
    let long = on_a_screen(&world, (80, 24), pager, &list);
    assert!(long.lines().count() > 24, "{long}");
    assert!(long.lines().all(|it| it.starts_with("paged: ")), "{long}");
    let short = on_a_screen(&world, (80, 24), pager, &["list", "--quiet", "-n", "3"]);
    assert!(!short.contains("paged"), "{short}");
    let mut plain = vec!["--no-pager"];
    plain.extend(list);
    let unpaged = on_a_screen(&world, (80, 24), pager, &plain);
    assert_eq!(long.replace("paged: ", ""), unpaged);
    // A pager that is not there, and one that is left at once.
    let without = on_a_screen(&world, (80, 24), "no-such-pager", &list);
    assert_eq!(without, unpaged);
    let left = on_a_screen(&world, (80, 24), "true", &list);
    assert_eq!(left, "");
    let piped = world
        .command(&list)
        .env("TERM", "xterm")
        .env("PAGER", pager)
        .output();
    let piped = String::from_utf8(piped.expect("toolcat runs").stdout).expect("UTF-8");
    assert!(!piped.contains("paged"), "{piped}");
}

/// Issue 20: the ranking of an answer is a table at any width.
#[test]
fn the_ranking_of_an_answer_has_a_line_for_each_choice() {
    let world = World::new();
    world.ok(&["import", "--starter", "--quiet"]);
    let select = ["select", "see how full the disks are", "--quiet"];
    let shown = on_a_screen(&world, (60, 24), "cat", &select);
    let titles = shown.lines().position(|it| it.starts_with("TOOL  "));
    let table: Vec<&str> = shown.lines().skip(titles.expect("a table")).collect();
    assert_eq!(table.len(), 6, "{shown}");
    for title in ["PATTERN", "SCORE"] {
        assert!(table[0].contains(title), "{shown}");
    }
    assert!(table.iter().all(|it| it.chars().count() <= 60), "{shown}");
}

/// Issue 20: sentences end their lines between words.
#[test]
fn a_page_about_a_tool_fits_the_terminal() {
    let world = World::new();
    world.ok(&["import", "--starter", "--quiet"]);
    let shown = on_a_screen(&world, (60, 24), "cat", &["show", "linux/df", "--quiet"]);
    for line in shown.lines() {
        // What is copied stays on one line.
        let copied = ["runs  ", "examples  ", "documentation "];
        let copied = copied.iter().any(|it| line.contains(it));
        assert!(copied || line.chars().count() <= 60, "{line}");
    }
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (piped, shown) = (words(&world.ok(&["show", "linux/df"])), words(&shown));
    // All but the time, which is told as how long ago.
    assert!(piped.len() <= shown.len(), "{shown:?}");
    assert!(
        piped.iter().filter(|it| !shown.contains(it)).count() <= 1,
        "{shown:?}"
    );
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
