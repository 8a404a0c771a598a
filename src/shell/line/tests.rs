//! Lines on a terminal and without one, split anyhow, and what a terminal then shows.

mod finding;

use super::{Drawing, Event, Line, Mode, Paste, Recall};
use crate::command::Vocabulary;
use crate::limits::{INPUT_BYTES_MAX, LINE_BYTES_MAX, SEARCH_BYTES_MAX};
use crate::shell::complete;
use crate::shell::tests::virtual_terminal::{VirtualTerminal, Wrap};
use crate::text::width::{width, width_of};

const TERMINAL: Mode =
    Mode::Terminal { columns: 20, drawing: Drawing::Cursor, paste: Paste::Typed };

/// Xorshift (Marsaglia 2003): the same numbers in every run.
pub struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or(0) % bound
    }
}

fn text(line: &str) -> Event {
    Event::Line(line.to_owned())
}

/// All events of an input that comes in these packets, with a prompt before each.
fn events<'a>(mode: Mode, packets: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Vec<u8>) {
    let (mut line, mut out, mut events) = (Line::new(mode), Vec::new(), Vec::new());
    line.prompt("> ", Recall::Commands, &mut out);
    let mut serve = |line: &mut Line, out: &mut Vec<u8>| {
        while let Some(event) = line.next(out) {
            match &event {
                Event::Line(text) => {
                    assert!(text.len() <= LINE_BYTES_MAX);
                    line.remember(text);
                }
                Event::Tab(before) => {
                    line.complete(&complete::command(before, &Vocabulary::default()), out);
                    continue;
                }
                _ => {}
            }
            events.push(event);
            line.prompt("> ", Recall::Commands, out);
        }
    };
    for mut packet in packets {
        while !packet.is_empty() {
            packet = line.feed(packet);
            serve(&mut line, &mut out);
        }
    }
    line.close();
    if let Some(event) = line.next(&mut out) {
        let end = event == Event::End;
        events.push(event);
        if !end {
            line.prompt("> ", Recall::Commands, &mut out);
            events.extend(line.next(&mut out));
        }
    }
    (events, out)
}

fn typed(bytes: &[u8]) -> Vec<Event> {
    let mut all = events(TERMINAL, [bytes]).0;
    assert_eq!(all.pop(), Some(Event::End));
    all
}

#[test]
fn line_ends() {
    for mode in [Mode::Plain, TERMINAL] {
        for (bytes, lines) in [
            (&b"a\rb\r"[..], vec!["a", "b"]),
            (b"a\nb\n", vec!["a", "b"]),
            (b"a\r\nb\r\n", vec!["a", "b"]),
            (b"a\r\n\r\nb\r", vec!["a", "", "b"]),
            (b"a\n\nb\n", vec!["a", "", "b"]),
            (b"a\r\n\nb\n", vec!["a", "", "b"]),
            (b"a\n\rb\n", vec!["a", "", "b"]),
            (b"a\r\r\n", vec!["a", ""]),
        ] {
            let mut expect: Vec<Event> = lines.into_iter().map(text).collect();
            expect.push(Event::End);
            assert_eq!(events(mode, [bytes]).0, expect, "{bytes:?}");
            assert_eq!(events(mode, bytes.chunks(1)).0, expect, "{bytes:?}");
        }
    }
}

#[test]
fn emacs_keys() {
    for (bytes, line) in [
        ("abc\x7f\x08d\r", "ad"),
        ("日本\x7f\r", "日"),
        ("e\u{301}x\x7f\x7fy\r", "y"),
        ("abc\x15d\r", "d"),
        ("one two\x17x\r", "one x"),
        ("one two three\x17\x17\x19\r", "one two three"),
        ("one two\x17\x02\x17\x19\r", "one "),
        ("bc\x01a\x05d\r", "abcd"),
        ("bc\x1b[Ha\x1b[Fd\r", "abcd"),
        ("ac\x02b\x06d\r", "abcd"),
        ("ac\x1b[Db\x1bOCd\r", "abcd"),
        ("abc\x02\x02\x0b\r", "a"),
        ("abc\x02\x02\x0b\x19\x19\r", "abcbc"),
        ("ab\x14\r", "ba"),
        ("one two\x1bb\x1bbX\x1bfY\r", "XoneY two"),
        ("one two\x01\x1bd\r", " two"),
        ("one two\x1b\x7f\r", "one "),
        ("abc\x01\x1b[3~\x04\r", "c"),
        ("a\x1b[15~\x1b]0;t\x07\x1b[[A\tb\r", "ab"),
        ("a\u{202e}\u{85}\x00b\r", "ab"),
        ("\u{301}a\r", "a"),
        ("a\x1b[200~b\r\nc\nd\te\x1b[201~f\r", "ab c d ef"),
        ("a\x0cb\r", "ab"),
    ] {
        assert_eq!(typed(bytes.as_bytes()), [text(line)], "{bytes:?}");
    }
    assert_eq!(typed(b"a\xffb\xc3c\xe2\x82\r"), [text("abc")]);
}

