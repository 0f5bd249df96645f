//! The form beside the text: controls for the fields of a definition that people change most. Each is named by
//! the JSON pointer of its field, and edits the same document as the text.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::{Map, Number, Value};

use super::super::form::lines;
use super::super::kit::{Field, shown};
use super::estimates;
use crate::definition::Document;
use crate::telemetry::Measure;

/// How a field is written in its control.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// One line of text.
    Line,
    /// A list of texts, one on each line.
    List(usize),
    /// A number.
    Figure,
    /// A number from 0 to 1.
    Share,
    /// An expression, drawn over its first variable.
    Estimate(Measure),
    /// Yes or no.
    Yes,
    /// One of these, each with what it means.
    Choice(&'static [(&'static str, &'static str)]),
}

/// A control.
struct Control {
    /// The field, from the tool or from the pattern down.
    path: &'static [&'static str],
    label: &'static str,
    help: &'static str,
    kind: Kind,
}

const fn control(
    path: &'static [&'static str],
    label: &'static str,
    help: &'static str,
    kind: Kind,
) -> Control {
    Control {
        path,
        label,
        help,
        kind,
    }
}

const EFFECTS: &[(&str, &str)] = &[
    ("", "not said"),
    ("read", "reads: changes nothing"),
    ("write", "writes: makes or changes something"),
    ("destroy", "destroys: what is gone cannot be had back"),
];

const TOOL: &[Control] = &[
    control(
        &["description"],
        "What it is for",
        "In a sentence.",
        Kind::Line,
    ),
    control(&["category"], "Category", "", Kind::Line),
    control(
        &["metadata", "tags"],
        "Tags",
        "One on each line.",
        Kind::List(3),
    ),
];

const USE: &[Control] = &[
    control(&["description"], "When to use it this way", "", Kind::Line),
    control(
        &["typical_use_cases"],
        "What people ask for",
        "One on each line; a request is compared with them.",
        Kind::List(4),
    ),
    control(
        &["limitations"],
        "What it cannot do",
        "One on each line.",
        Kind::List(2),
    ),
    control(
        &["scope"],
        "Scope",
        "Such as `single_item`, `batch` or `exhaustive`.",
        Kind::Line,
    ),
    control(
        &["completeness"],
        "Completeness",
        "Such as `complete`, `partial` or `summary`.",
        Kind::Line,
    ),
];

const ESTIMATES: &[Control] = &[
    control(
        &["time_estimate_ms"],
        "Time, in milliseconds",
        "A number, or an expression such as `100 + 2 * N`.",
        Kind::Estimate(Measure::Time),
    ),
    control(
        &["cost_estimate"],
        "Cost",
        "In the catalog's unit; a number or an expression.",
        Kind::Estimate(Measure::Cost),
    ),
    control(
        &["complexity_score"],
        "Complexity",
        "From 0, simple, to 1.",
        Kind::Share,
    ),
];

const POLICY: &[Control] = &[
    control(&["effect"], "Effect", "", Kind::Choice(EFFECTS)),
    control(
        &["policy", "max_cost"],
        "Highest cost",
        "What is estimated to cost more is not chosen.",
        Kind::Figure,
    ),
    control(
        &["policy", "requires_approval"],
        "A person must approve it",
        "",
        Kind::Yes,
    ),
    control(
        &["policy", "production_safe"],
        "May run in production",
        "",
        Kind::Yes,
    ),
];

const PREFERENCES: &[Control] = &[
    control(
        &["preference_match", "speed"],
        "Who wants it fast",
        "",
        Kind::Share,
    ),
    control(
        &["preference_match", "accuracy"],
        "Who wants it exact",
        "",
        Kind::Share,
    ),
    control(
        &["preference_match", "cost"],
        "Who wants it cheap",
        "",
        Kind::Share,
    ),
    control(
        &["preference_match", "complexity"],
        "Who wants it simple",
        "",
        Kind::Share,
    ),
    control(
        &["preference_match", "completeness"],
        "Who wants all of it",
        "",
        Kind::Share,
    ),
];

const PATTERN: [(&str, &[Control]); 4] = [
    ("Use", USE),
    ("Estimates", ESTIMATES),
    ("Policy", POLICY),
    ("How well it suits, from 0 to 1", PREFERENCES),
];

/// The values of controls as a browser sends them, by the pointers of their fields.
pub type Sent = BTreeMap<String, String>;

/// A place in a definition: the keys from the top down.
type Place<'a> = Vec<&'a str>;

fn pointer(place: &[&str]) -> String {
    let escaped = place
        .iter()
        .map(|it| it.replace('~', "~0").replace('/', "~1"));
    escaped.fold(String::new(), |all, it| all + "/" + &it)
}

/// The places of the patterns.
fn patterns(fields: &Map<String, Value>) -> Vec<Place<'_>> {
    let capabilities = fields.get("capabilities").and_then(Value::as_object);
    let capabilities = capabilities.into_iter().flatten();
    capabilities
        .flat_map(|(capability, value)| {
            let patterns = value.get("patterns").and_then(Value::as_object);
            let names = patterns.into_iter().flat_map(Map::keys);
            names.map(move |it| vec!["capabilities", capability, "patterns", it.as_str()])
        })
        .collect()
}

