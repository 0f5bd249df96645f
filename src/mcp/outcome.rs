//! How the call of a tool ends: with an answer, or with something that a model can mend.

use std::time::Duration;

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use crate::operations::refusal::DatabaseRemedy;
use crate::operations::{Kind, Refusal, Remedy};
use crate::outside;

use super::era::{Era, Served};
use super::text::{clean, clean_value};

/// How many flaws of a definition are told.
const FLAWS: usize = 5;

/// What a call gives.
pub type Outcome = Result<Value, Mend>;

/// Why a call gives no answer, and what would help.
#[derive(Debug, Clone, PartialEq)]
pub struct Mend {
    /// What kind of error it is.
    pub kind: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// How long to wait before another try, where waiting is what helps.
    pub wait: Option<Duration>,
}

impl Mend {
    /// Arguments that cannot be used.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            kind: "invalid",
            message: message.into(),
            help: None,
            wait: None,
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    /// The same with how long to wait before another try.
    #[must_use]
    pub fn wait(self, wait: Duration) -> Self {
        Self {
            wait: Some(wait),
            ..self
        }
    }

    /// The error as a sentence and as data.
    fn told(&self) -> (String, Value) {
        let mut sentence = self.message.clone();
        let mut error = Map::new();
        error.insert("kind".to_owned(), json!(self.kind));
        error.insert("message".to_owned(), json!(self.message));
        if let Some(help) = &self.help {
            sentence.push_str(&format!(" ({help})"));
            error.insert("help".to_owned(), json!(help));
        }
        if let Some(wait) = self.wait {
            let moment = (outside::now() + wait).to_rfc3339_opts(SecondsFormat::Millis, true);
            let milliseconds = wait.as_millis();
            sentence.push_str(&format!(
                ". Do not retry before {moment}, in {milliseconds} ms"
            ));
            error.insert("retry_at".to_owned(), json!(moment));
            error.insert("retry_after_ms".to_owned(), json!(milliseconds));
        }
        let error = json!({"error": error});
        (clean(&sentence).into_owned(), clean_value(error))
    }
}

impl From<Refusal> for Mend {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal.kind {
            Kind::Invalid => "invalid",
            Kind::NotFound => "not_found",
            Kind::Ambiguous => "ambiguous",
            Kind::Conflict | Kind::Overtaken => "conflict",
            Kind::Forbidden | Kind::Unauthenticated => "forbidden",
            Kind::NoDatabase => "unavailable",
        };
        let flaws = refusal.flaws.iter().take(FLAWS).map(ToString::to_string);
        let flaws = flaws.collect::<Vec<_>>().join("; ");
        let help = match flaws.is_empty() {
            true => refusal.remedy.as_ref().and_then(help),
            false => Some(flaws),
        };
        Self {
            kind,
            message: refusal.message,
            help,
            wait: None,
        }
    }
}

/// What would help, in words for an agent; none if only a person at the catalog can help.
fn help(remedy: &Remedy) -> Option<String> {
    match remedy {
        Remedy::DidYouMean(names) => Some(format!("did you mean {}?", names.join(" or "))),
        Remedy::ListTools => Some("find_tool finds tools by the job that they do".to_owned()),
        Remedy::ListCapabilities => Some("list_capabilities shows what there is".to_owned()),
        Remedy::NamePlatform { choices, .. } => {
            let example = choices.first()?;
            Some(format!("name the platform, as in `{example}`"))
        }
        Remedy::ChooseVersion(versions) => {
            Some(format!("its versions are {}", versions.join(", ")))
        }
        Remedy::Database(DatabaseRemedy::AskAgain | DatabaseRemedy::TryAgain) => {
            Some("ask again".to_owned())
        }
        Remedy::Said(help) => Some(help.clone()),
        _ => None,
    }
}

/// The result of a call. Texts of the catalog stand in fields of their own; what could disguise them is
/// removed.
pub fn called(era: Era, outcome: Outcome) -> Served {
    let (text, data, is_error) = match outcome {
        Ok(answer) => {
            let answer = clean_value(answer);
            (answer.to_string(), answer, false)
        }
        Err(mend) => {
            let (sentence, error) = mend.told();
            (sentence, error, true)
        }
    };
    let mut result = json!({"content": [{"type": "text", "text": text}]});
    if era.has_structured_content() {
        result["structuredContent"] = data;
    }
    result["isError"] = json!(is_error);
    Served::new(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_helps_and_when_to_try_again() {
        let refusal = Refusal::new(Kind::NotFound, "there is no tool `dff`")
            .remedy(Remedy::DidYouMean(vec!["df".to_owned()]));
        let mend = Mend::from(refusal).wait(Duration::from_secs(2));
        let result = Value::Object(called(Era::Modern, Err(mend)).fields);
        let text = result["content"][0]["text"].as_str().expect("text");
        assert!(
            text.starts_with("there is no tool `dff` (did you mean df?). Do not retry before ")
        );
        assert_eq!(result["isError"], true);
        let error = &result["structuredContent"]["error"];
        assert_eq!(error["kind"], "not_found");
        assert_eq!(error["retry_after_ms"], 2000);
    }

    #[test]
    fn what_disguises_a_text_is_removed_from_answers_and_errors() {
        let answer = called(Era::Modern, Ok(json!({"a": "x\u{1b}[1m\u{202e}y"})));
        assert_eq!(answer.fields["structuredContent"], json!({"a": "x[1my"}));
        let error = called(Era::Modern, Err(Mend::new("no `\u{9b}2J`")));
        assert_eq!(error.fields["content"][0]["text"], "no `2J`");
    }
}
