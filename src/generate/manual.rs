//! Reading a rendered manual page: its sections, then the rules of help texts.

use super::help_text::{self, Described, first_sentence};

/// Reads a page as `man` shows it on a terminal of any width, without overstrikes.
pub fn read(name: &str, page: &str) -> Described {
    let page = without_overstrikes(page);
    let sections = sections(&page);
    let section = |wanted: &str| {
        sections
            .iter()
            .find(|(title, _)| title.eq_ignore_ascii_case(wanted))
            .map(|(_, lines)| lines.as_slice())
            .unwrap_or_default()
    };
    let mut text = String::new();
    let mut synopsis = section("SYNOPSIS").iter();
    if let Some(first) = synopsis.find(|it| !it.trim().is_empty()) {
        text.push_str(&format!("Usage: {}\n\n", first.trim()));
    }
    for (title, lines) in &sections {
        let wanted = ["DESCRIPTION", "OPTIONS", "COMMANDS"].contains(&title.as_str())
            || title.ends_with("OPTIONS")
            || title.ends_with("COMMANDS");
        if wanted {
            text.push_str(&format!("{title}\n{}\n", lines.join("\n")));
        }
    }
    let examples = section("EXAMPLES").iter().chain(section("EXAMPLE"));
    text.push_str("EXAMPLES\n");
    for line in examples {
        text.push_str(&format!("{line}\n"));
    }
    let mut described = help_text::read(name, &text);
    let about = section("NAME").join(" ");
    if let Some((_, about)) = [" - ", " -- ", " \u{2013} ", " \u{2014} ", " \u{2010} "]
        .iter()
        .find_map(|dash| about.split_once(dash))
    {
        let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
        described.description = first_sentence(&about);
    }
    described
}

/// `x` backspace `x` is bold, `_` backspace `x` underlined; escape sequences are colours.
pub fn without_overstrikes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\u{8}' => {
                plain.pop();
            }
            '\u{1b}' if characters.peek() == Some(&'[') => {
                for c in characters.by_ref().skip(1) {
                    if c.is_ascii_alphabetic() {
                        break;
                    }
                }
            }
            // A hyperlink, or another command to the terminal, ended by BEL or ESC \.
            '\u{1b}' if characters.peek() == Some(&']') => {
                while let Some(c) = characters.next() {
                    if c == '\u{7}' || (c == '\u{1b}' && characters.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            '\u{ad}' => {}
            // A hyphen that divides a word at the end of a line stays, to be joined again.
            '\u{2010}' if characters.peek() != Some(&'\n') => plain.push('-'),
            c => plain.push(c),
        }
    }
    plain
}

/// Sections start with a title at the margin in capitals.
fn sections(page: &str) -> Vec<(String, Vec<&str>)> {
    let mut sections: Vec<(String, Vec<&str>)> = Vec::new();
    for line in page.lines() {
        let title = !line.is_empty()
            && !line.starts_with([' ', '\t'])
            && !line.contains('(')
            && !line.chars().any(char::is_lowercase);
        match sections.last_mut() {
            _ if title => sections.push((line.trim().to_owned(), Vec::new())),
            Some((_, lines)) => lines.push(line),
            None => {}
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read() {
        let page = "LOOK(1)                  User Commands                  LOOK(1)

N\u{8}NA\u{8}AM\u{8}ME\u{8}E
       look - display lines beginning with a given string

SYNOPSIS
       look [options] string [file]

DESCRIPTION
       The look utility displays any lines in file which contain string.

OPTIONS
       -a, --alternative
           Use the alternative dictionary file.

       -t, --terminate character
           Specify a string termination character.

EXAMPLES
       look -t x word /usr/share/dict/words

util-linux               2022                  LOOK(1)
";
        let look = read("look", page);
        assert_eq!(
            look.description,
            "display lines beginning with a given string"
        );
        let names: Vec<&str> = look.inputs.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["alternative", "terminate"]);
        assert_eq!(
            look.inputs[0].description,
            "Use the alternative dictionary file"
        );
        assert_eq!(look.inputs[1].kind, "string");
        assert_eq!(look.examples, ["look -t x word /usr/share/dict/words"]);
    }
}
