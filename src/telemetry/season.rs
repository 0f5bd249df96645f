//! The hour of the day and the day of the week, which a change of level must not be mistaken for.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc, Weekday};

use super::linear::Matrix;
use super::outlier::{OUTLIER_LIMIT, winsorise};

/// From this span on the hour of the day can be told from a change.
const SPAN_OF_HOURS: TimeDelta = TimeDelta::days(2);
/// From this span on the day of the week can be told from a change.
const SPAN_OF_WEEKDAYS: TimeDelta = TimeDelta::days(14);
/// So near to the beginning or the end of a weekend a change may be the weekend.
const NEAR_WEEKEND: TimeDelta = TimeDelta::hours(6);
/// Harmonics of the hour.
const HARMONICS: u32 = 2;
const SECONDS_OF_DAY: f64 = 86_400.0;

/// What can be told about the season of records at these times, which ascend.
pub(super) struct Season<'a> {
    times: &'a [DateTime<Utc>],
    span: TimeDelta,
}

impl<'a> Season<'a> {
    pub fn of(times: &'a [DateTime<Utc>]) -> Self {
        let span = match (times.first(), times.last()) {
            (Some(first), Some(last)) => *last - *first,
            _ => TimeDelta::zero(),
        };
        Self { times, span }
    }

    /// Whether the times span enough for any season.
    pub fn is_known(&self) -> bool {
        self.span >= SPAN_OF_HOURS
    }

    /// The values less two harmonics of the hour and the means of the weekdays, as far as the span tells them, by least
    /// squares together with a step at each of `steps`: a step is not taken for season, nor season for a step. Far
    /// values are drawn in first.
    pub fn removed(&self, values: &[f64], steps: &[usize]) -> Vec<f64> {
        let mut columns = Matrix::new(self.width() + 1 + steps.len());
        for (index, at) in self.times.iter().enumerate() {
            let mut row = self.columns(at);
            row.push(1.0);
            row.extend(steps.iter().map(|step| f64::from(u8::from(index >= *step))));
            columns.push(&row);
        }
        let ones = vec![1.0; values.len()];
        let mut drawn_in = winsorise(values, OUTLIER_LIMIT);
        let mut found = Vec::new();
        for _ in 0..2 {
            let Some(fit) = columns.least_squares(&drawn_in, &ones) else {
                return values.to_vec();
            };
            let level = columns.times(&fit);
            let rest: Vec<f64> = values.iter().zip(&level).map(|(v, l)| v - l).collect();
            let rest = winsorise(&rest, OUTLIER_LIMIT);
            drawn_in = level.iter().zip(&rest).map(|(l, r)| l + r).collect();
            found = fit;
        }
        let seasonal: Vec<f64> = columns
            .rows()
            .map(|row| super::linear::dot(&row[..self.width()], &found))
            .collect();
        let middle = seasonal.iter().sum::<f64>() / seasonal.len().max(1) as f64;
        let rest = values.iter().zip(&seasonal).map(|(v, s)| v - s + middle);
        rest.collect()
    }

    fn width(&self) -> usize {
        self.times.first().map_or(0, |at| self.columns(at).len())
    }

    fn columns(&self, at: &DateTime<Utc>) -> Vec<f64> {
        let day = f64::from(at.num_seconds_from_midnight()) / SECONDS_OF_DAY;
        let mut row = Vec::new();
        if self.span >= SPAN_OF_HOURS {
            for harmonic in 1..=HARMONICS {
                let angle = std::f64::consts::TAU * f64::from(harmonic) * day;
                row.extend([angle.sin(), angle.cos()]);
            }
        }
        if self.span >= SPAN_OF_WEEKDAYS {
            let weekday = at.weekday().num_days_from_monday();
            row.extend((1..7).map(|day| f64::from(u8::from(day == weekday))));
        }
        row
    }

    /// The changes without those that a weekend begins or ends with, before two weeks tell the two apart: such a stretch
    /// between changes begins with a Saturday, or with the records, and ends with a Sunday, or with them.
    pub fn without_weekends(&self, found: Vec<(usize, f64)>) -> Vec<(usize, f64)> {
        if self.span >= SPAN_OF_WEEKDAYS {
            return found;
        }
        let mut bounds = vec![0];
        bounds.extend(found.iter().map(|(index, _)| *index));
        bounds.push(self.times.len());
        let is_weekend = |stretch: usize| self.is_weekend(bounds[stretch], bounds[stretch + 1]);
        // a change is between the stretch of its own number and the next one
        let kept = found.iter().enumerate();
        kept.filter(|(number, _)| !is_weekend(*number) && !is_weekend(number + 1))
            .map(|(_, change)| *change)
            .collect()
    }

    fn is_weekend(&self, from: usize, to: usize) -> bool {
        let (Some(first), Some(last)) = (self.times.get(from), self.times.get(to - 1)) else {
            return false;
        };
        let free = |at: DateTime<Utc>| matches!(at.weekday(), Weekday::Sat | Weekday::Sun);
        let begins = free(*first + NEAR_WEEKEND)
            && (from == 0 || (*first - NEAR_WEEKEND).weekday() == Weekday::Fri);
        let ends = free(*last - NEAR_WEEKEND)
            && (to == self.times.len() || (*last + NEAR_WEEKEND).weekday() == Weekday::Mon);
        begins && ends && *last - *first <= TimeDelta::days(2) + NEAR_WEEKEND * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(days: i64) -> Vec<DateTime<Utc>> {
        let start: DateTime<Utc> = "2026-05-04T00:00:00Z".parse().unwrap_or_default();
        (0..days * 100)
            .map(|i| start + TimeDelta::seconds(i * 864))
            .collect()
    }

    #[test]
    fn a_step_is_kept_and_the_season_goes() {
        let times = times(21);
        let season = |at: &DateTime<Utc>| {
            let weekend = at.weekday().num_days_from_monday() >= 5;
            0.3 * f64::from(at.hour() * 15).to_radians().sin() + if weekend { 0.3 } else { 0.0 }
        };
        let values: Vec<f64> = times
            .iter()
            .enumerate()
            .map(|(i, at)| season(at) + if i >= 2000 { 0.5 } else { 0.0 })
            .collect();
        let rest = Season::of(&times).removed(&values, &[2000]);
        let steps: Vec<f64> = rest.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
        let largest = (0..steps.len()).max_by(|a, b| steps[*a].total_cmp(&steps[*b]));
        assert_eq!(largest, Some(1999));
        assert!((rest[2050] - rest[1950] - 0.5).abs() < 0.1);
    }

    #[test]
    fn weekends_are_told_apart_after_two_weeks() {
        let (week, three) = (times(7), times(21));
        let saturday = vec![(500, 0.0)];
        assert!(
            Season::of(&week)
                .without_weekends(saturday.clone())
                .is_empty()
        );
        let thursday = vec![(350, 0.0)];
        assert_eq!(
            Season::of(&week).without_weekends(thursday.clone()),
            thursday
        );
        assert_eq!(
            Season::of(&three).without_weekends(saturday.clone()),
            saturday
        );
        assert!(!Season::of(&times(1)).is_known());
    }
}
