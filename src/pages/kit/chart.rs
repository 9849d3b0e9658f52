//! A picture of numbers. The same numbers stand in a table beside it, so the picture is hidden from readers that speak.

use super::{Cell, Table};

/// How wide the longest bar is, in a picture that is 360 wide: on a phone its letters stay large enough to read.
const WIDTH: i64 = 290;
/// How high a row is: its label, and its bar below.
const ROW: usize = 58;

/// Bars, one a row.
pub struct Bars {
    /// What it is about.
    pub caption: String,
    /// What the rows are.
    pub of: String,
    /// What the first number of a row counts.
    pub counts: String,
    /// What the second number of a row counts, if there is one.
    pub beside: Option<String>,
    /// The rows.
    pub rows: Vec<Bar>,
}

/// A row.
pub struct Bar {
    /// What it is.
    pub label: String,
    /// How many; absent where the number is not shown.
    pub number: Option<i64>,
    /// A second number to hold the first one against, such as how many were sought.
    pub beside: Option<i64>,
}

/// A bar as it is drawn.
pub(super) struct Drawn {
    pub label: String,
    pub y: usize,
    pub width: i64,
    pub beside: Option<i64>,
    pub text: String,
}

impl Bars {
    /// How high the picture is.
    pub(super) fn height(&self) -> usize {
        self.rows.len() * ROW
    }

    /// The bars. Their lengths follow from the numbers that are shown, and from those alone.
    pub(super) fn drawn(&self) -> Vec<Drawn> {
        let shown = self.rows.iter().flat_map(|row| [row.number, row.beside]).flatten();
        let most = shown.max().unwrap_or(1).max(1);
        let width = |number: i64| number.clamp(0, most) * WIDTH / most;
        let row = |(n, row): (usize, &Bar)| Drawn {
            label: short(&row.label),
            y: n * ROW,
            width: row.number.map_or(0, width),
            beside: row.beside.map(width),
            text: row.number.map_or_else(|| "not shown".into(), |number| number.to_string()),
        };
        self.rows.iter().enumerate().map(row).collect()
    }

    /// The numbers as a table.
    fn table(&self) -> Table {
        let mut columns = vec![self.of.clone()];
        columns.extend(self.beside.clone());
        columns.push(self.counts.clone());
        let number = |number: Option<i64>| Cell::Number(number.map_or_else(|| "not shown".into(), |number| number.to_string()));
        let row = |row: &Bar| {
            let mut cells = vec![Cell::text(&row.label)];
            if self.beside.is_some() {
                cells.push(number(row.beside));
            }
            cells.push(number(row.number));
            cells
        };
        Table { caption: self.caption.clone(), columns, rows: self.rows.iter().map(row).collect() }
    }

    /// The caption and the table below the picture.
    pub(super) fn below(&self) -> super::Block {
        super::Block::Table(self.table())
    }
}

/// A label that fits above its bar; the table has it whole.
fn short(label: &str) -> String {
    if label.chars().count() <= 40 { label.to_owned() } else { label.chars().take(39).chain(['…']).collect() }
}
