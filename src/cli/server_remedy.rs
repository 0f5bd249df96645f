//! What would help with the local server, in the words of the command line.

use crate::cluster::ServerRemedy;
use crate::operations::Notice;

/// What happens on the way to a connection, in a sentence.
pub fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Server(text) => text.clone(),
        Notice::Prepared {
            catalog,
            migrations,
        } => format!("prepared catalog {catalog} ({migrations} migrations)"),
        Notice::Outdated {
            running,
            installed,
            others,
        } => format!(
            "the local database runs PostgreSQL {running}, but {installed} is installed by now; \
             restart it when the others that use it ({others}) are done: toolcat db stop"
        ),
        Notice::Renewed { running, installed } => format!(
            "PostgreSQL was updated from {running} to {installed}; restarting the local database"
        ),
        Notice::Stranded { why, remedy } => format!(
            "the local database still runs, but {why}; {}",
            remedy.as_ref().map(hint).unwrap_or_default()
        ),
    }
}

/// A sentence or two.
pub fn hint(remedy: &ServerRemedy) -> String {
    match remedy {
        ServerRemedy::ChooseHome => {
            "set TOOLCAT_HOME to a folder for the local database, or name a database with --database-url".to_owned()
        }
        ServerRemedy::Service => {
            "unset PGSERVICE; to use that server: --database-url postgresql://?service=NAME".to_owned()
        }
        ServerRemedy::ChooseWritableHome => {
            "set TOOLCAT_HOME to a folder that can be written, or name a database with --database-url".to_owned()
        }
        ServerRemedy::InstallPrograms(how) => {
            format!("{how}; or name a database that runs already with --database-url")
        }
        ServerRemedy::InstallClient(how) => how.clone(),
        ServerRemedy::ProgramsFolder => {
            "unset TOOLCAT_PG_BINDIR, or set it to the folder that holds initdb and postgres".to_owned()
        }
        ServerRemedy::Upgrade { data, newest } => format!(
            "to take it to PostgreSQL {newest}: toolcat db upgrade, which needs the programs of \
             PostgreSQL {data} beside them once more; to give the data up and start anew: toolcat db destroy"
        ),
        ServerRemedy::OldPrograms(data) => format!(
            "install PostgreSQL {data} beside it, and run `toolcat db upgrade` again; or give the \
             data up with `toolcat db destroy`, and restore a backup with `toolcat db restore`"
        ),
        ServerRemedy::MatchPrograms(data) => format!(
            "install PostgreSQL {data} beside them, or set TOOLCAT_PG_BINDIR to its programs; \
             to give the data up and start anew: toolcat db destroy"
        ),
        ServerRemedy::OwnHome(path) => format!("make it your own: chmod o-w {}", path.display()),
        ServerRemedy::MakeRoom => {
            "free some space, or set TOOLCAT_HOME to a folder on another disk".to_owned()
        }
        ServerRemedy::RunAs(owner) => {
            format!("run as {owner}, or set TOOLCAT_HOME to a folder of your own")
        }
        ServerRemedy::ShorterHome => "set TOOLCAT_HOME to a shorter path without commas".to_owned(),
        ServerRemedy::SeeStatus => {
            "see what it does with: toolcat db status; then try again".to_owned()
        }
        ServerRemedy::MakeUser => {
            "create one, for example: useradd --system postgres; or run toolcat as an ordinary user".to_owned()
        }
        ServerRemedy::AddAccount(uid) => format!(
            "add one to /etc/passwd (such as toolcat:x:{uid}:{uid}::/tmp:/bin/sh), preload \
             nss_wrapper, or name a database that runs already with --database-url"
        ),
        ServerRemedy::ReadLog(path) => format!("the whole log is in {}", path.display()),
        ServerRemedy::HardStop(pid) => format!(
            "try again; a hard stop, safe but with recovery at the next start: kill -QUIT {pid}"
        ),
        ServerRemedy::StopThere => "stop it where it was started".to_owned(),
        ServerRemedy::RunnablePrograms => {
            "set TOOLCAT_PG_BINDIR to a folder of PostgreSQL programs that the server's user can run".to_owned()
        }
    }
}
