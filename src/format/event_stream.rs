//! Server-sent events (text/event-stream), in which servers answer over HTTP: each event's data is
//! one JSON value. <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use super::node::Node;
use super::{Position, Problem, json};

const FIELDS: [&str; 4] = ["event", "data", "id", "retry"];

/// Whether a text is such a stream: every line is one of its fields, and data starts like JSON.
pub fn is_one(text: &str) -> bool {
    let mut data = false;
    for line in text.lines().filter(|it| !it.is_empty()) {
        match field(line) {
            Some(("data", value)) => data |= value.starts_with(['{', '[']),
            Some(_) => {}
            None => return false,
        }
        // What follows is looked at when it is read; a long stream is not gone through twice.
        if data {
            return true;
        }
    }
    false
}

/// A field of a line and its value; a comment has the empty name.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let known = name.is_empty() || FIELDS.contains(&name);
    known.then(|| (name, value.strip_prefix(' ').unwrap_or(value)))
}

/// The values of the data of every event.
pub fn read(text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    // Lines that are no data become blank ones, so that every value keeps its line.
    let mut nodes = Vec::new();
    let mut event = String::new();
    let mut blank_lines = 0;
    for (at, line) in text.lines().chain([""]).enumerate() {
        match field(line) {
            Some(("data", value)) => {
                if event.is_empty() {
                    blank_lines = at;
                } else {
                    event.push('\n');
                }
                event.push_str(value);
            }
            _ if line.is_empty() && !event.trim().is_empty() => {
                nodes.extend(json::read_at(
                    &event,
                    Position::new(blank_lines + 1, 1),
                    problems,
                ));
                event.clear();
            }
            _ => {}
        }
    }
    nodes
}
