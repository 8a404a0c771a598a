//! The cross-platform userspace protocol as text (wireguard.com/xplatform). Pure.
//!
//! A request or answer is lines `key=value` and an empty line. A `public_key` begins a new peer.
//! Keys are hexadecimal, an answer ends with `errno=`, which implementations write with either
//! sign.

use super::UapiReason;
use crate::limits::WG_KEY_BYTES;
use crate::model::{WgKey, WgSecret};
use crate::plan::wireguard::{LinkActual, PeerActual, PeerRule, PeerSettings, Settings};
use rustix::io::Errno;
use std::fmt::Write as _;

/// The request for everything.
pub const GET: &str = "get=1\n\n";

/// The request that sets what `settings` names.
pub fn set_request(settings: &Settings) -> String {
    let mut text = String::from("set=1\n");
    if let Some(key) = &settings.private_key {
        line(&mut text, "private_key", key.to_hex());
    }
    if let Some(port) = settings.listen_port {
        line(&mut text, "listen_port", port);
    }
    settings.peers.iter().for_each(|peer| push_peer(&mut text, peer));
    text.push('\n');
    text
}

fn push_peer(text: &mut String, peer: &PeerSettings) {
    line(text, "public_key", peer.key.to_hex());
    match peer.rule {
        PeerRule::Add => {}
        PeerRule::Update => line(text, "update_only", "true"),
        PeerRule::Remove => line(text, "remove", "true"),
    }
    if let Some(key) = &peer.preshared_key {
        line(text, "preshared_key", key.to_hex());
    }
    if let Some(endpoint) = peer.endpoint {
        line(text, "endpoint", endpoint);
    }
    if let Some(seconds) = peer.keepalive_s {
        line(text, "persistent_keepalive_interval", seconds);
    }
    if let Some(prefixes) = &peer.allowed_ips {
        line(text, "replace_allowed_ips", "true");
        prefixes.iter().for_each(|prefix| line(text, "allowed_ip", prefix));
    }
}

fn line(text: &mut String, key: &str, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{key}={value}");
}

/// The answer to a [`set_request`].
pub fn set_answer(answer: &str) -> Result<(), UapiReason> {
    lines(answer).try_for_each(|line| line.map(drop))
}

/// Reads the answer to [`GET`] into `actual`. Keys that we do not know are passed over.
pub fn get_answer(answer: &str, actual: &mut LinkActual) -> Result<(), UapiReason> {
    actual.peers.clear();
    // Both are left out where they are not set.
    (actual.private_key, actual.listen_port) = (None, 0);
    for line in lines(answer) {
        let (key, value) = line?;
        take(actual, key, value).ok_or(UapiReason::Malformed)?;
    }
    Ok(())
}

/// The lines before `errno=0`; an error for any other end.
fn lines(answer: &str) -> impl Iterator<Item = Result<(&str, &str), UapiReason>> {
    let mut lines = answer.lines();
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let pair = lines.next().and_then(|line| line.split_once('='));
        ended = !matches!(pair, Some((key, _)) if key != "errno");
        match pair {
            None => Some(Err(UapiReason::Malformed)),
            Some(("errno", number)) => errno(number).err().map(Err),
            Some(pair) => Some(Ok(pair)),
        }
    })
}

fn errno(number: &str) -> Result<(), UapiReason> {
    match number.parse::<i32>().map(i32::unsigned_abs) {
        Ok(0) => Ok(()),
        Ok(number @ 1..4096) => {
            let number = i32::try_from(number).unwrap_or_default();
            Err(UapiReason::Refused(Errno::from_raw_os_error(number)))
        }
        _ => Err(UapiReason::Malformed),
    }
}

/// Takes one line; `None` if its value is not in the protocol's form.
fn take(actual: &mut LinkActual, key: &str, value: &str) -> Option<()> {
    match key {
        "private_key" => actual.private_key = secret(value)?,
        "listen_port" => actual.listen_port = value.parse().ok()?,
        "public_key" => actual.peers.push(peer(WgKey::from_hex(value)?)),
        _ => {
            if let Some(peer) = actual.peers.last_mut() {
                take_of_peer(peer, key, value)?;
            }
        }
    }
    Some(())
}

fn take_of_peer(peer: &mut PeerActual, key: &str, value: &str) -> Option<()> {
    match key {
        "preshared_key" => peer.preshared_key = secret(value)?,
        // An endpoint in a form that we do not know, such as one with a named zone, is none to us.
        "endpoint" => peer.endpoint = value.parse().ok(),
        "persistent_keepalive_interval" => peer.keepalive_s = value.parse().ok()?,
        "allowed_ip" => peer.allowed_ips.push(value.parse().ok()?),
        "last_handshake_time_sec" => peer.last_handshake_s = value.parse().ok()?,
        "rx_bytes" => peer.rx_bytes = value.parse().ok()?,
        "tx_bytes" => peer.tx_bytes = value.parse().ok()?,
        _ => {}
    }
    Some(())
}

/// A secret, or none if it is all zero.
fn secret(value: &str) -> Option<Option<WgSecret>> {
    let secret = WgSecret::from_hex(value)?;
    Some(Some(secret).filter(|secret| secret.bytes() != &[0; WG_KEY_BYTES]))
}

