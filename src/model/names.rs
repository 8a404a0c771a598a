//! Names that are made here: those of POPs, and those that follow from an AS number.

use crate::limits::{
    BIRD_SYMBOL_BYTES_MAX, FILE_NAME_BYTES_MAX, IFNAME_BYTES_MAX, MESH_ID_MAX, POP_NAME_BYTES_MAX,
};
use crate::model::Asn;
use std::fmt;
use std::str::FromStr;

// A POP of one's own network: its short name, and its number.

/// The short name of a POP, such as `nl-ams1`: small letters, digits and hyphens, a letter or digit
/// at both ends. It stands in the names of links, files and BIRD's protocols.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PopName([u8; POP_NAME_BYTES_MAX]);

/// The number of a POP, 1 to [`MESH_ID_MAX`]: it stands in addresses and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PopId(u8);

/// Why a text or number is no name or id of a POP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PopError {
    /// Other characters than small letters, digits and hyphens, or a hyphen at an end.
    Form,
    /// Longer than [`POP_NAME_BYTES_MAX`]: `wg-int-` and the name are the name of a link.
    Length,
    /// Not 1 to [`MESH_ID_MAX`].
    Id,
}

/// What stands before the name of a POP in the name of the link to it.
pub(super) const LINK_PREFIX: &str = "wg-int-";

const _: () = assert!(LINK_PREFIX.len() + POP_NAME_BYTES_MAX == IFNAME_BYTES_MAX);

impl PopName {
    pub fn as_str(&self) -> &str {
        // Shorter names are filled up with zeros.
        let text = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }

    /// The name as a symbol of BIRD's language, which knows no hyphen. No two names have the same,
    /// since none has an underscore.
    pub fn symbol(&self) -> String {
        self.as_str().replace('-', "_")
    }
}

impl PopId {
    /// The id, if it is in its bounds.
    pub fn new(number: u8) -> Option<PopId> {
        (1..=MESH_ID_MAX).contains(&number).then_some(PopId(number))
    }

    /// The bare number.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl FromStr for PopName {
    type Err = PopError;

    fn from_str(text: &str) -> Result<PopName, PopError> {
        if text.is_empty() || text.starts_with('-') || text.ends_with('-') {
            return Err(PopError::Form);
        }
        if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err(PopError::Form);
        }
        let mut name = [0; POP_NAME_BYTES_MAX];
        let place = name.get_mut(..text.len()).ok_or(PopError::Length)?;
        place.copy_from_slice(text.as_bytes());
        Ok(PopName(name))
    }
}

impl fmt::Display for PopName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for PopName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Display for PopId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for PopError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PopError::Form => out.write_str(
                "a POP's name has small letters, digits and hyphens, and no hyphen at an end",
            ),
            PopError::Length => {
                write!(out, "a POP's name has at most {POP_NAME_BYTES_MAX} characters")
            }
            PopError::Id => write!(out, "a POP's id is 1 to {MESH_ID_MAX}"),
        }
    }
}

impl std::error::Error for PopError {}

/// Is it a plain symbol of BIRD's language: letters, digits and underscores, no digit first?
pub fn is_bird_symbol(text: &str) -> bool {
    text.len() <= BIRD_SYMBOL_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.starts_with(|letter: char| !letter.is_ascii_digit())
}

// How names of one kind are made from a peer's AS number, and told from all other names.

/// The place of the number.
const PLACEHOLDER: &str = "${asn}";
/// The digits of the longest AS number.
const ASN_DIGITS_MAX: usize = 10;

/// A name with the AS number in it, such as `wg-as${asn}`. The number is there once and whole, so
/// that every peering has a name of its own, and the name says whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameForm {
    before: String,
    after: String,
}

/// What the names are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// Network interfaces.
    Interface,
    /// Protocols of BIRD's configuration: plain symbols, no digit first.
    Protocol,
    /// Files in a directory: not hidden, so that BIRD's `include` finds them.
    File,
}

/// Why a text is no form of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFormError {
    /// `${asn}` is not there, or more than once.
    Placeholder,
    /// A digit stands beside the number: `a1${asn}` could be two peers'.
    Digit,
    /// The name of the longest AS number would have more bytes than this.
    Length(usize),
    /// A letter that such names cannot have.
    Letter(char),
    /// A protocol's name begins with a letter, a file's with no dot, an interface's with no `-`.
    Beginning,
}

impl NameKind {
    fn bytes_max(self) -> usize {
        match self {
            NameKind::Interface => IFNAME_BYTES_MAX,
            NameKind::Protocol => BIRD_SYMBOL_BYTES_MAX,
            NameKind::File => FILE_NAME_BYTES_MAX,
        }
    }

    fn allows(self, letter: char) -> bool {
        let is_plain = letter.is_ascii_alphanumeric() || letter == '_';
        match self {
            NameKind::Protocol => is_plain,
            NameKind::Interface | NameKind::File => is_plain || matches!(letter, '-' | '.'),
        }
    }

    fn may_begin(self, before: &str) -> bool {
        match self {
            NameKind::Protocol => before.starts_with(|letter: char| !letter.is_ascii_digit()),
            NameKind::Interface | NameKind::File => !before.starts_with(['.', '-']),
        }
    }
}

