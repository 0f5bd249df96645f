//! The shells that scripts are written for, and where in a script a value may stand.
//!
//! A value is filled in as one quoted word. That is safe only where the shell reads a word: inside
//! quotes of the script's own, the quotes of the value would end them. Such places are refused when a
//! definition is validated, so that no value can ever leave its place.

use serde::{Deserialize, Serialize};

use super::{Piece, Template};

/// A shell that runs scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shell {
    /// POSIX sh, and those that read its language: bash, dash, zsh.
    Sh,
    /// Windows `PowerShell` and pwsh.
    PowerShell,
    /// cmd.exe
    Cmd,
}

impl Shell {
    /// The name used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Shell::Sh => "sh",
            Shell::PowerShell => "powershell",
            Shell::Cmd => "cmd",
        }
    }

    /// The first input of a script that stands where its value could not be quoted, and why.
    pub fn misplaced(self, script: &Template) -> Option<(&str, &'static str)> {
        let mut reader = Reader::new(self);
        for piece in script.pieces() {
            match piece {
                Piece::Text(text) => reader.read(text),
                Piece::Input(name) => match reader.place() {
                    Some(why) => return Some((name, why)),
                    None => reader.pass_value(),
                },
            }
        }
        None
    }
}

/// Where the reading of a script stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    /// Inside quotes of this kind.
    Quoted(char),
    Comment,
    /// What quoting means here depends on more than a reader of one pass knows.
    Unclear(&'static str),
}

struct Reader {
    shell: Shell,
    state: State,
    /// The character before, and whether it takes the meaning of the one that follows.
    before: Option<char>,
    escaped: bool,
}

impl Reader {
    fn new(shell: Shell) -> Self {
        Self {
            shell,
            state: State::Plain,
            before: None,
            escaped: false,
        }
    }

