//! What a file of BIRD's configuration defines, and what it includes. BIRD has one name space for
//! constants, functions, filters, tables, templates and protocols, and refuses a name that is
//! defined twice; it then names the second place, which may be anybody's.
//!
//! This reads no more than it must: the words of a file by BIRD's rules for comments, strings and
//! names (conf/cf-lex.l), and of those the definitions outside of all braces.

use crate::limits::BIRD_SYMBOL_BYTES_MAX;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The names that it defines and that are of interest.
    pub defined: Vec<String>,
    /// What it includes, as it is written: a path, or a pattern of paths.
    pub includes: Vec<String>,
}

/// A word of BIRD's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word<'a> {
    Name(&'a str),
    Text(&'a str),
    Mark(char),
}

/// Every name that a text defines.
pub fn definitions(text: &str) -> Vec<String> {
    read(text, &|_| true).defined
}

/// Reads a file; `is_of_interest` says which names. What is no configuration gives what it seems to
/// define; it never fails.
pub fn read(text: &str, is_of_interest: &dyn Fn(&str) -> bool) -> Source {
    let mut source = Source::default();
    let mut words = Words(text).peekable();
    let (mut depth, mut statement) = (0_u32, Vec::new());
    while let Some(word) = words.next() {
        if word == Word::Name("include")
            && let Some(Word::Text(path)) = words.peek()
        {
            // In braces it can define nothing for the others.
            if depth == 0 && !path.is_empty() {
                source.includes.push((*path).to_string());
            }
            words.next();
            continue;
        }
        match word {
            Word::Mark('{') => {
                if depth == 0 {
                    note(&statement, &mut source, is_of_interest);
                }
                depth = depth.saturating_add(1);
            }
            Word::Mark('}') => {
                depth = depth.saturating_sub(1);
                statement.clear();
            }
            Word::Mark(';') => {
                if depth == 0 {
                    note(&statement, &mut source, is_of_interest);
                }
                statement.clear();
            }
            other if depth == 0 && statement.len() < STATEMENT_WORDS_MAX => statement.push(other),
            _ => {}
        }
    }
    source
}

/// Words that the beginning of a statement may have; the name is among the first.
const STATEMENT_WORDS_MAX: usize = 16;

/// Takes the name that a statement defines, if it is of interest.
fn note(statement: &[Word<'_>], source: &mut Source, is_of_interest: &dyn Fn(&str) -> bool) {
    if let Some(name) = defined(statement)
        && name.len() <= BIRD_SYMBOL_BYTES_MAX
        && is_of_interest(name)
    {
        source.defined.push(name.to_string());
    }
}

/// The name that the beginning of a statement defines.
fn defined<'a>(statement: &[Word<'a>]) -> Option<&'a str> {
    let (first, rest) = statement.split_first()?;
    match *first {
        Word::Name("define" | "function" | "filter") => name(rest.first()?),
        // `attribute TYPE NAME`, and of BIRD 3 `mpls domain NAME`.
        Word::Name("attribute" | "mpls") => name(rest.last()?),
        // `protocol KIND [VERSION] [NAME] [from TEMPLATE]`: the kind is no name of ours.
        Word::Name("protocol" | "template") => {
            let from = rest.iter().position(|word| *word == Word::Name("from"));
            name(rest.get(..from.unwrap_or(rest.len()))?.last()?)
        }
        // `ipv4 table NAME`, `roa6 table NAME`, and more before it in later versions.
        _ => {
            let table = statement.iter().position(|word| *word == Word::Name("table"))?;
            name(statement.get(table + 1)?)
        }
    }
}

fn name<'a>(word: &Word<'a>) -> Option<&'a str> {
    match word {
        Word::Name(name) => Some(name),
        Word::Text(_) | Word::Mark(_) => None,
    }
}

