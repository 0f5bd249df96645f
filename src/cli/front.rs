//! What a bare `toolcat` says, and what is said of a command that there is not.

use std::fmt::Write as _;

use clap::CommandFactory;

use crate::expression::nearest;

use super::Cli;

/// The commands by what they are for; each in one group.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Find",
        &[
            "select",
            "search",
            "list",
            "show",
            "open",
            "versions",
            "capabilities",
            "discover",
        ],
    ),
    (
        "Change",
        &[
            "init",
            "generate",
            "validate",
            "plan",
            "import",
            "edit",
            "update",
            "enable",
            "disable",
            "activate",
            "deprecate",
            "chown",
            "rollback",
            "delete",
            "restore",
            "revert",
        ],
    ),
    ("Follow", &["log", "audit", "blame", "diff", "watch"]),
    ("Measure", &["telemetry", "abtest", "replay", "eval"]),
    ("Share", &["serve", "ui", "mcp", "export", "schema"]),
    ("Access", &["whoami", "member", "team", "token"]),
    (
        "Run",
        &[
            "catalog",
            "db",
            "migrate",
            "doctor",
            "config",
            "completions",
            "man",
            "help",
            "version",
        ],
    ),
];

/// What other programs call it, and what to run here.
const OTHER_WORDS: &[(&[&str], &str)] = &[
    (&["ls", "all"], "toolcat list"),
    (
        &["get", "describe", "info", "cat", "view"],
        "toolcat show NAME",
    ),
    (
        &["find", "which", "query"],
        "toolcat search WORDS` or `toolcat select \"WORDS\"",
    ),
    (
        &["choose", "pick", "best", "ask"],
        "toolcat select \"WORDS\"",
    ),
    (&["rm", "remove", "del", "drop"], "toolcat delete NAME"),
    (&["add", "apply", "load", "create"], "toolcat import FILE"),
    (&["new", "scaffold"], "toolcat generate"),
    (&["set", "patch"], "toolcat update NAME --set FIELD=VALUE"),
    (&["setup"], "toolcat init` or `toolcat config init"),
    (&["check", "lint"], "toolcat validate FILE"),
    (&["history"], "toolcat log"),
    (&["who", "annotate"], "toolcat blame NAME"),
    (&["undo"], "toolcat revert REVISION"),
    (&["status"], "toolcat doctor"),
    (&["record", "run", "stats"], "toolcat telemetry --help"),
    (&["backup"], "toolcat db backup FILE"),
];

/// The first page, short enough for any terminal.
pub fn page() -> String {
    let mut text = String::from(
        "toolcat: which tool, used how, is the best for this job, now?\n\n\
         Begin:\n  \
           toolcat import --starter                  the starter catalog, or a FOLDER\n  \
           toolcat select \"follow a log file\"        ask in words, or with --capability\n  \
           toolcat show NAME                         see what is known of a tool\n\n",
    );
    let known = Cli::command();
    for (group, commands) in GROUPS {
        let mut line = format!("{group:<9}");
        // A build without the server has no command for it.
        for command in commands
            .iter()
            .filter(|it| known.find_subcommand(it).is_some())
        {
            if line.len() + command.len() > WIDTH {
                let _ = writeln!(text, "{}", line.trim_end());
                line = " ".repeat(9);
            }
            let _ = write!(line, "{command} ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push_str("\n`toolcat --help` says what each does, `toolcat COMMAND --help` how.\n");
    text
}

/// Columns of the first page.
const WIDTH: usize = 78;

/// What may be meant by a command that there is not.
pub fn meant(name: &str) -> String {
    let other = OTHER_WORDS.iter().find(|(words, _)| words.contains(&name));
    if let Some((_, command)) = other {
        return format!("here it is `{command}`");
    }
    let command = Cli::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    match nearest(name, names) {
        Some(near) => format!("did you mean `toolcat {near}`?"),
        None => "`toolcat --help` lists the commands".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_fits_a_usual_terminal() {
        for line in page().lines() {
            assert!(line.len() <= WIDTH + 1, "{line}");
        }
    }

    #[test]
    fn every_command_has_its_place_on_the_first_page() {
        let command = Cli::command();
        let mut known: Vec<&str> = (command.get_subcommands())
            .filter(|it| !it.is_hide_set())
            .map(clap::Command::get_name)
            .collect();
        let mut shown: Vec<&str> = GROUPS.iter().flat_map(|(_, it)| *it).copied().collect();
        shown.retain(|it| !["serve", "ui"].contains(it) || cfg!(feature = "server"));
        known.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, known);
        let page = page();
        assert!(page.lines().count() <= 24, "{page}");
        assert!(page.lines().all(|line| line.len() <= 90), "{page}");
    }

    #[test]
    fn other_words_lead_to_commands_that_there_are() {
        let mut command = Cli::command();
        command.build();
        for (words, commands) in OTHER_WORDS {
            for word in *words {
                assert!(
                    command.find_subcommand(word).is_none(),
                    "{word} is a command"
                );
            }
            for line in commands.split("` or `") {
                let mut at = &command;
                for word in line.split(' ').skip(1) {
                    if word.starts_with(|c: char| c.is_ascii_lowercase()) {
                        at = at.find_subcommand(word).unwrap_or_else(|| panic!("{line}"));
                    }
                }
            }
        }
        assert_eq!(meant("slect"), "did you mean `toolcat select`?");
        assert_eq!(meant("zzzzzz"), "`toolcat --help` lists the commands");
    }
}
