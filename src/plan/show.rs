//! Steps for the operator's eyes: one line each, and what changes in a file, with secrets hidden.

use super::Step;
use crate::model::{IfName, Timestamp};
use crate::plan::wireguard::{LinkActual, PeerActual};
use std::fmt::Write as _;

/// Lines of a WireGuard file whose value nobody may see.
const SECRETS: [&str; 2] = ["PrivateKey = ", "PresharedKey = "];

/// The step's line and, where it changes a file, the lines that go (`-`) and come (`+`).
pub fn detail(step: &Step) -> String {
    let mut text = format!("{step}\n");
    let (old, new) = match step {
        Step::WriteFile { old, new, .. } => (old.as_deref().unwrap_or(""), new.as_str()),
        Step::RemoveFile { old, .. } => (old.as_str(), ""),
        _ => return text,
    };
    for (sign, line) in difference(old, new) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {sign} {}", masked(line));
    }
    text
}

/// What goes and what comes between the lines that both begin with and the lines that both end
/// with.
fn difference<'a>(old: &'a str, new: &'a str) -> Vec<(char, &'a str)> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let ends = old.iter().rev().zip(new.iter().rev()).take(rest);
    let tail = ends.take_while(|(old, new)| old == new).count();
    let mut changed = Vec::new();
    for (sign, lines) in [('-', old), ('+', new)] {
        for line in lines.get(head..lines.len() - tail).unwrap_or_default() {
            changed.push((sign, *line));
        }
    }
    changed
}

fn masked(line: &str) -> String {
    let secret = SECRETS.iter().find(|name| line.starts_with(**name));
    secret.map_or_else(|| line.to_string(), |name| format!("{name}(hidden)"))
}

// A link as `wg show` prints it, secrets masked. Members know that text, and send it to each
// other.

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;
const YEAR_S: u64 = 365 * DAY_S;

/// The text, each line with its end; as `show.c` of wireguard-tools has it.
pub fn show(name: &IfName, link: &LinkActual, now: Timestamp) -> String {
    let mut text = format!("interface: {}\n", name.as_str());
    // Writing to a String cannot fail.
    if let Some(key) = &link.private_key {
        let _ = write!(text, "  public key: {}\n  private key: (hidden)\n", key.public());
    }
    if link.listen_port > 0 {
        let _ = writeln!(text, "  listening port: {}", link.listen_port);
    }
    for peer in &link.peers {
        text.push('\n');
        text += &show_peer(peer, now);
    }
    text
}

fn show_peer(peer: &PeerActual, now: Timestamp) -> String {
    let mut text = format!("peer: {}\n", peer.key);
    if peer.preshared_key.is_some() {
        text += "  preshared key: (hidden)\n";
    }
    // Writing to a String cannot fail.
    if let Some(endpoint) = peer.endpoint {
        let _ = writeln!(text, "  endpoint: {endpoint}");
    }
    let allowed: Vec<String> = peer.allowed_ips.iter().map(ToString::to_string).collect();
    let allowed = if allowed.is_empty() { "(none)".to_string() } else { allowed.join(", ") };
    let _ = writeln!(text, "  allowed ips: {allowed}");
    if peer.last_handshake_s > 0 {
        let _ = writeln!(text, "  latest handshake: {}", ago(peer.last_handshake_s, now));
    }
    let (rx, tx) = (peer.rx_bytes, peer.tx_bytes);
    if rx > 0 || tx > 0 {
        let _ = writeln!(text, "  transfer: {} received, {} sent", bytes(rx), bytes(tx));
    }
    if peer.keepalive_s > 0 {
        let keepalive = duration(peer.keepalive_s.into());
        let _ = writeln!(text, "  persistent keepalive: every {keepalive}");
    }
    text
}

fn ago(last_s: i64, now: Timestamp) -> String {
    match now.since(Timestamp(last_s)) {
        0 if now < Timestamp(last_s) => {
            "(System clock wound backward; connection problems may ensue.)".to_string()
        }
        0 => "Now".to_string(),
        age => format!("{} ago", duration(age)),
    }
}

/// The parts that are not zero, largest first.
fn duration(seconds: u64) -> String {
    let parts = [
        (seconds / YEAR_S, "year"),
        (seconds % YEAR_S / DAY_S, "day"),
        (seconds % DAY_S / HOUR_S, "hour"),
        (seconds % HOUR_S / MINUTE_S, "minute"),
        (seconds % MINUTE_S, "second"),
    ];
    let mut words = Vec::new();
    for (count, unit) in parts {
        match count {
            0 => {}
            1 => words.push(format!("1 {unit}")),
            _ => words.push(format!("{count} {unit}s")),
        }
    }
    words.join(", ")
}