impl NameForm {
    /// Reads a form of names of this kind.
    ///
    /// # Errors
    /// What [`NameFormError`] lists.
    pub fn parse(text: &str, kind: NameKind) -> Result<NameForm, NameFormError> {
        let (before, after) = text.split_once(PLACEHOLDER).ok_or(NameFormError::Placeholder)?;
        if after.contains(PLACEHOLDER) {
            return Err(NameFormError::Placeholder);
        }
        for letter in before.chars().chain(after.chars()) {
            if !kind.allows(letter) {
                return Err(NameFormError::Letter(letter));
            }
        }
        if !kind.may_begin(before) {
            return Err(NameFormError::Beginning);
        }
        if before.ends_with(|letter: char| letter.is_ascii_digit())
            || after.starts_with(|letter: char| letter.is_ascii_digit())
        {
            return Err(NameFormError::Digit);
        }
        if before.len() + ASN_DIGITS_MAX + after.len() > kind.bytes_max() {
            return Err(NameFormError::Length(kind.bytes_max()));
        }
        Ok(NameForm { before: before.to_string(), after: after.to_string() })
    }

    /// The peer's name.
    pub fn name(&self, asn: Asn) -> String {
        format!("{}{}{}", self.before, asn.get(), self.after)
    }

    /// A pattern (glob(7)) that every such name fits, and maybe others.
    pub fn pattern(&self) -> String {
        format!("{}*{}", self.before, self.after)
    }

    /// Whose name this is, if it is exactly one that [`NameForm::name`] gives.
    pub fn owner(&self, name: &str) -> Option<Asn> {
        Asn::bare(name.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())?)
    }
}

impl fmt::Display for NameForm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{PLACEHOLDER}{}", self.before, self.after)
    }
}

impl fmt::Display for NameFormError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameFormError::Placeholder => write!(out, "it needs {PLACEHOLDER} exactly once"),
            NameFormError::Digit => write!(out, "no digit may stand beside {PLACEHOLDER}"),
            NameFormError::Length(max) => {
                write!(out, "with an AS number of ten digits the name has more than {max} bytes")
            }
            NameFormError::Beginning => out.write_str("such a name cannot begin so"),
            NameFormError::Letter(letter) => write!(out, "{letter:?} cannot stand in such a name"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_have_their_bounds() {
        for good in ["a", "nl-ams1", "12345678"] {
            assert_eq!(good.parse::<PopName>().unwrap().as_str(), good);
        }
        for (bad, why) in [
            ("", PopError::Form),
            ("-a", PopError::Form),
            ("a-", PopError::Form),
            ("A", PopError::Form),
            ("a_b", PopError::Form),
            ("ä", PopError::Form),
            ("a.b", PopError::Form),
            ("123456789", PopError::Length),
        ] {
            assert_eq!(bad.parse::<PopName>(), Err(why), "{bad}");
        }
        assert_eq!("nl-ams1".parse::<PopName>().unwrap().symbol(), "nl_ams1");
        assert_eq!([0, 1, 99, 100].map(|it| PopId::new(it).is_some()), [false, true, true, false]);
    }

    fn parse(text: &str) -> Result<NameForm, NameFormError> {
        NameForm::parse(text, NameKind::Interface)
    }

    #[test]
    fn a_name_says_whose_it_is() {
        let asn: Asn = "4242420001".parse().unwrap();
        for (text, name) in [
            ("wg-as${asn}", "wg-as4242420001"),
            ("${asn}", "4242420001"),
            ("d${asn}x", "d4242420001x"),
        ] {
            let form = parse(text).unwrap();
            assert_eq!((form.name(asn).as_str(), form.to_string().as_str()), (name, text));
            assert_eq!(form.owner(name), Some(asn));
            for foreign in ["wg-as", "wg-as042", "wg-asAS1", "wg-as0", "wg-as1 ", "0", "d1", "x"] {
                assert_eq!(form.owner(foreign), None, "{text}: {foreign}");
            }
        }
    }

    #[test]
    fn a_form_gives_each_peer_a_name_of_its_own() {
        for (text, error) in [
            ("wg-as", NameFormError::Placeholder),
            ("${asn}${asn}", NameFormError::Placeholder),
            ("wg1${asn}", NameFormError::Digit),
            ("${asn}1", NameFormError::Digit),
            ("wg-as-${asn}", NameFormError::Length(15)),
            ("w/${asn}", NameFormError::Letter('/')),
            ("-${asn}", NameFormError::Beginning),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        let protocol = |text| NameForm::parse(text, NameKind::Protocol);
        assert!(protocol("dn42_${asn}_v6").is_ok());
        assert_eq!(protocol("${asn}_v6"), Err(NameFormError::Beginning));
        assert_eq!(protocol("dn42-${asn}"), Err(NameFormError::Letter('-')));
        let file = |text| NameForm::parse(text, NameKind::File);
        assert!(file("${asn}.conf").is_ok());
        assert_eq!(file(".${asn}"), Err(NameFormError::Beginning));
    }
}
