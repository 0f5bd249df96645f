//! Axes: from values to places on a line, and the values that are worth a label.

use chrono::DateTime;

/// How an axis maps values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AxisKind {
    /// Equal distances are equal differences.
    Linear,
    /// Equal distances are equal ratios; values must be above 0.
    Log,
    /// Seconds since 1970, labelled as dates.
    Time,
}

impl AxisKind {
    /// Logarithmic where all values are above 0 and the largest is 20 times the smallest or more.
    pub fn fitting(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = range(values);
        match low > 0.0 && high / low >= 20.0 {
            true => Self::Log,
            false => Self::Linear,
        }
    }
}

/// An axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What it shows, with the unit.
    pub label: String,
    /// How it maps values.
    pub kind: AxisKind,
    /// How a value is written.
    pub format: fn(f64) -> String,
    /// Values that must be on it.
    pub include: Vec<f64>,
}

/// An axis with its range.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    kind: AxisKind,
    low: f64,
    high: f64,
}

/// The smallest and the largest finite value; 0 and 1 where there is none.
fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low <= high { (low, high) } else { (0.0, 1.0) }
}

impl Scale {
    pub(super) fn new(kind: AxisKind, values: impl IntoIterator<Item = f64>) -> Self {
        let usable = values
            .into_iter()
            .filter(|it| kind != AxisKind::Log || *it > 0.0);
        let (mut low, mut high) = range(usable);
        match kind {
            AxisKind::Log => {
                low = low.max(f64::MIN_POSITIVE);
                if high <= low {
                    (low, high) = (low / 2.0, low * 2.0);
                }
            }
            AxisKind::Linear | AxisKind::Time if high <= low => {
                let margin = (low.abs() * 0.1).max(1.0);
                (low, high) = (low - margin, high + margin);
            }
            AxisKind::Linear => {
                // Sizes are compared from zero, where that does not squeeze them.
                if low > 0.0 && low < high * 0.5 {
                    low = 0.0;
                }
                high += (high - low) * 0.04;
            }
            AxisKind::Time => {}
        }
        Self { kind, low, high }
    }

    /// The place of a value, 0 to 1.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let place = match self.kind {
            AxisKind::Log if value <= 0.0 => return None,
            AxisKind::Log => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
            _ => (value - self.low) / (self.high - self.low),
        };
        place.is_finite().then_some(place.clamp(0.0, 1.0))
    }

    /// About `count` values that are worth a label.
    pub(super) fn ticks(&self, count: usize) -> Vec<f64> {
        match self.kind {
            AxisKind::Log => self.log_ticks(count),
            AxisKind::Linear => steps(self.low, self.high, count),
            AxisKind::Time => (0..count)
                .map(|i| {
                    let share = (i as f64 + 0.5) / count as f64;
                    self.low + share * (self.high - self.low)
                })
                .collect(),
        }
    }

    fn log_ticks(&self, count: usize) -> Vec<f64> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let all: Vec<f64> = decades
            .flat_map(|decade| [1.0, 2.0, 5.0].map(|it| it * 10_f64.powi(decade)))
            .filter(|it| (self.low..=self.high).contains(it))
            .collect();
        let every = all.len().div_ceil(count.max(1)).max(1);
        all.into_iter().step_by(every).collect()
    }

    pub(super) fn label(&self, value: f64, format: fn(f64) -> String) -> String {
        if self.kind != AxisKind::Time {
            return format(value);
        }
        let pattern = match self.high - self.low {
            span if span < 2.0 * 86_400.0 => "%d. %H:%M",
            span if span < 300.0 * 86_400.0 => "%b %-d",
            _ => "%b %Y",
        };
        DateTime::from_timestamp(value as i64, 0)
            .map_or_else(String::new, |time| time.format(pattern).to_string())
    }
}

/// Round values in equal steps of 1, 2 or 5 times a power of ten.
fn steps(low: f64, high: f64, count: usize) -> Vec<f64> {
    let rough = (high - low) / count.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|it| it * power)
        .into_iter()
        .find(|step| *step >= 0.9 * rough)
        .unwrap_or(rough);
    if !(step > 0.0 && step.is_finite()) {
        return Vec::new();
    }
    let first = (low / step).ceil() as i64;
    (first..)
        .take(2 * count + 2)
        .map(|i| i as f64 * step)
        .take_while(|value| *value <= high)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let linear = Scale::new(AxisKind::Linear, [3.0, 97.0]);
        assert_eq!(linear.ticks(5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        let log = Scale::new(AxisKind::Log, [3.0, 900.0]);
        let ticks = log.ticks(4);
        assert!(ticks.len() <= 4 && ticks.contains(&5.0), "{ticks:?}");
    }

    #[test]
    fn odd_values_have_a_place() {
        for values in [
            vec![],
            vec![0.0],
            vec![5.0, 5.0],
            vec![f64::NAN],
            vec![1e300, 1.0],
        ] {
            for kind in [AxisKind::Linear, AxisKind::Log, AxisKind::Time] {
                let scale = Scale::new(kind, values.clone());
                assert!(scale.place(5.0).is_some_and(|it| (0.0..=1.0).contains(&it)));
                for tick in scale.ticks(5) {
                    assert!(tick.is_finite());
                }
            }
        }
    }
}