fn bytes(count: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let power = (count.checked_ilog2().unwrap_or(0) / 10).min(4);
    let unit = units.get(power as usize).copied().unwrap_or("B");
    match power {
        0 => format!("{count} {unit}"),
        // Three digits and two after the point are far from what a float loses.
        _ => format!("{:.2} {unit}", count as f64 / (1_u64 << (10 * power)) as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FileKind, Owner};
    use super::*;
    use crate::model::{Asn, WgKey, WgSecret};
    use crate::plan::wireguard::allowed_ips;

    fn written(old: Option<&str>, new: &str) -> String {
        let (kind, owner) = (FileKind::WireGuard, Owner::Peering(Asn::new(64600).unwrap()));
        {
            let name = crate::plan::naming::Naming::default().file(kind, owner);
            detail(&Step::WriteFile {
                kind,
                owner,
                name,
                old: old.map(str::to_string),
                new: new.to_string(),
            })
        }
    }

    #[test]
    fn what_changes_is_shown_and_nothing_else() {
        let seen = written(
            Some("[Interface]\nListenPort = 1\nTable = off"),
            "[Interface]\nListenPort = 2\nTable = off",
        );
        assert_eq!(seen, "change file wg-as64600.conf\n  - ListenPort = 1\n  + ListenPort = 2\n");
        assert_eq!(written(Some("a\na"), "a"), "change file wg-as64600.conf\n  - a\n");
        assert_eq!(written(Some("a"), "a\na"), "change file wg-as64600.conf\n  + a\n");
        assert_eq!(written(None, "x"), "write file wg-as64600.conf\n  + x\n");
    }

    #[test]
    fn secrets_are_not_shown() {
        let seen = written(Some("PrivateKey = one"), "PrivateKey = two\nPresharedKey = three");
        assert!(seen.contains("PresharedKey = (hidden)"));
        assert!(!["one", "two", "three"].iter().any(|secret| seen.contains(secret)), "{seen}");
    }

    fn link() -> LinkActual {
        let peer = PeerActual {
            key: WgKey::new([7; 32]).unwrap(),
            preshared_key: Some(WgSecret::new([9; 32])),
            endpoint: Some("[2001:db8::1]:20263".parse().unwrap()),
            keepalive_s: 30,
            allowed_ips: allowed_ips().to_vec(),
            last_handshake_s: 1_000_000,
            rx_bytes: 276_761_477,
            tx_bytes: 900,
        };
        LinkActual {
            private_key: Some(WgSecret::new([1; 32])),
            listen_port: 52001,
            peers: vec![peer],
            ..LinkActual::default()
        }
    }

    #[test]
    fn it_looks_like_wg_and_no_secret_is_in_it() {
        let name = IfName::of(Asn::new(4242421344).unwrap());
        let text = show(&name, &link(), Timestamp(1_000_015));
        let path = format!("{}/fixtures/files/wg-show.txt", env!("CARGO_MANIFEST_DIR"));
        crate::testing::golden(&path, &text);
        for secret in [WgSecret::new([1; 32]), WgSecret::new([9; 32])] {
            assert!(!text.contains(&secret.reveal()), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_has_no_line() {
        let name = IfName::of(Asn::new(64600).unwrap());
        assert_eq!(show(&name, &LinkActual::default(), Timestamp(0)), "interface: wg-as64600\n");
        let mut fresh = link();
        for peer in &mut fresh.peers {
            (peer.last_handshake_s, peer.rx_bytes, peer.tx_bytes, peer.keepalive_s) = (0, 0, 0, 0);
            (peer.preshared_key, peer.endpoint) = (None, None);
            peer.allowed_ips.clear();
        }
        let text = show(&name, &fresh, Timestamp(0));
        assert!(text.ends_with("\n  allowed ips: (none)\n"), "{text}");
    }

    #[test]
    fn times_and_sizes_as_wg_says_them() {
        for (age, words) in [
            (0, "Now"),
            (1, "1 second ago"),
            (3_661, "1 hour, 1 minute, 1 second ago"),
            (2 * 86_400 + 60, "2 days, 1 minute ago"),
            (-5, "(System clock wound backward; connection problems may ensue.)"),
        ] {
            assert_eq!(ago(1_000_000, Timestamp(1_000_000 + age)), words);
        }
        for (count, words) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (276_761_477, "263.94 MiB"),
            (u64::MAX, "16777216.00 TiB"),
        ] {
            assert_eq!(bytes(count), words);
        }
    }
}
