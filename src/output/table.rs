//! Tables for people, fitted to the terminal.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width, presets};
use unicode_width::UnicodeWidthStr;

use super::style::HEADING;
use super::text::{shortened, visible};
use super::{Column, Ui};

/// Spaces between two columns.
const GAP: usize = 2;

/// Columns that a sentence needs at least.
const PROSE: usize = 32;

/// A table with a heading and rows of text. Cells are made safe for the terminal here.
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: one text for each column.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        let cells = cells.into_iter().map(|cell| visible(cell).into_owned());
        self.rows.push(cells.collect());
    }

    /// The table as text, no wider than the terminal where stdout is one, without a last line break.
    pub fn render(self, ui: &Ui) -> String {
        let text = self.fitted(ui.width().map(usize::from));
        match text.split_once('\n') {
            Some((titles, rows)) => format!("{}\n{rows}", ui.paint(HEADING, titles)),
            None => text,
        }
    }

    /// A line for each row: the columns of the lowest rank for which there is room, sentences cut to
    /// what is left. The first of them is always shown.
    #[must_use]
    pub fn with_room_for(mut self, width: usize) -> Self {
        let whole: Vec<usize> = (0..self.columns.len()).map(|it| self.longest(it)).collect();
        let least = |index: usize| match self.columns[index].prose {
            true => whole[index].min(PROSE),
            false => whole[index],
        };
        let mut ranked: Vec<usize> = (0..self.columns.len()).collect();
        ranked.sort_by_key(|it| self.columns[*it].rank.unwrap_or(u8::MAX));
        let mut kept: Vec<usize> = Vec::new();
        let mut used = 0;
        for index in ranked {
            let wide = least(index) + if kept.is_empty() { 0 } else { GAP };
            if kept.is_empty() || used + wide <= width {
                used += wide;
                kept.push(index);
            }
        }
        let mut room = width.saturating_sub(used);
        for &index in &kept {
            if self.columns[index].prose {
                let more = room.min(whole[index] - least(index));
                let most = least(index) + more;
                room -= more;
                for row in &mut self.rows {
                    row[index] = shortened(&row[index], most).into_owned();
                }
            }
        }
        kept.sort_unstable();
        Self {
            columns: kept.iter().map(|it| self.columns[*it]).collect(),
            rows: (self.rows.into_iter())
                .map(|mut row| {
                    let cells = kept.iter().map(|it| std::mem::take(&mut row[*it]));
                    cells.collect()
                })
                .collect(),
        }
    }

    /// Columns of the terminal that a column takes.
    fn longest(&self, index: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(index));
        let cells = cells.map(|it| longest_line(it)).max().unwrap_or(0);
        cells.max(self.columns[index].title.width())
    }

    /// Columns are narrowed between their words. Where the words themselves do not fit, the rows are
    /// written one below the other, a line for each cell.
    fn fitted(self, width: Option<usize>) -> String {
        let titles: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.title.to_uppercase())
            .collect();
        let least = |measure: fn(&str) -> usize| -> Vec<usize> {
            (0..titles.len())
                .map(|index| {
                    let cells = self.rows.iter().filter_map(|row| row.get(index));
                    cells
                        .chain([&titles[index]])
                        .map(|cell| measure(cell))
                        .max()
                        .unwrap_or(0)
                })
                .collect()
        };
        let whole =
            |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let words = least(longest_word);
        match width {
            Some(width) if whole(&words) > width => self.stacked(&titles, width),
            Some(width) if whole(&least(longest_line)) > width => {
                self.arranged(titles, Some((width, words)))
            }
            _ => self.arranged(titles, None),
        }
    }

    /// In columns; if there is a width, no wider than it, and each column at least so wide.
    fn arranged(self, titles: Vec<String>, limits: Option<(usize, Vec<usize>)>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(titles);
        for row in self.rows {
            table.add_row(row);
        }
        let fixed = |width: usize| u16::try_from(width).unwrap_or(u16::MAX);
        if let Some((width, _)) = &limits {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                // The last column's gap is cut off below.
                .set_width(fixed(width + GAP));
        }
        for (index, spec) in self.columns.iter().enumerate() {
            if let Some(column) = table.column_mut(index) {
                column.set_padding((0, fixed(GAP)));
                if spec.right {
                    column.set_cell_alignment(CellAlignment::Right);
                }
                if let Some((_, least)) = &limits {
                    let least = Width::Fixed(fixed(least[index] + GAP));
                    column.set_constraint(ColumnConstraint::LowerBoundary(least));
                }
            }
        }
        table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// One below the other: a line for each cell that holds something, a blank line between rows.
    fn stacked(self, titles: &[String], width: usize) -> String {
        let margin = titles.iter().map(|it| it.width()).max().unwrap_or(0) + GAP;
        let blocks: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let mut lines = Vec::new();
                for (title, cell) in titles.iter().zip(row).filter(|(_, it)| !it.is_empty()) {
                    let title = if title.is_empty() { "#" } else { title };
                    let pad = " ".repeat(margin - title.width());
                    let mut line = format!("{title}{pad}");
                    if margin + cell.width() <= width && !cell.contains('\n') {
                        // Blanks can be part of what is drawn.
                        lines.push(line + cell);
                        continue;
                    }
                    let mut used = margin;
                    for word in cell.split_whitespace() {
                        if used > margin && used + 1 + word.width() > width {
                            lines.push(std::mem::replace(&mut line, " ".repeat(margin)));
                            used = margin;
                        }
                        if used > margin {
                            line.push(' ');
                            used += 1;
                        }
                        line.push_str(word);
                        used += word.width();
                    }
                    lines.push(line);
                }
                lines.join("\n")
            })
            .collect();
        blocks.join("\n\n")
    }
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace()
        .map(|it| it.width())
        .max()
        .unwrap_or(0)
}

