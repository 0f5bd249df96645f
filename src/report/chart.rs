//! Charts as SVG: points, lines, bands and bars over two axes.

use super::page::escape;
use super::scale::{Axis, Scale};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 270.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 46.0;
/// So few points are drawn larger.
const FEW: usize = 30;
/// Half the room that a character of a label takes.
const HALF: f64 = 4.5;
/// The least distance between words above marks.
const WORD: f64 = 76.0;

/// What is drawn. Places are in the units of the axes.
#[derive(Debug, Clone)]
pub enum Layer {
    /// Single values.
    Dots(Vec<(f64, f64)>),
    /// Values in order, joined.
    Line(Vec<(f64, f64)>),
    /// A band from the first to the second value at each place. An infinite value does not bound it: there the band
    /// is open.
    Band(Vec<(f64, f64, f64)>),
    /// Values from 0 up, each from its place on, so wide.
    Bars(f64, Vec<(f64, f64)>),
}

/// A layer with its name and its colour.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it shows; a name that is empty is not in the key.
    pub name: String,
    /// One of three colours, from 0.
    pub colour: u8,
    /// Whether it stands back, as what no longer counts.
    pub dim: bool,
    /// What is drawn.
    pub layer: Layer,
}

impl Series {
    /// A series of that name and colour.
    pub fn new(name: &str, colour: u8, layer: Layer) -> Self {
        Self {
            name: name.to_owned(),
            colour,
            dim: false,
            layer,
        }
    }

    /// The same, standing back.
    pub fn dimmed(self) -> Self {
        Self { dim: true, ..self }
    }
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
    /// Values on the vertical axis that are marked, with a word each.
    pub levels: Vec<(f64, String)>,
    /// Places on the horizontal axis that have a pin, with what it stands for.
    pub pins: Vec<(f64, String)>,
}

impl Chart {
    /// An empty chart.
    pub fn new(x: Axis, y: Axis) -> Self {
        Self {
            x,
            y,
            series: Vec::new(),
            marks: Vec::new(),
            levels: Vec::new(),
            pins: Vec::new(),
        }
    }

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
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escape(&label)
        );
        self.axes(&frame, &mut svg);
        for series in &self.series {
            svg.push_str(&series.draw(&frame));
        }
        self.levels(&frame, &mut svg);
        self.marks(&frame, &mut svg);
        svg.push_str("</svg>");
        svg + &self.key()
    }

    fn key(&self) -> String {
        let named = self.series.iter().filter(|series| !series.name.is_empty());
        let entries: String = named
            .map(|it| {
                let shape = it.layer.shape();
                let dim = if it.dim { " dim" } else { "" };
                let (colour, name) = (it.colour % 3, escape(&it.name));
                format!("<span><i class=\"{shape} k{colour}{dim}\"></i>{name}</span>")
            })
            .collect();
        match entries.is_empty() {
            true => entries,
            false => format!("<div class=\"key\">{entries}</div>"),
        }
    }

    fn axes(&self, frame: &Frame, svg: &mut String) {
        let mut last = String::new();
        for tick in frame.y.ticks(5) {
            let Some(y) = frame.up(tick) else { continue };
            let label = frame.y.label(tick, self.y.format);
            if label == last {
                continue;
            }
            svg.push_str(&format!(
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 7.0,
                y + 4.5,
                escape(&label)
            ));
            last = label;
        }
        let foot = HEIGHT - BOTTOM;
        last.clear();
        for tick in frame.x.ticks(5) {
            let Some(x) = frame.across(tick) else {
                continue;
            };
            let label = frame.x.label(tick, self.x.format);
            if label == last {
                continue;
            }
            let (at, anchor) = match x + HALF * label.len() as f64 > WIDTH {
                true => (WIDTH - 2.0, "end"),
                false => (x, "middle"),
            };
            svg.push_str(&format!(
                "<path class=\"grid\" d=\"M{x:.1} {foot}v5\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                foot + 21.0,
                escape(&label)
            ));
            last = label;
        }
        svg.push_str(&format!(
            "<path class=\"axis\" d=\"M{LEFT} {foot}H{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            WIDTH - RIGHT,
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 7.0,
            escape(&frame.x.title(&self.x.label))
        ));
    }

    fn levels(&self, frame: &Frame, svg: &mut String) {
        for (at, word) in &self.levels {
            let Some(y) = frame.up(*at) else { continue };
            svg.push_str(&format!(
                "<path class=\"level\" d=\"M{LEFT} {y:.1}H{:.1}\"/>\
                 <text class=\"word\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                WIDTH - RIGHT - 2.0,
                y - 5.0,
                escape(word)
            ));
        }
    }

    fn marks(&self, frame: &Frame, svg: &mut String) {
        let foot = HEIGHT - BOTTOM;
        let mut free = LEFT - WORD;
        for (at, word) in &self.marks {
            let Some(x) = frame.across(*at) else { continue };
            svg.push_str(&format!(
                "<path class=\"rule\" d=\"M{x:.1} {TOP}V{foot}\"/>"
            ));
            if x - free < WORD {
                continue;
            }
            free = x;
            let anchor = match x {
                x if x > WIDTH - WORD => "end",
                x if x < LEFT + WORD / 2.0 => "start",
                _ => "middle",
            };
            svg.push_str(&format!(
                "<text class=\"mark\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                TOP - 8.0,
                escape(word)
            ));
        }
        for (at, title) in &self.pins {
            let Some(x) = frame.across(*at) else { continue };
            svg.push_str(&format!(
                "<path class=\"pin\" d=\"M{x:.1} {foot}l-4 8h8z\"><title>{}</title></path>",
                escape(title)
            ));
        }
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

    /// The place of a bound; one that is infinite is at the edge.
    fn bound(&self, value: f64) -> Option<f64> {
        match value {
            f64::INFINITY => Some(TOP),
            f64::NEG_INFINITY => Some(HEIGHT - BOTTOM),
            value => self.up(value).or(Some(HEIGHT - BOTTOM)),
        }
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
            Layer::Bars(width, points) => points
                .iter()
                .flat_map(|(x, y)| [(*x, 0.0), (x + width, *y)])
                .collect(),
        }
    }

    fn shape(&self) -> &'static str {
        match self {
            Layer::Dots(_) => "dots",
            Layer::Line(_) => "line",
            Layer::Band(_) => "band",
            Layer::Bars(..) => "bars",
        }
    }
}

