//! What the audit log says of members, teams and tokens, and of whoever acts.

use super::Staffed;

#[test]
fn the_person_the_database_user_and_the_way_are_named() {
    let staffed = Staffed::new();
    let [alice, server] = ["alice", "server"].map(|it| staffed.name(it));
    let run = staffed.toolcat("server", "alice", &["disable", "df"]);
    assert_eq!(run.code, 0, "{}", run.shown("disable"));
    let spoken = format!(
        "SET toolcat.actor = '{alice}'; SET toolcat.client_address = '192.0.2.7'; SET toolcat.via = 'api';
         UPDATE tools SET description = 'by alice' WHERE tool_name = 'df' AND is_latest"
    );
    staffed.by_hand("server", &spoken).expect("alice may");
    staffed
        .by_hand("alice", &spoken.replace("by alice", "by hand"))
        .expect("alice may");
    let logged = staffed.world.sql(
        "SELECT changed_by, db_user, via, coalesce(ip_address, '-') FROM tool_audit_log ORDER BY id DESC LIMIT 3",
    );
    assert_eq!(
        logged,
        format!("{alice}|{alice}|api|-\n{alice}|{server}|api|192.0.2.7\n{alice}|{server}|cli|-\n"),
        "a delegate alone says from where it was asked"
    );
}

#[test]
fn members_and_tokens_are_logged_without_their_hashes() {
    let staffed = Staffed::new();
    let world = &staffed.world;
    world.sql(
        "INSERT INTO api_tokens (principal, role, hash, expires_at) VALUES ('x', 'viewer', sha256('x'), now());
         UPDATE api_tokens SET last_used_at = now();
         UPDATE api_tokens SET revoked_at = now();
         UPDATE catalog_members SET record = true WHERE role = 'admin';
         DELETE FROM catalog_teams",
    );
    let logged = world.sql(
        "SELECT entity, action, changes::text LIKE '%hash%' OR changes::text LIKE '%last_used%'
         FROM tool_audit_log WHERE entity IN ('member', 'team', 'token') AND action <> 'created'
            OR entity = 'token' ORDER BY id",
    );
    assert_eq!(
        logged,
        "token|created|f\ntoken|updated|f\nmember|updated|f\nteam|deleted|f\n"
    );
    let verify = world.run(&["audit", "verify"]);
    assert_eq!(verify.code, 0, "{}", verify.shown("audit verify"));
    // A member that was made behind the log's back is found.
    world.sql(
        "ALTER TABLE catalog_members DISABLE TRIGGER audit;
         INSERT INTO catalog_members (principal, role) VALUES ('mallory', 'admin');
         ALTER TABLE catalog_members ENABLE TRIGGER audit",
    );
    let verify = world.run(&["audit", "verify"]);
    assert_eq!(verify.code, 1);
    assert!(verify.stdout.contains("mallory"), "{}", verify.shown(""));
}

#[test]
fn a_token_lowers_what_its_principal_may_and_never_raises_it() {
    let staffed = Staffed::new();
    let [ada, alice, victor] = ["ada", "alice", "victor"].map(|it| staffed.name(it));
    let token = |principal: &str, role: &str, state: &str| {
        let made = staffed.world.sql(&format!(
            "INSERT INTO api_tokens (principal, role, hash, expires_at, revoked_at)
             SELECT '{principal}', '{role}', sha256(gen_random_uuid()::text::bytea), {state} RETURNING id"
        ));
        made.trim().to_owned()
    };
    let valid = "now() + INTERVAL '1 day', NULL::timestamptz";
    let rename = "UPDATE tools SET tool_name = 'dfx' WHERE tool_name = 'df'";
    let change = "UPDATE tools SET description = 'x' WHERE tool_name = 'df'";
    let as_server = |actor: &str, token: &str, sql: &str| {
        let sql = format!(
            "SET toolcat.actor = '{actor}'; SET toolcat.token_id = '{token}'; BEGIN; {sql}; ROLLBACK"
        );
        staffed.by_hand("server", &sql).is_ok()
    };
    let full = token(&ada, "admin", valid);
    assert!(as_server(&ada, &full, rename));
    let lower = token(&ada, "viewer", valid);
    assert!(!as_server(&ada, &lower, change));
    let raised = token(&victor, "admin", valid);
    assert!(!as_server(&victor, &raised, change), "a viewer stays one");
    let own = token(&alice, "admin", valid);
    assert!(as_server(&alice, &own, change) && !as_server(&alice, &own, rename));
    assert!(!as_server(&alice, &full, change), "another's token");
    for state in [
        "now() - INTERVAL '1 second', NULL::timestamptz",
        "now() + INTERVAL '1 day', now()",
    ] {
        let void = token(&ada, "admin", state);
        assert!(!as_server(&ada, &void, change), "{state}");
    }
    // By hand a token changes nobody; it can only take away.
    let sql = format!("SET toolcat.token_id = '{full}'; SET toolcat.actor = '{ada}'; {change}");
    assert!(staffed.by_hand("victor", &sql).is_err());
    assert!(staffed.by_hand("alice", &sql).is_err());
}