#[test]
fn interrupt_end_and_history() {
    let end = || Event::End;
    for (bytes, expect) in [
        (&b"abc\x03d\r"[..], vec![Event::Interrupt, text("d")]),
        (b"\x04a\r", vec![end(), text("a")]),
        (b"a\x04\r", vec![text("a")]),
        (b"\x1b]0;\x03", vec![Event::Interrupt]),
        (b"\x1b[200~a\x03b\r", vec![Event::Interrupt, text("b")]),
        (b"one\rtwo\r\x1b[A\x1b[A!\r", vec![text("one"), text("two"), text("one!")]),
        (b"one\rdra\x10\x0eft\r\x0e\x1b[B\r", vec![text("one"), text("draft"), text("")]),
    ] {
        assert_eq!(typed(bytes), expect, "{bytes:?}");
    }
}

#[test]
fn answers_have_no_history() {
    let (mut line, mut out) = (Line::new(TERMINAL), Vec::new());
    line.remember("secret");
    line.prompt("? ", Recall::Nothing, &mut out);
    assert!(line.feed(b"\x1b[A\r").is_empty());
    assert_eq!(line.next(&mut out), Some(text("")));
    assert_eq!(out, b"? \x07\r\n");
}

#[test]
fn type_ahead_waits_for_the_prompt() {
    let (mut line, mut out) = (Line::new(TERMINAL), Vec::new());
    assert!(line.feed(b"one\rtwo\rthr").is_empty());
    assert_eq!(line.next(&mut out), None);
    assert!(out.is_empty());
    for expect in ["one", "two"] {
        line.prompt("? ", Recall::Nothing, &mut out);
        assert_eq!(line.next(&mut out), Some(text(expect)));
        assert_eq!(line.next(&mut out), None);
    }
    line.prompt("? ", Recall::Nothing, &mut out);
    assert_eq!(line.next(&mut out), None);
    assert_eq!(out, b"? one\r\n? two\r\n? thr");
}

#[test]
fn what_waits_has_a_bound_and_can_be_forgotten() {
    let (mut line, mut out) = (Line::new(TERMINAL), Vec::new());
    let flood = vec![b'x'; INPUT_BYTES_MAX + 5];
    assert_eq!(line.feed(&flood).len(), 5);
    assert_eq!((line.feed(b"y"), line.room()), (&b"y"[..], 0));
    line.forget_typed();
    assert!(line.feed(b"kept\r").is_empty());
    line.prompt("", Recall::Nothing, &mut out);
    assert_eq!(line.next(&mut out), Some(text("kept")));
}

#[test]
fn without_a_terminal_nothing_is_altered_or_sent() {
    let long = [vec![b'a'; LINE_BYTES_MAX + 2], b"\nnext\n".to_vec()].concat();
    let fits = [vec![b'a'; LINE_BYTES_MAX], b"\n".to_vec()].concat();
    for (bytes, expect) in [
        (&b"a\x03\x04\x7f\x1b[Ab\tc\n"[..], vec![text("a\x03\x04\x7f\x1b[Ab\tc")]),
        (b"no end", vec![text("no end")]),
        (b"a\xff\nb\n", vec![Event::NotUtf8, text("b")]),
        (b"", vec![]),
        (&long, vec![Event::TooLong, text("next")]),
        (&fits, vec![text(&"a".repeat(LINE_BYTES_MAX))]),
    ] {
        let expect = [expect, vec![Event::End]].concat();
        for size in [1, 7, INPUT_BYTES_MAX * 2] {
            let (found, out) = events(Mode::Plain, bytes.chunks(size));
            assert_eq!((found, out), (expect.clone(), vec![]));
        }
    }
}

