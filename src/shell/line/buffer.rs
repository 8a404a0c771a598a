//! The text that is being edited, as two stacks that meet at the cursor: no index, nothing to miss.

use crate::limits::LINE_BYTES_MAX;
use crate::text::width::width_of;

/// Text and cursor, never more than [`LINE_BYTES_MAX`] bytes of UTF-8.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer {
    before: Vec<char>,
    /// The character after the cursor is the last.
    after: Vec<char>,
    bytes: usize,
    killed: Vec<char>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Back,
    Forth,
}

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// A character with its marks.
    Letter,
    /// A word of letters and digits, and what lies between it and the cursor.
    Word,
    /// What stands between blanks, and the blanks before the cursor.
    Blank,
    All,
}

/// What was removed before: does it belong to what is removed now?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Apart,
    Joined,
}

/// The line is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Buffer {
    /// Puts a character in at the cursor.
    pub(super) fn insert(&mut self, letter: char) -> Result<(), Full> {
        if self.bytes + letter.len_utf8() > LINE_BYTES_MAX {
            return Err(Full);
        }
        self.bytes += letter.len_utf8();
        self.before.push(letter);
        Ok(())
    }

    /// Moves the cursor. True if it moved.
    pub(super) fn go(&mut self, way: Way, reach: Reach) -> bool {
        let steps = self.distance(way, reach);
        let (from, to) = match way {
            Way::Back => (&mut self.before, &mut self.after),
            Way::Forth => (&mut self.after, &mut self.before),
        };
        let start = from.len().saturating_sub(steps);
        to.extend(from.drain(start..).rev());
        steps > 0
    }

    /// Removes. What is more than a letter can be put back by `yank`, together with what was
    /// removed just before it. True if anything was there.
    pub(super) fn kill(&mut self, way: Way, reach: Reach, before: Before) -> bool {
        let steps = self.distance(way, reach);
        let side = if way == Way::Back { &mut self.before } else { &mut self.after };
        let gone = side.split_off(side.len().saturating_sub(steps));
        self.bytes -= bytes_of(&gone);
        if reach != Reach::Letter && steps > 0 {
            if before == Before::Apart {
                self.killed.clear();
            }
            match way {
                Way::Back => drop(self.killed.splice(..0, gone)),
                Way::Forth => self.killed.extend(gone.into_iter().rev()),
            }
        }
        steps > 0
    }

    /// Puts in what was removed last.
    pub(super) fn yank(&mut self) -> Result<(), Full> {
        let killed = self.killed.clone();
        killed.into_iter().try_for_each(|letter| self.insert(letter))
    }

    /// Swaps the characters before and after the cursor and moves on; at the end, the two before
    /// it. False where there are not two.
    pub(super) fn transpose(&mut self) -> bool {
        if self.before.is_empty() || self.before.len() + self.after.len() < 2 {
            return false;
        }
        self.before.extend(self.after.pop());
        if let [.., left, right] = self.before.as_mut_slice() {
            std::mem::swap(left, right);
        }
        true
    }

    /// Replaces the text; the cursor is at its end. What is too long is cut.
    pub(super) fn set(&mut self, text: &str) {
        self.before.clear();
        self.after.clear();
        self.bytes = 0;
        let _ = text.chars().try_for_each(|letter| self.insert(letter));
    }

    /// The same, with the cursor after so many characters.
    pub(super) fn set_at(&mut self, text: &str, letters: usize) {
        self.set(text);
        let start = letters.min(self.before.len());
        self.after.extend(self.before.drain(start..).rev());
    }

    /// Puts text in place of so many characters before the cursor.
    pub(super) fn replace(&mut self, letters: usize, text: &str) -> Result<(), Full> {
        let gone = self.before.split_off(self.before.len().saturating_sub(letters));
        self.bytes -= bytes_of(&gone);
        text.chars().try_for_each(|letter| self.insert(letter))
    }

    /// The whole text.
    pub(super) fn text(&self) -> String {
        self.before.iter().chain(self.after.iter().rev()).collect()
    }

    /// The characters before the cursor.
    pub(super) fn before(&self) -> &[char] {
        &self.before
    }

    /// The characters after the cursor, in order.
    pub(super) fn after(&self) -> impl Iterator<Item = char> {
        self.after.iter().rev().copied()
    }

    /// Whether the cursor is at the end.
    pub(super) fn at_end(&self) -> bool {
        self.after.is_empty()
    }

    /// Whether there is no text.
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// How many characters a step takes. Both stacks have the nearest character last.
    fn distance(&self, way: Way, reach: Reach) -> usize {
        let near = if way == Way::Back { &self.before } else { &self.after };
        match (reach, way) {
            (Reach::All, _) => near.len(),
            (Reach::Letter, Way::Back) => (run(near, 0, is_mark) + 1).min(near.len()),
            (Reach::Letter, Way::Forth) => run(near, 1, is_mark).min(near.len()),
            (Reach::Word, _) => run(near, run(near, 0, |letter| !is_word(letter)), is_word),
            (Reach::Blank, _) => {
                let blanks = run(near, 0, |letter| letter == ' ');
                run(near, blanks, |letter| letter != ' ')
            }
        }
    }
}

