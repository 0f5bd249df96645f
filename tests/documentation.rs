//! Every command in README.md and docs/ is run, in the order of the page, and gives the output that
//! the page shows.
//!
//! A block fenced as `console` holds commands after `$ `, each followed by what it prints (stdout
//! and stderr together). A line `...` stands for any lines; times, digests and the test's own paths
//! are masked on both sides. A page has a database of its own, and starts in a folder that holds
//! `examples/`. `UPDATE_DOCS=1 cargo test --test main documentation` writes the present output into the
//! pages.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{PROGRAM, World};

#[test]
fn readme() {
    check(&root().join("README.md"));
}

#[test]
fn documentation() {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("docs"))
        .map(|entries| {
            entries
                .map(|entry| entry.expect("an entry").path())
                .collect()
        })
        .unwrap_or_default();
    pages.retain(|path| path.extension().is_some_and(|it| it == "md"));
    pages.sort();
    std::thread::scope(|scope| {
        for page in &pages {
            scope.spawn(move || check(page));
        }
    });
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn check(page: &Path) {
    let world = World::new();
    symlink(root().join("examples"), world.path().join("examples")).expect("a link");
    check_blocks(page, "```console", |command| run(&world, command));
}

/// Runs the commands in the blocks of a page that are fenced like that.
pub fn check_blocks(page: &Path, fence: &str, run: impl Fn(&str) -> String) {
    let text = std::fs::read_to_string(page).expect("a page");
    let mut updated = String::new();
    let mut differences = Vec::new();
    let mut lines = text.lines().peekable();
    let mut in_console = false;
    while let Some(line) = lines.next() {
        updated.push_str(line);
        updated.push('\n');
        if line.starts_with("```") {
            in_console = !in_console && line == fence;
            continue;
        }
        let Some(first) = line.strip_prefix("$ ").filter(|_| in_console) else {
            continue;
        };
        let mut command = first.to_owned();
        while command.ends_with('\\') {
            let next = lines.next().expect("the rest of the command");
            updated.push_str(next);
            updated.push('\n');
            command.push('\n');
            command.push_str(next);
        }
        let mut shown = Vec::new();
        while let Some(line) = lines.next_if(|it| !it.starts_with("$ ") && !it.starts_with("```")) {
            shown.push(line.to_owned());
        }
        let printed = run(&command);
        let printed: Vec<String> = printed.lines().map(str::to_owned).collect();
        let fits = matches(&shown, &printed);
        if !fits {
            differences.push(format!(
                "$ {command}\n--- shown\n{}\n--- printed\n{}",
                shown.join("\n"),
                printed.join("\n")
            ));
        }
        for line in if fits { shown } else { printed } {
            updated.push_str(&line);
            updated.push('\n');
        }
    }
    if differences.is_empty() {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(page, updated).expect("the page");
        return;
    }
    panic!("{}:\n{}", page.display(), differences.join("\n\n"));
}

/// Runs a command in a shell, in the folder of the world.
pub fn run(world: &World, command: &str) -> String {
    let folder = Path::new(PROGRAM).parent().expect("a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut paths = vec![folder.to_owned()];
    paths.extend(std::env::split_paths(&path));
    let toolcat = world.command::<&str>(&[]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(world.path())
        .env_clear();
    for (name, value) in toolcat.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let output = shell
        .env("PATH", std::env::join_paths(paths).expect("a path"))
        .output()
        .expect("a shell");
    world.masked(&String::from_utf8_lossy(&output.stdout))
}

/// Whether the printed lines are those shown, where `...` stands for any.
fn matches(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first.trim() == "..." => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        Some((first, rest)) => printed.split_first().is_some_and(|(line, others)| {
            line.trim_end() == first.trim_end() && matches(rest, others)
        }),
    }
}
