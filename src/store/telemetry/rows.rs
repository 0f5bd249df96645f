//! Executions in the text form that COPY reads.

use std::collections::HashSet;
use std::io::Write;

use chrono::{Datelike, SubsecRound};
use serde_json::{Map, Value};

use crate::telemetry::intake::Execution;

/// The version of a tool and the id of one of its executions: what is recorded once.
pub(super) type Key = (i64, String);

/// Executions encoded for COPY, one after another in one piece of memory.
#[derive(Debug, Default)]
pub struct Rows {
    text: Vec<u8>,
    /// Where each row ends, and its key where it has one.
    ends: Vec<(usize, Option<Key>)>,
    months: HashSet<(i32, u32)>,
    keys: HashSet<Key>,
    repeated: u64,
}

impl Rows {
    /// Rows held.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no row is held.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Executions that were left out since their id came before among these rows.
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// The keys, as tools and ids side by side.
    pub(super) fn keys(&self) -> (Vec<i64>, Vec<&str>) {
        self.keys
            .iter()
            .map(|(tool, id)| (*tool, id.as_str()))
            .unzip()
    }

    /// The first day of each month in which something was executed.
    pub fn months(&self) -> Vec<String> {
        let mut months: Vec<String> = self
            .months
            .iter()
            .map(|(year, month)| format!("{year:04}-{month:02}-01"))
            .collect();
        months.sort();
        months
    }

    /// Adds an execution, unless its tool's id is among the rows already.
    pub fn push(&mut self, it: &Execution) {
        let key = it.execution_id.clone().map(|id| (it.tool_id, id));
        if let Some(key) = &key
            && !self.keys.insert(key.clone())
        {
            self.repeated += 1;
            return;
        }
        self.months.insert((it.at.year(), it.at.month()));
        let out = &mut self.text;
        number(out, Some(it.tool_id), b'\t');
        number(out, it.capability_id, b'\t');
        number(out, it.pattern_id, b'\t');
        text(out, it.execution_id.as_deref());
        text(out, it.user.as_deref());
        text(out, it.environment.as_deref());
        number(out, Some(it.time_ms), b'\t');
        number(out, it.cost, b'\t');
        number(out, it.estimated_time_ms, b'\t');
        number(out, it.estimated_cost, b'\t');
        out.extend_from_slice(if it.success { b"t\t" } else { b"f\t" });
        text(out, it.error.as_deref());
        text(out, Some(&context(&it.context)));
        let at = it.at.naive_utc().trunc_subsecs(6);
        number(out, Some(format_args!("{at}+00")), b'\t');
        number(out, it.rating, b'\n');
        self.ends.push((out.len(), key));
    }

    /// Writes the rows but those with the keys given.
    pub(super) fn write(&self, out: &mut dyn Write, without: &HashSet<Key>) -> std::io::Result<()> {
        if without.is_empty() {
            return out.write_all(&self.text);
        }
        let mut start = 0;
        for (end, key) in &self.ends {
            if key.as_ref().is_none_or(|key| !without.contains(key)) {
                out.write_all(&self.text[start..*end])?;
            }
            start = *end;
        }
        Ok(())
    }
}

/// The context as JSON.
pub(super) fn context(pairs: &[(String, f64)]) -> String {
    let number = |value: f64| match value {
        // whole numbers as whole numbers, while they are exact
        value if value.fract() == 0.0 && value.abs() < 9e15 => Value::from(value as i64),
        value => Value::from(value),
    };
    let fields: Map<String, Value> = pairs
        .iter()
        .map(|(name, value)| (name.clone(), number(*value)))
        .collect();
    Value::Object(fields).to_string()
}

fn number(out: &mut Vec<u8>, value: Option<impl std::fmt::Display>, end: u8) {
    match value {
        // writing to memory does not fail
        Some(value) => drop(write!(out, "{value}")),
        None => out.extend_from_slice(b"\\N"),
    }
    out.push(end);
}

fn text(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        None => out.extend_from_slice(b"\\N"),
        Some(value) => {
            for byte in value.bytes() {
                match byte {
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    b'\t' => out.extend_from_slice(b"\\t"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    b'\r' => out.extend_from_slice(b"\\r"),
                    byte => out.push(byte),
                }
            }
        }
    }
    out.push(b'\t');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::intake::Entry;

    fn execution(id: Option<&str>) -> Execution {
        let entry = Entry {
            time_ms: Some(5.0),
            cost: Some(0.0003),
            success: Some(false),
            error: Some("a\tb\\\n".into()),
            execution_id: id.map(str::to_owned),
            context: vec![("N".into(), 3.0)],
            ..Entry::default()
        };
        Execution::check(entry, chrono::DateTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn rows_are_escaped() {
        let mut rows = Rows::default();
        rows.push(&execution(None));
        assert_eq!(
            String::from_utf8(rows.text).unwrap(),
            "0\t\\N\t\\N\t\\N\t\\N\t\\N\t5\t0.0003\t\\N\t\\N\tf\ta\\tb\\\\\\n\t{\"N\":3}\t\
             1970-01-01 00:00:00+00\t\\N\n"
        );
    }

    #[test]
    fn an_id_is_held_once_and_can_be_left_out() {
        let mut rows = Rows::default();
        for id in [Some("a"), Some("b"), Some("a"), None, None] {
            rows.push(&execution(id));
        }
        assert_eq!((rows.len(), rows.repeated()), (4, 1));
        let mut text = Vec::new();
        rows.write(&mut text, &HashSet::from([(0, "a".to_owned())]))
            .unwrap();
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 3);
    }
}
