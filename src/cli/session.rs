//! What a command works with: the output, the configuration, and a connection when it asks for one.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use crate::cluster::{Cluster, Environment, user_name as account_name};
use crate::config::trust::Standing;
use crate::config::{self, Config, Kind, Layer};
use crate::operations::{Backend, Caller, Kept, Notice, audit};
use crate::output::Ui;
use crate::report::Made;
use crate::select::retrieval::Encoding;
use crate::store::location::{Catalog, not_of_a_project};
use crate::store::{Act, Connection, Location};

use super::CommandError;
use super::bars::Bars;
use super::global::GlobalArgs;
use super::reshape;
use super::server_remedy;

/// One run of a command.
pub struct Session {
    /// How it speaks.
    pub ui: Ui,
    /// What the configuration files say together.
    pub config: Config,
    /// What each of them says, the weakest first.
    pub layers: Vec<Layer>,
    global: GlobalArgs,
    /// Whether the user was told that a project's file says where to connect.
    told: Cell<bool>,
    /// What was done so far that stays.
    pub kept: Kept,
}

/// Where the database is, and whether it is toolcat's own.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is.
    pub location: Location,
    /// The local cluster, where no other database is named.
    pub cluster: Option<Cluster>,
    /// The project's file that says so, if one does.
    pub project: Option<PathBuf>,
}

impl Session {
    /// Reads the configuration files. Where they cannot be used, the session is returned as well,
    /// to report it.
    pub fn new(global: GlobalArgs) -> Result<Self, Box<(Self, CommandError)>> {
        let ui = Ui::new(global.ui_options());
        let (layers, error) = match config::layers() {
            Ok(layers) => (layers, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let reshape = reshape::wanted(&global);
        let mut session = Self {
            ui,
            config: Config::merged(&layers),
            layers,
            global,
            told: Cell::new(false),
            kept: Kept::default(),
        };
        match (error, reshape) {
            (Some(error), _) => Err(Box::new((session, error.into()))),
            (None, Err(error)) => Err(Box::new((session, error))),
            (None, Ok(reshape)) => {
                reshape
                    .into_iter()
                    .for_each(|it| session.ui.reshape(Box::new(it)));
                Ok(session)
            }
        }
    }

    /// Says what of the configuration files does not count, and how it would.
    pub fn report_left_out(&self) {
        report_left_out(&self.ui, &self.layers);
    }

    /// The catalog that is asked for.
    ///
    /// # Errors
    /// If its name cannot name one, and if there are several.
    pub fn catalog(&self) -> Result<Catalog, CommandError> {
        let mut catalogs = self.catalogs()?;
        match catalogs.len() {
            1 => Ok(catalogs.swap_remove(0)),
            _ => Err(CommandError::invalid("--catalog is given more than once")
                .hint("only `toolcat serve` takes several catalogs")),
        }
    }

    /// The catalogs that are asked for, at least one.
    ///
    /// # Errors
    /// If a name cannot name one.
    pub fn catalogs(&self) -> Result<Vec<Catalog>, CommandError> {
        let named = match self.global.catalog.as_slice() {
            [] => self.config.catalog.as_slice(),
            named => named,
        };
        match named {
            [] => Ok(vec![Catalog::default()]),
            named => (named.iter())
                .map(|name| name.parse().map_err(CommandError::invalid))
                .collect(),
        }
    }

    /// Where the database is. Connects to nothing.
    ///
    /// # Errors
    /// If the URL cannot be read, or no place for the local cluster can be found.
    pub fn target(&self) -> Result<Target, CommandError> {
        self.target_at(self.catalog()?)
    }

    fn target_at(&self, catalog: Catalog) -> Result<Target, CommandError> {
        let mut of_the_user = self.global.database_url.clone();
        for name in ["TOOLCAT_DATABASE_URL", "DATABASE_URL"] {
            if of_the_user.is_none() {
                of_the_user = variable(name)?;
            }
        }
        if let Some(url) = of_the_user {
            return Ok(Target {
                location: Location::parse(&url, catalog)?,
                cluster: None,
                project: None,
            });
        }
        let mut strongest = self.layers.iter().rev();
        if let Some((layer, url)) =
            strongest.find_map(|it| Some((it, it.config.database_url.as_ref()?)))
        {
            let project = (layer.kind == Kind::Project).then(|| layer.path.clone());
            if let Some(path) = &project {
                require_project_url(path, url)?;
            }
            return Ok(Target {
                location: Location::parse(url, catalog)?,
                cluster: None,
                project,
            });
        }
        let cluster = Cluster::locate(&Environment::current())?;
        Ok(Target {
            location: Location::parse(&cluster.url(), catalog)?.direct(),
            cluster: Some(cluster),
            project: None,
        })
    }

    /// The catalog for operations to work on.
    ///
    /// # Errors
    /// As [`target`](Self::target).
    pub fn backend(&self) -> Result<Backend, CommandError> {
        let target = self.target()?;
        self.tell_project(&target);
        Ok(self.backend_at(target))
    }

    /// Another catalog of the same database, which may not exist.
    ///
    /// # Errors
    /// As [`target`](Self::target).
    pub fn backend_for(&self, catalog: &Catalog) -> Result<Backend, CommandError> {
        let target = self.target_at(catalog.clone())?;
        self.tell_project(&target);
        Ok(self.backend_at(target))
    }

    fn backend_at(&self, target: Target) -> Backend {
        let notices = self.ui.notices();
        let notify = move |notice: &Notice| notices.status(&server_remedy::notice(notice));
        let progress = Bars::new(&self.ui);
        Backend::new(target.location, target.cluster).watched(notify, progress)
    }

    /// The sentence encoder that the user has chosen; where it cannot be read, the built-in table stands in for it.
    pub fn encoding(&self) -> Encoding {
        #[cfg(feature = "encoder")]
        match super::encoder::chosen() {
            Ok(encoder) => return encoder,
            Err(error) => {
                self.ui.warn(&error.message);
                self.ui.hint("the built-in table of meanings is used; `toolcat encoder use DIR` chooses an encoder");
            }
        }
        None
    }

    /// Connects, starting the local server if that is what is meant. The catalog may not exist.
    ///
    /// # Errors
    /// If there is no database.
    pub fn open(&self) -> Result<Connection, CommandError> {
        Ok(self.backend()?.open()?)
    }

    /// Says which project's file chose the database, once.
    fn tell_project(&self, target: &Target) {
        if let Some(path) = &target.project
            && !self.told.replace(true)
        {
            let (path, location) = (path.display(), &target.location);
            self.ui
                .warn(&format!("{path} leads to the database at {location}"));
        }
    }

    /// Connects to a catalog that is as this program needs it; on the local cluster it is made so.
    ///
    /// # Errors
    /// If there is no database, or its catalog is older or newer than this program.
    pub fn connect(&self) -> Result<Connection, CommandError> {
        Ok(self.backend()?.connect()?)
    }

    /// Connects if there is a catalog already; starts and changes nothing.
    pub fn connect_if_there(&self) -> Option<Connection> {
        self.backend_at(self.target().ok()?).connect_if_there()
    }

    /// Says how a catalog gets its first tools, if it has none.
    pub fn tell_if_empty(&self) -> bool {
        let empty = self.connect_if_there().is_some_and(|mut connection| {
            connection.read(crate::store::tools::none).unwrap_or(false)
        });
        if empty {
            self.ui.status("the catalog is empty");
            self.ui.hint(
                "`toolcat import --starter` brings in the starter catalog, `toolcat import FOLDER` definitions of your own",
            );
        }
        empty
    }

    /// The actor named on the command line.
    pub fn named_actor(&self) -> Option<String> {
        self.global.actor.clone().filter(|actor| !actor.is_empty())
    }

    /// Says what failed, and what to do next. What was written before the failure belongs to the result.
    pub fn tell(&mut self, error: &CommandError) {
        // Nothing can be done where stdout is closed.
        let _ = self.ui.finish();
        for detail in error.details.iter().chain([&error.message]) {
            self.ui.error(detail);
        }
        if let Some(hint) = &error.hint {
            self.ui.hint(hint);
        }
    }

    /// Who acts: `--actor`, TOOLCAT_ACTOR, the configuration, else the login name.
    pub fn caller(&self, dry_run: bool) -> Caller {
        let actor = self
            .global
            .actor
            .clone()
            .or_else(|| {
                let named = std::env::var_os("TOOLCAT_ACTOR").filter(|it| !it.is_empty());
                named.map(|it| it.to_string_lossy().into_owned())
            })
            .or_else(|| self.config.actor.clone())
            .filter(|actor| !actor.is_empty())
            .unwrap_or_else(login_name);
        Caller {
            reason: self.global.reason.clone(),
            dry_run,
            kept: self.kept.clone(),
            ..Caller::named(actor)
        }
    }

    /// The same, as the store is told of it.
    pub fn act(&self) -> Act {
        self.caller(false).act(None)
    }

    /// Where a page comes from that shows figures of the catalog.
    ///
    /// # Errors
    /// If there is no database.
    pub fn made(&self, connection: &mut Connection) -> Result<Made, CommandError> {
        Ok(Made {
            by: self.caller(false).actor,
            at: crate::outside::now(),
            catalog: self.catalog()?.to_string(),
            revision: audit::revision(connection)?,
        })
    }
}

/// What a variable says, where it says something.
///
/// # Errors
/// If it is not UTF-8: passed over, it would lead to another database than is meant.
fn variable(name: &str) -> Result<Option<String>, CommandError> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|it| !it.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(CommandError::invalid(format!("{name} is not UTF-8")))
        }
    }
}

