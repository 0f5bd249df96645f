//! The one object through which a command speaks.

use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstyle::Style;
use clap::ValueEnum;
use serde::Serialize;

use super::guard::Guard;
use super::pager::{self, Outlet};
use super::progress::Progress;
use super::reshape::{Reshaper, Reshapes};
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

/// How times are shown to people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Times {
    /// How long ago on a terminal, else as dates
    #[default]
    Auto,
    /// How long ago: 2 h ago
    Relative,
    /// As dates: 2026-01-31T12:00:00Z
    Iso,
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
    /// Whether long results are written to the terminal as they are, without a pager.
    pub no_pager: bool,
}

/// stdout for results, stderr for everything else.
pub struct Ui {
    out: RefCell<BufWriter<Reshaper<Guard<Outlet>>>>,
    options: UiOptions,
    color_out: bool,
    color_err: bool,
    terminal_in: bool,
    terminal_out: bool,
    terminal_err: bool,
    size: Option<(u16, u16)>,
    columns_err: Option<u16>,
    times: Times,
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
                Reshaper::new(Guard::new(Outlet::new(), terminal_out)),
            )),
            options,
            color_out: color(terminal_out),
            color_err: color(terminal_err),
            terminal_in: io::stdin().is_terminal(),
            terminal_out,
            terminal_err,
            size: terminal_out.then(|| terminal_size(io::stdout())).flatten(),
            columns_err: (terminal_err.then(|| terminal_size(io::stderr())).flatten())
                .map(|(columns, _)| columns),
            times: Times::Auto,
        }
    }

    /// stdout, buffered; flushed by [`finish`](Self::finish).
    pub fn out(&mut self) -> &mut dyn Write {
        self.out.get_mut()
    }

    /// Writes a value as one line of JSON.
    ///
    /// # Errors
    /// Those of stdout.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(self.out(), value).map_err(io::Error::from)?;
        writeln!(self.out())
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// If stdout cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.out.get_mut().flush()
    }

    /// Makes another text of each JSON document from here on.
    pub fn reshape(&mut self, reshape: Box<dyn Reshapes>) {
        self.out.get_mut().get_mut().reshape(reshape);
    }

    /// Writes out what is buffered, behind which nothing comes.
    ///
    /// # Errors
    /// If stdout cannot be written, or something that is to be reshaped is not JSON.
    pub fn end(&mut self) -> io::Result<()> {
        self.finish()?;
        self.out.get_mut().get_mut().done()
    }

    /// Columns of the terminal that stdout is, if it is one.
    pub fn width(&self) -> Option<u16> {
        self.size.map(|(columns, _)| columns)
    }

    /// Begins a result that is read in a pager if it is longer than the terminal. It ends with the
    /// next line to stderr, or with [`finish`](Self::finish).
    pub fn page(&mut self) {
        let Some((_, rows)) = self.size.filter(|_| !self.options.no_pager) else {
            return;
        };
        if !self.terminal_in || rows == 0 {
            return;
        }
        if let Some(pager) = pager::wanted() {
            let out = self.out.get_mut().get_mut();
            let outlet = out.inner_mut().inner_mut();
            outlet.begin(&pager, usize::from(rows));
        }
    }

    /// Shows times so from here on.
    pub fn show_times(&mut self, times: Times) {
        self.times = times;
    }

    /// Whether times are shown as how long ago.
    pub fn tells_how_long_ago(&self) -> bool {
        match self.times {
            Times::Auto => self.terminal_out,
            Times::Relative => true,
            Times::Iso => false,
        }
    }

    /// A time for people.
    pub fn time(&self, at: chrono::DateTime<chrono::Utc>) -> String {
        match self.tells_how_long_ago() {
            true => super::text::ago(at, crate::outside::now()),
            false => super::text::time(at),
        }
    }

    /// Whether somebody is there: results go to a terminal, and answers come from one.
    pub fn is_terminal(&self) -> bool {
        self.terminal_in && self.terminal_out
    }

    /// Writes a paragraph behind a lead in that style; on a terminal in lines that end between words,
    /// all but the first `margin` columns from the left.
    ///
    /// # Errors
    /// If stdout cannot be written.
    pub fn paragraph(
        &mut self,
        style: Style,
        lead: &str,
        margin: usize,
        text: &str,
    ) -> io::Result<()> {
        const NARROW: usize = 20;
        let painted = match lead {
            "" => String::new(),
            lead => self.paint(style, lead),
        };
        let room = (self.width())
            .map(|it| usize::from(it).saturating_sub(margin))
            .filter(|it| *it >= NARROW);
        let Some(room) = room else {
            return writeln!(self.out(), "{painted}{text}");
        };
        let taken = super::text::width(lead).saturating_sub(margin);
        let lines = super::text::wrapped_after(taken, text, room);
        for (index, line) in lines.iter().enumerate() {
            match index {
                0 => writeln!(self.out(), "{painted}{line}")?,
                _ => writeln!(self.out(), "{:margin$}{line}", "")?,
            }
        }
        Ok(())
    }

    /// Writes a command: as it is into a pipe, and on a terminal so that it cannot drive it.
    ///
    /// # Errors
    /// If stdout cannot be written.
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
        let message = visible_lines(message);
        let message = match self.columns_err {
            Some(columns) => folded(&message, usize::from(columns)),
            None => message,
        };
        let _ = writeln!(io::stderr(), "{label}{message}");
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

    /// Asks for a yes; `None` if nobody can be asked.
    ///
    /// # Errors
    /// If the answer cannot be read.
    pub fn confirm(&self, question: &str) -> io::Result<Option<bool>> {
        if !self.can_ask() {
            return Ok(None);
        }
        let _ = self.out.borrow_mut().flush();
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

/// The message in lines that end between words; lines that are drawn stay as they are.
fn folded(message: &str, columns: usize) -> String {
    // A label may stand before the first.
    const LABEL: usize = "warning: ".len();
    let room = columns.saturating_sub(LABEL).max(LABEL);
    let fold = |line: &str| match line.starts_with(' ') || line.contains("  ") {
        true => line.to_owned(),
        false => super::text::wrapped(line, room).join("\n"),
    };
    message.split('\n').map(fold).collect::<Vec<_>>().join("\n")
}

/// Columns and rows of that terminal.
fn terminal_size(terminal: impl std::os::fd::AsFd) -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0).then_some((size.ws_col, size.ws_row))
}