fn longest_line(text: &str) -> usize {
    text.lines().map(|it| it.width()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([
            Column::text("tool"),
            Column::number("runs"),
            Column::text("description"),
        ]);
        table.row(["linux/df", "1", "Reports the free space"]);
        table.row(["linux/日本語", "20", ""]);
        table
    }

    #[test]
    fn what_fits_is_a_table() {
        let wide = table().fitted(None);
        assert_eq!(table().fitted(Some(46)), wide);
        assert_eq!(wide.lines().count(), 3);
    }

    #[test]
    fn columns_are_narrowed_between_words() {
        let text = table().fitted(Some(31));
        assert!(text.lines().all(|it| it.width() <= 31), "{text}");
        for word in ["DESCRIPTION", "linux/日本語", "Reports", "space"] {
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_list_keeps_a_line_for_each_row_and_the_columns_of_the_lowest_rank() {
        let list = || {
            let mut table = Table::new([
                Column::text("platform").rank(2),
                Column::text("tool").rank(0),
                Column::text("description").prose().rank(1),
            ]);
            table.row([
                "multi-platform",
                "df",
                "Reports the free space of file systems",
            ]);
            table.row(["linux", "a-tool", "Short"]);
            table
        };
        let at = |width: usize| list().with_room_for(width).fitted(Some(width));
        assert_eq!(
            at(80),
            "PLATFORM        TOOL    DESCRIPTION\n\
             multi-platform  df      Reports the free space of file systems\n\
             linux           a-tool  Short"
        );
        assert_eq!(
            at(60),
            "PLATFORM        TOOL    DESCRIPTION\n\
             multi-platform  df      Reports the free space of file…\n\
             linux           a-tool  Short"
        );
        assert_eq!(
            at(42),
            "TOOL    DESCRIPTION\n\
             df      Reports the free space of file…\n\
             a-tool  Short"
        );
        assert_eq!(at(20), "TOOL\ndf\na-tool");
    }

    #[test]
    fn what_is_drawn_keeps_its_blanks() {
        let mut table = Table::new([Column::number(""), Column::text("spread")]);
        table.row(["1", "█   ▄▄▄    ▄"]);
        assert_eq!(
            table.stacked(&[String::new(), "SPREAD".to_owned()], 20),
            "#       1\nSPREAD  █   ▄▄▄    ▄"
        );
    }

    #[test]
    fn where_words_do_not_fit_rows_stand_below_each_other() {
        let text = table().fitted(Some(27));
        assert_eq!(
            text,
            "TOOL         linux/df\nRUNS         1\nDESCRIPTION  Reports the\n             free space\n\n\
             TOOL         linux/日本語\nRUNS         20"
        );
    }
}
