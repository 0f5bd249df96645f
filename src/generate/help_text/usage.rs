//! The usage of a command: its forms, and the arguments in them.

use super::option::{columns, kind};
use super::{Input, capital, identifier};

/// The ways of calling a command, each as words; `<a b>` is one word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    pub forms: Vec<Vec<String>>,
}

/// The usage, and the lines that are not part of it.
pub fn read<'a>(name: &str, lines: &[&'a str]) -> (Usage, Vec<&'a str>) {
    let labelled = lines
        .iter()
        .position(|line| line.trim_start().to_lowercase().starts_with("usage:"));
    let start = match labelled.or_else(|| bare(name, lines)) {
        Some(start) => start,
        None => return (Usage::default(), lines.to_vec()),
    };
    let first = match labelled {
        Some(_) => lines[start].trim_start()["usage:".len()..].trim(),
        None => lines[start].trim(),
    };
    let command = name.split_whitespace().next().unwrap_or(name);
    let mut texts = vec![first.to_owned()];
    let mut end = start + 1;
    while let Some(line) = lines.get(end) {
        let trimmed = line.trim_start();
        let continues = line.starts_with(' ') && !trimmed.starts_with("- ") && !trimmed.is_empty();
        let is_option = trimmed.starts_with('-') && columns(trimmed).is_some();
        if !continues || is_option || labelled.is_none() {
            break;
        }
        let other = trimmed
            .strip_prefix("or:")
            .or_else(|| trimmed.strip_prefix("or "));
        let again = trimmed.split_whitespace().next() == Some(command);
        let last = texts.len() - 1;
        match other {
            Some(other) => texts.push(other.trim().to_owned()),
            None if again && !texts[last].is_empty() => texts.push(trimmed.to_owned()),
            None => {
                texts[last].push(' ');
                texts[last].push_str(trimmed);
            }
        }
        end += 1;
    }
    let mut rest = lines[..start].to_vec();
    rest.extend(&lines[end..]);
    let forms = texts.iter().map(|it| words(it)).filter(|it| !it.is_empty());
    let usage = Usage {
        forms: forms.collect(),
    };
    (usage, rest)
}

/// A first line such as `systemctl [OPTIONS...] COMMAND ...`, which does not say that it is one.
fn bare(name: &str, lines: &[&str]) -> Option<usize> {
    let start = lines.iter().position(|line| !line.trim().is_empty())?;
    let rest = lines[start].strip_prefix(name)?.strip_prefix(' ')?;
    rest.starts_with(['[', '<', '{']).then_some(start)
}

/// Words, where what stands between `<` and `>` is one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(open) if open.matches('<').count() > open.matches('>').count() => {
                open.push(' ');
                open.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

impl Usage {
    /// The arguments of every form; required where each form requires it.
    pub fn arguments(&self, name: &str) -> Vec<Input> {
        let forms: Vec<Vec<Input>> = self.forms.iter().map(|it| arguments(name, it)).collect();
        let mut inputs: Vec<Input> = Vec::new();
        for input in forms.iter().flatten() {
            if inputs.iter().all(|it| it.name != input.name) {
                inputs.push(input.clone());
            }
        }
        for input in &mut inputs {
            input.required = forms
                .iter()
                .all(|form| form.iter().any(|it| it.name == input.name && it.required));
        }
        inputs
    }

    /// What the first form cannot be called without.
    pub fn first_form(&self, name: &str) -> Vec<String> {
        let first = self.forms.first().map(|it| arguments(name, it));
        let required = first.into_iter().flatten().filter(|it| it.required);
        required.map(|it| it.name).collect()
    }

    /// Whether a word stands in the usage without brackets around it, or only within; `None` if
    /// it does not stand there.
    pub fn requires(&self, name: &str) -> Option<bool> {
        let mut found = None;
        for form in &self.forms {
            let mut depth = 0;
            for word in form {
                let inside = depth > 0 || word.starts_with('[');
                depth += balance(word);
                if identifier(&word.to_lowercase()) == name {
                    found = Some(found.unwrap_or(false) || !inside);
                }
            }
        }
        found
    }
}

fn balance(word: &str) -> i32 {
    let count = |bracket| i32::try_from(word.matches(bracket).count()).unwrap_or(0);
    count('[') - count(']')
}

/// The arguments in one form: `<FILE>`, `FILE...`, `[FILE]`.
fn arguments(name: &str, form: &[String]) -> Vec<Input> {
    const OTHERS: [&str; 9] = [
        "option",
        "options",
        "flag",
        "flags",
        "command",
        "subcommand",
        "args",
        "arg",
        "arguments",
    ];
    let mut inputs: Vec<Input> = Vec::new();
    let mut depth = 0_i32;
    for (index, word) in form.iter().enumerate() {
        let optional = depth > 0 || word.starts_with('[');
        let after_option = index
            .checked_sub(1)
            .and_then(|it| form.get(it))
            .is_some_and(|it| {
                it.trim_start_matches(['[', '(', '|']).starts_with('-') && !it.ends_with(']')
            });
        depth += balance(word);
        let plain = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
        let placeholder = word.contains('<')
            || (plain.chars().any(char::is_alphabetic) && !plain.chars().any(char::is_lowercase));
        let lower = plain.to_lowercase();
        let own = name.to_lowercase().split_whitespace().any(|it| it == lower);
        if !placeholder
            || plain.starts_with('-')
            || after_option
            || OTHERS.contains(&lower.as_str())
            || own
        {
            continue;
        }
        let input = Input {
            name: identifier(&lower),
            kind: match kind(plain) {
                "boolean" => "string",
                kind => kind,
            },
            description: format!("{} to work on", capital(&lower.replace(['_', '-'], " "))),
            required: !optional,
            ..Input::default()
        };
        if !input.name.is_empty() && inputs.iter().all(|it| it.name != input.name) {
            inputs.push(input);
        }
    }
    inputs
}
