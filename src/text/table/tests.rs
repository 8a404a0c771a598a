//! Golden tables.

use super::*;

const UNICODE: Style = Style { color: Color::Never, borders: Borders::Unicode };

fn peers() -> Table {
    let mut table = Table::new([
        ("AS number", Fit::Whole),
        ("Wireguard public key", Fit::Cut),
        ("Endpoint address", Fit::Whole),
        ("Endpoint port", Fit::Whole),
    ]);
    table.title = Some("Your existing peering sessions".to_owned());
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    table.rows = vec![
        row([
            "4242421344",
            "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE=",
            "2a02:3100:3e6f:d100:250a:3f69:c3d4:8da8",
            "56111",
        ]),
        row(["4242423588", "", "node.example.org", "1"]),
    ];
    table
}

const WIDE: &str = "
                                            Your existing peering sessions
┏━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ AS number  ┃ Wireguard public key                         ┃ Endpoint address                        ┃ Endpoint port ┃
┡━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ 4242421344 │ AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE= │ 2a02:3100:3e6f:d100:250a:3f69:c3d4:8da8 │ 56111         │
│ 4242423588 │                                              │ node.example.org                        │ 1             │
└────────────┴──────────────────────────────────────────────┴─────────────────────────────────────────┴───────────────┘
";

const COLUMNS_84: &str = "
                           Your existing peering sessions
┏━━━━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃            ┃ Wireguard ┃                                         ┃               ┃
┃            ┃ public    ┃                                         ┃               ┃
┃ AS number  ┃ key       ┃ Endpoint address                        ┃ Endpoint port ┃
┡━━━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ 4242421344 │ AbCdEfGh… │ 2a02:3100:3e6f:d100:250a:3f69:c3d4:8da8 │ 56111         │
│ 4242423588 │           │ node.example.org                        │ 1             │
└────────────┴───────────┴─────────────────────────────────────────┴───────────────┘
";

const ASCII_80: &str = "
                         Your existing peering sessions
+------------+-----------+-----------------------------------------+-----------+
|            | Wireguard |                                         |           |
|            | public    |                                         | Endpoint  |
| AS number  | key       | Endpoint address                        | port      |
+============+===========+=========================================+===========+
| 4242421344 | AbCdEfGh~ | 2a02:3100:3e6f:d100:250a:3f69:c3d4:8da8 | 56111     |
| 4242423588 |           | node.example.org                        | 1         |
+------------+-----------+-----------------------------------------+-----------+
";

const LISTED: &str = "
Your existing peering sessions
AS number: 4242421344
Wireguard public key: AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE=
Endpoint address: 2a02:3100:3e6f:d100:250a:3f69:c3d4:8da8
Endpoint port: 56111

AS number: 4242423588
Wireguard public key:
Endpoint address: node.example.org
Endpoint port: 1
";

const PLAIN: &str = "
AS number   Wireguard public key                          Endpoint address                         Endpoint port
4242421344  AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE=  2a02:3100:3e6f:d100:250a:3f69:c3d4:8da8  56111
4242423588  -                                             node.example.org                         1
";

#[test]
fn golden_tables() {
    let drawn = |borders| Style { color: Color::Never, borders };
    for (width, borders, expect) in [
        (200, Borders::Unicode, WIDE),
        (119, Borders::Unicode, WIDE),
        (usize::MAX, Borders::Unicode, WIDE),
        (84, Borders::Unicode, COLUMNS_84),
        (80, Borders::Ascii, ASCII_80),
        (78, Borders::Unicode, LISTED),
        (40, Borders::Unicode, LISTED),
        (0, Borders::Ascii, LISTED),
        (80, Borders::None, PLAIN),
        (0, Borders::None, PLAIN),
    ] {
        assert_eq!(format!("\n{}", peers().render(width, drawn(borders))), expect, "{width}");
    }
}

#[test]
fn narrow_tables_fit_a_narrow_window() {
    let mut table = Table::new([("Check", Fit::Whole), ("Detail", Fit::Wrap)]);
    table.rows = vec![vec!["handshake".to_owned(), "no answer from 日本 since Monday".to_owned()]];
    let expect = "
┏━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Check     ┃ Detail                   ┃
┡━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ handshake │ no answer from 日本      │
│           │ since Monday             │
└───────────┴──────────────────────────┘
";
    assert_eq!(format!("\n{}", table.render(40, UNICODE)), expect);
}

#[test]
fn tables_without_rows_or_title_or_columns() {
    let table = Table::new([("Your AS number(s)", Fit::Whole)]);
    let expect = "
┏━━━━━━━━━━━━━━━━━━━┓
┃ Your AS number(s) ┃
┡━━━━━━━━━━━━━━━━━━━┩
└───────────────────┘
";
    assert_eq!(format!("\n{}", table.render(80, UNICODE)), expect);
    assert_eq!(table.render(10, UNICODE), "Your AS number(s):\n");
    assert_eq!(Table::default().render(80, UNICODE), "");
    assert_eq!(Table::default().render(10, UNICODE), "");
}

#[test]
fn colour_is_closed_on_each_line_and_takes_no_cells() {
    let drawn = |color| peers().render(80, Style { color, borders: Borders::Unicode });
    let coloured = drawn(Color::Ansi);
    assert!(coloured.contains("│ \x1b[36m4242421344\x1b[0m │ AbCdEfGh… │"));
    assert!(coloured.contains("┃ \x1b[1mAS number\x1b[0m  ┃"));
    for line in coloured.lines() {
        assert_eq!(line.matches("\x1b[0m").count() * 2, line.matches('\x1b').count());
    }
    let bare =
        ["\x1b[0m", "\x1b[1m", "\x1b[36m"].iter().fold(coloured, |it, sgr| it.replace(sgr, ""));
    assert_eq!(bare, drawn(Color::Never));
}

#[test]
fn hostile_texts_cannot_leave_their_cell() {
    let mut table = Table::new([("Name\x1b[2J", Fit::Cut), ("Note", Fit::Wrap)]);
    table.title = Some("t\u{202e}\nitle".to_owned());
    let nasty = "\x1b]0;x\x07\r\n│\u{9b}31m".to_owned();
    table.rows =
        vec![vec![nasty.clone(), nasty.clone(), "too much".to_owned()], vec![], vec![nasty]];
    for borders in [Borders::Unicode, Borders::Ascii, Borders::None] {
        for columns in [0, 20, 40, 41, 60, 200] {
            let text = table.render(columns, Style { color: Color::Never, borders });
            assert!(text.chars().all(|it| it == '\n' || crate::text::escape::is_printable(it)));
            assert!(text.lines().all(|line| line.trim_end() == line));
            let framed = borders != Borders::None && text.starts_with(['┏', '+', ' ']);
            assert!(
                !framed || text.lines().all(|line| width(line) <= columns),
                "{columns}\n{text}"
            );
        }
    }
}

#[test]
fn a_frame_never_passes_the_window() {
    for columns in 0..130 {
        let text = peers().render(columns, UNICODE);
        let framed = text.contains('┏');
        assert!(!framed || text.lines().all(|line| width(line) <= columns), "{columns}");
        let lines: Vec<usize> = text.lines().skip(1).map(width).collect();
        assert!(!framed || lines.iter().all(|it| Some(it) == lines.first()), "{columns}");
    }
}
