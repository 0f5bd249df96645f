//! The one object through which a command speaks.

use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstyle::Style;
use clap::ValueEnum;

use super::guard::Guard;
use super::progress::Progress;
use super::style::{self, paint};
use super::text::visible_lines;

/// When output is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What the user asked of the output.
#[derive(Debug, Clone, Copy, Default)]
pub struct UiOptions {
    /// When output is coloured.
    pub color: ColorChoice,
    /// Whether status lines and hints are left out.
    pub quiet: bool,
    /// Whether nothing may be asked.
    pub no_input: bool,
}

/// stdout for results, stderr for everything else.
pub struct Ui {
    out: RefCell<BufWriter<Guard<io::Stdout>>>,
    options: UiOptions,
    color_out: bool,
    color_err: bool,
    terminal_in: bool,
    terminal_out: bool,
    terminal_err: bool,
    width: Option<u16>,
}

impl Ui {
    /// Looks at the streams and the environment.
    pub fn new(options: UiOptions) -> Self {
        let color = |terminal: bool| match options.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
                    && std::env::var_os("TERM").is_none_or(|it| it != "dumb")
            }
        };
        let terminal_out = io::stdout().is_terminal();
        let terminal_err = io::stderr().is_terminal();
        Self {
            out: RefCell::new(BufWriter::with_capacity(
                64 * 1024,
                Guard::new(io::stdout(), terminal_out),
            )),
            options,
            color_out: color(terminal_out),
            color_err: color(terminal_err),
            terminal_in: io::stdin().is_terminal(),
            terminal_out,
            terminal_err,
            width: terminal_out.then(terminal_width).flatten(),
        }
    }

    /// stdout, buffered; flushed by [`finish`](Self::finish).
    pub fn out(&mut self) -> &mut dyn Write {
        self.out.get_mut()
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// Where stdout cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.out.get_mut().flush()
    }

    /// Columns of the terminal that stdout is, if it is one.
    pub fn width(&self) -> Option<u16> {
        self.width
    }

    /// Whether somebody is there: results go to a terminal, and answers come from one.
    pub fn is_terminal(&self) -> bool {
        self.terminal_in && self.terminal_out
    }

    /// Writes a command: as it is into a pipe, and on a terminal so that it cannot drive it.
    ///
    /// # Errors
    /// Where stdout cannot be written.
    pub fn command(&mut self, command: &str) -> io::Result<()> {
        match self.terminal_out {
            true => writeln!(self.out(), "{}", visible_lines(command)),
            false => writeln!(self.out(), "{command}"),
        }
    }

    /// Whether results are coloured.
    pub fn color(&self) -> bool {
        self.color_out
    }

    /// The text in that style, where results are coloured.
    pub fn paint(&self, style: Style, text: &str) -> String {
        paint(style, self.color_out, text)
    }

    /// A line about what was done; silenced by `--quiet`.
    pub fn status(&self, message: &str) {
        if !self.options.quiet {
            self.say("", message);
        }
    }

    /// A line that the user should see even with `--quiet`.
    pub fn warn(&self, message: &str) {
        let label = paint(style::WARN, self.color_err, "warning:");
        self.say(&format!("{label} "), message);
    }

    /// What to do next; silenced by `--quiet`.
    pub fn hint(&self, message: &str) {
        if !self.options.quiet {
            let label = paint(style::HINT, self.color_err, "hint:");
            self.say(&format!("{label} "), message);
        }
    }

    /// What failed.
    pub fn error(&self, message: &str) {
        let label = paint(style::BAD, self.color_err, "error:");
        self.say(&format!("{label} "), message);
    }

    fn say(&self, label: &str, message: &str) {
        // Results that were made before come before; a failure shows when they are finished, and
        // nothing can be done where stderr is closed.
        let _ = self.out.borrow_mut().flush();
        let _ = writeln!(io::stderr(), "{label}{}", visible_lines(message));
    }

    /// A progress bar of that length, seen only on a terminal.
    pub fn progress(&self, length: u64, what: &'static str) -> Progress {
        Progress::new(self.shows_progress(), length, what)
    }

    /// Whether somebody would see a progress bar.
    pub fn shows_progress(&self) -> bool {
        self.terminal_err && !self.options.quiet
    }

    /// Status lines for those who cannot hold this object, from any thread.
    pub fn notices(&self) -> Notices {
        Notices {
            quiet: self.options.quiet,
        }
    }

    /// Whether a question can be asked: a person is there, and `--no-input` was not given.
    pub fn can_ask(&self) -> bool {
        self.terminal_in && self.terminal_err && !self.options.no_input
    }

    /// Asks for a yes; `None` where nobody can be asked.
    ///
    /// # Errors
    /// Where the answer cannot be read.
    pub fn confirm(&self, question: &str) -> io::Result<Option<bool>> {
        if !self.can_ask() {
            return Ok(None);
        }
        let mut err = io::stderr();
        write!(err, "{} [y/N] ", visible_lines(question))?;
        err.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(Some(matches!(
            answer.trim().to_lowercase().as_str(),
            "y" | "yes"
        )))
    }
}

/// Writes status lines, and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Notices {
    quiet: bool,
}

impl Notices {
    /// A line about what was done; silenced by `--quiet`.
    pub fn status(self, message: &str) {
        if !self.quiet {
            // Nothing can be done where stderr is closed.
            let _ = writeln!(io::stderr(), "{}", visible_lines(message));
        }
    }
}

fn terminal_width() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}
