//! `toolcat init`: a repository in which a team keeps its definitions.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{CommandError, Outcome, Session, config, files};

/// Make a repository for a team's definitions
///
/// It writes a folder with one definition to copy from, a toolcat.toml, a hook that keeps what is not valid
/// out of commits, and workflows for GitHub and GitLab that validate, plan on a request and import on main.
/// Nothing is written where one of these files exists already.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat init our-tools\n  cd our-tools && git init && git config core.hooksPath hooks"
)]
pub struct InitArgs {
    /// Folder to make it in
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// A file of the repository.
struct Made {
    path: &'static str,
    text: &'static str,
    what: &'static str,
    runs: bool,
}

/// A file that is only read.
const fn file(path: &'static str, what: &'static str, text: &'static str) -> Made {
    Made {
        path,
        text,
        what,
        runs: false,
    }
}

const FILES: &[Made] = &[
    file(
        "tools/linux/hello.yaml",
        "a definition to copy from",
        include_str!("hello.yaml"),
    ),
    file(
        "toolcat.toml",
        "settings, all of them commented",
        config::COMMENTED,
    ),
    Made {
        runs: true,
        ..file(
            "hooks/pre-commit",
            "keeps what is not valid out of commits",
            include_str!("pre-commit"),
        )
    },
    file(
        ".pre-commit-config.yaml",
        "the same for pre-commit.com",
        include_str!("pre-commit.yaml"),
    ),
    file(
        ".github/workflows/tools.yml",
        "validates, plans and imports on GitHub",
        include_str!("github.yml"),
    ),
    file(
        ".gitlab-ci.yml",
        "validates, plans and imports on GitLab",
        include_str!("gitlab.yml"),
    ),
];

pub fn run(args: &InitArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let folder = &args.folder;
    let there: Vec<&str> = (FILES.iter().map(|it| it.path))
        .filter(|it| fs::symlink_metadata(folder.join(it)).is_ok())
        .collect();
    if !there.is_empty() {
        let message = format!(
            "{} in {}: {}; nothing was written",
            match there.len() {
                1 => "a file is there already",
                _ => "files are there already",
            },
            folder.display(),
            there.join(", ")
        );
        return Err(CommandError::conflict(message)
            .hint("begin in an empty folder, `toolcat init DIR`, and take over what you want"));
    }
    for it in FILES {
        files::write_below(folder, Path::new(it.path), it.text)?;
        if it.runs {
            make_runnable(&folder.join(it.path))?;
        }
        writeln!(session.ui.out(), "{:<29}{}", it.path, it.what)?;
    }
    session.ui.finish()?;
    let there = match folder.as_path() == Path::new(".") {
        true => String::new(),
        false => format!("cd {} && ", folder.display()),
    };
    session.ui.hint(&format!(
        "`{there}git init && git config core.hooksPath hooks` begins it; the workflows say at their top which settings they need"
    ));
    Ok(Outcome::Done)
}

/// Lets a file be run by whoever may read it.
fn make_runnable(path: &Path) -> Result<(), CommandError> {
    let mode = fs::metadata(path)?.permissions().mode();
    fs::set_permissions(path, Permissions::from_mode(mode | ((mode & 0o444) >> 2)))?;
    Ok(())
}
