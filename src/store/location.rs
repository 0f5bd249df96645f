//! Where the database is: a libpq connection string, safe to show, aimed at one catalog.

use std::fmt;
use std::path::Path;

use super::StoreError;
use super::conninfo::{
    is_secret, pairs, parse_conninfo, parse_options, refuse_misread, render, variable,
    without_password_method,
};

/// The catalog that is used if none is named.
pub const DEFAULT_CATALOG: &str = "tool_catalog";

/// A database and the catalog in it. `Debug` and `Display` never show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    settings: Vec<(String, String)>,
    catalog: Catalog,
    /// What the user sets for the session, as `options` or `PGOPTIONS` say it.
    options: String,
    /// Whether nothing can stand between this program and the server.
    direct: bool,
}

/// What a connection has where nothing else is said: the keyword, the variable that says it as
/// well, and the value. A path that is dead is noticed within a minute, even in a statement.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("fallback_application_name", "", "toolcat"),
    ("connect_timeout", "PGCONNECT_TIMEOUT", "10"),
    // Encrypting a Kerberos session is asked for, not guessed: the probe costs a start.
    ("gssencmode", "PGGSSENCMODE", "disable"),
    ("keepalives_idle", "", "20"),
    ("keepalives_interval", "", "10"),
    ("keepalives_count", "", "3"),
    ("tcp_user_timeout", "", "30000"),
];

/// What says otherwise where a server of this program's own is, or how it is spoken to: the environment's variables
/// for other servers (`PGHOSTADDR`, `PGREQUIREPEER` ...) do not count there.
const OWN: &[(&str, &str)] = &[
    ("channel_binding", "disable"),
    ("gssencmode", "disable"),
    ("hostaddr", ""),
    ("requirepeer", ""),
    ("ssl_max_protocol_version", ""),
    ("ssl_min_protocol_version", ""),
    ("sslmode", "disable"),
    ("sslrootcert", ""),
    ("target_session_attrs", "any"),
];

/// The same by keywords that this program's libpq knows, and an older one of another program may not.
const OWN_AND_NEW: &[(&str, &str)] = &[
    ("load_balance_hosts", "disable"),
    ("max_protocol_version", "3.0"),
    ("min_protocol_version", "3.0"),
    ("require_auth", ""),
    ("sslcertmode", "disable"),
    ("sslnegotiation", "postgres"),
];

/// Set in the session's options to see whether these arrive: a pool may drop them.
const ARRIVED: (&str, &str) = ("toolcat.options", "on");

/// How soon the server notices in the middle of a statement that this program is gone, so that an
/// interrupted one keeps no lock.
const NOTICE: (&str, &str) = ("client_connection_check_interval", "1s");

/// The name of a catalog, which is a PostgreSQL schema: lower-case letters, digits and `_`, at
/// most 63 characters, not starting with a digit or `pg_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog(String);

impl Catalog {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Default for Catalog {
    fn default() -> Self {
        Self(DEFAULT_CATALOG.to_owned())
    }
}

impl std::str::FromStr for Catalog {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let start = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let rest = name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if name == "information_schema" {
            return Err(format!(
                "`{name}` belongs to PostgreSQL and cannot be a catalog"
            ));
        }
        if !start || !rest || name.len() > 63 || name.starts_with("pg_") {
            return Err(format!(
                "`{name}` cannot name a catalog: use lower-case letters, digits and _, \
                 at most 63, not starting with a digit or pg_"
            ));
        }
        Ok(Self(name.to_owned()))
    }
}

