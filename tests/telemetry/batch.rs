//! Files of executions: streamed, refused by line, exactly once whatever happens.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Noise, lines, rows, telemetry, world};
use insta::assert_snapshot;

#[test]
fn bad_rows_are_kept_and_the_others_recorded() {
    let world = world();
    world.write(
        "runs.jsonl",
        "{\"tool\":\"df\",\"time_ms\":5,\"success\":true}\n\
         {\"tool\":\"dff\",\"time_ms\":5,\"success\":true}\n\
         \n\
         {\"tool\":\"df\",\"time_ms\":-5,\"success\":true}\n\
         {\"tool\":\"df\",\"time_ms\":5,\"success\":true,\"context\":{\"N\":\"x\"}}\n\
         {\"tool\":\"df\",\"time_ms\":5,\"success\":true,\"cots\":3}\n\
         {\"tool\":\"df\",\"time_ms\":5,\"succ",
    );
    let run = telemetry(&world, "record --batch runs.jsonl");
    assert_snapshot!(run.shown("telemetry record --batch runs.jsonl"), @r#"
    $ toolcat telemetry record --batch runs.jsonl
    recorded 2 executions, 4 refused (see runs.jsonl.rejects.jsonl)
    ! warning: line 2: there is no tool `dff` in the catalog (did you mean df?)
    ! warning: line 4: the time is negative: -5 ms
    ! warning: line 5: context value `N` is not a number: "x"
    ! warning: line 7: the line is cut off: it is not whole JSON
    ! warning: ignored the unknown field `cots` (did you mean `cost`?)
    [exit 1]
    "#);
    assert_eq!(rows(&world), 2);
    let kept = world.read("runs.jsonl.rejects.jsonl");
    let first: serde_json::Value =
        serde_json::from_str(kept.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["line"], 2);
    assert_eq!(
        first["row"],
        "{\"tool\":\"dff\",\"time_ms\":5,\"success\":true}"
    );
    assert_eq!(kept.lines().count(), 4);
}

#[test]
fn atomic_means_all_or_nothing() {
    let world = world();
    let mut text = lines(25_000, |_, n, _| n);
    text.push_str("{\"tool\":\"df\"}\n");
    world.write("runs.jsonl", &text);
    let run = telemetry(&world, "record --batch runs.jsonl --atomic");
    assert_eq!((run.code, rows(&world)), (2, 0), "{run:?}");
    assert!(
        run.stderr.contains("1 row refused; nothing was recorded"),
        "{run:?}"
    );
    world.write("good.jsonl", text.replace("{\"tool\":\"df\"}\n", ""));
    world.write("good.jsonl.rejects.jsonl", "of an earlier run\n");
    let run = telemetry(&world, "record --batch good.jsonl --atomic");
    assert_eq!((run.code, rows(&world)), (0, 25_000), "{run:?}");
    assert_eq!(world.read("good.jsonl.rejects.jsonl"), "");
}

#[test]
fn too_many_bad_rows_stop_it() {
    let world = world();
    world.write("runs.jsonl", "nonsense\n".repeat(50));
    // CSV is what a line without a brace is taken for, and it has no heading.
    assert_eq!(telemetry(&world, "record --batch runs.jsonl").code, 2);
    let run = telemetry(
        &world,
        "record --batch runs.jsonl --from-format jsonl --max-rejects 9",
    );
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("more than 9 rows were refused"),
        "{run:?}"
    );
    assert_eq!(telemetry(&world, "record --batch none.jsonl").code, 2);
}

/// L12
#[test]
fn what_is_said_twice_is_refused() {
    let world = world();
    world.write(
        "twice.csv",
        "tool,time_ms,success,actual_time_ms\ndf,1,true,98\n",
    );
    let run = telemetry(&world, "record --batch twice.csv");
    assert_eq!((run.code, rows(&world)), (2, 0), "{run:?}");
    assert!(run.stderr.contains("twice"), "{}", run.stderr);
    world.write(
        "twice.jsonl",
        "{\"tool\":\"df\",\"success\":true,\"time_ms\":1,\"actual_time_ms\":98}\n",
    );
    let run = telemetry(&world, "record --batch twice.jsonl");
    assert_eq!((run.code, rows(&world)), (1, 0), "{run:?}");
}

