//! A selection as an agent reads it: short, complete about what it leaves out, and never a guess.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::definition::invocation::Filled;
use crate::definition::{Document, Input, Pattern};
use crate::format::INTERFACE;
use crate::mcp::text::{clean, cut, tokens};
use crate::operations::select::Selected;
use crate::select::policy::Lift;
use crate::select::why_not::{Standing, WhyNot};
use crate::select::{Answer, Choice, SetAside, Weights};

use super::difference::difference;
use super::selection_id;

/// The most tokens of an answer.
pub const LIMIT: usize = 600;

/// Longest text that is told, in characters.
const TEXT: usize = 160;
/// How many words that were not understood are told.
const WORDS: usize = 8;
/// How many inputs, outputs and limitations are told, each.
const ITEMS: usize = 8;

/// The answer as an agent reads it, with at most so many choices and [`LIMIT`] tokens.
pub fn of(selected: &Selected, document: Option<&Document>, limit: usize) -> Value {
    let answer = &selected.answer;
    let mut told = Map::new();
    let mut tell = |name: &str, value: Value| {
        if !is_empty(&value) {
            told.insert(name.to_owned(), value);
        }
    };
    let total = competitors(answer).count();
    let others: Vec<Value> = match &answer.answer {
        None => Vec::new(),
        Some(best) => competitors(answer)
            .skip(1)
            .take(limit - 1)
            .map(|it| alternative(best, it))
            .collect(),
    };
    let shown = others.len() + usize::from(answer.answer.is_some());
    if let Some(best) = &answer.answer {
        tell("selection_id", json!(selection_id::of(best)));
    }
    let best = answer.answer.as_ref();
    let advice = best.map(|best| chosen(selected, best, document));
    let is_none = advice.is_none();
    tell("alternatives", Value::Array(others));
    if is_none {
        tell("why", json!(why_none(answer)));
    }
    tell("question", json!(question(answer)));
    tell("not_understood", json!(unknown_words(answer)));
    tell("set_aside", set_aside(answer));
    tell("why_not", json!(selected.why_not.as_ref().map(why_not)));
    tell(
        "experiment",
        json!(selected.assigned.as_ref().map(|it| json!({
            "test": it.test, "arm": it.arm, "version": it.version
        }))),
    );
    let notes: Vec<String> = selected
        .warnings
        .iter()
        .map(|it| cut(&it.to_string(), TEXT))
        .collect();
    tell("notes", json!(notes));
    if answer.answer.is_some() {
        tell("total", json!(total));
        tell("shown", json!(shown));
        tell("complete", json!(shown >= total));
    }
    tell("revision", json!(selected.revision));
    let mut whole = Map::new();
    if let Some(id) = told.shift_remove("selection_id") {
        whole.insert("selection_id".to_owned(), id);
    }
    whole.insert("answer".to_owned(), advice.unwrap_or(Value::Null));
    whole.extend(told);
    fitting(Value::Object(whole))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// The choices that compete for the job: by words, those that are relevant to them.
fn competitors(answer: &Answer) -> impl Iterator<Item = &Choice> {
    let relevant = |it: &&Choice| it.relevance.as_ref().is_none_or(|it| it.relevant);
    answer
        .ranking
        .iter()
        .enumerate()
        .filter(move |(place, it)| *place == 0 || relevant(it))
        .map(|(_, it)| it)
}

fn chosen(selected: &Selected, best: &Choice, document: Option<&Document>) -> Value {
    let tool = document.and_then(|it| it.to_tool().ok());
    let pattern = tool.as_ref().and_then(|tool| {
        let capability = tool.capabilities.get(&best.capability)?;
        capability.patterns.get(&best.pattern)
    });
    let mut told = Map::new();
    let mut tell = |name: &str, value: Value| {
        if !is_empty(&value) {
            told.insert(name.to_owned(), value);
        }
    };
    tell(
        "tool",
        json!(format!("{}/{}@{}", best.platform, best.tool, best.version)),
    );
    tell("capability", json!(best.capability));
    tell("pattern", json!(best.pattern));
    tell(
        "description",
        json!(pattern.map(|it| cut(&it.description, TEXT))),
    );
    tell("reason", json!(reason(&selected.answer, best)));
    tell(
        "confidence",
        json!(best.relevance.as_ref().map(|it| figure(it.relevance))),
    );
    tell("doubtful", json!(selected.answer.doubtful.then_some(true)));
    tell("expected", expected(best));
    tell("run", run(best));
    command(selected, &mut tell);
    if selected.used.is_none() {
        tell("call", json!(document.and_then(call)));
    }
    if let Some(pattern) = pattern {
        tell("inputs", inputs(pattern));
        tell("outputs", texts(&pattern.expected_outputs));
        tell("limitations", texts(&pattern.limitations));
    }
    Value::Object(told)
}

/// The command with the inputs filled in. One that holds what a reader could not see is not told.
fn command(selected: &Selected, tell: &mut impl FnMut(&str, Value)) {
    let Some(used) = &selected.used else {
        return;
    };
    let hidden = match &used.command {
        Filled::Argv(argv) => argv.iter().any(|it| clean(it) != it.as_str()),
        Filled::Script { script, .. } => clean(script) != script.as_str(),
    };
    match hidden {
        true => tell(
            "command_withheld",
            json!("it holds characters that cannot be seen"),
        ),
        false => tell("command", json!(used.command)),
    }
    tell("missing_inputs", names(&used.missing_inputs));
    tell("unknown_inputs", names(&used.unknown));
}

/// Names, as many as are told.
fn names(names: &[String]) -> Value {
    let mut told: Vec<String> = names.iter().take(ITEMS).map(|it| cut(it, 60)).collect();
    if names.len() > ITEMS {
        told.push(format!("and {} more", names.len() - ITEMS));
    }
    json!(told)
}

/// How a tool is called that came from a list of tools of a server: by its own name and schema.
fn call(document: &Document) -> Option<Value> {
    let interface = document.fields().get(INTERFACE)?;
    let name = interface
        .get("name")
        .or_else(|| document.fields().get("tool_name"))?;
    Some(json!({"name": name, "input_schema": interface.get("input_schema")}))
}

fn expected(best: &Choice) -> Value {
    let mut expected = json!({
        "time_ms": figure(best.estimated_time_ms),
        "cost": figure(best.estimated_cost),
    });
    if !best.assumed.is_empty() {
        let assumed: BTreeMap<&str, Value> = (best.assumed.iter())
            .map(|it| (it.name.as_str(), figure(it.value)))
            .collect();
        expected["assumed"] = json!(assumed);
    }
    expected
}

fn run(best: &Choice) -> Value {
    let mut run = json!({
        "mode": best.execution_mode.as_str(),
        "requires_approval": best.requires_approval,
    });
    let why: Vec<String> = (best.approval_reasons.iter().chain(&best.background_reasons))
        .map(|it| cut(it, TEXT))
        .collect();
    if !why.is_empty() {
        run["why"] = json!(why);
    }
    run
}

/// Why it is the answer, in words of this program alone.
fn reason(answer: &Answer, best: &Choice) -> String {
    let rivals = competitors(answer).count().saturating_sub(1);
    let names = Weights::FEATURES;
    let parts = best.contributions.to_array();
    let most = (names.iter().zip(parts)).max_by(|a, b| a.1.total_cmp(&b.1));
    let by = most.map_or_else(String::new, |(name, _)| {
        format!(", most of all by its {name}")
    });
    let first = match &best.relevance {
        Some(it) if it.named => "the job names this tool",
        Some(_) => "it matches the words best",
        None => "it offers the capability",
    };
    match rivals {
        0 => format!("{first}, and no other way that may run here comes near"),
        n => format!(
            "{first}, and scores best for {} against {n} other way{}{by}",
            answer.mode,
            if n == 1 { "" } else { "s" }
        ),
    }
}

fn alternative(best: &Choice, other: &Choice) -> Value {
    json!({
        "tool": format!("{}/{}@{}", other.platform, other.tool, other.version),
        "capability": other.capability,
        "pattern": other.pattern,
        "difference": difference(best, other),
    })
}

fn why_none(answer: &Answer) -> &'static str {
    if answer.blocked.is_some() {
        "what fits best may not run here, and nothing else does the same; see set_aside"
    } else if !answer.ranking.is_empty() {
        "nothing in the catalog fits; say it in other words, or look at list_capabilities"
    } else if answer.candidates > 0 {
        "everything that does this is set aside; see set_aside"
    } else {
        "no tool of the catalog does that within the platforms, tags and exclusions given"
    }
}