#[test]
fn a_terminal_line_is_bounded_and_rings() {
    let long = vec![b'a'; LINE_BYTES_MAX + 9];
    let (found, out) = events(TERMINAL, [&long[..], b"\r"]);
    assert_eq!(found, [text(&"a".repeat(LINE_BYTES_MAX)), Event::End]);
    assert_eq!(out.iter().filter(|byte| **byte == 7).count(), 1);
}

#[test]
fn bracketed_paste_is_asked_for_and_given_up() {
    let mode = Mode::Terminal { columns: 80, drawing: Drawing::Cursor, paste: Paste::Bracketed };
    let (mut line, mut out) = (Line::new(mode), Vec::new());
    line.prompt("> ", Recall::Nothing, &mut out);
    assert!(line.feed(b"x\r").is_empty());
    line.next(&mut out);
    assert_eq!(out, b"\x1b[?2004h> x\r\n\x1b[?2004l");
}

/// A piece of input: keys, text, noise.
fn noise(random: &mut Random, pieces: usize) -> Vec<u8> {
    const KEYS: [&str; 41] = [
        "a",
        "b ",
        "word ",
        "é",
        "日",
        "😀",
        "e\u{301}",
        "\u{302}",
        "\x7f",
        "\x01",
        "\x05",
        "\x02",
        "\x06",
        "\x0b",
        "\x15",
        "\x17",
        "\x19",
        "\x14",
        "\x0c",
        "\t",
        "\t\t",
        "peer_",
        "\x12",
        "\x12wo",
        "\x13",
        "\x07",
        "\x1b[A",
        "\x1b[B",
        "\x1b[C",
        "\x1b[D",
        "\x1bb",
        "\x1bf",
        "\x1bd",
        "\x1b[3~",
        "\x1b[200~",
        "\x1b[201~",
        "\r",
        "\n",
        "\r\n",
        "\x03",
        "\x04",
    ];
    let mut bytes = Vec::new();
    for _ in 0..pieces {
        match random.below(12) {
            0 => bytes.push(u8::try_from(random.below(256)).unwrap()),
            _ => bytes.extend_from_slice(KEYS[random.below(KEYS.len())].as_bytes()),
        }
    }
    bytes
}

#[test]
fn packets_mean_nothing() {
    let mut random = Random(0x5eed);
    for round in 0..400 {
        let bytes = noise(&mut random, 120);
        for mode in [Mode::Plain, TERMINAL] {
            let (whole, _) = events(mode, [&bytes[..]]);
            assert_eq!(whole, events(mode, bytes.chunks(1)).0, "round {round}");
            let at = random.below(bytes.len());
            assert_eq!(whole, events(mode, [&bytes[..at], &bytes[at..]]).0, "round {round}");
        }
    }
}

#[test]
fn random_bytes_never_pass_the_bound() {
    let mut random = Random(0xbad);
    for mode in [Mode::Plain, TERMINAL] {
        for _ in 0..20 {
            let bytes: Vec<u8> =
                (0..40_000).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
            let size = 1 + random.below(20_000);
            events(mode, bytes.chunks(size));
        }
    }
}