fn peer(key: WgKey) -> PeerActual {
    PeerActual {
        key,
        preshared_key: None,
        endpoint: None,
        keepalive_s: 0,
        allowed_ips: Vec::new(),
        last_handshake_s: 0,
        rx_bytes: 0,
        tx_bytes: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::wireguard::Change;
    use crate::plan::wireguard::allowed_ips;

    const KEY: &str = "0202020202020202020202020202020202020202020202020202020202020202";
    const SECRET: &str = "0101010101010101010101010101010101010101010101010101010101010101";

    fn get(answer: &str) -> Result<LinkActual, UapiReason> {
        let mut actual = LinkActual { listen_port: 7, ..LinkActual::default() };
        get_answer(answer, &mut actual).map(|()| actual)
    }

    #[test]
    fn a_request_says_only_what_changes() {
        let key = WgKey::new([2; 32]).unwrap();
        let changes = [
            Change::PrivateKey { old: None, new: WgSecret::new([1; 32]) },
            Change::AddPeer {
                key,
                preshared_key: Some(WgSecret::new([1; 32])),
                endpoint: "[2001:db8::1]:20263".parse().ok(),
                allowed_ips: allowed_ips(),
                keepalive_s: 30,
            },
            Change::Keepalive { key, old: 0, new: 30 },
            Change::RemovePeer { key },
            Change::ListenPort { old: 0, new: "52001".parse().unwrap() },
        ];
        assert_eq!(
            set_request(&Settings::peers_of(&changes)),
            format!(
                "set=1\nprivate_key={SECRET}\npublic_key={KEY}\npreshared_key={SECRET}\n\
                 endpoint=[2001:db8::1]:20263\npersistent_keepalive_interval=30\n\
                 replace_allowed_ips=true\nallowed_ip=172.16.0.0/12\nallowed_ip=10.0.0.0/8\n\
                 allowed_ip=fd00::/8\nallowed_ip=fe80::/10\npublic_key={KEY}\nupdate_only=true\n\
                 persistent_keepalive_interval=30\npublic_key={KEY}\nremove=true\n\n"
            )
        );
        assert_eq!(set_request(&Settings::port_of(&changes)), "set=1\nlisten_port=52001\n\n");
    }

    #[test]
    fn an_answer_is_read_whole() {
        let none = "0".repeat(64);
        let answer = format!(
            "private_key={SECRET}\nlisten_port=52001\nfwmark=5\npublic_key={KEY}\n\
             preshared_key={none}\nprotocol_version=1\nendpoint=[2001:db8::1]:20263\n\
             last_handshake_time_sec=1700000000\nlast_handshake_time_nsec=5\n\
             tx_bytes=3\nrx_bytes=2\npersistent_keepalive_interval=30\nallowed_ip=10.0.0.0/8\n\
             allowed_ip=fd00::/8\n\
             public_key={SECRET}\npreshared_key={SECRET}\nendpoint=[fe80::1%eth0]:1\nerrno=0\n\n"
        );
        let actual = get(&answer).unwrap();
        assert_eq!(actual.private_key, Some(WgSecret::new([1; 32])));
        assert_eq!(actual.listen_port, 52001);
        let [first, second] = actual.peers.as_slice() else { panic!("{:?}", actual.peers) };
        assert_eq!(first.preshared_key, None);
        assert_eq!(first.endpoint, "[2001:db8::1]:20263".parse().ok());
        assert_eq!((first.last_handshake_s, first.rx_bytes, first.tx_bytes), (1_700_000_000, 2, 3));
        assert_eq!((first.keepalive_s, first.allowed_ips.len()), (30, 2));
        assert_eq!(second.preshared_key, Some(WgSecret::new([1; 32])));
        assert_eq!(second.endpoint, None);
    }

    #[test]
    fn a_link_without_anything_has_nothing() {
        let actual = get("errno=0\n\n").unwrap();
        assert_eq!((actual.private_key, actual.listen_port), (None, 0));
        assert_eq!(get("protocol_version=1\nrx_bytes=1\nerrno=0\n\n").unwrap().peers, []);
    }

    #[test]
    fn errors_have_their_number_with_either_sign() {
        for (answer, errno) in [("errno=-98\n\n", Errno::ADDRINUSE), ("errno=22\n\n", Errno::INVAL)]
        {
            assert_eq!(set_answer(answer), Err(UapiReason::Refused(errno)));
            assert_eq!(get(answer), Err(UapiReason::Refused(errno)));
        }
        assert_eq!(set_answer("errno=0\n\n"), Ok(()));
    }

    /// Answers of a broken or hostile process.
    #[test]
    fn what_is_not_in_the_form_is_refused() {
        for answer in [
            "",
            "\n\n",
            "x\n\n",
            "errno=\n\n",
            "errno=x\n\n",
            "errno=99999999999\n\n",
            "errno=-2147483648\n\n",
            "listen_port=52001\n\n",
            "listen_port=65536\nerrno=0\n\n",
            "listen_port=\nerrno=0\n\n",
            "private_key=00\nerrno=0\n\n",
            "public_key=\nerrno=0\n\n",
            &format!("public_key={}\nerrno=0\n\n", "0".repeat(64)),
            &format!("public_key={KEY}\nallowed_ip=10.0.0.0/33\nerrno=0\n\n"),
            &format!("public_key={KEY}\npersistent_keepalive_interval=-1\nerrno=0\n\n"),
            &format!("public_key={KEY}\nrx_bytes=99999999999999999999\nerrno=0\n\n"),
            &format!("public_key={KEY}\npreshared_key=é\nerrno=0\n\n"),
        ] {
            assert_eq!(get(answer), Err(UapiReason::Malformed), "{answer:?}");
        }
    }
}
