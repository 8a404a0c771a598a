//! Ctrl-R, Ctrl-S and Tab.

use super::*;
use crate::shell::complete::Completion;

const WIDE: Mode =
    Mode::Terminal { columns: 40, drawing: Drawing::Cursor, paste: Paste::Bracketed };

/// A prompt with these lines before it.
fn asked(mode: Mode, before: &[&str], recall: Recall) -> (Line, Vec<u8>) {
    let (mut line, mut out) = (Line::new(mode), Vec::new());
    before.iter().for_each(|it| line.remember(it));
    line.prompt("> ", recall, &mut out);
    (line, out)
}

/// What is shown after these keys, with a mark for the cursor; or the line, once it is entered.
fn found(bytes: &str) -> String {
    let lines = ["peer_status 64600", "whoami", "peer_list --json", "日本 peer", "whoami"];
    let (mut line, mut out) = asked(WIDE, &lines, Recall::Commands);
    assert!(line.feed(bytes.as_bytes()).is_empty());
    match line.next(&mut out) {
        None => {
            let (before, after) = line.shown();
            format!("{before}|{after}")
        }
        Some(Event::Line(text)) => text,
        Some(other) => format!("{other:?}"),
    }
}

#[test]
fn looking_back() {
    for (keys, expect) in [
        ("\x12", "(reverse-i-search)`': |"),
        ("dra\x12", "(reverse-i-search)`': dra|"),
        ("\x12peer", "(reverse-i-search)`peer': 日本 |peer"),
        ("\x12peer\x12", "(reverse-i-search)`peer': |peer_list --json"),
        ("\x12peer_", "(reverse-i-search)`peer_': |peer_list --json"),
        ("\x12peer_\x12\r", "peer_status 64600"),
        ("\x12peer_\x12\x12", "(failed reverse-i-search)`peer_': |peer_status 64600"),
        ("\x12peer_\x12\x12\x13\r", "peer_list --json"),
        ("\x12peer_\x12\x13", "(i-search)`peer_': |peer_list --json"),
        ("\x12日", "(reverse-i-search)`日': |日本 peer"),
        ("\x12e\x12\x12", "(reverse-i-search)`e': pe|er_status 64600"),
        ("\x12who\x12", "(failed reverse-i-search)`who': |whoami"),
        ("\x12peerx", "(failed reverse-i-search)`peerx': 日本 |peer"),
        ("\x12peerx\x7f", "(reverse-i-search)`peer': 日本 |peer"),
        ("\x12peerx\x7f\x7f\x7f\x7f\x7f\x7f", "(reverse-i-search)`': 日本 |peer"),
        ("\x12js\x07", "> |"),
        ("draft\x01\x12js\x07", "> draft|"),
        ("\x12js\x1b", "> peer_list --|json"),
        ("\x12js\x1b[C!", "> peer_list --j!|son"),
        ("\x12js\x1b[D!", "> peer_list -!|-json"),
        ("\x12js\x1b[A", "> whoami|"),
        ("\x12js\x1b[B\x0e", "> whoami|"),
        ("\x12js\x0b", "> peer_list --|"),
        ("\x12js\x05 --all\r", "peer_list --json --all"),
        ("\x12js\x12\x03", "Interrupt"),
        ("\x12js\x0e\x0e\x0e\x12\x12", "(reverse-i-search)`js': peer_list --|json"),
        ("\x12zero\r", ""),
        ("dra\x12zero\r", "dra"),
        ("\x12js\x04", "> peer_list --|son"),
        ("\x12a\u{202e}\x01", "> |whoami"),
    ] {
        assert_eq!(found(keys), expect, "{keys:?}");
    }
}

#[test]
fn only_commands_are_looked_for() {
    let (mut line, mut out) = asked(WIDE, &["secret"], Recall::Nothing);
    assert!(line.feed(b"\x12s").is_empty());
    assert_eq!(line.next(&mut out), None);
    assert_eq!(line.shown(), ("> s".to_owned(), String::new()));
    assert!(out.ends_with(b"\x07s"));
}

#[test]
fn what_is_looked_for_has_a_bound() {
    let (mut line, mut out) = asked(WIDE, &["x"], Recall::Commands);
    assert!(line.feed(b"\x12").is_empty());
    for _ in 0..SEARCH_BYTES_MAX {
        assert!(line.feed("日日".as_bytes()).is_empty());
        assert_eq!(line.next(&mut out), None);
    }
    let letters = line.shown().0.matches('日').count();
    assert_eq!(letters, SEARCH_BYTES_MAX / 3);
}

/// Each Tab is answered with the same, until all keys are used up.
fn tabbed(keys: &str, replaced: usize, text: &str, candidates: &[&str]) -> (String, String) {
    let (mut line, mut out) = asked(WIDE, &[], Recall::Nothing);
    let candidates = candidates.iter().map(ToString::to_string).collect();
    let found = Completion { replaced, text: text.to_owned(), candidates };
    out.clear();
    assert!(line.feed(keys.as_bytes()).is_empty());
    while let Some(event) = line.next(&mut out) {
        assert!(matches!(event, Event::Tab(_)), "{event:?}");
        line.complete(&found, &mut out);
    }
    let (before, after) = line.shown();
    (format!("{before}|{after}"), String::from_utf8(out).unwrap())
}

#[test]
fn one_word_is_put_in() {
    for (keys, replaced, text, expect) in [
        ("who\t", 3, "whoami ", "> whoami |"),
        ("WHO\t", 3, "whoami ", "> whoami |"),
        ("x who\t", 3, "whoami ", "> x whoami |"),
        ("who x\x1bb\x02\t", 3, "whoami ", "> whoami |x"),
        ("whox\x02\t", 3, "whoami ", "> whoami |x"),
        ("日本\t", 2, "日本語", "> 日本語|"),
        ("\t", 0, "", "> |"),
        ("a\x1b[200~b\tc\x1b[201~", 1, "never", "> ab c|"),
    ] {
        assert_eq!(tabbed(keys, replaced, text, &["one"]).0, expect, "{keys:?}");
    }
}

#[test]
fn several_words_are_listed_by_a_second_tab() {
    let words = ["peer_config", "peer_create"];
    let (shown, out) = tabbed("p\t", 1, "peer_c", &words);
    assert!(shown == "> peer_c|" && out.contains('\x07') && !out.contains("create"), "{out:?}");
    let (shown, out) = tabbed("peer_c\t", 6, "peer_c", &words);
    assert!(shown == "> peer_c|" && !out.contains("create"), "{out:?}");
    let (shown, out) = tabbed("peer_c\t\tx\x1b[D", 6, "peer_c", &words);
    assert_eq!(shown, "> peer_c|x");
    assert!(out.contains("peer_c\x07\r\npeer_config  peer_create\r\n> "), "{out:?}");
    let (_, out) = tabbed("peer_c\t\x02\x06\t", 6, "peer_c", &words);
    assert!(!out.contains("create"), "another key lies between: {out:?}");
    let (_, out) = tabbed("x\t\t", 1, "x", &["x", "x\x1b[2J"]);
    assert!(out.contains("\\u{1b}[2J"), "{out:?}");
}

#[test]
fn a_long_list_has_a_bound() {
    let words: Vec<String> = (0..1000).map(|number| format!("42424{number:05}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (_, out) = tabbed("4\t\t", 1, "4", &words);
    assert!(out.contains("4242400059\r\n") && !out.contains("4242400060"), "{out}");
    assert!(out.contains("and 940 more\r\n> "), "{out}");
}