#[test]
fn csv_and_spans_are_read() {
    let world = world();
    let csv = "tool,pattern,time_ms,success,error,context.N,at\n\
               df,use,120,true,,20,2026-01-01T00:00:00Z\n\
               du,use,90,false,\"a, b\nc\",,2026-01-02\n";
    let run = world.run_with_input(&["telemetry", "record", "--batch", "-"], csv);
    assert_eq!(run.stdout, "recorded 2 executions\n", "{run:?}");
    let span = |name: &str| {
        format!(
            "{{\"name\":\"{name}\",\"traceId\":\"t\",\"spanId\":\"{name}\",\"startTimeUnixNano\":\"1767225600000000000\",\
             \"endTimeUnixNano\":\"1767225600250000000\",\"status\":{{\"code\":1}},\"attributes\":{{\"N\":7}}}}\n"
        )
    };
    let spans = span("df") + &span("GET /");
    let run = world.run_with_input(
        &[
            "telemetry",
            "record",
            "--batch",
            "-",
            "--from-format",
            "otel",
        ],
        &spans,
    );
    assert_eq!(
        run.stdout, "recorded 1 execution, 1 spans of other things\n",
        "{run:?}"
    );
    assert_eq!(
        world.sql(
            "SELECT actual_time_ms, success, error_message, estimated_time_ms, context_variables \
                   FROM tool_telemetry ORDER BY id"
        ),
        "120|t||120|{\"N\": 20}\n90|f|a, b\nc||{}\n250|t|||{\"N\": 7}\n"
    );
}

/// T1, T3: an odd span refuses itself alone, each refused span counts, and one of other things is passed over, however
/// odd it is; a document may be a whole file.
#[test]
fn spans_are_refused_one_by_one() {
    let world = world();
    let span = |name: &str, id: usize, more: &str| {
        format!(
            "{{\"name\": \"{name}\", \"traceId\": \"t\", \"spanId\": \"{id}\", \"startTimeUnixNano\": 1767225600000000000{more}}}"
        )
    };
    let ended = ", \"endTimeUnixNano\": 1767225600000400000";
    let bad = format!("{ended}, \"attributes\": {{\"tool.pattern\": \"none\"}}");
    let rated = format!("{ended}, \"attributes\": {{\"rating\": \"PG-13\"}}");
    let spans = [
        span("df", 1, ended),
        span("GET /film", 2, &rated),
        span("GET /open", 3, ""),
        span("df", 4, &bad),
        span("df", 5, &bad),
        span("df", 6, ""),
        span("execute_tool du", 7, ended),
    ];
    let document = format!(
        "{{\n  \"resourceSpans\": [{{\"scopeSpans\": [{{\"spans\": [\n{}\n]}}]}}]\n}}\n",
        spans.join(",\n")
    );
    world.write("spans.json", &document);
    let run = telemetry(&world, "record --batch spans.json --from-format otel");
    assert!(
        run.stdout
            .starts_with("recorded 2 executions, 2 spans of other things, 3 refused"),
        "{run:?}"
    );
    assert!(
        run.stderr.contains("t-4") && run.stderr.contains("t-5"),
        "{run:?}"
    );
    assert!(
        run.stderr
            .contains("span t-6: the span has no start and end"),
        "{run:?}"
    );
    assert_eq!(
        world.sql("SELECT actual_time_ms, execution_id FROM tool_telemetry ORDER BY id"),
        "0.4|t-1\n0.4|t-7\n"
    );
}

#[test]
fn results_of_hyperfine_are_recorded() {
    let world = world();
    let results = "{\n \"results\": [\n  {\"command\": \"/bin/df -h\", \"times\": [0.0004, 0.25],\n   \
                   \"exit_codes\": [0, 1], \"parameters\": {\"N\": \"20\", \"pattern\": \"use\"}}\n ]\n}\n";
    world.write("bench.json", results);
    let run = telemetry(&world, "record --batch bench.json --from-format hyperfine");
    assert_eq!(run.stdout, "recorded 2 executions\n", "{run:?}");
    assert_eq!(
        world.sql(
            "SELECT actual_time_ms, success, error_message, estimated_time_ms FROM tool_telemetry ORDER BY id"
        ),
        "0.4|t||120\n250|f|exit code 1|120\n"
    );
}