/// The words of a text, one after the other.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            self.0 = self.0.trim_start();
            let first = self.0.chars().next()?;
            if first == '#' {
                self.skip_behind("\n");
            } else if self.0.starts_with("/*") {
                self.skip_behind("*/");
            } else if first == '"' || first == '\'' {
                let mut parts = self.0.splitn(3, first);
                parts.next();
                let inner = parts.next().unwrap_or_default();
                self.0 = parts.next().unwrap_or_default();
                // A name may stand in single quotes.
                return Some(if first == '"' { Word::Text(inner) } else { Word::Name(inner) });
            } else if first.is_ascii_alphanumeric() || first == '_' {
                let end =
                    self.0.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                let (name, rest) = self.0.split_at_checked(end.unwrap_or(self.0.len()))?;
                self.0 = rest;
                return Some(Word::Name(name));
            } else {
                self.0 = self.0.get(first.len_utf8()..).unwrap_or_default();
                return Some(Word::Mark(first));
            }
        }
    }
}

impl Words<'_> {
    fn skip_behind(&mut self, end: &str) {
        self.0 = self.0.split_once(end).map_or("", |(_, rest)| rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::naming::Naming;

    fn defines(text: &str) -> Vec<String> {
        let naming = Naming::default();
        read(text, &|name| naming.may_be_ours(name)).defined
    }

    /// Each way in which BIRD 2.0.12 says "already defined"; sys/bird asks it.
    pub const DEFINING: [&str; 11] = [
        "define AS1_LATENCY = 1;",
        "define 'AS1_LATENCY' = 1;",
        "function AS1_LATENCY() { return true; }",
        "filter AS1_LATENCY { accept; }",
        "ipv4 table AS1_LATENCY;",
        "roa4 table AS1_LATENCY;",
        "attribute int AS1_LATENCY;",
        "protocol static AS1_LATENCY { ipv4; }",
        "template bgp AS1_LATENCY { local as 1; }",
        "template bgp T { local as 1; }\nprotocol bgp AS1_LATENCY from T { }",
        "/* { */ # {\ndefine A = \"{ '\"; protocol pipe AS1_LATENCY { table a; peer table b; }",
    ];

    #[test]
    fn every_kind_of_definition_is_seen() {
        for text in DEFINING {
            assert_eq!(defines(text), ["AS1_LATENCY"], "{text}");
        }
        let ospf = "protocol ospf v2 ebgp_as7_v6 { ipv4 { }; }\nmpls domain ibgp_x { };";
        assert_eq!(defines(ospf), ["ebgp_as7_v6", "ibgp_x"]);
        let sadr = "ipv6 sadr table ibgp_y sorted;";
        assert_eq!(defines(sadr), ["ibgp_y"]);
    }

    #[test]
    fn what_only_uses_a_name_defines_none() {
        for text in [
            "eval AS1_LATENCY;",
            "define X = AS1_LATENCY;",
            "filter z { int AS1_LATENCY; accept; }",
            "function z(int AS1_LATENCY) { return true; }",
            "protocol static x from ebgp_as1 { ipv4 { table ibgp_x; }; }",
            "# define AS1_LATENCY = 1;\n/* define AS1_LATENCY = 1; */",
            "define as1_latency = 1;",
            "define X = \"; define AS1_LATENCY = 1;\";",
            "define",
            "protocol",
            "table",
            "",
        ] {
            assert_eq!(defines(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_is_included_is_told() {
        let text = "log \"x\" all;\ninclude \"a.conf\";\ninclude  \"/b/*\" ;protocol babel {\n\
                    include \"costs\"; }\n#include \"no\";\ninclude \"c\";";
        assert_eq!(read(text, &|_| true).includes, ["a.conf", "/b/*", "c"]);
    }

    #[test]
    fn no_text_is_too_strange() {
        for text in ["\"", "'", "/*", "}}}}", "{{{", "é{ü}", "include", "include \"", "define '"]
        {
            assert_eq!(read(text, &|_| true).includes, Vec::<String>::new(), "{text}");
            assert_eq!(defines(text), Vec::<String>::new(), "{text}");
        }
        let deep = "{".repeat(100_000) + "define AS1_LATENCY = 1;";
        assert_eq!(defines(&deep), [""; 0]);
        let long = format!("define {}_LATENCY = 1;", "AS".repeat(40));
        assert_eq!(defines(&long), [""; 0]);
    }
}
