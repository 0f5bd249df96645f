//! Progress bars: on a terminal only, for work that lasts.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar, or nothing if nobody would see it.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar of that length, or a spinner if it is 0, which is not known; `shown` if somebody would see it.
    pub fn new(shown: bool, length: u64, what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(length),
            if shown {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        let template = match length {
            0 => "{msg} {spinner} {human_pos} {elapsed}",
            _ => "{msg} [{wide_bar}] {human_pos}/{human_len} {eta}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Moves on by so many.
    pub fn advance(&self, by: u64) {
        self.0.inc(by);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
