//! Refused rows: kept in a file, the first ones shown.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde_json::json;

use crate::operations::telemetry::record::Refused;

/// How many refused rows are shown.
const SHOWN: usize = 5;
/// How much of a refused row is kept, in bytes.
const LONGEST_ROW: usize = 64 * 1024;

/// Takes refused rows. The file is made with the first one, and emptied of an earlier run's if there is none: each line is a JSON object with `line`, `reason` and
/// `row`, the row as it was.
pub struct Rejects {
    path: PathBuf,
    /// Whether a link is followed: the user named it.
    named: bool,
    file: Option<BufWriter<File>>,
    shown: Vec<String>,
}

impl Rejects {
    /// In the file that the user named, or in one that stands where others may have put a link.
    pub fn new(path: PathBuf, named: bool) -> Self {
        Self {
            path,
            named,
            file: None,
            shown: Vec::new(),
        }
    }

    /// The first ones, with their reasons.
    pub fn shown(&self) -> &[String] {
        &self.shown
    }

    /// The file, new and empty.
    fn made(&self) -> io::Result<File> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        if !self.named {
            options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        }
        options.open(&self.path).map_err(|error| {
            let path = self.path.display();
            let why = match !self.named && self.path.is_symlink() {
                true => "it is a link; name another with --reject-file".to_owned(),
                false => error.to_string(),
            };
            io::Error::new(error.kind(), format!("the reject file {path}: {why}"))
        })
    }

    /// The file, if it was made.
    pub fn path(&self) -> Option<&Path> {
        self.file.is_some().then_some(&*self.path)
    }
}

impl Refused for Rejects {
    fn row(&mut self, line: u64, reason: &str, row: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(BufWriter::new(self.made()?));
        }
        if self.shown.len() < SHOWN {
            self.shown.push(format!("line {line}: {reason}"));
        }
        let row = String::from_utf8_lossy(&row[..row.len().min(LONGEST_ROW)]);
        let record = json!({ "line": line, "reason": reason, "row": row });
        match &mut self.file {
            Some(file) => writeln!(file, "{record}"),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.flush(),
            None if self.path.is_file() && (self.named || !self.path.is_symlink()) => {
                self.made().map(drop)
            }
            None => Ok(()),
        }
    }
}
