//! An execution that was checked against the catalog, ready to be stored.

use chrono::{DateTime, TimeDelta, Utc};

use super::Entry;

/// The longest time that can be recorded, in milliseconds: almost 25 days.
pub const LONGEST_TIME_MS: i32 = i32::MAX;
/// Clocks of different machines may differ by so much before a time counts as in the future, in seconds.
const CLOCK_SKEW: i64 = 60;
/// Longest name, id or environment, in characters.
const LONGEST_NAME: usize = 100;
/// Longest environment, in characters.
const LONGEST_ENVIRONMENT: usize = 50;
/// Longer error messages are cut to so many bytes, and so is what is kept of a context: neither is a place for
/// whole outputs, which may hold what is secret.
const LONGEST_TEXT: usize = 2048;
/// More variables than this are no context.
const MOST_VARIABLES: usize = 100;

/// An execution that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// Why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether it names something that does not exist.
    pub not_found: bool,
}

impl From<String> for Rejection {
    fn from(message: String) -> Self {
        Self {
            message,
            hint: None,
            not_found: false,
        }
    }
}

impl From<&str> for Rejection {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl Rejection {
    /// The reason and the hint as one line.
    pub fn line(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} ({hint})", self.message),
            None => self.message.clone(),
        }
    }
}

/// An execution that can be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The version of the tool.
    pub tool_id: i64,
    /// The capability.
    pub capability_id: Option<i64>,
    /// The usage pattern.
    pub pattern_id: Option<i64>,
    /// The caller's name for it.
    pub execution_id: Option<String>,
    /// Who or what ran it.
    pub user: Option<String>,
    /// Where it ran.
    pub environment: Option<String>,
    /// Milliseconds it took, to the microsecond.
    pub time_ms: f64,
    /// What it cost; finite, 0 or more.
    pub cost: Option<f64>,
    /// Milliseconds that were expected.
    pub estimated_time_ms: Option<f64>,
    /// Cost that was expected.
    pub estimated_cost: Option<f64>,
    /// Whether it succeeded.
    pub success: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// Values of the variables, each name once.
    pub context: Vec<(String, f64)>,
    /// When it ran.
    pub at: DateTime<Utc>,
    /// 1 to 5.
    pub rating: Option<i16>,
}

impl Execution {
    /// Checks everything of an entry but its tool, which is left 0, and its estimates. `now` stands for a time that was
    /// not given.
    ///
    /// # Errors
    /// The first thing that cannot be stored, and why.
    pub fn check(entry: Entry, now: DateTime<Utc>) -> Result<Self, Rejection> {
        let time_ms = entry.time_ms.ok_or("`time_ms` is missing")?;
        let success = entry.success.ok_or("`success` is missing")?;
        let at = entry.at.unwrap_or(now);
        if at > now + TimeDelta::seconds(CLOCK_SKEW) {
            return Err(format!("the time is in the future: {}", at.to_rfc3339()).into());
        }
        if at.timestamp() < 0 {
            return Err(format!("the time is before 1970: {}", at.to_rfc3339()).into());
        }
        let rating = match entry.rating {
            None => None,
            Some(rating) if rating.fract() == 0.0 && (1.0..=5.0).contains(&rating) => {
                Some(rating as i16)
            }
            Some(rating) => {
                return Err(format!("the rating must be 1, 2, 3, 4 or 5, not {rating}").into());
            }
        };
        Ok(Self {
            tool_id: 0,
            capability_id: None,
            pattern_id: None,
            execution_id: name("execution_id", entry.execution_id, LONGEST_NAME)?,
            user: name("user", entry.user, LONGEST_NAME)?,
            environment: name("environment", entry.environment, LONGEST_ENVIRONMENT)?,
            time_ms: milliseconds(time_ms)?,
            cost: cost(entry.cost)?,
            estimated_time_ms: entry.estimated_time_ms,
            estimated_cost: entry.estimated_cost,
            success,
            error: entry.error.map(|error| cut(&error)),
            context: context(entry.context)?,
            at,
            rating,
        })
    }
}

/// The text without NUL, which cannot be stored, and no longer than it may be.
fn cut(text: &str) -> String {
    let mut kept = text.replace('\0', "");
    kept.truncate(kept.floor_char_boundary(LONGEST_TEXT));
    kept
}

/// Milliseconds as they are kept: to the microsecond.
fn milliseconds(value: f64) -> Result<f64, Rejection> {
    match value {
        value if value < 0.0 => Err(format!("the time is negative: {value} ms").into()),
        // adding zero turns a negative zero into zero
        value if value.round() <= f64::from(LONGEST_TIME_MS) => {
            Ok((value * 1000.0).round() / 1000.0 + 0.0)
        }
        _ => Err(format!(
            "the time cannot be right: {value} ms is more than {LONGEST_TIME_MS} ms (24 days)"
        )
        .into()),
    }
}