/// The keywords that a project's file may set in its URL: where the server is, and how to speak to
/// it. Everything else is the user's to say, in the user's own file, the environment or a flag: who
/// the user is (`sslcert`, `sslkey`, `passfile`, `service`, Kerberos), what libpq loads
/// (`sslkey=ENGINE:KEY`, `gsslib`, `oauth_issuer`) and which files it writes (`sslkeylogfile`). A
/// keyword of a later libpq is the user's as well.
const OF_A_PROJECT: &[&str] = &[
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssencmode",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "options",
    "password",
    "port",
    "require_auth",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcrl",
    "sslcrldir",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// The keywords of a connection string that a project's file may not set.
///
/// # Errors
/// As [`Location::parse`].
pub fn not_of_a_project(url: &str) -> Result<Vec<String>, StoreError> {
    let settings = parse_conninfo(url).map_err(StoreError::Url)?;
    Ok(settings
        .into_iter()
        .map(|(key, _)| key)
        .filter(|key| !OF_A_PROJECT.contains(&key.as_str()))
        .collect())
}

/// The variable by which a user decides that libpq may load an OpenSSL engine.
pub const ENGINES_VARIABLE: &str = "TOOLCAT_ALLOW_SSL_ENGINE";

/// libpq takes a key with a colon as `ENGINE:KEY`, and OpenSSL then loads and runs a library of
/// that name or path.
fn refuse_engines(settings: &[(String, String)]) -> Result<(), StoreError> {
    let key = match settings.iter().find(|(key, _)| key == "sslkey") {
        Some((_, key)) => key.clone(),
        None => variable("PGSSLKEY"),
    };
    if key.contains(':') && variable(ENGINES_VARIABLE) != "1" {
        return Err(StoreError::Url(format!(
            "sslkey has a colon, by which an OpenSSL engine is loaded and run; \
             if that is meant, set {ENGINES_VARIABLE}=1"
        )));
    }
    Ok(())
}

fn is_own(key: &str) -> bool {
    OWN.iter().chain(OWN_AND_NEW).any(|(own, _)| *own == key)
}

impl Location {
    /// Reads any connection string that libpq reads: a URL or `key=value` pairs.
    ///
    /// # Errors
    /// With libpq's reason, where it cannot read the string; the string itself is not repeated,
    /// since it may hold a password.
    pub fn parse(url: &str, catalog: Catalog) -> Result<Self, StoreError> {
        refuse_misread(url)?;
        let mut settings = parse_conninfo(url).map_err(StoreError::Url)?;
        refuse_engines(&settings)?;
        // An explicit setting would hide the environment's, as it does for every program of libpq.
        let of_the_user = settings
            .iter()
            .position(|(key, _)| key == "options")
            .map(|at| settings.remove(at).1)
            .unwrap_or_else(|| variable("PGOPTIONS"));
        for (key, name, value) in DEFAULTS {
            let is_set = settings.iter().any(|(given, _)| given == key);
            if !is_set && (name.is_empty() || variable(name).is_empty()) {
                settings.push(((*key).to_owned(), (*value).to_owned()));
            }
        }
        Ok(Self {
            settings,
            catalog,
            options: of_the_user,
            direct: false,
        })
    }

    /// The same for a server of this program's own: it is reached in a folder that is closed to
    /// others, no pool is in between, and the environment's variables for other servers do not count.
    #[must_use]
    pub fn direct(self) -> Self {
        let mut settings = self.settings;
        settings.retain(|(key, _)| !is_own(key));
        let own = OWN.iter().chain(OWN_AND_NEW);
        settings.extend(own.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        Self {
            settings,
            direct: true,
            ..self
        }
    }

    /// Whether a pool may be in between, which may drop what the session sets.
    pub(super) fn may_be_pooled(&self) -> bool {
        !self.direct
    }

    /// The folder of the socket by which the server is reached, if it is reached by one.
    pub fn socket_folder(&self) -> Option<&Path> {
        let host = self.settings.iter().find(|(key, _)| key == "host");
        let folder = host.map(|(_, value)| Path::new(value));
        folder.filter(|it| it.is_absolute())
    }

    /// The catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Another catalog of the same database.
    #[must_use]
    pub fn with_catalog(&self, catalog: Catalog) -> Self {
        Self {
            catalog,
            ..self.clone()
        }
    }

    /// The same with settings of the session, which those of the user go before.
    #[must_use]
    pub fn with_settings(&self, settings: &[(&str, &str)]) -> Self {
        let own = settings
            .iter()
            .map(|(name, value)| format!("-c {name}={value}"));
        let user = std::iter::once(self.options.clone());
        let options: Vec<String> = own.chain(user).collect();
        Self {
            options: options.join(" "),
            ..self.clone()
        }
    }

    /// The ports that a server may be reached at.
    pub(super) fn ports(&self) -> Vec<String> {
        let ports = match self.setting("port") {
            Some(ports) => ports.to_owned(),
            None => variable("PGPORT"),
        };
        let port = |it: &str| match it.trim() {
            "" => "5432".to_owned(),
            port => port.to_owned(),
        };
        ports.split(',').map(port).collect()
    }

    /// The folders of sockets that a server may be reached in.
    pub(super) fn folders(&self) -> Vec<String> {
        let hosts = match self.setting("host") {
            Some(hosts) => hosts.to_owned(),
            None => variable("PGHOST"),
        };
        let hosts = hosts.split(',').map(str::trim);
        hosts
            .filter(|it| it.starts_with('/'))
            .map(str::to_owned)
            .collect()
    }

    /// How long a server may say nothing: `connect_timeout`; `None` if that is without limit.
    pub(super) fn patience(&self) -> Option<std::time::Duration> {
        let seconds = match self.setting("connect_timeout") {
            Some(seconds) => seconds.to_owned(),
            None => variable("PGCONNECT_TIMEOUT"),
        };
        // libpq takes nothing shorter than two seconds.
        match seconds.trim().parse::<u64>() {
            Ok(0) | Err(_) => None,
            Ok(seconds) => Some(std::time::Duration::from_secs(seconds.clamp(2, 86_400))),
        }
    }

    /// What the session sets, besides what the user sets: where names are looked up.
    pub fn search_path(&self) -> String {
        format!("{},pg_temp", self.catalog)
    }

    /// What each session has to set, in order; `None` if the user's options hold more than
    /// settings.
    pub(super) fn session(&self) -> Option<Vec<(String, String)>> {
        let mut session = parse_options(&self.options)?;
        for (name, _) in &mut session {
            match name.as_str() {
                // The defaults of transactions come too late for one that has begun.
                "default_transaction_read_only" => *name = "transaction_read_only".to_owned(),
                "default_transaction_isolation" | "default_transaction_deferrable" => return None,
                _ => {}
            }
        }
        session.push((NOTICE.0.to_owned(), NOTICE.1.to_owned()));
        session.push(("search_path".to_owned(), self.search_path()));
        Some(session)
    }

    /// The settings by which a session is known to have had its options.
    pub(super) fn proof(&self) -> [(&'static str, String); 2] {
        [
            ("search_path", self.search_path()),
            (ARRIVED.0, ARRIVED.1.to_owned()),
        ]
    }

    /// Whether an error of the server is about the setting that an old one does not know.
    pub(super) fn is_about_notice(message: &str) -> bool {
        message.contains(NOTICE.0)
    }

    /// The `options` of the session. `notice` is left out for a server that does not know it.
    fn session_options(&self, notice: bool) -> String {
        let path = self.search_path();
        let own = [NOTICE, ARRIVED, ("search_path", &path)]
            .into_iter()
            .filter(|setting| notice || *setting != NOTICE)
            .map(|(name, value)| format!("-c {name}={value}"));
        let user = Some(self.options.clone()).filter(|it| !it.trim().is_empty());
        user.into_iter().chain(own).collect::<Vec<_>>().join(" ")
    }

    /// The same, where a server that wants to see the password is given up. One that wants it proven
    /// (SCRAM) still gets the proof.
    #[must_use]
    pub fn without_sending_the_password(&self) -> Self {
        let mut settings = self.settings.clone();
        let wanted = match self.setting("require_auth") {
            Some(wanted) => wanted.to_owned(),
            None => variable("PGREQUIREAUTH"),
        };
        settings.retain(|(key, _)| key != "require_auth");
        settings.push(("require_auth".to_owned(), without_password_method(&wanted)));
        Self {
            settings,
            ..self.clone()
        }
    }

    /// One setting, such as `host`.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// The connection string, password included: for libpq only.
    pub fn conninfo(&self) -> String {
        self.conninfo_with(&self.session_options(true))
    }

    /// The same for a server that does not know how to notice that a client is gone.
    pub(super) fn conninfo_without_notice(&self) -> String {
        self.conninfo_with(&self.session_options(false))
    }

    /// The same for a pool that takes no options; the sessions set theirs themselves.
    pub(super) fn conninfo_without_options(&self) -> String {
        // An empty value, so that the environment's is not taken either.
        self.conninfo_with("")
    }

    fn conninfo_with(&self, options: &str) -> String {
        render(pairs(&self.settings).chain([("options", options)]))
    }

    /// The settings and, apart from them, the password: for a child process, which gets the
    /// password through its environment so that it is not seen in the list of processes.
    pub fn without_password(&self) -> (String, Option<&str>) {
        let options = self.session_options(true);
        let new = |key: &str| self.direct && OWN_AND_NEW.iter().any(|(own, _)| *own == key);
        let shown = pairs(&self.settings).filter(|(key, _)| !is_secret(key) && !new(key));
        let shown = render(shown.chain([("options", options.as_str())]));
        (shown, self.setting("password"))
    }

    /// Server and database for messages: no password, no technical options.
    pub fn shown(&self) -> String {
        let is_default = |key: &str| DEFAULTS.iter().any(|(name, _, _)| *name == key);
        let is_technical = |key: &str| is_default(key) || self.direct && is_own(key);
        let shown = |key: &str| !is_secret(key) && !is_technical(key) && key != "application_name";
        render(pairs(&self.settings).filter(|(key, _)| shown(key)))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({} catalog={})", self.shown(), self.catalog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(url: &str) -> Location {
        Location::parse(url, Catalog::default()).unwrap()
    }

    #[test]
    fn every_form_that_libpq_reads_is_read() {
        let url = location(
            "postgresql://me:s%20ecret@db1,db2:5433/cat?sslmode=verify-full&target_session_attrs=read-write",
        );
        assert_eq!(url.setting("host"), Some("db1,db2"));
        assert_eq!(url.setting("sslmode"), Some("verify-full"));
        let own = "-c client_connection_check_interval=1s -c toolcat.options=on \
                   -c search_path=tool_catalog,pg_temp";
        assert_eq!(url.session_options(true), own);
        assert!(url.conninfo().contains(r"password='s ecret'"));
        let pairs = location("host='/a b' dbname=x options='-c work_mem=1MB'");
        assert_eq!(
            pairs.session_options(false),
            "-c work_mem=1MB -c toolcat.options=on -c search_path=tool_catalog,pg_temp"
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = location("postgresql://me:hunter2@db/cat");
        assert_eq!(url.to_string(), "user=me dbname=cat host=db");
        assert!(!format!("{url:?}").contains("hunter2"));
        let (shown, password) = url.without_password();
        assert!(!shown.contains("hunter2"));
        assert_eq!(password, Some("hunter2"));
        let error =
            Location::parse("postgresql://me:hunter2@[db/cat", Catalog::default()).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn a_url_that_divides_its_password_is_refused_and_not_shown() {
        for url in [
            "postgresql://me:hun/ter2@db/x",
            "postgresql://me:12/hunter2@db/x",
            "postgresql://me:hun@ter2@db/x",
            "postgresql://me:hun?ter2@db/x",
            "postgresql://me:hunter2/x",
            "postgres://db:hunter2",
            "postgresql://me:x@[::1]:hunter2/x",
        ] {
            let error = Location::parse(url, Catalog::default()).unwrap_err();
            assert!(!error.to_string().contains("ter2"), "{url}: {error}");
        }
        for url in [
            "postgresql://me:hun%2Fter%402@db/x",
            "postgresql://[::1]/x",
            "postgresql://me@[::1]:5433,db:5432/x?user=a@b",
            "postgresql:///x?host=/tmp/a@b",
            "postgresql://",
        ] {
            assert!(Location::parse(url, Catalog::default()).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_parameter_of_another_program_is_named() {
        let url = "postgresql://app:hunter2@db/app?schema=public";
        let error = Location::parse(url, Catalog::default()).unwrap_err();
        assert!(error.to_string().contains("`schema`"), "{error}");
    }

    #[test]
    fn a_project_says_where_the_server_is_and_nothing_of_the_user() {
        let refused = |url: &str| not_of_a_project(url).unwrap();
        assert!(
            refused("postgresql://me@a,b/c?sslmode=verify-full&sslrootcert=/ca&options=-crole%3Dx")
                .is_empty()
        );
        for key in [
            "sslkey",
            "sslcert",
            "sslkeylogfile",
            "passfile",
            "service",
            "gsslib",
            "krbsrvname",
            "oauth_issuer",
            "requirepeer",
        ] {
            assert_eq!(refused(&format!("host=db {key}=x")), [key]);
        }
    }

    #[test]
    fn an_engine_is_not_loaded_unless_that_is_decided() {
        let error = Location::parse("host=db sslkey=/tmp/x.so:k", Catalog::default()).unwrap_err();
        assert!(error.to_string().contains(ENGINES_VARIABLE), "{error}");
        assert!(Location::parse("host=db sslkey=/tmp/x.key", Catalog::default()).is_ok());
    }

    #[test]
    fn a_key_that_is_pressed_sends_no_password() {
        for (wanted, left) in [
            ("", "!password"),
            ("!password", "!password"),
            ("!md5", "!md5,!password"),
            ("password", "!password"),
            ("password,scram-sha-256", "scram-sha-256"),
            ("none", "none"),
        ] {
            assert_eq!(without_password_method(wanted), left, "{wanted}");
        }
    }

    #[test]
    fn a_catalog_name_cannot_become_sql() {
        for name in [
            "",
            "1a",
            "A",
            "a b",
            "a\"b",
            "pg_x",
            "information_schema",
            "a;drop",
            &"a".repeat(64),
        ] {
            assert!(name.parse::<Catalog>().is_err(), "{name}");
        }
        assert!("team_7".parse::<Catalog>().is_ok());
    }
}
