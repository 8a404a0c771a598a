//! A terminal's screen, as far as a session uses one: endless downwards, with either kind of wrap.

use crate::text::width::width_of;

/// When a full row goes over to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shell) enum Wrap {
    /// With the next character, as xterm does.
    Deferred,
    /// As soon as the last column is filled.
    AtOnce,
}

/// The screen.
pub(in crate::shell) struct VirtualTerminal {
    columns: usize,
    wrap: Wrap,
    rows: Vec<Vec<String>>,
    row: usize,
    column: usize,
}

impl VirtualTerminal {
    pub(in crate::shell) fn new(columns: usize, wrap: Wrap) -> VirtualTerminal {
        VirtualTerminal { columns, wrap, rows: vec![vec![]], row: 0, column: 0 }
    }

    /// What is there, without blanks at the ends of rows or empty rows at the end.
    pub(in crate::shell) fn text(&self) -> String {
        let rows: Vec<String> =
            self.rows.iter().map(|row| row.concat().trim_end_matches(' ').to_owned()).collect();
        rows.join("\n").trim_end_matches('\n').to_owned()
    }

    /// What is there, with a mark at the cursor.
    pub(in crate::shell) fn picture(&self) -> String {
        let (row, column) = self.cursor();
        let mut rows = self.rows.clone();
        rows.resize(rows.len().max(row + 1), vec![]);
        let cells = &mut rows[row];
        cells.resize(cells.len().max(column + 1), " ".to_owned());
        cells[column].insert(0, '█');
        let rows: Vec<String> =
            rows.iter().map(|row| row.concat().trim_end_matches(' ').to_owned()).collect();
        rows.join("\n") + "\n"
    }

    /// The window has another width. Full rows are broken anew, as most terminals do.
    pub(in crate::shell) fn resize(&mut self, columns: usize) {
        let (lines, cursor) = self.lines();
        (self.columns, self.rows, self.row, self.column) = (columns, vec![vec![]], 0, 0);
        let mut place = (0, 0);
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                (self.row, self.column) = (self.row + 1, 0);
                self.rows.push(vec![]);
            }
            for (at, cell) in line.iter().enumerate() {
                if (number, at) == cursor {
                    place = self.cursor();
                }
                if !cell.is_empty() {
                    cell.chars().for_each(|letter| self.print(letter));
                }
            }
            if number == cursor.0 && cursor.1 >= line.len() {
                place = (self.row, self.column + cursor.1 - line.len());
            }
        }
        (self.row, self.column) = place;
        self.go_to_row(self.row);
    }

    /// The rows as lines again, as long as they were before they were broken, and where in them the
    /// cursor is.
    fn lines(&self) -> (Vec<Vec<String>>, (usize, usize)) {
        let (mut lines, mut cursor) = (vec![vec![]], (0, 0));
        let mut full = true;
        for (number, row) in self.rows.iter().enumerate() {
            if !full {
                lines.push(vec![]);
            }
            let last = lines.len() - 1;
            if number == self.row {
                cursor = (last, lines[last].len() + self.column);
            }
            lines[last].extend(row.iter().cloned());
            full = row.len() >= self.columns;
        }
        (lines, cursor)
    }

    /// Row and column; a full row counts as the next one's start.
    pub(in crate::shell) fn cursor(&self) -> (usize, usize) {
        if self.column >= self.columns { (self.row + 1, 0) } else { (self.row, self.column) }
    }

    /// Forgets what is above the cursor.
    pub(in crate::shell) fn clear_above(&mut self) {
        assert_eq!(self.column, 0, "a prompt begins at the left edge");
        assert!(self.rows.drain(self.row..).all(|row| row.concat().trim().is_empty()));
        (self.rows, self.row) = (vec![vec![]], 0);
    }

    pub(in crate::shell) fn take(&mut self, bytes: &[u8]) {
        let text = str::from_utf8(bytes).expect("whole characters");
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' => self.column = 0,
                '\n' => self.go_to_row(self.row + 1),
                '\x08' => self.column = self.column.checked_sub(1).expect("not at the left edge"),
                '\x07' => {}
                '\x1b' => {
                    assert_eq!(letters.next(), Some('['));
                    let rest = letters.as_str();
                    let end = rest.find(|it: char| it.is_ascii_alphabetic()).expect("an end");
                    // Whether a paste is marked, and colours, move nothing.
                    if !rest.starts_with("?2004") && &rest[end..=end] != "m" {
                        self.control(rest[..end].parse().unwrap_or(0), &rest[end..=end]);
                    }
                    letters = rest[end + 1..].chars();
                }
                _ => self.print(letter),
            }
        }
    }

    fn control(&mut self, number: usize, last: &str) {
        let column = self.column;
        match last {
            "A" => self.row = self.row.checked_sub(number).expect("not above the screen"),
            "C" => self.column += number,
            "K" => self.cells().truncate(column),
            "J" if number == 0 => {
                self.rows.truncate(self.row + 1);
                self.cells().truncate(column);
            }
            "J" => self.rows = vec![vec![]; self.row + 1],
            "H" => (self.row, self.column) = (0, 0),
            other => panic!("{other}"),
        }
        assert!(self.column < self.columns || last == "K" || last == "J");
    }

    fn print(&mut self, letter: char) {
        let cells = width_of(letter);
        if cells == 0 {
            // Onto the letter before, which a wrap at once has left in the row above.
            let row = self.row - usize::from(self.column == 0);
            let cell = match self.column {
                0 => self.rows[row].last_mut(),
                column => self.rows[row].get_mut(column - 1),
            };
            return cell.expect("a letter before a mark").push(letter);
        }
        if self.column + cells > self.columns {
            self.go_to_row(self.row + 1);
            self.column = 0;
        }
        self.put(letter.to_string());
        (1..cells).for_each(|_| self.put(String::new()));
        if self.wrap == Wrap::AtOnce && self.column >= self.columns {
            self.go_to_row(self.row + 1);
            self.column = 0;
        }
    }

    fn put(&mut self, cell: String) {
        let column = self.column;
        let row = self.cells();
        row.resize(row.len().max(column + 1), " ".to_owned());
        row[column] = cell;
        self.column += 1;
    }

    fn cells(&mut self) -> &mut Vec<String> {
        &mut self.rows[self.row]
    }

    fn go_to_row(&mut self, row: usize) {
        self.row = row;
        self.rows.resize(self.rows.len().max(row + 1), vec![]);
    }
}
