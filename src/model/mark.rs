//! How a file that is kept up tells itself from one that somebody wrote.

/// The first line of files for BIRD whose names follow from no peering: a file that bears one of
/// those names and does not begin so is somebody's own, and is left alone.
pub const MARK: &str = "# Kept up by peerling: what is changed here by hand does not stay.";

/// Is it one of the files that are kept up?
pub fn is_marked(text: &str) -> bool {
    text.lines().next() == Some(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_not_ours() {
        assert!(is_marked(&format!("{MARK}\n\nprotocol bgp ibgp_b {{}}")));
        for text in ["", "protocol bgp ibgp_b {}", "# Kept up by peerling", " # Kept up"] {
            assert!(!is_marked(text), "{text}");
        }
    }
}
