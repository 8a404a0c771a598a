//! What a person sees while they type: films of a terminal's screen, one picture after each handful
//! of keys, with a block at the cursor. Every request is answered at once.

use super::virtual_terminal::{VirtualTerminal, Wrap};
use super::*;
use Step::{Keys, Window};

/// What a person does.
enum Step<'a> {
    Keys(&'a str),
    Window(usize),
}

/// Rows that a picture shows, counted from the last.
const ROWS: usize = 8;

/// A session at a terminal that can be looked at.
struct Typist {
    session: Session,
    terminal: VirtualTerminal,
}

impl Typist {
    /// At the prompt, with the lines of earlier sessions.
    fn new(screen: Screen, before: &[String]) -> Typist {
        let mut session = Session::new(Start::Shell, Some(screen), our_asn());
        let numbers = |all: &[u32]| all.iter().map(|it| Asn::new(*it).unwrap()).collect();
        let (own, peered) = (numbers(&[4242420001, 64600]), numbers(&[64600]));
        session.know(Vocabulary { role: Role::Member, own, peered });
        session.recall(before);
        let mut typist =
            Typist { session, terminal: VirtualTerminal::new(screen.columns, Wrap::Deferred) };
        typist.serve(Output::default());
        typist
    }

    fn step(&mut self, step: &Step<'_>) {
        let mut output = Output::default();
        match step {
            Keys(keys) => typed(&mut self.session, keys.as_bytes()),
            Window(columns) => {
                self.terminal.resize(*columns);
                self.session.resize(*columns, &mut output);
            }
        }
        self.serve(output);
    }

    fn serve(&mut self, mut output: Output) {
        while let Some(event) = self.session.next(&mut output) {
            match event {
                Event::Run(request) => self.session.answered(outcome(&request), &mut output),
                Event::Follow(_) | Event::Pause(_) | Event::Close(_) => break,
            }
        }
        self.terminal.take(&output.out);
    }

    fn picture(&self) -> String {
        let picture = self.terminal.picture();
        let rows: Vec<&str> = picture.lines().collect();
        let shown = rows.iter().skip(rows.len().saturating_sub(ROWS));
        shown.map(|row| format!("    {row}").trim_end().to_owned() + "\n").collect()
    }
}

fn outcome(request: &Request) -> Outcome {
    match (&request.command, request.answer(Field::Asn), request.answer(Field::EndpointAddr)) {
        (Command::PeerCreate, None, _) => question(Field::Asn, "AS Number", None),
        (Command::PeerCreate, _, None) => {
            question(Field::EndpointAddr, "WireGuard endpoint address", None)
        }
        (Command::PeerList, ..) => answered(list(vec![], request.scope)),
        (Command::Whoami, ..) => answered(Whoami(identity())),
        (Command::Bye, ..) => answered(Bye),
        _ => answered(Abandoned),
    }
}

/// What is done, in words: keys by the names that stand on them.
fn told(step: &Step<'_>) -> String {
    let Keys(keys) = step else {
        let Window(columns) = step else { unreachable!() };
        return format!("(the window has {columns} columns now)");
    };
    let mut text = keys.to_string();
    for (bytes, name) in [
        ("\x1b[200~", "<Paste>"),
        ("\x1b[201~", "</Paste>"),
        ("\x1b[A", "<Up>"),
        ("\x1b[C", "<Right>"),
        ("\x1b[D", "<Left>"),
        ("\x1b[H", "<Home>"),
        ("\x1b[3~", "<Delete>"),
        ("\x1b\x7f", "<Alt-Backspace>"),
        ("\x1bb", "<Alt-B>"),
        ("\x1bd", "<Alt-D>"),
        ("\x1bf", "<Alt-F>"),
        ("\x1b", "<Esc>"),
        ("\x7f", "<Backspace>"),
        ("\t", "<Tab>"),
        ("\r", "<Enter>"),
        ("\n", "<Newline>"),
    ] {
        text = text.replace(bytes, name);
    }
    let control = |it: char| char::from_u32(u32::from(it) + 0x40).filter(|_| it < ' ');
    text.chars().map(|it| control(it).map_or(it.to_string(), |it| format!("<Ctrl-{it}>"))).collect()
}

