//! BGP sessions in BIRD's configuration, whoever wrote it: of each what makes a peering of it.
//!
//! All files are read together, since constants and templates may stand in others than the
//! protocols that use them. Nothing here judges whether BIRD would take a file: BIRD runs it.

mod body;

use super::words::{Place, Placed, Word, Words};
use crate::limits::{
    BIRD_DEFINITIONS_MAX, BIRD_INCLUDES_DEPTH_MAX, BIRD_STATEMENT_WORDS_MAX, BIRD_SYMBOL_BYTES_MAX,
};
use crate::model::Families;
use body::Body;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// A file of BIRD's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it lies.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

/// A BGP session that BIRD's configuration has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The file of its protocol.
    pub file: PathBuf,
    /// Where in it the protocol begins.
    pub place: Place,
    /// The protocol's name; empty: BIRD makes one up.
    pub protocol: String,
    /// The neighbour's address, where it is one.
    pub neighbour: Option<IpAddr>,
    /// The neighbour's AS number, where that is a number.
    pub asn: Option<u32>,
    /// Is it a session inside the network, by the word `internal`?
    pub is_internal: bool,
    /// The interface that it is bound to.
    pub interface: Option<String>,
    /// The families of its channels; `None`: no channel was seen.
    pub families: Option<Families>,
    /// Is it switched off in the configuration?
    pub is_disabled: bool,
}

/// A value in BIRD's configuration, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Number(u64),
    Address(IpAddr),
    Text(String),
    /// A constant by its name.
    Constant(String),
}

/// What all files define.
#[derive(Default)]
struct Definitions {
    constants: BTreeMap<String, Term>,
    templates: BTreeMap<String, Body>,
    protocols: Vec<Protocol>,
}

/// A protocol as it is written; constants and templates are not looked up yet.
struct Protocol {
    file: PathBuf,
    place: Place,
    name: String,
    body: Body,
}

/// Reads the statements of one file.
struct Reader<'a> {
    words: Peekable<Words<'a>>,
}

/// The beginning of a statement, as far as its words are kept, and what ended it.
struct Statement<'a> {
    words: Vec<Placed<'a>>,
    end: End,
}

/// What ends a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Semicolon,
    /// `{`: a block follows.
    Opening,
    /// `}`: the block around it is over.
    Closing,
    /// The text is over.
    Nothing,
}

/// All BGP sessions of these files, in the order of the files.
pub fn sessions(sources: &[Source]) -> Vec<Session> {
    let mut all = Definitions::default();
    for source in sources {
        all.read(source);
    }
    all.protocols.iter().map(|protocol| all.session(protocol)).collect()
}

impl Definitions {
    fn read(&mut self, source: &Source) {
        let mut reader = Reader { words: Words::of(&source.text).peekable() };
        loop {
            let Statement { words, end } = reader.statement();
            match (first_name(&words), end) {
                (_, End::Nothing) => return,
                (Some("define"), End::Semicolon) => self.define(&words),
                (Some(kind @ ("protocol" | "template")), End::Opening) if is_bgp(&words) => {
                    let mut body = reader.body();
                    body.template = behind(&words, "from").and_then(name_of);
                    if kind == "template" {
                        self.keep_template(&words, body);
                    } else {
                        self.keep_protocol(&source.path, &words, body);
                    }
                }
                (_, End::Opening) => reader.skip_block(),
                (_, End::Semicolon | End::Closing) => {}
            }
        }
    }

