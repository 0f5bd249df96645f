//! Arguments that say how a list is shown.

use clap::Args;

use crate::expression::nearest;
use crate::output::record::{write_list, write_table};
use crate::output::{Column, Format, Record, Times};

use super::{CommandError, Session};

/// How a list is shown.
#[derive(Debug, Clone, Args)]
pub struct TableArgs {
    /// How to write the list
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,

    /// Columns of the table, in this order [default: those for which there is room]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    columns: Vec<String>,

    /// Column to sort by; -NAME begins with the highest
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    sort: Option<String>,

    /// How times are shown in the table
    #[arg(long = "time", value_enum, default_value_t, value_name = "HOW")]
    times: Times,
}

impl TableArgs {
    /// Sorts the records and leaves the first of them, as many as are wanted; then writes them.
    ///
    /// # Errors
    /// If a column is named that there is not, or stdout cannot be written.
    pub fn write<R: Record>(
        &self,
        session: &mut Session,
        mut records: Vec<R>,
        limit: Option<usize>,
    ) -> Result<(), CommandError> {
        let named = (self.columns.iter())
            .map(|name| column::<R>(name))
            .collect::<Result<Vec<usize>, _>>()?;
        if let Some(sort) = &self.sort {
            let (name, falling) = match sort.strip_prefix('-') {
                Some(name) => (name, true),
                None => (sort.as_str(), false),
            };
            let place = column::<R>(name)?;
            let mut keyed: Vec<(Key, R)> = (records.into_iter())
                .map(|it| (Key::new(&it.cells()[place], R::COLUMNS[place]), it))
                .collect();
            keyed.sort_by(|a, b| a.0.order(&b.0));
            if falling {
                keyed.reverse();
            }
            records = keyed.into_iter().map(|(_, it)| it).collect();
        }
        records.truncate(limit.unwrap_or(usize::MAX));
        session.ui.show_times(self.times);
        match self.format.is_for_people() && !named.is_empty() {
            true => write_table(&mut session.ui, &records, self.format, &named)?,
            false => write_list(&mut session.ui, &records, self.format)?,
        }
        Ok(())
    }
}

/// The place of a column.
fn column<R: Record>(name: &str) -> Result<usize, CommandError> {
    let titled = |it: &Column| it.title.eq_ignore_ascii_case(&name.replace('_', " "));
    R::COLUMNS.iter().position(titled).ok_or_else(|| {
        let names: Vec<&str> = R::COLUMNS.iter().map(|it| it.title).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("the columns are {}", names.join(", ")),
        };
        CommandError::invalid(format!("there is no column `{name}`")).hint(hint)
    })
}

/// What a cell is sorted by: numbers by their value, all else as text.
struct Key(f64, String);

impl Key {
    fn new(cell: &str, column: Column) -> Self {
        match cell.replace(',', "").parse() {
            Ok(number) if column.right => Self(number, String::new()),
            _ => Self(0.0, cell.to_lowercase()),
        }
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.0
            .total_cmp(&other.0)
            .then_with(|| self.1.cmp(&other.1))
    }
}
