//! Axes: from values to places on a line, and the values that are worth a label.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};

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

impl Axis {
    /// An axis of times.
    pub fn time() -> Self {
        Self {
            label: "time (UTC)".to_owned(),
            kind: AxisKind::Time,
            format: super::figures::amount,
            include: Vec::new(),
        }
    }
}

/// An axis with its range.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    kind: AxisKind,
    low: f64,
    high: f64,
}

/// The shortest span of time that an axis shows, in seconds, and the room around one moment.
const SHORTEST: f64 = 10.0;
const AROUND: f64 = 1800.0;
const DAY: f64 = 86_400.0;

/// The smallest and the largest finite value; 0 and 1 if there is none.
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
        let (low, high) = range(usable);
        let (low, high) = match kind {
            AxisKind::Log => log_range(low, high),
            AxisKind::Time if high <= low => (low - AROUND, high + AROUND),
            AxisKind::Time => {
                let margin = ((high - low) * 0.02).max((SHORTEST - (high - low)) / 2.0);
                (low - margin, high + margin)
            }
            AxisKind::Linear if high <= low => {
                let margin = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
                (low - margin, high + margin)
            }
            AxisKind::Linear => {
                // Sizes are compared from zero, where that does not squeeze them.
                let from_zero = low > 0.0 && low < high * 0.5;
                let low = if from_zero { 0.0 } else { low };
                (low, high + (high - low) * 0.04)
            }
        };
        Self { kind, low, high }
    }

    /// The place of a value, 0 to 1; what is beyond the axis stands at its end.
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
            AxisKind::Time => self.time_ticks(count),
        }
    }

    /// Round values: 1, 2 and 5 of each decade, or 1 and 3, or 1, of every decade or of every so many.
    fn log_ticks(&self, count: usize) -> Vec<f64> {
        const SETS: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let within = |set: &[f64], every: i32| -> Vec<f64> {
            let used = decades.clone().filter(|it| it.rem_euclid(every) == 0);
            used.flat_map(|decade| set.iter().map(move |it| it * 10_f64.powi(decade)))
                .filter(|it| (self.low..=self.high).contains(it))
                .collect()
        };
        let finest = within(SETS[0], 1);
        if finest.len() < 3 {
            return steps(self.low, self.high, count);
        }
        let sets = SETS.into_iter().map(|set| within(set, 1));
        let sparser = [2, 3, 5, 10, 20, 50, 100].map(|every| within(SETS[2], every));
        let few = |it: &Vec<f64>| it.len() <= count + 1;
        sets.chain(sparser).find(few).unwrap_or(finest)
    }

    /// Round times: whole seconds, minutes, hours or days, the first of months.
    fn time_ticks(&self, count: usize) -> Vec<f64> {
        const STEPS: &[f64] = &[
            1.0,
            5.0,
            15.0,
            60.0,
            300.0,
            900.0,
            1800.0,
            3600.0,
            10_800.0,
            21_600.0,
            43_200.0,
            DAY,
            172_800.0,
            604_800.0,
            1_209_600.0,
        ];
        let span = self.high - self.low;
        let few = |step: &&f64| span / **step <= count as f64 + 0.5;
        let Some(step) = STEPS.iter().find(few) else {
            return self.months(count);
        };
        let first = (self.low / step).ceil() as i64;
        (first..)
            .map(|i| i as f64 * step)
            .take_while(|at| *at <= self.high)
            .take(2 * count)
            .collect()
    }

    fn months(&self, count: usize) -> Vec<f64> {
        let Some(first) = moment(self.low) else {
            return Vec::new();
        };
        let months = (self.high - self.low) / (30.4 * DAY);
        let step = [1, 2, 3, 6, 12, 24, 60, 120, 600, 1200]
            .into_iter()
            .find(|step| months / f64::from(*step) <= count as f64 + 0.5)
            .unwrap_or(12_000);
        let start = (first.year() * 12 + first.month0() as i32).div_euclid(step) * step;
        (0..)
            .map(|i| start + i * step)
            .map_while(|month| {
                NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1)
            })
            .map(|day| day.and_time(Default::default()).and_utc().timestamp() as f64)
            .take_while(|at| *at <= self.high)
            .take(3 * count)
            .filter(|at| *at >= self.low)
            .collect()
    }

    pub(super) fn label(&self, value: f64, format: fn(f64) -> String) -> String {
        if self.kind != AxisKind::Time {
            return format(value);
        }
        let midnight = value.rem_euclid(DAY) == 0.0;
        let pattern = match self.high - self.low {
            span if span < 240.0 => "%H:%M:%S",
            span if span < DAY => "%H:%M",
            span if span < 4.0 * DAY && !midnight => "%H:%M",
            span if span < 100.0 * DAY => "%-d %b",
            span if span < 2000.0 * DAY => "%b %Y",
            _ => "%Y",
        };
        moment(value).map_or_else(String::new, |time| time.format(pattern).to_string())
    }

    /// The name of the axis: with the day where all of it is on one, or on two that follow.
    pub(super) fn title(&self, label: &str) -> String {
        if self.kind != AxisKind::Time || self.high - self.low >= DAY {
            return label.to_owned();
        }
        let Some((from, to)) = moment(self.low).zip(moment(self.high)) else {
            return label.to_owned();
        };
        match from.date_naive() == to.date_naive() {
            true => format!("{label}, {}", from.format("%-d %b %Y")),
            false => format!(
                "{label}, {} to {}",
                from.format("%-d %b"),
                to.format("%-d %b %Y")
            ),
        }
    }
}

