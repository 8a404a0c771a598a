//! A directory of a test's or bench's own, on the disk that holds `target`.

use std::fs;
use std::path::{Path, PathBuf};

/// Removed when it is dropped.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// An empty directory of this name.
    pub fn new(name: &str) -> Scratch {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
