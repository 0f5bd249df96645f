//! What the schema promises: `src/store/schema.rs` is what the migrations make, every table and
//! column is described, and every foreign key has the delete rule it should have.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::common::World;

/// The tables as `diesel::table!` texts, printed from a migrated database.
fn printed(world: &World) -> BTreeMap<String, String> {
    let columns = world.sql(
        "SELECT c.relname, a.attname, t.typname, a.attnotnull,
                coalesce((SELECT string_agg(k.attname, ', ' ORDER BY array_position(i.indkey::int2[], k.attnum))
                          FROM pg_index i JOIN pg_attribute k
                            ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey)
                          WHERE i.indrelid = c.oid AND i.indisprimary), '')
         FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'tool_catalog'
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         JOIN pg_type t ON t.oid = a.atttypid
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT LIKE '\\_\\_%'
         ORDER BY c.relname, a.attnum",
    );
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for line in columns.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [table, column, kind, not_null, key] = fields[..] else {
            panic!("{line}")
        };
        let mut kind = kind[..1].to_uppercase() + &kind[1..];
        if let Some(item) = kind.strip_prefix('_') {
            kind = format!("Array<Nullable<{}>>", item[..1].to_uppercase() + &item[1..]);
        }
        if not_null == "f" {
            kind = format!("Nullable<{kind}>");
        }
        let text = tables
            .entry(table.to_owned())
            .or_insert_with(|| format!("diesel::table! {{\n    {table} ({key}) {{\n"));
        let _ = writeln!(text, "        {column} -> {kind},");
    }
    for text in tables.values_mut() {
        text.push_str("    }\n}\n");
    }
    tables
}

#[test]
fn the_schema_in_the_code_is_the_one_in_the_database() {
    let world = World::new();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.rs");
    let code = std::fs::read_to_string(path).expect("the schema");
    for (table, text) in printed(&world) {
        assert!(
            code.contains(&text),
            "{table} differs; in the database it is\n{text}"
        );
    }
}

#[test]
fn everything_is_described() {
    let world = World::new();
    let nameless = world.sql(
        "SELECT c.relname || coalesce('.' || a.attname, '')
         FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'tool_catalog'
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT LIKE '\\_\\_%'
           AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)
         UNION ALL
         SELECT p.proname || '()' FROM pg_proc p
         JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'tool_catalog'
         WHERE obj_description(p.oid) IS NULL AND p.proname NOT LIKE 'diesel%'",
    );
    assert_eq!(nameless, "", "without COMMENT ON");
}

#[test]
fn foreign_keys_have_their_delete_rules() {
    let world = World::new();
    let rules = world.sql(
        "SELECT conrelid::regclass || '.' || (SELECT string_agg(attname, ',') FROM pg_attribute
                    WHERE attrelid = conrelid AND attnum = ANY (conkey))
                || ' -> ' || confrelid::regclass || ' ' || confdeltype::text
         FROM pg_constraint
         JOIN pg_namespace n ON n.oid = connamespace AND n.nspname = 'tool_catalog'
         WHERE contype = 'f' AND conparentid = 0 ORDER BY 1",
    );
    let of = |start: &str| {
        rules
            .lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("no key {start} in\n{rules}"))
    };
    // c cascade, n set null, a refuse
    assert!(of("tool_capabilities.tool_id").ends_with(" c"));
    assert!(of("tool_patterns.capability_id").ends_with(" c"));
    assert!(of("tool_telemetry.tool_id").ends_with(" a"));
    assert!(of("tool_telemetry.capability_id").ends_with(" n"));
    assert!(of("tool_telemetry.pattern_id").ends_with(" n"));
    assert!(of("tool_ab_tests.tool_a_id").ends_with(" a"));
    assert!(of("tool_ab_tests.tool_b_id").ends_with(" a"));
    assert!(of("tool_audit_log.tool_id").ends_with(" n"));
    assert!(of("tools.parent_version_id").ends_with(" n"));
}

