//! Reading a command's help text: by rules that hold for GNU programs, BusyBox, clap, argparse,
//! click, cobra and getopt users. What the rules do not find is left to the person.

use serde_json::{Value, json};

use super::fill::Answers;

/// What a help text or a manual page says about a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// The command's name.
    pub name: String,
    /// What it does, in a sentence; empty where nothing says so.
    pub description: String,
    /// Its arguments and options.
    pub inputs: Vec<Input>,
    /// Its subcommands and what they do.
    pub subcommands: Vec<(String, String)>,
    /// Command lines that are shown.
    pub examples: Vec<String>,
}

/// An argument or option.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    /// Its name, without dashes.
    pub name: String,
    /// How it is written: `-a, --all`; empty for an argument.
    pub flag: String,
    /// `string`, `integer` or `boolean`.
    pub kind: &'static str,
    /// What it is.
    pub description: String,
    /// Whether the command cannot run without it.
    pub required: bool,
}

/// The most use cases that are drafted.
const USE_CASES: usize = 5;

/// Reads a help text.
pub fn read(name: &str, text: &str) -> Described {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let (usage, rest) = usage(&lines);
    let mut described = Described {
        name: name.to_owned(),
        description: description(name, &rest),
        ..Described::default()
    };
    described.inputs = arguments(name, &usage);
    let last_word = name.split_whitespace().last().unwrap_or(name);
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
            let body = continuation(&rest, &mut index, line);
            if let Some(input) = option(trimmed, &body) {
                add(&mut described.inputs, input);
            }
        } else if section == Section::Commands && line.starts_with(' ') {
            if let Some((name, about)) = columns(trimmed) {
                described.subcommands.push((name, about));
            }
        } else if section == Section::Arguments && line.starts_with(' ') {
            let body = continuation(&rest, &mut index, line);
            argument(trimmed, &body, &mut described.inputs);
        } else if section == Section::Examples && !trimmed.is_empty() {
            let command = trimmed
                .trim_start_matches(['$', '>', '%', '#'])
                .trim_start();
            if command.split_whitespace().next() == name.split_whitespace().next()
                || command.split_whitespace().next() == Some(last_word)
            {
                described.examples.push(command.to_owned());
            }
        }
    }
    described
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

/// The words of the usage, without the word itself, and the other lines.
fn usage<'a>(lines: &[&'a str]) -> (Vec<String>, Vec<&'a str>) {
    let Some(start) = lines
        .iter()
        .position(|line| line.trim_start().to_lowercase().starts_with("usage:"))
    else {
        return (Vec::new(), lines.to_vec());
    };
    let first = lines[start].trim_start()["usage:".len()..].trim();
    let mut words: Vec<String> = first.split_whitespace().map(str::to_owned).collect();
    let mut end = start + 1;
    while let Some(line) = lines.get(end) {
        let trimmed = line.trim_start();
        // In a first form only: `or:` introduces another way of calling it.
        let continues = line.starts_with(' ') && !trimmed.starts_with("- ") && !trimmed.is_empty();
        let is_option = trimmed.starts_with('-') && columns(trimmed).is_some();
        if !continues || is_option {
            break;
        }
        if words.is_empty() || !(trimmed.starts_with("or:") || words.iter().any(|it| it == "or:")) {
            words.extend(trimmed.split_whitespace().map(str::to_owned));
        }
        end += 1;
    }
    let mut rest = lines[..start].to_vec();
    rest.extend(&lines[end..]);
    (words, rest)
}

/// The first sentence of prose.
fn description(name: &str, lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let trimmed = line.trim();
        let prose = !trimmed.is_empty()
            && heading(line).is_none()
            && !trimmed.starts_with('-')
            && trimmed.split_whitespace().count() > 1
            && !is_version(name, trimmed);
        if prose {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(trimmed);
        } else if !text.is_empty()
            || heading(line).is_some_and(|it| Section::of(&it) != Section::Other)
            || trimmed.starts_with('-')
        {
            break;
        }
    }
    first_sentence(&text)
}

/// `curl 7.88.1 (x86_64-pc-linux-gnu) ...` says nothing about what it does.
fn is_version(name: &str, line: &str) -> bool {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    first.eq_ignore_ascii_case(name)
        && words.next().is_some_and(|it| {
            it.trim_start_matches('v')
                .starts_with(|c: char| c.is_ascii_digit())
        })
}

/// Up to the first full stop that ends a sentence.
pub fn first_sentence(text: &str) -> String {
    let end = text
        .match_indices(". ")
        .map(|(at, _)| at)
        .find(|at| !text[..*at].ends_with("e.g") && !text[..*at].ends_with("i.e"));
    let sentence = end.map_or(text, |at| &text[..at]);
    sentence.trim().trim_end_matches(['.', ':']).to_owned()
}

/// The description of an option: beside it after two blanks, and in the lines below that stand
/// further in.
fn continuation(lines: &[&str], index: &mut usize, line: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(line);
    let mut body = columns(line.trim_start()).map_or(String::new(), |(_, about)| about);
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
        if !body.is_empty() {
            body.push(' ');
        }
        body.push_str(trimmed);
        *index += 1;
    }
    first_sentence(&body)
}