#[test]
fn what_is_exported_can_be_recorded() {
    let world = world();
    world.write("runs.jsonl", lines(300, |_, n, _| n));
    assert_eq!(telemetry(&world, "record --batch runs.jsonl").code, 0);
    for format in ["jsonl", "csv"] {
        let exported = telemetry(&world, &format!("export --format {format}")).stdout;
        world.write("out", &exported);
        world.sql("TRUNCATE tool_telemetry");
        let run = telemetry(&world, "record --batch out");
        assert_eq!(run.stdout, "recorded 300 executions\n", "{run:?}");
        assert_eq!(
            telemetry(&world, &format!("export --format {format}")).stdout,
            exported
        );
    }
}

/// `TOOLCAT_KILLS=30 TOOLCAT_KILL_ROWS=200000 cargo test --test main telemetry::batch::killed` is the long form.
#[test]
fn a_killed_batch_is_recorded_exactly_once_by_the_next_run() {
    let setting = |name: &str, default: usize| {
        std::env::var(name)
            .ok()
            .and_then(|it| it.parse().ok())
            .unwrap_or(default)
    };
    let (kills, count) = (
        setting("TOOLCAT_KILLS", 3),
        setting("TOOLCAT_KILL_ROWS", 25_000),
    );
    let world = world();
    world.write("runs.jsonl", lines(count, |_, n, _| n));
    let start = Instant::now();
    assert_eq!(telemetry(&world, "record --batch runs.jsonl").code, 0);
    let whole = start.elapsed();
    let mut noise = Noise::new(3);
    for kill in 0..kills {
        world.sql("TRUNCATE tool_telemetry");
        let mut child = world
            .command(&["telemetry", "record", "--batch", "runs.jsonl"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("toolcat runs");
        let end = Instant::now() + whole.mul_f64(noise.uniform());
        while Instant::now() < end && child.try_wait().expect("a state").is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        let _ = child.kill();
        let _ = child.wait();
        let run = telemetry(&world, "record --batch runs.jsonl --format json");
        assert_eq!(run.code, 0, "{run:?}");
        let summary = run.json();
        let known = summary["duplicates"].as_u64().expect("a count");
        let new = summary["recorded"].as_u64().expect("a count");
        assert_eq!(known + new, count as u64, "kill {kill}");
        let counts = world.sql("SELECT count(*), count(DISTINCT execution_id) FROM tool_telemetry");
        assert_eq!(counts, format!("{count}|{count}\n"), "kill {kill}");
    }
}

#[test]
fn two_at_once_record_each_id_once() {
    let world = world();
    world.write("runs.jsonl", lines(12_000, |_, n, _| n));
    let start = || {
        world
            .command(&["telemetry", "record", "--batch", "runs.jsonl"])
            .stdout(Stdio::null())
            .spawn()
            .expect("toolcat runs")
    };
    let mut children = [start(), start(), start()];
    for child in &mut children {
        assert!(child.wait().expect("an end").success());
    }
    assert_eq!(rows(&world), 12_000);
}

#[test]
fn a_lost_database_leaves_what_was_acknowledged() {
    let world = world();
    world.write("runs.jsonl", lines(60_000, |_, n, _| n));
    let child = world
        .command(&[
            "telemetry",
            "record",
            "--batch",
            "runs.jsonl",
            "--format",
            "json",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("toolcat runs");
    let deadline = Instant::now() + Duration::from_secs(60);
    while rows(&world) == 0 && Instant::now() < deadline {
        std::thread::yield_now();
    }
    world.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'COPY%'",
    );
    let output = child.wait_with_output().expect("an end");
    if output.status.success() {
        // It was faster than the loss.
        assert_eq!(rows(&world), 60_000);
        return;
    }
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, line) = said.split_once("--from-line ").expect("where to go on");
    let line: usize = line.trim().parse().expect("a line");
    assert_eq!(rows(&world), line - 1, "{said}");
    let go_on = format!("record --batch runs.jsonl --from-line {line}");
    assert_eq!(telemetry(&world, &go_on).code, 0);
    assert_eq!(rows(&world), 60_000);
}
