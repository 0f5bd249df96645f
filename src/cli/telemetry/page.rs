//! The page.

use super::gather::Analysed;
use crate::telemetry::Measure;

pub fn render(_analysed: &[Analysed], _measure: Measure) -> String {
    String::new()
}
