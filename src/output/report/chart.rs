//! Charts as SVG: points, lines and bands over two axes.

use super::page::escape;
use super::scale::{Axis, Scale};

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 42.0;

/// What is drawn. Places are in the units of the axes.
#[derive(Debug, Clone)]
pub enum Layer {
    /// Single values.
    Dots(Vec<(f64, f64)>),
    /// Values in order, joined.
    Line(Vec<(f64, f64)>),
    /// A band from the first to the second value at each place.
    Band(Vec<(f64, f64, f64)>),
}

/// A layer with its name and its colour.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it shows; a name that is empty is not in the key.
    pub name: String,
    /// One of three colours, from 0.
    pub colour: u8,
    /// What is drawn.
    pub layer: Layer,
}

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, from the back to the front.
    pub series: Vec<Series>,
    /// Places on the horizontal axis that are marked, with a word each.
    pub marks: Vec<(f64, String)>,
}

impl Chart {
    /// The chart as SVG with a key below it.
    pub fn svg(&self) -> String {
        let places: Vec<(f64, f64)> = self
            .series
            .iter()
            .flat_map(|it| it.layer.places())
            .collect();
        let xs = places.iter().map(|it| it.0).chain(self.x.include.clone());
        let ys = places.iter().map(|it| it.1).chain(self.y.include.clone());
        let frame = Frame {
            x: Scale::new(self.x.kind, xs),
            y: Scale::new(self.y.kind, ys),
        };
        let label = format!("{} against {}", self.y.label, self.x.label);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escape(&label)
        );
        self.axes(&frame, &mut svg);
        for series in &self.series {
            svg.push_str(&series.draw(&frame));
        }
        for (at, word) in &self.marks {
            let Some(x) = frame.across(*at) else { continue };
            let (anchor, shift) = if x > WIDTH * 0.7 {
                ("end", -4.0)
            } else {
                ("start", 4.0)
            };
            svg.push_str(&format!(
                "<line class=\"rule\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/>\
                 <text class=\"mark\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                HEIGHT - BOTTOM,
                x + shift,
                TOP - 5.0,
                escape(word)
            ));
        }
        svg.push_str("</svg>");
        let key: String = self
            .series
            .iter()
            .filter(|series| !series.name.is_empty())
            .map(|it| {
                format!(
                    "<span><i class=\"k{}\"></i>{}</span>",
                    it.colour % 3,
                    escape(&it.name)
                )
            })
            .collect();
        format!("{svg}<div class=\"key\">{key}</div>")
    }

    fn axes(&self, frame: &Frame, svg: &mut String) {
        for tick in frame.y.ticks(5) {
            let Some(y) = frame.up(tick) else { continue };
            svg.push_str(&format!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0,
                escape(&frame.y.label(tick, self.y.format))
            ));
        }
        let foot = HEIGHT - BOTTOM;
        for tick in frame.x.ticks(4) {
            let Some(x) = frame.across(tick) else {
                continue;
            };
            svg.push_str(&format!(
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{foot}\" y2=\"{:.1}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                foot + 4.0,
                foot + 17.0,
                escape(&frame.x.label(tick, self.x.format))
            ));
        }
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 6.0,
            escape(&self.x.label)
        ));
    }
}

/// The place of the axes on the drawing.
struct Frame {
    x: Scale,
    y: Scale,
}

impl Frame {
    fn across(&self, value: f64) -> Option<f64> {
        Some(LEFT + self.x.place(value)? * (WIDTH - LEFT - RIGHT))
    }

    fn up(&self, value: f64) -> Option<f64> {
        Some(HEIGHT - BOTTOM - self.y.place(value)? * (HEIGHT - TOP - BOTTOM))
    }

    fn point(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.across(x)?, self.up(y)?))
    }
}

impl Layer {
    fn places(&self) -> Vec<(f64, f64)> {
        match self {
            Layer::Dots(points) | Layer::Line(points) => points.clone(),
            Layer::Band(points) => points
                .iter()
                .flat_map(|(x, low, high)| [(*x, *low), (*x, *high)])
                .collect(),
        }
    }
}

impl Series {
    fn draw(&self, frame: &Frame) -> String {
        let (class, path) = match &self.layer {
            Layer::Dots(points) => {
                let points = points.iter().filter_map(|it| frame.point(*it));
                (
                    "dots",
                    points.map(|(x, y)| format!("M{x:.0} {y:.0}h0")).collect(),
                )
            }
            Layer::Line(points) => (
                "line",
                joined(points.iter().filter_map(|it| frame.point(*it))),
            ),
            Layer::Band(points) => {
                let low = points.iter().filter_map(|it| frame.point((it.0, it.1)));
                let high = points
                    .iter()
                    .rev()
                    .filter_map(|it| frame.point((it.0, it.2)));
                ("band", joined(low.chain(high)))
            }
        };
        match path.is_empty() {
            true => path,
            false => format!(
                "<path class=\"{class} s{}\" d=\"{path}\"/>",
                self.colour % 3
            ),
        }
    }
}

fn joined(points: impl Iterator<Item = (f64, f64)>) -> String {
    points
        .enumerate()
        .map(|(at, (x, y))| format!("{}{x:.1} {y:.1}", if at == 0 { "M" } else { "L" }))
        .collect()
}
