//! The values that an expression is evaluated with.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Named numbers, in the order in which they were first set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variables {
    values: IndexMap<String, f64>,
}

impl Variables {
    /// Makes an empty set: no variable has a value.
    pub fn new() -> Self {
        Self::default()
    }

    /// The values assumed where a caller gives none: 100 items, one page, and a 95th percentile of
    /// the latency of 1000 ms.
    pub fn defaults() -> Self {
        Self::from_iter([("N", 100.0), ("pages", 1.0), ("p95_latency", 1000.0)])
    }

    /// Gives `name` a value; a name that had one keeps its place.
    pub fn set(&mut self, name: impl Into<String>, value: f64) {
        self.values.insert(name.into(), value);
    }

    /// The value of `name`, if it has one.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// How many variables have a value.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether no variable has a value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl<S: Into<String>> Extend<(S, f64)> for Variables {
    fn extend<I: IntoIterator<Item = (S, f64)>>(&mut self, pairs: I) {
        for (name, value) in pairs {
            self.set(name, value);
        }
    }
}

impl<S: Into<String>> FromIterator<(S, f64)> for Variables {
    fn from_iter<I: IntoIterator<Item = (S, f64)>>(pairs: I) -> Self {
        let mut variables = Self::new();
        variables.extend(pairs);
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::Variables;

    #[test]
    fn keeps_order_and_replaces_values() {
        let mut variables = Variables::defaults();
        variables.extend([("size", 7.0), ("N", 5.0)]);
        let pairs: Vec<_> = variables.iter().collect();
        assert_eq!(
            pairs,
            [
                ("N", 5.0),
                ("pages", 1.0),
                ("p95_latency", 1000.0),
                ("size", 7.0)
            ]
        );
        assert_eq!(variables.get("size"), Some(7.0));
        assert_eq!(variables.get("n"), None);
    }
}
