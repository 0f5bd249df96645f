//! What a revision did, undone.

use insta::assert_snapshot;

use super::setting;
use crate::common::{World, definition};

fn world() -> World {
    let world = World::new();
    for name in ["df", "du", "ps"] {
        let text = definition("linux", name, "1.0", "c");
        world.write(&format!("d/{name}.yaml"), text);
    }
    world.ok(&["import", "d"]);
    world
}

#[test]
fn revisions_are_undone_unless_others_changed_the_same_since() {
    let world = world();
    assert_snapshot!(world.transcript(
        "update df --set category=network --yes
         revert 2 --dry-run
         revert 2
         revert 3
         revert 2
         disable du
         delete ps --yes
         revert 6..7 --format json
         update df --set description=other --yes
         delete du --yes
         revert 1
         revert 9
         revert 99
         revert 3..1
         revert x"
    ));
    world.ok(&["audit", "verify"]);
}

/// The same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Everything that definitions are, without numbers of rows and times.
fn state(world: &World) -> String {
    world.sql(
        "SELECT t.platform, t.tool_name, t.version, t.description, t.category, t.status, t.enabled, t.owner, \
                t.defaults, t.metadata, t.extra, t.definition_digest, t.is_latest, \
                parent.version AS parent, c.capability_name, c.description, c.extra, \
                to_jsonb(p) - 'id' - 'capability_id' - 'created_at' - 'updated_at' \
         FROM tools t LEFT JOIN tools parent ON parent.id = t.parent_version_id \
         LEFT JOIN tool_capabilities c ON c.tool_id = t.id LEFT JOIN tool_patterns p ON p.capability_id = c.id \
         ORDER BY t.platform, t.tool_name, t.version, c.capability_name, p.pattern_name",
    )
}

fn revision(world: &World) -> String {
    world
        .sql("SELECT revision FROM catalog_state")
        .trim()
        .to_owned()
}

/// Shows only the rows that differ.
#[track_caller]
fn same(found: &str, wanted: &str, what: &str) {
    let only = |a: &str, b: &str| -> Vec<String> {
        let other: Vec<&str> = b.lines().collect();
        a.lines()
            .filter(|it| !other.contains(it))
            .map(str::to_owned)
            .collect()
    };
    assert!(
        found == wanted,
        "{what}\nfound {:#?}\nwanted {:#?}",
        only(found, wanted),
        only(wanted, found)
    );
}

/// One random act; it may be refused, or change nothing.
fn act(world: &World, dice: &mut Dice, round: usize) {
    let name = dice.of(&["df", "du", "ps"]);
    match dice.below(9) {
        0 => {
            let field = dice.of(&[
                "category",
                "metadata.author",
                "policy.requires_approval",
                "scope",
            ]);
            let value = if field == "policy.requires_approval" {
                dice.of(&["true", "false"])
            } else {
                dice.of(&["system", "network"])
            };
            world.run(&[
                "update",
                name,
                "--set",
                &format!("{field}={value}"),
                "--yes",
            ]);
        }
        1 => drop(world.run(&["disable", name])),
        2 => drop(world.run(&["enable", name])),
        3 => drop(world.run(&["deprecate", name])),
        4 => drop(world.run(&["chown", dice.of(&["ada", "bob"]), name])),
        5 => drop(world.run(&["delete", name, "--yes"])),
        6 => drop(world.run(&["restore", name])),
        7 => drop(world.run(&["rollback", name])),
        _ => {
            let version = format!("1.{round}");
            let text = definition("linux", name, &version, dice.of(&["c", "d"]));
            let file = world.write(&format!("new/{name}.yaml"), text);
            world.run(&["import", &file.display().to_string()]);
        }
    }
}

#[test]
fn any_act_and_its_revert_leave_everything_as_it_was() {
    let world = world();
    let mut dice = Dice(7);
    let mut reverted = 0;
    for round in 1..=setting("TOOLCAT_REVERTS", 100) {
        let (before, then) = (state(&world), revision(&world));
        act(&world, &mut dice, round);
        let now = revision(&world);
        if now == then {
            continue;
        }
        let after = state(&world);
        let run = world.run(&["revert", &now]);
        same(&state(&world), &before, &format!("round {round}: {run:?}"));
        reverted += 1;
        // A revert is an act like others.
        if round % 2 == 0 {
            let run = world.run(&["revert", &revision(&world)]);
            same(&state(&world), &after, &format!("round {round}: {run:?}"));
        }
    }
    assert!(reverted > 40, "{reverted}");
    world.ok(&["audit", "verify"]);
    world.ok(&["doctor", "--deep"]);
}

#[test]
fn a_revert_takes_no_other_version_into_use_while_a_test_runs() {
    let world = world();
    world.write("df.yaml", definition("linux", "df", "1.1", "c"));
    world.ok(&["import", "df.yaml"]);
    world.ok(&["rollback", "df"]);
    world.sql(
        "INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id, status) \
         SELECT 'trial', a.id, b.id, 'active' FROM tools a, tools b \
         WHERE a.tool_name = 'df' AND a.version = '1.0' AND b.tool_name = 'df' AND b.version = '1.1'",
    );
    let before = state(&world);
    let run = world.run(&["revert", "3"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(
        run.stderr.contains("trial") && !run.stderr.contains("--force"),
        "{run:?}"
    );
    assert_eq!(state(&world), before);
}

/// L14: a revision without a definition is told by what it changed.
#[test]
fn l14_what_is_no_definition_is_named() {
    let world = world();
    world.ok(&["member", "add", "ann", "--role", "admin"]);
    world.ok(&["team", "add", "ops", "ann"]);
    world.ok(&["token", "create", "--for", "ann"]);
    for (revision, told) in [
        (2, "revision 2 changed no definition, but the member ann;"),
        (
            3,
            "revision 3 changed no definition, but the membership of ann in ops;",
        ),
        (4, "revision 4 changed no definition, but a token of ann;"),
    ] {
        let run = world.run(&["revert", &revision.to_string()]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(told), "{told}: {run:?}");
    }
    let run = world.run(&["revert", "2..4"]);
    assert!(
        run.stderr
            .contains("revisions 2 to 4 changed no definition, but the member ann, "),
        "{run:?}"
    );
}
