//! Intervals of ratios below one another, on one axis.

use super::page::escape;
use super::scale::{AxisKind, Scale};

const WIDTH: f64 = 480.0;
const LEFT: f64 = 16.0;
const RIGHT: f64 = 464.0;
const ROW: f64 = 50.0;
const FOOT: f64 = 44.0;
/// Bounds beyond this ratio, either way, are at the end of the axis.
const REACH: f64 = 10.0;

/// An interval of a ratio with its name.
#[derive(Debug, Clone)]
pub struct Row {
    /// What the ratio is of.
    pub name: String,
    /// What the figures say.
    pub words: String,
    /// The bounds; 0 or infinity if there is none.
    pub interval: Option<(f64, f64)>,
    /// The estimate.
    pub estimate: Option<f64>,
}

/// Intervals of ratios, with no difference in the middle.
#[derive(Debug, Clone)]
pub struct Forest {
    /// What lies to the left and to the right of 1.
    pub sides: (String, String),
    /// How a ratio is written.
    pub format: fn(f64) -> String,
    /// The intervals.
    pub rows: Vec<Row>,
}

impl Forest {
    /// The chart as SVG.
    pub fn svg(&self) -> String {
        let scale = Scale::new(AxisKind::Log, self.places());
        let across = |ratio: f64| Some(LEFT + scale.place(ratio)? * (RIGHT - LEFT));
        let height = ROW * self.rows.len() as f64 + FOOT;
        let foot = height - FOOT;
        let says: Vec<String> = self
            .rows
            .iter()
            .map(|it| format!("{}: {}", it.name, it.words))
            .collect();
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">",
            escape(&says.join("; "))
        );
        for tick in scale.ticks(5) {
            let Some(x) = across(tick) else { continue };
            svg.push_str(&format!(
                "<path class=\"grid\" d=\"M{x:.1} 0V{:.1}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                foot + 4.0,
                foot + 18.0,
                escape(&(self.format)(tick))
            ));
        }
        if let Some(x) = across(1.0) {
            svg.push_str(&format!("<path class=\"level\" d=\"M{x:.1} 0V{foot}\"/>"));
        }
        for (side, x, anchor) in [
            (&self.sides.0, LEFT - 10.0, "start"),
            (&self.sides.1, RIGHT + 10.0, "end"),
        ] {
            let (side, y) = (escape(side), height - 6.0);
            svg.push_str(&format!(
                "<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{side}</text>"
            ));
        }
        for (at, row) in self.rows.iter().enumerate() {
            row.draw(ROW * at as f64, &across, &mut svg);
        }
        svg + "</svg>"
    }

    /// Values that must be on the axis: as far to the left as to the right.
    fn places(&self) -> Vec<f64> {
        let bounds = self.rows.iter().flat_map(|it| {
            let (low, high) = it.interval.unwrap_or((1.0, 1.0));
            [low, high, it.estimate.unwrap_or(1.0)]
        });
        let farthest = bounds
            .filter(|it| it.is_finite() && *it > 0.0)
            .map(|it| it.max(1.0 / it))
            .fold(1.1, f64::max)
            .min(REACH);
        vec![1.0 / farthest, farthest]
    }
}

impl Row {
    fn draw(&self, top: f64, across: &impl Fn(f64) -> Option<f64>, svg: &mut String) {
        let y = top + 32.0;
        svg.push_str(&format!(
            "<text class=\"name\" x=\"6\" y=\"{:.1}\">{}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            top + 16.0,
            escape(&self.name),
            WIDTH - 6.0,
            top + 16.0,
            escape(&self.words)
        ));
        if let Some((low, high)) = self.interval {
            let open = |bound: f64| bound <= 0.0 || !bound.is_finite();
            let from = across(low).unwrap_or(LEFT);
            let to = match open(high) {
                true => RIGHT,
                false => across(high).unwrap_or(RIGHT),
            };
            svg.push_str(&format!(
                "<path class=\"interval\" d=\"M{from:.1} {y:.1}H{to:.1}\"/>"
            ));
            for (bound, x, way) in [(low, from, 7), (high, to, -7)] {
                svg.push_str(&match open(bound) {
                    true => format!(
                        "<path class=\"interval open\" d=\"M{:.1} {:.1}l{} 6l{way} 6\"/>",
                        x + f64::from(way),
                        y - 6.0,
                        -way
                    ),
                    false => format!("<path class=\"interval\" d=\"M{x:.1} {:.1}v10\"/>", y - 5.0),
                });
            }
        }
        if let Some(x) = self.estimate.and_then(across) {
            svg.push_str(&format!(
                "<circle class=\"estimate\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_ends_are_arrows_and_stay_in_the_chart() {
        let row = |low, high| Row {
            name: "time".to_owned(),
            words: String::new(),
            interval: Some((low, high)),
            estimate: Some(f64::NAN),
        };
        let forest = Forest {
            sides: ("B less".to_owned(), "B more".to_owned()),
            format: crate::report::figures::amount,
            rows: vec![row(0.0, f64::INFINITY), row(0.5, f64::INFINITY)],
        };
        let svg = forest.svg();
        assert_eq!(svg.matches("interval open").count(), 3, "{svg}");
        assert!(!svg.contains("inf") && !svg.contains("NaN"), "{svg}");
    }
}