fn film(name: &str, typist: &mut Typist, story: &str, steps: &[Step<'_>]) {
    let mut seen = format!("{story}\n\n{}", typist.picture());
    for step in steps {
        typist.step(step);
        seen += &format!("{}\n{}", told(step), typist.picture());
    }
    transcript(name, &seen);
}

fn window(columns: usize) -> Screen {
    Screen::window("xterm", columns)
}

fn lines(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

#[test]
fn the_keys() {
    let mut typist = Typist::new(window(40), &[]);
    let steps = [
        "one two three",
        "\x1b[H\x1b[C\x1b[C\x06",
        "\x02\x1b[D\x04",
        "\x05\x17",
        "\x01\x19",
        "\x1bf!",
        "\x1bb\x1bd",
        "\x1b\x7f",
        "\x15\x19\x7f",
        "\x01\x1b[3~\x05\x14",
        "\x01\x0b",
        "whoami\r",
        "\x1b[A --json",
        "\x03",
        "\x1b[A\x1b[A\x0e",
        "\x0c",
    ];
    let steps: Vec<_> = steps.into_iter().map(Keys).collect();
    film("editing-keys", &mut typist, "Keys as in readline and every shell.", &steps);
}

#[test]
fn completion() {
    let mut typist = Typist::new(window(60), &[]);
    let steps = [
        "wh\t",
        "\x15peer_c\t",
        "\t",
        "r\t",
        "\t\t",
        "6\t--en\t",
        "a\tn\t--fam\t",
        "ip\t\t",
        "\x15peer \t\t",
        "\x15peer_st\t\t",
        "\x15ban\t",
        "\x15peer_create\r",
        "\t\t",
        "4\t\r",
        "n\t",
        "\x03",
    ];
    let steps: Vec<_> = steps.into_iter().map(Keys).collect();
    let story = "Tab completes what can only be one thing, and lists what can be several.";
    film("editing-completion", &mut typist, story, &steps);
}

#[test]
fn search() {
    let before = lines(&["peer_config --format bird", "whoami", "peer_edit --mtu 1420", "whoami"]);
    let mut typist = Typist::new(window(40), &before);
    let steps = [
        "draft",
        "\x12peer",
        "\x12",
        "\x13",
        "x",
        "\x7f",
        "\x07",
        "\x12format\x1b",
        "\x05 --json",
        "\x15\x0e\x0e\x0e\x0e\x12who\r",
    ]
    .map(Keys);
    film("editing-search", &mut typist, "Ctrl-R and Ctrl-S look for a line of before.", &steps);
}

#[test]
fn wide_characters_and_windows_that_change() {
    let mut typist = Typist::new(window(24), &[]);
    let steps = [
        Keys("日本語 e\u{301} a line"),
        Keys(" that takes 3 rows"),
        Window(40),
        Keys("!\x1b[H日"),
        Window(16),
        Keys("\x1b[H\x12"),
        Keys("x\x07\x05\x17\x17\x17"),
        Window(80),
        Keys("\x15who\tami\r"),
    ];
    let story = "A line over several rows, of letters that take no cell, one, or two.";
    film("editing-window", &mut typist, story, &steps);
}

#[test]
fn pastes() {
    let mut typist = Typist::new(window(60), &[]);
    let steps = [
        "\x1b[200~whoami\npeer_remove --yes\r\n\x1b[201~",
        "\x15\x1b[200~x\x03",
        "\x1b[200~tab\there, ctrl-u\x15 and \x1b[31mcolour\x1b[201~",
        "\x15peer_create\r",
        "\x1b[200~64600\n\x1b[201~",
        "\r",
        "\x03",
        "\x1b]0;title\x07\x1b[2J\x1bP1$r\x1b\\who\x1b[999;1Rami\r",
    ]
    .map(Keys);
    let story = "The attack: a page has \"whoami\" to be copied, and a command hidden behind it.\n\
                 A pasted newline runs nothing, and no control byte of a paste does anything.";
    film("attack-paste", &mut typist, story, &steps);
}

#[test]
fn a_dumb_terminal() {
    let mut typist = Typist::new(Screen::window("dumb", 40), &lines(&["peer_list"]));
    let steps = [
        Keys("who\t"),
        Keys("--json and so on, farther than the row"),
        Keys("\x01"),
        Keys("\x1bf\x1bf\x1b\x7f"),
        Keys("\x01\x0b\x12li"),
        Keys("\x07peer_c\t\t"),
        Keys("\x0c"),
        Window(20),
        Keys("r\t\r"),
        Keys("\x03"),
    ];
    let story = "TERM=dumb: one row, moved along behind it. What is longer scrolls.";
    film("editing-dumb", &mut typist, story, &steps);
}

/// The lines of two sessions at once come back in a third, but for those with a key and what was
/// answered to a question.
#[test]
fn the_next_session_remembers() {
    let (mut one, mut two) = (Typist::new(window(60), &[]), Typist::new(window(60), &[]));
    let key = "qM9hLEF1Q4cZGb2U6FPPkxJaJxTHJ0ObrXzJxYrmRk0=";
    one.step(&Keys("peer_list --json\rpeer_list --json\rpeer_create\r64600\rhost.example.org\r"));
    two.step(&Keys(&format!("peer_edit --psk {key}\rsecret password\rwhoami\r")));
    let kept = [one.session.take_kept(), two.session.take_kept()].concat();
    assert_eq!(kept, ["peer_list --json", "peer_create", "whoami"]);
    assert!(one.session.take_kept().is_empty(), "kept once");
    let mut typist = Typist::new(window(60), &kept);
    let steps = ["\x1b[A", "\x1b[A", "\x1b[A", "\x1b[A", "\x15\x12list\r"].map(Keys);
    film("editing-history", &mut typist, "Two sessions ended before this one began.", &steps);
}

/// A script and a single command leave nothing behind: nobody typed them.
#[test]
fn only_what_was_typed_is_kept() {
    for (start, window) in [(Start::Shell, None), (Start::Exec("whoami".into()), Some(window(80)))]
    {
        let mut session = Session::new(start, window, our_asn());
        let mut output = Output::default();
        session.begin(&mut output);
        typed(&mut session, b"whoami\n");
        assert!(matches!(session.next(&mut output), Some(Event::Run(_))));
        assert!(session.take_kept().is_empty());
    }
}

#[test]
fn who_does_not_wait_has_typed_ahead_in_vain() {
    let mut session = Session::new(Start::Shell, Some(window(80)), our_asn());
    let mut output = Output::default();
    assert!(matches!(session.next(&mut output), Some(Event::Run(_))));
    session.answered(answered(Abandoned), &mut output);
    typed(&mut session, b"peer_create --wait\rpeer_remove --yes\r");
    assert!(matches!(session.next(&mut output), Some(Event::Run(_))));
    session.interrupted(&mut output);
    typed(&mut session, b"whoami\r");
    let Some(Event::Run(next)) = session.next(&mut output) else { panic!("a request") };
    assert_eq!(next.command, Command::Whoami);
}

/// The attack: a packet of Tabs or of searches, to make the one thread work and the answers long.
#[test]
fn many_keys_at_once_are_answered_once() {
    let before: Vec<String> = (0..500).map(|number| format!("whoami {number}")).collect();
    for keys in ["\t", "\x12", "\x12o\x7f", "\x12\x13", "a\t", "peer_\t\t", "\x0c", "\x12w\x1b[A"] {
        let mut typist = Typist::new(window(80), &before);
        let mut output = Output::default();
        let packet = keys.repeat(32_768 / keys.len());
        let mut rest = packet.as_bytes();
        while !rest.is_empty() {
            rest = typist.session.feed(rest);
            while typist.session.next(&mut output).is_some() {}
        }
        assert!(output.out.len() < 300_000, "{keys:?}: {} bytes", output.out.len());
    }
}
