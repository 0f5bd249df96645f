//! The lines of a backup, and the proof that they are those that were written.

use std::io::BufRead;

use sha2::{Digest, Sha256};

use super::{
    AFTER_ROW, BEFORE_ROW, BEFORE_TABLE, BackupError, End, FORM, Header, Sequence, damaged,
};
use crate::words::hex;

/// The longest line that is read, in bytes: a row with very large texts.
const LONGEST_LINE: u64 = 256 << 20;

/// A line after the header.
pub enum Line {
    Row { table: String, row: String },
    Sequence(Sequence),
    End,
}

/// Reads a backup line by line, and proves at its end that it is whole.
pub struct Reader<'a> {
    input: &'a mut dyn BufRead,
    digest: Sha256,
    /// The number of the last line.
    pub number: u64,
    /// What was read so far.
    pub bytes: u64,
    rows: u64,
    /// The digest of the whole, once the last line was read.
    pub sealed: String,
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Self {
        Self {
            input,
            digest: Sha256::new(),
            number: 0,
            bytes: 0,
            rows: 0,
            sealed: String::new(),
        }
    }

    fn line(&mut self) -> Result<Option<String>, BackupError> {
        let mut line = Vec::new();
        self.number += 1;
        let mut limited = std::io::Read::take(&mut *self.input, LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        self.bytes += read as u64;
        String::from_utf8(line)
            .map(Some)
            .map_err(|_| damaged(self.number, "this is not UTF-8"))
    }

    pub fn header(&mut self) -> Result<Header, BackupError> {
        let line = self.line()?.unwrap_or_default();
        let header: Header = serde_json::from_str(&line)
            .map_err(|_| damaged(1, "this is not a backup that toolcat made"))?;
        if header.toolcat_backup != FORM {
            return Err(damaged(
                1,
                format!(
                    "form {} is not known; install a newer toolcat",
                    header.toolcat_backup
                ),
            ));
        }
        self.digest.update(line.as_bytes());
        Ok(header)
    }

    pub fn next(&mut self) -> Result<Line, BackupError> {
        let line = self
            .line()?
            .ok_or_else(|| damaged(self.number, "the backup ends here, before its last line"))?;
        let text = line.trim_end_matches('\n');
        if let Some((table, row)) = row(text) {
            self.digest.update(line.as_bytes());
            self.rows += 1;
            return Ok(Line::Row {
                table: table.to_owned(),
                row: row.to_owned(),
            });
        }
        if let Ok(sequence) = serde_json::from_str(text) {
            self.digest.update(line.as_bytes());
            return Ok(Line::Sequence(sequence));
        }
        let end: End = serde_json::from_str(text)
            .map_err(|_| damaged(self.number, "this is neither a row nor a sequence"))?;
        let digest = hex(self.digest.clone().finalize());
        if end.rows != self.rows || end.sha256 != digest {
            return Err(damaged(
                self.number,
                "the rows before this line are not those that were written",
            ));
        }
        match self.line()? {
            None => {
                self.sealed = digest;
                Ok(Line::End)
            }
            Some(_) => Err(damaged(self.number, "there is more after the last line")),
        }
    }
}

fn row(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(BEFORE_TABLE)?
        .strip_suffix(AFTER_ROW)?
        .split_once(BEFORE_ROW)
}
