//! How wide each column is.

use super::{Fit, Table};
use crate::limits::TABLE_CELL_COLUMNS_MIN;
use crate::shell::text::{longest_word, width};

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
