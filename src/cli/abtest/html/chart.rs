//! Charts as SVG: intervals, a sequence of them, counts per day.

use std::fmt::Write;

use crate::store::ab_tests::outcomes::Day;

const WIDTH: f64 = 800.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 780.0;
const COLOR_A: &str = "#3b6fb6";
const COLOR_B: &str = "#d9822b";
const COLOR_LINE: &str = "#888";
/// How far charts reach from no difference, as ln of the ratio.
const REACH: f64 = 2.3;

/// Text for HTML, also inside attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in crate::output::text::visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// An interval with its name; ln of ratios.
pub struct Bar {
    pub label: String,
    pub interval: Option<(f64, f64)>,
    pub estimate: Option<f64>,
}

/// An interval at a number of records; ln of ratios.
pub struct Band {
    pub at: f64,
    pub when: String,
    pub interval: Option<(f64, f64)>,
    pub estimate: Option<f64>,
}

/// A linear scale that cuts off what is beyond it.
struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    fn at(&self, value: f64) -> f64 {
        let share = (value - self.from.0) / (self.from.1 - self.from.0);
        let share = if share.is_nan() {
            0.5
        } else {
            share.clamp(0.0, 1.0)
        };
        self.to.0 + share * (self.to.1 - self.to.0)
    }
}

/// Half the height that shows all of the intervals, within reach.
fn half(intervals: impl Iterator<Item = (f64, f64)>) -> f64 {
    intervals
        .flat_map(|(lower, upper)| [lower, upper])
        .filter(|bound| bound.is_finite())
        .fold(0.1, |half: f64, bound| half.max(bound.abs()))
        .min(REACH)
        * 1.05
}

fn open(svg: &mut String, height: f64, label: &str) {
    let _ = write!(
        svg,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{label}\" xmlns=\"http://www.w3.org/2000/svg\">"
    );
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), color: &str, width: f64) {
    let _ = write!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{color}\" stroke-width=\"{width}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn label(svg: &mut String, at: (f64, f64), anchor: &str, text: &str) {
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
        at.0,
        at.1,
        escape(text)
    );
}

