//! Where the database is: a libpq connection string, safe to show, aimed at one catalog.

use std::ffi::{CStr, CString};
use std::fmt;

use super::StoreError;

/// The catalog that is used where none is named.
pub const DEFAULT_CATALOG: &str = "tool_catalog";

/// A database and the catalog in it. `Debug` and `Display` never show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    settings: Vec<(String, String)>,
    catalog: Catalog,
}

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
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let key = match settings.iter().find(|(key, _)| key == "sslkey") {
        Some((_, key)) => key.clone(),
        None => variable("PGSSLKEY"),
    };
    if key.contains(':') && variable(ENGINES_VARIABLE) != "1" {
        return Err(StoreError::Url(format!(
            "sslkey has a colon, by which an OpenSSL engine is loaded and run; \
             where that is meant, set {ENGINES_VARIABLE}=1"
        )));
    }
    Ok(())
}

impl Location {
    /// Reads any connection string that libpq reads: a URL or `key=value` pairs.
    ///
    /// # Errors
    /// With libpq's reason, where it cannot read the string; the string itself is not repeated,
    /// since it may hold a password.
    pub fn parse(url: &str, catalog: Catalog) -> Result<Self, StoreError> {
        let mut settings = parse_conninfo(url).map_err(StoreError::Url)?;
        refuse_engines(&settings)?;
        let search_path = format!("-c search_path={catalog},pg_temp");
        match settings.iter_mut().find(|(key, _)| key == "options") {
            Some((_, options)) => {
                options.push(' ');
                options.push_str(&search_path);
            }
            None => settings.push(("options".to_owned(), search_path)),
        }
        for (key, value) in [
            ("application_name", "toolcat"),
            ("connect_timeout", "10"),
            // Encrypting a Kerberos session is asked for, not guessed: the probe costs a start.
            ("gssencmode", "disable"),
        ] {
            if !settings.iter().any(|(name, _)| name == key) {
                settings.push((key.to_owned(), value.to_owned()));
            }
        }
        Ok(Self { settings, catalog })
    }

    /// The catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Another catalog of the same database.
    #[must_use]
    pub fn with_catalog(&self, catalog: Catalog) -> Self {
        let mut settings = self.settings.clone();
        if let Some((_, options)) = settings.iter_mut().find(|(key, _)| key == "options") {
            // The last setting of a name counts.
            options.push_str(&format!(" -c search_path={catalog},pg_temp"));
        }
        Self { settings, catalog }
    }

    /// The same, where a server that wants to see the password is given up. One that wants it proven
    /// (SCRAM) still gets the proof.
    #[must_use]
    pub fn without_sending_the_password(&self) -> Self {
        let mut settings = self.settings.clone();
        let wanted = match self.setting("require_auth") {
            Some(wanted) => wanted.to_owned(),
            None => std::env::var("PGREQUIREAUTH").unwrap_or_default(),
        };
        settings.retain(|(key, _)| key != "require_auth");
        settings.push(("require_auth".to_owned(), without_password_method(&wanted)));
        Self {
            settings,
            catalog: self.catalog.clone(),
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
        render(
            self.settings
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        )
    }

    /// The settings and, apart from them, the password: for a child process, which gets the
    /// password through its environment so that it is not seen in the list of processes.
    pub fn without_password(&self) -> (String, Option<&str>) {
        let shown = self
            .settings
            .iter()
            .filter(|(key, _)| !is_secret(key))
            .map(|(key, value)| (key.as_str(), value.as_str()));
        (render(shown), self.setting("password"))
    }

    /// Server and database for messages: no password, no technical options.
    pub fn shown(&self) -> String {
        let hidden = [
            "options",
            "application_name",
            "connect_timeout",
            "gssencmode",
        ];
        render(
            self.settings
                .iter()
                .filter(|(key, _)| !is_secret(key) && !hidden.contains(&key.as_str()))
                .map(|(key, value)| (key.as_str(), value.as_str())),
        )
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

fn is_secret(key: &str) -> bool {
    matches!(
        key,
        "password"
            | "sslpassword"
            | "oauth_client_secret"
            | "scram_client_key"
            | "scram_server_key"
    )
}

fn render<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (key, value) in settings {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(key);
        text.push('=');
        let plain = !value.is_empty()
            && !value.contains(|c: char| c.is_whitespace() || c == '\'' || c == '\\');
        if plain {
            text.push_str(value);
        } else {
            text.push('\'');
            for c in value.chars() {
                if matches!(c, '\'' | '\\') {
                    text.push('\\');
                }
                text.push(c);
            }
            text.push('\'');
        }
    }
    text
}

/// Reads a connection string with libpq's own parser.
#[expect(unsafe_code, reason = "libpq's parser is a C function")]
fn parse_conninfo(url: &str) -> Result<Vec<(String, String)>, String> {
    let url = CString::new(url).map_err(|_| "it contains a NUL byte".to_owned())?;
    let mut error = std::ptr::null_mut();
    // SAFETY: `url` is a C string that outlives the call; libpq allocates the list, which ends
    // with a null keyword, and the message; both are copied and then freed by libpq.
    unsafe {
        let options = pq_sys::PQconninfoParse(url.as_ptr(), &raw mut error);
        if options.is_null() {
            if error.is_null() {
                return Err("out of memory".to_owned());
            }
            let message = CStr::from_ptr(error).to_string_lossy().trim().to_owned();
            pq_sys::PQfreemem(error.cast());
            return Err(without_quoted(&message));
        }
        let mut settings = Vec::new();
        let mut option = options;
        while !(*option).keyword.is_null() {
            if !(*option).val.is_null() {
                settings.push((
                    CStr::from_ptr((*option).keyword)
                        .to_string_lossy()
                        .into_owned(),
                    CStr::from_ptr((*option).val).to_string_lossy().into_owned(),
                ));
            }
            option = option.add(1);
        }
        pq_sys::PQconninfoFree(options);
        Ok(settings)
    }
}

/// libpq's list of ways to log in without the one that shows the password to the server: a list of
/// what is allowed, or of what is not, each with a `!`.
fn without_password_method(wanted: &str) -> String {
    let mut methods: Vec<&str> = wanted
        .split(',')
        .map(str::trim)
        .filter(|it| !it.is_empty() && !it.ends_with("password"))
        .collect();
    if methods.iter().all(|it| it.starts_with('!')) {
        methods.push("!password");
    }
    methods.join(",")
}

/// libpq quotes what it could not read, which can be the password.
fn without_quoted(message: &str) -> String {
    let mut shown = String::new();
    for (index, piece) in message.split('"').enumerate() {
        shown.push_str(if index % 2 == 0 { piece } else { "\"...\"" });
    }
    shown
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
        assert_eq!(
            url.setting("options"),
            Some("-c search_path=tool_catalog,pg_temp")
        );
        assert!(url.conninfo().contains(r"password='s ecret'"));
        let pairs = location("host='/a b' dbname=x options='-c work_mem=1MB'");
        assert_eq!(
            pairs.setting("options"),
            Some("-c work_mem=1MB -c search_path=tool_catalog,pg_temp")
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
            "servicefile",
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
            "a;drop",
            &"a".repeat(64),
        ] {
            assert!(name.parse::<Catalog>().is_err(), "{name}");
        }
        assert!("team_7".parse::<Catalog>().is_ok());
    }
}
