//! What is said over the local socket: one request, and the lines of its answer.

// nanoserde's derives write `if let Err(…) { return Err(…) }`.
#![allow(clippy::question_mark)]

use crate::limits::LOCAL_TEXT_BYTES_MAX;
use nanoserde::{DeJson, SerJson};

/// What the service is asked.
#[derive(Clone, Debug, PartialEq, Eq, SerJson, DeJson)]
pub enum Request {
    /// How everything is: [`Answer::Board`], an [`Answer::Peering`] for each, [`Answer::End`].
    #[nserde(rename = "board")]
    Board,
    /// A command of the shell: its output, then [`Answer::Exit`].
    #[nserde(rename = "run")]
    Run {
        /// The command's words.
        words: Vec<String>,
        /// The maintainer that it is for; `None`: the administrator's own.
        maintainer: Option<String>,
        /// What the command reads from standard input.
        input: Vec<u8>,
    },
}

/// One line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, SerJson, DeJson)]
pub enum Answer {
    /// The service is at work: there will be more.
    #[nserde(rename = "working")]
    Working,
    /// A piece of standard output.
    #[nserde(rename = "out")]
    Out {
        /// At most [`LOCAL_TEXT_BYTES_MAX`].
        text: String,
    },
    /// A piece of standard error.
    #[nserde(rename = "err")]
    Err {
        /// At most [`LOCAL_TEXT_BYTES_MAX`].
        text: String,
    },
    /// The command has ended.
    #[nserde(rename = "exit")]
    Exit {
        /// Its exit status.
        status: u32,
    },
    /// How everything is, but the peerings.
    #[nserde(rename = "board")]
    Board { board: BoardView },
    #[nserde(rename = "peering")]
    Peering { peering: PeeringView },
    /// There are no more peerings.
    #[nserde(rename = "end")]
    End,
    /// The request cannot be answered.
    #[nserde(rename = "refused")]
    Refused { why: String },
}

/// How the running service is.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerJson, DeJson)]
pub struct BoardView {
    /// The generation of the database that the apply loop last dealt with.
    pub generation: i64,
    /// What keeps the apply loop from working at all.
    pub trouble: Option<String>,
    /// Why the database that the service has open is not used any more.
    pub database: Option<DatabaseView>,
    pub registry: RegistryView,
    /// What the last backup failed with.
    pub backup_error: Option<String>,
}

/// What is wrong with the database, as it is at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerJson, DeJson)]
pub struct DatabaseView {
    /// What happened.
    pub trouble: String,
    /// What to type.
    pub remedy: String,
}

/// How the registry's clone is, as the service sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerJson, DeJson)]
pub struct RegistryView {
    /// Seconds since the registry in use was read.
    pub read_age_s: Option<u64>,
    /// Seconds since the service last pulled without a failure.
    pub pulled_age_s: Option<u64>,
    /// Why it could not be pulled, the last time.
    pub pull_error: Option<String>,
    /// Why what lies on the disk now is not used.
    pub refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, SerJson, DeJson)]
pub struct PeeringView {
    /// The member's AS number.
    pub asn: u32,
    /// `queued`, `applied` or `failed`.
    pub progress: String,
    /// Why it is not applied.
    pub error: Option<String>,
    /// BIRD's word for the BGP session's state.
    pub bgp: Option<String>,
    /// Seconds since the link's last handshake.
    pub handshake_age_s: Option<u64>,
    /// Why the endpoint is not used.
    pub endpoint_trouble: Option<String>,
}

/// The whole answer to `Request::Board`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// All but the peerings.
    pub board: BoardView,
    /// The peerings that the apply loop knows, by AS number.
    pub peerings: Vec<PeeringView>,
}

/// A long text in pieces that fit a line each.
pub fn pieces(text: &str) -> Vec<&str> {
    let (mut rest, mut pieces) = (text, Vec::new());
    while !rest.is_empty() {
        let mut end = rest.len().min(LOCAL_TEXT_BYTES_MAX);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LOCAL_LINE_BYTES_MAX;

    #[test]
    fn a_text_of_any_length_fits_its_lines() {
        for letter in ["\u{1}", "\"", "é", "語", "😀"] {
            let text = letter.repeat(3 * LOCAL_TEXT_BYTES_MAX / letter.len() + 1);
            assert_eq!(pieces(&text).concat(), text);
            for piece in pieces(&text) {
                let line = Answer::Out { text: piece.to_string() }.serialize_json();
                assert!(line.len() < LOCAL_LINE_BYTES_MAX, "{letter:?}: {}", line.len());
            }
        }
        assert!(pieces("").is_empty());
    }

    #[test]
    fn what_is_said_is_understood() {
        for request in [
            Request::Board,
            Request::Run {
                words: vec!["a b".into(), "\"".into()],
                maintainer: None,
                input: vec![0, 255],
            },
            Request::Run { words: vec![], maintainer: Some("EXAMPLE-MNT".into()), input: vec![] },
        ] {
            let line = request.serialize_json();
            assert!(!line.contains('\n'));
            assert_eq!(Request::deserialize_json(&line).unwrap(), request, "{line}");
        }
        for answer in [
            Answer::Working,
            Answer::Out { text: "1\n\u{1b}".into() },
            Answer::Exit { status: 3 },
            Answer::Board { board: BoardView::default() },
            Answer::End,
            Answer::Refused { why: "no".into() },
        ] {
            let line = answer.serialize_json();
            assert!(!line.contains('\n'));
            assert_eq!(Answer::deserialize_json(&line).unwrap(), answer, "{line}");
        }
    }
}
