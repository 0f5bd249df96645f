//! A command with the values of its inputs in their places. Nothing is ever run.
//!
//! A value that begins with `-` where an operand is meant would be read as an option. It is refused,
//! unless it stands behind `--`, or in a nested list behind the option that it is the value of; a path
//! is written `./-x`, which means the same.

use std::collections::BTreeMap;

use serde::Serialize;

use super::quote::{argument, word};
use super::{Argument, Command, Invocation, Piece, Shell, Template};
use crate::definition::Input;

/// The values of inputs, by name.
pub type Values = BTreeMap<String, String>;

/// The inputs of a pattern, and the platform that it runs on.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Inputs that it cannot run without.
    pub required: &'a [Input],
    /// Inputs that it accepts.
    pub optional: &'a [Input],
    /// Where it runs.
    pub platform: &'a str,
}

/// A command that is filled in as far as values are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Filled {
    /// A program with its arguments.
    Argv(Vec<String>),
    /// A script with the shell that it is for.
    Script {
        /// The shell.
        shell: Shell,
        /// The script.
        script: String,
    },
}

/// A value that cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// It would be read as an option.
    #[error("the value of `{input}` begins with `{sign}` and would be read as an option: {value}")]
    Option {
        /// The input.
        input: String,
        /// Its value.
        value: String,
        /// What options begin with.
        sign: char,
    },
    /// The shell has no words for it.
    #[error("the value of `{input}` holds {what}, which {} cannot take", .shell.as_str())]
    Unquotable {
        /// The input.
        input: String,
        /// What it holds.
        what: &'static str,
        /// The shell.
        shell: Shell,
    },
}

/// The required inputs of the command that have no value, in their order.
pub fn missing(invocation: &Invocation, values: &Values, place: Place<'_>) -> Vec<String> {
    let required = place.required.iter().map(|it| it.name.as_str());
    required
        .filter(|name| invocation.takes(name) && !values.contains_key(*name))
        .map(str::to_owned)
        .collect()
}

/// The command with the values in their places. Where a required one is missing, its placeholder stays.
///
/// # Errors
/// A value that cannot stand in its place.
pub fn fill(
    invocation: &Invocation,
    values: &Values,
    place: Place<'_>,
) -> Result<Filled, FillError> {
    let filling = Filling { values, place };
    match &invocation.command {
        Command::Argv(arguments) => filling.argv(arguments).map(Filled::Argv),
        Command::Script(shell, script) => Ok(Filled::Script {
            shell: *shell,
            script: filling.script(*shell, script)?,
        }),
    }
}

impl Filled {
    /// The command as it is typed: in `PowerShell` on windows, else in a shell that reads sh. A script is
    /// in its own shell's language.
    pub fn typed(&self, platform: &str) -> String {
        match self {
            Filled::Script { script, .. } => script.clone(),
            Filled::Argv(argv) => {
                let shell = match platform {
                    "windows" => Shell::PowerShell,
                    _ => Shell::Sh,
                };
                let words: Vec<String> = (argv.iter().enumerate())
                    // Only a NUL has no word, and no command holds one.
                    .filter_map(|(index, it)| argument(shell, it, index == 0).ok())
                    .collect();
                words.join(" ")
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Filling<'a> {
    values: &'a Values,
    place: Place<'a>,
}

impl Filling<'_> {
    fn argv(self, arguments: &[Argument]) -> Result<Vec<String>, FillError> {
        let mut argv: Vec<String> = Vec::new();
        let mut options_ended = false;
        for item in arguments {
            match item {
                Argument::One(template) => {
                    options_ended |= template.is_literal() && template.to_string() == "--";
                    argv.push(self.text(template, options_ended)?);
                }
                Argument::Group(templates) => {
                    let given = |name: &str| self.values.contains_key(name);
                    if !templates.iter().all(|it| it.inputs().all(given)) {
                        continue;
                    }
                    let mut behind_option = false;
                    for template in templates {
                        argv.push(self.text(template, options_ended || behind_option)?);
                        behind_option =
                            template.is_literal() && template.to_string().starts_with('-');
                    }
                }
            }
        }
        Ok(argv)
    }

    /// One argument. `guarded` where it cannot be read as an option.
    fn text(self, template: &Template, guarded: bool) -> Result<String, FillError> {
        let mut text = String::new();
        for piece in template.pieces() {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Input(name) => match self.values.get(name) {
                    None => text.push_str(&format!("{{{name}}}")),
                    Some(value) if value.contains('\0') => {
                        return Err(unquotable(name, "a NUL character", Shell::Sh));
                    }
                    Some(value) if text.is_empty() && !guarded => {
                        text.push_str(&self.operand(name, value, self.windows())?);
                    }
                    Some(value) => text.push_str(value),
                },
            }
        }
        Ok(text)
    }

    fn windows(self) -> bool {
        self.place.platform == "windows"
    }

    fn script(self, shell: Shell, script: &Template) -> Result<String, FillError> {
        let mut text = String::new();
        for piece in script.pieces() {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Input(name) => {
                    let Some(value) = self.values.get(name) else {
                        text.push_str(&format!("{{{name}}}"));
                        continue;
                    };
                    let operand = match stands_unguarded(&text) {
                        true => self.operand(name, value, shell != Shell::Sh)?,
                        false => value.clone(),
                    };
                    let word =
                        word(shell, &operand).map_err(|what| unquotable(name, what, shell))?;
                    text.push_str(&word);
                }
            }
        }
        Ok(text)
    }

