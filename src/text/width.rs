//! Text in cells of a terminal: how wide it is, where to cut it, where to break it.
//!
//! A cell is one column of one row; a character takes none (combining), one, or two (East Asian
//! wide, UAX #11). Widths are summed character by character, as terminals do that join nothing;
//! input is text that `escape` has seen.

use super::table::{Borders, Color, Style};
use crate::limits::PIPE_COLUMNS;
use unicode_width::UnicodeWidthChar;

/// The sign of a cut in Unicode.
pub const CUT: char = '…';

/// Cells of a character; control characters have none.
pub fn width_of(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// Cells of a text.
pub fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// The text, or as much of it as fits into `cells` together with `sign`. Marks stay with their
/// letter.
pub fn cut(text: &str, cells: usize, sign: char) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let (mut kept, _) = split_at(text, cells.saturating_sub(width_of(sign)));
    if cells >= width_of(sign) {
        kept.push(sign);
    }
    kept
}

/// The text in lines of at most `cells` cells (a character wider than that has a line of its own),
/// broken at blanks where possible. There is always one line, be it empty.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if used > 0 && used + 1 + width(word) <= cells {
            append(&mut lines, " ");
            append(&mut lines, word);
            used += 1 + width(word);
            continue;
        }
        let mut pieces = chop(word, cells).into_iter();
        if used == 0 {
            append(&mut lines, &pieces.next().unwrap_or_default());
        }
        lines.extend(pieces);
        used = lines.last().map_or(0, |line| width(line));
    }
    lines
}

/// Text that may have colours (SGR, ECMA-48), with lines of more than `cells` cells broken at their
/// blanks. A word that is wider stays whole, so that it can be copied whole.
pub fn fold(text: &str, cells: usize) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut used = 0;
        for (number, word) in line.split(' ').enumerate() {
            let wide = width_without_color(word);
            let fits = used + 1 + wide <= cells;
            match number {
                0 => {}
                _ if fits => folded.push(' '),
                _ => folded.push('\n'),
            }
            used = if number > 0 && fits { used + 1 + wide } else { wide };
            folded.push_str(word);
        }
    }
    folded
}

fn width_without_color(text: &str) -> usize {
    let mut parts = text.split("\x1b[");
    let first = parts.next().map_or(0, width);
    first + parts.map(|part| part.split_once('m').map_or(0, |(_, rest)| width(rest))).sum::<usize>()
}

/// The widest word between blanks.
pub fn longest_word(text: &str) -> usize {
    text.split(' ').map(width).max().unwrap_or(0)
}

