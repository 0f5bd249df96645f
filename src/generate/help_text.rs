//! Reading a command's help text: by rules that hold for GNU programs, BusyBox, clap, argparse,
//! click, cobra, git, kubectl, pip, systemd and getopt users. What the rules do not find is left to
//! the person.

mod option;
mod prose;
mod usage;

use serde_json::{Value, json};

use super::fill::Answers;
use option::columns;
pub use prose::{first_sentence, only_errors};

/// What a help text or a manual page says about a command.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Described {
    /// The command's name.
    pub name: String,
    /// What it does, in a sentence; empty if nothing says so.
    pub description: String,
    /// Its arguments and options.
    pub inputs: Vec<Input>,
    /// Its subcommands and what they do.
    pub subcommands: Vec<(String, String)>,
    /// Command lines that are shown.
    pub examples: Vec<String>,
    /// The arguments that the first way of calling it needs.
    pub first_form: Vec<String>,
}

/// An argument or option.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// Its name, without dashes.
    pub name: String,
    /// How it is written: `-a, --all`; empty for an argument.
    pub flag: String,
    /// `string`, `integer` or `boolean`.
    pub kind: &'static str,
    /// What it is.
    pub description: String,
    /// The value that it has if none is given, as the help text says it.
    pub default: Option<Value>,
    /// Whether the command cannot run without it.
    pub required: bool,
}

/// The most use cases that are drafted.
const USE_CASES: usize = 5;

/// Reads a help text.
pub fn read(name: &str, text: &str) -> Described {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let (usage, rest) = usage::read(name, &lines);
    let mut described = Described {
        name: name.to_owned(),
        description: prose::description(name, &rest),
        inputs: usage.arguments(name),
        first_form: usage.first_form(name),
        ..Described::default()
    };
    let mut section = Section::Other;
    let mut index = 0;
    while index < rest.len() {
        let line = rest[index];
        index += 1;
        if let Some(heading) = heading(line) {
            section = Section::of(&heading);
            continue;
        }
        let trimmed = line.trim_start();
        if trimmed.starts_with('-') && line.len() - trimmed.len() <= 12 {
            let spelled = option::divide(trimmed);
            let body = continuation(&rest, &mut index, line, spelled.about.clone());
            if let Some(input) = option::read(&spelled, &body) {
                add(&mut described.inputs, input);
            }
        } else if section == Section::Commands && line.starts_with(' ') {
            if let Some((spelling, _)) = columns(trimmed) {
                let about = beside(trimmed);
                let about = continuation(&rest, &mut index, line, about);
                let word = spelling.split_whitespace().next().unwrap_or_default();
                let word = word.trim_matches(['[', ']', ',', ':']).to_owned();
                described.subcommands.push((word, about));
            }
        } else if section == Section::Arguments && line.starts_with(' ') {
            let body = continuation(&rest, &mut index, line, beside(trimmed));
            argument(trimmed, &body, &usage, &mut described.inputs);
        } else if section == Section::Examples && !trimmed.is_empty() {
            described.examples.extend(example(name, trimmed));
        }
    }
    described
}

/// What the second column of a line says.
fn beside(line: &str) -> String {
    columns(line).map_or(String::new(), |(_, about)| about)
}

/// The command line in a line of examples.
fn example(name: &str, line: &str) -> Option<String> {
    let command = line.trim_start_matches(['$', '>', '%', '#']).trim_start();
    let first = command.split_whitespace().next()?;
    let is_own = name.split_whitespace().next() == Some(first)
        || name.split_whitespace().last() == Some(first);
    is_own.then(|| command.to_owned())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Commands,
    Arguments,
    Examples,
    Other,
}

impl Section {
    fn of(heading: &str) -> Self {
        let heading = heading.to_lowercase();
        if heading.contains("command") {
            Section::Commands
        } else if heading.contains("positional") || heading.starts_with("argument") {
            Section::Arguments
        } else if heading.starts_with("example") {
            Section::Examples
        } else {
            Section::Other
        }
    }
}

/// A line such as `Options:` or `EXAMPLES` at the margin.
fn heading(line: &str) -> Option<String> {
    if line.is_empty() || line.starts_with(' ') || line.chars().count() > 50 {
        return None;
    }
    let capitals = line.chars().any(char::is_alphabetic) && !line.chars().any(char::is_lowercase);
    let title = line.strip_suffix(':').or(capitals.then_some(line))?;
    Some(title.to_owned())
}

/// The description of an option: what stands beside it, and in the lines below that stand further
/// in.
fn continuation(lines: &[&str], index: &mut usize, line: &str, beside: String) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(line);
    let mut body = String::new();
    prose::join(&mut body, &beside);
    let mut blank = 0;
    while let Some(next) = lines.get(*index) {
        let trimmed = next.trim_start();
        if trimmed.is_empty() {
            blank += 1;
            // Manual pages put a blank line after each description.
            if blank > 1 || !body.is_empty() {
                break;
            }
            *index += 1;
            continue;
        }
        if indent(next) <= own || (trimmed.starts_with('-') && indent(next) <= own + 4) {
            break;
        }
        prose::join(&mut body, trimmed);
        *index += 1;
    }
    first_sentence(&body)
}

