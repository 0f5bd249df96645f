//! Data of histograms and sparklines; drawing them is for those who know where they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Residual;
use crate::statistics::{median, quantile_of_sorted};

/// One bar of a histogram.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Lower edge, included.
    pub from: f64,
    /// Upper edge, excluded but for the last bin.
    pub to: f64,
    /// Values in the bin.
    pub count: usize,
}

/// One point of a sparkline: a span of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SparkPoint {
    /// Start of the span.
    pub from: DateTime<Utc>,
    /// End of the span.
    pub to: DateTime<Utc>,
    /// Records in the span.
    pub count: usize,
    /// Median of the actuals in the span; absent if there are none.
    pub median_actual: Option<f64>,
    /// Median of actual / estimate in the span; absent if there are none.
    pub median_ratio: Option<f64>,
}

/// Counts finite values, given in ascending order, in `bins` bins of equal width between the 1st and 99th percentile;
/// those beyond fall in the first and last bin. On a logarithmic axis where all are above 0 and span a factor of 20.
pub fn histogram(ordered: &[f64], bins: usize) -> Vec<Bin> {
    let (Some(low), Some(high)) = (
        quantile_of_sorted(ordered, 0.01),
        quantile_of_sorted(ordered, 0.99),
    ) else {
        return Vec::new();
    };
    let (smallest, largest) = (ordered[0], ordered[ordered.len() - 1]);
    let bins = if low < high { bins.max(1) } else { 1 };
    let logarithmic = low > 0.0 && high / low > 20.0;
    let edge = |k: usize| {
        let share = k as f64 / bins as f64;
        match k {
            0 => smallest,
            k if k == bins => largest,
            _ if logarithmic => (low.ln() + share * (high.ln() - low.ln())).exp(),
            _ => low + share * (high - low),
        }
    };
    let mut previous = 0;
    (0..bins)
        .map(|k| {
            let to = edge(k + 1);
            let below = if k + 1 == bins {
                ordered.len()
            } else {
                ordered.partition_point(|v| *v < to)
            };
            let count = below.saturating_sub(previous);
            previous = below.max(previous);
            Bin {
                from: edge(k),
                to,
                count,
            }
        })
        .collect()
}

/// Summarises records in the order of execution over `points` spans of equal length.
pub fn sparkline(records: &[Residual], points: usize) -> Vec<SparkPoint> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return Vec::new();
    };
    let total = last.at - first.at;
    let points = if total.num_milliseconds() <= 0 {
        1
    } else {
        points.clamp(1, 10_000)
    };
    let span = |k: usize| {
        let milliseconds = total.num_milliseconds() as f64 * (k as f64 / points as f64);
        first.at + chrono::TimeDelta::milliseconds(milliseconds as i64)
    };
    let mut start = 0;
    (0..points)
        .map(|k| {
            let (from, to) = (
                span(k),
                if k + 1 == points {
                    last.at
                } else {
                    span(k + 1)
                },
            );
            let size = if k + 1 == points {
                records.len() - start
            } else {
                records[start..].partition_point(|x| x.at < to)
            };
            let part = &records[start..start + size];
            start += size;
            SparkPoint {
                from,
                to,
                count: size,
                median_actual: median(&part.iter().map(|x| x.actual).collect::<Vec<_>>()),
                median_ratio: median(&part.iter().map(|x| x.r.exp()).collect::<Vec<_>>()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i * i)).collect();
        let bins = histogram(&values, 12);
        assert_eq!(bins.len(), 12);
        assert_eq!(bins.iter().map(|b| b.count).sum::<usize>(), 1000);
        assert!(bins.windows(2).all(|w| w[0].to == w[1].from));
    }

    #[test]
    fn equal_and_no_values() {
        assert_eq!(
            histogram(&[3.0; 5], 10),
            [Bin {
                from: 3.0,
                to: 3.0,
                count: 5
            }]
        );
        assert!(histogram(&[], 10).is_empty());
        assert!(sparkline(&[], 10).is_empty());
    }
}
