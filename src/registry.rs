//! Who may log in and for which AS numbers: the dn42 registry as an index in memory; and who may
//! announce which network, as tables for BIRD.
//!
//! The registry is a git repository of small text files that other people write. [`Builder`] is fed
//! the bytes of its `mntner` and `aut-num` files and gives an [`Index`], [`RoaBuilder`] those of
//! its `route` and `route6` files and gives [`Roa`], each with a list of [`Finding`]s: what was
//! left out and why. Nothing here opens a file. Whatever is not plainly meant gives nobody a right,
//! and no object can spoil another.

mod builder;
mod finding;
mod index;
mod key;
mod object;
mod roa;

pub use builder::Builder;
pub use finding::{Finding, Kind, Reason, Skip, Tally};
pub use index::{Counts, Index, Maintainer, Shrunk, judge_replacement};
pub use key::{AuthMethod, KeyAlgorithm, SshKey, Unusable};
pub use key::{KeyFingerprint, fingerprint};
pub use object::{Object, ObjectError};
pub use roa::{Roa, RoaBuilder, judge_routes};
