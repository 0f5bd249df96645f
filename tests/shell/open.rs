//! `toolcat open`: the documentation of a tool.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use rexpect::session::spawn_command;

use crate::common::{World, definition};

const LINK: &str = "https://example.org/df?a=1";

fn world(link: &str) -> World {
    let world = World::new();
    let metadata = format!("  tags: [test]\n  documentation_url: \"{link}\"\n");
    let text = definition("linux", "df", "1.0", "disk_usage");
    world.write("df.yaml", text.replace("  tags: [test]\n", &metadata));
    world.write("du.yaml", definition("linux", "du", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml", "du.yaml"]);
    world
}

#[test]
fn the_link_is_printed_where_nobody_sees_a_browser() {
    let world = world(LINK);
    assert_eq!(world.ok(&["open", "df"]), format!("{LINK}\n"));
    assert_eq!(
        world.ok(&["open", "--print", "linux/df"]),
        format!("{LINK}\n")
    );
    let none = world.run(&["open", "du"]);
    assert_eq!(none.code, 4, "{}", none.shown(""));
    assert!(
        none.stderr.contains("linux/du@1.0 names no documentation")
            && none
                .stderr
                .contains("update --set metadata.documentation_url=https://... linux/du"),
        "{}",
        none.stderr
    );
    assert_eq!(world.run(&["open", "gone"]).code, 4);
}

#[test]
fn only_pages_are_opened_and_nothing_that_hides_what_it_is() {
    for link in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://example.org/\\e[2J",
        "--help",
    ] {
        let run = world(link).run(&["open", "df"]);
        assert_eq!(run.code, 2, "{}", run.shown(""));
        assert!(
            run.stderr.contains("is not at a http or https address"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
    }
}

#[test]
fn on_a_terminal_the_browser_gets_the_link() {
    let world = world(LINK);
    let script = world.write("browser", "#!/bin/sh\nprintf '%s|' \"$@\" > opened\n");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("a script");
    for (browser, opened) in [
        ("./browser".to_owned(), format!("{LINK}|")),
        (
            "./browser --new=%s:other".to_owned(),
            format!("--new={LINK}|"),
        ),
    ] {
        let mut command = world.command(&["open", "df"]);
        command
            .env("BROWSER", browser)
            .env("TERM", "xterm")
            .stdin(Stdio::inherit());
        let mut session = spawn_command(command, Some(60_000)).expect("a terminal");
        let shown = session.exp_eof().expect("the end");
        assert!(shown.contains(LINK), "{shown}");
        assert_eq!(world.read("opened"), opened);
    }
}
