//! The last stop before a terminal: whatever could drive it, or disguise what it shows, is written
//! as an escape of JSON, which YAML and people read as well.

use std::io::{self, Write};

use super::style;
use super::text::is_unsafe;

/// The longest sequence of the program's own styles, in bytes.
const LONGEST: usize = 16;

/// A writer to a terminal; where it does not guard, bytes pass as they are.
pub struct Guard<W> {
    inner: W,
    guards: bool,
    /// What may be the beginning of a character or of a style.
    pending: Vec<u8>,
}

impl<W: Write> Guard<W> {
    /// A guard before `inner` if that is a terminal.
    pub fn new(inner: W, guards: bool) -> Self {
        Self {
            inner,
            guards,
            pending: Vec::new(),
        }
    }

    /// What is guarded.
    pub fn inner_mut(&mut self) -> &mut W {
        &mut self.inner
    }

    /// Writes what is pending up to where more could change its meaning.
    fn pass(&mut self, last: bool) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.pending);
        let mut safe = String::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (text, valid) = match std::str::from_utf8(rest) {
                Ok(text) => (text, rest.len()),
                Err(error) => {
                    let valid = error.valid_up_to();
                    let text = std::str::from_utf8(&rest[..valid]).unwrap_or_default();
                    (text, valid)
                }
            };
            let done = escape(text, last, &mut safe);
            rest = &rest[done..];
            if done < valid {
                break;
            }
            // What follows is not a character, or only the beginning of one.
            if let Err(error) = std::str::from_utf8(rest) {
                match error.error_len() {
                    Some(wrong) => {
                        safe.push('\u{fffd}');
                        rest = &rest[wrong..];
                    }
                    None if last => {
                        safe.push('\u{fffd}');
                        rest = &[];
                    }
                    None => break,
                }
            }
        }
        self.pending = rest.to_vec();
        self.inner.write_all(safe.as_bytes())
    }
}

/// Adds the text, made safe; how many bytes of it were dealt with. A style that is not whole yet is
/// left, unless nothing follows.
fn escape(text: &str, last: bool, safe: &mut String) -> usize {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '\u{1b}' {
            if let Some(own) = style::own_sequence(rest) {
                safe.push_str(own);
                rest = &rest[own.len()..];
                continue;
            }
            if !last
                && rest.len() < LONGEST
                && rest[1..].bytes().all(|it| !it.is_ascii_alphabetic())
            {
                break;
            }
        }
        if matches!(c, '\n' | '\t') || !is_unsafe(c) {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        }
        rest = &rest[c.len_utf8()..];
    }
    text.len() - rest.len()
}

impl<W: Write> Write for Guard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.guards {
            return self.inner.write(bytes);
        }
        self.pending.extend_from_slice(bytes);
        self.pass(false)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.guards && !self.pending.is_empty() {
            self.pass(true)?;
        }
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(pieces: &[&[u8]]) -> String {
        let mut guard = Guard::new(Vec::new(), true);
        for piece in pieces {
            guard.write_all(piece).unwrap();
        }
        guard.flush().unwrap();
        String::from_utf8(guard.inner).unwrap()
    }

    #[test]
    fn what_drives_a_terminal_is_shown() {
        assert_eq!(
            guarded(&["a\u{1b}[2J\u{9b}1m\u{202e}\u{e0001}\r\n\té".as_bytes()]),
            "a\\u001b[2J\\u009b1m\\u202e\\udb40\\udc01\\u000d\n\té"
        );
        let painted = style::paint(style::BAD, true, "bad");
        assert_eq!(guarded(&[painted.as_bytes()]), painted);
    }

    #[test]
    fn pieces_are_taken_together() {
        let whole = "\u{1b}[1m日本\u{1b}[0m\u{1b}[5mx\u{9b}".as_bytes();
        let expected = guarded(&[whole]);
        assert_eq!(expected, "\u{1b}[1m日本\u{1b}[0m\\u001b[5mx\\u009b");
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(guarded(&bytes), expected);
        assert_eq!(
            guarded(&[b"a\xff\xe6\x97", b"z\xe6"]),
            "a\u{fffd}\u{fffd}z\u{fffd}"
        );
    }
}
