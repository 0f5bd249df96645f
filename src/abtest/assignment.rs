//! Which arm a unit belongs to: the public "hash v2" bucket scheme, so that assignments agree with
//! other experiment systems that use it.

use serde::{Deserialize, Serialize};

/// Longest unit id, in Unicode characters: as long as the ids of executions and users in telemetry.
pub const MAX_UNIT_CHARS: usize = 100;
/// Buckets are multiples of 1 / `BUCKETS`.
pub const BUCKETS: u32 = 10_000;
/// How far the weights of a split may be from summing to 1.
const WEIGHT_TOLERANCE: f64 = 0.01;

/// Why a split, a coverage or a unit id cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AssignmentError {
    /// The share of an arm must be strictly between 0 and 1.
    #[error("the split {0} is not between 0 and 1: both arms need a share of the traffic")]
    Split(f64),
    /// The weights must be non-negative and sum to 1.
    #[error("the weights {0:?} are not shares that sum to 1")]
    Weights(Vec<f64>),
    /// The coverage must be above 0 and at most 1.
    #[error("the coverage {0} is not above 0 and at most 1")]
    Coverage(f64),
    /// The unit id is empty.
    #[error("the unit id is empty")]
    EmptyUnit,
    /// The unit id is longer than [`MAX_UNIT_CHARS`].
    #[error("the unit id has {0} characters; at most {MAX_UNIT_CHARS} are allowed")]
    LongUnit(usize),
    /// The unit id has a control character.
    #[error("the unit id contains a control character")]
    ControlCharacter,
}

/// One of the two versions under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ArmLabel {
    /// The first version.
    A,
    /// The second version.
    B,
}

impl ArmLabel {
    /// The other arm.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// `"A"` or `"B"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

impl std::fmt::Display for ArmLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The shares of the two arms; they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Share of arm A, strictly between 0 and 1.
    pub a: f64,
    /// Share of arm B, strictly between 0 and 1.
    pub b: f64,
}

impl Split {
    /// From the share of arm A.
    ///
    /// # Errors
    /// [`AssignmentError::Split`] unless the share is strictly between 0 and 1.
    pub fn from_share_of_a(share: f64) -> Result<Self, AssignmentError> {
        if !(share > 0.0 && share < 1.0) {
            return Err(AssignmentError::Split(share));
        }
        // rounded so that the complement of the complement is the share again
        let b = ((1.0 - share) * 1e12).round() / 1e12;
        if b <= 0.0 || b >= 1.0 {
            return Err(AssignmentError::Split(share));
        }
        Ok(Self { a: share, b })
    }

    /// The same split with the arms' names swapped.
    pub fn swapped(self) -> Self {
        Self {
            a: self.b,
            b: self.a,
        }
    }

    /// Share of one arm.
    pub fn share(self, arm: ArmLabel) -> f64 {
        match arm {
            ArmLabel::A => self.a,
            ArmLabel::B => self.b,
        }
    }

    /// Whether one arm gets more than 80 % of the traffic.
    pub fn is_lopsided(self) -> bool {
        self.a.max(self.b) > 0.8 + 1e-9
    }
}

/// A half-open range of buckets, `start <= bucket < end`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BucketRange {
    /// First bucket value inside.
    pub start: f64,
    /// First bucket value outside.
    pub end: f64,
}

/// 32-bit FNV-1a over the UTF-16 code units of `text` (not its bytes, as in the scheme's reference).
pub fn fnv1a32(text: &str) -> u32 {
    fnv1a32_units(text.encode_utf16())
}

fn fnv1a32_units(units: impl Iterator<Item = u16>) -> u32 {
    units.fold(0x811c_9dc5, |hash, unit| {
        (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193)
    })
}

/// Bucket of a unit in 0..1: `(fnv1a32(decimal(fnv1a32(seed + unit))) mod 10000) / 10000`.
///
/// Seeds must all have one length (they are UUIDs), so that seed + unit is injective.
pub fn bucket(seed: &str, unit: &str) -> f64 {
    let first = fnv1a32_units(seed.encode_utf16().chain(unit.encode_utf16()));
    f64::from(fnv1a32(&first.to_string()) % BUCKETS) / f64::from(BUCKETS)
}

/// Equal shares for `arms` arms; empty for none.
pub fn equal_weights(arms: usize) -> Vec<f64> {
    vec![1.0 / arms.max(1) as f64; arms]
}

/// The bucket range of each arm: cumulative weights, each range cut to `coverage` (clamped to 0..=1) of its width.
///
/// # Errors
/// [`AssignmentError::Weights`] for weights that are negative, not finite or do not sum to 1 (within 0.01):
/// a bad split never silently becomes an equal one.
pub fn bucket_ranges(coverage: f64, weights: &[f64]) -> Result<Vec<BucketRange>, AssignmentError> {
    let sum: f64 = weights.iter().sum();
    let valid = weights.iter().all(|weight| (0.0..=1.0).contains(weight))
        && (sum - 1.0).abs() <= WEIGHT_TOLERANCE;
    if !valid || coverage.is_nan() {
        return Err(AssignmentError::Weights(weights.to_vec()));
    }
    let coverage = coverage.clamp(0.0, 1.0);
    let mut start = 0.0;
    Ok(weights
        .iter()
        .map(|weight| {
            let range = BucketRange {
                start,
                end: start + coverage * weight,
            };
            start += weight;
            range
        })
        .collect())
}

