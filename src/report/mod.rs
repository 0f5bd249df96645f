//! Figures as pages and charts: SVG that needs no script, and whole HTML files that ask nothing of a network. What
//! is drawn was computed elsewhere. Text from elsewhere is escaped here.

pub mod abtest;
mod bars;
mod chart;
pub mod estimate;
pub mod figures;
pub mod findings;
mod forest;
pub mod overview;
mod page;
mod scale;
pub mod telemetry;

pub use bars::{Bar, bars};
pub use chart::{Chart, Layer, Series};
pub use forest::{Forest, Row};
pub use page::{Column, Figure, Made, Page, Tone, escape};
pub use scale::{Axis, AxisKind};

/// The style of charts, for pages that show them.
pub const CHART_STYLE: &str = include_str!("chart.css");
