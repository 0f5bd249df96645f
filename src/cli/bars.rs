//! Progress of operations as bars on a terminal.

use std::sync::Mutex;

use crate::operations::{Progress, Stage};
use crate::output::{Ui, progress};

/// A bar for each part of long work, one after the other.
pub struct Bars {
    shown: bool,
    bar: Mutex<Option<progress::Progress>>,
}

impl Bars {
    /// Bars where somebody would see them.
    pub fn new(ui: &Ui) -> Self {
        Self {
            shown: ui.shows_progress(),
            bar: Mutex::new(None),
        }
    }

    fn set(&self, bar: Option<progress::Progress>) {
        if let Ok(mut place) = self.bar.lock() {
            *place = bar;
        }
    }
}

impl Progress for Bars {
    fn begin(&self, stage: Stage, steps: u64) {
        let what = match stage {
            Stage::Reading => "reading",
            Stage::Writing => "writing",
            Stage::Recording => "recording",
            Stage::Checking => "checking",
            Stage::Verifying => "verifying",
            Stage::Replaying => "replaying",
            Stage::Encoding => "encoding",
        };
        // The bar before it goes first: both would stand in one line.
        self.set(None);
        self.set(Some(progress::Progress::new(self.shown, steps, what)));
    }

    fn advance(&self, steps: u64) {
        if let Ok(bar) = self.bar.lock()
            && let Some(bar) = &*bar
        {
            bar.advance(steps);
        }
    }

    fn end(&self) {
        self.set(None);
    }
}
