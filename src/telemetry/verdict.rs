//! What an analysis says of the estimate, in one sentence.

use super::analysis::{Analysis, DRIFT_SHARE, is_off};
use super::calibration::Calibration;
use super::sample::Measure;

/// Whether the estimate of a usage pattern is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is off: surely, and by enough to matter.
    Off,
    /// It is right.
    Right,
    /// It may be off; the executions do not suffice to tell.
    Unsure,
    /// There is nothing to compare.
    Unknown,
}

impl Analysis {
    /// The calibration that counts now: of the executions since the last change, else of all.
    pub fn current(&self) -> Option<&Calibration> {
        self.calibration_since_change
            .as_ref()
            .or(self.calibration.as_ref())
    }

    /// Whether the estimate is right now.
    pub fn verdict(&self) -> Verdict {
        let Some(current) = self.current() else {
            return Verdict::Unknown;
        };
        let (ratio, interval) = current.ratio();
        match ratio.ln().abs().exp_m1() <= DRIFT_SHARE && interval.is_some() {
            _ if is_off(current) => Verdict::Off,
            true => Verdict::Right,
            false => Verdict::Unsure,
        }
    }

    /// The verdict in words, to follow the name of what was analysed: `takes 1.40 times as long as estimated`.
    pub fn sentence(&self) -> String {
        let Some(current) = self.current() else {
            return match self.records {
                0 => "was not executed".to_owned(),
                _ => "has no estimate that its executions can be compared with".to_owned(),
            };
        };
        let (ratio, interval) = current.ratio();
        let times = match self.measure {
            Measure::Time => format!("takes {ratio:.2} times as long as estimated"),
            Measure::Cost => format!("costs {ratio:.2} times as much as estimated"),
        };
        let since = self.changes.last().map_or_else(String::new, |change| {
            let moved = if change.change_percent < 0.0 {
                "fell"
            } else {
                "rose"
            };
            format!(
                ", since it {moved} by {:.0} % on {}",
                change.change_percent.abs(),
                change.at.format("%Y-%m-%d")
            )
        });
        match (self.verdict(), interval) {
            (Verdict::Off, _) => times + &since,
            (Verdict::Right, _) => format!("runs as estimated ({ratio:.2} times){since}"),
            (_, Some(it)) => format!(
                "may be off: it {times}, but anything from {:.2} to {:.2} times fits its executions{since}",
                it.low, it.high
            ),
            (_, None) => format!("has too few executions to judge its estimate; so far it {times}"),
        }
    }
}
