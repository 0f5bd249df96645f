//! Ways around the rule that do not lead around it.

use super::Staffed;

const DU: &str = "UPDATE tools SET description = 'taken over' WHERE tool_name = 'du'";

/// Who tries what against bob's tool, the members or the rule itself; `TRY` stands for the plain change.
const TRIES: &[(&str, &str)] = &[
    ("alice", "TRY"),
    ("alice", "SET toolcat.actor = '{bob}'; TRY"),
    ("alice", "SET toolcat.actor = 'toolcat'; TRY"),
    (
        "alice",
        "SET toolcat.token_id = '1'; SET toolcat.actor = 'toolcat'; TRY",
    ),
    // Another role does not make another principal.
    ("victor", "SET ROLE {ada}; TRY"),
    ("victor", "SET SESSION AUTHORIZATION {ada}; TRY"),
    ("alice", "SET session_replication_role = replica; TRY"),
    (
        "alice",
        "ALTER TABLE tools DISABLE TRIGGER access_update; TRY",
    ),
    ("alice", "ALTER TABLE tools DISABLE TRIGGER ALL; TRY"),
    ("alice", "DROP TRIGGER access_update ON tools; TRY"),
    (
        "alice",
        "CREATE OR REPLACE FUNCTION tool_catalog.check_access() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; TRY",
    ),
    (
        "alice",
        "CREATE FUNCTION tool_catalog.access_of_session(x INT) RETURNS INT LANGUAGE sql AS 'SELECT 1'",
    ),
    // What a session makes for itself shadows nothing.
    (
        "alice",
        "CREATE TEMP TABLE catalog_members AS SELECT * FROM tool_catalog.catalog_members; UPDATE pg_temp.catalog_members SET role = 'admin'; SET search_path = pg_temp, tool_catalog; UPDATE tool_catalog.tools SET description = 'x' WHERE tool_name = 'du'",
    ),
    (
        "alice",
        "CREATE FUNCTION pg_temp.audit_token() RETURNS BIGINT LANGUAGE sql AS 'SELECT NULL::bigint'; SET search_path = pg_temp, tool_catalog; UPDATE tool_catalog.tools SET description = 'x' WHERE tool_name = 'du'",
    ),
    (
        "alice",
        "CREATE FUNCTION pg_temp.any_owner(TEXT, TEXT) RETURNS BOOLEAN LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR pg_temp.= (LEFTARG = TEXT, RIGHTARG = TEXT, FUNCTION = pg_temp.any_owner); SET search_path = pg_temp, tool_catalog; UPDATE tool_catalog.tools SET description = 'x' WHERE tool_name OPERATOR(pg_catalog.=) 'du'",
    ),
    // Other forms of the same statement.
    (
        "alice",
        "WITH changed AS (TRY RETURNING id) SELECT count(*) FROM changed",
    ),
    (
        "alice",
        "MERGE INTO tools t USING (SELECT 'du' AS name) s ON t.tool_name = s.name WHEN MATCHED THEN UPDATE SET description = 'x'",
    ),
    (
        "alice",
        "INSERT INTO tools (tool_name, version, description, platform, category, owner) SELECT tool_name, version, 'x', platform, category, owner FROM tools WHERE tool_name = 'du' ON CONFLICT (platform, tool_name, version) DO UPDATE SET description = excluded.description",
    ),
    (
        "alice",
        "CREATE TEMP VIEW mine AS SELECT * FROM tool_catalog.tools; UPDATE mine SET description = 'x' WHERE tool_name = 'du'",
    ),
    (
        "alice",
        "CREATE TEMP TABLE t (id INT); CREATE FUNCTION pg_temp.deep() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN UPDATE tool_catalog.tools SET description = 'x' WHERE tool_name = 'du'; RETURN NULL; END $$; CREATE TRIGGER deep AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.deep(); INSERT INTO t VALUES (1)",
    ),
    ("alice", "PREPARE p AS TRY; EXECUTE p"),
    // By way of what belongs to the tool, or points at it.
    (
        "alice",
        "UPDATE tool_capabilities SET tool_id = (SELECT id FROM tools WHERE tool_name = 'df' AND is_latest), capability_name = 'c2' WHERE tool_id = (SELECT id FROM tools WHERE tool_name = 'du')",
    ),
    (
        "alice",
        "UPDATE tools SET id = (SELECT id FROM tools WHERE tool_name = 'du') WHERE tool_name = 'df' AND is_latest",
    ),
    (
        "alice",
        "UPDATE tools SET tool_name = 'du', version = '9' WHERE tool_name = 'df' AND version = '1.0'",
    ),
    (
        "alice",
        "INSERT INTO tools (tool_name, version, description, platform, category, owner, is_latest, parent_version_id) SELECT 'du', '9', 'd', 'linux', 'c', session_user, false, id FROM tools WHERE tool_name = 'du'",
    ),
    (
        "alice",
        "INSERT INTO tools (tool_name, version, description, platform, category, owner) VALUES ('a', '1', 'd', 'linux', 'c', session_user), ('a', '2', 'd', 'linux', 'c', session_user)",
    ),
    (
        "alice",
        "UPDATE tool_ab_tests SET tool_a_id = (SELECT id FROM tools WHERE tool_name = 'df' AND version = '1.0'), tool_b_id = (SELECT id FROM tools WHERE tool_name = 'df' AND version = '2.0')",
    ),
    (
        "alice",
        "INSERT INTO catalog_teams (principal, team) VALUES (session_user, '{bob}')",
    ),
    (
        "alice",
        "UPDATE catalog_members SET principal = session_user WHERE role = 'admin'",
    ),
    (
        "alice",
        "UPDATE catalog_members SET delegate = true WHERE principal = session_user",
    ),
    (
        "server",
        "UPDATE catalog_members SET role = 'admin' WHERE principal = session_user",
    ),
    ("server", "SET toolcat.actor = ''; TRY"),
    ("server", "SET toolcat.actor = '{alice}'; TRY"),
    (
        "server",
        "SET toolcat.actor = '{bob}'; SET toolcat.token_id = '1'; TRY",
    ),
    (
        "server",
        "UPDATE api_tokens SET role = 'admin', principal = session_user",
    ),
    ("server", "UPDATE api_tokens SET hash = sha256('known')"),
    (
        "server",
        "UPDATE api_tokens SET expires_at = now() + INTERVAL '1 day', last_used_at = now()",
    ),
    ("alice", "UPDATE api_tokens SET last_used_at = now()"),
    ("alice", "SELECT audit_access()"),
];

