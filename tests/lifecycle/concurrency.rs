//! Many processes at once: no act is lost, and none half done.
//!
//! `TOOLCAT_ACTS=200 cargo test --test main lifecycle::concurrency` is the long form.

use std::collections::BTreeSet;

use super::setting;
use crate::common::{World, definition};

const PROCESSES: u64 = 16;
const TOOLS: u64 = 5;

/// A generator of the linear congruential kind (Knuth, MMIX): the same acts in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// One random act. Returns the revision that it made, if it changed something.
fn act(world: &World, dice: &mut Dice, process: u64, turn: usize) -> Option<i64> {
    let name = format!("tool-{}", dice.roll(TOOLS));
    let json = ["--format", "json"];
    let kind = dice.roll(8);
    let run = match kind {
        0 | 1 => {
            let policy = ["bump", "update"][usize::try_from(kind).expect("small")];
            let text = definition("linux", &name, "1.0", "c")
                .replace("What tool", &format!("By {process} at {turn}, what tool"));
            world.run_with_input(
                &["import", "-", "--on-conflict", policy, json[0], json[1]],
                &text,
            )
        }
        2 => {
            let set = format!("metadata.note={process}-{turn}");
            world.run(&["update", &name, "--set", &set, "--yes", json[0], json[1]])
        }
        3 => world.run(&["rollback", &name, json[0], json[1]]),
        4 => world.run(&["enable", &name, json[0], json[1]]),
        5 => world.run(&["disable", &name, json[0], json[1]]),
        6 => world.run(&["delete", &name, "--yes", json[0], json[1]]),
        _ => world.run(&["restore", &name, json[0], json[1]]),
    };
    // Not found and conflict are the documented answers to a tool that another process took away.
    assert!(matches!(run.code, 0 | 4 | 5), "act {kind}: {run:?}");
    if run.code != 0 {
        return None;
    }
    let done = run.json();
    let changed = match kind {
        0 | 1 => ["created", "updated", "bumped"]
            .iter()
            .any(|field| done[field].as_u64() > Some(0)),
        3 => done["changed"] == true,
        _ => done["changed"].as_array().is_some_and(|it| !it.is_empty()),
    };
    changed.then(|| done["revision"].as_i64().expect("a revision"))
}

#[test]
fn acts_of_many_processes_are_all_kept() {
    let world = World::new();
    let acts = setting("TOOLCAT_ACTS", 6);
    let revisions: Vec<i64> = std::thread::scope(|scope| {
        let processes: Vec<_> = (0..PROCESSES)
            .map(|process| {
                let world = &world;
                scope.spawn(move || {
                    let mut dice = Dice(process + 1);
                    (0..acts)
                        .filter_map(|turn| act(world, &mut dice, process, turn))
                        .collect::<Vec<i64>>()
                })
            })
            .collect();
        processes
            .into_iter()
            .flat_map(|it| it.join().expect("a process without an error"))
            .collect()
    });
    let acknowledged: BTreeSet<i64> = revisions.iter().copied().collect();
    assert_eq!(
        acknowledged.len(),
        revisions.len(),
        "an act has a revision of its own"
    );
    let logged: BTreeSet<i64> = world
        .sql("SELECT DISTINCT revision FROM tool_audit_log")
        .lines()
        .map(|it| it.parse().expect("a number"))
        .collect();
    assert_eq!(acknowledged, logged);
    assert_eq!(
        world.sql(
            "SELECT count(*) FROM (SELECT FROM tools GROUP BY platform, tool_name \
             HAVING count(*) FILTER (WHERE is_latest) <> 1) bad"
        ),
        "0\n"
    );
    world.ok(&["audit", "verify"]);
    if acts > 100 {
        eprintln!(
            "{} acts of {} were acknowledged",
            revisions.len(),
            PROCESSES as usize * acts
        );
    }
}

#[test]
fn importers_of_one_tool_make_one_latest_version() {
    let world = World::new();
    std::thread::scope(|scope| {
        for process in 0..8 {
            let world = &world;
            scope.spawn(move || {
                let text = definition("linux", "df", &format!("1.{process}"), "c");
                let run = world.run_with_input(&["import", "-"], &text);
                assert_eq!(run.code, 0, "{run:?}");
            });
        }
    });
    assert_eq!(world.ok(&["list", "--format", "name"]), "linux/df@1.7\n");
    assert_eq!(
        world
            .ok(&["versions", "df", "--format", "name"])
            .lines()
            .count(),
        8
    );
}
