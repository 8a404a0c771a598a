//! What a BGP protocol or a template says in its braces.

use super::{Term, behind, first_name};
use crate::adopt::words::{Placed, Word};

/// What was said of what matters here; the rest is BIRD's and the operator's.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The template that it is made from.
    pub template: Option<String>,
    /// The neighbour's address.
    pub neighbour: Option<Term>,
    /// The neighbour's AS number.
    pub asn: Option<Term>,
    /// The interface, as a text.
    pub interface: Option<Term>,
    /// Is it a session with the network itself, by the word `internal`?
    pub is_internal: bool,
    /// Is there a channel for IPv4?
    pub ipv4: bool,
    /// Is there one for IPv6?
    pub ipv6: bool,
    /// Was it switched off, or expressly on?
    pub is_disabled: Option<bool>,
}

impl Body {
    /// Takes a statement, or the head of a block.
    pub fn take(&mut self, words: &[Placed<'_>]) {
        match first_name(words) {
            Some("neighbor") => self.neighbor(words.get(1..).unwrap_or_default()),
            Some("interface") => self.interface = words.get(1).and_then(Term::of),
            Some("ipv4") => self.ipv4 = true,
            Some("ipv6") => self.ipv6 = true,
            Some("disabled") => self.is_disabled = Some(is_yes(words.get(1))),
            _ => {}
        }
    }

    /// This one's words, and those of the other where this one is silent.
    pub fn over(self, other: Body) -> Body {
        Body {
            template: other.template,
            neighbour: self.neighbour.or(other.neighbour),
            asn: self.asn.or(other.asn),
            interface: self.interface.or(other.interface),
            is_internal: self.is_internal || other.is_internal,
            ipv4: self.ipv4 || other.ipv4,
            ipv6: self.ipv6 || other.ipv6,
            is_disabled: self.is_disabled.or(other.is_disabled),
        }
    }

    /// `ADDRESS [% 'INTERFACE'] [port N] [as N]`, or `range PREFIX …`, which is no address.
    fn neighbor(&mut self, words: &[Placed<'_>]) {
        if let Some(address) = words.first()
            && !matches!(
                address.word,
                Word::Name("range" | "as" | "port" | "internal" | "external")
            )
        {
            self.neighbour = Term::of(address);
        }
        if let Some(asn) = behind(words, "as") {
            self.asn = Term::of(asn);
        }
        self.is_internal = words.iter().any(|word| word.word == Word::Name("internal"));
        let scope = words.iter().position(|word| word.word == Word::Mark('%'));
        if let Some(at) = scope
            && let Some(Word::Name(name) | Word::Text(name)) =
                words.get(at + 1).map(|word| word.word)
        {
            self.interface = Some(Term::Text(name.to_string()));
        }
    }
}

/// A switch of BIRD's: alone, it is on.
fn is_yes(word: Option<&Placed<'_>>) -> bool {
    match word.map(|word| word.word) {
        Some(Word::Name(word)) => !matches!(word, "no" | "off" | "false"),
        Some(Word::Number(number)) => number != 0,
        _ => true,
    }
}