/// Intervals below one another on one axis of ratios.
pub fn intervals(bars: &[Bar]) -> String {
    let mut svg = String::new();
    let half = half(bars.iter().filter_map(|bar| bar.interval));
    let x = Scale {
        from: (-half, half),
        to: (LEFT + 160.0, RIGHT),
    };
    let height = 30.0 * bars.len() as f64 + 30.0;
    open(&mut svg, height, "Intervals of the ratio B/A");
    line(
        &mut svg,
        (x.at(0.0), 5.0),
        (x.at(0.0), height - 25.0),
        COLOR_LINE,
        1.0,
    );
    for (index, bar) in bars.iter().enumerate() {
        let y = 20.0 + 30.0 * index as f64;
        label(&mut svg, (5.0, y + 4.0), "start", &bar.label);
        if let Some((lower, upper)) = bar.interval {
            line(&mut svg, (x.at(lower), y), (x.at(upper), y), COLOR_A, 3.0);
        }
        if let Some(estimate) = bar.estimate {
            let _ = write!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{COLOR_B}\"/>",
                x.at(estimate)
            );
        }
    }
    for ratio in [-half, 0.0, half] {
        label(
            &mut svg,
            (x.at(ratio), height - 8.0),
            "middle",
            &format!("{:.2}", ratio.exp()),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// The sequence of intervals over the number of records, with the looks.
pub fn course(bands: &[Band], looks: &[f64]) -> String {
    const TOP: f64 = 10.0;
    const BOTTOM: f64 = 210.0;
    let mut svg = String::new();
    let half = half(bands.iter().filter_map(|band| band.interval));
    let most = bands.iter().map(|band| band.at).fold(1.0, f64::max);
    let x = Scale {
        from: (0.0, most),
        to: (LEFT, RIGHT),
    };
    let y = Scale {
        from: (-half, half),
        to: (BOTTOM, TOP),
    };
    open(
        &mut svg,
        250.0,
        "Ratio B/A with its interval, over the records",
    );
    let known = || bands.iter().filter_map(|band| Some((band, band.interval?)));
    let mut outline: Vec<(f64, f64)> = known()
        .map(|(band, (_, upper))| (x.at(band.at), y.at(upper)))
        .collect();
    outline.extend(
        known()
            .map(|(band, (lower, _))| (x.at(band.at), y.at(lower)))
            .collect::<Vec<_>>()
            .into_iter()
            .rev(),
    );
    let points = |points: &[(f64, f64)]| {
        points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let _ = write!(
        svg,
        "<polygon points=\"{}\" fill=\"{COLOR_A}\" fill-opacity=\"0.25\" stroke=\"{COLOR_A}\"/>",
        points(&outline)
    );
    line(
        &mut svg,
        (LEFT, y.at(0.0)),
        (RIGHT, y.at(0.0)),
        COLOR_LINE,
        1.0,
    );
    let estimates: Vec<(f64, f64)> = bands
        .iter()
        .filter_map(|band| Some((x.at(band.at), y.at(band.estimate?))))
        .collect();
    let _ = write!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{COLOR_B}\" stroke-width=\"2\"/>",
        points(&estimates)
    );
    for band in bands {
        if let Some(estimate) = band.estimate {
            let _ = write!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{COLOR_B}\"><title>{} at {:.0} records: {:.3}</title></circle>",
                x.at(band.at),
                y.at(estimate),
                escape(&band.when),
                band.at,
                estimate.exp()
            );
        }
    }
    for look in looks {
        let at = x.at(*look);
        let _ = write!(
            svg,
            "<path d=\"M{at:.1} {:.1} l-5 9 h10 z\" fill=\"{COLOR_LINE}\"><title>looked at {look:.0} records</title></path>",
            BOTTOM + 4.0
        );
    }
    for ratio in [-half, 0.0, half] {
        label(
            &mut svg,
            (LEFT - 6.0, y.at(ratio) + 4.0),
            "end",
            &format!("{:.2}", ratio.exp()),
        );
    }
    label(&mut svg, (LEFT, 240.0), "middle", "0");
    label(
        &mut svg,
        (RIGHT, 240.0),
        "end",
        &format!("{most:.0} records"),
    );
    svg.push_str("</svg>");
    svg
}

/// Records of each day, A beside B.
pub fn days(days: &[Day]) -> String {
    const BASE: f64 = 120.0;
    let mut svg = String::new();
    let most = days
        .iter()
        .map(|day| day.recorded_a.max(day.recorded_b))
        .max()
        .unwrap_or(0);
    if most == 0 {
        return svg;
    }
    open(&mut svg, 145.0, "Records per day");
    let step = (RIGHT - LEFT) / days.len() as f64;
    let width = (step * 0.4).min(40.0);
    for (index, day) in days.iter().enumerate() {
        let left = LEFT + step * index as f64;
        for (offset, count, color) in [
            (0.0, day.recorded_a, COLOR_A),
            (width, day.recorded_b, COLOR_B),
        ] {
            let height = 100.0 * count as f64 / most as f64;
            let _ = write!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{color}\"><title>{}: {count}</title></rect>",
                left + offset,
                BASE - height,
                width * 0.95,
                day.day
            );
        }
    }
    if let (Some(first), Some(last)) = (days.first(), days.last()) {
        label(&mut svg, (LEFT, 138.0), "start", &first.day.to_string());
        if days.len() > 1 {
            label(&mut svg, (RIGHT, 138.0), "end", &last.day.to_string());
        }
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escape("<script>\"&'\u{1b}"),
            "&lt;script&gt;&quot;&amp;&#39;\\e"
        );
    }

    #[test]
    fn open_ends_stay_in_the_chart() {
        let bars = [Bar {
            label: "time".to_owned(),
            interval: Some((f64::NEG_INFINITY, f64::INFINITY)),
            estimate: Some(f64::NAN),
        }];
        let svg = intervals(&bars);
        assert!(!svg.contains("inf") && !svg.contains("NaN"), "{svg}");
    }
}
