//! Address families.

/// Families of addresses that are wanted or allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
    /// Either.
    Both,
}
