//! Small plots of text, for a cell of a table.

/// Eighths of a block, from the lowest to the full one.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Eighths of a bar, from the left.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// A line of blocks, one for each value, from the smallest to the largest; a blank if there is none. Where all
/// values are equal the line is of middle height.
pub fn sparkline(values: &[Option<f64>]) -> String {
    let known = || values.iter().flatten().copied().filter(|it| it.is_finite());
    let low = known().fold(f64::INFINITY, f64::min);
    let high = known().fold(f64::NEG_INFINITY, f64::max);
    let block = |value: f64| match high > low {
        true => {
            BLOCKS[(((value - low) / (high - low)) * 7.0)
                .round()
                .clamp(0.0, 7.0) as usize]
        }
        false => BLOCKS[3],
    };
    values
        .iter()
        .map(|value| value.filter(|it| it.is_finite()).map_or(' ', block))
        .collect()
}

/// A line of blocks, one for each count, from nothing to the largest; nothing is a blank, and what there is can be
/// seen.
pub fn histogram(counts: &[usize]) -> String {
    let largest = counts.iter().copied().max().unwrap_or_default().max(1) as f64;
    counts
        .iter()
        .map(|&count| match count {
            0 => ' ',
            count => BLOCKS[((count as f64 / largest * 8.0).ceil() as usize).clamp(1, 8) - 1],
        })
        .collect()
}

/// A bar for a share of 0 to 1, at most `width` columns.
pub fn bar(share: f64, width: usize) -> String {
    let share = if share.is_finite() { share } else { 0.0 };
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let mut text = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        text.push(EIGHTHS[eighths % 8 - 1]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_spans_its_values() {
        let values = [Some(1.0), None, Some(8.0), Some(4.5), Some(f64::NAN)];
        assert_eq!(sparkline(&values), "▁ █▅ ");
        assert_eq!(sparkline(&[Some(3.0), Some(3.0)]), "▄▄");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn a_histogram_starts_at_nothing() {
        assert_eq!(histogram(&[0, 1, 100, 50]), " ▁█▄");
        assert_eq!(histogram(&[]), "");
    }

    #[test]
    fn a_bar_has_eighths() {
        assert_eq!(bar(1.0, 2), "██");
        assert_eq!(bar(0.5, 1), "▌");
        assert_eq!(bar(f64::NAN, 3), "");
        assert_eq!(bar(7.0, 1), "█");
    }
}
