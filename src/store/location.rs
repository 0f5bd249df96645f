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

impl Location {
    /// Reads any connection string that libpq reads: a URL or `key=value` pairs.
    ///
    /// # Errors
    /// With libpq's reason, where it cannot read the string; the string itself is not repeated,
    /// since it may hold a password.
    pub fn parse(url: &str, catalog: Catalog) -> Result<Self, StoreError> {
        let mut settings = parse_conninfo(url).map_err(StoreError::Url)?;
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
