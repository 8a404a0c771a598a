//! Why somebody is not let in, in one line for the operator.

use super::Connection;
use crate::access;
use crate::limits::{ALGORITHMS_SHOWN_MAX, CLIENT_WORDS_CHARS_MAX};
use crate::registry::Index;
use russh::{AlgorithmKind, Error};
use std::io::ErrorKind;

/// Why; `None`: it did not try to log in, as one who only looks whether somebody listens.
pub fn words(index: &Index, connection: &Connection, ended: &Result<(), Error>) -> Option<String> {
    let attempt = connection.attempt.borrow();
    let version = connection.client.version().unwrap_or("nothing that was heard");
    let version = cut(version);
    let why = match (&attempt.why, &attempt.login, ended) {
        (Some(why), _, _) => why.clone(),
        (None, Some(login), _) => access::explain(index, login).to_string(),
        (None, None, Err(error)) if is_of_protocol(error) && version.starts_with("SSH-") => {
            brief(error)
        }
        (None, None, _) => return None,
    };
    let login = match &attempt.login {
        Some(login) => format!("as {login:?} "),
        None => String::new(),
    };
    let keys = match attempt.keys {
        0 => String::new(),
        1 => "with 1 key ".to_string(),
        keys => format!("with {keys} keys "),
    };
    Some(format!("{login}{keys}by {version}: {why}"))
}

/// Does the client speak otherwise than we? That it is gone is no such error.
fn is_of_protocol(error: &Error) -> bool {
    match error {
        // What the wire says of a packet that is too long.
        Error::IO(error) => error.kind() == ErrorKind::InvalidData,
        Error::Disconnect | Error::HUP | Error::Join(_) | Error::SendError => false,
        _ => true,
    }
}

/// The error in a few words: russh's own may hold all that a client has sent.
pub fn brief(error: &Error) -> String {
    match error {
        Error::NoCommonAlgo { kind, theirs, .. } => {
            let shown: Vec<String> =
                theirs.iter().take(ALGORITHMS_SHOWN_MAX).map(|name| cut(name)).collect();
            let more = match theirs.len().saturating_sub(ALGORITHMS_SHOWN_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("no {} in common; it has {}{more}", kind_words(kind), shown.join(", "))
        }
        error => cut(&error.to_string()),
    }
}

fn kind_words(kind: &AlgorithmKind) -> &'static str {
    match kind {
        AlgorithmKind::Kex => "key exchange",
        AlgorithmKind::Key => "kind of host key",
        AlgorithmKind::Cipher => "cipher",
        AlgorithmKind::Compression => "compression",
        AlgorithmKind::Mac => "MAC",
    }
}

/// So much of a client's words as is told.
fn cut(words: &str) -> String {
    words.chars().take(CLIENT_WORDS_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The attack: an error that quotes 17,000 names.
    #[test]
    fn what_is_not_in_common_is_told_in_a_few_words() {
        let theirs = |name: &str, count: usize| vec![name.to_string(); count];
        for (theirs, words) in [
            (
                theirs("diffie-hellman-group14-sha1", 2),
                "no key exchange in common; it has diffie-hellman-group14-sha1, \
                 diffie-hellman-group14-sha1",
            ),
            (theirs("a", 17_000), "no key exchange in common; it has a, a, a, a and 16996 more"),
        ] {
            let error = Error::NoCommonAlgo { kind: AlgorithmKind::Kex, ours: Vec::new(), theirs };
            assert_eq!(brief(&error), words);
        }
        let long = Error::NoCommonAlgo {
            kind: AlgorithmKind::Mac,
            ours: Vec::new(),
            theirs: theirs(&"x".repeat(30_000), 1),
        };
        assert!(brief(&long).len() < 200);
    }
}
