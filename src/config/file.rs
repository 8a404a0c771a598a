//! What a configuration file sets.
//!
//! A header opens a section, an assignment sets a key. Whatever is wrong with one statement is
//! reported, and the next one is read. TOML's rules between statements are kept here: a section is
//! opened once, a key is set once.

use super::key::{KeySpec, Kind, SectionSpec, TableSpec};
use super::problem::{Lines, Place, Problems, quoted};
use super::sources::Sources;
use super::table::{self, KEYS};
use super::toml::{Statement, Statements, in_order, path};
use crate::limits::{CONFIG_BYTES_MAX, CONFIG_TABLES_MAX};
use std::collections::BTreeMap;
use toml_span::Value as Toml;
use toml_span::value::{Key, Table};

/// The text of a configuration file, and the name by which problems call it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Usually its path as the operator gave it.
    pub name: &'a str,
    /// Its content, at most [`CONFIG_BYTES_MAX`] bytes are read.
    pub text: &'a str,
}

/// Sets what `source` sets, and reports what cannot be read.
pub(super) fn read(source: Source<'_>, sources: &mut Sources, problems: &mut Problems) {
    if source.text.len() > CONFIG_BYTES_MAX {
        let message = format!("the file has more than {CONFIG_BYTES_MAX} bytes");
        problems.add(Place::Whole(source.name.into()), message);
        for spec in KEYS {
            sources.set_unreadable(spec);
        }
        return;
    }
    let lines = Lines::new(source.name, source.text);
    let (section, opened) = (Section::None, BTreeMap::new());
    let mut reader = Reader { lines, sources, problems, section, opened };
    for statement in Statements::new(source.text) {
        reader.statement(&statement);
        if reader.problems.is_full() {
            break;
        }
    }
}

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
    lines: Lines<'a>,
    sources: &'b mut Sources,
    problems: &'b mut Problems,
    section: Section,
    /// The sections so far, with the line of each.
    opened: BTreeMap<&'static str, (Opening, usize)>,
}

impl Reader<'_, '_> {
    fn report(&mut self, offset: usize, message: impl Into<String>) {
        self.problems.add(self.lines.place(offset), message);
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        let parsed = match statement.parse() {
            Ok(parsed) => parsed,
            Err(error) => {
                self.report(error.offset, error.message);
                return self.unreadable(statement);
            }
        };
        match parsed.as_table() {
            Some(table) if statement.is_header() => self.header(statement, table),
            Some(table) => self.assignment(statement, table),
            None => {}
        }
    }

    /// Guesses what a statement is about, lest that be called missing or misplaced too.
    fn unreadable(&mut self, statement: &Statement<'_>) {
        let name = statement.text.trim_start_matches(['[', ' ']);
        let end =
            name.find(|letter: char| !letter.is_ascii_alphanumeric() && !"_.".contains(letter));
        let name = end.map_or(name, |end| name.split_at(end).0);
        if statement.is_header() {
            return match TableSpec::find(name) {
                Some(spec) => self.begin_table(statement, spec),
                None => self.section = known(SectionSpec::find(name)),
            };
        }
        let (section, key) = match self.section {
            Section::Known(section) => (section, name),
            Section::None | Section::Unknown => name.split_once('.').unwrap_or_default(),
        };
        if let Some(spec) = KeySpec::find(section, key) {
            self.sources.set_unreadable(spec);
        }
    }

    fn header(&mut self, statement: &Statement<'_>, table: &Table<'_>) {
        let start = statement.start;
        let path = path(table);
        let name = path.join(".");
        if let Some(spec) = TableSpec::find(&name).filter(|_| path.len() == 2) {
            return self.table(statement, spec);
        }
        let section = SectionSpec::find(&name).filter(|_| path.len() == 1);
        self.section = known(section);
        match section {
            Some(_) if statement.is_array_header() => {
                let hint = table::array_hint(&name);
                self.report(start, format!("write [{name}], with one bracket{hint}"));
            }
            Some(spec) => self.open(spec.name, Opening::Header, start),
            None => {
                let hint = table::section_hint(&name);
                self.report(start, format!("unknown section {}{hint}", quoted(&name)));
            }
        }
    }

    /// The header of one table of an array.
    fn table(&mut self, statement: &Statement<'_>, spec: &'static TableSpec) {
        let (path, (section, _)) = (spec.path, spec.names());
        if !statement.is_array_header() {
            let message = format!("write [[{path}]], with two brackets: there may be several");
            self.report(statement.start, message);
        }
        if let Some((Opening::Braces, line)) = self.opened.get(section) {
            let message = format!(
                "{section} is in braces in line {line}, which take no tables; write [{section}] \
                 there"
            );
            self.report(statement.start, message);
        }
        self.begin_table(statement, spec);
    }