#[test]
fn nothing_leads_around_the_rule() {
    let staffed = Staffed::new();
    let world = &staffed.world;
    let [ada, victor] = ["ada", "victor"].map(|it| staffed.name(it));
    world.sql(&format!(
        "GRANT {ada} TO {victor};
         INSERT INTO api_tokens (principal, role, hash, expires_at) VALUES ('toolcat', 'admin', sha256('x'), now() + INTERVAL '30 days')"
    ));
    let state = || {
        [
            "tools",
            "tool_capabilities",
            "tool_ab_tests",
            "catalog_members",
            "catalog_teams",
            "api_tokens",
            "tool_audit_log",
        ]
        .map(|table| world.sql(&format!("SELECT t::text FROM {table} t ORDER BY 1")))
    };
    let before = state();
    for (person, attempt) in TRIES {
        let mut sql = attempt.replace("TRY", DU);
        for name in ["ada", "alice", "bob"] {
            sql = sql.replace(&format!("{{{name}}}"), &staffed.name(name));
        }
        let result = staffed.by_hand(person, &sql);
        assert!(result.is_err(), "{person}: {sql}");
        assert!(before == state(), "{person}: {sql}: {result:?}");
    }
    assert_eq!(world.run(&["audit", "verify"]).code, 0);
    let doctor = world.run(&["doctor", "--deep"]);
    assert_eq!(doctor.code, 0, "{}", doctor.shown("doctor --deep"));
}