fn moment(seconds: f64) -> Option<DateTime<Utc>> {
    let whole = TimeDelta::try_seconds(seconds.floor() as i64)?;
    DateTime::UNIX_EPOCH.checked_add_signed(whole)
}

fn log_range(low: f64, high: f64) -> (f64, f64) {
    let low = low.max(f64::MIN_POSITIVE);
    if high <= low {
        return (low / 2.0, low * 2.0);
    }
    let margin = (high / low).powf(0.04).max(1.01);
    (
        (low / margin).max(f64::MIN_POSITIVE),
        (high * margin).min(f64::MAX),
    )
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
        assert_eq!(ticks, [10.0, 100.0, 1000.0]);
        let around_one = Scale::new(AxisKind::Log, [0.08, 9.0]).ticks(5);
        let labels: Vec<String> = around_one
            .into_iter()
            .map(crate::report::figures::amount)
            .collect();
        assert_eq!(labels, ["0.1", "0.3", "1", "3", "10"]);
        let ratios = Scale::new(AxisKind::Log, [0.93, 1.12]).ticks(5);
        assert!(ratios.len() >= 3, "{ratios:?}");
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

    fn labels(values: &[f64]) -> Vec<String> {
        let scale = Scale::new(AxisKind::Time, values.iter().copied());
        let label = |it: f64| scale.label(it, |_| String::new());
        let mut labels: Vec<String> = scale.ticks(5).into_iter().map(label).collect();
        labels.push(scale.title("time"));
        labels
    }

    /// One moment was shown on an axis of eleven years, as the margin was a share of the seconds since 1970.
    #[test]
    fn an_axis_of_time_fits_its_data() {
        const NOON: f64 = 1_767_268_800.0; // 2026-01-01 12:00
        let hour = [
            "11:30",
            "11:45",
            "12:00",
            "12:15",
            "12:30",
            "time, 1 Jan 2026",
        ];
        assert_eq!(labels(&[NOON]), hour);
        assert_eq!(labels(&[NOON, NOON]), hour);
        let seconds = labels(&[NOON, NOON + 3.0]);
        assert!(seconds.contains(&"12:00:00".to_owned()), "{seconds:?}");
        assert_eq!(
            labels(&[NOON, NOON + 20.0 * DAY]),
            ["8 Jan", "15 Jan", "time"]
        );
        assert_eq!(
            labels(&[NOON, NOON + 400.0 * DAY]),
            [
                "Jan 2026", "Apr 2026", "Jul 2026", "Oct 2026", "Jan 2027", "time"
            ]
        );
    }
}