fn cost(value: Option<f64>) -> Result<Option<f64>, Rejection> {
    match value {
        Some(cost) if cost < 0.0 => Err(format!("the cost is negative: {cost}").into()),
        Some(cost) if cost > 1e15 => Err(format!("the cost cannot be right: {cost}").into()),
        // adding zero turns a negative zero into zero
        cost => Ok(cost.map(|cost| cost + 0.0)),
    }
}

fn name(field: &str, value: Option<String>, longest: usize) -> Result<Option<String>, Rejection> {
    match value {
        Some(text) if text.contains('\0') => {
            Err(format!("`{field}` holds a character that cannot be stored (NUL)").into())
        }
        Some(text) if text.len() > longest && text.chars().count() > longest => {
            Err(format!("`{field}` is longer than {longest} characters").into())
        }
        value => Ok(value),
    }
}

fn context(pairs: Vec<(String, f64)>) -> Result<Vec<(String, f64)>, Rejection> {
    let mut kept: Vec<(String, f64)> = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        if name.is_empty() || name.contains('\0') || name.len() > LONGEST_NAME {
            return Err("the name of a context value cannot be used".into());
        }
        if !value.is_finite() {
            return Err(format!("context value `{name}` is not a number").into());
        }
        match kept.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => kept.push((name, value)),
        }
    }
    if kept.len() > MOST_VARIABLES {
        return Err(format!("more than {MOST_VARIABLES} context values").into());
    }
    let mut bytes = 0;
    kept.retain(|(name, value)| {
        // As JSON: the name in quotes, a colon, the value, a comma.
        bytes += name.len() + value.to_string().len() + 4;
        bytes <= LONGEST_TEXT
    });
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Entry)) -> Result<Execution, Rejection> {
        let mut entry = Entry {
            time_ms: Some(5.4),
            success: Some(true),
            ..Entry::default()
        };
        change(&mut entry);
        Execution::check(entry, "2026-01-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(check(|_| {}).unwrap().time_ms, 5.4);
        let fine = check(|e| e.time_ms = Some(0.000_4)).unwrap();
        assert_eq!(fine.time_ms, 0.0);
        let fine = check(|e| e.time_ms = Some(1.234_56)).unwrap();
        assert_eq!(fine.time_ms, 1.235, "T5");
        type Change = fn(&mut Entry);
        let refused: [(Change, &str); 9] = [
            (|e| e.time_ms = None, "`time_ms` is missing"),
            (|e| e.success = None, "`success` is missing"),
            (|e| e.time_ms = Some(-1.0), "the time is negative: -1 ms"),
            (|e| e.time_ms = Some(1e12), "the time cannot be right"),
            (|e| e.time_ms = Some(f64::NAN), "the time cannot be right"),
            (|e| e.cost = Some(-0.1), "the cost is negative: -0.1"),
            (|e| e.rating = Some(6.0), "the rating must be"),
            (
                |e| e.at = "2026-01-01T00:02:00Z".parse().ok(),
                "the time is in the future",
            ),
            (
                |e| e.context = vec![("N".into(), f64::INFINITY)],
                "context value `N`",
            ),
        ];
        for (change, message) in refused {
            let rejection = check(change).unwrap_err();
            assert!(rejection.message.starts_with(message), "{rejection}");
        }
    }

    #[test]
    fn texts_are_cut_at_two_kilobytes() {
        let long = check(|e| e.error = Some("é\0".repeat(2000))).unwrap();
        assert_eq!(long.error.map(|it| it.len()), Some(2048));
        let odd = check(|e| e.error = Some(format!("x{}", "é".repeat(2000)))).unwrap();
        assert_eq!(odd.error.map(|it| it.len()), Some(2047));
        let short = check(|e| e.error = Some("timeout".to_owned())).unwrap();
        assert_eq!(short.error.as_deref(), Some("timeout"));
        let names = (0..100).map(|at| (format!("{at:0>60}"), f64::from(at)));
        let context = check(|e| e.context = names.collect()).unwrap().context;
        let json: usize = context
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value},").len())
            .sum();
        assert!(json <= 2048 && context.len() > 25, "{json}");
    }

    #[test]
    fn a_clock_may_be_a_little_fast() {
        assert!(check(|e| e.at = "2026-01-01T00:00:30Z".parse().ok()).is_ok());
    }
}
