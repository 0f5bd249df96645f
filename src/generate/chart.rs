//! An estimate drawn for growing input, so that a slip of the pen is seen at once.

use crate::expression::{EvaluationError, Expression, Variables};

/// The sizes of input for which an estimate is drawn.
pub const SIZES: [f64; 3] = [1.0, 100.0, 10_000.0];

/// The length of the longest bar, in characters.
const WIDTH: usize = 30;

/// The value of an estimate for one size of input.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The size.
    pub size: f64,
    /// The value, or why there is none.
    pub value: Result<f64, EvaluationError>,
    /// A bar as long as the value's logarithm asks, between the least and the greatest.
    pub bar: String,
}

/// An estimate drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The variable that grows: N, or the first one where the estimate has no N.
    pub variable: String,
    /// Variables without a usual value, for which 1 was taken.
    pub assumed: Vec<String>,
    /// One point for each of [`SIZES`].
    pub points: Vec<Point>,
}

/// Draws an estimate.
pub fn chart(expression: &Expression) -> Chart {
    let defaults = Variables::defaults();
    let names: Vec<&str> = expression.variables().collect();
    let variable = match names.first() {
        Some(first) if !names.contains(&"N") => first,
        _ => "N",
    };
    let assumed: Vec<String> = names
        .iter()
        .filter(|name| **name != variable && defaults.get(name).is_none())
        .map(|name| (*name).to_owned())
        .collect();
    let values: Vec<Result<f64, EvaluationError>> = SIZES
        .iter()
        .map(|size| {
            let mut variables = Variables::defaults();
            for name in &assumed {
                variables.set(name.as_str(), 1.0);
            }
            variables.set(variable, *size);
            expression.evaluate(&variables)
        })
        .collect();
    let bars = bars(&values);
    let points = SIZES
        .into_iter()
        .zip(values)
        .zip(bars)
        .map(|((size, value), bar)| Point { size, value, bar })
        .collect();
    Chart {
        variable: variable.to_owned(),
        assumed,
        points,
    }
}

/// Bars on a logarithmic scale from a thousandth of the greatest value.
fn bars(values: &[Result<f64, EvaluationError>]) -> Vec<String> {
    const DECADES: f64 = 3.0;
    let greatest = values
        .iter()
        .filter_map(|it| it.as_ref().ok().copied())
        .fold(0.0, f64::max);
    values
        .iter()
        .map(|value| {
            let share = match value {
                Ok(value) if *value > 0.0 && greatest > 0.0 => {
                    1.0 + (value / greatest).log10() / DECADES
                }
                _ => 0.0,
            };
            let length = (share.clamp(0.0, 1.0) * WIDTH as f64).round() as usize;
            let least = usize::from(value.as_ref().is_ok_and(|it| *it > 0.0));
            "#".repeat(length.max(least))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(source: &str) -> (String, Vec<Option<f64>>, Vec<usize>) {
        let chart = chart(&Expression::parse(source).unwrap());
        (
            chart.variable,
            chart
                .points
                .iter()
                .map(|it| it.value.clone().ok())
                .collect(),
            chart.points.iter().map(|it| it.bar.len()).collect(),
        )
    }

    #[test]
    fn estimates_grow_with_their_input() {
        assert_eq!(
            values("N"),
            (
                "N".to_owned(),
                vec![Some(1.0), Some(100.0), Some(10_000.0)],
                vec![1, 10, 30]
            )
        );
        assert_eq!(values("1000 * seconds").0, "seconds");
        assert_eq!(values("1 / (N - 1)").1[0], None);
        assert_eq!(values("0").2, [0, 0, 0]);
        assert_eq!(
            chart(&Expression::parse("N * files + pages").unwrap()).assumed,
            ["files"]
        );
    }
}
