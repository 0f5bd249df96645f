//! The JSON Schema of a definition, and its findings in plain words at their places.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::expression::nearest;
use crate::format::node::{Kind, Node, Style};
use crate::format::{Problem, Span, describe};

use super::fields;

/// The schema, as `toolcat schema` prints it.
pub const TOOL_SCHEMA: &str = include_str!("../../schemas/tool.schema.json");

/// The schema, compiled once. It refers to nothing outside itself, and nothing is ever fetched.
static VALIDATOR: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(TOOL_SCHEMA).map_err(|error| error.to_string())?;
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .with_pattern_options(PatternOptions::regex())
        .build(&schema)
        .map_err(|error| error.to_string())
});

/// The most findings in one definition; more say nothing new.
const MOST: usize = 10_000;

/// Whether the schema has nothing against a definition.
pub(super) fn admits(value: &Value) -> bool {
    VALIDATOR
        .as_ref()
        .is_ok_and(|validator| validator.is_valid(value))
}

/// Checks a definition against the schema.
pub(super) fn check(value: &Value, node: &Node, problems: &mut Vec<Problem>) {
    match &*VALIDATOR {
        Ok(validator) => {
            if validator.is_valid(value) {
                return;
            }
            problems.extend(
                validator
                    .iter_errors(value)
                    .take(MOST)
                    .map(|error| problem(&error, node)),
            );
        }
        Err(error) => problems.push(Problem::new(
            "schema/other",
            node.span,
            format!("the schema itself cannot be used: {error}"),
        )),
    }
}

fn problem(error: &ValidationError<'_>, root: &Node) -> Problem {
    let path: Vec<String> = error
        .instance_path()
        .segments()
        .map(|segment| segment.to_string())
        .collect();
    let (node, key) = root.locate(&path).unwrap_or((
        root,
        root.entries().first().map_or(root.span, |it| it.key_span),
    ));
    let pointer = error.instance_path().as_str().to_owned();
    let name = match path.as_slice() {
        [] => "the definition".to_owned(),
        [.., list, index]
            if root
                .locate(&path[..path.len() - 1])
                .is_some_and(|it| it.0.is_list()) =>
        {
            let number = index.parse::<usize>().map_or(0, |it| it + 1);
            format!("item {number} of `{list}`")
        }
        [.., name] => format!("`{}`", shorten(name)),
    };
    let field = path.last().map_or("", String::as_str);
    let found = Finding {
        node,
        key,
        name: &name,
        field,
        path: &path,
    };
    found.problem(error.kind()).at(pointer)
}

struct Finding<'a> {
    node: &'a Node,
    key: Span,
    /// What the value is called in messages.
    name: &'a str,
    /// Its key.
    field: &'a str,
    path: &'a [String],
}

