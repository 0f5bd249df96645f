//! Tokens: shown once, kept as a hash, and what they prove.

use toolcat::operations::access::{self, Role};
use toolcat::operations::{Caller, Kind};
use toolcat::store::location::Catalog;
use toolcat::store::{Connection, Location};

use crate::common::{World, definition};

fn connected(world: &World) -> Connection {
    let location = Location::parse(world.url(), Catalog::default()).expect("a location");
    Connection::open(&location).expect("a connection")
}

/// A catalog with an admin, an owner in a team, and a viewer who may record.
fn staffed() -> World {
    let world = World::new();
    world.ok(&["member", "add", "ada", "--role", "admin"]);
    world.ok(&["member", "add", "alice", "--role", "owner"]);
    world.ok(&["member", "add", "ci", "--role", "viewer", "--record"]);
    world.ok(&["team", "add", "storage", "alice"]);
    world
}

#[test]
fn a_token_is_shown_once_and_its_hash_alone_is_kept() {
    let world = staffed();
    let run = world.run(&["token", "create", "--for", "ci", "--note", "pipeline"]);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    let token = run.stdout.trim_end_matches('\n');
    assert!(
        token.starts_with("tcat_") && !token.contains('\n'),
        "alone on stdout"
    );
    assert!(!run.stderr.contains(token));
    let hash = world.sql(
        "SELECT hash = sha256(convert_to($$TOKEN$$, 'UTF8')) FROM api_tokens"
            .replace("TOKEN", token)
            .as_str(),
    );
    assert_eq!(hash.trim(), "t");
    world.ok(&["db", "backup", "all.jsonl"]);
    let everything = world.read("all.jsonl")
        + &world.sql("SELECT t::text FROM api_tokens t")
        + &world.ok(&["token", "list", "--format", "json"])
        + &world.ok(&["audit", "--format", "json"]);
    assert!(!everything.contains(token) && !everything.contains(&token[5..20]));
    let quiet = world.run(&["token", "create", "--for", "ci", "--quiet"]);
    assert!(quiet.stderr.is_empty() && quiet.stdout.starts_with("tcat_"));
    let dry = world.run(&["token", "create", "--for", "ci", "--dry-run"]);
    assert_eq!(
        (dry.code, dry.stdout.as_str()),
        (0, ""),
        "what does not count is not shown"
    );
    assert_eq!(world.sql("SELECT count(*) FROM api_tokens").trim(), "2");
}

#[test]
fn limits_are_kept() {
    let world = staffed();
    let ends = |id: i64| {
        let sql = format!("SELECT (expires_at - created_at)::text FROM api_tokens WHERE id = {id}");
        world.sql(&sql).trim().to_owned()
    };
    world.ok(&["token", "create", "--for", "ada"]);
    world.ok(&["token", "create", "--for", "ada", "--expires", "1y"]);
    assert_eq!(
        (ends(1), ends(2)),
        ("90 days".to_owned(), "365 days".to_owned())
    );
    for wrong in ["2y", "366d", "0d", "never"] {
        assert_eq!(
            world
                .run(&["token", "create", "--for", "ada", "--expires", wrong])
                .code,
            2,
            "{wrong}"
        );
    }
    let stranger = world.run(&["token", "create", "--for", "nobody"]);
    assert_eq!(stranger.code, 4);
    assert!(
        stranger.stderr.contains("toolcat member add nobody"),
        "{}",
        stranger.shown("")
    );
    // Whoever owns the catalog needs no row.
    world.ok(&["token", "create"]);
    let own = world.sql("SELECT principal, role FROM api_tokens WHERE id = 3");
    assert_eq!(own.trim(), "toolcat|admin");
}

#[test]
fn a_token_proves_who_asks_and_no_more_than_it_may() {
    let world = staffed();
    let made = |args: &[&str]| {
        let created = world.ok(&[&["token", "create"], args].concat());
        created.trim().to_owned()
    };
    let mut connection = connected(&world);
    let ending = made(&["--for", "alice"]);
    let alice = access::authenticate(&mut connection, &ending).expect("alice");
    assert_eq!(
        (alice.name.as_str(), alice.role, alice.record),
        ("alice", Role::Owner, true)
    );
    assert!(alice.owns(Some("storage")) && alice.owns(Some("alice")) && !alice.owns(Some("bob")));
    let lower = made(&["--for", "ada", "--role", "viewer"]);
    let lower = access::authenticate(&mut connection, &lower).expect("ada");
    assert_eq!((lower.role, lower.record), (Role::Viewer, false));
    let recording = made(&["--for", "ada", "--role", "viewer", "--record"]);
    assert!(
        access::authenticate(&mut connection, &recording)
            .expect("ada")
            .record
    );
    let raised = made(&["--for", "ci", "--role", "admin"]);
    let raised = access::authenticate(&mut connection, &raised).expect("ci");
    assert_eq!((raised.role, raised.record), (Role::Viewer, true));

    let token = made(&["--for", "ada"]);
    let refused = |connection: &mut Connection, token: &str, why: &str| {
        let refusal = access::authenticate(connection, token).expect_err(why);
        assert_eq!(refusal.kind, Kind::Unauthenticated);
        assert!(refusal.message.contains(why), "{why}: {refusal}");
        assert!(
            !refusal.message.contains(&token[5..]),
            "the token is never repeated"
        );
    };
    access::authenticate(&mut connection, &format!(" {token}\n")).expect("blanks around it");
    refused(&mut connection, &format!("{token}x"), "not a token");
    refused(&mut connection, "tcat_short", "not a token");
    let elsewhere = World::new();
    let strange = elsewhere.ok(&["token", "create"]);
    refused(&mut connection, strange.trim(), "not known");
    world.sql("UPDATE catalog_members SET role = 'viewer' WHERE principal = 'ada'");
    let demoted = access::authenticate(&mut connection, &token).expect("ada");
    assert_eq!(
        demoted.role,
        Role::Viewer,
        "the member's role counts at once"
    );
    world.sql("UPDATE api_tokens SET expires_at = now() WHERE principal = 'alice'");
    refused(&mut connection, &ending, "has expired");
    world.ok(&["token", "revoke", "--for", "ada"]);
    refused(&mut connection, &token, "was revoked");
    let removed = made(&["--for", "ci"]);
    world.sql("DELETE FROM catalog_members WHERE principal = 'ci'");
    refused(&mut connection, &removed, "is not a member");
}

