//! The repository that `toolcat init` makes, used as a team would: commits pass the hook, and the workflows'
//! own commands validate, plan and import (issue 20).

use std::path::Path;
use std::process::Command;

use crate::common::{PROGRAM, Run, World};

/// Runs a shell command in the repository, with toolcat on the PATH.
fn shell(world: &World, line: &str) -> Run {
    let inner = world.command(&[""; 0]);
    let mut command = Command::new("sh");
    command.args(["-ec", line]).env_clear();
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let folder = Path::new(PROGRAM).parent().expect("a folder").display();
    let path = std::env::var("PATH").unwrap_or_default();
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "tester");
        command.env(format!("GIT_{who}_EMAIL"), "tester@example.com");
    }
    command
        .env("PATH", format!("{folder}:{path}"))
        .env("GITHUB_SHA", "abc123")
        .env("CI_COMMIT_SHA", "abc123")
        .current_dir(world.path());
    Run::of(command.output().expect("sh runs"))
}

fn repository() -> World {
    let world = World::new();
    world.ok(&["init"]);
    let begun = shell(
        &world,
        "git init -q -b main && git config core.hooksPath hooks && git add . && git commit -qm begin",
    );
    assert_eq!(begun.code, 0, "{}", begun.shown(""));
    world
}

/// The commands of a job, save those that install toolcat.
fn commands(workflow: &str, job: &str) -> Vec<String> {
    let of_job = (workflow.lines())
        .skip_while(|line| line.trim_end() != format!("{job}:"))
        .skip(1)
        .take_while(|line| line.starts_with(' '));
    let mut found = Vec::new();
    let mut in_script = false;
    for line in of_job {
        let line = line.trim();
        if let Some(command) = line.strip_prefix("run: ") {
            found.push(command.to_owned());
        }
        match line.strip_prefix("- ").filter(|_| in_script) {
            Some(command) => found.push(command.to_owned()),
            None => in_script = line == "script:",
        }
    }
    found.retain(|it| !it.starts_with("cargo install"));
    assert!(!found.is_empty(), "{job} has no commands");
    found
}

/// Runs a job as either of the two does, and gives the exit code of the first command that fails.
fn job(world: &World, workflow: &str, name: &str) -> Run {
    let github = workflow.starts_with(".github");
    let text = world.read(workflow);
    let text: String = match github {
        // Jobs stand two columns in.
        true => (text.lines().map(|it| it.strip_prefix("  ").unwrap_or(it)))
            .collect::<Vec<_>>()
            .join("\n"),
        false => text,
    };
    let mut last = None;
    for command in commands(&text, name) {
        let run = shell(world, &command);
        let failed = run.code != 0;
        last = Some(run);
        if failed {
            break;
        }
    }
    last.expect("a command")
}

const WORKFLOWS: [&str; 2] = [".github/workflows/tools.yml", ".gitlab-ci.yml"];

#[test]
fn the_hook_lets_through_what_is_valid_and_nothing_else() {
    let world = repository();
    let sample = world.read("tools/linux/hello.yaml");
    world.write(
        "tools/linux/hello.yaml",
        sample.replace("category: text", "categry: text"),
    );
    let refused = shell(&world, "git commit -qam broken");
    assert_eq!(refused.code, 1, "{}", refused.shown(""));
    assert!(
        refused.stderr.contains("did you mean `category`?"),
        "{}",
        refused.shown("")
    );
    world.write(
        "tools/linux/hello.yaml",
        sample.replace("Greet people", "Greet everyone"),
    );
    let taken = shell(
        &world,
        "git commit -qam better && git log --oneline | wc -l",
    );
    assert_eq!(taken.stdout.trim(), "2", "{}", taken.shown(""));
}

#[test]
fn the_workflows_validate_plan_and_import() {
    for workflow in WORKFLOWS {
        let world = repository();
        let validated = job(&world, workflow, "validate");
        assert_eq!(validated.code, 0, "{}", validated.shown(workflow));
        let planned = job(&world, workflow, "plan");
        assert_eq!(planned.code, 0, "{}", planned.shown(workflow));
        assert!(
            planned.stdout.contains("+ linux/hello@1.0"),
            "{}",
            planned.shown(workflow)
        );
        let imported = job(&world, workflow, "import");
        assert_eq!(imported.code, 0, "{}", imported.shown(workflow));
        assert!(world.ok(&["log"]).contains("commit abc123"));
        assert_eq!(job(&world, workflow, "plan").code, 0);
        // A change without a new version ends the request's job, and one with it is planned.
        let sample = world.read("tools/linux/hello.yaml");
        let changed = sample.replace("Greet people", "Greet everyone");
        world.write("tools/linux/hello.yaml", &changed);
        let refused = job(&world, workflow, "plan");
        assert_eq!(refused.code, 1, "{}", refused.shown(workflow));
        world.write("tools/linux/hello.yaml", changed.replace("'1.0'", "'1.1'"));
        assert_eq!(job(&world, workflow, "plan").code, 0);
        world.write("tools/linux/bad.yaml", "tool_name: x\n");
        assert_eq!(job(&world, workflow, "validate").code, 1);
        assert_eq!(job(&world, workflow, "plan").code, 1);
    }
}

#[test]
fn what_is_there_is_never_overwritten() {
    let world = World::bare();
    world.write(".gitlab-ci.yml", "ours");
    let refused = world.run(&["init"]);
    assert_eq!(refused.code, 5, "{}", refused.shown(""));
    assert!(
        refused.stderr.contains(".gitlab-ci.yml"),
        "{}",
        refused.shown("")
    );
    let entries = std::fs::read_dir(world.path()).expect("a folder").count();
    assert_eq!(
        (entries, world.read(".gitlab-ci.yml").as_str()),
        (1, "ours")
    );
    let made = world.run(&["init", "a/b"]);
    assert_eq!(made.code, 0, "{}", made.shown(""));
    assert!(
        made.stderr.contains("cd a/b && git init"),
        "{}",
        made.shown("")
    );
    assert_eq!(world.run(&["init", "a/b"]).code, 5);
    assert_eq!(world.run(&["init", ".gitlab-ci.yml/x"]).code, 2);
}
