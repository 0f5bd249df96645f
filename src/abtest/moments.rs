//! Sufficient statistics of one arm: what SQL or a stream sums up, and all the formulas need.

use serde::{Deserialize, Serialize};

/// Count, mean and sum of squared deviations of one variable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Number of values.
    pub n: u64,
    /// Their mean; 0 when there are none.
    pub mean: f64,
    /// Sum of the squared deviations from the mean, never negative.
    pub squared_deviations: f64,
}

impl Moments {
    /// From a count, a sum and a sum of squares.
    pub fn from_sums(n: u64, sum: f64, sum_squares: f64) -> Self {
        if n == 0 {
            return Self::default();
        }
        let mean = sum / n as f64;
        Self {
            n,
            mean,
            squared_deviations: (sum_squares - sum * mean).max(0.0),
        }
    }

    /// From a count, a mean and a sample variance (as PostgreSQL's `avg` and `var_samp` give them,
    /// without the cancellation of raw sums).
    pub fn from_variance(n: u64, mean: f64, variance: f64) -> Self {
        if n == 0 {
            return Self::default();
        }
        Self {
            n,
            mean,
            squared_deviations: variance.max(0.0) * (n as f64 - 1.0),
        }
    }

    /// From the values themselves.
    pub fn from_values(values: impl IntoIterator<Item = f64>) -> Self {
        let mut moments = Self::default();
        values.into_iter().for_each(|value| moments.push(value));
        moments
    }

    /// Adds one value (Welford's update).
    pub fn push(&mut self, value: f64) {
        self.n += 1;
        let gap = value - self.mean;
        self.mean += gap / self.n as f64;
        self.squared_deviations += gap * (value - self.mean);
    }

    /// The values of both together (Chan's update).
    pub fn merged(&self, other: &Self) -> Self {
        let n = self.n + other.n;
        if n == 0 {
            return Self::default();
        }
        let gap = other.mean - self.mean;
        let (own, theirs) = (self.n as f64, other.n as f64);
        let total = own + theirs;
        Self {
            n,
            mean: (own * self.mean + theirs * other.mean) / total,
            squared_deviations: self.squared_deviations
                + other.squared_deviations
                + gap * gap * (own * theirs / total),
        }
    }

    /// With `n` more values, all equal to `value`.
    pub fn with_equal(&self, n: u64, value: f64) -> Self {
        self.merged(&Self {
            n,
            mean: value,
            squared_deviations: 0.0,
        })
    }

    /// Sample variance (n - 1); none below two values.
    pub fn variance(&self) -> Option<f64> {
        (self.n >= 2).then(|| self.squared_deviations / (self.n as f64 - 1.0))
    }

    /// Squared standard error of the difference of the arms' means where the arms are drawn at random from
    /// all values together (the randomisation error): s^2 (1/n_A + 1/n_B); none without values in both.
    pub fn randomisation_error(&self, other: &Self) -> Option<f64> {
        let variance = self.merged(other).variance()?;
        (self.n > 0 && other.n > 0).then(|| variance * (1.0 / self.n as f64 + 1.0 / other.n as f64))
    }

    /// Squared standard error of the mean; none below two values.
    pub fn squared_error(&self) -> Option<f64> {
        self.variance().map(|variance| variance / self.n as f64)
    }
}

/// Sums over units (agents, users) that each have several executions, for one quantity y.
///
/// The mean per execution is a ratio of two random sums; its variance is the delta method's over
/// units (Deng, Knoblich and Lu, KDD 2018).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitSums {
    /// Number of units.
    pub units: u64,
    /// Sum over units of their number of executions.
    pub count: f64,
    /// Sum over units of the squared number of executions.
    pub count_squares: f64,
    /// Sum over units of y.
    pub total: f64,
    /// Sum over units of y squared.
    pub total_squares: f64,
    /// Sum over units of y times the number of executions.
    pub products: f64,
}

impl UnitSums {
    /// From (executions, total) of each unit.
    pub fn from_units(units: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut sums = Self::default();
        for (count, total) in units {
            sums.units += 1;
            sums.count += count;
            sums.count_squares += count * count;
            sums.total += total;
            sums.total_squares += total * total;
            sums.products += count * total;
        }
        sums
    }

    /// The sums of both together.
    pub fn merged(&self, other: &Self) -> Self {
        Self {
            units: self.units + other.units,
            count: self.count + other.count,
            count_squares: self.count_squares + other.count_squares,
            total: self.total + other.total,
            total_squares: self.total_squares + other.total_squares,
            products: self.products + other.products,
        }
    }

