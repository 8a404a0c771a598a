//! One change to one of BIRD's files, which can be taken back.

use crate::apply::ApplySettings;
use crate::plan::{FileKind, Owner, Step};
use crate::sys::files;

/// What a file held, and what it is to hold; `None`: it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which file.
    pub kind: FileKind,
    /// Whose.
    pub owner: Owner,
    /// Before this pass.
    pub before: Option<String>,
    /// With it.
    pub after: Option<String>,
    /// The step, for the log.
    pub words: String,
}

impl Change {
    /// What a step changes of BIRD's files, if it does.
    pub fn of(step: &Step) -> Option<Change> {
        let (kind, owner, before, after) = match step {
            Step::WriteFile { kind, owner, old, new } => (kind, owner, old.clone(), Some(new)),
            Step::RemoveFile { kind, owner, old } => (kind, owner, Some(old.clone()), None),
            _ => return None,
        };
        let (kind, owner, words) = (*kind, *owner, step.to_string());
        let after = after.cloned();
        kind.is_birds().then_some(Change { kind, owner, before, after, words })
    }

    /// Makes the file what it is to be.
    pub fn put(&self, settings: &ApplySettings) -> Result<(), String> {
        self.place(settings, self.after.as_deref())
    }

    /// Makes the file what it was.
    pub fn take_back(&self, settings: &ApplySettings) -> Result<(), String> {
        self.place(settings, self.before.as_deref())
    }

    fn place(&self, settings: &ApplySettings, text: Option<&str>) -> Result<(), String> {
        let directory = settings.directory(self.kind);
        let placed = match text {
            Some(text) => files::write(directory, self.kind, self.owner, text),
            None => files::remove(directory, self.kind, self.owner),
        };
        placed.map_err(|error| error.to_string())
    }
}
