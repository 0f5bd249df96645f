//! libpq's connection strings and options: read, written and refused as libpq and the server read them.

use std::ffi::{CStr, CString};

use super::StoreError;

/// Whether the value of a keyword is never shown.
pub(super) fn is_secret(key: &str) -> bool {
    matches!(
        key,
        "password"
            | "sslpassword"
            | "oauth_client_secret"
            | "scram_client_key"
            | "scram_server_key"
    )
}

/// Settings as pairs of texts.
pub(super) fn pairs(settings: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    settings
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
}

/// A variable of the environment, empty if it is not set.
pub(super) fn variable(name: &str) -> String {
    let value = std::env::var_os(name).unwrap_or_default();
    value.to_string_lossy().into_owned()
}

/// Settings as a connection string, quoted where they need it.
pub(super) fn render<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>) -> String {
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
pub(super) fn parse_conninfo(url: &str) -> Result<Vec<(String, String)>, String> {
    let given = url.to_owned();
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
            return Err(without_quoted(&message, &given));
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
pub(super) fn without_password_method(wanted: &str) -> String {
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

/// libpq quotes what it could not read, which can be the password; the name of a parameter, as
/// other programs' URLs have them, is none.
fn without_quoted(message: &str, url: &str) -> String {
    let is_name = |text: &str| {
        let named = [format!("?{text}="), format!("&{text}=")];
        let query = url.split_once('?').map_or("", |(_, query)| query);
        // An `@` there may end a password that libpq divided.
        !query.contains('@')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && named.iter().any(|it| url.contains(it.as_str()))
    };
    let mut shown = String::new();
    for (index, piece) in message.split('"').enumerate() {
        match index % 2 {
            0 => shown.push_str(piece),
            _ if is_name(piece) => shown.push_str(&format!("`{piece}`")),
            _ => shown.push_str("\"...\""),
        }
    }
    shown
}

/// Refuses a URL that libpq would divide in the middle of a password: its `/`, `?` or `@` stands for
/// itself only when it is escaped, and the rest would be taken, and shown, for a host, a port or a
/// database.
pub(super) fn refuse_misread(url: &str) -> Result<(), StoreError> {
    let schemes = ["postgresql://", "postgres://"];
    let Some(rest) = schemes.iter().find_map(|it| url.strip_prefix(it)) else {
        return Ok(());
    };
    let rest = rest.split('?').next().unwrap_or_default();
    let (server, database) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts = server.rsplit('@').next().unwrap_or_default();
    let is_port = |host: &str| {
        // Colons between brackets belong to an address.
        let after = host.rsplit(']').next().unwrap_or_default();
        let port = after.rsplit_once(':').map_or("", |(_, port)| port);
        port.bytes().all(|it| it.is_ascii_digit())
    };
    let divided =
        server.matches('@').count() > 1 || database.contains('@') || !hosts.split(',').all(is_port);
    match divided {
        true => Err(StoreError::Url(
            "it is ambiguous where the host begins; in a user name or a password, write @ as %40, \
             / as %2F, ? as %3F and : as %3A, and the port as a number"
                .to_owned(),
        )),
        false => Ok(()),
    }
}

/// The settings in `options`, as the server reads them: `-c name=value` or `--name=value`, divided at
/// blanks that no backslash escapes. `None` if there is anything else.
pub(super) fn parse_options(options: &str) -> Option<Vec<(String, String)>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = options.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => word.extend(characters.next()),
            c if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    let mut words = words.into_iter().filter(|it| !it.is_empty());
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("-c") {
            Some("") => words.next()?,
            Some(setting) => setting.to_owned(),
            None => word.strip_prefix("--")?.to_owned(),
        };
        let (name, value) = setting.split_once('=')?;
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Some(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_the_server_reads_them() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            parse_options(r"-c role=a\ b  -cstatement_timeout=5s --work-mem=1MB "),
            Some(vec![
                pair("role", "a b"),
                pair("statement_timeout", "5s"),
                pair("work_mem", "1MB"),
            ])
        );
        assert_eq!(parse_options(""), Some(Vec::new()));
        for other in ["-W 5", "-c", "-c work_mem", "x"] {
            assert_eq!(parse_options(other), None, "{other}");
        }
    }
}
