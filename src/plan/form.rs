//! The form of a peering's file for BIRD: a text with placeholders, built in or the operator's own.
//!
//! `${name}` stands for a value, `${name: … }` for text that is only there under a condition, `$$`
//! for a dollar. All else is BIRD's, braces and their pairs too.

use crate::limits::{BIRD_FORM_BYTES_MAX, BIRD_FORM_DEPTH_MAX};
use crate::model::{Asn, Families, IfName, LinkLocal, NameForm, NameKind};
use crate::plan::symbols;
use std::fmt;

/// The replaced service's file, byte for byte: four filter functions by family, in the channels.
pub const REFERENCE: &str = include_str!("form/reference.conf");
/// The dn42 wiki's (howto/Bird2): everything but the neighbour is in the template.
pub const WIKI: &str = include_str!("form/wiki.conf");

/// The forms that are built in, by their names in the configuration.
pub const BUILT_IN: [(&str, &str); 2] = [("reference", REFERENCE), ("wiki", WIKI)];

/// A form that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pieces: Vec<Piece>,
    constants: Vec<NameForm>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Value),
    Block(Condition, Vec<Piece>),
}

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Asn,
    Protocol,
    Interface,
    Neighbor,
    Local,
    Latency,
    Template,
}

/// When the text of a block is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Ipv4,
    NoIpv4,
    Ipv6,
    NoIpv6,
    Passive,
    NotPassive,
}

/// Every placeholder for a value, with what it stands for.
const VALUES: [(&str, Value, &str); 7] = [
    ("asn", Value::Asn, "the peer's AS number"),
    ("protocol", Value::Protocol, "the protocol's name, which bird.protocol makes"),
    ("interface", Value::Interface, "the tunnel's name, which wireguard.interface makes"),
    ("neighbor", Value::Neighbor, "the peer's link-local address"),
    ("local", Value::Local, "our link-local address"),
    ("latency", Value::Latency, "the latency class, 1 to 9"),
    ("template", Value::Template, "bird.template"),
];

/// Every block, with its condition.
const CONDITIONS: [(&str, Condition, &str); 6] = [
    ("ipv4", Condition::Ipv4, "the session carries IPv4 routes"),
    ("no_ipv4", Condition::NoIpv4, "it does not"),
    ("ipv6", Condition::Ipv6, "the session carries IPv6 routes"),
    ("no_ipv6", Condition::NoIpv6, "it does not"),
    ("passive", Condition::Passive, "the peer has no endpoint, so its side calls ours"),
    ("not_passive", Condition::NotPassive, "the peer has an endpoint"),
];

/// Without these a file cannot be that of one peering.
const REQUIRED: [(&str, Value); 4] = [
    ("asn", Value::Asn),
    ("protocol", Value::Protocol),
    ("interface", Value::Interface),
    ("neighbor", Value::Neighbor),
];

/// What is filled in.
#[derive(Clone, Debug)]
pub struct FormValues<'a> {
    /// The peer's AS number.
    pub asn: Asn,
    /// The name of the protocol.
    pub protocol: String,
    /// The name of the tunnel.
    pub interface: IfName,
    /// The peer's address.
    pub neighbor: LinkLocal,
    /// Our address.
    pub local: LinkLocal,
    /// 1 to 9.
    pub latency: u8,
    /// The template of the operator's bird.conf that the protocol is made from.
    pub template: &'a str,
    /// Whose routes the session carries.
    pub families: Families,
    /// Does the peer's side open the session?
    pub direction: Direction,
}

/// Who can reach whom first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The peer has no endpoint: its side calls.
    Passive,
    /// Either side calls.
    Either,
}

