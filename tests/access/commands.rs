//! `member`, `team` and `whoami`.

use serde_json::json;

use super::Staffed;
use crate::common::{World, definition};

#[test]
fn members_are_added_changed_and_removed() {
    let world = World::new();
    world.ok(&["member", "add", "ada", "--role", "admin", "--delegate"]);
    world.ok(&["member", "add", "ci", "--role", "viewer", "--record"]);
    let twice = world.run(&["member", "add", "ada", "--role", "viewer"]);
    assert_eq!(twice.code, 5);
    assert!(
        twice.stderr.contains("`toolcat member role ada ROLE`"),
        "{}",
        twice.shown("")
    );
    world.ok(&["member", "role", "ci", "owner", "--dry-run"]);
    let list = |world: &World| world.run(&["member", "list", "--format", "json"]).json();
    let members = list(&world);
    assert_eq!(members[0]["principal"], "ada");
    assert_eq!(members[0]["delegate"], true);
    assert_eq!(members[1]["role"], "viewer", "a dry run changes nothing");
    world.ok(&["member", "role", "ada", "--delegate", "false"]);
    world.ok(&["member", "role", "ci", "owner"]);
    let members = list(&world);
    assert_eq!(
        (&members[0]["delegate"], &members[0]["role"]),
        (&json!(false), &json!("admin"))
    );
    assert_eq!(
        (&members[1]["role"], &members[1]["record"]),
        (&json!("owner"), &json!(true))
    );
    let missing = world.run(&["member", "role", "adda", "viewer"]);
    assert_eq!(missing.code, 4);
    assert!(
        missing.stderr.contains("did you mean ada?"),
        "{}",
        missing.shown("")
    );
    for wrong in ["", " ", "a\nb", &"x".repeat(101)] {
        assert_eq!(
            world.run(&["member", "add", wrong, "--role", "admin"]).code,
            2,
            "{wrong:?}"
        );
    }
    assert_eq!(world.run(&["member", "add", "x", "--role", "king"]).code, 2);
    world.ok(&["team", "add", "storage", "ci"]);
    world.ok(&["token", "create", "--for", "ci"]);
    let partly = world.run(&["member", "remove", "ci", "nobody"]);
    assert_eq!(partly.code, 4, "all or none");
    assert_eq!(list(&world).as_array().map(Vec::len), Some(2));
    world.ok(&["member", "remove", "ci", "--reason", "left"]);
    assert_eq!(list(&world).as_array().map(Vec::len), Some(1));
    assert_eq!(
        world.run(&["team", "list", "--format", "json"]).json(),
        json!([])
    );
    let tokens = world.run(&["token", "list", "--format", "json"]).json();
    assert_eq!(tokens[0]["state"], "revoked");
    let log = world.ok(&["audit", "--format", "jsonl"]);
    assert!(log.contains("\"reason\":\"left\"") && log.contains("\"action\":\"role_changed\""));
    assert_eq!(world.run(&["audit", "verify"]).code, 0);
}

#[test]
fn teams_are_of_members() {
    let world = World::new();
    world.ok(&["member", "add", "alice", "--role", "owner"]);
    world.ok(&["member", "add", "bob", "--role", "owner"]);
    world.ok(&["team", "add", "storage", "alice", "bob"]);
    world.ok(&["team", "add", "storage", "alice"]);
    assert_eq!(world.run(&["team", "add", "storage", "nobody"]).code, 4);
    assert_eq!(
        world.run(&["team", "add", "alice", "bob"]).code,
        5,
        "a member's name"
    );
    assert_eq!(
        world.ok(&["team", "list", "storage", "--format", "name"]),
        "alice\nbob\n"
    );
    world.ok(&["team", "remove", "storage", "bob"]);
    let gone = world.run(&["team", "remove", "storage", "bob"]);
    assert_eq!(gone.code, 4, "{}", gone.shown(""));
    assert_eq!(
        world.ok(&["team", "list", "--format", "csv"]),
        "team,principal\nstorage,alice\n"
    );
}

