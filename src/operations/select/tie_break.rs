//! A close call, settled by somebody else.

use serde_json::{Value, json};

use super::trial::put_first;
use crate::operations::{Kind, Refusal, Remedy};
use crate::select::{Answer, Choice, Request};

/// Asks for a choice between two: gets them as JSON, and returns what was said.
pub type Ask<'a> = dyn Fn(&Value) -> Result<String, Refusal> + 'a;

/// Who settles close calls.
pub struct TieBreak<'a> {
    /// What it is called in messages, as "the tie-break command `x`".
    pub name: String,
    /// Asks it.
    pub ask: &'a Ask<'a>,
}

/// Hands the two best over where the answer is ambiguous, and puts the choice first, which settles the
/// answer. Returns what was chosen, where it was asked.
///
/// # Errors
/// Those of asking; [`Kind::Invalid`] if the answer names none of the choices.
pub fn settle(
    tie_break: &TieBreak<'_>,
    request: &Request,
    answer: &mut Answer,
) -> Result<Option<String>, Refusal> {
    if !answer.ambiguous || answer.ranking.len() < 2 {
        return Ok(None);
    }
    let input = json!({
        "query": request.query,
        "capabilities": request.scope.capabilities,
        "mode": answer.mode,
        "score_gap": answer.score_gap,
        "clarifying_question": answer.clarifying_question,
        "candidates": &answer.ranking[..2],
    });
    let said = (tie_break.ask)(&input)?;
    let chosen = parse(&said, &answer.ranking[..2]).ok_or_else(|| {
        let shown: String = said.trim().chars().take(80).collect();
        let message = format!(
            "{} says `{shown}`, which is not one of the choices",
            tie_break.name
        );
        Refusal::new(Kind::Invalid, message).remedy(Remedy::SayChoice)
    })?;
    let label = answer.ranking[chosen].label();
    put_first(answer, |it| it.label() == label);
    Ok(Some(label))
}

/// A number from 1, a label, an address or a name that only one of them has; alone or as `choice`.
fn parse(said: &str, choices: &[Choice]) -> Option<usize> {
    let value = serde_json::from_str::<Value>(said).unwrap_or_else(|_| json!(said.trim()));
    let value = match value {
        Value::Object(mut fields) => fields.remove("choice")?,
        other => other,
    };
    if let Some(number) = value.as_u64() {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        return (index < choices.len()).then_some(index);
    }
    let name = value.as_str()?.trim();
    let matching: Vec<usize> = choices
        .iter()
        .enumerate()
        .filter(|(_, choice)| names(choice).iter().any(|it| it == name))
        .map(|(index, _)| index)
        .collect();
    match matching[..] {
        [one] => Some(one),
        _ => name
            .parse::<usize>()
            .ok()?
            .checked_sub(1)
            .filter(|index| *index < choices.len()),
    }
}

fn names(choice: &Choice) -> [String; 5] {
    [
        choice.label(),
        format!("{}/{}@{}", choice.platform, choice.tool, choice.version),
        format!("{}/{}", choice.platform, choice.tool),
        choice.tool.clone(),
        choice.pattern.clone(),
    ]
}