/// Says what of the configuration files does not count, and how it would.
pub fn report_left_out(ui: &Ui, layers: &[Layer]) {
    for layer in layers.iter().filter(|it| !it.left_out.is_empty()) {
        let (path, left_out) = (layer.path.display(), layer.left_out.join(", "));
        match &layer.standing {
            Standing::Refused(why) => {
                ui.warn(&format!("{path} is not used: {why}"));
            }
            _ => {
                ui.warn(&format!(
                    "{path} is not trusted, so this was left out: {left_out}"
                ));
                ui.hint("read it, and run `toolcat config trust` if it is as you want it");
            }
        }
    }
}

/// Refuses a project's URL that says more than where the server is.
pub fn require_project_url(path: &Path, url: &str) -> Result<(), CommandError> {
    let refused = not_of_a_project(url)?;
    if refused.is_empty() {
        return Ok(());
    }
    let (path, refused) = (path.display(), refused.join(", "));
    Err(CommandError::invalid(format!(
        "{path}: database_url may not set {refused}: a project says where the server is, \
         not who you are, which files are read or what is loaded"
    ))
    .hint("set it in your own file (`toolcat config init --user`) or in TOOLCAT_DATABASE_URL"))
}

/// The name of the user as whom the process runs, from wherever the system keeps its users.
fn login_name() -> String {
    account_name()
        .or_else(|| std::env::var("USER").ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| format!("uid {}", rustix::process::geteuid().as_raw()))
}
