//! For tests only: golden files, and tests that cannot run on this machine.
//!
//! What a test produced is compared with a file under `fixtures/`, or replaces it: `make bless`
//! sets `BLESS=1`, and the review is then reading the difference in git. A test that lacks a
//! program or a right says so; where the lab is required it fails instead.

use std::io::Write as _;

/// Compares `actual` with the file at `path`; with `BLESS=1` in the environment it is written
/// instead.
///
/// # Panics
/// If they differ, with both printed.
#[allow(dead_code)]
pub fn golden(path: &str, actual: &str) {
    if std::env::var_os("BLESS").is_some_and(|it| it == "1") {
        std::fs::write(path, actual).expect("a golden file can be written");
        return;
    }
    let expected = std::fs::read_to_string(path).expect("a golden file; `make bless` writes it");
    assert!(
        expected == actual,
        "{path} differs\n--- expected\n{expected}\n--- actual\n{actual}\n---"
    );
}

/// Says that a test was skipped, and why: on its output, and in the file that `PEERLING_SKIPS`
/// names, which `make test` shows at the end.
///
/// # Panics
/// If the lab is required (`PEERLING_LAB=required`): then nothing may be skipped.
#[allow(dead_code)]
pub fn skipped(test: &str, why: &str) {
    let required = std::env::var_os("PEERLING_LAB").is_some_and(|it| it == "required");
    assert!(!required, "{test} must run here, and cannot: {why}");
    println!("skipped: {test}: {why}");
    if let Some(path) = std::env::var_os("PEERLING_SKIPS") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let _ = file.and_then(|mut file| writeln!(file, "skipped: {test}: {why}"));
    }
}

/// A directory of one test's own, gone when the test ends.
#[allow(dead_code)]
pub struct Place(pub std::path::PathBuf);

#[allow(dead_code)]
impl Place {
    /// A fresh one; the name is for whoever finds it left.
    ///
    /// # Panics
    /// If there is no room for it.
    pub fn new(name: &str) -> Place {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("peerling-{name}-{}-{number}", std::process::id());
        let place = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&place);
        std::fs::create_dir_all(&place).expect("a directory can be made");
        Place(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
