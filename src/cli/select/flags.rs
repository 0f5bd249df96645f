//! What of a request could be changed, in the words of the command line.

use serde_json::Value;

use crate::select::policy::{Lift, Reason};
use crate::select::why_not::WhyNot;

/// The flags that change a request so.
pub fn flags(lifts: &[Lift]) -> String {
    let flags: Vec<String> = lifts
        .iter()
        .map(|lift| match lift {
            Lift::MaxCost(cost) => format!("--max-cost {cost}"),
            Lift::MaxTime(ms) => format!("--max-time {ms}"),
            Lift::Unsafe => "--allow-unsafe".to_owned(),
            Lift::Environment(name) => format!("--environment {name}"),
            Lift::Permission(name) => format!("--permission {name}"),
            Lift::Interactive => "--allow-interactive".to_owned(),
            Lift::Context(name) => format!("--context {name}=..."),
        })
        .collect();
    flags.join(" ")
}

/// Why a candidate was set aside, with the flags that would let it pass.
pub fn reason(reason: &Reason) -> String {
    match reason.lifts.is_empty() {
        true => reason.message.clone(),
        false => format!("{} ({})", reason.message, flags(&reason.lifts)),
    }
}

/// Adds its flags to each remedy of an answer in JSON.
pub fn add_to(answer: &mut Value, why_not: Option<&WhyNot>) {
    let remedies = why_not.map(|it| it.remedies.as_slice()).unwrap_or_default();
    for (place, remedy) in remedies.iter().enumerate() {
        let shown = answer.pointer_mut(&format!("/why_not/remedies/{place}"));
        if let Some(Value::Object(shown)) = shown {
            shown.insert("flags".to_owned(), flags(&remedy.lifts).into());
        }
    }
}
