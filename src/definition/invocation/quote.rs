//! A value as one word of a shell's language, whatever it holds.

use super::Shell;

/// The value as one word.
///
/// # Errors
/// What in it the shell has no words for.
pub fn word(shell: Shell, value: &str) -> Result<String, &'static str> {
    if value.contains('\0') {
        return Err("a NUL character");
    }
    match shell {
        Shell::Sh => Ok(sh(value)),
        Shell::PowerShell => Ok(powershell(value)),
        Shell::Cmd => cmd(value),
    }
}

/// Nothing has a meaning inside single quotes but the quote itself.
fn sh(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+:,./-".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// As in sh, but a quote is doubled, and so are the typographic quotes, which are taken for it.
fn powershell(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_:./\\-".contains(c);
    if value.starts_with(|c: char| c.is_ascii_alphabetic()) && value.chars().all(plain) {
        return value.to_owned();
    }
    let mut quoted = String::from("'");
    for character in value.chars() {
        quoted.push(character);
        if matches!(character, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(character);
        }
    }
    quoted.push('\'');
    quoted
}

/// Between double quotes everything is plain but what ends them and what is replaced even there.
fn cmd(value: &str) -> Result<String, &'static str> {
    for (character, name) in [
        ('"', "a double quote"),
        ('%', "a percent sign"),
        ('!', "an exclamation mark"),
        ('\n', "a line feed"),
        ('\r', "a carriage return"),
    ] {
        if value.contains(character) {
            return Err(name);
        }
    }
    // Programs read \" as a quote of the value.
    let slashes = value.len() - value.trim_end_matches('\\').len();
    Ok(format!("\"{value}{}\"", "\\".repeat(slashes)))
}

/// A literal argument of an argument vector: plain where it can be, also with a `=`.
pub fn argument(shell: Shell, value: &str, is_program: bool) -> Result<String, &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    let may_be_plain = shell == Shell::Sh && !is_program && !value.starts_with('=');
    if may_be_plain && !value.is_empty() && value.chars().all(plain) {
        return Ok(value.to_owned());
    }
    let option = |c: char| c.is_ascii_alphanumeric() || "-/".contains(c);
    if shell == Shell::PowerShell
        && !is_program
        && value.starts_with(['-', '/'])
        && value.chars().skip(1).all(option)
    {
        return Ok(value.to_owned());
    }
    let quoted = word(shell, value)?;
    // A quoted text is a value to PowerShell, which `&` runs.
    Ok(match shell {
        Shell::PowerShell if is_program && quoted.starts_with('\'') => format!("& {quoted}"),
        _ => quoted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    /// What the shell makes of the word.
    fn read_by(shell: &str, word: &str) -> Vec<u8> {
        let script = format!("printf %s {word}");
        let output = Command::new(shell).args(["-c", &script]).output();
        output.expect("a shell").stdout
    }

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for hostile in [
            "",
            " ",
            "a b",
            "it's",
            "''",
            "\\",
            "a\\'b",
            "$(touch /tmp/x)",
            "`id`",
            "$HOME",
            "a\nb\n",
            "\"",
            "*",
            "~",
            "!!",
            "#",
            "-rf",
            "a=b",
            "{a,b}",
            "é😀",
            "\u{1b}[31m",
            ";",
            "|&<>",
            "=ls",
            "%1",
            "$'\\x41'",
        ] {
            let quoted = word(Shell::Sh, hostile).unwrap();
            for shell in ["sh", "bash"] {
                assert_eq!(read_by(shell, &quoted), hostile.as_bytes(), "{quoted}");
            }
            let quoted = argument(Shell::Sh, hostile, false).unwrap();
            assert_eq!(read_by("sh", &quoted), hostile.as_bytes(), "{quoted}");
        }
        assert!(word(Shell::Sh, "a\0b").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_it_holds(value in any::<String>().prop_map(|it| it.replace('\0', ""))) {
            prop_assert_eq!(read_by("sh", &word(Shell::Sh, &value).unwrap()), value.as_bytes());
        }

        #[test]
        fn a_quote_of_powershell_stands_twice(value in "[a'\u{2018}\u{2019}\u{201a}\u{201b} $`]{0,8}") {
            let quoted = word(Shell::PowerShell, &value).unwrap();
            if let Some(inner) = quoted.strip_prefix('\'') {
                let inner = inner.strip_suffix('\'').unwrap();
                let mut characters = inner.chars();
                let mut read = String::new();
                while let Some(character) = characters.next() {
                    if "'\u{2018}\u{2019}\u{201a}\u{201b}".contains(character) {
                        prop_assert_eq!(characters.next(), Some(character));
                    }
                    read.push(character);
                }
                prop_assert_eq!(read, value);
            }
        }
    }

    #[test]
    fn what_cmd_would_replace_is_refused() {
        assert_eq!(word(Shell::Cmd, "a & b").unwrap(), "\"a & b\"");
        assert_eq!(word(Shell::Cmd, "C:\\a\\").unwrap(), "\"C:\\a\\\\\"");
        for bad in ["%PATH%", "a\"&calc", "a\nb", "!x!"] {
            assert!(word(Shell::Cmd, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_program_with_a_space_is_still_run() {
        let program = argument(Shell::PowerShell, "C:\\Program Files\\x.exe", true);
        assert_eq!(program.unwrap(), "& 'C:\\Program Files\\x.exe'");
        assert_eq!(argument(Shell::PowerShell, "/all", false).unwrap(), "/all");
        assert_eq!(argument(Shell::Sh, "A=b", true).unwrap(), "'A=b'");
    }
}