/// The first range that holds the bucket, or none: the unit is not in the test.
pub fn choose_variation(bucket: f64, ranges: &[BucketRange]) -> Option<usize> {
    ranges
        .iter()
        .position(|range| range.start <= bucket && bucket < range.end)
}

/// Checks that a unit id can be assigned and stored.
///
/// # Errors
/// For an id that is empty, too long or has control characters. Any other Unicode text is a valid id.
pub fn check_unit(unit: &str) -> Result<(), AssignmentError> {
    let chars = unit.chars().count();
    if unit.trim().is_empty() {
        Err(AssignmentError::EmptyUnit)
    } else if chars > MAX_UNIT_CHARS {
        Err(AssignmentError::LongUnit(chars))
    } else if unit.chars().any(char::is_control) {
        Err(AssignmentError::ControlCharacter)
    } else {
        Ok(())
    }
}

/// How one phase of a test distributes units: seed, split and coverage.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocation {
    seed: String,
    ranges: Vec<BucketRange>,
}

/// Where the hash puts one unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Placement {
    /// Bucket of the unit, a multiple of 0.0001 in 0..1.
    pub bucket: f64,
    /// Its arm; none when the coverage leaves it out of the test.
    pub arm: Option<ArmLabel>,
}

impl Allocation {
    /// An allocation for one phase.
    ///
    /// # Errors
    /// [`AssignmentError::Coverage`] unless 0 < coverage <= 1; [`AssignmentError::Weights`] for a bad split.
    pub fn new(
        seed: impl Into<String>,
        split: Split,
        coverage: f64,
    ) -> Result<Self, AssignmentError> {
        if !(coverage > 0.0 && coverage <= 1.0) {
            return Err(AssignmentError::Coverage(coverage));
        }
        Ok(Self {
            seed: seed.into(),
            ranges: bucket_ranges(coverage, &[split.a, split.b])?,
        })
    }

    /// Places one unit.
    ///
    /// # Errors
    /// See [`check_unit`].
    pub fn place(&self, unit: &str) -> Result<Placement, AssignmentError> {
        check_unit(unit)?;
        let bucket = bucket(&self.seed, unit);
        let arm = choose_variation(bucket, &self.ranges)
            .map(|index| if index == 0 { ArmLabel::A } else { ArmLabel::B });
        Ok(Placement { bucket, arm })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_splits_are_errors() {
        for share in [0.0, 1.0, 1.2, -0.1, f64::NAN, f64::INFINITY, 1e-15] {
            assert!(Split::from_share_of_a(share).is_err(), "{share}");
        }
        assert!(bucket_ranges(1.0, &[0.7, 0.6]).is_err());
        assert!(bucket_ranges(1.0, &[1.5, -0.5]).is_err());
        assert!(bucket_ranges(1.0, &[]).is_err());
        assert!(bucket_ranges(1.0, &[f64::NAN, 0.5]).is_err());
    }

    #[test]
    fn complement_of_a_split_is_exact() {
        for percent in 1..100 {
            let share = f64::from(percent) / 100.0;
            let split = Split::from_share_of_a(share).unwrap();
            assert_eq!(Split::from_share_of_a(split.b).unwrap(), split.swapped());
        }
        assert!(!Split::from_share_of_a(0.8).unwrap().is_lopsided());
        assert!(!Split::from_share_of_a(0.2).unwrap().is_lopsided());
        assert!(Split::from_share_of_a(0.81).unwrap().is_lopsided());
    }

    #[test]
    fn unit_ids_are_checked() {
        assert_eq!(check_unit(""), Err(AssignmentError::EmptyUnit));
        assert_eq!(
            check_unit(&"x".repeat(300)),
            Err(AssignmentError::LongUnit(300))
        );
        assert_eq!(check_unit("a\nb"), Err(AssignmentError::ControlCharacter));
        assert_eq!(check_unit("\u{1f600}"), Ok(()));
    }

    #[test]
    fn shares_and_coverage_come_out_as_asked() {
        let split = Split::from_share_of_a(0.9).unwrap();
        let allocation =
            Allocation::new("0190c5f2-7a3e-7c11-9d2b-3f0e5a6b7c8d", split, 0.5).unwrap();
        let (mut a, mut b) = (0, 0);
        for unit in 0..20_000 {
            match allocation.place(&format!("user-{unit}")).unwrap().arm {
                Some(ArmLabel::A) => a += 1,
                Some(ArmLabel::B) => b += 1,
                None => {}
            }
        }
        assert!(
            (8_700..9_300).contains(&a) && (850..1_150).contains(&b),
            "{a} {b}"
        );
        assert!(Allocation::new("seed", split, 0.0).is_err());
        assert!(Allocation::new("seed", split, 1.1).is_err());
    }
}