#[test]
fn whoami_says_what_the_database_makes_of_the_session() {
    let staffed = Staffed::new();
    let who = |person: &str, actor: &str| {
        let run = staffed.toolcat(person, actor, &["whoami", "--format", "json"]);
        run.json()[0].clone()
    };
    let carol = who("carol", "ada");
    assert_eq!(
        carol["principal"],
        json!(staffed.name("carol")),
        "the actor is a label"
    );
    assert_eq!(
        (&carol["role"], &carol["teams"]),
        (&json!("owner"), &json!(["storage"]))
    );
    let spoken = who("server", "ada");
    assert_eq!(spoken["principal"], json!(staffed.name("ada")));
    assert_eq!(spoken["db_user"], json!(staffed.name("server")));
    assert_eq!(spoken["role"], "admin");
    let stranger = who("stella", "stella");
    assert_eq!(
        (&stranger["role"], &stranger["record"]),
        (&json!(null), &json!(false))
    );
    assert_eq!(
        staffed.world.run(&["whoami", "--format", "json"]).json()[0]["role"],
        "admin"
    );
}

#[test]
fn who_is_not_an_admin_changes_no_members_and_makes_no_tokens() {
    let staffed = Staffed::new();
    let alice = staffed.name("alice");
    for args in [
        &["member", "add", "x", "--role", "viewer"][..],
        &["member", "role", &alice, "admin"],
        &["member", "remove", &alice],
        &["team", "add", "storage", &alice],
        &["token", "create"],
        &["token", "create", "--for", &staffed.name("ada")],
    ] {
        let run = staffed.toolcat("alice", "alice", args);
        assert_eq!(run.code, 3, "{}", run.shown("alice"));
        assert!(
            run.stderr.contains("with the role owner, may not change"),
            "{}",
            run.shown("")
        );
        assert!(
            run.stdout.is_empty(),
            "nothing is shown that does not count"
        );
    }
}

#[test]
fn a_new_version_belongs_to_the_owner_of_the_one_before() {
    let world = World::new();
    for version in ["1.0", "2.0"] {
        let file = world.write("df.yaml", definition("linux", "df", version, "disk_usage"));
        world.ok(&["import", &file.display().to_string(), "--actor", "ada"]);
        world.ok(&["chown", "alice", "df"]);
    }
    let file = world.write("df.yaml", definition("linux", "df", "3.0", "disk_usage"));
    world.ok(&["import", &file.display().to_string(), "--actor", "ada"]);
    let owner = world.sql("SELECT owner, created_by FROM tools WHERE version = '3.0'");
    assert_eq!(owner, "alice|ada\n");
}

#[test]
fn doctor_looks_at_the_members() {
    let world = World::new();
    let found = |world: &World| {
        let list = world.run(&["doctor", "--format", "json"]).json();
        let checks = list.as_array().expect("a list");
        let check = checks.iter().find(|it| it["check"] == "members");
        check.expect("the check").clone()
    };
    assert_eq!(found(&world)["state"], "good");
    world.ok(&["member", "add", "ci", "--role", "viewer"]);
    assert_eq!(found(&world)["found"], "no member is an admin");
    world.ok(&["member", "add", "ada", "--role", "admin"]);
    assert_eq!(found(&world)["state"], "good");
    world.ok(&["token", "create", "--for", "ci", "--expires", "3d"]);
    assert!(found(&world)["found"].to_string().contains("1 of ci"));
    world.ok(&["token", "revoke", "1"]);
    assert_eq!(found(&world)["state"], "good");
    world.ok(&["member", "add", "toolcat", "--role", "viewer", "--delegate"]);
    assert!(
        found(&world)["found"]
            .to_string()
            .contains("toolcat speaks for others")
    );
    world.sql("ALTER TABLE tools DISABLE TRIGGER access_update");
    let doctor = world.run(&["doctor"]);
    assert!(
        doctor.stdout.contains("tools.access_update"),
        "{}",
        doctor.stdout
    );
}
