//! Self-contained pages: one HTML file with its style and its charts in it, which asks nothing of a network and runs
//! no script. Text from elsewhere is escaped here.

mod chart;
mod page;
mod scale;

pub use chart::{Chart, Layer, Series};
pub use page::{Page, escape};
pub use scale::{Axis, AxisKind};
