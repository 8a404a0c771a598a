//! Autonomous system numbers.

use std::{fmt, str::FromStr};

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
        let is_bare = digits.starts_with(|it: char| it.is_ascii_digit());
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
}