/// What is wrong with a form, and where: lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError {
    pub line: usize,
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl Form {
    /// Reads a form.
    ///
    /// # Errors A placeholder that is not known, one that is missing, a block without end, a form
    /// that is too large.
    pub fn parse(text: &str) -> Result<Form, FormError> {
        if text.len() > BIRD_FORM_BYTES_MAX {
            let message = format!("the form is larger than {BIRD_FORM_BYTES_MAX} bytes");
            return Err(FormError { line: 1, column: 1, message });
        }
        // A file of a peering has no final newline, as it always was.
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut parser = Parser { text, at: 0 };
        let pieces = parser.pieces(0)?;
        for (name, value) in REQUIRED {
            if !has_value(&pieces, value) {
                return Err(parser.error(format!("the form has no ${{{name}}}")));
            }
        }
        let constants = constants(&pieces).map_err(|message| parser.error(message))?;
        Ok(Form { pieces, constants })
    }

    /// The names that a file of this form defines in BIRD's one name space, but for the protocol's.
    pub fn constants(&self) -> &[NameForm] {
        &self.constants
    }

    /// The file of a peering.
    pub fn render(&self, values: &FormValues<'_>) -> String {
        let mut out = String::new();
        render(&self.pieces, values, &mut out);
        out
    }

    /// The latency class in a file of this form, 1 to 9: `text` differs from what these values give
    /// in nothing before the class on its line. `None` where the form does not name it.
    pub fn latency(&self, text: &str, values: &FormValues<'_>) -> Option<u8> {
        let one = self.render(&FormValues { latency: 1, ..values.clone() });
        let two = self.render(&FormValues { latency: 2, ..values.clone() });
        let mut lines = one.lines().zip(two.lines());
        let (with_one, with_two) = lines.find(|(one, two)| one != two)?;
        let mut at = 0;
        for (one, two) in with_one.chars().zip(with_two.chars()) {
            if one != two {
                break;
            }
            at += one.len_utf8();
        }
        let before = with_one.get(..at)?;
        for line in text.lines() {
            let class = line.strip_prefix(before).and_then(|rest| rest.chars().next());
            if let Some(class @ '1'..='9') = class {
                return class.to_digit(10).and_then(|class| u8::try_from(class).ok());
            }
        }
        None
    }
}

/// The placeholders and what they stand for, one a line, for people.
pub fn placeholders() -> String {
    let mut out = String::new();
    for (name, _, meaning) in VALUES {
        out.push_str(&format!("{:<22}{meaning}\n", format!("${{{name}}}")));
    }
    for (name, _, meaning) in CONDITIONS {
        out.push_str(&format!("{:<22}there where {meaning}\n", format!("${{{name}: … }}")));
    }
    out
}

/// What a file defines besides its protocol. Each name must have the AS number in it: BIRD takes a
/// name only once.
fn constants(pieces: &[Piece]) -> Result<Vec<NameForm>, String> {
    const PROTOCOL: &str = "the_protocol";
    let number = AN_ASN.to_string();
    let asn = Asn::new(AN_ASN).map_err(|error| error.to_string())?;
    let address: LinkLocal = "fe80::1".parse().map_err(|_| "fe80::1".to_string())?;
    let interface = IfName::from_name("interface").ok_or("no interface")?;
    let mut text = String::new();
    // What stands in blocks is defined too, sometimes: each is there in one of the two.
    for (families, direction) in
        [(Families::V4, Direction::Passive), (Families::V6, Direction::Either)]
    {
        let values = FormValues {
            asn,
            protocol: PROTOCOL.to_string(),
            interface: interface.clone(),
            neighbor: address,
            local: address,
            latency: 1,
            template: "template",
            families,
            direction,
        };
        render(pieces, &values, &mut text);
        text.push('\n');
    }
    let mut constants = Vec::new();
    for name in symbols::definitions(&text) {
        if name == PROTOCOL {
            continue;
        }
        let form = name.replacen(&number, "${asn}", 1);
        let form = NameForm::parse(&form, NameKind::Protocol)
            .map_err(|error| format!("every file would define {name}: {error}"))?;
        if !constants.contains(&form) {
            constants.push(form);
        }
    }
    Ok(constants)
}

/// An AS number that stands for any: no other digits of a form look like it.
const AN_ASN: u32 = 4_199_999_937;

fn has_value(pieces: &[Piece], value: Value) -> bool {
    pieces.contains(&Piece::Value(value))
}

