//! Changes of tests beside other writers.

use std::process::Stdio;

use super::setting::{created, world};
use crate::common::{Holder, Run};

/// REVIEW 6.3: a change of a test was never tried again, as its errors were no longer the store's when the
/// transaction saw them.
#[test]
fn a_deadlock_with_another_session_is_tried_again() {
    let world = world();
    created(&world, &["--metric", "time"]);
    // The rival never looks for deadlocks, so that the change is the one that PostgreSQL ends.
    world.sql(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 2000', current_database()); END $$",
    );
    let mut rival = Holder::of(
        world.url(),
        "SET LOCAL deadlock_timeout = '1h'; SELECT FROM tool_catalog.tool_ab_tests FOR UPDATE",
    );
    let start = world
        .command(&["abtest", "start", "t"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("toolcat runs");
    // It holds the lock of the writers, and waits for the row.
    rival.await_rival();
    rival.ask("SELECT FROM tool_catalog.catalog_state FOR UPDATE");
    drop(rival);
    let run = Run::of(start.wait_with_output().expect("toolcat ends"));
    assert_eq!(run.code, 0, "{}", run.shown("abtest start t"));
    assert_eq!(
        world.sql("SELECT status FROM tool_ab_tests").trim(),
        "active"
    );
}

/// A serialization failure is not a refusal either. The sequence counts the tries, as it is not rolled back.
#[test]
fn a_serialization_failure_is_tried_again() {
    let world = world();
    created(&world, &["--metric", "time"]);
    world.sql(
        "CREATE SEQUENCE tries; \
         CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('tool_catalog.tries') < 3 THEN \
                 RAISE 'could not serialize access' USING ERRCODE = 'serialization_failure'; \
             END IF; RETURN NEW; END $$; \
         CREATE TRIGGER fail_twice BEFORE UPDATE ON tool_ab_tests FOR EACH ROW EXECUTE FUNCTION fail_twice()",
    );
    world.ok(&["abtest", "start", "t"]);
    assert_eq!(world.sql("SELECT last_value FROM tries").trim(), "3");
}
