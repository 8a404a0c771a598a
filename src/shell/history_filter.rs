//! Which lines may be gone back to, and which of them may be kept for another day.
//!
//! A line with a key is not kept at all. Without the key it would ask for one, or take the next
//! flag for it; and whoever types `--psk` wants it written down nowhere. What is no command may be
//! anything, a password typed into the wrong window included.

use super::grammar::is_file;
use crate::command::{Field, Request};
use crate::limits::{SHELL_HISTORY_LINE_BYTES_MAX, WG_KEY_BYTES};
use crate::model::{Likeness, WgKey};

/// Characters of a key in base64, without the final `=`.
const KEY_LETTERS: usize = (WG_KEY_BYTES * 8).div_ceil(6);

/// Does the line carry a preshared or private key, or a file that may have any? Then nobody goes
/// back to it.
pub fn carries_secret(line: &str) -> bool {
    let words = line.split(|letter: char| letter.is_whitespace() || "\"',".contains(letter));
    line.contains("--psk") || is_file(line) || words.into_iter().any(may_be_private_key)
}

/// A key, alone or as the value of a flag, that `wg genkey` may have made.
fn may_be_private_key(word: &str) -> bool {
    let value = match word.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => value,
        _ => word,
    };
    value.parse::<WgKey>().is_ok_and(|key| key.likeness() != Likeness::Public)
}

/// Whether a line, which means this request, may be kept.
pub fn may_be_kept(line: &str, request: &Request) -> bool {
    let generated = matches!(request.answer(Field::Psk), None | Some("generate" | "none"));
    let keyless = generated && request.answer(Field::WgPubKey).is_none();
    keyless && line.len() <= SHELL_HISTORY_LINE_BYTES_MAX && !has_key(line)
}

/// Whether so many letters of base64 stand together that they may be a key, wherever it is.
fn has_key(line: &str) -> bool {
    line.split(is_no_base64).any(|run| run.len() >= KEY_LETTERS)
}

fn is_no_base64(letter: char) -> bool {
    !letter.is_ascii_alphanumeric() && letter != '+' && letter != '/'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;
    use crate::shell::grammar;

    const KEY: &str = "qM9hLEF1Q4cZGb2U6FPPkxJaJxTHJ0ObrXzJxYrmRk0=";

    fn kept(line: &str) -> bool {
        may_be_kept(line, &grammar::parse_line(line, Role::Member).expect(line))
    }

    #[test]
    fn a_line_with_a_preshared_key_is_known() {
        assert!(carries_secret("peer_edit 64600 --psk=AAAA") && !carries_secret("peer_list"));
    }

    #[test]
    fn commands_are_kept() {
        for line in [
            "whoami",
            "peer_edit --asn 4242420001 --endpoint-addr node.example.org --yes",
            "peer_create --endpoint-addr 2a02:3100:3e6f:d100:250a:3f69:c3d4:8da8 --psk generate",
            "peer_edit --psk none",
            "peer_reject 64600 --reason 'no transit here, please read our policy page first'",
        ] {
            assert!(kept(line), "{line}");
        }
    }

    #[test]
    fn keys_are_not() {
        let long = format!("ban --reason '{}'", "far too long ".repeat(50));
        for line in [
            &format!("peer_create --wg-pub-key {KEY}"),
            &format!("peer_create --wg-pub-key={KEY} --yes"),
            &format!("peer edit --psk {KEY}"),
            &format!("peer edit --psk='{KEY}'"),
            "peer_edit --psk secret",
            "peer_edit --wg-pub-key short",
            &format!("peer_create --endpoint-addr {KEY}"),
            &format!("peer_create --link-local \"PrivateKey={KEY}\""),
            &format!("peer_create {}", KEY.trim_end_matches('=')),
            &format!("ban --reason 'key {KEY} is in use'"),
            &format!("ban --reason {}", "0f".repeat(WG_KEY_BYTES)),
            &long,
        ] {
            assert!(!kept(line), "{line}");
        }
    }
}