    /// Why no value can stand here.
    fn place(&self) -> Option<&'static str> {
        match self.state {
            State::Quoted(_) => Some("it stands inside quotes"),
            State::Comment => Some("it stands in a comment"),
            State::Unclear(why) => Some(why),
            State::Plain if self.escaped => Some("it stands behind an escape character"),
            State::Plain if self.before == Some('$') => Some("it stands behind `$`"),
            State::Plain => None,
        }
    }

    fn pass_value(&mut self) {
        self.before = Some('\'');
        self.escaped = false;
    }

    fn read(&mut self, text: &str) {
        let characters: Vec<char> = text.chars().collect();
        for (index, &character) in characters.iter().enumerate() {
            if self.escaped {
                self.escaped = false;
                self.before = Some(' ');
                continue;
            }
            let rest = &characters[index..];
            match self.shell {
                Shell::Sh => self.sh(character, rest),
                Shell::PowerShell => self.powershell(character, rest),
                Shell::Cmd => self.cmd(character),
            }
            self.before = Some(character);
        }
    }

    fn begins_word(&self) -> bool {
        self.before
            .is_none_or(|it| it.is_whitespace() || "();&|{}".contains(it))
    }

    fn sh(&mut self, character: char, rest: &[char]) {
        match (self.state, character) {
            (State::Plain, '\\') | (State::Quoted('"'), '\\') => self.escaped = true,
            (State::Plain, '\'') if self.before == Some('$') => {
                self.state = State::Unclear("it stands behind `$'`");
            }
            (State::Plain, '\'' | '"') => self.state = State::Quoted(character),
            (State::Plain, '#') if self.begins_word() => self.state = State::Comment,
            (State::Comment, '\n') => self.state = State::Plain,
            (State::Plain | State::Quoted('"'), '`') => {
                self.state = State::Unclear("it stands behind a backquote");
            }
            (State::Plain, '(') if self.before == Some('(') => {
                self.state = State::Unclear("it stands behind `((`, where text is computed");
            }
            (State::Plain, '[') if self.before == Some('[') => {
                self.state = State::Unclear("it stands behind `[[`, where text is computed");
            }
            (State::Plain, '<') if rest.starts_with(&['<', '<', '<']) => {
                self.before = Some('<');
            }
            (State::Plain, '<') if rest.starts_with(&['<', '<']) && self.before != Some('<') => {
                self.state = State::Unclear("it stands behind `<<`, where text is not quoted");
            }
            (State::Quoted('"'), '$') if matches!(rest.get(1), Some('(' | '{')) => {
                self.state = State::Unclear("it stands behind a substitution inside quotes");
            }
            (State::Quoted(quote), _) if quote == character => self.state = State::Plain,
            _ => {}
        }
    }

    fn powershell(&mut self, character: char, rest: &[char]) {
        const SINGLE: &str = "'\u{2018}\u{2019}\u{201a}\u{201b}";
        const DOUBLE: &str = "\"\u{201c}\u{201d}\u{201e}";
        match self.state {
            State::Plain if character == '`' => self.escaped = true,
            State::Quoted('"') if character == '`' => self.escaped = true,
            State::Plain if character == '@' && matches!(rest.get(1), Some('\'' | '"')) => {
                self.state = State::Unclear("it stands behind a text of several lines");
            }
            State::Plain if rest.starts_with(&['-', '-', '%']) => {
                self.state = State::Unclear("it stands behind `--%`, where nothing is quoted");
            }
            State::Plain if SINGLE.contains(character) => self.state = State::Quoted('\''),
            State::Plain if DOUBLE.contains(character) => self.state = State::Quoted('"'),
            State::Plain if character == '#' && self.before == Some('<') => {
                self.state = State::Unclear("it stands behind a comment of several lines");
            }
            State::Plain if character == '#' && self.begins_word() => self.state = State::Comment,
            State::Comment if character == '\n' => self.state = State::Plain,
            State::Quoted('"') if character == '$' && rest.get(1) == Some(&'(') => {
                self.state = State::Unclear("it stands behind a substitution inside quotes");
            }
            State::Quoted('\'') if SINGLE.contains(character) => self.state = State::Plain,
            State::Quoted('"') if DOUBLE.contains(character) => self.state = State::Plain,
            _ => {}
        }
    }

    fn cmd(&mut self, character: char) {
        match (self.state, character) {
            (State::Plain, '^') => self.escaped = true,
            (State::Plain, '"') => self.state = State::Quoted('"'),
            (State::Quoted(_), '"' | '\n') => self.state = State::Plain,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misplaced(shell: Shell, script: &str) -> bool {
        shell.misplaced(&script.parse().unwrap()).is_some()
    }

    #[test]
    fn a_value_stands_only_where_a_word_can() {
        for (shell, script) in [
            (Shell::Sh, "tar -c {path} | zstd -o {target}"),
            (Shell::Sh, "echo 'a' \"b\" {x}; echo \\' {x} $(cat {x})"),
            (Shell::Sh, "# it's a comment\ncat {x} <<< {y} a#b {z}"),
            (Shell::Sh, "a=${{b#x}}; cat {x}"),
            (
                Shell::PowerShell,
                "Get-Item -Path {path} # 'all\n Get-Item {x}",
            ),
            (Shell::PowerShell, "echo 'it''s' {x}"),
            (Shell::Cmd, "dir \"C:\\a b\" {path}"),
        ] {
            assert!(!misplaced(shell, script), "{script}");
        }
        for (shell, script) in [
            (Shell::Sh, "echo '{x}'"),
            (Shell::Sh, "echo \"{x}\""),
            (Shell::Sh, "echo \"$(cat \"{x}\")\""),
            (Shell::Sh, "echo `cat {x}`"),
            (Shell::Sh, "echo \\{x}"),
            (Shell::Sh, "echo ${x}"),
            (Shell::Sh, "echo $'\\'{x}'"),
            (Shell::Sh, "true # {x}"),
            (Shell::Sh, "cat <<E\n{x}\nE"),
            (Shell::Sh, "echo $(( {x} + 1 ))"),
            (Shell::Sh, "[[ {x} -eq 1 ]]"),
            (Shell::PowerShell, "echo \"{x}\""),
            (Shell::PowerShell, "echo \u{201c}{x}\u{201d}"),
            (Shell::PowerShell, "echo @'\n{x}\n'@"),
            (Shell::PowerShell, "<# {x} #>"),
            (Shell::PowerShell, "icacls --% {x}"),
            (Shell::Cmd, "dir \"{x}\""),
            (Shell::Cmd, "dir ^{x}"),
        ] {
            assert!(misplaced(shell, script), "{script}");
        }
    }
}
