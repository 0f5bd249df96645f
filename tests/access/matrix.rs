//! Everybody tries every kind of write, through the command line, by hand, and through a delegate.

use super::Staffed;

/// A kind of write, and who may.
type Case = (&'static str, &'static str, &'static [&'static str]);

const DF: &str = "(SELECT id FROM tools WHERE tool_name = 'df' AND is_latest)";

/// Writes by hand; `DF` stands for the number of alice's tool, `{alice}` for the name of a person.
const BY_HAND: &[Case] = &[
    (
        "create a tool",
        "INSERT INTO tools (tool_name, version, description, platform, category, owner) VALUES ('new', '1', 'd', 'linux', 'c', session_user)",
        &["ada"],
    ),
    (
        "create a tool for another",
        "INSERT INTO tools (tool_name, version, description, platform, category, owner) VALUES ('new', '1', 'd', 'linux', 'c', '{alice}')",
        &["ada"],
    ),
    (
        "delete a tool",
        "DELETE FROM tool_telemetry; DELETE FROM tools WHERE id = DF",
        &["ada"],
    ),
    ("empty a table", "TRUNCATE tool_selections", &["ada"]),
    (
        "change a tool",
        "UPDATE tools SET description = 'other' WHERE id = DF",
        &["ada", "alice"],
    ),
    (
        "change a tool of a team",
        "UPDATE tools SET description = 'other' WHERE tool_name = 'ncdu'",
        &["ada", "carol"],
    ),
    (
        "change every tool",
        "UPDATE tools SET description = 'other'",
        &["ada"],
    ),
    (
        "disable a tool",
        "UPDATE tools SET enabled = false WHERE id = DF",
        &["ada", "alice"],
    ),
    (
        "hand a tool on",
        "UPDATE tools SET owner = '{bob}' WHERE id = DF",
        &["ada", "alice"],
    ),
    (
        "take a tool",
        "UPDATE tools SET owner = session_user WHERE tool_name = 'du'",
        &["ada", "bob"],
    ),
    (
        "rename a tool",
        "UPDATE tools SET tool_name = 'git' WHERE id = DF",
        &["ada"],
    ),
    (
        "give a tool a version",
        "INSERT INTO tools (tool_name, version, description, platform, category, owner, is_latest) VALUES ('df', '3', 'd', 'linux', 'c', '{alice}', false)",
        &["ada", "alice"],
    ),
    (
        "roll a tool back",
        "UPDATE tools SET is_latest = false WHERE id = DF; UPDATE tools SET is_latest = true WHERE tool_name = 'df' AND version = '1.0'",
        &["ada", "alice"],
    ),
    (
        "add a capability",
        "INSERT INTO tool_capabilities (tool_id, capability_name, description) VALUES (DF, 'c', 'd')",
        &["ada", "alice"],
    ),
    (
        "change a capability",
        "UPDATE tool_capabilities SET description = 'other' WHERE tool_id = DF",
        &["ada", "alice"],
    ),
    (
        "delete a capability",
        "DELETE FROM tool_capabilities WHERE tool_id = DF",
        &["ada", "alice"],
    ),
    (
        "change a pattern",
        "UPDATE tool_patterns p SET cost_estimate = '0' FROM tool_capabilities c WHERE c.id = p.capability_id AND c.tool_id = DF",
        &["ada", "alice"],
    ),
    (
        "delete a pattern",
        "DELETE FROM tool_patterns p USING tool_capabilities c WHERE c.id = p.capability_id AND c.tool_id = DF",
        &["ada", "alice"],
    ),
    (
        "test two versions",
        "INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id) SELECT 't', DF, id FROM tools WHERE tool_name = 'df' AND version = '1.0'",
        &["ada", "alice"],
    ),
    (
        "test against another's tool",
        "INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id) SELECT 't', DF, id FROM tools WHERE tool_name = 'du'",
        &["ada"],
    ),
    (
        "start a test of two owners",
        "UPDATE tool_ab_tests SET status = 'active'",
        &["ada"],
    ),
    ("delete a test", "DELETE FROM tool_ab_tests", &["ada"]),
    (
        "record an execution",
        "INSERT INTO tool_telemetry (tool_id, actual_time_ms, success) VALUES (DF, 1, true)",
        &["ada", "alice", "bob", "carol", "rita"],
    ),
    (
        "change a record",
        "UPDATE tool_telemetry SET actual_time_ms = 0 WHERE tool_id = DF",
        &["ada"],
    ),
    (
        "give a record another pattern",
        "UPDATE tool_telemetry SET pattern_id = 1 WHERE tool_id = DF",
        &["ada"],
    ),
    ("delete records", "DELETE FROM tool_telemetry", &["ada"]),
    (
        "assign a unit",
        "INSERT INTO tool_ab_assignments (test_id, phase, unit, arm, bucket, seed) SELECT id, 1, 'u', 'A', 0, seed FROM tool_ab_tests",
        &["ada", "alice", "bob", "carol", "rita"],
    ),
    (
        "assign no unit",
        "INSERT INTO tool_ab_assignments SELECT * FROM tool_ab_assignments",
        &["ada", "alice", "bob", "carol", "rita", "victor", "stella"],
    ),
    (
        "look at a test",
        "INSERT INTO tool_ab_looks (test_id, phase, recorded, verdict, p) SELECT id, 1, 0, 'go_on', '{}' FROM tool_ab_tests",
        &["ada", "alice", "bob", "carol", "rita", "victor"],
    ),
    (
        "record a selection",
        "INSERT INTO tool_selections (revision, request_hash, request, pool) VALUES (1, repeat('a', 64), '{}', '{}')",
        &["ada", "alice", "bob", "carol", "rita"],
    ),
    (
        "add a member",
        "INSERT INTO catalog_members (principal, role) VALUES ('new', 'viewer')",
        &["ada"],
    ),
    (
        "become an admin",
        "UPDATE catalog_members SET role = 'admin'",
        &["ada"],
    ),
    (
        "remove every member",
        "DELETE FROM catalog_members",
        &["ada"],
    ),
    ("empty the members", "TRUNCATE catalog_members", &["ada"]),
    (
        "join a team",
        "INSERT INTO catalog_teams (principal, team) VALUES (session_user, 'storage2')",
        &["ada"],
    ),
    (
        "make a token",
        "INSERT INTO api_tokens (principal, role, hash, expires_at) VALUES ('{ada}', 'admin', sha256('x'), now())",
        &["ada"],
    ),
    (
        "sign in",
        "INSERT INTO sessions (principal, hash, expires_at) VALUES ('{ada}', sha256('x'), now())",
        &["ada"],
    ),
    (
        "empty the index",
        "PERFORM clear_index()",
        &["ada", "alice", "bob", "carol"],
    ),
    (
        "change what is selected",
        "PERFORM renew_index_entries(array_agg(tool_id), array_agg(capability_name), array_agg(entry)) FROM selection_index",
        &["ada", "alice", "bob", "carol"],
    ),
];

