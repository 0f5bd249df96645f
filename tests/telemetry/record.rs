//! One execution, recorded or refused; a command that is measured.

use super::{rows, telemetry, world};
use crate::common::Holder;
use insta::assert_snapshot;

#[test]
fn an_execution_is_recorded_with_its_estimate() {
    let world = world();
    let run = telemetry(
        &world,
        "record df --pattern use --context N=50 --time-ms 180.4 --cost 0.0003 --success \
         --user ann --environment staging --execution-id a --rating 4 --at 2026-01-31T12:00:00Z",
    );
    assert_eq!(run.code, 0, "{run:?}");
    assert_snapshot!(telemetry(&world, "export").stdout, @r#"{"tool":"linux/df@1.0","capability":"disk_usage","pattern":"use","execution_id":"a","at":"2026-01-31T12:00:00Z","time_ms":180.4,"estimated_time_ms":150.0,"cost":0.0003,"estimated_cost":1.0,"success":true,"error":null,"user":"ann","environment":"staging","rating":4,"context":{"N":50}}"#);
}

#[test]
fn an_id_is_recorded_once() {
    let world = world();
    let once = "record df --time-ms 5 --success --execution-id a";
    assert_eq!(telemetry(&world, once).stdout, "recorded 1 execution\n");
    assert_eq!(
        telemetry(&world, once).stdout,
        "recorded 0 executions, 1 recorded before\n"
    );
    assert_eq!(rows(&world), 1);
}

/// S13: another tool may have an execution of the same name.
#[test]
fn an_id_is_its_tools_own() {
    let world = world();
    for tool in ["df", "du"] {
        let run = telemetry(
            &world,
            &format!("record {tool} --time-ms 5 --success --execution-id run-1"),
        );
        assert_eq!(run.stdout, "recorded 1 execution\n", "{run:?}");
    }
    let both = "{\"tool\":\"df\",\"time_ms\":1,\"success\":true,\"execution_id\":\"run-1\"}\n\
                {\"tool\":\"du\",\"time_ms\":1,\"success\":true,\"execution_id\":\"run-2\"}\n";
    let run = world.run_with_input(&["telemetry", "record", "--batch", "-"], both);
    assert_eq!(
        run.stdout, "recorded 1 execution, 1 recorded before\n",
        "{run:?}"
    );
}

/// T5: a time below a millisecond is kept, exported, and compared with its estimate.
#[test]
fn times_keep_their_fractions() {
    let world = world();
    for (at, time) in ["0.4", "1.2", "1.6", "7"].iter().enumerate() {
        let line = format!(
            "record df --pattern use --context N=1 --time-ms {time} --success --execution-id {at}"
        );
        assert_eq!(telemetry(&world, &line).code, 0);
    }
    let exported = telemetry(&world, "export").stdout;
    for time in [
        "\"time_ms\":0.4,",
        "\"time_ms\":1.2,",
        "\"time_ms\":1.6,",
        "\"time_ms\":7,",
    ] {
        assert!(exported.contains(time), "{exported}");
    }
    let analysed = telemetry(&world, "analyze df --format json").json();
    assert_eq!(analysed[0]["compared"], 4, "{analysed}");
}

#[test]
fn recording_neither_waits_for_writers_nor_is_audited() {
    let world = world();
    let before = world.sql("SELECT count(*) FROM tool_audit_log");
    // Would wait for the lock that the writers of definitions take, were it to take it.
    let holder = Holder::of_the_writers_lock(world.url());
    let run = telemetry(&world, "record df --time-ms 5 --success");
    drop(holder);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(world.sql("SELECT count(*) FROM tool_audit_log"), before);
}

#[test]
fn what_cannot_be_is_refused() {
    let world = world();
    let all = [
        "record dff --time-ms 5 --success",
        "record df@9 --time-ms 5 --success",
        "record df --pattern us --time-ms 5 --success",
        "record df --capability disk_usag --time-ms 5 --success",
        "record df --time-ms -5 --success",
        "record df --time-ms 1e15 --success",
        "record df --time-ms 5 --success --at 2999-01-01",
        "record df --time-ms 5 --success --cost -1",
        "record df --time-ms 5 --success --rating 6",
    ];
    let shown: String = all
        .iter()
        .map(|it| telemetry(&world, it).shown(it))
        .collect();
    assert_snapshot!(shown, @"
    $ toolcat record dff --time-ms 5 --success
    ! error: there is no tool `dff` in the catalog
    ! hint: did you mean df?
    [exit 4]
    $ toolcat record df@9 --time-ms 5 --success
    ! error: there is no tool `df@9` in the catalog
    ! hint: did you mean linux/df@1.0?
    [exit 4]
    $ toolcat record df --pattern us --time-ms 5 --success
    ! error: linux/df@1.0 has no pattern `us`
    ! hint: did you mean use?
    [exit 4]
    $ toolcat record df --capability disk_usag --time-ms 5 --success
    ! error: linux/df@1.0 has no capability `disk_usag`
    ! hint: did you mean disk_usage?
    [exit 4]
    $ toolcat record df --time-ms -5 --success
    ! error: the time is negative: -5 ms
    [exit 2]
    $ toolcat record df --time-ms 1e15 --success
    ! error: the time cannot be right: 1000000000000000 ms is more than 2147483647 ms (24 days)
    [exit 2]
    $ toolcat record df --time-ms 5 --success --at 2999-01-01
    ! error: the time is in the future: 2999-01-01T00:00:00+00:00
    [exit 2]
    $ toolcat record df --time-ms 5 --success --cost -1
    ! error: the cost is negative: -1
    [exit 2]
    $ toolcat record df --time-ms 5 --success --rating 6
    ! error: the rating must be 1, 2, 3, 4 or 5, not 6
    [exit 2]
    ");
    for bad in [
        "--time-ms NaN",
        "--time-ms inf",
        "--time-ms 5 --context N=many",
        "--time-ms 5 --context N",
    ] {
        assert_eq!(
            telemetry(&world, &format!("record df --success {bad}")).code,
            2,
            "{bad}"
        );
    }
    assert_eq!(telemetry(&world, "record df --time-ms 5").code, 2);
    assert_eq!(rows(&world), 0);
}

#[test]
fn a_command_passes_through_and_is_recorded() {
    let world = world();
    let run = world.run_with_input(
        &[
            "telemetry",
            "run",
            "df",
            "--pattern",
            "use",
            "--context",
            "N=3",
            "--",
            "sh",
            "-c",
            "cat; echo oops >&2; exit 7",
        ],
        "in and out\n",
    );
    assert_eq!(
        (run.code, &*run.stdout, &*run.stderr),
        (7, "in and out\n", "oops\n")
    );
    let run = world.run(&["telemetry", "run", "df", "--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(run.code, 128 + 15);
    let run = world.run(&["telemetry", "run", "df", "--", "no-such-command"]);
    assert_eq!(run.code, 127);
    assert_eq!(telemetry(&world, "run df -- true").code, 0);
    assert_eq!(
        world.sql(
            "SELECT success, error_message, estimated_time_ms FROM tool_telemetry ORDER BY id"
        ),
        "f|exit code 7|103\nf|ended by signal 15|\n\
         f|cannot run `no-such-command`: No such file or directory (os error 2)|\nt||\n"
    );
    // A wrong name is said before anything runs.
    let run = world.run(&["telemetry", "run", "dff", "--", "touch", "ran"]);
    assert_eq!(run.code, 4);
    assert!(!world.path().join("ran").exists());
}

#[test]
fn a_command_runs_without_a_database() {
    let world = world();
    let run = world.run(&[
        "--database-url",
        "postgresql://127.0.0.1:1/none",
        "telemetry",
        "run",
        "df",
        "--",
        "sh",
        "-c",
        "echo out; exit 3",
    ]);
    assert_eq!((run.code, &*run.stdout), (3, "out\n"));
    assert!(
        run.stderr.starts_with("warning: this will not be recorded"),
        "{run:?}"
    );
}

#[test]
fn a_signal_reaches_the_command() {
    let world = world();
    let script = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = world
        .command(&["telemetry", "run", "df", "--", "sh", "-c", script])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("toolcat runs");
    let mut out = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).expect("a line");
    let id = rustix::process::Pid::from_raw(child.id() as i32).expect("an id");
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("a signal");
    assert_eq!(child.wait().expect("an end").code(), Some(9));
    assert_eq!(rows(&world), 1);
}
