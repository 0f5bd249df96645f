//! Names from the catalog for completion: quick, and silent if there is no database.

use std::sync::mpsc;
use std::time::Duration;

use crate::output::UiOptions;
use crate::store::Connection;
use crate::store::names as stored;

use super::super::Session;
use super::super::global::GlobalArgs;
use super::words;

pub use stored::Names;

/// How long a person at a prompt is kept waiting for the database.
const PATIENCE: Duration = Duration::from_millis(80);

/// The variable that gives a slower database longer, in milliseconds.
const PATIENCE_VARIABLE: &str = "TOOLCAT_COMPLETE_WAIT_MS";

/// The most names that are offered.
const MOST: i64 = 500;

/// The names that begin with what was typed; none if the database does not answer in time. No
/// server is started for it.
pub fn names(wanted: Names, typed: &str) -> Vec<String> {
    let typed = typed.to_owned();
    let tool = wanted.of_a_tool().then(words::tool).flatten();
    in_time(move || find(wanted, &typed, tool.as_deref()).unwrap_or_default())
}

/// What is found while a person waits; nothing if it takes longer.
pub fn in_time(find: impl FnOnce() -> Vec<String> + Send + 'static) -> Vec<String> {
    let (sender, receiver) = mpsc::channel();
    // A connection that hangs goes with the process.
    std::thread::spawn(move || {
        // Nobody waits for it where it came too late.
        let _ = sender.send(find());
    });
    receiver.recv_timeout(patience()).unwrap_or_default()
}

fn patience() -> Duration {
    std::env::var(PATIENCE_VARIABLE)
        .ok()
        .and_then(|it| it.parse().ok())
        .map_or(PATIENCE, Duration::from_millis)
}

fn find(wanted: Names, typed: &str, tool: Option<&str>) -> Option<Vec<String>> {
    let session = Session::new(global()).ok()?;
    let target = session.target().ok()?;
    // A folder that someone is in does not decide whom TAB talks to.
    if target.project.is_some() {
        return None;
    }
    // A server that asks for the password itself does not get it for a key that was pressed.
    let location = target.location.without_sending_the_password();
    let mut connection = Connection::open(&location).ok()?;
    connection
        .read(|connection| stored::beginning_with(connection, wanted, typed, tool, MOST))
        .ok()
}

/// Whether every shell takes a name for itself, as it stands: shells put what is offered into the
/// line unquoted, where `$(...)`, a blank or a leading `-` would be something else.
pub fn is_plain(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|c| c.is_alphanumeric() || c == '_')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "_-./@:+%=".contains(c))
}

/// The flags of the line being written that say where the catalog is.
fn global() -> GlobalArgs {
    let mut global = GlobalArgs {
        catalog: std::env::var("TOOLCAT_CATALOG")
            .ok()
            .filter(|it| !it.is_empty())
            .into_iter()
            .collect(),
        ..GlobalArgs::default()
    };
    let words = words::words();
    for (index, word) in words.iter().enumerate() {
        let value = |flag: &str| -> Option<String> {
            let rest = word.strip_prefix(flag)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value.to_owned()),
                None if rest.is_empty() => words.get(index + 1).cloned(),
                None => None,
            }
        };
        if let Some(url) = value("--database-url") {
            global.database_url = Some(url);
        }
        if let Some(catalog) = value("--catalog").filter(|it| !it.is_empty()) {
            global.catalog = vec![catalog];
        }
    }
    global
}

impl Default for GlobalArgs {
    fn default() -> Self {
        let options = UiOptions::default();
        Self {
            database_url: None,
            catalog: Vec::new(),
            actor: None,
            reason: None,
            color: options.color,
            quiet: true,
            no_input: true,
            no_pager: true,
            jq: None,
            render: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_name_that_a_shell_would_not_take_for_itself_is_not_offered() {
        for name in [
            "df",
            "linux/df@1.0-rc.1+b",
            "größe",
            "a=b",
            "db:copy",
            "_x",
            "7z",
        ] {
            assert!(is_plain(name), "{name}");
        }
        for name in [
            "",
            "zz$(id)",
            "a b",
            "a`b`",
            "a;b",
            "a|b",
            "a&b",
            "a>b",
            "a'b",
            "a\"b",
            "a\\b",
            "*",
            "a?",
            "[a]",
            "{a,b}",
            "~root",
            "!1",
            "#a",
            "-rf",
            "@x",
            "=ls",
            "a\nb",
            "a\u{202e}b",
            "a\u{9b}b",
        ] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