    /// A value that stands where an option could.
    fn operand(self, name: &str, value: &str, slash: bool) -> Result<String, FillError> {
        let sign = match value.chars().next() {
            Some('-') if value != "-" => '-',
            Some('/') if slash => '/',
            _ => return Ok(value.to_owned()),
        };
        if sign == '-' && self.is_path(name) {
            return Ok(format!("./{value}"));
        }
        Err(FillError::Option {
            input: name.to_owned(),
            value: value.to_owned(),
            sign,
        })
    }

    fn is_path(self, name: &str) -> bool {
        const PATHS: [&str; 5] = ["path", "file", "directory", "folder", "filename"];
        let mut inputs = self.place.required.iter().chain(self.place.optional);
        let kind = inputs
            .find(|it| it.name == name)
            .and_then(|it| it.kind.as_deref());
        kind.is_some_and(|kind| PATHS.contains(&kind))
    }
}

/// Whether a word that begins here could be read as an option: it is a word of its own, and no `--`
/// stands before it in the same command.
fn stands_unguarded(before: &str) -> bool {
    let begins = before
        .chars()
        .next_back()
        .is_none_or(|it| it.is_whitespace() || ";|&(".contains(it));
    let command = before
        .rsplit([';', '|', '&', '\n', '('])
        .next()
        .unwrap_or_default();
    begins && !command.split_whitespace().any(|it| it == "--")
}

fn unquotable(name: &str, what: &'static str, shell: Shell) -> FillError {
    FillError::Unquotable {
        input: name.to_owned(),
        what,
        shell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn inputs(names: &[&str], kind: Option<&str>) -> Vec<Input> {
        let input = |name: &&str| Input {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
            default: None,
        };
        names.iter().map(input).collect()
    }

    fn values(given: &[(&str, &str)]) -> Values {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        given.iter().map(owned).collect()
    }

    fn filled(
        invocation: Value,
        given: &[(&str, &str)],
        platform: &str,
    ) -> Result<String, FillError> {
        let invocation: Invocation = serde_json::from_value(invocation).unwrap();
        let place = Place {
            required: &inputs(&["path"], Some("path")),
            optional: &inputs(&["depth", "name"], None),
            platform,
        };
        Ok(fill(&invocation, &values(given), place)?.typed(platform))
    }

    #[test]
    fn a_nested_list_falls_away_with_its_input() {
        let du = json!({"argv": ["du", "-s", ["--max-depth", "{depth}"], "{path}"]});
        let typed = |given: &[(&str, &str)]| filled(du.clone(), given, "linux").unwrap();
        assert_eq!(typed(&[("path", "/var")]), "du -s /var");
        assert_eq!(
            typed(&[("path", "/a b"), ("depth", "2")]),
            "du -s --max-depth 2 '/a b'"
        );
        assert_eq!(typed(&[("depth", "2")]), "du -s --max-depth 2 '{path}'");
    }

    #[test]
    fn a_value_is_no_option() {
        let option = |invocation: Value, name: &str, value: &str| {
            filled(invocation, &[(name, value)], "linux")
        };
        let plain = json!({"argv": ["kill", "{name}"]});
        assert!(option(plain.clone(), "name", "-1").is_err());
        assert_eq!(option(plain, "name", "-").unwrap(), "kill -");
        let guarded = json!({"argv": ["rm", "--", "{name}"]});
        assert_eq!(option(guarded, "name", "-rf").unwrap(), "rm -- -rf");
        let value = json!({"argv": ["head", ["-n", "{depth}"]]});
        assert_eq!(option(value, "depth", "-5").unwrap(), "head -n -5");
        let glued = json!({"argv": ["grep", "--file={name}"]});
        assert_eq!(option(glued, "name", "-x").unwrap(), "grep --file=-x");
        let path = json!({"argv": ["cat", "{path}"]});
        assert_eq!(option(path, "path", "-x").unwrap(), "cat ./-x");
        let script = json!({"shell": "sh", "script": "true -- a; kill {name} | cat"});
        assert!(option(script, "name", "-1").is_err());
        let script = json!({"shell": "sh", "script": "rm -- {name}"});
        assert_eq!(option(script, "name", "-r f").unwrap(), "rm -- '-r f'");
        let windows = json!({"argv": ["del", "{name}"]});
        assert!(filled(windows, &[("name", "/s")], "windows").is_err());
    }

    #[test]
    fn what_is_typed_is_quoted_for_its_shell() {
        let given = [("name", "a'b $x")];
        let typed =
            |invocation: Value, platform: &str| filled(invocation, &given, platform).unwrap();
        let argv = json!({"argv": ["Get-Item", "{name}"]});
        assert_eq!(typed(argv.clone(), "linux"), "Get-Item 'a'\\''b $x'");
        assert_eq!(typed(argv, "windows"), "Get-Item 'a''b $x'");
        let script = json!({"shell": "cmd", "script": "dir {name}"});
        assert_eq!(typed(script.clone(), "windows"), "dir \"a'b $x\"");
        let error = filled(script, &[("name", "%x%")], "windows").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the value of `name` holds a percent sign, which cmd cannot take"
        );
    }
}