/// What a server may for whomever it speaks.
const BY_A_SERVER: [&str; 3] = ["sign in", "empty the index", "change what is selected"];

/// Commands, each of which undoes what it did; the file is in the working folder.
const COMMANDS: &[Case] = &[
    ("create a tool", "import new.yaml", &["ada"]),
    ("bump a tool", "import df-3.0.yaml", &["ada", "alice"]),
    (
        "change a tool in place",
        "update df --set description=Other --yes",
        &["ada", "alice"],
    ),
    (
        "change a pattern",
        "update df --set policy.max_cost=3 --yes",
        &["ada", "alice"],
    ),
    (
        "change a tool of a team",
        "update ncdu --set description=Other --yes",
        &["ada", "carol"],
    ),
    ("disable a tool", "disable df", &["ada", "alice"]),
    ("deprecate a tool", "deprecate df", &["ada", "alice"]),
    ("hand a tool on", "chown bob df", &["ada", "alice"]),
    (
        "roll a tool back",
        "rollback df --to 1.0 --yes",
        &["ada", "alice"],
    ),
    ("delete a tool", "delete df --yes --purge", &["ada"]),
    (
        "test two versions",
        "abtest create t --a df@1.0 --b df@2.0 --metric success",
        &["ada", "alice"],
    ),
    (
        "record an execution",
        "telemetry record df --time-ms 5 --success",
        &["ada", "alice", "bob", "carol", "rita"],
    ),
];

const EVERYBODY: [&str; 7] = ["ada", "alice", "bob", "carol", "victor", "rita", "stella"];

fn refused_by_the_rule(text: &str) -> bool {
    text.contains(" may not ") && text.to_lowercase().contains("hint:") && text.contains(" may\n")
}

/// Tries every kind of write by hand, each undone: `done`, or who may instead.
fn tried(staffed: &Staffed, person: &str, settings: &str, session_user: &str) -> Vec<String> {
    let mut script = settings.to_owned();
    for (_, sql, _) in BY_HAND {
        let mut sql = sql.replace("DF", DF).replace("session_user", session_user);
        for person in EVERYBODY {
            sql = sql.replace(&format!("{{{person}}}"), &staffed.name(person));
        }
        let attempt = format!(
            "DO $do$ DECLARE may TEXT; BEGIN BEGIN {sql};
                 RAISE EXCEPTION 'undone' USING ERRCODE = 'P0099';
             EXCEPTION WHEN OTHERS THEN
                 GET STACKED DIAGNOSTICS may = PG_EXCEPTION_HINT;
                 PERFORM set_config('test.outcome', CASE SQLSTATE WHEN 'P0099' THEN 'done'
                     WHEN '42501' THEN may ELSE SQLERRM END, false);
             END; END $do$; SELECT current_setting('test.outcome');"
        );
        script.push_str(&attempt);
    }
    let outcomes = staffed.by_hand(person, &script).expect("every try ends");
    let outcomes: Vec<String> = outcomes.lines().map(str::to_owned).collect();
    assert_eq!(outcomes.len(), BY_HAND.len());
    outcomes
}

