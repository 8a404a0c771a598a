//! The framed form of a table, and how wide each of its columns is.

use super::{Borders, Fit, Role, Style, Table, centred, painted};
use crate::limits::TABLE_CELL_COLUMNS_MIN;
use crate::text::width::{CUT, cut, longest_word, width, wrap};

/// A table whose columns have found their widths.
pub(super) struct Frame<'a> {
    pub(super) table: &'a Table,
    pub(super) widths: Vec<usize>,
    pub(super) style: Style,
    pub(super) window: usize,
}

/// A horizontal line: left end, line, crossing, right end.
type Rule = [&'static str; 4];

/// Head or body, which have bars of their own.
#[derive(Clone, Copy)]
enum Part {
    Head,
    /// The row of this number.
    Body(usize),
}

/// What a frame is drawn with.
struct Glyphs {
    top: Rule,
    middle: Rule,
    bottom: Rule,
    head: &'static str,
    body: &'static str,
    cut: char,
}

const UNICODE: Glyphs = Glyphs {
    top: ["┏", "━", "┳", "┓"],
    middle: ["┡", "━", "╇", "┩"],
    bottom: ["└", "─", "┴", "┘"],
    head: "┃",
    body: "│",
    cut: CUT,
};

const ASCII: Glyphs = Glyphs {
    top: ["+", "-", "+", "+"],
    middle: ["+", "=", "+", "+"],
    bottom: ["+", "-", "+", "+"],
    head: "|",
    body: "|",
    cut: '~',
};

impl Frame<'_> {
    /// The cells that borders and the blanks beside them take.
    pub(super) fn cells(columns: usize) -> usize {
        3 * columns + 1
    }

    /// The whole table.
    pub(super) fn draw(&self) -> String {
        let glyphs = self.glyphs();
        let mut out = self.title();
        out.push_str(&self.rule(glyphs.top));
        let heads: Vec<Vec<String>> = self
            .table
            .columns
            .iter()
            .zip(&self.widths)
            .map(|(column, w)| wrap(&column.head, *w))
            .collect();
        let height = heads.iter().map(Vec::len).max().unwrap_or(1);
        let lifted: Vec<Vec<String>> =
            heads.into_iter().map(|lines| at_the_bottom(lines, height)).collect();
        out.push_str(&self.lines(&lifted, Part::Head));
        out.push_str(&self.rule(glyphs.middle));
        for (number, row) in self.table.rows.iter().enumerate() {
            out.push_str(&self.lines(&self.broken(row), Part::Body(number)));
        }
        out.push_str(&self.rule(glyphs.bottom));
        out
    }

    fn glyphs(&self) -> &'static Glyphs {
        if self.style.borders == Borders::Ascii { &ASCII } else { &UNICODE }
    }

    fn title(&self) -> String {
        let Some(title) = &self.table.title else { return String::new() };
        let cells = self.widths.iter().sum::<usize>() + Frame::cells(self.widths.len());
        let mut lines = String::new();
        for (indent, text) in centred(title, cells, self.window) {
            let text = painted(&text, Role::Title, self.style.color);
            lines += &format!("{}{text}\n", " ".repeat(indent));
        }
        lines
    }

    fn rule(&self, [left, line, cross, right]: Rule) -> String {
        let pieces: Vec<String> = self.widths.iter().map(|cells| line.repeat(cells + 2)).collect();
        format!("{left}{}{right}\n", pieces.join(cross))
    }

    /// A row's cells, each in the lines that its column makes of it.
    fn broken(&self, row: &[String]) -> Vec<Vec<String>> {
        let mut broken = Vec::new();
        for ((cell, column), cells) in row.iter().zip(&self.table.columns).zip(&self.widths) {
            broken.push(match column.fit {
                Fit::Wrap => wrap(cell, *cells),
                Fit::Cut => vec![cut(cell, *cells, self.glyphs().cut)],
                Fit::Whole => vec![cell.clone()],
            });
        }
        broken
    }

    /// Cells of one or more lines side by side.
    fn lines(&self, cells: &[Vec<String>], part: Part) -> String {
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        (0..height).map(|at| self.line(cells, at, part)).collect()
    }

    fn line(&self, cells: &[Vec<String>], at: usize, part: Part) -> String {
        let bar = match part {
            Part::Head => self.glyphs().head,
            Part::Body(_) => self.glyphs().body,
        };
        let mut out = bar.to_owned();
        for (number, (lines, cells)) in cells.iter().zip(&self.widths).enumerate() {
            let text = lines.get(at).map_or("", String::as_str);
            let role = match part {
                Part::Head => Role::Head,
                Part::Body(row) => self.table.role(row, number),
            };
            let blanks = " ".repeat(cells.saturating_sub(width(text)));
            let text = painted(text, role, self.style.color);
            out.push_str(&format!(" {text}{blanks} {bar}"));
        }
        out.push('\n');
        out
    }
}

fn at_the_bottom(lines: Vec<String>, height: usize) -> Vec<String> {
    let above = height.saturating_sub(lines.len());
    std::iter::repeat_n(String::new(), above).chain(lines).collect()
}

/// The width of each column, in cells without borders, so that all together take at most `room`;
/// `None` if there is no such way. Cells that may be cut or wrapped give way before heads wrap;
/// among those the widest does, the rightmost of equals.
pub(super) fn fit(table: &Table, room: usize) -> Option<Vec<usize>> {
    let least: Vec<usize> = (0..table.columns.len()).map(|at| least(table, at)).collect();
    let mut widths: Vec<usize> = (0..table.columns.len())
        .zip(&least)
        .map(|(at, least)| natural(table, at).min(room).max(*least))
        .collect();
    // Each column starts with at most `room` cells (or its least), so this ends soon.
    while widths.iter().sum::<usize>() > room {
        let bound = table.columns.iter().map(|column| column.fit == Fit::Whole).zip(&least);
        let can_give = widths.iter_mut().zip(bound).filter(|(cells, (_, least))| **cells > **least);
        let first = can_give.max_by_key(|(cells, (whole, _))| (!whole, **cells));
        *first?.0 -= 1;
    }
    Some(widths)
}

fn cells(table: &Table, at: usize) -> impl Iterator<Item = &String> {
    table.rows.iter().filter_map(move |row| row.get(at))
}

fn head(table: &Table, at: usize) -> &str {
    table.columns.get(at).map_or("", |column| &column.head)
}

fn widest(table: &Table, at: usize) -> usize {
    cells(table, at).map(|cell| width(cell)).max().unwrap_or(0)
}

/// With everything on one line.
fn natural(table: &Table, at: usize) -> usize {
    widest(table, at).max(width(head(table, at)))
}

/// As narrow as it may get: the head's longest word, and of the cells what their `Fit` demands.
fn least(table: &Table, at: usize) -> usize {
    let body = match table.columns.get(at).map(|column| column.fit) {
        Some(Fit::Whole) => widest(table, at),
        _ => widest(table, at).min(TABLE_CELL_COLUMNS_MIN),
    };
    body.max(longest_word(head(table, at)))
}
