//! Address families.

/// Families of addresses or routes that are wanted or allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
    /// Either.
    Both,
}

impl Families {
    /// The word for it, in flags, answers and the database.
    pub fn word(self) -> &'static str {
        match self {
            Families::V4 => "ipv4",
            Families::V6 => "ipv6",
            Families::Both => "both",
        }
    }

    /// Reads [`Families::word`].
    pub fn from_word(word: &str) -> Option<Families> {
        [Families::Both, Families::V4, Families::V6].into_iter().find(|it| it.word() == word)
    }

    /// Is IPv4 among them?
    pub fn v4(self) -> bool {
        self != Families::V6
    }

    /// Is IPv6 among them?
    pub fn v6(self) -> bool {
        self != Families::V4
    }
}