#[test]
fn every_foreign_key_has_an_index() {
    let world = World::new();
    let bare = world.sql(
        "SELECT c.conname FROM pg_constraint c
         JOIN pg_namespace n ON n.oid = connamespace AND n.nspname = 'tool_catalog'
         WHERE contype = 'f' AND conparentid = 0 AND NOT EXISTS (
             SELECT FROM pg_index i WHERE i.indrelid = c.conrelid
             AND i.indkey[0] = c.conkey[1])",
    );
    assert_eq!(bare, "");
}

/// Issue 22: an index that another one covers costs every row that is written, and serves no query better.
#[test]
fn no_index_is_covered_by_another() {
    let world = World::new();
    let covered = world.sql(
        "SELECT i.indexrelid::regclass || ' by ' || o.indexrelid::regclass
         FROM pg_index i JOIN pg_index o ON o.indrelid = i.indrelid AND o.indexrelid <> i.indexrelid
              JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'tool_catalog'::regnamespace
              JOIN pg_class n ON n.oid = i.indexrelid JOIN pg_am a ON a.oid = n.relam
              JOIN pg_class w ON w.oid = o.indexrelid JOIN pg_am b ON b.oid = w.relam
         WHERE NOT i.indisunique AND a.amname IN ('btree', 'brin') AND b.amname = 'btree'
           AND i.indpred IS NULL AND o.indpred IS NULL AND i.indexprs IS NULL AND o.indexprs IS NULL
           AND starts_with(o.indkey::text || ' ', i.indkey::text || ' ')
           AND starts_with(o.indcollation::text || ' ', i.indcollation::text || ' ')",
    );
    // Lists by platform read it; the other is ten times as large.
    assert_eq!(covered, "tools_platform by tools_identity\n");
}

#[test]
fn two_versions_cannot_both_be_the_latest() {
    let world = World::new();
    let sql = "INSERT INTO tools (tool_name, version, description, platform, category)
               VALUES ('df', '1', 'd', 'linux', 'c'), ('df', '2', 'd', 'linux', 'c')";
    let refused = std::panic::catch_unwind(|| world.sql(sql));
    assert!(refused.is_err(), "the index must refuse");
}

#[test]
fn no_function_is_everybodys_and_a_definer_has_a_fixed_search_path() {
    let world = World::new();
    let open = world.sql(
        "SELECT p.oid::regprocedure FROM pg_proc p
         WHERE p.pronamespace = 'tool_catalog'::regnamespace
           AND (EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                        WHERE a.grantee = 0)
                OR (p.prosecdef AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c
                                                WHERE starts_with(c, 'search_path='))))",
    );
    assert_eq!(
        open, "",
        "REVOKE EXECUTE ON FUNCTION ... FROM PUBLIC in its migration"
    );
}

#[test]
fn migrations_go_down_and_up_again_on_a_catalog_with_rows() {
    let world = World::new();
    world.write(
        "a.yaml",
        crate::common::definition("linux", "df", "1.0", "disk_usage"),
    );
    world.ok(&["import", "a.yaml"]);
    world.ok(&["disable", "df"]);
    let before = world.ok(&["show", "df", "--format", "yaml"]);
    let count = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"))
        .expect("migrations")
        .filter(|it| {
            let name = it.as_ref().expect("an entry").file_name();
            name.to_string_lossy().as_ref() > "2026-01-01-000059"
        })
        .count();
    world.ok(&["migrate", "down", "--yes", "--count", &count.to_string()]);
    world.ok(&["migrate", "up"]);
    assert_eq!(world.ok(&["show", "df", "--format", "yaml"]), before);
    let verify = world.run(&["audit", "verify"]);
    assert_eq!(verify.code, 0, "{}", verify.shown("audit verify"));
    world.ok(&["enable", "df"]);
    assert_eq!(world.run(&["audit", "verify"]).code, 0);
}