fn at<'a>(fields: &'a Map<String, Value>, place: &[&str]) -> Option<&'a Value> {
    let (first, rest) = place.split_first()?;
    let start = fields.get(*first)?;
    rest.iter().try_fold(start, |value, key| value.get(*key))
}

/// What a control says for a value; none if the value has another shape than the control.
fn text_of(kind: Kind, value: Option<&Value>) -> Option<String> {
    match (kind, value) {
        (Kind::Yes, None) => Some("false".to_owned()),
        (_, None | Some(Value::Null)) => Some(String::new()),
        (Kind::Yes, Some(Value::Bool(yes))) => Some(yes.to_string()),
        (Kind::List(_), Some(Value::Array(items))) => {
            let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            items
                .map(|it| it.join("\n"))
                .filter(|it| !it.contains('\r'))
        }
        (Kind::List(_) | Kind::Yes, Some(_)) => None,
        (_, Some(Value::String(text))) => (!text.contains(['\n', '\r'])).then(|| text.clone()),
        (_, Some(Value::Number(number))) => Some(number.to_string()),
        (_, Some(_)) => None,
    }
}

/// The value that a control stands for; none if it was emptied.
fn value_of(kind: Kind, text: &str) -> Option<Value> {
    let text = text.trim();
    match kind {
        Kind::Yes => Some(Value::Bool(text == "true")),
        Kind::List(_) => {
            let items = text.lines().map(str::trim).filter(|it| !it.is_empty());
            Some(items.map(Value::from).collect())
        }
        _ if text.is_empty() => None,
        Kind::Line | Kind::Choice(_) => Some(Value::from(text)),
        Kind::Figure | Kind::Share | Kind::Estimate(_) => Some(
            serde_json::from_str::<Number>(text).map_or_else(|_| Value::from(text), Value::Number),
        ),
    }
}

/// Sets a field, or takes it out. The tool or the pattern that it belongs to must be there, `held` keys down.
fn set(fields: &mut Map<String, Value>, place: &[&str], held: usize, value: Option<Value>) -> bool {
    let Some((key, parents)) = place.split_last() else {
        return false;
    };
    let mut map = fields;
    for (depth, parent) in parents.iter().enumerate() {
        if depth >= held && !map.contains_key(*parent) {
            map.insert((*parent).to_owned(), Value::Object(Map::new()));
        }
        match map.get_mut(*parent).and_then(Value::as_object_mut) {
            Some(next) => map = next,
            None => return false,
        }
    }
    match value {
        Some(value) => map.insert((*key).to_owned(), value),
        None => map.shift_remove(*key),
    };
    true
}

/// Every control of a definition with its place and how many keys of that lead to its tool or pattern.
fn all(fields: &Map<String, Value>) -> Vec<(Place<'_>, usize, &'static Control)> {
    let mut found: Vec<_> = TOOL.iter().map(|it| (it.path.to_vec(), 0, it)).collect();
    for base in patterns(fields) {
        let controls = PATTERN.iter().flat_map(|(_, controls)| controls.iter());
        found.extend(controls.map(|it| ([&base[..], it.path].concat(), base.len(), it)));
    }
    found
}

/// Makes the changes of the controls in the document: those that no longer say what they said for `seen`, the
/// document that they were filled from. What else differs between the two is left alone. Tells whether any was made.
pub fn apply(document: &mut Document, seen: &Document, sent: &Sent) -> bool {
    let mut changed = false;
    for (place, held, control) in all(seen.fields()) {
        let (Some(new), Some(old)) = (
            sent.get(&pointer(&place)),
            text_of(control.kind, at(seen.fields(), &place)),
        ) else {
            continue;
        };
        let (old, new) = (
            value_of(control.kind, &old),
            value_of(control.kind, &lines(new)),
        );
        if old != new {
            changed |= set(document.fields_mut(), &place, held, new);
        }
    }
    changed
}

/// The controls, filled from a document; patterns in which something `differs` are open, else the first one.
pub fn show(document: &Document, differs: impl Fn(&str) -> bool) -> Markup {
    let fields = document.fields();
    let patterns = patterns(fields);
    let is_changed = |it: &Place<'_>| differs(&it.join("."));
    let any = patterns.iter().any(is_changed);
    html! {
        fieldset { legend { "The tool" } (group(document, &Vec::new(), TOOL)) }
        @for (number, base) in patterns.iter().enumerate() {
            details.pattern id=(format!("pattern-{number}")) open[is_changed(base) || (!any && number == 0)] {
                summary { code { (shown(base[1])) "." (shown(base[3])) } }
                @for (title, controls) in PATTERN {
                    fieldset { legend { (title) } (group(document, base, controls)) }
                }
            }
        }
    }
}

