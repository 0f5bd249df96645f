//! How a pattern is run: an argument vector, or a script of a shell, with places for its inputs.

mod fill;
mod quote;
mod shell;
mod template;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use fill::{FillError, Filled, Place, Values, fill, missing};
pub use shell::Shell;
pub use template::{Piece, Template, TemplateError};

/// How a pattern is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Invocation {
    /// What is run.
    pub command: Command,
    /// Whether it needs a terminal and somebody at it.
    pub interactive: bool,
    /// Whether it runs until somebody ends it.
    pub endless: bool,
}

impl Invocation {
    /// Whether it has a place for an input.
    pub fn takes(&self, input: &str) -> bool {
        let has = |template: &Template| template.inputs().any(|it| it == input);
        match &self.command {
            Command::Argv(arguments) => arguments.iter().any(|it| it.templates().iter().any(has)),
            Command::Script(_, script) => has(script),
        }
    }
}

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A program with its arguments, without a shell.
    Argv(Vec<Argument>),
    /// A script of a shell.
    Script(Shell, Template),
}

/// A part of an argument vector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// One argument.
    One(Template),
    /// Arguments that fall away together where an input of theirs is not given.
    Group(Vec<Template>),
}

impl Argument {
    /// The arguments that it stands for.
    pub fn templates(&self) -> &[Template] {
        match self {
            Argument::One(template) => std::slice::from_ref(template),
            Argument::Group(templates) => templates,
        }
    }
}

/// The fields of an invocation as a definition has them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    argv: Option<Vec<Argument>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shell: Option<Shell>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    script: Option<Template>,
    #[serde(default, skip_serializing_if = "is_false")]
    interactive: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    endless: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl TryFrom<Written> for Invocation {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let command = match (written.argv, written.shell, written.script) {
            (Some(argv), None, None) if !argv.is_empty() => Command::Argv(argv),
            (None, Some(shell), Some(script)) => Command::Script(shell, script),
            _ => return Err("an invocation has either `argv`, or `shell` and `script`"),
        };
        Ok(Self {
            command,
            interactive: written.interactive,
            endless: written.endless,
        })
    }
}

impl From<Invocation> for Written {
    fn from(invocation: Invocation) -> Self {
        let (argv, shell, script) = match invocation.command {
            Command::Argv(argv) => (Some(argv), None, None),
            Command::Script(shell, script) => (None, Some(shell), Some(script)),
        };
        Self {
            argv,
            shell,
            script,
            interactive: invocation.interactive,
            endless: invocation.endless,
        }
    }
}

/// As a person reads it: what may fall away stands in brackets.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |templates: &[Template]| -> String {
            let texts: Vec<String> = templates.iter().map(Template::to_string).collect();
            texts.join(" ")
        };
        match &self.command {
            Command::Argv(arguments) => {
                for (index, argument) in arguments.iter().enumerate() {
                    let space = if index == 0 { "" } else { " " };
                    match argument {
                        Argument::One(template) => write!(f, "{space}{template}")?,
                        Argument::Group(group) => write!(f, "{space}[{}]", joined(group))?,
                    }
                }
                Ok(())
            }
            Command::Script(_, script) => script.fmt(f),
        }
    }
}

/// What a pattern does to what it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Looks, and changes nothing.
    Read,
    /// Makes or changes something, in a way that can be undone.
    Write,
    /// Deletes, overwrites, ends or cuts off.
    Destroy,
}

impl Effect {
    /// The name used in files and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Read => "read",
            Effect::Write => "write",
            Effect::Destroy => "destroy",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<Invocation, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_again() {
        for written in [
            json!({"argv": ["du", "-s", "{path}", ["--max-depth", "{depth}"]]}),
            json!({"shell": "sh", "script": "tar -c {path} | zstd -o {target}", "endless": true}),
            json!({"argv": ["awk", "{{print $1}}", "a{x}b{y}"], "interactive": true}),
        ] {
            let invocation = read(written.clone()).unwrap();
            assert_eq!(serde_json::to_value(invocation).unwrap(), written);
        }
    }

    #[test]
    fn it_is_shown_as_a_person_reads_it() {
        let invocation = read(json!({"argv": ["du", "-s", ["-d", "{depth}"], "{path}"]})).unwrap();
        assert_eq!(invocation.to_string(), "du -s [-d {depth}] {path}");
    }

    #[test]
    fn what_is_not_a_way_of_running_is_refused() {
        for wrong in [
            json!({}),
            json!({"argv": []}),
            json!({"argv": ["a"], "shell": "sh", "script": "a"}),
            json!({"shell": "sh"}),
            json!({"script": "a"}),
            json!({"shell": "fish", "script": "a"}),
            json!({"argv": ["a"], "args": []}),
            json!({"argv": [[["a"]]]}),
            json!({"argv": ["a", "{b"]}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
