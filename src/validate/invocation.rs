//! The way a pattern is run: does each input have its place, and can no value leave it?

use std::collections::BTreeSet;

use crate::definition::invocation::{Shell, Template};
use crate::expression::{Condition, Expression, nearest};
use crate::format::node::{Entry, Kind, Node, pointer};
use crate::format::{Problem, Span};

use super::expressions::{ESTIMATES, input_name, patterns};
use super::schema::shorten;

/// Checks the invocation of every pattern. What the schema finds is not found again.
pub(super) fn check(root: &Node, problems: &mut Vec<Problem>) {
    for (place, node) in patterns(root) {
        let pattern = Pattern {
            own: node,
            defaults: root.get("defaults"),
            place,
        };
        if pattern.field("invocation").is_some_and(Node::is_map) {
            pattern.check(problems);
        }
    }
}

/// A pattern, and the values that it may take from the tool's defaults.
struct Pattern<'a> {
    own: &'a Node,
    defaults: Option<&'a Node>,
    place: String,
}

/// A text with its place.
struct Part<'a> {
    text: &'a str,
    span: Span,
    place: String,
    /// Whether it falls away where an input is missing.
    nested: bool,
}

impl<'a> Pattern<'a> {
    fn field(&self, name: &str) -> Option<&'a Node> {
        self.own.get(name).or_else(|| self.defaults?.get(name))
    }

    /// A key of the invocation, which is merged key by key, and its JSON pointer.
    fn entry(&self, key: &str) -> Option<(&'a Entry, String)> {
        let own = self.own.get("invocation").and_then(|it| it.entry(key));
        match own {
            Some(entry) => Some((entry, format!("{}/invocation/{key}", self.place))),
            None => {
                let entry = self.defaults?.get("invocation")?.entry(key)?;
                Some((entry, format!("/defaults/invocation/{key}")))
            }
        }
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        let (argv, shell, script) = (
            self.entry("argv"),
            self.entry("shell"),
            self.entry("script"),
        );
        let parts = match (argv, shell, script) {
            (Some((argv, place)), None, None) => {
                program(&argv.value, &place, problems);
                arguments(&argv.value, &place)
            }
            (None, Some(_), Some((script, place))) => match script.value.as_text() {
                Some(text) => vec![Part {
                    text,
                    span: script.value.span,
                    place,
                    nested: false,
                }],
                None => return,
            },
            (argv, shell, script) => {
                let given = [&argv, &shell, &script];
                problems.push(self.wrong_command(&given.map(Option::is_some)));
                return;
            }
        };
        self.placeholders(&parts, problems);
    }

    fn wrong_command(&self, given: &[bool; 3]) -> Problem {
        let (message, help) = match given {
            [false, false, false] => ("says nothing of what is run", "give it `argv`"),
            [true, ..] => (
                "has both `argv` and a script",
                "keep one of them: `argv`, or `shell` with `script`",
            ),
            [_, true, _] => ("names a shell, but has no `script`", "give it a `script`"),
            _ => (
                "has a script, but names no shell",
                "give it `shell: sh`, `powershell` or `cmd`",
            ),
        };
        let span = self
            .own
            .entry("invocation")
            .or_else(|| self.defaults?.entry("invocation"))
            .map_or(self.own.span, |it| it.key_span);
        Problem::new(
            "invocation/command",
            span,
            format!("the invocation {message}"),
        )
        .at(format!("{}/invocation", self.place))
        .help(help)
    }

    /// The names of the inputs in a list of the pattern.
    fn inputs(&self, field: &str) -> Vec<(&'a str, &'a Node)> {
        let items = self.field(field).map(Node::items).unwrap_or_default();
        let named = items.iter().filter_map(|it| Some((input_name(it)?, it)));
        named.collect()
    }

    fn placeholders(&self, parts: &[Part<'_>], problems: &mut Vec<Problem>) {
        let required = self.inputs("required_inputs");
        let optional = self.inputs("optional_inputs");
        let is_in = |inputs: &[(&str, &Node)], name: &str| inputs.iter().any(|it| it.0 == name);
        let is_script = self.entry("script").is_some();
        let mut placed = BTreeSet::new();
        let before = problems.len();
        for part in parts {
            let template: Template = match part.text.parse() {
                Ok(template) => template,
                Err(error) => {
                    problems.push(
                        part.problem(
                            "invocation/placeholder",
                            format!("{}: {error}", part.named()),
                        )
                        .help("write a brace that is meant itself twice: `{{` or `}}`"),
                    );
                    continue;
                }
            };
            if let Some((name, why)) = self.misplaced(&template) {
                problems.push(
                    part.problem(
                        "invocation/quoting",
                        format!("`{{{name}}}` cannot be filled in safely: {why}"),
                    )
                    .help("a value is filled in as one quoted word: let it stand as a word of its own"),
                );
            }
            for name in template.inputs() {
                placed.insert(name.to_owned());
                if is_in(&required, name) {
                    continue;
                }
                if !is_in(&optional, name) {
                    let known = required.iter().chain(&optional).map(|it| it.0);
                    problems.push(part.unknown(name, nearest(name, known)));
                } else if !part.nested {
                    problems.push(part.optional(name, is_script));
                }
            }
        }
        if problems.len() == before {
            self.unplaced(&required, &placed, problems);
        }
    }

    fn misplaced<'t>(&self, template: &'t Template) -> Option<(&'t str, &'static str)> {
        let shell = match self.entry("shell")?.0.value.as_text()? {
            "sh" => Shell::Sh,
            "powershell" => Shell::PowerShell,
            "cmd" => Shell::Cmd,
            _ => return None,
        };
        shell.misplaced(template)
    }

    /// Required inputs that the command has no place for, and that are not there for the estimates.
    fn unplaced(
        &self,
        required: &[(&str, &Node)],
        placed: &BTreeSet<String>,
        problems: &mut Vec<Problem>,
    ) {
        let variables = self.variables();
        for (name, node) in required {
            if placed.contains(*name) || variables.contains(*name) {
                continue;
            }
            let span = node.get("name").map_or(node.span, |it| it.span);
            problems.push(
                Problem::new(
                    "invocation/input",
                    span,
                    format!("`{name}` is required, but the invocation has no place for it"),
                )
                .at(format!("{}/required_inputs", self.place))
                .help(format!(
                    "write `{{{name}}}` where its value belongs, or make it an optional input"
                )),
            );
        }
    }

    /// The variables of the estimates and of the condition: `N` is required by them, not by the command.
    fn variables(&self) -> BTreeSet<String> {
        let estimates = ESTIMATES
            .iter()
            .filter_map(|field| Expression::parse(self.field(field)?.as_text()?).ok());
        let mut names: BTreeSet<String> = estimates
            .flat_map(|it| it.variables().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let condition = |holder: &Node| -> Option<Condition> {
            let text = holder.get("policy")?.get("requires_background_if")?;
            Condition::parse(text.as_text()?).ok()
        };
        if let Some(condition) = condition(self.own).or_else(|| condition(self.defaults?)) {
            names.extend(condition.variables().map(str::to_owned));
        }
        names
    }
}