    /// With `n` more units of one execution each, all of value `value`.
    pub fn with_equal(&self, n: u64, value: f64) -> Self {
        let k = n as f64;
        self.merged(&Self {
            units: n,
            count: k,
            count_squares: k,
            total: k * value,
            total_squares: k * value * value,
            products: k * value,
        })
    }

    /// How many units of equal activity say as much: (sum n)^2 / sum n^2, rounded down (Kish).
    pub fn effective_units(&self) -> u64 {
        if self.count_squares > 0.0 {
            (self.count * self.count / self.count_squares) as u64
        } else {
            0
        }
    }

    /// Variance over units of the deviation from `mean` per execution; none below two units.
    fn residual_variance(&self, mean: f64) -> Option<f64> {
        (self.units >= 2).then(|| {
            let residuals =
                self.total_squares - 2.0 * mean * self.products + mean * mean * self.count_squares;
            residuals.max(0.0) / (self.units as f64 - 1.0)
        })
    }

    /// Mean per execution; none without executions.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.total / self.count)
    }

    /// Squared standard error of the mean per execution; none below two units.
    pub fn squared_error(&self) -> Option<f64> {
        // residuals y - mean * count sum to zero over the units
        let variance = self.residual_variance(self.mean()?)?;
        Some(variance * self.units as f64 / (self.count * self.count))
    }

    /// Lets a unit go from so many executions and such a total to others; from none, it is new.
    pub fn moved(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.units += u64::from(from.0 == 0.0 && to.0 > 0.0);
        self.count += to.0 - from.0;
        self.count_squares += to.0 * to.0 - from.0 * from.0;
        self.total += to.1 - from.1;
        self.total_squares += to.1 * to.1 - from.1 * from.1;
        self.products += to.0 * to.1 - from.0 * from.1;
    }

    /// Squared standard error of the difference of the arms' means where the arms are drawn at random from
    /// all units together (the randomisation error); none without executions in both.
    pub fn randomisation_error(&self, other: &Self) -> Option<f64> {
        let all = self.merged(other);
        let variance = all.residual_variance(all.mean()?)?;
        let arm = |sums: &Self| {
            (sums.count > 0.0).then(|| variance * sums.units as f64 / (sums.count * sums.count))
        };
        Some(arm(self)? + arm(other)?)
    }
}

/// What one variable tells of another: their means and the sums of squares and products around them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Joint {
    /// Number of pairs.
    pub n: u64,
    /// Mean of the telling variable.
    pub mean_x: f64,
    /// Mean of the told variable.
    pub mean_y: f64,
    /// Sum of the squared deviations of the telling variable.
    pub squares_x: f64,
    /// Sum of the products of both deviations.
    pub products: f64,
}

impl Joint {
    /// Adds one pair (Welford's update).
    pub fn push(&mut self, x: f64, y: f64) {
        self.n += 1;
        let n = self.n as f64;
        let (gap_x, gap_y) = (x - self.mean_x, y - self.mean_y);
        self.mean_x += gap_x / n;
        self.mean_y += gap_y / n;
        self.squares_x += gap_x * (x - self.mean_x);
        self.products += gap_x * (y - self.mean_y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_agree() {
        let values = [3.0, 5.0, 8.5, -2.0];
        let streamed = Moments::from_values(values);
        let summed = Moments::from_sums(4, values.iter().sum(), values.iter().map(|v| v * v).sum());
        assert!((streamed.variance().unwrap() - summed.variance().unwrap()).abs() < 1e-12);
        let given = Moments::from_variance(4, streamed.mean, streamed.variance().unwrap());
        assert!((given.squared_deviations - streamed.squared_deviations).abs() < 1e-12);
    }

    #[test]
    fn units_may_grow_one_by_one() {
        let mut sums = UnitSums::default();
        sums.moved((0.0, 0.0), (1.0, 4.0));
        sums.moved((0.0, 0.0), (1.0, 5.0));
        sums.moved((1.0, 4.0), (2.0, 7.0));
        assert_eq!(sums, UnitSums::from_units([(2.0, 7.0), (1.0, 5.0)]));
    }

    #[test]
    fn few_values_have_no_variance() {
        assert_eq!(Moments::default().variance(), None);
        assert_eq!(Moments::from_values([4.0]).squared_error(), None);
        assert_eq!(UnitSums::default().mean(), None);
        assert_eq!(UnitSums::from_units([(3.0, 9.0)]).squared_error(), None);
    }

    #[test]
    fn units_of_one_execution_are_plain_values() {
        let values = [3.0, 5.0, 8.5, -2.0, 7.0];
        let plain = Moments::from_values(values).squared_error().unwrap();
        let units = UnitSums::from_units(values.map(|v| (1.0, v)))
            .squared_error()
            .unwrap();
        assert!((plain - units).abs() < 1e-12);
    }
}