impl Finding<'_> {
    fn problem(&self, kind: &ValidationErrorKind) -> Problem {
        let name = self.name;
        let here = |rule, message: String| Problem::new(rule, self.node.span, message);
        match kind {
            ValidationErrorKind::Required { property } => {
                self.missing(property.as_str().unwrap_or_default())
            }
            ValidationErrorKind::Type { kind } => self.wrong_type(kind),
            ValidationErrorKind::Minimum { limit } => here(
                "schema/range",
                format!("{name} is {}, but the least is {limit}", self.shown()),
            ),
            ValidationErrorKind::Maximum { limit } => here(
                "schema/range",
                format!("{name} is {}, but the most is {limit}", self.shown()),
            ),
            ValidationErrorKind::MaxLength { limit } => {
                let length = self.node.as_text().map_or(0, |it| it.chars().count());
                here(
                    "schema/length",
                    format!("{name} has {length} characters, but at most {limit} are kept"),
                )
            }
            ValidationErrorKind::MinLength { .. } => {
                here("schema/empty", format!("{name} is empty"))
            }
            ValidationErrorKind::MinProperties { .. } | ValidationErrorKind::MinItems { .. } => {
                Problem::new(
                    "schema/empty",
                    self.key,
                    format!("{name} is empty; at least one entry is needed"),
                )
            }
            ValidationErrorKind::Enum { options } => self.not_one_of(options),
            ValidationErrorKind::Pattern { .. } => here(
                "schema/name",
                bad_name(name, self.node.as_text().unwrap_or_default()),
            ),
            ValidationErrorKind::PropertyNames { error } => self.bad_key(error),
            ValidationErrorKind::FalseSchema => Problem::new(
                "schema/reserved",
                self.key,
                format!("the key {name} is reserved"),
            )
            .help("choose another name for it"),
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                self.unknown_key(unexpected)
            }
            other => here(
                "schema/other",
                format!("{name} does not fit the schema ({})", other.keyword()),
            ),
        }
    }

    /// The value as it stands in the file, shortened.
    fn shown(&self) -> String {
        match (&self.node.raw, &self.node.kind) {
            (Some(raw), _) => raw.to_string(),
            (None, Kind::Text(text)) => shorten(text),
            (None, Kind::Number(number)) => number.to_string(),
            _ => describe(self.node).to_owned(),
        }
    }

    fn missing(&self, field: &str) -> Problem {
        let keys = || self.node.entries().iter().map(|entry| entry.key.as_str());
        let near = nearest(field, keys())
            .filter(|near| !fields::known(self.path).contains(near))
            .and_then(|near| self.node.entry(near));
        let in_pattern =
            matches!(self.path, [a, _, b, _] if a == "capabilities" && b == "patterns");
        let subject = match self.path {
            [] => "the definition".to_owned(),
            path => match path {
                [_, _, _, pattern] if in_pattern => format!("the pattern `{pattern}`"),
                [_, capability] => format!("the capability `{capability}`"),
                _ => self.name.to_owned(),
            },
        };
        let problem = Problem::new(
            "schema/required",
            self.key,
            if in_pattern {
                format!("{subject} has no `{field}`, and neither have the tool's defaults")
            } else {
                format!("{subject} has no `{field}`")
            },
        );
        match near {
            Some(entry) => problem
                .help(format!(
                    "line {} has `{}`: did you mean `{field}`?",
                    entry.key_span.start.line, entry.key
                ))
                .related(entry.key_span, format!("did you mean `{field}`?")),
            None => problem,
        }
    }

    fn wrong_type(&self, kind: &TypeKind) -> Problem {
        let name = self.name;
        let wanted = wanted(kind);
        let text_is_meant = wanted.contains(&"text");
        if let Kind::Null = self.node.kind {
            let problem = Problem::new(
                "schema/type",
                if self.node.raw.as_deref().is_none_or(str::is_empty) {
                    self.key
                } else {
                    self.node.span
                },
                format!("{name} has no value; {} is needed", either(&wanted)),
            );
            return problem.help(if self.is_required() {
                "give it a value".to_owned()
            } else {
                format!("remove {name} if it does not apply")
            });
        }
        let problem = Problem::new(
            "schema/type",
            self.node.span,
            format!(
                "{name} is {}, but {} is needed",
                described(self.node),
                either(&wanted)
            ),
        );
        match (&self.node.kind, &self.node.raw) {
            (Kind::Number(_) | Kind::Bool(_), Some(raw)) if text_is_meant => {
                problem.help(format!("quote it: '{raw}'"))
            }
            (Kind::Text(text), _) if wanted == ["a boolean"] => match text.as_str() {
                "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
                    problem.help("write true")
                }
                "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
                    problem.help("write false")
                }
                _ => problem.help("write true or false"),
            },
            (Kind::Text(text), _) if wanted.contains(&"a list") && !wanted.contains(&"text") => {
                problem.help(format!("make it a list: [{}]", shorten(text)))
            }
            (Kind::List(items), _)
                if wanted.contains(&"a map") && items.iter().all(Node::is_map) =>
            {
                problem.help("give each item a name and use the names as keys")
            }
            _ => problem,
        }
    }

    fn is_required(&self) -> bool {
        let field = self.field;
        match self.path.len() {
            1 => [
                "tool_name",
                "version",
                "description",
                "platform",
                "category",
                "capabilities",
            ]
            .contains(&field),
            3 => ["description", "patterns"].contains(&field),
            5 => true,
            _ => false,
        }
    }

    fn not_one_of(&self, options: &Value) -> Problem {
        let choices: Vec<&str> = options
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let problem = Problem::new(
            "schema/enum",
            self.node.span,
            format!(
                "{} is {}, but it must be one of {}",
                self.name,
                self.shown(),
                choices.join(", ")
            ),
        );
        match nearest(
            self.node.as_text().unwrap_or_default(),
            choices.iter().copied(),
        ) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        }
    }

    fn unknown_key(&self, unexpected: &[String]) -> Problem {
        let key = unexpected.first().map_or("", String::as_str);
        let known = fields::known(self.path);
        let span = self.node.entry(key).map_or(self.key, |it| it.key_span);
        let problem = Problem::new(
            "schema/key",
            span,
            format!("{} has no key `{}`", self.name, shorten(key)),
        );
        let missing = known
            .iter()
            .copied()
            .filter(|it| self.node.get(it).is_none());
        problem.help(match nearest(key, missing) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it takes {}", known.join(", ")),
        })
    }

    fn bad_key(&self, error: &ValidationError<'_>) -> Problem {
        let key = error.instance().as_str().unwrap_or_default();
        let span = self.node.entry(key).map_or(self.key, |it| it.key_span);
        match error.kind() {
            ValidationErrorKind::MaxLength { limit } => Problem::new(
                "schema/length",
                span,
                format!(
                    "the name `{}` has {} characters, but at most {limit} are kept",
                    shorten(key),
                    key.chars().count()
                ),
            ),
            ValidationErrorKind::MinLength { .. } => Problem::new(
                "schema/empty",
                span,
                format!("a name in {} is empty", self.name),
            ),
            _ => Problem::new("schema/name", span, bad_name(self.name, key)),
        }
    }
}

fn bad_name(field: &str, text: &str) -> String {
    match text.chars().find(|c| c.is_control()) {
        Some(c) => format!(
            "a name in {field} holds the control character {}",
            c.escape_unicode()
        ),
        None => format!("a name in {field} is blank"),
    }
}

/// The first part of a long text, for messages.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST).chain(['…']).collect()
    }
}

fn described(node: &Node) -> String {
    match (&node.kind, &node.raw) {
        (Kind::Number(_), Some(raw)) => format!("the number {raw}"),
        (Kind::Bool(_), Some(raw)) => format!("the boolean {raw}"),
        (Kind::Text(text), _) if node.style == Style::Plain => {
            format!("the text {}", shorten(text))
        }
        (Kind::Text(text), _) => format!("the text '{}'", shorten(text)),
        _ => describe(node).to_owned(),
    }
}

fn wanted(kind: &TypeKind) -> Vec<&'static str> {
    let word = |name: &str| match name {
        "string" => "text",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "a boolean",
        "array" => "a list",
        "object" => "a map",
        _ => "nothing",
    };
    match kind {
        TypeKind::Single(single) => vec![word(&single.to_string())],
        TypeKind::Multiple(several) => several.iter().map(|it| word(&it.to_string())).collect(),
    }
}

fn either(wanted: &[&str]) -> String {
    wanted.join(" or ")
}
