//! Intervals drawn in one line of text each, on a common axis.

/// The stretch of values that a line of text shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    columns: usize,
}

impl Axis {
    /// An axis that shows every finite bound and `reference`, at most `reach` away from it on either
    /// side, in that many columns (at least 10).
    pub fn fitting(
        bounds: impl IntoIterator<Item = f64>,
        reference: f64,
        reach: f64,
        columns: usize,
    ) -> Self {
        let mut half = reach / 20.0;
        for bound in bounds {
            if bound.is_finite() {
                half = half.max((bound - reference).abs());
            }
        }
        let half = (half * 1.05).min(reach);
        Self {
            low: reference - half,
            high: reference + half,
            columns: columns.max(10),
        }
    }

    /// Its ends.
    pub fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    fn column(&self, value: f64) -> usize {
        let last = self.columns - 1;
        let share = (value - self.low) / (self.high - self.low);
        (share.clamp(0.0, 1.0) * last as f64).round() as usize
    }

    /// One line: the interval, the estimate in it, and where `reference` is. A bound beyond the axis
    /// ends in an arrow.
    pub fn line(
        &self,
        interval: Option<(f64, f64)>,
        estimate: Option<f64>,
        reference: f64,
    ) -> String {
        let mut cells = vec![' '; self.columns];
        if let Some((lower, upper)) = interval.filter(|(lower, upper)| lower <= upper) {
            let (from, to) = (self.column(lower), self.column(upper));
            for cell in &mut cells[from..=to] {
                *cell = '─';
            }
            cells[from] = if lower < self.low { '◀' } else { '├' };
            cells[to] = if upper > self.high { '▶' } else { '┤' };
        }
        let middle = self.column(reference);
        cells[middle] = match cells[middle] {
            ' ' => '│',
            '─' => '┼',
            end => end,
        };
        if let Some(estimate) =
            estimate.filter(|it| it.is_finite() && *it >= self.low && *it <= self.high)
        {
            cells[self.column(estimate)] = '●';
        }
        cells.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_drawn_to_scale() {
        let axis = Axis::fitting([-0.5, 0.5, f64::INFINITY], 0.0, 2.0, 21);
        assert_eq!(
            axis.line(Some((-0.5, -0.25)), Some(-0.4), 0.0),
            "├─●──┤    │          "
        );
        assert_eq!(
            axis.line(Some((-0.25, f64::INFINITY)), None, 0.0),
            "     ├────┼─────────▶"
        );
        assert_eq!(axis.line(None, None, 0.0), "          │          ");
        assert_eq!(
            axis.line(Some((f64::NAN, 1.0)), Some(f64::NAN), 0.0),
            "          │          "
        );
    }

    #[test]
    fn mirrored_intervals_are_mirrored_lines() {
        let axis = Axis::fitting([1.0], 0.0, 2.0, 41);
        let line = axis.line(Some((-0.3, 0.9)), Some(0.4), 0.0);
        let mirrored: String = axis
            .line(Some((-0.9, 0.3)), Some(-0.4), 0.0)
            .chars()
            .rev()
            .map(|c| match c {
                '├' => '┤',
                '┤' => '├',
                other => other,
            })
            .collect();
        assert_eq!(line, mirrored);
    }
}
