//! The arrows between the folders of `src/`, read from the sources: who may use whom, and what a folder may
//! know of the world. Tests inside the sources may use what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each folder (or file) of `src/` may use, besides itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("abtest", &["statistics"]),
    (
        "cli",
        &[
            "abtest",
            "cluster",
            "config",
            "definition",
            "encoder",
            "expression",
            "format",
            "generate",
            "mcp",
            "operations",
            "output",
            "outside",
            "reading",
            "report",
            "select",
            "server",
            "spreadsheet",
            "statistics",
            "store",
            "telemetry",
            "validate",
            "words",
        ],
    ),
    ("cluster", &[]),
    ("config", &["select", "words"]),
    ("definition", &["reading", "words"]),
    ("encoder", &["config", "select", "words"]),
    ("expression", &[]),
    ("format", &["definition", "expression", "reading", "words"]),
    ("generate", &["definition", "expression", "format"]),
    ("lib", &[]),
    ("main", &[]),
    ("outside", &[]),
    (
        "mcp",
        &[
            "definition",
            "expression",
            "format",
            "operations",
            "outside",
            "reading",
            "select",
            "store",
            "telemetry",
            "validate",
            "words",
        ],
    ),
    (
        "operations",
        &[
            "abtest",
            "cluster",
            "definition",
            "expression",
            "format",
            "outside",
            "select",
            "store",
            "telemetry",
            "validate",
            "words",
        ],
    ),
    ("output", &["format", "outside", "spreadsheet", "words"]),
    ("reading", &[]),
    (
        "report",
        &[
            "abtest",
            "expression",
            "operations",
            "output",
            "statistics",
            "store",
            "telemetry",
            "words",
        ],
    ),
    ("select", &["definition", "expression"]),
    (
        "server",
        &[
            "abtest",
            "definition",
            "expression",
            "format",
            "mcp",
            "operations",
            "output",
            "outside",
            "reading",
            "report",
            "select",
            "store",
            "telemetry",
            "validate",
            "words",
        ],
    ),
    ("spreadsheet", &[]),
    ("statistics", &[]),
    (
        "store",
        &[
            "abtest",
            "definition",
            "select",
            "statistics",
            "telemetry",
            "words",
        ],
    ),
    (
        "telemetry",
        &[
            "definition",
            "expression",
            "reading",
            "spreadsheet",
            "statistics",
        ],
    ),
    ("validate", &["definition", "expression", "format"]),
    ("words", &[]),
];

/// Crates that only some folders may use.
const CRATES: &[(&str, &[&str])] = &[
    ("axum", &["server"]),
    ("clap", &["cli", "output"]),
    ("comfy_table", &["output"]),
    ("diesel", &["store"]),
    ("diesel_migrations", &["store"]),
    ("indicatif", &["output"]),
    ("inquire", &["cli"]),
    ("maud", &["server"]),
    ("meval", &["expression"]),
    ("serde_yaml", &["format"]),
    ("tokio", &["server"]),
];

/// A source without its comments and its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names that follow `crate::` in a source.
fn used(code: &str) -> BTreeSet<&str> {
    let names = code.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    });
    names.filter(|name| !name.is_empty()).collect()
}

/// What a source does that its folder may not.
fn wrongs(folder: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let Some(allowed) = allowed.get(folder) else {
        return vec![format!("{folder} is not in the list: say what it may use")];
    };
    let mut wrongs: Vec<String> = used(&code)
        .into_iter()
        .filter(|name| *name != folder && MAY_USE.iter().any(|(it, _)| it == name))
        .filter(|name| !allowed.contains(name))
        .map(|name| format!("{folder} uses {name}"))
        .collect();
    for (name, folders) in CRATES {
        let uses = code.contains(&format!("{name}::"));
        if uses && !folders.contains(&folder) {
            wrongs.push(format!("{folder} uses the crate {name}"));
        }
    }
    if code.contains("::vouched(") && folder != "validate" {
        wrongs.push(format!("{folder} calls a definition valid"));
    }
    if !["cli", "output", "main", "generate", "cluster"].contains(&folder) {
        wrongs.extend(flags(&code).map(|flag| format!("{folder} names the flag {flag}")));
    }
    wrongs
}

/// Flags of toolcat's command line that a source names.
fn flags(code: &str) -> impl Iterator<Item = String> + '_ {
    const FLAGS: &[&str] = &[
        "--all",
        "--allow-interactive",
        "--allow-unsafe",
        "--apply",
        "--catalog",
        "--context",
        "--database-url",
        "--environment",
        "--force",
        "--max-cost",
        "--max-time",
        "--permission",
        "--platform",
        "--purge",
        "--replace",
        "--tag",
        "--yes",
    ];
    FLAGS
        .iter()
        .filter(|flag| code.contains(*flag))
        .map(|flag| (*flag).to_owned())
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs")
            && !["tests.rs", "laws.rs"]
                .iter()
                .any(|name| path.ends_with(name))
        {
            found.push(path);
        }
    }
}

#[test]
fn arrows_run_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 300, "{} sources", files.len());
    let mut found = Vec::new();
    for path in files {
        let inside = path.strip_prefix(&root).expect("below src");
        let first = inside.iter().next().expect("a name");
        let folder = first.to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("a source");
        for wrong in wrongs(folder.trim_end_matches(".rs"), &text) {
            found.push(format!("{}: {wrong}", inside.display()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_arrow_is_found() {
    for (folder, text, wrong) in [
        ("store", "use crate::cli::Session;", "store uses cli"),
        (
            "select",
            "fn f(it: crate::store::Act) {}",
            "select uses store",
        ),
        (
            "operations",
            "use clap::Args;",
            "operations uses the crate clap",
        ),
        (
            "abtest",
            "use diesel::prelude::*;",
            "abtest uses the crate diesel",
        ),
        (
            "select",
            "const HINT: &str = \"raise it (--max-cost)\";",
            "select names the flag --max-cost",
        ),
        (
            "store",
            "let it = ValidDefinition::vouched(document);",
            "store calls a definition valid",
        ),
        ("attic", "", "attic is not in the list: say what it may use"),
    ] {
        assert_eq!(wrongs(folder, text), [wrong], "{text}");
    }
    let fine =
        "// use crate::cli\nuse crate::definition::Tool;\n#[cfg(test)]\nuse crate::cli::Session;";
    assert!(wrongs("store", fine).is_empty());
}
