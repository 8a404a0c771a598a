//! The words that an operator chooses from, as types. A configuration is read into them, and what
//! obeys them takes them as they are.

use std::fmt;
use std::path::PathBuf;

macro_rules! choices {
    ($(
        $(#[doc = $about:literal])+
        $Choice:ident { $( $(#[doc = $word_about:literal])+ $variant:ident $word:literal, )+ }
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $Choice {
                $( $(#[doc = $word_about])+ $variant, )+
            }

            impl $Choice {
                /// Every word, in the order in which they are listed.
                pub const WORDS: &'static [&'static str] = &[$($word),+];

                /// The word for it.
                pub fn word(self) -> &'static str {
                    match self { $( $Choice::$variant => $word, )+ }
                }

                /// The choice that [`word`](Self::word) gives this word.
                pub fn from_word(word: &str) -> Option<$Choice> {
                    match word {
                        $( $word => Some($Choice::$variant), )+
                        _ => None,
                    }
                }
            }
        )+
    };
}

choices! {
    /// Families of addresses or routes that are wanted or allowed.
    Families {
        /// IPv4 only.
        V4 "ipv4",
        /// IPv6 only.
        V6 "ipv6",
        /// Either.
        Both "both",
    }

    /// What makes WireGuard links.
    BackendChoice {
        /// The first that works here: the kernel, else a userspace program, else only files.
        Auto "auto",
        /// The kernel, by netlink.
        Kernel "kernel",
        /// A program such as wireguard-go, by its socket: a process for each link.
        Userspace "userspace",
        /// Only files for wg-quick.
        Files "files",
    }

    /// What becomes of a new peering.
    Open {
        /// It is made at once.
        Yes "yes",
        /// It waits for an administrator's approval.
        Approval "approval",
        /// It is refused.
        No "no",
    }

    /// What becomes of kernel settings that a router needs.
    SysctlChoice {
        /// They are compared, and what is wrong is reported.
        Check "check",
        /// The service sets them.
        Set "set",
    }
}

impl Families {
    /// Is IPv4 among them?
    pub fn v4(self) -> bool {
        self != Families::V6
    }

    /// Is IPv6 among them?
    pub fn v6(self) -> bool {
        self != Families::V4
    }
}

// Which form the operator chose for the files that BIRD includes.

/// The form of a peering's file for BIRD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BirdForm {
    /// As the replaced service wrote it, with filters in the channels.
    Reference,
    /// As the dn42 wiki has it: the template says everything but the neighbour.
    Wiki,
    /// The operator's own: a text with placeholders.
    File(PathBuf),
}

impl BirdForm {
    /// Reads the name of a built-in form, or an absolute path.
    pub fn from_text(text: &str) -> Option<BirdForm> {
        match text {
            "reference" => Some(BirdForm::Reference),
            "wiki" => Some(BirdForm::Wiki),
            path if path.starts_with('/') => Some(BirdForm::File(path.into())),
            _ => None,
        }
    }
}

impl fmt::Display for BirdForm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BirdForm::Reference => out.write_str("reference"),
            BirdForm::Wiki => out.write_str("wiki"),
            BirdForm::File(path) => path.display().fmt(out),
        }
    }
}
