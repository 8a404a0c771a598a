//! How names of one kind are made from a peer's AS number, and told from all other names.

use crate::limits::{BIRD_NAME_BYTES_MAX, FILE_NAME_BYTES_MAX, IFNAME_BYTES_MAX};
use crate::model::Asn;
use std::fmt;

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
            NameKind::Protocol => BIRD_NAME_BYTES_MAX,
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
        let is_digit = |letter: char| letter.is_ascii_digit();
        if before.ends_with(is_digit) || after.starts_with(is_digit) {
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

    /// Whose name this is, if it is exactly one that [`NameForm::name`] gives.
    pub fn owner(&self, name: &str) -> Option<Asn> {
        Asn::bare(name.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())?)
    }
}

impl NameForm {
    /// A pattern (glob(7)) that every such name fits, and maybe others.
    pub fn pattern(&self) -> String {
        format!("{}*{}", self.before, self.after)
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