impl Part<'_> {
    fn problem(&self, rule: &'static str, message: String) -> Problem {
        Problem::new(rule, self.span, message).at(self.place.as_str())
    }

    fn named(&self) -> String {
        format!("`{}`", shorten(self.text))
    }

    fn unknown(&self, name: &str, near: Option<&str>) -> Problem {
        let problem = self.problem(
            "invocation/placeholder",
            format!("`{{{name}}}` is not an input of the pattern"),
        );
        problem.help(match near {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => format!(
                "name it in required_inputs or optional_inputs, or write `{{{{{name}}}}}` if the \
                 braces are meant"
            ),
        })
    }

    fn optional(&self, name: &str, is_script: bool) -> Problem {
        let problem = self.problem(
            "invocation/placeholder",
            format!("`{name}` is optional, but the command does not do without it"),
        );
        if is_script {
            problem.help("make it a required input, or use `argv`, where a nested list falls away")
        } else {
            problem.help(format!(
                "put it in a nested list, which falls away without it: [--option, \"{{{name}}}\"]"
            ))
        }
    }
}

/// The program that an argument vector runs.
fn program(argv: &Node, place: &str, problems: &mut Vec<Problem>) {
    let Some(first) = argv.items().first() else {
        return;
    };
    let name = first.as_text().and_then(|it| it.parse::<Template>().ok());
    let is_name = |it: &Template| it.is_literal() && !it.to_string().trim().is_empty();
    let wrong = match (&first.kind, name) {
        (Kind::List(_), _) => true,
        (Kind::Text(_), Some(template)) => !is_name(&template),
        _ => false,
    };
    if wrong {
        problems.push(
            Problem::new(
                "invocation/command",
                first.span,
                "the first argument is the program, and no input can stand for it",
            )
            .at(pointer(place, "0"))
            .help("name the program that is run"),
        );
    }
}

/// Every text of an argument vector.
fn arguments<'a>(argv: &'a Node, place: &str) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for (index, item) in argv.items().iter().enumerate() {
        let place = format!("{place}/{index}");
        if let Some(text) = item.as_text() {
            parts.push(Part {
                text,
                span: item.span,
                place,
                nested: false,
            });
            continue;
        }
        for (inner, item) in item.items().iter().enumerate() {
            parts.extend(item.as_text().map(|text| Part {
                text,
                span: item.span,
                place: format!("{place}/{inner}"),
                nested: true,
            }));
        }
    }
    parts
}