#[test]
fn by_hand_and_through_a_delegate() {
    let staffed = Staffed::new();
    let ada = staffed.name("ada");
    let mut wrong = Vec::new();
    for person in EVERYBODY {
        let name = staffed.name(person);
        let as_ada = format!("SET toolcat.actor = '{ada}';");
        let as_person = format!("SET toolcat.actor = '{name}';");
        // Where nobody is a delegate, the actor is a label.
        for (who, by, settings) in [
            (person.to_owned(), person, ""),
            (format!("{person}, who says ada"), person, as_ada.as_str()),
            (format!("the server for {person}"), "server", &as_person),
        ] {
            let outcomes = tried(&staffed, by, settings, &format!("'{name}'"));
            for ((what, _, allowed), outcome) in BY_HAND.iter().zip(outcomes) {
                let of_a_server = by == "server" && BY_A_SERVER.contains(what);
                let expected = of_a_server || allowed.contains(&person);
                let fits = match expected {
                    true => outcome == "done",
                    false => outcome.ends_with(" may"),
                };
                if !fits {
                    wrong.push(format!("{what} as {who}: {outcome}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(staffed.world.run(&["audit", "verify"]).code, 0);
}

#[test]
fn an_emptied_index_is_not_taken_for_an_answer() {
    let staffed = Staffed::new();
    let ask = || {
        staffed.toolcat(
            "victor",
            "victor",
            &["select", "--capability", "disk_usage"],
        )
    };
    let before = ask();
    staffed
        .by_hand("ada", "SELECT clear_index();")
        .expect("emptied");
    let doctor = staffed.toolcat("victor", "victor", &["doctor", "--format", "json"]);
    let told = "the next selection brings its own index up to date";
    assert!(doctor.stdout.contains(told), "{}", doctor.stdout);
    assert_eq!(ask().stdout, before.stdout);
}

#[test]
fn on_the_command_line() {
    let staffed = Staffed::new();
    let world = &staffed.world;
    for (file, tool, version) in [("new.yaml", "new", "1.0"), ("df-3.0.yaml", "df", "3.0")] {
        world.write(
            file,
            crate::common::definition("linux", tool, version, "disk_usage"),
        );
    }
    let mut wrong = Vec::new();
    for (what, command, allowed) in COMMANDS {
        let mut args: Vec<&str> = command.split(' ').collect();
        if !command.starts_with("telemetry") {
            args.push("--dry-run");
        }
        let mut judge = |who: String, run: crate::common::Run, expected: bool| {
            let fits = match expected {
                true => run.code == 0,
                false => run.code == 3 && refused_by_the_rule(&run.stderr),
            };
            if !fits {
                wrong.push(format!("{what} as {who}: {}", run.shown(command)));
            }
        };
        for person in EVERYBODY {
            let expected = allowed.contains(&person);
            judge(
                person.to_owned(),
                staffed.toolcat(person, "ada", &args),
                expected,
            );
            let run = staffed.toolcat("server", person, &args);
            judge(format!("the server for {person}"), run, expected);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    staffed.world.ok(&["abtest", "start", "du-ncdu"]);
    for person in EVERYBODY {
        for by in [person, "server"] {
            let unit = format!("{person}-{by}");
            let assign = ["abtest", "assign", "du-ncdu", "--unit", &unit];
            let select = ["select", "--capability", "disk_usage", "--record"];
            let allowed = ["ada", "alice", "bob", "carol", "rita"].contains(&person);
            for args in [&assign[..], &select] {
                let run = staffed.toolcat(by, person, args);
                let expected = if allowed { 0 } else { 3 };
                assert_eq!(run.code, expected, "{}", run.shown(&unit));
            }
        }
    }
    let prune = ["telemetry", "prune", "--before", "0s", "--yes"];
    for person in EVERYBODY.iter().rev() {
        let run = staffed.toolcat(person, person, &prune);
        let expected = if *person == "ada" { 0 } else { 3 };
        assert_eq!(run.code, expected, "{}", run.shown(person));
    }
}

#[test]
fn without_members_nothing_is_checked_but_the_members_themselves() {
    let staffed = Staffed::new();
    staffed.world.sql("DELETE FROM catalog_members");
    let outcomes = tried(&staffed, "stella", "", "session_user");
    for ((what, sql, _), outcome) in BY_HAND.iter().zip(outcomes) {
        let guarded = ["catalog_", "api_tokens", "sessions"];
        let guarded = guarded.iter().any(|it| sql.contains(it));
        assert_eq!(outcome == "done", !guarded, "{what}: {outcome}");
    }
}
