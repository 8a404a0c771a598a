//! Text tables: heavy head, light body, fitted to the window.
//!
//! A table has three shapes. On a terminal it is a frame as wide as its content; if the window is
//! narrower, the widest columns that may give way are narrowed, the words of the head wrap, cells
//! are cut with `…`. In a window too narrow for that it is one `name: value` line per cell. Without
//! a terminal (`Borders::None`) nothing is cut, whatever the width: a header line, columns aligned
//! and two or more blanks apart, `-` for an empty cell, no title, no blanks at a line's end; so
//! both `awk -F '  +'` and a person can read it. Every text passes through `escape`. Each line
//! ends with `\n`; who writes to a raw terminal turns that into CRLF.

mod frame;

use super::escape::escape;
use super::width::{width, wrap};
use crate::limits::{COLUMNS_MAX, TABLE_COLUMNS_MIN};
use frame::{Frame, fit};
use std::collections::BTreeMap;

/// A table as the commands make it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Stands above, centred.
    pub title: Option<String>,
    /// From left to right.
    pub columns: Vec<Column>,
    /// One cell per column; missing cells are empty, cells without a column are not shown.
    pub rows: Vec<Vec<String>>,
    /// Cells that have a colour, by row and column from 0.
    pub hues: BTreeMap<(usize, usize), Hue>,
}

/// A column's head, and what may happen to its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Head. Its words wrap, they are never cut.
    pub head: String,
    /// What happens to a cell that is too wide.
    pub fit: Fit,
}

/// What happens to a cell that is wider than the window leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Cut, with `…` at its end.
    Cut,
    /// Broken into lines.
    Wrap,
    /// Nothing: what a member copies must be complete.
    Whole,
}

/// The colour of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hue {
    /// It is well.
    Green,
    /// It waits, or rests.
    Yellow,
    /// It is not well.
    Red,
}

/// How a table looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether there may be colours.
    pub color: Color,
    /// What the lines are drawn with.
    pub borders: Borders,
}

/// Whether text may hold control sequences for colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Not one control character.
    Never,
    /// Sequences of ECMA-48, section 8.3.117 (SGR), closed on each line.
    Ansi,
}

/// What lines are drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Borders {
    /// Box-drawing characters (U+2500 and following).
    Unicode,
    /// `+`, `-`, `=` and `|`.
    Ascii,
    /// No lines at all: for programs.
    None,
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Title,
    Head,
    /// A cell of the first column, by which a row is known.
    Key,
    Cell(Option<Hue>),
}

impl Table {
    /// An empty table of these columns.
    pub fn new<const N: usize>(columns: [(&str, Fit); N]) -> Table {
        let mut table = Table::default();
        for (head, fit) in columns {
            table.columns.push(Column { head: head.to_owned(), fit });
        }
        table
    }

    /// The table as text for a window of `width` cells.
    pub fn render(&self, width: usize, style: Style) -> String {
        let table = self.clean();
        let width = width.min(COLUMNS_MAX);
        match style.borders {
            Borders::None => table.plain(),
            _ if table.columns.is_empty() => String::new(),
            _ if width < TABLE_COLUMNS_MIN => table.listed(style.color),
            _ => match fit(&table, width.saturating_sub(Frame::cells(table.columns.len()))) {
                Some(widths) => Frame { table: &table, widths, style, window: width }.draw(),
                None => table.listed(style.color),
            },
        }
    }

    /// Whether it is drawn as a frame in a window of `width` cells.
    pub fn is_framed_in(&self, width: usize) -> bool {
        let room = width.min(COLUMNS_MAX).checked_sub(Frame::cells(self.columns.len()));
        room.is_some_and(|room| fit(&self.clean(), room).is_some())
    }

    /// What a cell is, for its colour.
    fn role(&self, row: usize, column: usize) -> Role {
        match self.hues.get(&(row, column)) {
            None if column == 0 => Role::Key,
            hue => Role::Cell(hue.copied()),
        }
    }

    /// All texts escaped, all rows as long as the head.
    fn clean(&self) -> Table {
        let title = self.title.as_deref().map(escape);
        let mut table = Table { title, hues: self.hues.clone(), ..Table::default() };
        for column in &self.columns {
            table.columns.push(Column { head: escape(&column.head), fit: column.fit });
        }
        for row in &self.rows {
            let mut cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
            cells.resize(self.columns.len(), String::new());
            table.rows.push(cells);
        }
        table
    }

    /// For programs.
    fn plain(&self) -> String {
        let mut lines: Vec<Vec<&str>> = vec![self.heads().collect()];
        for row in &self.rows {
            lines.push(row.iter().map(|cell| if cell.is_empty() { "-" } else { cell }).collect());
        }
        let mut widths = vec![0; self.columns.len()];
        for line in &lines {
            for (widest, cell) in widths.iter_mut().zip(line) {
                *widest = width(cell).max(*widest);
            }
        }
        lines.iter().map(|line| plain_line(line, &widths)).collect()
    }

    fn heads(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.head.as_str())
    }

    /// For a window in which no table fits: rows apart by an empty line.
    fn listed(&self, color: Color) -> String {
        let mut text = String::new();
        if let Some(title) = &self.title {
            text += &painted(title, Role::Title, color);
            text.push('\n');
        }
        if self.rows.is_empty() {
            text.extend(self.heads().map(|head| listed_line(head, "", color)));
        }
        for (number, row) in self.rows.iter().enumerate() {
            if number > 0 {
                text.push('\n');
            }
            for (column, (head, cell)) in self.heads().zip(row).enumerate() {
                // Names are in bold; what stands after them has its own colour, or none.
                let cell = match self.role(number, column) {
                    Role::Key => cell.clone(),
                    role => painted(cell, role, color),
                };
                text += &listed_line(head, &cell, color);
            }
        }
        text
    }
}

fn plain_line(row: &[&str], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, cells) in row.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', cells.saturating_sub(width(cell)) + 2));
    }
    line.truncate(line.trim_end_matches(' ').len());
    line.push('\n');
    line
}

fn listed_line(head: &str, cell: &str, color: Color) -> String {
    let name = painted(head, Role::Head, color);
    if cell.is_empty() { format!("{name}:\n") } else { format!("{name}: {cell}\n") }
}

/// The text with its colour. Bold heads and a cyan key read well on dark and light alike.
fn painted(text: &str, role: Role, color: Color) -> String {
    let sgr = match role {
        Role::Title | Role::Head => "1",
        Role::Key => "36",
        Role::Cell(None) => "",
        Role::Cell(Some(Hue::Red)) => "31",
        Role::Cell(Some(Hue::Green)) => "32",
        Role::Cell(Some(Hue::Yellow)) => "33",
    };
    match color {
        Color::Ansi if !sgr.is_empty() && !text.is_empty() => format!("\x1b[{sgr}m{text}\x1b[0m"),
        _ => text.to_owned(),
    }
}

/// A title's lines, each in the middle above a table of `cells` cells.
fn centred(title: &str, cells: usize, window: usize) -> Vec<(usize, String)> {
    let lines = wrap(title, window.max(cells));
    lines.into_iter().map(|line| (cells.saturating_sub(width(&line)) / 2, line)).collect()
}

#[cfg(test)]
mod tests;
