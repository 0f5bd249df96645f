//! Executions recorded as a batch in memory.

use serde_json::json;
use toolcat::operations::Kind;
use toolcat::operations::telemetry::record::{batch, one, read};
use toolcat::telemetry::intake::Entry;

use super::{caller, connect, dry, world};

fn execution(id: &str, tool: &str) -> Entry {
    let value = json!({ "tool": tool, "time_ms": 5, "success": true, "execution_id": id });
    read(value).expect("an execution")
}

#[test]
fn a_batch_is_recorded_once_and_says_what_it_refuses() {
    let world = world(&[("linux", "df", "1.0")]);
    let mut connection = connect(&world);
    let mut send = |caller, atomic| {
        let entries = vec![
            Ok(execution("a", "df")),
            Ok(execution("a", "df")),
            Ok(execution("b", "dff")),
            read(json!({ "tool": "df", "success": true })),
            read(json!({ "tool": "df", "tim_ms": 5 })),
        ];
        batch(&mut connection, &caller, entries, atomic).expect("a report")
    };
    let first = send(dry(), false);
    assert_eq!((first.recorded, first.duplicates), (1, 1));
    let refused: Vec<(usize, &str, Option<&str>)> = first
        .rejected
        .iter()
        .map(|it| (it.index, it.reason.as_str(), it.hint.as_deref()))
        .collect();
    assert_eq!(
        refused,
        [
            (
                2,
                "there is no tool `dff` in the catalog",
                Some("did you mean df?")
            ),
            (3, "`time_ms` is missing", None),
            (
                4,
                "an execution has no field `tim_ms`",
                Some("did you mean time_ms?")
            ),
        ]
    );
    let atomic = send(caller(), true);
    assert_eq!(
        (atomic.recorded, atomic.duplicates, atomic.rejected.len()),
        (0, 0, 3)
    );
    let real = send(caller(), false);
    assert_eq!((real.recorded, real.duplicates), (1, 1));
    let again = send(caller(), false);
    assert_eq!((again.recorded, again.duplicates), (0, 2));
    assert_eq!(world.sql("SELECT count(*) FROM tool_telemetry").trim(), "1");
}

#[test]
fn one_execution_is_recorded_once() {
    let world = world(&[("linux", "df", "1.0")]);
    let mut connection = connect(&world);
    assert!(one(&mut connection, &dry(), execution("a", "df")).expect("a dry run"));
    assert!(one(&mut connection, &caller(), execution("a", "df")).expect("new"));
    assert!(!one(&mut connection, &caller(), execution("a", "df")).expect("known"));
    let refusal = one(&mut connection, &caller(), execution("b", "no such")).unwrap_err();
    assert_eq!(refusal.kind, Kind::NotFound);
}
