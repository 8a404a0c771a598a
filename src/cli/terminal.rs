//! Questions at a terminal, one line each.

use crate::daemon::Trouble;
use std::io::{BufRead, IsTerminal as _, Read as _, Write};

/// A longer line is no answer.
const ANSWER_BYTES_MAX: u64 = 4096;
/// So many wrong answers to one question, then it is given up.
const TRIES: u32 = 5;

/// Whoever sits there.
pub(super) struct Terminal {
    input: Box<dyn BufRead>,
    output: Box<dyn Write>,
}

impl Terminal {
    /// That of this process, where it has one on both sides.
    pub(super) fn open() -> Option<Terminal> {
        let (input, output) = (std::io::stdin(), std::io::stdout());
        if !(input.is_terminal() && output.is_terminal()) {
            return None;
        }
        Some(Terminal { input: Box::new(input.lock()), output: Box::new(output) })
    }

    /// The answer; `usual` is taken for an empty one. `None`: there is none.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn ask(&mut self, question: &str, usual: &str) -> Result<Option<String>, Trouble> {
        let shown = if usual.is_empty() { String::new() } else { format!(" [{usual}]") };
        write!(self.output, "{question}{shown}: ").map_err(gone)?;
        self.output.flush().map_err(gone)?;
        let mut line = String::new();
        let read = self.input.by_ref().take(ANSWER_BYTES_MAX).read_line(&mut line).map_err(gone)?;
        if read == 0 {
            return Err(Trouble::new("nothing was done: the input ended"));
        }
        let line = line.trim();
        let answer = if line.is_empty() { usual } else { line };
        Ok(Some(answer.to_string()).filter(|answer| !answer.is_empty()))
    }

    /// The first answer that is one.
    ///
    /// # Errors
    /// Only wrong ones came, or the terminal is gone.
    pub(super) fn ask_until<T>(
        &mut self,
        question: &str,
        usual: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Trouble> {
        for _ in 0..TRIES {
            let Some(answer) = self.ask(question, usual)? else { continue };
            match read(&answer) {
                Ok(answer) => return Ok(answer),
                Err(why) => {
                    // A terminal that is gone is seen at the next question.
                    let _ = writeln!(self.output, "{why}");
                }
            }
        }
        Err(Trouble::new(format!("nothing was done: no answer to \"{question}\"")))
    }

    /// Is it so?
    ///
    /// # Errors
    /// As for [`Terminal::ask_until`].
    pub(super) fn confirm(&mut self, question: &str, usual: &str) -> Result<bool, Trouble> {
        self.ask_until(question, usual, |answer| match answer.to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("yes or no?".to_string()),
        })
    }
}

fn gone(error: std::io::Error) -> Trouble {
    Trouble::new(format!("the terminal: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(lines: &'static str) -> Terminal {
        Terminal { input: Box::new(lines.as_bytes()), output: Box::new(std::io::sink()) }
    }

    #[test]
    fn answers_are_asked_for_until_one_is_right() {
        let mut it = terminal("\n\nx\n 7 \nyes\n\nmaybe\nn\n");
        let number =
            it.ask_until("Number", "", |text| text.parse::<u8>().map_err(|it| it.to_string()));
        assert_eq!(number.unwrap(), 7);
        assert!(it.confirm("So?", "no").unwrap());
        assert!(it.confirm("So?", "yes").unwrap(), "the usual answer");
        assert!(!it.confirm("So?", "yes").unwrap());
        assert!(it.ask("More", "usual").unwrap_err().to_string().contains("the input ended"));
        let mut it = terminal("a\nb\nc\nd\ne\nyes\n");
        assert!(it.confirm("So?", "no").unwrap_err().to_string().contains("no answer to"));
    }
}
