//! The list of what an export wrote, which lies beside its files: nothing else is ever removed. It
//! comes from a repository that others can push to, so only what can be a copy of ours is heeded.

use super::{BIRD, WIREGUARD};
use std::collections::BTreeSet;

/// The name of the list, in a POP's directory.
pub const LIST: &str = ".peerling-files";
/// What the list begins with.
const HEAD: &str = "# Copied by peerling. What stands here goes when the POP has it no more;\n\
                    # whatever else lies here is left alone.\n";

/// The paths that a list names.
pub fn read(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter(|line| is_ours(line)).map(str::to_string).collect()
}

/// The list of these paths.
pub fn write(paths: &BTreeSet<String>) -> String {
    let mut text = HEAD.to_string();
    for path in paths {
        text.push_str(path);
        text.push('\n');
    }
    text
}

/// May it be the path of a copy? It lies below one of the two directories, and nowhere else.
fn is_ours(path: &str) -> bool {
    let mut parts = path.split('/');
    let below = parts.next().is_some_and(|first| first == BIRD || first == WIREGUARD);
    let sound = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && !part.contains(char::is_control)
    };
    let mut rest = parts.peekable();
    below && rest.peek().is_some() && rest.all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let paths = ["bird/bgp_peers/ebgp_as1", "bird/bird.conf", "wireguard/wg-as1.conf"];
        let paths: BTreeSet<String> = paths.map(str::to_string).into();
        assert_eq!(read(&write(&paths)), paths);
        assert_eq!(read(""), BTreeSet::new());
    }

    /// Whoever pushes to the repository can write the list, too.
    #[test]
    fn nothing_else_can_be_named() {
        for line in [
            "/etc/passwd",
            "bird/../../x",
            "bird/",
            "bird",
            "bird//x",
            "bird/./x",
            "../bird/x",
            "README",
            "peering.db",
            "wireguard/a\u{7f}",
            "",
        ] {
            assert_eq!(read(&format!("{line}\n")), BTreeSet::new(), "{line:?}");
        }
    }
}
