//! Whose a repository is. Git runs what a repository's settings name, as whoever calls it, and so
//! refuses one of another user ("dubious ownership"), also where that is root or where root made
//! it for us. We look ourselves, and tell git so: root's and our own may be trusted, others' not.

use super::{Git, GitError};
use crate::sys::users::{self, ROOT};
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;

impl Git {
    /// The same, with git told that this directory's owner is known and trusted.
    ///
    /// # Errors
    /// Where it is another user's, or cannot be seen.
    pub(super) fn trusting(self) -> Result<Git, GitError> {
        let shown = self.directory.display();
        let directory = self.directory.canonicalize().map_err(|error| failed(&shown, &error))?;
        let metadata = directory.metadata().map_err(|error| failed(&shown, &error))?;
        trust(&directory.display(), &metadata)?;
        for part in [".git", ".git/config"] {
            match directory.join(part).symlink_metadata() {
                Ok(metadata) => trust(&directory.join(part).display(), &metadata)?,
                // Git says what it is that lies here, or where the repository is.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(error) => return Err(failed(&shown, &error)),
            }
        }
        Ok(Git { trusted: Some(directory), ..self })
    }
}

fn failed(shown: &dyn std::fmt::Display, error: &std::io::Error) -> GitError {
    GitError::new(format!("{shown}: {error}"))
}

fn trust(shown: &dyn std::fmt::Display, metadata: &Metadata) -> Result<(), GitError> {
    let (owner, us) = (metadata.uid(), users::current());
    if owner == ROOT || owner == us {
        return Ok(());
    }
    let (owner, us) = (users::name(owner), users::name(us));
    Err(GitError::new(format!("{shown} belongs to {owner}, and git runs as {us}")))
}
