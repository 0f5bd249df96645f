//! Help for everything, in the terminal and as manual pages.

use crate::common::World;

const TOPICS: [&str; 12] = [
    "definitions",
    "pattern",
    "expressions",
    "context",
    "N",
    "cost",
    "selection",
    "mode",
    "catalogs",
    "revision",
    "configuration",
    "exit-codes",
];

#[test]
fn every_topic_and_subcommand_has_help() {
    let world = World::bare();
    let overview = world.ok(&["help"]);
    for topic in TOPICS {
        assert!(overview.contains(topic), "{topic}");
        let page = world.ok(&["help", topic]);
        assert!(page.lines().count() > 8, "{page}");
        let widest = page.lines().map(|it| it.chars().count()).max();
        assert!(widest <= Some(100), "{topic} is {widest:?} columns wide");
    }
    for words in [
        &["select"][..],
        &["db"],
        &["db", "backup"],
        &["config", "show"],
    ] {
        let by_help = world.ok(&[&["help"], words].concat());
        assert!(by_help.contains("Usage: toolcat"), "{by_help}");
    }
    for (words, near) in [
        (&["expresions"][..], "expressions"),
        (&["patern"], "pattern"),
        (&["contxt"], "context"),
        (&["selct"], "select"),
        (&["db", "bakup"], "backup"),
    ] {
        let run = world.run(&[&["help"], words].concat());
        assert_eq!(run.code, 4, "{}", run.shown(""));
        assert!(run.stderr.contains(near), "{}", run.shown(""));
    }
}

#[test]
fn the_version_is_told_in_both_ways() {
    let world = World::bare();
    let version = world.ok(&["version"]);
    assert_eq!(version, world.ok(&["--version"]));
    assert_eq!(version, format!("toolcat {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_definition_of_the_help_is_valid() {
    let world = World::bare();
    let page = world.ok(&["help", "definitions"]);
    let example: String = page
        .lines()
        .skip_while(|it| !it.starts_with("    tool_name"))
        .take_while(|it| it.starts_with("    "))
        .map(|it| format!("{}\n", &it[4..]))
        .collect();
    world.write("example.yaml", example);
    world.ok(&["validate", "example.yaml"]);
}

#[test]
fn every_subcommand_has_a_manual_page() {
    let world = World::bare();
    world.ok(&["man", "man1"]);
    let pages: Vec<String> = std::fs::read_dir(world.path().join("man1"))
        .expect("a folder")
        .map(|it| {
            it.expect("a file")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    for page in [
        "toolcat.1",
        "toolcat-select.1",
        "toolcat-db-backup.1",
        "toolcat-config-show.1",
    ] {
        assert!(pages.iter().any(|it| it == page), "{page}: {pages:?}");
    }
    let select = world.read("man1/toolcat-select.1");
    assert!(select.starts_with(".ie"), "{select}");
    for section in [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS"] {
        assert!(select.contains(section), "{section}");
    }
}

#[test]
fn a_rule_is_explained_whatever_else_is_set() {
    let world = World::new();
    let explain = ["validate", "--explain", "schema/required"];
    let told = world.ok(&explain);
    assert_eq!(world.ok(&[&explain[..], &["--quiet"]].concat()), told);
    let named = [&explain[..], &["--catalog", "tool_catalog"]].concat();
    assert_eq!(world.ok(&named), told);
    assert_eq!(world.run(&[&explain[..], &["df.yaml"]].concat()).code, 2);
}
