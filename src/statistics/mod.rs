//! Basic statistics shared by the analyses: location and spread, distributions, intervals, rank tests.
//!
//! Every function is pure, takes finite numbers and returns finite numbers; where an answer does not exist
//! (no data, no spread) it is `None`. Sources stand beside the formulas.

mod basic;
mod distribution;
mod interval;
pub mod special;
mod tests_of_location;

pub use basic::{
    ROBUST_NORMAL, mean, median, median_absolute_deviation, median_of_sorted, quantile_of_sorted,
    robust_scale, sample_variance, sorted,
};
pub use distribution::{
    binomial_at_least, normal_density, normal_quantile, normal_upper_tail, student_quantile,
    student_two_sided,
};
pub use interval::{Interval, median_interval, wilson, wilson_lower};
pub use tests_of_location::{benjamini_hochberg, paired_t, rank_correlation, wilcoxon_signed_rank};