impl Series {
    fn draw(&self, frame: &Frame) -> String {
        match &self.layer {
            Layer::Dots(points) => {
                let few = if points.len() <= FEW { " few" } else { "" };
                let points = points.iter().filter_map(|it| frame.point(*it));
                let path = points.map(|(x, y)| format!("M{x:.0} {y:.0}h0")).collect();
                self.path(&format!("dots{few}"), path)
            }
            Layer::Line(points) => {
                let points = points.iter().filter_map(|it| frame.point(*it));
                self.path("line", joined(points))
            }
            Layer::Band(points) => self.band(points, frame),
            Layer::Bars(width, points) => {
                let bar = |(x, y): &(f64, f64)| {
                    let (from, to) = (frame.across(*x)?, frame.across(x + width)?);
                    let (top, foot) = (frame.up(*y)?, HEIGHT - BOTTOM);
                    let gap = ((to - from) * 0.1).min(1.0);
                    Some(format!(
                        "M{:.1} {foot}V{top:.1}H{:.1}V{foot}z",
                        from + gap,
                        to - gap
                    ))
                };
                self.path("bars", points.iter().filter_map(bar).collect())
            }
        }
    }

    /// Spans of a band, each of one kind: between two bounds, or open.
    fn band(&self, points: &[(f64, f64, f64)], frame: &Frame) -> String {
        let is_open = |(_, low, high): &(f64, f64, f64)| low.is_infinite() || high.is_infinite();
        let mut drawn = String::new();
        let mut at = 0;
        for span in points.chunk_by(|a, b| is_open(a) == is_open(b)) {
            let open = span.first().is_some_and(is_open);
            // An open span reaches to where the closed one begins.
            let next = points.get(at + span.len()).filter(|_| open);
            at += span.len();
            let places = || span.iter().chain(next);
            let edge = |pick: fn(&(f64, f64, f64)) -> f64| -> Vec<(f64, f64)> {
                places()
                    .filter_map(|it| Some((frame.across(it.0)?, frame.bound(pick(it))?)))
                    .collect()
            };
            let (low, high) = (edge(|it| it.1), edge(|it| it.2));
            let outline = joined(low.into_iter().chain(high.into_iter().rev()));
            drawn += &self.path(if open { "band open" } else { "band" }, outline);
        }
        for pick in [|it: &(f64, f64, f64)| it.1, |it: &(f64, f64, f64)| it.2] {
            let bounds = points.iter().map(|it| (it.0, pick(it)));
            let bounds = bounds.filter(|it| it.1.is_finite());
            drawn += &self.path("edge", joined(bounds.filter_map(|it| frame.point(it))));
        }
        drawn
    }

    fn path(&self, class: &str, path: String) -> String {
        if path.is_empty() {
            return path;
        }
        let dim = if self.dim { " dim" } else { "" };
        let colour = self.colour % 3;
        format!("<path class=\"{class} s{colour}{dim}\" d=\"{path}\"/>")
    }
}

fn joined(points: impl Iterator<Item = (f64, f64)>) -> String {
    points
        .enumerate()
        .map(|(at, (x, y))| format!("{}{x:.1} {y:.1}", if at == 0 { "M" } else { "L" }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::AxisKind;

    fn axis(kind: AxisKind) -> Axis {
        Axis {
            label: "it".to_owned(),
            kind,
            format: crate::report::figures::amount,
            include: Vec::new(),
        }
    }

    /// An interval without a bound was drawn as a solid box to the edge of the chart.
    #[test]
    fn a_band_without_a_bound_is_open() {
        let mut chart = Chart::new(axis(AxisKind::Linear), axis(AxisKind::Log));
        let points = vec![
            (1.0, 0.0, f64::INFINITY),
            (2.0, 0.5, f64::INFINITY),
            (3.0, 0.6, 1.5),
            (4.0, 0.7, 1.4),
        ];
        chart.series = vec![Series::new("interval", 0, Layer::Band(points))];
        let svg = chart.svg();
        assert_eq!(svg.matches("class=\"band open s0\"").count(), 1, "{svg}");
        assert_eq!(svg.matches("class=\"band s0\"").count(), 1, "{svg}");
        assert_eq!(svg.matches("class=\"edge s0\"").count(), 2, "{svg}");
        assert!(!svg.contains("inf") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn nothing_and_odd_values_can_be_drawn() {
        for points in [
            vec![],
            vec![(f64::NAN, 1.0)],
            vec![(1.0, f64::INFINITY), (0.0, -1.0)],
        ] {
            for kind in [AxisKind::Linear, AxisKind::Log, AxisKind::Time] {
                let mut chart = Chart::new(axis(kind), axis(AxisKind::Log));
                chart.series = vec![
                    Series::new("a", 0, Layer::Dots(points.clone())),
                    Series::new("b", 1, Layer::Line(points.clone())),
                    Series::new("c", 2, Layer::Bars(1.0, points.clone())),
                ];
                let svg = chart.svg();
                assert!(!svg.contains("inf") && !svg.contains("NaN"), "{svg}");
            }
        }
    }
}
