//! Reading a file or standard input line by line, with a limit to what one line, and all together,
//! may take.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::CommandError;
use crate::reading::utf16::Utf8;

/// The longest line that is read, in bytes; as for telemetry.
const LONGEST: u64 = 1 << 20;

/// The most that is read where all lines are kept, in bytes; as for a file of definitions.
const MOST: u64 = crate::format::MAX_BYTES;

/// A line with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its text, without the line break.
    pub text: String,
}

/// The lines of a file.
pub struct Lines {
    name: String,
    input: Box<dyn BufRead>,
    number: u64,
    /// How many bytes may still come, if that is limited.
    left: Option<u64>,
    failed: bool,
}

impl Lines {
    /// Of a file, or of standard input where the path is `-`; any number of them.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &str) -> Result<Self, CommandError> {
        let failed =
            |error: io::Error| CommandError::invalid(format!("cannot read {path}: {error}"));
        let input: Box<dyn BufRead> = match path {
            "-" => Box::new(Utf8::new(io::stdin().lock()).map_err(failed)?),
            path => {
                let file = BufReader::new(File::open(path).map_err(failed)?);
                Box::new(Utf8::new(file).map_err(failed)?)
            }
        };
        Ok(Self {
            name: path.to_owned(),
            input,
            number: 0,
            left: None,
            failed: false,
        })
    }

    /// The same for lines that are all kept: together they may take as much as a file of definitions.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn to_keep(path: &str) -> Result<Self, CommandError> {
        let lines = Self::open(path)?;
        Ok(Self {
            left: Some(MOST),
            ..lines
        })
    }

    fn read(&mut self) -> Result<Option<Line>, CommandError> {
        let place = format!("{}:{}", self.name, self.number + 1);
        let refused = |why: String| CommandError::invalid(format!("{place}: {why}"));
        let mut bytes = Vec::new();
        let read = (&mut self.input)
            .take(LONGEST + 2)
            .read_until(b'\n', &mut bytes)
            .map_err(|error| refused(format!("cannot read: {error}")))?;
        if read == 0 {
            return Ok(None);
        }
        if bytes.pop_if(|last| *last == b'\n').is_some() {
            bytes.pop_if(|last| *last == b'\r');
        }
        if bytes.len() as u64 > LONGEST {
            return Err(refused(format!(
                "the line is longer than {LONGEST} bytes, the most that is read"
            )));
        }
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(read as u64).ok_or_else(|| {
                refused(format!("more than {} MB in one input", MOST >> 20)).hint("divide it")
            })?;
        }
        self.number += 1;
        let mut text =
            String::from_utf8(bytes).map_err(|_| refused("the line is not UTF-8".to_owned()))?;
        if self.number == 1 && text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Ok(Some(Line {
            number: self.number,
            text,
        }))
    }
}

impl Iterator for Lines {
    type Item = Result<Line, CommandError>;

    /// The next line; nothing comes after an error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let read = self.read().transpose();
        self.failed = matches!(read, Some(Err(_)));
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: impl Into<Vec<u8>>, left: Option<u64>) -> Lines {
        Lines {
            name: "f".to_owned(),
            input: Box::new(io::Cursor::new(bytes.into())),
            number: 0,
            left,
            failed: false,
        }
    }

    fn messages(lines: Lines) -> Vec<String> {
        lines
            .map(|line| match line {
                Ok(line) => format!("{} {}", line.number, line.text.len()),
                Err(error) => error.message,
            })
            .collect()
    }

    #[test]
    fn lines_come_with_their_places() {
        let found = messages(lines("\u{feff}ab\r\n\ncde", None));
        assert_eq!(found, ["1 2", "2 0", "3 3"]);
        let found = messages(lines(b"a\n\xff\nb".to_vec(), None));
        assert_eq!(found, ["1 1", "f:2: the line is not UTF-8"]);
    }

    #[test]
    fn f14_a_line_without_end_is_refused() {
        let longest = usize::try_from(LONGEST).unwrap();
        let full = [vec![b'x'; longest], b"\r\n".to_vec()].concat();
        assert_eq!(messages(lines(full, None)), ["1 1048576"]);
        let found = messages(lines(vec![0; longest + 1], None));
        assert!(found[0].starts_with("f:1: the line is longer"), "{found:?}");
        let endless = messages(Lines::open("/dev/zero").unwrap());
        assert!(
            endless[0].starts_with("/dev/zero:1: the line is longer"),
            "{endless:?}"
        );
    }

    #[test]
    fn what_is_kept_is_limited_as_a_whole() {
        let found = messages(lines("a\nb\nc\n", Some(5)));
        assert_eq!(found, ["1 1", "2 1", "f:3: more than 64 MB in one input"]);
    }
}