/// The two columns of a line, divided by two blanks or a tab.
fn columns(line: &str) -> Option<(String, String)> {
    let at = line.find("  ").into_iter().chain(line.find('\t')).min()?;
    let (left, right) = (line[..at].trim(), line[at..].trim());
    (!left.is_empty() && !right.is_empty()).then(|| (left.to_owned(), right.to_owned()))
}

/// An option from its line: `-t, --type=TYPE`.
fn option(line: &str, body: &str) -> Option<Input> {
    let spelling = columns(line).map_or(line.to_owned(), |(left, _)| left);
    let mut name = "";
    let mut value = "";
    for part in spelling.split([',', '|']).map(str::trim) {
        let dashes = part.len() - part.trim_start_matches('-').len();
        if !(1..=2).contains(&dashes) {
            continue;
        }
        let end = part[dashes..]
            .find(['=', ' ', '[', '<'])
            .map_or(part.len(), |at| at + dashes);
        let candidate = &part[dashes..end];
        if candidate.is_empty()
            || !candidate
                .chars()
                .all(|c| c.is_alphanumeric() || "-_".contains(c))
        {
            continue;
        }
        if candidate.len() > name.len() {
            name = candidate;
        }
        if !part[end..].trim().is_empty() {
            value = part[end..].trim();
        }
    }
    if name.is_empty() || matches!(name, "help" | "h" | "version" | "V" | "?") {
        return None;
    }
    Some(Input {
        name: name.to_owned(),
        kind: kind(value),
        flag: spelling.clone(),
        description: body.to_owned(),
        required: false,
    })
}

/// What kind of value its placeholder promises.
fn kind(placeholder: &str) -> &'static str {
    const WHOLE: [&str; 14] = [
        "n", "num", "number", "count", "int", "integer", "port", "seconds", "secs", "sec", "bytes",
        "lines", "ms", "jobs",
    ];
    let word = placeholder
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    match word.as_str() {
        "" => "boolean",
        word if WHOLE.contains(&word) => "integer",
        _ => "string",
    }
}

/// The arguments in a usage: `<FILE>`, `FILE...`, `[FILE]`.
fn arguments(name: &str, usage: &[String]) -> Vec<Input> {
    let mut inputs = Vec::new();
    let mut depth = 0_i32;
    for (index, word) in usage.iter().enumerate() {
        let optional = depth > 0 || word.starts_with('[');
        let opened = word.matches('[').count();
        let closed = word.matches(']').count();
        let after_option = index
            .checked_sub(1)
            .and_then(|it| usage.get(it))
            .is_some_and(|it| it.trim_start_matches('[').starts_with('-') && !it.ends_with(']'));
        depth += i32::try_from(opened).unwrap_or(0) - i32::try_from(closed).unwrap_or(0);
        let plain = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
        let placeholder = word.contains('<')
            || (plain.chars().any(char::is_alphabetic) && !plain.chars().any(char::is_lowercase));
        let lower = plain.to_lowercase();
        let options = [
            "option",
            "options",
            "flags",
            "command",
            "subcommand",
            "args",
            "arg",
        ];
        if !placeholder
            || plain.starts_with('-')
            || after_option
            || options.contains(&lower.as_str())
            || lower == name.to_lowercase()
        {
            continue;
        }
        add(
            &mut inputs,
            Input {
                name: identifier(&lower),
                kind: match kind(plain) {
                    "boolean" => "string",
                    kind => kind,
                },
                description: format!("{} to work on", capital(&lower.replace(['_', '-'], " "))),
                flag: String::new(),
                required: !optional,
            },
        );
    }
    inputs
}

/// An argument from its own section, which describes what the usage named.
fn argument(line: &str, body: &str, inputs: &mut Vec<Input>) {
    let left = columns(line).map_or(line.to_owned(), |(left, _)| left);
    let plain = left.trim_matches(|c: char| !c.is_alphanumeric());
    if plain.is_empty() || plain.contains(char::is_whitespace) {
        return;
    }
    let name = identifier(&plain.to_lowercase());
    match inputs.iter_mut().find(|it| it.name == name) {
        Some(input) if !body.is_empty() => body.clone_into(&mut input.description),
        Some(_) => {}
        None => inputs.push(Input {
            name,
            kind: "string",
            description: body.to_owned(),
            flag: String::new(),
            required: !left.starts_with('['),
        }),
    }
}

fn add(inputs: &mut Vec<Input>, input: Input) {
    if !input.name.is_empty() && !inputs.iter().any(|it| it.name == input.name) {
        inputs.push(input);
    }
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
        let mut line = self.name.clone();
        for input in self.inputs.iter().filter(|it| it.required) {
            line.push_str(&format!(" {}", input.name.to_uppercase()));
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
        value
    }
}

#[cfg(test)]
mod tests;
