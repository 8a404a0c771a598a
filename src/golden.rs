//! Golden files: what a test produced is compared with a file under `fixtures/`, or replaces it.
//!
//! `make bless` sets `BLESS=1`; the review is then reading the difference in git.

/// Compares `actual` with the file at `path`; with `BLESS=1` in the environment it is written instead.
///
/// # Panics
/// If they differ, with both printed.
pub fn check(path: &str, actual: &str) {
    if std::env::var_os("BLESS").is_some_and(|it| it == "1") {
        std::fs::write(path, actual).expect("a golden file can be written");
        return;
    }
    let expected = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{path}: {error}; `make bless` writes it"));
    assert!(
        expected == actual,
        "{path} differs\n--- expected\n{expected}\n--- actual\n{actual}\n---"
    );
}
