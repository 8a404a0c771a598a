//! What a configuration file says.
//!
//! A header opens a section, an assignment says a key. Whatever is wrong with one statement is
//! told, and the next one is read. TOML's rules between statements are kept here: a section is
//! opened once, a key is set once.

use super::Source;
use super::hint;
use super::key::{KeySpec, Kind, SectionSpec, TableSpec};
use super::keys;
use super::locate::{Lines, beginning, explain};
use super::problem::{Place, Problems, quoted};
use super::sources::Sources;
use super::statement::{Statement, Statements};
use super::toml::{in_order, path, said};
use crate::limits::{CONFIG_BYTES_MAX, CONFIG_STATEMENT_BYTES_MAX, CONFIG_TABLES_MAX};
use std::collections::BTreeMap;
use toml_span::value::{Key, Table};
use toml_span::{Error, ErrorKind, Span, Value as Toml};

/// Takes down what `source` says, and tells what nobody can read.
pub(super) fn read(source: Source<'_>, sources: &mut Sources, problems: &mut Problems) {
    if source.text.len() > CONFIG_BYTES_MAX {
        let message = format!("the file has more than {CONFIG_BYTES_MAX} bytes");
        problems.add(Place::Whole(source.name.into()), message);
        return keys().iter().for_each(|spec| sources.spoil((spec.section, spec.key)));
    }
    let (text, lines) = (source.text, Lines::of(source));
    let (section, opened) = (Section::None, BTreeMap::new());
    let mut reader = Reader { text, lines, sources, problems, section, opened };
    for statement in Statements::of(text) {
        reader.statement(&statement);
        if reader.problems.is_full() {
            break;
        }
    }
}

/// A key and its value.
type Entry<'k, 't> = (&'k Key<'t>, &'k Toml<'t>);

/// The section that assignments belong to; a table of an array is known by its path.
#[derive(Clone, Copy)]
enum Section {
    /// None yet: the file begins here.
    None,
    Known(&'static str),
    /// One that does not exist: its keys are not looked at.
    Unknown,
}

/// How a section was opened. Only dotted keys may come back to it.
#[derive(Clone, Copy, PartialEq)]
enum Opening {
    Header,
    Dotted,
    Braces,
}

struct Reader<'a, 'b> {
    text: &'a str,
    lines: Lines<'a>,
    sources: &'b mut Sources,
    problems: &'b mut Problems,
    section: Section,
    /// The sections so far, with the line of each.
    opened: BTreeMap<&'static str, (Opening, usize)>,
}

/// Why the parser does not get a statement at all. It would pass over a byte order mark, which is
/// allowed at the start of the file only.
fn unfit(text: &str) -> Option<String> {
    match text.chars().next() {
        _ if text.len() > CONFIG_STATEMENT_BYTES_MAX => {
            Some(format!("an assignment has at most {CONFIG_STATEMENT_BYTES_MAX} bytes"))
        }
        Some(mark @ '\u{feff}') => Some(explain(&ErrorKind::Unexpected(mark))),
        _ => None,
    }
}

impl Reader<'_, '_> {
    fn tell(&mut self, offset: usize, message: impl Into<String>) {
        self.problems.add(self.lines.place(offset), message);
    }

    fn statement(&mut self, it: &Statement) {
        let text = self.text.get(it.start..it.end).unwrap_or("");
        if let Some(message) = unfit(text) {
            self.tell(it.start, message);
            return self.spoil_guess(text, it.start);
        }
        let parsed = toml_span::parse(text);
        match parsed.as_ref().map(Toml::as_table) {
            Ok(Some(table)) if text.starts_with('[') => self.header(table, it.start),
            Ok(Some(table)) => self.assignment(table, text, it.start),
            Ok(None) => {}
            Err(error) => self.broken(it, text, error),
        }
    }

    /// A statement that is no TOML.
    fn broken(&mut self, it: &Statement, text: &str, error: &Error) {
        match it.open {
            Some(bracket) => self.tell(bracket, "this bracket is never closed"),
            None => self.tell(it.start + error.span.start, explain(&error.kind)),
        }
        self.spoil_guess(text, it.start);
    }

