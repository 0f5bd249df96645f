//! Splits a long request into its intents, one clause each, by rule.
//!
//! A clause ends at a line break, a semicolon, the end of a sentence, "then" and its kin ("and then", "after that",
//! "finally"), and at "and" before a verb of command when both sides say enough ("find large files **and** compress
//! them"). Nothing is split inside quotes, backticks or parentheses. "find and list" stays one clause.

/// Verbs with which a new command may begin after "and"; general ones.
const VERBS: &[&str] = &[
    "add",
    "analyze",
    "archive",
    "back",
    "backup",
    "build",
    "calculate",
    "check",
    "clean",
    "clear",
    "compare",
    "compress",
    "configure",
    "convert",
    "copy",
    "count",
    "create",
    "delete",
    "deploy",
    "disable",
    "display",
    "download",
    "email",
    "enable",
    "encrypt",
    "export",
    "extract",
    "fetch",
    "find",
    "generate",
    "get",
    "import",
    "install",
    "kill",
    "list",
    "locate",
    "make",
    "measure",
    "merge",
    "migrate",
    "monitor",
    "mount",
    "move",
    "notify",
    "open",
    "ping",
    "print",
    "publish",
    "pull",
    "push",
    "read",
    "reboot",
    "remove",
    "rename",
    "replace",
    "report",
    "reset",
    "resize",
    "restart",
    "restore",
    "retrieve",
    "rotate",
    "run",
    "save",
    "scan",
    "search",
    "send",
    "set",
    "show",
    "sort",
    "start",
    "stop",
    "store",
    "summarize",
    "sync",
    "tell",
    "test",
    "trace",
    "unpack",
    "update",
    "upgrade",
    "upload",
    "validate",
    "verify",
    "watch",
    "write",
];

/// Words that join clauses and belong to none, longest first.
const CONNECTORS: &[&[&str]] = &[
    &["and", "after", "that"],
    &["and", "afterwards"],
    &["and", "then"],
    &["and", "finally"],
    &["and", "also"],
    &["after", "that"],
    &["afterwards"],
    &["then"],
    &["finally"],
];

/// Words dropped from the beginning of a clause.
const OPENERS: &[&str] = &[
    "and",
    "then",
    "also",
    "finally",
    "first",
    "firstly",
    "next",
    "afterwards",
    "please",
    "secondly",
    "lastly",
];

/// Fewest words on each side of a plain "and" between two commands.
const SIDE_WORDS: usize = 2;

struct Token<'a> {
    text: &'a str,
    start: usize,
    /// In lower case, without punctuation around it.
    plain: String,
    /// Inside quotes, backticks or parentheses.
    held: bool,
}

/// The clauses of a request in order, trimmed; a request with one intent is returned as it is, an empty one as none.
pub fn split(query: &str) -> Vec<String> {
    let tokens = tokens(query);
    // The byte ranges of the clauses.
    let mut clauses = Vec::new();
    let mut start = 0;
    let mut first = 0;
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        if token.held {
            at += 1;
            continue;
        }
        let breaks_line = at > 0 && query[tokens[at - 1].start..token.start].contains('\n');
        if (breaks_line && !tokens[at - 1].held) && at > first {
            clauses.push(&query[start..token.start]);
            (start, first) = (token.start, at);
        }
        if at > first {
            if let Some(length) = connector(&tokens[at..]) {
                clauses.push(&query[start..token.start]);
                at += length;
                start = tokens.get(at).map_or(query.len(), |next| next.start);
                first = at;
                continue;
            }
            let next_is_verb = tokens
                .get(at + 1)
                .is_some_and(|next| VERBS.contains(&next.plain.as_str()));
            if token.plain == "and"
                && next_is_verb
                && at - first >= SIDE_WORDS
                && tokens.len() - at > SIDE_WORDS
            {
                clauses.push(&query[start..token.start]);
                at += 1;
                (start, first) = (tokens[at].start, at);
                continue;
            }
        }
        if ends_clause(token, tokens.get(at + 1)) {
            let end = token.start + token.text.len();
            clauses.push(&query[start..end]);
            start = end;
            first = at + 1;
        } else if let Some(cut) = token.text.find(';') {
            // A semicolon inside a word, without a space after it.
            let cut = token.start + cut;
            clauses.push(&query[start..cut]);
            start = cut + 1;
            first = at;
        }
        at += 1;
    }
    clauses.push(query.get(start..).unwrap_or_default());
    clauses
        .into_iter()
        .map(tidy)
        .filter(|clause| clause.chars().any(char::is_alphanumeric))
        .collect()
}

