//! A server whose database goes away for good.

use std::path::PathBuf;
use std::process::Command;

use super::access::until;
use super::{Server, world};
use crate::common::{Run, World};

/// A world whose commands use a local server of their own.
struct Local {
    world: World,
    home: tempfile::TempDir,
}

impl Local {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let local = Self {
            world: world(),
            home,
        };
        local.ok(&["import", "."]);
        local
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command(args);
        command
            .env_remove("TOOLCAT_DATABASE_URL")
            .env("TOOLCAT_HOME", self.folder());
        command
    }

    fn ok(&self, args: &[&str]) {
        let run = Run::of(self.command(args).output().expect("toolcat runs"));
        assert_eq!(run.code, 0, "{run:?}");
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.command(&["db", "destroy", "--yes"]).output();
    }
}

/// S7: an empty catalog in the place of one that is gone would answer as if all were well.
#[test]
fn a_local_server_that_was_stopped_is_started_and_one_that_is_gone_is_not_made() {
    let local = Local::new();
    let server = Server::by(local.command(&["serve", "--listen", "127.0.0.1:0"]));
    let ready = || server.ask("GET", "/health/ready", &[], b"");
    ready().ok();
    local.ok(&["db", "stop"]);
    until(ready, 200);
    server.get("/tools/df").ok();
    local.ok(&["db", "destroy", "--yes"]);
    server.log_until("is gone");
    for _ in 0..3 {
        let answer = ready();
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (503, "unavailable")
        );
        let home = local.folder().display().to_string();
        assert!(!answer.text().contains(&home), "{}", answer.text());
    }
    assert_eq!(server.get("/tools/df").status, 503);
    assert!(!local.folder().join("postgresql").exists());
}

/// S7: a catalog is migrated when the server starts, never later.
#[test]
fn a_catalog_that_is_gone_is_not_made_again() {
    let local = Local::new();
    let server = Server::by(local.command(&["serve", "--listen", "127.0.0.1:0"]));
    local.ok(&["catalog", "drop", "tool_catalog", "--yes"]);
    until(|| server.ask("GET", "/health/ready", &[], b""), 503);
    server.log_until("the catalog is not followed");
    assert_eq!(server.ask("GET", "/health/ready", &[], b"").status, 503);
}
