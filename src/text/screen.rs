//! Where text is shown: a window or a pipe.

use super::table::{Borders, Color, Style};
use super::width::fold;
use crate::limits::PIPE_COLUMNS;

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
