//! A picture of numbers. The same numbers stand in a table beside it, so the picture is hidden from readers that speak.

use super::{Cell, Table};

/// How wide the longest bar is, in a picture that is 360 wide: on a phone its letters stay large enough to read.
const WIDTH: i64 = 290;
/// How wide it is where each bar says what it counts.
const NARROW: i64 = 230;
/// How high the label above bars is, with what is free below them.
const LABEL: usize = 32;
/// How high a bar is with its frame.
const BAR: usize = 26;

/// Bars, one or more a row.
pub struct Bars {
    /// What it is about.
    pub caption: String,
    /// What the rows are.
    pub of: String,
    /// What each number of a row counts.
    pub counts: Vec<String>,
    /// What the numbers are held against, if there is something.
    pub beside: Option<String>,
    /// The rows.
    pub rows: Vec<Bar>,
}

/// A row.
pub struct Bar {
    /// What it is.
    pub label: String,
    /// How many, of each count; absent where the number is not shown.
    pub numbers: Vec<Option<i64>>,
    /// What to hold them against, such as how many were sought: from, if not from none, and up to.
    pub beside: Option<(Option<i64>, i64)>,
}

/// A row as it is drawn.
pub(super) struct Drawn {
    pub label: String,
    pub y: usize,
    pub beside: Option<Against>,
    pub bars: Vec<Line>,
}

/// What bars are held against, as it is drawn: a frame around them.
pub(super) struct Against {
    pub x: i64,
    pub width: i64,
    pub height: usize,
}

/// One bar as it is drawn.
pub(super) struct Line {
    pub y: usize,
    pub width: i64,
    pub text_at: i64,
    pub text: String,
}

impl Bars {
    /// One bar a row.
    pub fn one(
        caption: impl Into<String>,
        of: &str,
        counts: &str,
        rows: impl IntoIterator<Item = (String, Option<i64>)>,
    ) -> Self {
        let row = |(label, number)| Bar { label, numbers: vec![number], beside: None };
        let rows = rows.into_iter().map(row).collect();
        Self { caption: caption.into(), of: of.into(), counts: vec![counts.into()], beside: None, rows }
    }

    /// How high a row is.
    fn row(&self) -> usize {
        LABEL + BAR * self.counts.len().max(1)
    }

    /// How high the picture is.
    pub(super) fn height(&self) -> usize {
        self.rows.len() * self.row()
    }

    /// The bars. Their lengths follow from the numbers that are shown, and from those alone.
    pub(super) fn drawn(&self) -> Vec<Drawn> {
        let shown = self.rows.iter().flat_map(|row| row.numbers.iter().copied().chain([row.beside.map(|beside| beside.1)]));
        let most = shown.flatten().max().unwrap_or(1).max(1);
        let names = self.counts.len() > 1;
        let width = |number: i64| number.clamp(0, most) * if names { NARROW } else { WIDTH } / most;
        let row = |(n, row): (usize, &Bar)| {
            let y = n * self.row();
            let beside = row.beside.map(|(from, to)| {
                let from = width(from.unwrap_or(0));
                Against { x: from + 1, width: (width(to) - from).max(1), height: BAR * row.numbers.len() }
            });
            let after = beside.as_ref().map_or(0, |frame| frame.x + frame.width);
            let line = |((at, number), name): ((usize, &Option<i64>), &String)| {
                let number_width = number.map_or(0, width);
                let text = number.map_or_else(|| "not shown".into(), |number| number.to_string());
                let text = if names { format!("{name}: {text}") } else { text };
                Line { y: y + LABEL - 2 + at * BAR, width: number_width, text_at: number_width.max(after) + 9, text }
            };
            let bars = row.numbers.iter().enumerate().zip(&self.counts).map(line).collect();
            Drawn { label: short(&row.label), y, beside, bars }
        };
        self.rows.iter().enumerate().map(row).collect()
    }

    /// The numbers as a table.
    fn table(&self) -> Table {
        let columns = std::iter::once(&self.of).chain(&self.beside).chain(&self.counts).cloned().collect();
        let number = |number: Option<i64>| Cell::Number(number.map_or_else(|| "not shown".into(), |number| number.to_string()));
        let row = |row: &Bar| {
            let mut cells = vec![Cell::text(&row.label)];
            match row.beside {
                _ if self.beside.is_none() => {}
                Some((Some(from), to)) => cells.push(Cell::Number(format!("{from} to {to}"))),
                beside => cells.push(number(beside.map(|beside| beside.1))),
            }
            cells.extend(row.numbers.iter().copied().map(number));
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
