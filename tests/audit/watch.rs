//! Following changes as they are made.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use crate::common::{World, definition, psql};

/// A watch that has begun.
struct Watch {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Watch {
    fn start(world: &World, args: &[&str]) -> Self {
        let mut child = world
            .command(&[&["watch", "--format", "jsonl"], args].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("toolcat runs");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let err = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut watch = Self { child, out, err };
        watch.said("watching from revision");
        watch
    }

    /// Waits until something is said on stderr.
    fn said(&mut self, what: &str) {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            let read = self.err.read_line(&mut line).expect("stderr");
            assert!(read > 0, "the watch ended");
        }
    }

    /// The next change.
    fn next(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("stdout");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Ends it as Ctrl-C does. Returns the exit code and what else it wrote.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(pid).expect("a process id"),
            rustix::process::Signal::INT,
        )
        .expect("a signal");
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("stdout");
        let mut said = String::new();
        self.err.read_to_string(&mut said).expect("stderr");
        assert_eq!(rest, "");
        (self.child.wait().expect("the watch ends").code(), said)
    }
}

fn world() -> World {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    world
}

#[test]
fn changes_are_told_also_those_by_hand() {
    let world = world();
    let mut watch = Watch::start(&world, &[]);
    world.ok(&["disable", "df", "--reason", "noisy"]);
    let change = watch.next();
    assert_eq!(change["action"], "disabled");
    assert_eq!(change["tool"], "df");
    assert_eq!(change["reason"], "noisy");
    assert_eq!(change["changes"]["enabled"]["new"], false);
    world.sql("UPDATE tools SET category = 'disks'");
    let change = watch.next();
    assert_eq!(change["changes"]["category"]["new"], "disks");
    assert_eq!(change["revision"], 3);
    let (code, said) = watch.interrupt();
    assert_eq!((code, said.as_str()), (Some(0), ""));
}

#[test]
fn nothing_is_missed_when_the_connection_is_lost() {
    let world = world();
    let mut watch = Watch::start(&world, &["--since", "0"]);
    assert_eq!(watch.next()["revision"], 1);
    // In one step, so that the change falls between two connections.
    psql(
        world.url(),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'toolcat'; \
         UPDATE tool_catalog.tools SET category = 'disks'",
    );
    assert_eq!(watch.next()["revision"], 2);
    world.ok(&["disable", "df"]);
    assert_eq!(watch.next()["revision"], 3);
    watch.interrupt();
}

#[test]
fn a_catalog_that_goes_back_is_not_followed_in_silence() {
    let world = world();
    world.ok(&["db", "backup", "backup.jsonl"]);
    let mut watch = Watch::start(&world, &[]);
    world.ok(&["disable", "df", "--yes"]);
    while watch.next()["action"] != "disabled" {}
    world.ok(&["db", "restore", "backup.jsonl", "--replace", "--yes"]);
    watch.said("is not the one that was followed");
    assert_eq!(watch.child.wait().expect("the watch ends").code(), Some(5));
    let run = world.run(&["watch", "--since", "999", "--count", "1"]);
    assert_eq!(run.code, 5, "{run:?}");
}

#[test]
fn a_command_gets_each_change() {
    let world = world();
    let run = {
        let watch = Watch::start(
            &world,
            &[
                "--count",
                "2",
                "--exec",
                "cat >> seen; test $(wc -l < seen) -lt 2",
            ],
        );
        world.ok(&["disable", "df"]);
        world.ok(&["enable", "df"]);
        watch.child.wait_with_output().expect("the watch ends")
    };
    assert_eq!(run.status.code(), Some(0));
    let seen: Vec<serde_json::Value> = world
        .read("seen")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1]["action"], "enabled");
}

#[test]
fn a_folder_is_kept_in_step() {
    let world = world();
    world.write("out/linux/mine.yaml", "not ours");
    let mut watch = Watch::start(&world, &["--export", "out"]);
    assert!(
        world
            .read("out/linux/df@1.0.yaml")
            .contains("tool_name: df")
    );
    world.write("df.yaml", definition("linux", "df", "1.1", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    // The old version is superseded, the new one made.
    for _ in 0..2 {
        watch.next();
    }
    assert!(!world.path().join("out/linux/df@1.0.yaml").exists());
    let exported = world.ok(&["show", "df", "--format", "yaml"]);
    assert_eq!(world.read("out/linux/df@1.1.yaml"), exported);
    watch.interrupt();
    // What happens while nobody watches is made up for at the next start.
    world.ok(&["delete", "df", "--yes"]);
    let watch = Watch::start(&world, &["--export", "out"]);
    assert!(!world.path().join("out/linux/df@1.1.yaml").exists());
    assert_eq!(world.read("out/linux/mine.yaml"), "not ours");
    watch.interrupt();
}