/// Words side by side in as many columns as fit into `cells`, read from top to bottom, as `ls` has
/// them. A word that is wider has a line of its own.
pub fn in_columns(words: &[String], cells: usize) -> Vec<String> {
    const GAP: usize = 2;
    let cell = words.iter().map(|word| width(word)).max().unwrap_or(0) + GAP;
    let rows = words.len().div_ceil(((cells + GAP) / cell).max(1));
    let mut lines = Vec::new();
    for row in 0..rows {
        let mut line = String::new();
        for word in words.iter().skip(row).step_by(rows) {
            line += word;
            line += &" ".repeat(cell - width(word));
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

fn append(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// A word in pieces that fit.
fn chop(word: &str, cells: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let (piece, after) = split_at(rest, cells);
        // One character at least, or this would never end.
        let forced = rest.char_indices().nth(1).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = if piece.is_empty() {
            (rest.chars().take(1).collect(), rest.get(forced..).unwrap_or_default())
        } else {
            (piece, after)
        };
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// As many whole characters as fit into `cells`, with the marks that follow them, and the rest.
fn split_at(text: &str, cells: usize) -> (String, &str) {
    let mut used = 0;
    for (at, letter) in text.char_indices() {
        used += width_of(letter);
        if used > cells {
            let (kept, rest) = text.split_at_checked(at).unwrap_or((text, ""));
            return (kept.to_owned(), rest);
        }
    }
    (text.to_owned(), "")
}

// Where text is shown: a window or a pipe.

/// Where an answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns of the window.
    pub columns: usize,
    /// Colours and lines.
    pub style: Style,
}

impl Screen {
    /// No window: a pipe or a file.
    pub const PIPE: Screen = Screen {
        columns: PIPE_COLUMNS,
        style: Style { color: Color::Never, borders: Borders::None },
    };

    /// A window. A terminal that calls itself dumb gets neither colours nor drawn lines.
    pub fn window(term: &str, columns: usize) -> Screen {
        let dumb = matches!(term, "" | "dumb" | "unknown");
        let style = if dumb {
            Style { color: Color::Never, borders: Borders::Ascii }
        } else {
            Style { color: Color::Ansi, borders: Borders::Unicode }
        };
        Screen { columns, style }
    }

    /// The same without colours.
    pub fn without_color(mut self) -> Screen {
        self.style.color = Color::Never;
        self
    }

    /// Breaks lines that are too long for a window; a pipe has no width.
    pub fn fold(self, text: String) -> String {
        match self.style.borders {
            Borders::None => text,
            Borders::Ascii | Borders::Unicode => fold(&text, self.columns),
        }
    }

    /// The text in a colour: `code` is the parameter of SGR (ECMA-48), 31 red, 32 green, 33 yellow.
    pub fn paint(self, code: &str, text: &str) -> String {
        match self.style.color {
            Color::Ansi => format!("\x1b[{code}m{text}\x1b[0m"),
            Color::Never => text.to_string(),
        }
    }

    /// The text in bold.
    pub fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        for (text, cells) in
            [("", 0), ("abc", 3), ("日本", 4), ("e\u{301}", 1), ("Zoë", 3), ("…", 1)]
        {
            assert_eq!(width(text), cells, "{text}");
        }
    }

    #[test]
    fn long_lines_are_folded() {
        for (line, cells, expect) in [
            ("one two\n\nthree four\n", 7, "one two\n\nthree\nfour\n"),
            ("\x1b[31mone two\x1b[0m", 7, "\x1b[31mone two\x1b[0m"),
            ("\x1b[31mone two\x1b[0m!", 7, "\x1b[31mone\ntwo\x1b[0m!"),
            ("key: 0123456789 x", 6, "key:\n0123456789\nx"),
            ("日本 語", 6, "日本\n語"),
            ("a  b", 9, "a  b"),
            ("", 1, ""),
        ] {
            assert_eq!(fold(line, cells), expect, "{line}");
        }
    }

    #[test]
    fn words_in_columns() {
        let words = ["one", "three", "日本", "four", "x"].map(str::to_owned);
        assert_eq!(in_columns(&words, 80), ["one    three  日本   four   x"]);
        assert_eq!(in_columns(&words, 19), ["one    日本   x", "three  four"]);
        assert_eq!(in_columns(&words, 12), ["one    four", "three  x", "日本"]);
        assert_eq!(in_columns(&words, 1), ["one", "three", "日本", "four", "x"]);
        assert!(in_columns(&[], 80).is_empty());
    }

    #[test]
    fn cutting_keeps_characters_whole() {
        for (text, cells, expect) in [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 4, "abc…"),
            ("abcdef", 1, "…"),
            ("abcdef", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
        ] {
            assert_eq!(cut(text, cells, CUT), expect);
            assert!(width(&cut(text, cells, CUT)) <= cells);
        }
    }

    #[test]
    fn wrapping_breaks_at_blanks_or_where_it_must() {
        for (text, cells, expect) in [
            ("", 5, vec![""]),
            ("Wireguard public key", 9, vec!["Wireguard", "public", "key"]),
            ("Wireguard public key", 10, vec!["Wireguard", "public key"]),
            ("Wireguard public key", 4, vec!["Wire", "guar", "d", "publ", "ic", "key"]),
            ("a  b ", 9, vec!["a b"]),
            ("日本語", 4, vec!["日本", "語"]),
            ("日本", 1, vec!["日", "本"]),
            ("ab", 0, vec!["a", "b"]),
        ] {
            assert_eq!(wrap(text, cells), expect, "{text} {cells}");
        }
    }
}
