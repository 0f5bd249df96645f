//! Secrets in definitions: what is secret is not stored. A catalog is read by many, and its log keeps all
//! that was ever in it.

use std::collections::HashSet;

use serde_json::Value;

use super::Diagnostic;
use crate::format::node::{Kind, Node, lengthen};
use crate::format::{Problem, Span};

/// The group of the rules.
const GROUP: &str = "secret/";

/// The characters that a token goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    /// Capital letters and digits.
    Upper,
    /// Letters and digits.
    Plain,
    /// Letters, digits and `_-.`
    Any,
}

impl Goes {
    fn admits(self, byte: u8) -> bool {
        match self {
            Goes::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Goes::Plain => byte.is_ascii_alphanumeric(),
            Goes::Any => is_of_token(byte),
        }
    }
}

/// A token whose form says whose it is: its first letters, how many characters follow at least, which, and
/// whose.
const TOKENS: &[(&str, usize, Goes, &str)] = &[
    ("AKIA", 16, Goes::Upper, "an access key of AWS"),
    ("ASIA", 16, Goes::Upper, "an access key of AWS"),
    ("AIza", 35, Goes::Any, "an API key of Google"),
    ("ya29.", 20, Goes::Any, "an access token of Google"),
    ("ghp_", 36, Goes::Plain, "a token of GitHub"),
    ("gho_", 36, Goes::Plain, "a token of GitHub"),
    ("ghu_", 36, Goes::Plain, "a token of GitHub"),
    ("ghs_", 36, Goes::Plain, "a token of GitHub"),
    ("ghr_", 36, Goes::Plain, "a token of GitHub"),
    ("github_pat_", 22, Goes::Plain, "a token of GitHub"),
    ("glpat-", 20, Goes::Any, "a token of GitLab"),
    ("xoxb-", 20, Goes::Any, "a token of Slack"),
    ("xoxp-", 20, Goes::Any, "a token of Slack"),
    ("xoxa-", 20, Goes::Any, "a token of Slack"),
    ("xoxr-", 20, Goes::Any, "a token of Slack"),
    ("xoxs-", 20, Goes::Any, "a token of Slack"),
    ("xapp-", 20, Goes::Any, "a token of Slack"),
    ("sk_live_", 16, Goes::Plain, "a key of Stripe"),
    ("rk_live_", 16, Goes::Plain, "a key of Stripe"),
    ("sk-ant-", 20, Goes::Any, "an API key of Anthropic"),
    ("sk-proj-", 20, Goes::Any, "an API key of OpenAI"),
    ("SG.", 40, Goes::Any, "an API key of SendGrid"),
    ("npm_", 36, Goes::Plain, "a token of npm"),
    ("pypi-", 50, Goes::Any, "a token of PyPI"),
    ("hf_", 34, Goes::Plain, "a token of Hugging Face"),
    ("dop_v1_", 64, Goes::Plain, "a token of DigitalOcean"),
    ("tcat_", 49, Goes::Plain, "a token of toolcat"),
];

/// The shortest of them.
const SHORTEST: usize = 20;

/// Different characters that a token has at least: `ghp_xxxx...` stands for one.
const LEAST_DIFFERENT: usize = 8;

/// Looks through every text of a definition.
pub fn check(root: &Node, problems: &mut Vec<Problem>) {
    look(root, &mut String::new(), problems);
}

/// Looks through everything below; `place` is the same afterwards.
fn look(node: &Node, place: &mut String, problems: &mut Vec<Problem>) {
    let length = place.len();
    match &node.kind {
        Kind::Text(text) => report(text, node.span, place, problems),
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                lengthen(place, &index.to_string());
                look(item, place, problems);
                place.truncate(length);
            }
        }
        Kind::Map(entries) => {
            for entry in entries {
                lengthen(place, &entry.key);
                report(&entry.key, entry.key_span, place, problems);
                look(&entry.value, place, problems);
                place.truncate(length);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
    }
}

fn report(text: &str, span: Span, place: &str, problems: &mut Vec<Problem>) {
    let Some(found) = find(text) else {
        return;
    };
    let (rule, what) = match found {
        Secret::PrivateKey => ("secret/private-key", "a private key"),
        Secret::Token(whose) => ("secret/token", whose),
        Secret::UrlPassword => ("secret/url-password", "a URL with a password"),
    };
    problems.push(
        Problem::new(rule, span, format!("this text holds {what}"))
            .at(place)
            .help("take it out, and let the tool read it from its environment or a file; if it is real, replace it: it is not secret any more"),
    );
}