/// Plays noise, packet by packet, and after each of them has a look at the terminal.
fn play_noise(
    seed: u64,
    narrowest: usize,
    drawing: Drawing,
    mut look: impl FnMut(&VirtualTerminal, (String, String), usize, &[u8]),
) {
    let mut random = Random(seed);
    for _ in 0..300 {
        let columns = narrowest + random.below(18);
        let wrap = if random.below(2) == 0 { Wrap::Deferred } else { Wrap::AtOnce };
        let mode = Mode::Terminal { columns, drawing, paste: Paste::Typed };
        let (mut line, mut terminal, mut out) =
            (Line::new(mode), VirtualTerminal::new(columns, wrap), vec![]);
        for old in ["an older and longer line of text", "word 日本 word", "a"] {
            line.remember(old);
        }
        line.prompt("AS1> ", Recall::Commands, &mut out);
        for _ in 0..40 {
            let pieces = 1 + random.below(3);
            let bytes = noise(&mut random, pieces);
            assert!(line.feed(&bytes).is_empty());
            while let Some(event) = line.next(&mut out) {
                if let Event::Tab(before) = event {
                    let mut listed = Vec::new();
                    let found = complete::command(&before, &Vocabulary::default());
                    line.complete(&found, &mut listed);
                    // What was listed stands above, and the line is begun again below it.
                    if let Some(at) = str::from_utf8(&listed).unwrap().rfind("AS1> ") {
                        terminal.take(&out);
                        terminal.take(&listed[..at]);
                        terminal.clear_above();
                        out.clear();
                        listed.drain(..at);
                    }
                    out.append(&mut listed);
                    continue;
                }
                terminal.take(&out);
                out.clear();
                terminal.clear_above();
                line.prompt("AS1> ", Recall::Commands, &mut out);
            }
            terminal.take(&out);
            out.clear();
            look(&terminal, line.shown(), columns, &bytes);
        }
    }
}
/// After each packet the terminal shows just the prompt and the line, with the cursor in its place.
#[test]
fn the_screen_shows_the_line() {
    play_noise(0x91a55, 4, Drawing::Cursor, |terminal, (before, after), columns, bytes| {
        let mut expect = VirtualTerminal::new(columns, Wrap::Deferred);
        expect.take(before.as_bytes());
        let cursor = expect.cursor();
        expect.take(after.as_bytes());
        assert_eq!(terminal.text(), expect.text(), "{bytes:?}");
        assert_eq!(terminal.cursor(), cursor, "{bytes:?}");
    });
}

/// A terminal that can only go back shows a part of the line with the cursor in it, and its last
/// column stays free.
#[test]
fn a_dumb_screen_shows_where_the_cursor_is() {
    play_noise(0xd0b, 8, Drawing::Plain, |terminal, (before, after), columns, bytes| {
        let (row, column) = terminal.cursor();
        let (room, at) = (columns - 1, width(&before));
        assert!(column < room, "{bytes:?}");
        let hidden = at - column;
        assert!(hidden == 0 || at >= room, "{bytes:?}");
        let mut cells: Vec<String> = Vec::new();
        for letter in before.chars().chain(after.chars()) {
            match width_of(letter) {
                0 => cells.iter_mut().rev().find(|it| !it.is_empty()).unwrap().push(letter),
                1 => cells.push(letter.to_string()),
                _ => cells.extend([letter.to_string(), String::new()]),
            }
        }
        // Blanks stand for the half of a wide character.
        let mut shown: Vec<String> = cells.into_iter().skip(hidden).take(room + 1).collect();
        if hidden > 0 && shown.first().is_some_and(String::is_empty) {
            shown[0] = " ".into();
        }
        if shown.len() > room && shown.pop().is_some_and(|it| it.is_empty()) {
            shown.pop();
        }
        let text = terminal.text();
        let drawn = text.lines().nth(row).unwrap_or_default();
        assert_eq!(drawn, shown.concat().trim_end_matches(' '), "{bytes:?}");
    });
}

#[test]
fn a_dumb_terminal_gets_nothing_but_text_and_what_a_teletype_obeys() {
    let mut random = Random(0x7e1e);
    for columns in [0, 1, 4, 5, 80] {
        let mode = Mode::Terminal { columns, drawing: Drawing::Plain, paste: Paste::Typed };
        let bytes = noise(&mut random, 2_000);
        let (_, out) = events(mode, bytes.chunks(7));
        let shown = String::from_utf8(out).unwrap();
        let obeyed = ['\r', '\n', '\x08', '\x07'];
        assert!(!shown.contains(|it: char| it.is_control() && !obeyed.contains(&it)));
        assert!(shown.contains('\x08'));
    }
}

#[test]
fn a_window_may_change() {
    let (mut line, mut out) = (Line::new(TERMINAL), Vec::new());
    line.prompt("> ", Recall::Nothing, &mut out);
    assert!(line.feed("0123456789".repeat(3).as_bytes()).is_empty());
    line.next(&mut out);
    out.clear();
    line.resize(10, &mut out);
    let mut terminal = VirtualTerminal::new(10, Wrap::Deferred);
    terminal.take(format!("> {}", "0123456789".repeat(3)).as_bytes());
    let expect = (terminal.text(), terminal.cursor());
    terminal.take(&out);
    assert_eq!((terminal.text(), terminal.cursor()), expect);
    for columns in [0, 1, usize::MAX] {
        line.resize(columns, &mut out);
    }
}
