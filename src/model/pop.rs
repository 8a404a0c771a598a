//! A POP of one's own network: its short name, and its number.

use crate::limits::{IFNAME_BYTES_MAX, MESH_ID_MAX, POP_NAME_BYTES_MAX};
use std::{fmt, str::FromStr};

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
    /// The name.
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
}