/// Whether a value holds a secret anywhere.
pub fn holds(value: &Value) -> bool {
    match value {
        Value::String(text) => find(text).is_some(),
        Value::Array(items) => items.iter().any(holds),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, it)| find(key).is_some() || holds(it)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Takes the lines that hold a secret out of what is shown of a file.
pub fn hide(found: &mut [Diagnostic]) {
    let lines: HashSet<u32> = found
        .iter()
        .filter(|it| it.rule.starts_with(GROUP))
        .map(|it| it.line)
        .collect();
    for diagnostic in found.iter_mut().filter(|it| lines.contains(&it.line)) {
        diagnostic.excerpt = None;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secret {
    PrivateKey,
    Token(&'static str),
    UrlPassword,
}

/// The first secret in a text. Most texts are gone through once, and hold nothing that could be one.
fn find(text: &str) -> Option<Secret> {
    let hints = Hints::of(text.as_bytes());
    if hints.dashes && text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return Some(Secret::PrivateKey);
    }
    if hints.url
        && text
            .match_indices("://")
            .any(|(at, it)| has_password(&text[at + it.len()..]))
    {
        return Some(Secret::UrlPassword);
    }
    if !hints.long_run {
        return None;
    }
    let runs = text.split(|c: char| !(c.is_ascii() && is_of_token(c as u8)));
    runs.filter(|it| it.len() >= SHORTEST).find_map(token)
}

/// What a text could hold, found in one pass.
#[derive(Default)]
struct Hints {
    dashes: bool,
    url: bool,
    long_run: bool,
}

impl Hints {
    fn of(text: &[u8]) -> Self {
        let mut hints = Self::default();
        let (mut run, mut dashes) = (0, 0);
        for (at, byte) in text.iter().enumerate() {
            run = if is_of_token(*byte) { run + 1 } else { 0 };
            dashes = if *byte == b'-' { dashes + 1 } else { 0 };
            hints.long_run |= run >= SHORTEST;
            hints.dashes |= dashes >= 5;
            hints.url |= *byte == b':' && text[at + 1..].starts_with(b"//");
        }
        hints
    }
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The token that a run of the characters of tokens holds.
fn token(run: &str) -> Option<Secret> {
    for (start, length, goes, whose) in TOKENS {
        for (at, _) in run.match_indices(start) {
            let begins = at == 0 || !run.as_bytes()[at - 1].is_ascii_alphanumeric();
            let rest = run.as_bytes()[at + start.len()..].get(..*length);
            if begins
                && rest.is_some_and(|it| it.iter().all(|byte| goes.admits(*byte)) && is_random(it))
            {
                return Some(Secret::Token(whose));
            }
        }
    }
    let parts: Vec<&str> = run.split('.').collect();
    let is_jwt = parts.windows(3).any(|it| {
        it[0].starts_with("eyJ")
            && it[1].starts_with("eyJ")
            && it.iter().all(|part| part.len() >= 16)
    });
    is_jwt.then_some(Secret::Token("a signed token (JWT)"))
}

fn is_random(text: &[u8]) -> bool {
    let different: HashSet<&u8> = text.iter().collect();
    different.len() >= LEAST_DIFFERENT
        && text.iter().any(u8::is_ascii_digit)
        && text.iter().any(u8::is_ascii_alphabetic)
}

/// Whether a URL goes on, after its scheme, with a password. A placeholder or a variable is none.
fn has_password(rest: &str) -> bool {
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | ',');
    let authority = rest.split(ends).next().unwrap_or_default();
    let Some((user, host)) = authority.rsplit_once('@') else {
        return false;
    };
    let Some((_, password)) = user.split_once(':') else {
        return false;
    };
    let stands_for_one = password.contains(['{', '}', '$', '<', '>', '[', ']', '*'])
        || (password.len() > 1 && password.starts_with('%') && password.ends_with('%'));
    let says_nothing = password
        .bytes()
        .all(|it| matches!(it, b'.' | b'x' | b'X' | b'_'));
    !host.is_empty() && !stands_for_one && !says_nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that no scanner takes this file for a leak.
    fn made(parts: &[&str]) -> String {
        parts.concat()
    }

    #[test]
    fn secrets_are_found() {
        let key = made(&[
            "-----BEGIN RSA ",
            "PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        ]);
        assert_eq!(find(&key), Some(Secret::PrivateKey));
        let random = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3hI";
        for (text, whose) in [
            (
                made(&["run with gh", "p_", &random[..36]]),
                "a token of GitHub",
            ),
            (
                made(&["token=gl", "pat-", &random[..20]]),
                "a token of GitLab",
            ),
            (made(&["AK", "IAIOSFODNN7EXAMPLE"]), "an access key of AWS"),
            (
                made(&["xo", "xb-123456789012-", &random[..24]]),
                "a token of Slack",
            ),
            (
                made(&["\"sk", "-ant-api03-", random, "\""]),
                "an API key of Anthropic",
            ),
            (
                made(&[
                    "Bearer ey",
                    "JhbGciOiJIUzI1NiJ9.ey",
                    "JzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
                ]),
                "a signed token (JWT)",
            ),
        ] {
            assert_eq!(find(&text), Some(Secret::Token(whose)), "{text}");
        }
        for url in [
            "psql postgresql://admin:hunter2@db.example.com/tools",
            "curl https://user:p%40ss@example.com",
            "redis://:hunter2@localhost:6379",
            "see amqp://guest:guest@mq, then go",
        ] {
            assert_eq!(find(url), Some(Secret::UrlPassword), "{url}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_left_alone() {
        for text in [
            "Lists the users: id@host",
            "https://example.com:8080/a@b:c",
            "ssh://git@example.com:22/x",
            "postgresql://{user}:{password}@{host}/{database}",
            "postgresql://$USER:$PASSWORD@db/tools",
            "https://user:%PASSWORD%@example.com",
            "https://user:<password>@example.com",
            "https://user:***@example.com",
            "https://user:@example.com",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "finds AKIA keys, and ghp_ tokens",
            "hf_download_and_convert_a_model_2_to_another_format",
            "kubectl-get-pods-in-all-namespaces-with-labels",
            "d41d8cd98f00b204e9800998ecf8427e",
            "/usr/share/npm_modules_of_the_whole_distribution",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
