//! Who somebody is in dn42: AS number, maintainer, and role at this POP.

use crate::limits::MNTNER_BYTES_MAX;
use std::fmt;
use std::str::FromStr;

// Autonomous system numbers.

/// An autonomous system number that can speak BGP: not zero (RFC 7607), not AS_TRANS (RFC 6793),
/// not the last of either size (RFC 7300). No other range is refused: 12 % of the registry is
/// outside 4242420000-4242423999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asn(u32);

/// Why a text or number is no usable AS number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsnError {
    /// Not digits, with or without `AS` before them.
    Form,
    /// More than 32 bits.
    Range,
    /// Reserved by an RFC: 0, 23456, 65535 or 4294967295.
    Reserved(u32),
}

impl Asn {
    /// The number, if it is not reserved.
    pub fn new(number: u32) -> Result<Asn, AsnError> {
        match number {
            0 | 23456 | 65535 | u32::MAX => Err(AsnError::Reserved(number)),
            _ => Ok(Asn(number)),
        }
    }

    /// The number in a name of ours, where it is digits and nothing else.
    pub fn bare(digits: &str) -> Option<Asn> {
        let is_bare = digits.starts_with(|letter: char| letter.is_ascii_digit());
        digits.parse().ok().filter(|_| is_bare)
    }

    /// The bare number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// The last four digits, which dn42's habits for ports and link-local addresses are built on.
    pub fn tail(self) -> u16 {
        u16::try_from(self.0 % 10_000).unwrap_or(0)
    }
}

impl FromStr for Asn {
    type Err = AsnError;

    /// Reads `4242420263`, `AS4242420263` and `as4242420263`; nothing else: no sign, no space, no
    /// leading zero, no dotted form.
    fn from_str(text: &str) -> Result<Asn, AsnError> {
        let digits = match text.get(..2) {
            Some(prefix) if prefix.eq_ignore_ascii_case("as") => text.get(2..).unwrap_or(""),
            _ => text,
        };
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(AsnError::Form);
        }
        Asn::new(digits.parse().map_err(|_| AsnError::Range)?)
    }
}

/// As people write it: `AS4242420263`. The bare number is [`Asn::get`].
impl fmt::Display for Asn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "AS{}", self.0)
    }
}

impl fmt::Display for AsnError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AsnError::Form => {
                out.write_str("an AS number is digits, with or without AS before them")
            }
            AsnError::Range => write!(out, "an AS number is at most {}", u32::MAX - 1),
            AsnError::Reserved(number) => write!(out, "AS{number} is reserved and cannot peer"),
        }
    }
}

impl std::error::Error for AsnError {}

// Maintainers: the registry's name for who may change an object.

/// The name of a `mntner` object, in upper case and with its `-MNT`, as the registry writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mntner(heapless::String<MNTNER_BYTES_MAX>);

/// Why a text is no maintainer name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MntnerError {
    /// A character other than `A-Z`, `0-9` and `-`, or nothing at all.
    Form,
    /// Longer than [`MNTNER_BYTES_MAX`].
    Length,
    /// No `-MNT` at the end.
    Suffix,
}

impl Mntner {
    /// The whole name, `EXAMPLE-MNT`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that its owner logs in with: lower case, without `-MNT`.
    pub fn login(&self) -> String {
        self.0.strip_suffix("-MNT").unwrap_or(&self.0).to_ascii_lowercase()
    }

    /// The names that a login may mean: `example` is EXAMPLE-MNT, `example-mnt` is EXAMPLE-MNT
    /// first and EXAMPLE-MNT-MNT only if there is such a one.
    pub fn candidates(login: &str) -> impl Iterator<Item = Mntner> {
        let with_suffix = format!("{login}-MNT").parse();
        [login.parse(), with_suffix].into_iter().flatten()
    }
}

impl FromStr for Mntner {
    type Err = MntnerError;

    fn from_str(text: &str) -> Result<Mntner, MntnerError> {
        let mut name = heapless::String::try_from(text).map_err(|_| MntnerError::Length)?;
        name.make_ascii_uppercase();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(MntnerError::Form);
        }
        match name.strip_suffix("-MNT") {
            Some(stem) if !stem.is_empty() => Ok(Mntner(name)),
            _ => Err(MntnerError::Suffix),
        }
    }
}

impl fmt::Display for Mntner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for Mntner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for MntnerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MntnerError::Form => out.write_str("a maintainer name is letters, digits and hyphens"),
            MntnerError::Length => {
                write!(out, "a maintainer name has at most {MNTNER_BYTES_MAX} characters")
            }
            MntnerError::Suffix => out.write_str("a maintainer name ends in -MNT"),
        }
    }
}

impl std::error::Error for MntnerError {}

// What somebody may do.

/// A member of dn42, or an operator of this POP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Acts for the AS numbers of their own maintainer.
    #[default]
    Member,
    /// An administrator: acts for all.
    Admin,
}

impl Role {
    /// Whether whoever has this role may do what is for `needed`.
    pub fn may_act_as(self, needed: Role) -> bool {
        self == Role::Admin || needed == Role::Member
    }

    /// Its word in JSON and in the manual.
    pub fn word(self) -> &'static str {
        match self {
            Role::Member => "member",
            Role::Admin => "admin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write_and_writes_one_form() {
        for text in ["4242420263", "AS4242420263", "as4242420263", "As4242420263"] {
            assert_eq!(text.parse::<Asn>().unwrap().to_string(), "AS4242420263");
        }
        assert_eq!("64600".parse::<Asn>().unwrap().get(), 64600);
        assert_eq!("4242420263".parse::<Asn>().unwrap().tail(), 263);
    }

    #[test]
    fn refuses_everything_else() {
        for text in
            ["", "AS", "AS ", " 1", "1 ", "+1", "-1", "1.10", "042", "ASX", "AS1;x", "١", "é"]
        {
            assert_eq!(text.parse::<Asn>(), Err(AsnError::Form), "{text:?}");
        }
        assert_eq!("4294967296".parse::<Asn>(), Err(AsnError::Range));
        assert_eq!("99999999999999999999".parse::<Asn>(), Err(AsnError::Range));
        for number in [0, 23456, 65535, u32::MAX] {
            assert_eq!(number.to_string().parse::<Asn>(), Err(AsnError::Reserved(number)));
        }
    }

    #[test]
    fn one_spelling() {
        let name: Mntner = "Heidi-Legacy-mnt".parse().unwrap();
        assert_eq!((name.as_str(), name.login().as_str()), ("HEIDI-LEGACY-MNT", "heidi-legacy"));
    }

    #[test]
    fn a_login_names_its_maintainer_with_or_without_the_suffix() {
        let names = |login| Mntner::candidates(login).map(|it| it.to_string()).collect::<Vec<_>>();
        assert_eq!(names("alice"), ["ALICE-MNT"]);
        assert_eq!(names("Alice-MNT"), ["ALICE-MNT", "ALICE-MNT-MNT"]);
        assert!(names("").is_empty());
        assert!(names("../etc/passwd").is_empty());
        assert!(names("alice\n").is_empty());
    }

    #[test]
    fn refuses_what_is_no_name() {
        let parse = |text: &str| text.parse::<Mntner>();
        assert_eq!(parse("-MNT"), Err(MntnerError::Suffix));
        assert_eq!(parse("ALICE"), Err(MntnerError::Suffix));
        assert_eq!(parse("ÄLICE-MNT"), Err(MntnerError::Form));
        assert_eq!(parse("A LICE-MNT"), Err(MntnerError::Form));
        assert_eq!(parse(&format!("{}-MNT", "A".repeat(99))), Err(MntnerError::Length));
    }
}
