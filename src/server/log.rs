//! The log of the server: one JSON object a line, on stderr.

use std::io::Write as _;

use chrono::{SecondsFormat, Utc};
use serde::Serialize;

/// Something that happened beside the requests.
#[derive(Serialize)]
struct Event<'a> {
    time: String,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
}

/// The time as the log writes it.
pub fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Notes something that happened beside the requests.
pub fn event(event: &str, cause: Option<&str>) {
    let time = now();
    line(&Event { time, event, cause });
}

/// Writes one line.
pub fn line(line: &impl Serialize) {
    if let Ok(mut text) = serde_json::to_vec(line) {
        text.push(b'\n');
        // A request is answered even if the log cannot be written.
        let _ = std::io::stderr().lock().write_all(&text);
    }
}