fn render(pieces: &[Piece], values: &FormValues<'_>, out: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(value) => out.push_str(&value.text(values)),
            Piece::Block(condition, inner) => {
                if condition.holds(values) {
                    render(inner, values, out);
                }
            }
        }
    }
}

impl Value {
    fn text(self, values: &FormValues<'_>) -> String {
        match self {
            Value::Asn => values.asn.get().to_string(),
            Value::Protocol => values.protocol.clone(),
            Value::Interface => values.interface.to_string(),
            Value::Neighbor => values.neighbor.to_string(),
            Value::Local => values.local.to_string(),
            Value::Latency => values.latency.to_string(),
            Value::Template => values.template.to_string(),
        }
    }
}

impl Condition {
    fn holds(self, values: &FormValues<'_>) -> bool {
        match self {
            Condition::Ipv4 => values.families.v4(),
            Condition::NoIpv4 => !values.families.v4(),
            Condition::Ipv6 => values.families.v6(),
            Condition::NoIpv6 => !values.families.v6(),
            Condition::Passive => values.direction == Direction::Passive,
            Condition::NotPassive => values.direction == Direction::Either,
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Bytes that were read.
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Reads up to the end, or, within a block, up to the brace that closes it.
    fn pieces(&mut self, depth: usize) -> Result<Vec<Piece>, FormError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        // Braces of BIRD's own that are open within this block.
        let mut braces = 0_usize;
        let start = self.at;
        while let Some(next) = self.rest().chars().next() {
            if next == '$' {
                if let Some(piece) = self.placeholder(depth)? {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text)));
                    }
                    pieces.push(piece);
                } else {
                    text.push('$');
                }
                continue;
            }
            self.at += next.len_utf8();
            if depth > 0 && next == '}' {
                if braces == 0 {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(text));
                    }
                    return Ok(pieces);
                }
                braces -= 1;
            }
            if next == '{' {
                braces += 1;
            }
            text.push(next);
        }
        if depth > 0 {
            self.at = start;
            return Err(self.error("this block has no } that closes it".to_string()));
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(pieces)
    }

    /// Reads what begins with a dollar; `None` is the dollar itself.
    fn placeholder(&mut self, depth: usize) -> Result<Option<Piece>, FormError> {
        let rest = self.rest();
        if rest.starts_with("$$") {
            self.at += 2;
            return Ok(None);
        }
        let Some(inner) = rest.strip_prefix("${") else {
            return Err(self.error("a dollar is written $$".to_string()));
        };
        let end = inner.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let (name, after) = inner.split_at(end.unwrap_or(inner.len()));
        if after.starts_with('}') {
            let Some((_, value, _)) = VALUES.iter().find(|(known, ..)| *known == name) else {
                return Err(self.unknown(name));
            };
            self.at += "${}".len() + name.len();
            return Ok(Some(Piece::Value(*value)));
        }
        if after.starts_with(':') {
            let Some((_, condition, _)) = CONDITIONS.iter().find(|(known, ..)| *known == name)
            else {
                return Err(self.unknown(name));
            };
            if depth >= BIRD_FORM_DEPTH_MAX {
                let message = format!("more than {BIRD_FORM_DEPTH_MAX} blocks within each other");
                return Err(self.error(message));
            }
            self.at += "${:".len() + name.len();
            return Ok(Some(Piece::Block(*condition, self.pieces(depth + 1)?)));
        }
        Err(self.error("a placeholder is ${name} or ${name: text}".to_string()))
    }

    fn unknown(&self, name: &str) -> FormError {
        let values = VALUES.iter().map(|(known, ..)| *known);
        let conditions = CONDITIONS.iter().map(|(known, ..)| *known);
        let known: Vec<&str> = values.chain(conditions).collect();
        let name: String = name.chars().take(32).collect();
        self.error(format!("${{{name}}} is not known; there are {}", known.join(", ")))
    }

    fn error(&self, message: String) -> FormError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
        FormError { line, column, message }
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

#[cfg(test)]
mod tests;