    /// `define NAME = VALUE`; a value that must be worked out is none.
    fn define(&mut self, words: &[Placed<'_>]) {
        let [_, name, equals, value] = words else { return };
        if let Some(name) = name_of(name)
            && equals.word == Word::Mark('=')
            && let Some(term) = Term::of(value)
            && self.constants.len() < BIRD_DEFINITIONS_MAX
        {
            self.constants.insert(name, term);
        }
    }

    fn keep_template(&mut self, words: &[Placed<'_>], body: Body) {
        if let Some(name) = own_name(words)
            && self.templates.len() < BIRD_DEFINITIONS_MAX
        {
            self.templates.insert(name, body);
        }
    }

    fn keep_protocol(&mut self, file: &Path, words: &[Placed<'_>], body: Body) {
        if let Some(first) = words.first()
            && self.protocols.len() < BIRD_DEFINITIONS_MAX
        {
            let (file, name) = (file.to_path_buf(), own_name(words).unwrap_or_default());
            self.protocols.push(Protocol { file, place: first.place, name, body });
        }
    }

    fn session(&self, protocol: &Protocol) -> Session {
        let body = self.inherited(&protocol.body);
        let families = match (body.ipv4, body.ipv6) {
            (true, true) => Some(Families::Both),
            (true, false) => Some(Families::V4),
            (false, true) => Some(Families::V6),
            (false, false) => None,
        };
        let Protocol { file, place, name, .. } = protocol;
        Session {
            file: file.clone(),
            place: *place,
            protocol: name.clone(),
            neighbour: match body.neighbour.and_then(|term| self.value(term)) {
                Some(Term::Address(address)) => Some(address),
                _ => None,
            },
            asn: match body.asn.and_then(|term| self.value(term)) {
                Some(Term::Number(number)) => u32::try_from(number).ok(),
                _ => None,
            },
            is_internal: body.is_internal,
            interface: match body.interface.and_then(|term| self.value(term)) {
                Some(Term::Text(name)) => Some(name),
                _ => None,
            },
            families,
            is_disabled: body.is_disabled.unwrap_or(false),
        }
    }

    /// A body with what its templates say where it is silent.
    fn inherited(&self, body: &Body) -> Body {
        let mut whole = body.clone();
        for _ in 0..BIRD_INCLUDES_DEPTH_MAX {
            let Some(template) = whole.template.take().and_then(|name| self.templates.get(&name))
            else {
                break;
            };
            whole = whole.over(template.clone());
        }
        whole
    }

    /// What a term stands for, in the end.
    fn value(&self, term: Term) -> Option<Term> {
        let mut term = term;
        for _ in 0..BIRD_INCLUDES_DEPTH_MAX {
            match &term {
                Term::Constant(name) => term = self.constants.get(name)?.clone(),
                _ => return Some(term),
            }
        }
        None
    }
}

impl Term {
    fn of(word: &Placed<'_>) -> Option<Term> {
        match word.word {
            Word::Number(number) => Some(Term::Number(number)),
            Word::Address(address) => Some(Term::Address(address)),
            Word::Text(text) => Some(Term::Text(text.to_string())),
            Word::Name(_) => name_of(word).map(Term::Constant),
            Word::Mark(_) => None,
        }
    }
}

impl<'a> Reader<'a> {
    /// The next statement, without what ends it.
    fn statement(&mut self) -> Statement<'a> {
        let mut words = Vec::new();
        for word in self.words.by_ref() {
            let end = match word.word {
                Word::Mark(';') => End::Semicolon,
                Word::Mark('{') => End::Opening,
                Word::Mark('}') => End::Closing,
                _ => {
                    if words.len() < BIRD_STATEMENT_WORDS_MAX {
                        words.push(word);
                    }
                    continue;
                }
            };
            return Statement { words, end };
        }
        Statement { words, end: End::Nothing }
    }

    /// Goes on behind the block that was just opened.
    fn skip_block(&mut self) {
        let mut depth = 1_u64;
        while depth > 0 {
            match self.words.next().map(|word| word.word) {
                Some(Word::Mark('{')) => depth = depth.saturating_add(1),
                Some(Word::Mark('}')) => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Reads the block that was just opened as the body of a BGP protocol.
    fn body(&mut self) -> Body {
        let mut body = Body::default();
        loop {
            let Statement { words, end } = self.statement();
            body.take(&words);
            match end {
                End::Opening => self.skip_block(),
                End::Semicolon => {}
                End::Closing | End::Nothing => return body,
            }
        }
    }
}

fn first_name<'a>(words: &[Placed<'a>]) -> Option<&'a str> {
    match words.first()?.word {
        Word::Name(name) => Some(name),
        _ => None,
    }
}

/// `protocol bgp …`
fn is_bgp(words: &[Placed<'_>]) -> bool {
    words.get(1).is_some_and(|word| word.word == Word::Name("bgp"))
}

/// The word behind this one.
fn behind<'a, 'b>(words: &'b [Placed<'a>], name: &str) -> Option<&'b Placed<'a>> {
    let at = words.iter().position(|word| word.word == Word::Name(name))?;
    words.get(at + 1)
}

/// The name of `protocol bgp NAME`, unless that is left out.
fn own_name(words: &[Placed<'_>]) -> Option<String> {
    words.get(2).and_then(name_of).filter(|word| word != "from")
}

fn name_of(word: &Placed<'_>) -> Option<String> {
    match word.word {
        Word::Name(name) if name.len() <= BIRD_SYMBOL_BYTES_MAX => Some(name.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