    /// Guesses what an illegible statement was about, lest that be called missing or misplaced too.
    fn spoil_guess(&mut self, text: &str, start: usize) {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || "_.".contains(letter);
        let name = text.trim_start_matches(['[', ' ']);
        let name = name.split(|letter| !is_name(letter)).next().unwrap_or("");
        if text.starts_with('[') {
            if let Some(spec) = TableSpec::find(name) {
                return self.row(spec, start);
            }
            let spec = SectionSpec::find(name);
            self.section = spec.map_or(Section::Unknown, |spec| Section::Known(spec.name));
            return;
        }
        let (section, key) = match self.section {
            Section::Known(section) => (section, name),
            _ => name.split_once('.').unwrap_or_default(),
        };
        if let Some(spec) = KeySpec::find(section, key) {
            self.sources.spoil((spec.section, spec.key));
        }
    }

    fn header(&mut self, table: &Table<'_>, start: usize) {
        let (path, is_array) = path(table);
        let name = path.join(".");
        let table = TableSpec::find(&name).filter(|_| path.len() == 2);
        let spec = SectionSpec::find(&name).filter(|_| path.len() == 1);
        self.section = spec.map_or(Section::Unknown, |spec| Section::Known(spec.name));
        match (spec, table) {
            (Some(_), _) if is_array => {
                let hint = hint::array(&name);
                self.tell(start, format!("a section is written [{name}], not [[{name}]]{hint}"));
            }
            (Some(spec), _) => self.open(spec.name, Opening::Header, start),
            (_, Some(table)) => self.table(table, is_array, start),
            (None, None) => {
                let hint = hint::section(&name);
                self.tell(start, format!("there is no section {}{hint}", quoted(&name)));
            }
        }
    }

    /// The header of one table of an array.
    fn table(&mut self, spec: &'static TableSpec, is_array: bool, start: usize) {
        let (path, (section, _)) = (spec.path, spec.names());
        if !is_array {
            self.tell(start, format!("there may be several of them: written [[{path}]]"));
        }
        if let Some((Opening::Braces, line)) = self.opened.get(section) {
            let message = format!("the section {section} is closed, by its braces in line {line}");
            self.tell(start, message);
        }
        self.row(spec, start);
    }

    /// Begins a table, to which the next assignments belong.
    fn row(&mut self, spec: &'static TableSpec, start: usize) {
        self.section = Section::Unknown;
        if self.sources.rows(spec.path).len() >= CONFIG_TABLES_MAX {
            let message = format!("there are at most {CONFIG_TABLES_MAX} [[{}]]", spec.path);
            return self.tell(start, message);
        }
        self.sources.add_row(spec, self.lines.place(start));
        self.section = Section::Known(spec.path);
    }

    fn open(&mut self, section: &'static str, how: Opening, start: usize) {
        let line = self.lines.line(start);
        match self.opened.get(section) {
            None => drop(self.opened.insert(section, (how, line))),
            Some((Opening::Dotted, _)) if how == Opening::Dotted => {}
            Some((_, line)) => {
                let message = format!("the section [{section}] is there already, in line {line}");
                self.tell(start, message);
            }
        }
    }

    fn assignment(&mut self, table: &Table<'_>, text: &str, start: usize) {
        let dotted = text.split('=').next().is_some_and(|before| before.contains('.'));
        let how = if dotted { Opening::Dotted } else { Opening::Braces };
        for entry in in_order(table) {
            match self.section {
                Section::None => self.outside(entry, how, start),
                Section::Known(section) => self.key(section, entry, start),
                Section::Unknown => {}
            }
        }
    }

    /// An assignment before the first header: `section.key = …` or `section = { key = … }`.
    fn outside(&mut self, (key, value): Entry<'_, '_>, how: Opening, start: usize) {
        let at = self.beginning(key.span, start);
        match (SectionSpec::find(&key.name), value.as_table()) {
            (Some(spec), Some(table)) => {
                self.open(spec.name, how, at);
                in_order(table).into_iter().for_each(|entry| self.key(spec.name, entry, start));
            }
            (Some(SectionSpec { name, .. }), None) => {
                self.tell(at, format!("{name} is a section, written [{name}]"));
            }
            (None, _) => {
                let (name, hint) = (quoted(&key.name), hint::outside(&key.name));
                self.tell(at, format!("{name} stands outside of every section{hint}"));
            }
        }
    }

