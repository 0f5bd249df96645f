//! Tables for people, fitted to the terminal.

use comfy_table::{CellAlignment, ContentArrangement, presets};

use super::text::visible;
use super::{Column, Ui};

/// A table with a heading and rows of text. Cells are made safe for the terminal here.
pub struct Table {
    inner: comfy_table::Table,
    columns: Vec<Column>,
}

impl Table {
    /// An empty table.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        let columns: Vec<Column> = columns.into_iter().collect();
        let mut inner = comfy_table::Table::new();
        inner.load_style(presets::NOTHING);
        inner.set_header(columns.iter().map(|column| column.title.to_uppercase()));
        Self { inner, columns }
    }

    /// Adds a row: one text for each column.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.inner
            .add_row(cells.into_iter().map(|cell| visible(cell).into_owned()));
    }

    /// The table as text, no wider than the terminal where stdout is one, without a last line break.
    pub fn render(mut self, ui: &Ui) -> String {
        if let Some(width) = ui.width() {
            self.inner
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width);
        }
        for (index, spec) in self.columns.iter().enumerate() {
            if let Some(column) = self.inner.column_mut(index) {
                column.set_padding((0, 2));
                if spec.right {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        self.inner
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }
}
