//! Who may do what: the rule that the database holds, through the command line and by hand.

mod audited;
mod catalogs;
mod commands;
mod hostile;
mod matrix;
mod tokens;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{Run, World, definition, psql, psql_program};

/// A catalog with members, each of whom can log in as a database role that PostgreSQL itself lets do
/// everything but own the catalog.
pub struct Staffed {
    pub world: World,
    suffix: String,
}

/// Each role of the database, and what it is in the catalog: role, record, delegate.
const PEOPLE: &[(&str, Option<&str>)] = &[
    ("ada", Some("'admin', false, false")),
    ("alice", Some("'owner', false, false")),
    ("bob", Some("'owner', false, false")),
    ("carol", Some("'owner', false, false")),
    ("victor", Some("'viewer', false, false")),
    ("rita", Some("'viewer', true, false")),
    ("stella", None),
    ("server", Some("'viewer', false, true")),
];

impl Staffed {
    /// linux/df, with two versions, is alice's; linux/du is bob's; linux/ncdu is that of carol's team.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let world = World::new();
        for (tool, version) in [("df", "1.0"), ("df", "2.0"), ("du", "1.0"), ("ncdu", "1.0")] {
            let file = world.write(
                &format!("{tool}-{version}.yaml"),
                definition("linux", tool, version, "disk_usage"),
            );
            world.ok(&["import", &file.display().to_string()]);
        }
        let staffed = Self {
            world,
            suffix: format!("{}_{number}", std::process::id()),
        };
        for (person, member) in PEOPLE {
            let name = staffed.name(person);
            psql(
                staffed.world.url(),
                &format!(
                    "CREATE ROLE {name} LOGIN; GRANT USAGE ON SCHEMA tool_catalog TO {name};
                     GRANT ALL ON ALL TABLES IN SCHEMA tool_catalog TO {name};
                     GRANT ALL ON ALL SEQUENCES IN SCHEMA tool_catalog TO {name};
                     GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tool_catalog TO {name}"
                ),
            );
            if let Some(member) = member {
                staffed.world.sql(&format!(
                    "INSERT INTO catalog_members (principal, role, record, delegate) VALUES ('{name}', {member})"
                ));
            }
        }
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|it| staffed.name(it));
        staffed.world.sql(&format!(
            "UPDATE tools SET owner = CASE tool_name WHEN 'df' THEN '{alice}' WHEN 'du' THEN '{bob}' ELSE 'storage' END;
             INSERT INTO catalog_teams (principal, team) VALUES ('{carol}', 'storage');
             INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id)
             SELECT 'du-ncdu', a.id, b.id FROM tools a, tools b WHERE a.tool_name = 'du' AND b.tool_name = 'ncdu';
             INSERT INTO tool_telemetry (tool_id, actual_time_ms, success) SELECT id, 1, true FROM tools"
        ));
        staffed
    }

    /// The name of a person, which is that of their database role; unique in the server.
    pub fn name(&self, person: &str) -> String {
        format!("{person}_{}", self.suffix)
    }

    pub fn url(&self, person: &str) -> String {
        let name = self.name(person);
        let url = (self.world.url()).replacen("toolcat@", &format!("{name}@"), 1);
        let join = if url.contains('?') { '&' } else { '?' };
        format!("{url}{join}user={name}")
    }

    /// The program with the database role of that person, and with that actor.
    pub fn toolcat(&self, person: &str, actor: &str, args: &[&str]) -> Run {
        let (url, actor) = (self.url(person), self.name(actor));
        let with = ["--database-url", &url, "--actor", &actor];
        self.world.run(&[args, &with].concat())
    }

    /// SQL by hand with the database role of that person; what it printed, or the error.
    pub fn by_hand(&self, person: &str, sql: &str) -> Result<String, String> {
        let sql = format!("SET search_path = tool_catalog, pg_temp; {sql}");
        let output = Command::new(psql_program())
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &self.url(person)])
            .args(["-c", &sql])
            .output()
            .expect("psql runs");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

impl Drop for Staffed {
    fn drop(&mut self) {
        for (person, _) in PEOPLE {
            let name = self.name(person);
            psql(
                self.world.url(),
                &format!("DROP OWNED BY {name} CASCADE; DROP ROLE {name}"),
            );
        }
    }
}