/// What to ask the user before anything is run.
fn question(answer: &Answer) -> Option<String> {
    if let Some(question) = &answer.clarifying_question {
        return Some(cut(question, 2 * TEXT));
    }
    answer.doubtful.then(|| {
        "Is this what is meant? It fits the words only loosely: say the job in other words, or confirm it".to_owned()
    })
}

fn unknown_words(answer: &Answer) -> Vec<String> {
    let words = answer.retrieval.iter().flat_map(|it| &it.unknown);
    words.take(WORDS).map(|it| cut(it, 30)).collect()
}

/// What is set aside: how much for which reasons, and what the best of it needs.
fn set_aside(answer: &Answer) -> Value {
    let by_words = answer.retrieval.is_some();
    // By words, most of what is set aside has nothing to do with the job.
    if answer.set_aside.is_empty() || by_words && answer.blocked.is_none() {
        return Value::Null;
    }
    let best = match (&answer.blocked, by_words) {
        (Some(it), _) => Some(json!({
            "tool": format!("{}/{}@{}", it.platform, it.tool, it.version),
            "pattern": it.pattern,
            "why": cut(&it.reason.message, TEXT),
            "needs": needs(&it.reason.lifts),
        })),
        (None, true) => None,
        (None, false) => nearest(answer).map(|it| {
            json!({
                "tool": format!("{}/{}@{}", it.platform, it.tool, it.version),
                "pattern": it.pattern,
                "why": cut(&it.reason.message, TEXT),
                "needs": needs(&it.reason.lifts),
            })
        }),
    };
    if by_words {
        return json!({"best": best});
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for it in &answer.set_aside {
        *reasons.entry(it.reason.kind.as_str()).or_default() += 1;
    }
    json!({"count": answer.set_aside.len(), "reasons": reasons, "best": best})
}

/// What lacks least, of what the request could be changed for.
fn nearest(answer: &Answer) -> Option<&SetAside> {
    let key = |it: &&SetAside| match it.reason.lifts.len() {
        0 => usize::MAX,
        lifts => lifts,
    };
    answer.set_aside.iter().min_by_key(key)
}

/// What has to change for it, in the arguments of this tool where they can say it.
fn needs(lifts: &[Lift]) -> Vec<String> {
    let needs = lifts.iter().map(|lift| match lift {
        Lift::MaxCost(cost) => format!("max_cost {cost}"),
        Lift::MaxTime(ms) => format!("max_time_ms {ms}"),
        Lift::Unsafe => "another environment than production".to_owned(),
        Lift::Environment(name) => format!("environment {}", cut(name, 50)),
        Lift::Permission(name) => format!("permission {}", cut(name, 50)),
        Lift::Interactive => "a person at a terminal".to_owned(),
        Lift::Context(name) => format!("a value for inputs.{}", cut(name, 50)),
    });
    needs.take(ITEMS).collect()
}

fn why_not(it: &WhyNot) -> Value {
    let mut told = json!({"tool": cut(&it.tool, TEXT), "standing": it.standing});
    if it.standing == Standing::Behind {
        told["rank"] = json!(it.best.as_ref().map(|it| it.rank));
        told["behind_by"] = json!(it.gap.map(figure));
        let parts: Vec<&str> = (it.parts.iter().filter(|it| it.gap > 0.0))
            .map(|it| it.feature.as_str())
            .take(2)
            .collect();
        told["worse_in"] = json!(parts);
        let modes: Vec<&str> = it.modes.iter().map(|it| it.as_str()).collect();
        told["would_win_with_prefer"] = json!(modes);
    }
    if let Some(first) = it.set_aside.first() {
        told["why"] = json!(cut(&first.reason.message, TEXT));
        told["needs"] = json!(needs(&first.reason.lifts));
    }
    if !it.absence.is_empty() {
        told["why"] = json!(cut(&it.absence.join("; "), TEXT));
    }
    told
}

fn inputs(pattern: &Pattern) -> Value {
    let described = |written: &Value, is_required: bool| {
        let input = Input::of(written)?;
        let mut told = Map::new();
        told.insert("name".to_owned(), json!(cut(&input.name, 60)));
        if let Some(kind) = input.kind {
            told.insert("type".to_owned(), json!(cut(&kind, 30)));
        }
        if is_required {
            told.insert("required".to_owned(), json!(true));
        }
        if let Some(default) = input.default {
            told.insert("default".to_owned(), json!(cut(&plain(&default), 60)));
        }
        Some(Value::Object(told))
    };
    let required = pattern.required_inputs.iter().map(|it| (it, true));
    let optional = pattern.optional_inputs.iter().map(|it| (it, false));
    required
        .chain(optional)
        .filter_map(|(it, is_required)| described(it, is_required))
        .take(ITEMS)
        .collect()
}

/// Values as short texts.
fn texts(values: &[Value]) -> Value {
    let texts = values.iter().take(ITEMS / 2).map(|it| {
        let named = it.get("description").or_else(|| it.get("name"));
        json!(cut(&plain(named.unwrap_or(it)), TEXT / 2))
    });
    texts.collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A figure with three digits that count.
pub fn figure(value: f64) -> Value {
    let rounded = rounded(value);
    match rounded.fract() == 0.0 && rounded.abs() < 1e15 {
        true => json!(rounded as i64),
        false => json!(rounded),
    }
}

fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    let scale = 10f64.powi(digits.clamp(-300, 300));
    let rounded = (value * scale).round() / scale;
    if rounded.is_finite() { rounded } else { value }
}

/// What is left out first where an answer is too long, by its place.
const LEFT_OUT: &[&str] = &[
    "/answer/limitations",
    "/answer/outputs",
    "/set_aside/reasons",
    "/answer/call/input_schema",
    "/answer/inputs",
    "/why_not",
    "/notes",
    "/answer/description",
    "/question",
    "/alternatives",
    "/answer/unknown_inputs",
    "/answer/run/why",
    "/answer/expected/assumed",
    "/answer/command",
    "/answer/missing_inputs",
    "/set_aside",
    "/not_understood",
    "/experiment",
    "/selection_id",
];

/// The answer within the limit, and what had to be left out for that.
fn fitting(mut whole: Value) -> Value {
    let mut left_out: Vec<&str> = Vec::new();
    for place in LEFT_OUT {
        if tokens(&whole.to_string()) <= LIMIT {
            break;
        }
        let (parent, name) = place.rsplit_once('/').unwrap_or(("", place));
        let fields = whole.pointer_mut(parent).and_then(Value::as_object_mut);
        if fields.and_then(|it| it.shift_remove(name)).is_none() {
            continue;
        }
        if let Some(name) = place.strip_prefix('/') {
            left_out.push(name);
        }
        if *place == "/alternatives" {
            whole["shown"] = json!(1);
            whole["complete"] = json!(false);
        }
        whole["left_out"] = json!(left_out);
    }
    whole
}