    fn key(&mut self, section: &'static str, (key, value): Entry<'_, '_>, start: usize) {
        let at = self.beginning(key.span, start);
        let Some(spec) = KeySpec::find(section, &key.name) else {
            let (name, hint) = (quoted(&key.name), hint::key(section, &key.name));
            let header = KeySpec::header(section);
            return self.tell(at, format!("there is no key {name} in {header}{hint}"));
        };
        let name = (spec.section, spec.key);
        match self.sources.get(name).map(|said| &said.place) {
            _ if spec.kind == Kind::Secret => {
                let message =
                    format!("{spec}: no key may stand in this file, only the path of one");
                self.tell(at, message);
            }
            Some(Place::Text { line, .. }) => {
                let message = format!("{spec} is set already, in line {line}");
                self.tell(at, message);
            }
            _ => self.sources.say(name, said(&mut self.lines, value, start)),
        }
    }

    fn beginning(&self, span: Span, start: usize) -> usize {
        beginning(self.text, (span.start + start..span.end + start).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sources::{Said, Value};
    use crate::config::tables;

    /// Pieces that make valid, invalid and hostile TOML of our own keys, a bar between two of them.
    /// ⏎, ␍, ␉, ␁, ␀ and ⌖ (a byte order mark) stand for characters that nobody can see here.
    const PIECES: &str = r#"
        [ssh]⏎|[pop]⏎|[[pop]]⏎|[ ssh.motd ]⏎|["bird"]␍⏎|[a]|asn|ssh.listen|motd|'listen'|pop|.| = |
        =|1|-0x1f|1e5|1.5|true|inf|"a#b"|''|"""⏎[x]⏎y=1\⏎ """|'''q''''|"\u00e9\n"|"\q"|[|]|{|}|,|
        ⏎|⏎|⏎|␍⏎|␍| |␉|# c [⏎|# ␁⏎|"|'|"""|'''|␀|é|⌖|asn = 1⏎|ssh.motd = ''⏎|
        [mesh]⏎|[[mesh.pop]]⏎|[[ mesh.'link' ]] # c⏎|[mesh.pop]⏎|off = true⏎|mtu|id = 1⏎|
        mesh.self = 'a'⏎|mesh = { sysctl = '' }⏎|ssh.listen = [1, # x⏎ 2]⏎|
        bird = { socket = '' }⏎|store.path.x = 1⏎|
        template = """\␍⏎  t"""⏎"#;
    const UNSEEN: &[(&str, &str)] = &[
        ("\n        ", ""),
        ("⏎", "\n"),
        ("␍", "\r"),
        ("␉", "\t"),
        ("␁", "\u{1}"),
        ("␀", "\0"),
        ("⌖", "\u{feff}"),
    ];

    /// Marsaglia's xorshift64: the same texts in every run.
    fn random(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 20) as usize
    }

    fn taken(text: &str) -> (Sources, Vec<String>) {
        let (mut sources, mut problems) = (Sources::new(Some("f")), Problems::default());
        read(Source { name: "f", text }, &mut sources, &mut problems);
        (sources, problems.sorted().iter().map(ToString::to_string).collect())
    }

    fn same(ours: &Value, whole: &Toml<'_>) -> bool {
        match ours {
            Value::Text(text) => whole.as_str() == Some(text),
            Value::Number(number) => whole.as_integer() == Some(*number),
            Value::Boolean(boolean) => whole.as_bool() == Some(*boolean),
            Value::List(list) => whole.as_array().is_some_and(|items| items.len() == list.len()),
            Value::Other(_) => whole.as_str().is_none() && whole.as_integer().is_none(),
        }
    }

    /// What the parser takes as a whole says the same here, or a problem tells what was left out.
    fn agree(text: &str, whole: &Toml<'_>) {
        let (sources, problems) = taken(text);
        // The parser lets [ssh] follow ssh.motd if only [ssh.x] is between them; TOML does not.
        let nested = problems.iter().any(|it| it.contains("there is no section"));
        for words in ["already", "needed here", "missing here", "never closed", "stand here"] {
            let told = problems.iter().any(|it| it.contains(words));
            assert!(nested || !told, "{problems:?} in {text:?}");
        }
        for spec in keys() {
            let toml = whole.pointer(&format!("/{}/{}", spec.section, spec.key));
            agree_on(spec, sources.get((spec.section, spec.key)), toml, &problems, text);
        }
        for table in tables() {
            let (section, name) = table.names();
            let toml = whole.pointer(&format!("/{section}/{name}")).and_then(Toml::as_array);
            let (rows, toml) = (sources.rows(table.path), toml.map_or(&[] as &[_], Vec::as_slice));
            assert!(rows.len() == toml.len() || !problems.is_empty(), "{} in {text:?}", table.path);
            for (row, toml) in rows.iter().zip(toml) {
                let of = |spec: &KeySpec| toml.pointer(&format!("/{}", spec.key));
                table
                    .keys
                    .iter()
                    .for_each(|spec| agree_on(spec, row.get(spec.key), of(spec), &problems, text));
            }
        }
    }

    fn agree_on(
        spec: &KeySpec,
        ours: Option<&Said>,
        whole: Option<&Toml<'_>>,
        told: &[String],
        text: &str,
    ) {
        match (ours, whole) {
            (Some(ours), Some(toml)) => {
                assert!(same(&ours.value, toml), "{spec} in {text:?}")
            }
            (Some(_), None) => assert!(!told.is_empty(), "{spec} is not in {text:?}"),
            (None, Some(_)) => assert!(!told.is_empty(), "{spec} is lost in {text:?}"),
            (None, None) => {}
        }
    }

    /// The parser that reads the text as a whole is the judge: what it refuses has a problem here.
    #[test]
    fn statements_mean_what_the_whole_means() {
        let seen = |text: String, (sign, unseen): &(&str, &str)| text.replace(sign, unseen);
        let all = UNSEEN.iter().fold(PIECES.to_string(), seen);
        let pieces: Vec<&str> = all.split('|').collect();
        let (mut state, mut accepted, mut refused, mut tables) = (4_242_420_263, 0, 0, 0);
        for _ in 0..40_000 {
            let count = 1 + random(&mut state) % 14;
            let mut piece = |_| pieces[random(&mut state) % pieces.len()];
            let text: String = (0..count).map(&mut piece).collect();
            match toml_span::parse(&text) {
                Ok(whole) => {
                    agree(&text, &whole);
                    tables += taken(&text).0.rows("mesh.pop").len();
                    accepted += 1;
                }
                Err(error) => {
                    assert!(!taken(&text).1.is_empty(), "{error}: {text:?}");
                    refused += 1;
                }
            }
        }
        assert!(accepted > 500 && refused > 500, "{accepted} accepted, {refused} refused");
        assert!(tables > 100, "{tables} tables");
    }

    #[test]
    fn tables_stand_where_toml_lets_them() {
        for (text, rows) in [
            ("[mesh]\nself = 'a'\n[[mesh.pop]]\nid = 1\n[[mesh.pop]]\nid = 2", Some(2)),
            ("[[mesh.pop]]\nid = 1\n[mesh]\nself = 'a'", Some(1)),
            ("[[mesh.pop]]\n[pop]\nasn = 1\n[[mesh.pop]]\n[[mesh.link]]\ncost = 1", Some(2)),
            ("mesh.self = 'a'\n[[mesh.pop]]\nid = 1", Some(1)),
            ("mesh = { self = 'a' }\n[[mesh.pop]]\nid = 1", None),
            ("[[mesh.pop]]\nid = 1\nid = 2", None),
            ("[[mesh.pop]]\n[mesh]\n[mesh]", None),
            ("[mesh]\npop = 1\n[[mesh.pop]]", None),
            ("[mesh.pop]\n[[mesh.pop]]", None),
            ("[[mesh.pop]]\n[mesh.pop]", None),
        ] {
            let (sources, problems) = taken(text);
            let whole = toml_span::parse(text);
            assert_eq!(rows.is_some(), whole.is_ok(), "{text:?}: {whole:?}");
            match rows {
                Some(rows) => {
                    assert_eq!((sources.rows("mesh.pop").len(), problems), (rows, vec![]));
                    agree(text, &whole.unwrap());
                }
                None => assert!(!problems.is_empty(), "{text:?}"),
            }
        }
    }

    #[test]
    fn a_broken_header_opens_its_table_all_the_same() {
        let (sources, problems) = taken("[[mesh.pop]\nid = 1\nname = \n[[mesh.pop]]\nid = 2");
        assert_eq!(problems.len(), 2, "{problems:?}");
        let ids = sources.rows("mesh.pop").iter().map(|row| row.get("id").is_some());
        assert_eq!(ids.collect::<Vec<_>>(), [true, true]);
    }

    #[test]
    fn the_number_of_tables_is_bounded() {
        let (sources, problems) = taken(&"[[mesh.link]]\n".repeat(CONFIG_TABLES_MAX + 2));
        assert_eq!(sources.rows("mesh.link").len(), CONFIG_TABLES_MAX);
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