#[test]
fn its_use_is_noted_once_a_minute() {
    let world = staffed();
    let token = world.ok(&["token", "create", "--for", "ci"]);
    let mut connection = connected(&world);
    let noted = |world: &World| world.sql("SELECT last_used_at, xmin FROM api_tokens");
    let revision = world.sql("SELECT revision FROM catalog_state");
    assert!(noted(&world).starts_with('|'));
    access::authenticate(&mut connection, &token).expect("ci");
    let first = noted(&world);
    assert!(!first.starts_with('|'));
    access::authenticate(&mut connection, &token).expect("ci");
    assert_eq!(noted(&world), first, "not written again");
    world.sql("UPDATE api_tokens SET last_used_at = now() - INTERVAL '61 seconds'");
    let old = noted(&world);
    access::authenticate(&mut connection, &token).expect("ci");
    assert_ne!(noted(&world), old);
    assert_eq!(
        world.sql("SELECT revision FROM catalog_state"),
        revision,
        "no change of the catalog"
    );
}

#[test]
fn sessions_begin_and_end() {
    let world = staffed();
    let token = world.ok(&["token", "create", "--for", "alice", "--role", "viewer"]);
    let mut connection = connected(&world);
    let alice = access::authenticate(&mut connection, &token).expect("alice");
    let key = access::sign_in(&mut connection, &alice, 3600).expect("a session");
    let other = access::sign_in(&mut connection, &alice, 3600).expect("a session");
    let back = access::signed_in(&mut connection, key.reveal()).expect("alice");
    assert_eq!(back, alice, "with the limits of the token");
    assert!(
        !world
            .sql("SELECT s::text FROM sessions s")
            .contains(&key.reveal()[5..])
    );
    access::sign_out(&mut connection, key.reveal(), false).expect("signed out");
    assert!(access::signed_in(&mut connection, key.reveal()).is_err());
    access::signed_in(&mut connection, other.reveal()).expect("the other stays");
    world.ok(&["token", "revoke", "1"]);
    let refusal = access::signed_in(&mut connection, other.reveal()).expect_err("revoked");
    assert_eq!(refusal.kind, Kind::Unauthenticated);
    let ada = access::named(&mut connection, "ada").expect("ada");
    let keys = [(); 2].map(|()| access::sign_in(&mut connection, &ada, 3600).expect("a session"));
    access::sign_out(&mut connection, keys[0].reveal(), true).expect("signed out");
    assert!(
        keys.iter()
            .all(|it| access::signed_in(&mut connection, it.reveal()).is_err())
    );
    let brief = access::sign_in(&mut connection, &ada, 0).expect("a session");
    assert!(access::signed_in(&mut connection, brief.reveal()).is_err());
    assert!(access::named(&mut connection, "mallory").is_err());
}

#[test]
fn a_token_limits_its_principal_on_a_private_catalog_as_well() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    let token = world.ok(&["token", "create", "--role", "viewer"]);
    let mut connection = connected(&world);
    let viewer = access::authenticate(&mut connection, &token).expect("the owner's token");
    let caller = Caller {
        token_id: viewer.token_id,
        ..Caller::named(viewer.name)
    };
    let standing = access::whoami(&mut connection, &caller).expect("an answer");
    assert!(!standing.checked, "no members, and no token shown");
    let refused = toolcat::operations::change(&mut connection, &caller, None, |transaction| {
        let rows = toolcat::store::access::members::list(transaction)?;
        assert!(rows.is_empty());
        let new = toolcat::store::access::members::NewMember {
            principal: "mallory".to_owned(),
            role: Role::Admin,
            record: false,
            delegate: false,
        };
        Ok(toolcat::store::access::members::add(transaction, &new)?)
    });
    let refusal = refused.expect_err("a viewer");
    assert_eq!(refusal.kind, Kind::Forbidden);
    assert!(
        refusal.message.contains("with the role viewer"),
        "{refusal}"
    );
}
