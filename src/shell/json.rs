//! Answers for programs: one JSON object with `"version": 1`. Fields are added, never renamed.

mod change;
mod decision;
mod export;
mod help;
mod pops;
mod status;

use crate::command::{Applied, IdentityView, PeerView, Reply};
use crate::model::{Refusal, Role, WgSecret};
use nanoserde::SerJson;

/// The version of everything here.
const VERSION: u8 = 1;

#[derive(SerJson)]
struct Identity {
    version: u8,
    #[nserde(serialize_none_as_null)]
    maintainer: Option<String>,
    admin: bool,
    asns: Vec<u32>,
    server: String,
    server_asn: u32,
}

#[derive(SerJson)]
struct Peers {
    version: u8,
    peers: Vec<Peer>,
}

#[derive(SerJson)]
struct One {
    version: u8,
    peer: Peer,
    /// A preshared key that was just made.
    psk: Option<String>,
}

#[derive(SerJson)]
struct Removed {
    version: u8,
    removed: u32,
    #[nserde(serialize_none_as_null)]
    error: Option<String>,
}

#[derive(SerJson)]
struct Peer {
    asn: u32,
    id: u16,
    state: String,
    wg_pub_key: String,
    #[nserde(serialize_none_as_null)]
    wg_endpoint_addr: Option<String>,
    #[nserde(serialize_none_as_null)]
    wg_endpoint_port: Option<u16>,
    #[nserde(serialize_none_as_null)]
    link_local: Option<String>,
    #[nserde(serialize_none_as_null)]
    mtu: Option<u32>,
    psk: bool,
    families: String,
    our: Our,
    #[nserde(serialize_none_as_null)]
    error: Option<String>,
    notes: Option<Vec<String>>,
    config: Option<Config>,
    checks: Option<Vec<status::Check>>,
    raw: Option<status::Raw>,
}

#[derive(SerJson)]
struct Our {
    asn: Option<u32>,
    wg_pub_key: String,
    wg_endpoint_addr: String,
    #[nserde(serialize_none_as_null)]
    wg_endpoint_port: Option<u16>,
    #[nserde(serialize_none_as_null)]
    link_local: Option<String>,
}

#[derive(SerJson)]
struct Config {
    link: String,
    wireguard: String,
    bird: String,
    /// What was asked for, where that is a text of its own.
    format: Option<String>,
    text: Option<String>,
}

#[derive(SerJson)]
struct Failure {
    version: u8,
    error: Error,
}

#[derive(SerJson)]
struct Error {
    code: String,
    message: String,
    hint: String,
}

/// A refusal or a fault; without a line end.
pub fn refusal(refusal: &Refusal) -> String {
    let error = Error {
        code: refusal.code.to_string(),
        message: refusal.message.clone(),
        hint: refusal.hint.clone(),
    };
    Failure { version: VERSION, error }.serialize_json()
}

/// An answer; without a line end. `None` for answers that only people get.
pub fn reply(reply: &Reply) -> Option<String> {
    Some(match reply {
        Reply::Whoami(view) => identity(view).serialize_json(),
        Reply::Peers(views, _) => {
            Peers { version: VERSION, peers: views.iter().map(peer).collect() }.serialize_json()
        }
        Reply::Config(view) => {
            let chosen = !view.text.is_empty();
            let config = Config {
                link: view.link.clone(),
                wireguard: view.wireguard.clone(),
                bird: view.bird.clone(),
                format: chosen.then(|| view.form.word().to_string()),
                text: chosen.then(|| view.text.clone()),
            };
            let mut peer = Peer { config: Some(config), ..peer(&view.peer) };
            peer.our.asn = Some(view.our_asn.get());
            one(peer)
        }
        Reply::Exported(view) => export::export(view),
        Reply::Pops(view) => pops::pops(view),
        Reply::Status(view) => one(Peer {
            checks: Some(status::checks(view)),
            raw: view.raw.as_ref().map(status::raw),
            ..peer(&view.peer)
        }),
        Reply::Created(view, applied) => {
            let mut peer = peer(view);
            peer.error = peer.error.or(trouble(applied));
            let psk = view.generated_psk.as_ref().map(WgSecret::reveal);
            One { version: VERSION, peer, psk }.serialize_json()
        }
        Reply::Edited(view, changes, applied) => change::edited(view, changes, applied),
        Reply::Switched(view, applied) => change::switched(view, applied),
        Reply::Unchanged(view, applied) => change::unchanged(view, applied),
        Reply::Removed(asn, applied) => {
            Removed { version: VERSION, removed: asn.get(), error: trouble(applied) }
                .serialize_json()
        }
        Reply::History(view) => decision::history(view),
        Reply::Decided(it) => decision::decided(it),
        Reply::Help(topic, who) => help::help(*topic, *who),
        Reply::Intro(_) | Reply::Abandoned | Reply::Bye => return None,
    })
}

fn one(peer: Peer) -> String {
    One { version: VERSION, peer, psk: None }.serialize_json()
}

fn trouble(applied: &Applied) -> Option<String> {
    match applied {
        Applied::No(why) => Some(why.clone()),
        Applied::Yes | Applied::NotAwaited => None,
    }
}

fn identity(view: &IdentityView) -> Identity {
    Identity {
        version: VERSION,
        maintainer: view.maintainer.as_ref().map(|it| it.to_string()),
        admin: view.role == Role::Admin,
        asns: view.asns.iter().map(|it| it.get()).collect(),
        server: view.server.clone(),
        server_asn: view.our_asn.get(),
    }
}

fn peer(view: &PeerView) -> Peer {
    Peer {
        asn: view.asn.get(),
        id: view.id,
        state: view.state.word().to_string(),
        wg_pub_key: view.wg_pub_key.to_string(),
        wg_endpoint_addr: view.wg_endpoint_addr.clone(),
        wg_endpoint_port: view.wg_endpoint_port.map(|it| it.get()),
        link_local: view.link_local.map(|it| it.to_string()),
        mtu: view.mtu,
        psk: view.psk,
        families: view.families.word().to_string(),
        our: Our {
            asn: None,
            wg_pub_key: view.our.wg_pub_key.to_string(),
            wg_endpoint_addr: view.our.wg_endpoint_addr.clone(),
            wg_endpoint_port: view.our.wg_endpoint_port.map(|it| it.get()),
            link_local: view.our.link_local.map(|it| it.to_string()),
        },
        error: view.error.clone(),
        notes: Some(view.notes.clone()).filter(|it| !it.is_empty()),
        config: None,
        checks: None,
        raw: None,
    }
}

#[cfg(test)]
mod golden_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use nanoserde::DeJson;

    #[derive(DeJson)]
    struct FailureRead {
        version: u8,
        error: ErrorRead,
    }

    #[derive(DeJson)]
    struct ErrorRead {
        code: String,
        message: String,
        hint: String,
    }

    /// A member's text must not end a JSON string: quotes, backslashes and control bytes are
    /// escaped.
    #[test]
    fn text_of_others_stays_inside_its_string() {
        let words = "no command \"},\"x\":1,\\\n\u{1b}[31m\u{0}é";
        let text = refusal(&Refusal::new("usage", words, ""));
        assert!(!text.bytes().any(|byte| byte < 0x20), "{text}");
        let read = FailureRead::deserialize_json(&text).unwrap();
        assert_eq!(
            (read.version, read.error.code.as_str(), read.error.hint.as_str()),
            (1, "usage", "")
        );
        assert_eq!(read.error.message, words);
    }
}
