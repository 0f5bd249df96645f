//! `record_outcome`: what happened when a tool ran, so that estimates become true.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::mcp::arguments::{Arguments, finite};
use crate::mcp::context::{Context, Recorded};
use crate::mcp::outcome::{Mend, Outcome};
use crate::select::learned::{Lesson, MIN_RECORDS};
use crate::telemetry::intake::Entry;

use super::advice::figure;
use super::selection_id;

pub const NAME: &str = "record_outcome";

pub const ARGUMENTS: &[&str] = &[
    "selection_id",
    "tool",
    "capability",
    "pattern",
    "success",
    "time_ms",
    "cost",
    "error",
    "inputs",
    "rating",
    "environment",
    "execution_id",
];

/// The median of actual over expected counts as drift from this factor on, either way.
const DRIFT: f64 = 1.5;

pub fn shown() -> Value {
    json!({
        "name": NAME,
        "title": "Record what happened",
        "description": "Records how the run of a tool went, with the selection_id of find_tool or tool, capability \
            and pattern. Calls with one execution_id record once. Answers what was expected beside what it took.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "selection_id": {"type": "string"},
                "tool": {"type": "string", "description": "[PLATFORM/]NAME[@VERSION]"},
                "capability": {"type": "string"},
                "pattern": {"type": "string"},
                "success": {"type": "boolean"},
                "time_ms": {"type": "number", "minimum": 0},
                "cost": {"type": "number", "minimum": 0},
                "error": {"type": "string"},
                "inputs": {"type": "object", "description": "As for find_tool; numbers are kept, such as N"},
                "rating": {"type": "integer", "minimum": 1, "maximum": 5},
                "environment": {"type": "string"},
                "execution_id": {"type": "string"},
            },
            "required": ["success", "time_ms"],
            "additionalProperties": false,
        },
        "annotations": {
            "readOnlyHint": false, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false
        },
    })
}

pub fn call(context: &mut Context<'_>, arguments: &Arguments<'_>) -> Outcome {
    let entry = entry(arguments)?;
    let caller = context.caller.clone();
    let recorded = context.catalog.record(&caller, &entry)?;
    Ok(told(&recorded))
}

fn entry(arguments: &Arguments<'_>) -> Result<Entry, Mend> {
    let mut entry = Entry::default();
    let text = |name: &str| Ok::<_, Mend>(arguments.text(name)?.map(str::to_owned));
    match arguments.text("selection_id")? {
        Some(id) => {
            let Some(chosen) = selection_id::read(id) else {
                return Err(Mend::new("`selection_id` is none that find_tool gave")
                    .help("copy it as it is, or give tool, capability and pattern"));
            };
            entry.tool = Some(chosen.tool);
            entry.capability = Some(chosen.capability);
            entry.pattern = Some(chosen.pattern);
        }
        None => {
            entry.tool = text("tool")?;
            entry.capability = text("capability")?;
            entry.pattern = text("pattern")?;
        }
    }
    if entry.tool.is_none() {
        return Err(Mend::new("nothing says what ran")
            .help("give the selection_id of find_tool, or tool, capability and pattern"));
    }
    entry.success = arguments.flag("success")?;
    entry.time_ms = arguments.amount("time_ms")?;
    entry.cost = arguments.amount("cost")?;
    entry.error = text("error")?;
    entry.environment = text("environment")?;
    entry.rating = arguments.count("rating", 1, 5)?.map(|it| it as f64);
    // With an id, the same call is recorded once however often it has to be made.
    entry.execution_id = Some(text("execution_id")?.unwrap_or_else(|| Uuid::now_v7().to_string()));
    for (name, value) in arguments.values("inputs")? {
        if let Some(number) = finite(&value) {
            entry.context.push((name, number));
        }
    }
    Ok(entry)
}

fn told(recorded: &Recorded) -> Value {
    let entry = &recorded.entry;
    let mut told = Map::new();
    told.insert("recorded".to_owned(), json!(recorded.is_new));
    if !recorded.is_new {
        told.insert("already".to_owned(), json!(true));
    }
    told.insert("execution_id".to_owned(), json!(entry.execution_id));
    let figures = |time: Option<f64>, cost: Option<f64>| json!({"time_ms": time.map(figure), "cost": cost.map(figure)});
    if entry.estimated_time_ms.is_some() || entry.estimated_cost.is_some() {
        let expected = figures(entry.estimated_time_ms, entry.estimated_cost);
        told.insert("expected".to_owned(), expected);
    }
    told.insert("actual".to_owned(), figures(entry.time_ms, entry.cost));
    if let Some(lesson) = recorded.lesson {
        told.insert("so_far".to_owned(), so_far(lesson));
    }
    Value::Object(told)
}

/// What all records of the pattern say.
fn so_far(lesson: Lesson) -> Value {
    let drifts = |ratio: Option<f64>| {
        ratio.is_some_and(|it| it.is_finite() && it > 0.0 && !(1.0 / DRIFT..DRIFT).contains(&it))
    };
    let mut told = json!({
        "runs": lesson.records,
        "successes": lesson.successes,
        "time_ratio": lesson.time_ratio.map(figure),
        "cost_ratio": lesson.cost_ratio.map(figure),
    });
    if lesson.records >= MIN_RECORDS {
        told["drift"] = json!(drifts(lesson.time_ratio) || drifts(lesson.cost_ratio));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_is_told_once_there_are_enough_runs() {
        let lesson = Lesson {
            records: MIN_RECORDS,
            successes: MIN_RECORDS,
            time_ratio: Some(2.0),
            cost_ratio: Some(1.0),
            ..Lesson::default()
        };
        assert_eq!(so_far(lesson)["drift"], true);
        let steady = Lesson {
            time_ratio: Some(1.2),
            ..lesson
        };
        assert_eq!(so_far(steady)["drift"], false);
        let few = Lesson {
            records: MIN_RECORDS - 1,
            ..lesson
        };
        assert!(so_far(few).get("drift").is_none());
    }
}