fn group(document: &Document, base: &Place<'_>, controls: &'static [Control]) -> Markup {
    let narrow = |it: &&'static Control| matches!(it.kind, Kind::Share | Kind::Yes);
    let (small, wide): (Vec<_>, Vec<_>) = controls.iter().partition(narrow);
    html! {
        @for control in wide { (one(document, base, control)) }
        @if !small.is_empty() {
            div.trio { @for control in small { (one(document, base, control)) } }
        }
    }
}

fn one(document: &Document, base: &Place<'_>, control: &'static Control) -> Markup {
    let place: Place<'_> = [&base[..], control.path].concat();
    let name = pointer(&place);
    let value = text_of(control.kind, at(document.fields(), &place));
    let field = Field {
        label: control.label,
        name: &name,
        help: control.help,
        error: None,
        required: false,
    };
    let Some(value) = value else {
        return html! {
            p.help { strong { (control.label) } ": has another shape than a form can show; edit it in the text." }
        };
    };
    match control.kind {
        Kind::Line => field.text(&value),
        Kind::List(rows) => field.area(&value, rows.max(value.lines().count())),
        Kind::Choice(choices) if choices.iter().any(|it| it.0 == value) => {
            field.choice(&value, choices)
        }
        Kind::Choice(_) => field.text(&value),
        Kind::Figure => field.number(&value, None),
        Kind::Share => field.number(&value, Some((0.0, 1.0))),
        Kind::Yes => yes(&field, value == "true"),
        Kind::Estimate(measure) => html! {
            (field.text(&value))
            (estimates::drawn(measure, &value, at(document.fields(), base)))
        },
    }
}

/// A box to be checked, which says no if it is not.
fn yes(field: &Field<'_>, value: bool) -> Markup {
    html! {
        label.check {
            input type="hidden" name=(field.name) value="false";
            input type="checkbox" id=(field.name) name=(field.name) value="true" checked[value];
            " " (field.label)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(value: Value) -> Document {
        match value {
            Value::Object(fields) => Document::new(fields),
            other => panic!("not an object: {other}"),
        }
    }

    fn tool() -> Document {
        document(json!({
            "tool_name": "df", "description": "Free space", "capabilities": {"disk/usage": {"patterns": {"use": {
                "time_estimate_ms": 5, "cost_estimate": "N", "typical_use_cases": ["a", "b"],
                "policy": {"production_safe": true}, "scope": {"odd": 1},
            }}}},
        }))
    }

    /// What a browser sends that changes nothing.
    fn untouched(document: &Document) -> Sent {
        let controls = all(document.fields()).into_iter();
        controls
            .filter_map(|(place, _, control)| {
                let text = text_of(control.kind, at(document.fields(), &place))?;
                Some((pointer(&place), text.replace('\n', "\r\n")))
            })
            .collect()
    }

    const PATTERN: &str = "/capabilities/disk~1usage/patterns/use";

    #[test]
    fn a_form_that_nobody_touched_changes_nothing() {
        let mut edited = tool();
        assert!(!apply(&mut edited, &tool(), &untouched(&tool())));
        assert_eq!(edited, tool());
    }

    #[test]
    fn controls_change_their_fields_and_leave_what_the_text_changed() {
        let mut sent = untouched(&tool());
        let mut put =
            |field: &str, text: &str| sent.insert(format!("{PATTERN}{field}"), text.to_owned());
        put("/time_estimate_ms", "5 + N");
        put("/cost_estimate", "0.5");
        put("/typical_use_cases", "b\r\n\r\n c ");
        put("/policy/production_safe", "false");
        put("/preference_match/speed", "0.9");
        put("/scope", "batch");
        let mut edited = tool();
        edited
            .fields_mut()
            .insert("category".to_owned(), json!("disks"));
        assert!(apply(&mut edited, &tool(), &sent));
        let pattern = json!({
            "time_estimate_ms": "5 + N", "cost_estimate": 0.5, "typical_use_cases": ["b", "c"],
            "policy": {"production_safe": false}, "scope": {"odd": 1}, "preference_match": {"speed": 0.9},
        });
        assert_eq!(edited.to_value().pointer(PATTERN), Some(&pattern));
        assert_eq!(edited.fields()["category"], "disks");
    }

    #[test]
    fn a_pattern_that_the_text_took_out_stays_out() {
        let mut sent = untouched(&tool());
        sent.insert(format!("{PATTERN}/time_estimate_ms"), "7".to_owned());
        let mut edited = document(json!({"tool_name": "df", "capabilities": {}}));
        assert!(!apply(&mut edited, &tool(), &sent));
        assert_eq!(
            edited.to_value(),
            json!({"tool_name": "df", "capabilities": {}})
        );
    }

    #[test]
    fn a_control_that_was_emptied_takes_its_field_out() {
        let mut sent = untouched(&tool());
        sent.insert("/description".to_owned(), " ".to_owned());
        let mut edited = tool();
        assert!(apply(&mut edited, &tool(), &sent));
        assert!(!edited.fields().contains_key("description"));
    }
}