fn tokens(query: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut quote = None;
    let mut depth = 0usize;
    let mut start = None;
    let mut held = false;
    for (at, c) in query.char_indices().chain([(query.len(), ' ')]) {
        if c.is_whitespace() {
            if let Some(from) = start.take() {
                let text = &query[from..at];
                let plain = text
                    .trim_matches(|c: char| !c.is_alphanumeric())
                    .to_lowercase();
                out.push(Token {
                    text,
                    start: from,
                    plain,
                    held: held || quote.is_some() || depth > 0,
                });
            }
            held = quote.is_some() || depth > 0;
            continue;
        }
        start.get_or_insert(at);
        match (quote, c) {
            (None, '"' | '`') if query[at + 1..].contains(c) => {
                quote = Some(c);
                held = true;
            }
            (Some(open), c) if open == c => quote = None,
            (None, '(') if query[at + 1..].contains(')') => {
                depth += 1;
                held = true;
            }
            (None, ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    out
}

fn connector(tokens: &[Token<'_>]) -> Option<usize> {
    let found = CONNECTORS.iter().find(|words| {
        tokens.len() > words.len()
            && words
                .iter()
                .zip(tokens)
                .all(|(word, token)| token.plain == *word && !token.held)
    })?;
    Some(found.len())
}

fn ends_clause(token: &Token<'_>, next: Option<&Token<'_>>) -> bool {
    if next.is_none() {
        return false;
    }
    if token.text.ends_with(';') {
        return true;
    }
    if token.text.ends_with(['!', '?']) {
        return true;
    }
    let abbreviation = matches!(
        token.plain.as_str(),
        "e.g" | "i.e" | "etc" | "vs" | "no" | "approx" | "dr" | "mr"
    );
    token.text.ends_with('.') && !abbreviation && token.plain.chars().count() > 1
}

fn tidy(clause: &str) -> String {
    let mut rest = clause;
    loop {
        rest = rest
            .trim()
            .trim_matches([',', ';'])
            .trim_end_matches(['.', '!', '?'])
            .trim();
        let Some((word, after)) = rest.split_once(char::is_whitespace) else {
            break;
        };
        let plain = word.trim_end_matches([',', ':']).to_lowercase();
        if !OPENERS.contains(&plain.as_str()) {
            break;
        }
        rest = after;
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::split;

    #[test]
    fn clauses_end_where_an_intent_ends() {
        assert_eq!(
            split("find large files and then compress them; restart nginx"),
            ["find large files", "compress them", "restart nginx"]
        );
        assert_eq!(
            split("Check the disk. Then reboot the host!"),
            ["Check the disk", "reboot the host"]
        );
        assert_eq!(
            split("first list users, then, finally, delete old ones"),
            ["list users", "delete old ones"]
        );
        assert_eq!(
            split("find large files and compress them"),
            ["find large files", "compress them"]
        );
        assert_eq!(
            split("scan ports\nsend a report"),
            ["scan ports", "send a report"]
        );
        assert_eq!(split("a;b"), ["a", "b"]);
    }

    #[test]
    fn one_intent_is_left_whole() {
        for query in [
            "download and create a virtual machine",
            "add a file and directory to an archive",
            "copy files named `a; b` to disk",
            "convert img.png (and then resize it)",
            "open config.yaml e.g. with vim",
            "find logs of node v1.2",
            "then",
        ] {
            assert_eq!(split(query), [query], "{query}");
        }
        assert_eq!(split(""), Vec::<String>::new());
        assert_eq!(split(" ;; \n"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn any_text_splits_into_its_own_parts(query in "[a-z;.,!?()`\" \\n\\PC]{0,80}") {
            for clause in split(&query) {
                prop_assert!(query.contains(&clause));
                prop_assert!(!clause.trim().is_empty());
            }
        }

        #[test]
        fn intents_joined_by_then_come_apart(intents in proptest::collection::vec("(find|copy|scan) [b-d]{3,6} [f-h]{3,6}", 1..5)) {
            prop_assert_eq!(split(&intents.join(" and then ")), intents);
        }
    }
}