fn bytes_of(letters: &[char]) -> usize {
    letters.iter().map(|letter| letter.len_utf8()).sum()
}

/// `from` characters, and those after them that are of a kind.
fn run(near: &[char], from: usize, kind: impl Fn(char) -> bool) -> usize {
    from + near.iter().rev().skip(from).take_while(|letter| kind(**letter)).count()
}

fn is_mark(letter: char) -> bool {
    width_of(letter) == 0
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || is_mark(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Buffer {
        let mut buffer = Buffer::default();
        buffer.set(text);
        buffer
    }

    fn shown(buffer: &Buffer) -> String {
        let before: String = buffer.before().iter().collect();
        format!("{before}|{}", buffer.after().collect::<String>())
    }

    #[test]
    fn moving() {
        for (reach, expect) in [
            (Reach::Letter, "peer_create --as|n"),
            (Reach::Word, "peer_create --|asn"),
            (Reach::Blank, "peer_create |--asn"),
            (Reach::All, "|peer_create --asn"),
        ] {
            let mut buffer = typed("peer_create --asn");
            assert!(buffer.go(Way::Back, reach));
            assert_eq!(shown(&buffer), expect);
            assert!(buffer.go(Way::Forth, reach));
            assert_eq!(shown(&buffer), "peer_create --asn|");
            assert!(!buffer.go(Way::Forth, reach));
        }
    }

    #[test]
    fn marks_go_with_their_letter() {
        let mut buffer = typed("xe\u{301}\u{302}");
        buffer.go(Way::Back, Reach::Letter);
        assert_eq!(shown(&buffer), "x|e\u{301}\u{302}");
        buffer.kill(Way::Forth, Reach::Letter, Before::Apart);
        assert_eq!(shown(&buffer), "x|");
    }

    #[test]
    fn killing_and_putting_back() {
        let mut buffer = typed("one two three");
        buffer.kill(Way::Back, Reach::Blank, Before::Apart);
        assert_eq!(shown(&buffer), "one two |");
        buffer.go(Way::Back, Reach::All);
        buffer.yank().unwrap();
        assert_eq!(shown(&buffer), "three|one two ");
        buffer.kill(Way::Forth, Reach::Word, Before::Apart);
        buffer.yank().unwrap();
        assert_eq!(shown(&buffer), "threeone| two ");
        buffer.kill(Way::Back, Reach::All, Before::Apart);
        buffer.kill(Way::Forth, Reach::Word, Before::Joined);
        buffer.yank().unwrap();
        assert_eq!(shown(&buffer), "threeone two| ");
        buffer.kill(Way::Back, Reach::Word, Before::Apart);
        buffer.kill(Way::Back, Reach::Word, Before::Joined);
        buffer.yank().unwrap();
        assert_eq!(shown(&buffer), "threeone two| ");
    }

    #[test]
    fn transposing() {
        for (text, back, expect) in
            [("ab", 0, "ba|"), ("abc", 1, "acb|"), ("ab", 2, "|ab"), ("a", 0, "a|"), ("", 0, "|")]
        {
            let mut buffer = typed(text);
            (0..back).for_each(|_| assert!(buffer.go(Way::Back, Reach::Letter)));
            buffer.transpose();
            assert_eq!(shown(&buffer), expect, "{text}");
        }
    }

    #[test]
    fn the_bound_is_in_bytes() {
        let mut buffer = typed(&"a".repeat(LINE_BYTES_MAX - 1));
        assert_eq!(buffer.insert('é'), Err(Full));
        assert_eq!(buffer.insert('e'), Ok(()));
        assert_eq!(buffer.insert('e'), Err(Full));
        buffer.kill(Way::Back, Reach::Letter, Before::Apart);
        assert_eq!(buffer.insert('e'), Ok(()));
        assert_eq!(buffer.text().len(), LINE_BYTES_MAX);
    }
}