/// An argument from its own section, which describes what the usage named.
fn argument(line: &str, body: &str, usage: &usage::Usage, inputs: &mut Vec<Input>) {
    let left = columns(line).map_or(line.to_owned(), |(left, _)| left);
    if left.starts_with('{') {
        // A choice of subcommands.
        return;
    }
    let plain = left.trim_matches(|c: char| !c.is_alphanumeric());
    if plain.is_empty() || plain.contains(char::is_whitespace) {
        return;
    }
    let name = identifier(&plain.to_lowercase());
    match inputs.iter_mut().find(|it| it.name == name) {
        Some(input) if !body.is_empty() => body.clone_into(&mut input.description),
        Some(_) => {}
        None => inputs.push(Input {
            required: usage.requires(&name).unwrap_or(!left.starts_with('[')),
            name,
            kind: "string",
            description: body.to_owned(),
            ..Input::default()
        }),
    }
}

/// Adds an option. An argument of the same name gives way, for the option is called by it.
fn add(inputs: &mut Vec<Input>, input: Input) {
    let taken = inputs.iter_mut().find(|it| it.name == input.name);
    match taken {
        Some(present) if !present.flag.is_empty() => return,
        Some(argument) => argument.name.push_str("_argument"),
        None => {}
    }
    inputs.push(input);
}

/// Letters, digits and `_`, as a variable of an expression may be called.
pub fn identifier(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| {
            if c.is_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    name.split('_')
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

fn small(text: &str) -> String {
    let mut characters = text.chars();
    match (characters.next(), text.chars().nth(1)) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => text.to_owned(),
    }
}

impl Described {
    /// Jobs it can be used for: what it does, what its subcommands do, what its options add.
    pub fn use_cases(&self) -> Vec<String> {
        let mut cases: Vec<String> = Vec::new();
        let subcommands = self.subcommands.iter().map(|(_, about)| about.as_str());
        let options = self
            .inputs
            .iter()
            .filter(|it| !it.flag.is_empty())
            .map(|it| it.description.as_str());
        let sources = std::iter::once(self.description.as_str())
            .chain(subcommands)
            .chain(options);
        for source in sources {
            let case = small(first_sentence(source).trim());
            let words = case.split_whitespace().count();
            let fits = (2..=16).contains(&words)
                && !case.contains([';', '(', '\'', '"'])
                && !case.contains("--");
            if fits && !cases.contains(&case) {
                cases.push(case);
            }
            if cases.len() == USE_CASES {
                break;
            }
        }
        cases
    }

    /// Answers to the questions of the template for commands.
    pub fn answers(&self) -> Answers {
        let slug = identifier(&self.name);
        let mut answers = Answers::new();
        let mut put = |name: &str, value: String| {
            let value: String = value
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            if !value.trim().is_empty() {
                answers.insert(name.to_owned(), value);
            }
        };
        let description = match self.description.as_str() {
            "" => format!("Run {}", self.name),
            text => capital(text),
        };
        put("tool_name", self.name.clone());
        // Nothing says what it does to what it is run on.
        put("production_safe", "false".to_owned());
        put("tags", slug.replace('_', ", "));
        put("capability", slug.clone());
        put("pattern_description", description.clone());
        put("description", description);
        let cases = match self.use_cases() {
            cases if cases.is_empty() => vec![format!("run {}", self.name)],
            cases => cases,
        };
        put("use_cases", format!("{};", cases.join("; ")));
        put(
            "example",
            self.examples
                .first()
                .cloned()
                .unwrap_or_else(|| self.command_line()),
        );
        answers
    }

    /// The shortest command line: the name and what it cannot run without.
    fn command_line(&self) -> String {
        let required = self.inputs.iter().filter(|it| it.required);
        let needed: Vec<String> = match self.first_form.as_slice() {
            [] => required.map(|it| it.name.clone()).collect(),
            first => first.to_vec(),
        };
        let mut line = self.name.clone();
        for name in needed {
            line.push_str(&format!(" {}", name.to_uppercase()));
        }
        line
    }

    /// Values at places of the template's definition: the inputs that were found.
    pub fn places(&self) -> Vec<(String, Value)> {
        const PATTERN: &str = "capabilities.{{capability}}.patterns.{{pattern}}";
        let inputs = |required: bool| -> Value {
            self.inputs
                .iter()
                .filter(|it| it.required == required)
                .map(Input::to_value)
                .collect()
        };
        vec![
            ("status".to_owned(), "testing".into()),
            (format!("{PATTERN}.required_inputs"), inputs(true)),
            (format!("{PATTERN}.optional_inputs"), inputs(false)),
        ]
    }
}

impl Input {
    fn to_value(&self) -> Value {
        let mut value = json!({"name": self.name, "type": self.kind});
        if !self.description.is_empty() {
            value["description"] = self.description.as_str().into();
        }
        if !self.flag.is_empty() {
            value["flag"] = self.flag.as_str().into();
        }
        if let Some(default) = &self.default {
            value["default"] = default.clone();
        }
        value
    }
}

#[cfg(test)]
mod tests;
