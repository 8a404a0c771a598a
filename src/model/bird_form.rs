//! Which form the operator chose for the files that BIRD includes.

use std::fmt;
use std::path::PathBuf;

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