    /// Begins a table, to which the next assignments belong.
    fn begin_table(&mut self, statement: &Statement<'_>, spec: &'static TableSpec) {
        if self.sources.tables(spec.path).len() >= CONFIG_TABLES_MAX {
            self.section = Section::Unknown;
            let message = format!("there are at most {CONFIG_TABLES_MAX} [[{}]]", spec.path);
            return self.report(statement.start, message);
        }
        self.section = Section::Known(spec.path);
        self.sources.add_table(spec, self.lines.place(statement.start));
    }

    fn open(&mut self, section: &'static str, opening: Opening, offset: usize) {
        let line = self.lines.line(offset);
        match self.opened.get(section) {
            None => drop(self.opened.insert(section, (opening, line))),
            Some((Opening::Dotted, _)) if opening == Opening::Dotted => {}
            Some((_, line)) => {
                let message = format!("the section [{section}] is already there in line {line}");
                self.report(offset, message);
            }
        }
    }

    fn assignment(&mut self, statement: &Statement<'_>, table: &Table<'_>) {
        for (key, value) in in_order(table) {
            match self.section {
                Section::None => self.outside(statement, key, value),
                Section::Known(section) => self.key(statement, section, key, value),
                Section::Unknown => {}
            }
        }
    }

    /// An assignment before the first header: `section.key = …` or `section = { key = … }`.
    fn outside(&mut self, statement: &Statement<'_>, key: &Key<'_>, value: &Toml<'_>) {
        let offset = statement.offset(key.span);
        let Some(spec) = SectionSpec::find(&key.name) else {
            let (name, hint) = (quoted(&key.name), table::top_level_hint(&key.name));
            return self.report(offset, format!("{name} is before the first section{hint}"));
        };
        let Some(table) = value.as_table() else {
            let message = format!("{} is a section; write [{}]", spec.name, spec.name);
            return self.report(offset, message);
        };
        let opening = if statement.is_dotted() { Opening::Dotted } else { Opening::Braces };
        self.open(spec.name, opening, offset);
        for (key, value) in in_order(table) {
            self.key(statement, spec.name, key, value);
        }
    }

    fn key(
        &mut self,
        statement: &Statement<'_>,
        section: &'static str,
        key: &Key<'_>,
        value: &Toml<'_>,
    ) {
        let offset = statement.offset(key.span);
        let Some(spec) = KeySpec::find(section, &key.name) else {
            let (name, hint) = (quoted(&key.name), table::key_hint(section, &key.name));
            let header = table::header(section);
            return self.report(offset, format!("unknown key {name} in {header}{hint}"));
        };
        if spec.kind == Kind::Secret {
            let message = format!(
                "{spec}: a private key must not be in this file; set {spec}_file to its path"
            );
            return self.report(offset, message);
        }
        if let Some(Place::Text { line, .. }) = self.sources.latest(spec).map(|set| &set.place) {
            let message = format!("{spec} is already set in line {line}");
            return self.report(offset, message);
        }
        self.sources.set(spec, statement.value(value, &mut self.lines));
    }
}

fn known(spec: Option<&SectionSpec>) -> Section {
    spec.map_or(Section::Unknown, |spec| Section::Known(spec.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table::TABLES;
    use crate::config::value::{Located, Value};

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
        let nested = problems.iter().any(|it| it.contains("unknown section"));
        for words in ["already", "expected", "missing here", "never closed", "not allowed here"] {
            let told = problems.iter().any(|it| it.contains(words));
            assert!(nested || !told, "{problems:?} in {text:?}");
        }
        for spec in KEYS {
            let toml = whole.pointer(&format!("/{}/{}", spec.section, spec.key));
            agree_on(spec, sources.get(spec.section, spec.key), toml, &problems, text);
        }
        for table in TABLES {
            let (section, name) = table.names();
            let toml = whole.pointer(&format!("/{section}/{name}")).and_then(Toml::as_array);
            let (rows, toml) =
                (sources.tables(table.path), toml.map_or(&[] as &[_], Vec::as_slice));
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
        ours: Option<&Located>,
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
                    tables += taken(&text).0.tables("mesh.pop").len();
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
                    assert_eq!((sources.tables("mesh.pop").len(), problems), (rows, vec![]));
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
        let ids = sources.tables("mesh.pop").iter().map(|row| row.get("id").is_some());
        assert_eq!(ids.collect::<Vec<_>>(), [true, true]);
    }

    #[test]
    fn the_number_of_tables_is_bounded() {
        let (sources, problems) = taken(&"[[mesh.link]]\n".repeat(CONFIG_TABLES_MAX + 2));
        assert_eq!(sources.tables("mesh.link").len(), CONFIG_TABLES_MAX);
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
