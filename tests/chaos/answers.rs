//! What became of a command, by its exit status and its JSON.

use crate::model::Told;
use crate::run::Said;
use std::collections::HashMap;
use tinyjson::JsonValue;

/// What became of a command.
#[derive(Debug)]
pub enum Answer {
    Done(Told),
    /// Its code.
    Refused(String),
    Fault,
    /// Nobody was let in.
    Denied,
    /// Nobody was there.
    Absent,
    /// It may have been done.
    Lost,
}

/// The answer of a whole session or process.
pub fn read(said: &Said) -> Answer {
    let json = said.stdout.lines().rev().find(|line| line.starts_with('{'));
    match (said.status, json) {
        (Some(0..=3), Some(text)) => read_json(text),
        (Some(4), _) => Answer::Fault,
        (Some(1 | 2), None) => Answer::Refused(said.stderr.trim().to_owned()),
        (Some(255), _) if said.stderr.contains("Permission denied") => Answer::Denied,
        (Some(255), _) if said.stderr.contains("Connection refused") => Answer::Absent,
        _ => Answer::Lost,
    }
}

/// The answer that is one object.
pub fn read_json(text: &str) -> Answer {
    let Ok(json) = text.parse::<JsonValue>() else { return Answer::Lost };
    // Of a peering that is saved and failed, the error is a text.
    match field(&json, "error").and_then(|error| word(&error, "code")) {
        Some(code) if code == "fault" => return Answer::Fault,
        Some(code) => return Answer::Refused(code),
        None => {}
    }
    let peer = field(&json, "peer");
    let id = peer.as_ref().and_then(|peer| field(peer, "id")?.get::<f64>().copied());
    let state = peer.as_ref().and_then(|peer| word(peer, "state"));
    Answer::Done(Told {
        id: id.map(|id| id as u32),
        psk: word(&json, "psk"),
        pending: state.as_deref() == Some("pending"),
    })
}

fn field(json: &JsonValue, name: &str) -> Option<JsonValue> {
    json.get::<HashMap<String, JsonValue>>()?.get(name).cloned()
}

fn word(json: &JsonValue, name: &str) -> Option<String> {
    field(json, name)?.get::<String>().cloned()
}
