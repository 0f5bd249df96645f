//! A template: a definition with gaps, and the questions whose answers fill them.
//!
//! A template is a YAML definition. Comment lines of the form
//! `# ask NAME | QUESTION? | default: X | check: KIND` are its questions, in their order, and
//! `{{NAME}}` stands where the answer goes. The first comment that is not a question says what the
//! template is for.

use serde_json::Value;

use crate::definition::Document;
use crate::format::{self, Format, Source};

use super::answer::Check;

/// A definition with gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Its name, which is its file's without the ending.
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// What has to be answered, in order.
    pub questions: Vec<Question>,
    /// The definition, with `{{NAME}}` in the gaps.
    pub body: Document,
}

/// A gap and what to ask for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The name of the gap.
    pub name: String,
    /// What is asked.
    pub text: String,
    /// The answer that is taken if none is given; empty if it cannot be guessed.
    pub default: String,
    /// What an answer must be.
    pub check: Check,
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template {name}: {message}")]
pub struct TemplateError {
    /// The template.
    pub name: String,
    /// What is wrong, with the line if there is one.
    pub message: String,
}

impl Question {
    /// Whether a person should be asked: if nothing can be guessed, and for estimates, where a
    /// guess is worth a look.
    pub fn is_essential(&self) -> bool {
        self.default.is_empty() || self.check == Check::Expression
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// If a question cannot be read, a gap has no question, or the body is not a definition.
    pub fn parse(name: &str, text: &str) -> Result<Self, TemplateError> {
        let failed = |message: String| TemplateError {
            name: name.to_owned(),
            message,
        };
        let mut about = String::new();
        let mut questions: Vec<Question> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let Some(comment) = line.strip_prefix('#').map(str::trim) else {
                continue;
            };
            match comment.strip_prefix("ask ") {
                Some(rest) => {
                    let question = question(rest)
                        .map_err(|message| failed(format!("line {}: {message}", index + 1)))?;
                    if questions.iter().any(|it| it.name == question.name) {
                        let message = format!("`{}` is asked twice", question.name);
                        return Err(failed(format!("line {}: {message}", index + 1)));
                    }
                    questions.push(question);
                }
                None if about.is_empty() => comment.clone_into(&mut about),
                None => {}
            }
        }
        let body = body(name, text).map_err(failed)?;
        for gap in super::fill::gaps(&body) {
            if !questions.iter().any(|it| it.name == gap) {
                return Err(failed(format!("no question is asked for `{{{{{gap}}}}}`")));
            }
        }
        Ok(Self {
            name: name.to_owned(),
            about,
            questions,
            body,
        })
    }

    /// The question for a gap.
    pub fn question(&self, name: &str) -> Option<&Question> {
        self.questions.iter().find(|it| it.name == name)
    }

    /// The places of values that are one of those gaps, or that the template sets without a question;
    /// keys that are gaps are left as they stand. What lists hold is left aside.
    pub fn places_of(&self, gaps: &[String]) -> Vec<Vec<String>> {
        let mut places = Vec::new();
        for (key, value) in self.body.fields() {
            collect_places(&mut vec![key.clone()], value, gaps, &mut places);
        }
        places
    }

    /// Whether a tool of that platform can be made from it.
    pub fn fits(&self, platform: &str) -> bool {
        match (
            self.question("platform").map(|it| &it.check),
            self.body
                .fields()
                .get("platform")
                .and_then(|it| it.as_str()),
        ) {
            (Some(Check::Choice(platforms)), _) => platforms.iter().any(|it| it == platform),
            (None, Some(fixed)) => fixed == platform,
            _ => true,
        }
    }

    /// The platforms that it is made for; none if it fits any.
    pub fn platforms(&self) -> Vec<&str> {
        let fixed = self
            .body
            .fields()
            .get("platform")
            .and_then(|it| it.as_str());
        match (self.question("platform").map(|it| &it.check), fixed) {
            (Some(Check::Choice(platforms)), _) => platforms.iter().map(String::as_str).collect(),
            (None, Some(fixed)) => vec![fixed],
            _ => Vec::new(),
        }
    }
}

fn collect_places(
    path: &mut Vec<String>,
    value: &Value,
    gaps: &[String],
    places: &mut Vec<Vec<String>>,
) {
    let is_gap = |text: &String| gaps.contains(text);
    let guessed = match value {
        Value::String(text) => is_gap(text),
        Value::Number(_) | Value::Bool(_) => true,
        Value::Object(_) => path.last().is_some_and(is_gap),
        _ => false,
    };
    if guessed {
        places.push(path.clone());
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        path.push(key.clone());
        collect_places(path, value, gaps, places);
        path.pop();
    }
}

fn body(name: &str, text: &str) -> Result<Document, String> {
    let reading = format::read(
        &Source::new(format!("{name}.yaml"), text.as_bytes()),
        Some(Format::Yaml),
    );
    if let Some(problem) = reading.problems.first() {
        let at = problem.span.start;
        return Err(format!("{}:{}: {}", at.line, at.column, problem.message));
    }
    let mut documents = reading.documents;
    match (documents.len(), documents.pop()) {
        (1, Some(loaded)) => Ok(loaded.document),
        (count, _) => Err(format!("one definition is expected, not {count}")),
    }
}

/// `NAME | QUESTION? | default: X | check: KIND`; an expression may hold no `|`, so that the
/// parts can be told apart.
fn question(text: &str) -> Result<Question, String> {
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let [name, question, default, check] = parts[..] else {
        return Err("a question is `ask NAME | QUESTION? | default: X | check: KIND`".to_owned());
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(format!("`{name}` cannot name a gap"));
    }
    let default = default
        .strip_prefix("default:")
        .ok_or("the third part starts with `default:`")?;
    let check = check
        .strip_prefix("check:")
        .ok_or("the fourth part starts with `check:`")?;
    let question = Question {
        name: name.to_owned(),
        text: question.to_owned(),
        default: default.trim().to_owned(),
        check: check.trim().parse()?,
    };
    if !question.default.is_empty() {
        question
            .check
            .read(&question.default)
            .map_err(|error| format!("the default of `{name}`: {error}"))?;
    }
    Ok(question)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_says_what_it_asks() {
        let template = Template::parse(
            "x",
            "# For a thing.\n# ask tool_name | What is it called? | default: | check: name\n\
             # ask platform | Where? | default: linux | check: choice(linux,macos)\n\
             tool_name: '{{tool_name}}'\nplatform: '{{platform}}'\n",
        )
        .unwrap();
        assert_eq!(template.about, "For a thing.");
        assert_eq!(template.questions.len(), 2);
        assert!(template.questions[0].is_essential());
        assert!(template.fits("macos") && !template.fits("windows"));
    }

    #[test]
    fn a_template_that_cannot_be_used_says_why() {
        for (text, expected) in [
            ("tool_name: '{{x}}'\n", "no question is asked for `{{x}}`"),
            ("# ask x | y\n", "line 1: a question is"),
            (
                "# ask x | y | default: z | check: maths\n",
                "line 1: unknown check `maths`",
            ),
            (
                "# ask x | y | default: 1 + | check: expression\n",
                "line 1: the default of `x`",
            ),
            ("a: [1\n", "template x: "),
        ] {
            let error = Template::parse("x", text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
