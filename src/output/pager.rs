//! Results that are longer than the terminal, read in a pager.

use std::io::{self, Stdout, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Where results go: to stdout, and for as long as a page is open to a pager once they are longer than
/// the terminal.
pub struct Outlet {
    stdout: Stdout,
    page: Page,
}

/// Why a result was not taken where it was to go; a reader that went away is no such reason.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct NotTaken(String);

fn not_taken(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::Interrupted => error,
        kind => io::Error::new(kind, NotTaken(error.to_string())),
    }
}

enum Page {
    /// Everything passes at once.
    None,
    /// Held until it is known whether it fits.
    Held {
        bytes: Vec<u8>,
        lines: usize,
        height: usize,
        pager: String,
    },
    /// A pager reads.
    Open(Child, ChildStdin),
}

impl Outlet {
    /// An outlet without a page.
    pub fn new() -> Self {
        Self {
            stdout: io::stdout(),
            page: Page::None,
        }
    }

    /// Begins a page, which ends when the outlet is flushed.
    pub fn begin(&mut self, pager: &str, height: usize) {
        if matches!(self.page, Page::None) {
            self.page = Page::Held {
                bytes: Vec::new(),
                lines: 0,
                height,
                pager: pager.to_owned(),
            };
        }
    }

    /// Starts the pager with what is held; if there is none, everything passes.
    fn open(&mut self) -> io::Result<()> {
        let Page::Held { bytes, pager, .. } = std::mem::replace(&mut self.page, Page::None) else {
            return Ok(());
        };
        match start(&pager) {
            Some((child, mut stdin)) => {
                let written = stdin.write_all(&bytes);
                self.page = Page::Open(child, stdin);
                written
            }
            None => self.stdout.write_all(&bytes).map_err(not_taken),
        }
    }

    /// Ends the page: what fits is written, and a pager is waited for.
    fn end(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.page, Page::None) {
            Page::None => Ok(()),
            Page::Held { bytes, .. } => self.stdout.write_all(&bytes).map_err(not_taken),
            Page::Open(mut child, stdin) => {
                drop(stdin);
                child.wait().map(|_| ())
            }
        }
    }
}

impl Write for Outlet {
    fn write(&mut self, new: &[u8]) -> io::Result<usize> {
        let full = match &mut self.page {
            Page::None => return self.stdout.write(new).map_err(not_taken),
            Page::Open(_, stdin) => return stdin.write(new),
            Page::Held {
                bytes,
                lines,
                height,
                ..
            } => {
                bytes.extend_from_slice(new);
                *lines += new.iter().filter(|it| **it == b'\n').count();
                lines >= height
            }
        };
        if full {
            self.open()?;
        }
        Ok(new.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end()?;
        self.stdout.flush().map_err(not_taken)
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        // A pager that the user left is waited for as well, so that the terminal is its own again.
        let _ = self.end();
    }
}

/// Runs the pager by the shell, as PAGER may hold arguments.
fn start(pager: &str) -> Option<(Child, ChildStdin)> {
    let mut command = Command::new("sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    let program = pager.split_whitespace().next()?;
    if !runs(program) {
        return None;
    }
    let mut child = command.spawn().ok()?;
    let stdin = child.stdin.take()?;
    // An interrupt is the pager's to answer. Where somebody else listens to it, that stays so.
    let _ = ctrlc::set_handler(|| {});
    Some((child, stdin))
}

/// Whether there is such a program; what the shell has to work out is left to it.
fn runs(program: &str) -> bool {
    if !program
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || b"-_.+".contains(&it))
    {
        return true;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|it| it.join(program).is_file())
}

/// The pager that the environment names; none if it wants none.
pub fn wanted() -> Option<String> {
    let named = ["TOOLCAT_PAGER", "PAGER"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    let pager = named.unwrap_or_else(|| "less".to_owned());
    let pager = pager.trim();
    let dumb = std::env::var_os("TERM").is_none_or(|it| it.is_empty() || it == "dumb");
    (!dumb && !pager.is_empty() && pager != "cat").then(|| pager.to_owned())
}
