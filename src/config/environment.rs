//! What the environment sets: `PEERLING_<SECTION>_<KEY>`, and the variables of the replaced
//! service.
//!
//! A `PEERLING_*` variable that no key has is a problem, for it is a typing mistake. A `DN42_*` one
//! is not: other programs use that prefix too. An empty `DN42_*` variable is as if not set.

use super::key::{KeySpec, Kind};
use super::problem::{Place, Problems, quoted};
use super::sources::Sources;
use super::table::KEYS;
use super::value::{Located, Value};
use crate::limits::CONFIG_LIST_ITEMS_MAX;
use crate::model::Port;
use crate::text::spelling::nearest;
use std::net::{IpAddr, SocketAddr};

/// Where the replaced service listens if only one half of the address is given.
const LISTEN_ADDRESS: &str = "::1";
const LISTEN_PORT: &str = "4242";
const KEY_FILE: &str = "PEERLING_WIREGUARD_PRIVATE_KEY_FILE";

/// The environment: names and values. Of a name that is there twice the first counts, as in
/// getenv(3).
type Environment<'a> = &'a [(String, String)];

/// Sets what the variables set, over what the file set.
pub(super) fn read(environment: Environment<'_>, sources: &mut Sources, problems: &mut Problems) {
    let variables: Vec<String> = KEYS.iter().map(KeySpec::variable).collect();
    for (spec, variable) in KEYS.iter().zip(&variables) {
        match find(environment, variable) {
            Some(text) => sources.set(spec, located(variable, spec.kind, text)),
            None => read_alias(spec, environment, sources, problems),
        }
    }
    for (name, _) in environment {
        if name.starts_with("PEERLING_") && !variables.contains(name) {
            let hint = match nearest(name, variables.iter().map(String::as_str)) {
                Some(meant) => format!("; did you mean {meant}?"),
                None => String::new(),
            };
            problems.add(place(name), format!("unknown variable{hint}"));
        }
    }
}

fn place(variable: &str) -> Place {
    Place::Variable(variable.into())
}

fn find<'a>(environment: Environment<'a>, variable: &str) -> Option<&'a str> {
    environment.iter().find(|(name, _)| name == variable).map(|(_, text)| text.as_str())
}

/// The same of a variable of the replaced service.
fn find_alias<'a>(environment: Environment<'a>, variable: &str) -> Option<&'a str> {
    find(environment, variable).filter(|text| !text.is_empty())
}

/// The value that the text of a variable means; whether it is a good one is judged later.
fn located(variable: &str, kind: Kind, text: &str) -> Located {
    let place = place(variable);
    let value = match kind {
        Kind::List { .. } => list(&place, text),
        Kind::Number { .. } if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().map_or_else(|_| Value::Text(text.into()), Value::Number)
        }
        Kind::Boolean if text == "true" => Value::Boolean(true),
        Kind::Boolean if text == "false" => Value::Boolean(false),
        _ => Value::Text(text.into()),
    };
    Located { place, value }
}

fn list(place: &Place, text: &str) -> Value {
    if text.is_empty() {
        return Value::List(Vec::new());
    }
    if text.split(',').count() > CONFIG_LIST_ITEMS_MAX {
        return Value::Other("a list as long as this");
    }
    let mut entries = Vec::new();
    for entry in text.split(',') {
        entries.push(Located { place: place.clone(), value: Value::Text(entry.trim().into()) });
    }
    Value::List(entries)
}

/// A list of one entry, whose text may have commas in it.
fn single(variable: &str, kind: Kind, text: &str) -> Located {
    Located { place: place(variable), value: Value::List(vec![located(variable, kind, text)]) }
}

/// What the replaced service's variables set a key to.
fn read_alias(
    spec: &KeySpec,
    environment: Environment<'_>,
    sources: &mut Sources,
    problems: &mut Problems,
) {
    let mut found = None;
    for variable in spec.aliases.iter().rev() {
        found = find_alias(environment, variable).map(|text| (*variable, text)).or(found);
    }
    let Some((variable, text)) = found else { return };
    match (spec.section, spec.key) {
        ("ssh", "listen") => read_listen(spec, environment, sources, problems),
        // Whoever names a file by the newer variable wants that file, not the older variable's key.
        ("wireguard", "private_key") if find(environment, KEY_FILE).is_some() => {}
        // One more network that is never an endpoint: it must not open those that the file closes.
        ("peers", "reserved_networks") => {
            sources.append(spec, located(variable, Kind::Network, text));
        }
        _ => match spec.kind {
            Kind::List { of, .. } => sources.set(spec, single(variable, *of, text)),
            kind => sources.set(spec, located(variable, kind, text)),
        },
    }
}

/// The one address that the replaced service listens on, from its two halves.
fn read_listen(
    spec: &KeySpec,
    environment: Environment<'_>,
    sources: &mut Sources,
    problems: &mut Problems,
) {
    let (address_variable, port_variable) = ("DN42_SSH_LISTEN_ADDRESS", "DN42_SSH_PORT");
    let address = find_alias(environment, address_variable);
    let address_text = address.unwrap_or(LISTEN_ADDRESS);
    let port_text = find_alias(environment, port_variable).unwrap_or(LISTEN_PORT);
    let ip = address_text.parse::<IpAddr>();
    let port = port_text.parse::<Port>();
    if ip.is_err() {
        let message = format!("{spec}: {} is not an IP address", quoted(address_text));
        problems.add(place(address_variable), message);
    }
    if let Err(error) = port {
        problems.add(place(port_variable), format!("{spec}: {}: {error}", quoted(port_text)));
    }
    sources.set_unreadable(spec);
    if let (Ok(ip), Ok(port)) = (ip, port) {
        let variable = if address.is_some() { address_variable } else { port_variable };
        let text = SocketAddr::new(ip, port.get()).to_string();
        sources.set(spec, single(variable, Kind::Listen, &text));
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, located};
    use crate::config::value::Scalar as _;
    use crate::config::{Config, Source, resolve};

    const FILE: &str = "[pop]\nasn = 4242420263\nname = 'pop.example.net'\n";

    /// What `file`, put behind a minimal one, and `NAME=value` variables mean together.
    fn read(file: &str, variables: &[&str]) -> Result<Config, Vec<String>> {
        let text = format!("{FILE}{file}");
        let pair = |it: &&str| it.split_once('=').map(|(n, v)| (n.to_string(), v.to_string()));
        let environment: Vec<_> = variables.iter().filter_map(pair).collect();
        resolve(Some(Source { name: "f", text: &text }), &environment)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_stronger_source_counts() {
        let file = "[store]\npath = 'file'";
        let path = |variables: &[&str]| read(file, variables).unwrap().store.path;
        assert_eq!(path(&[]).to_str(), Some("file"));
        assert_eq!(path(&["DN42_DB_PATH="]).to_str(), Some("file"));
        assert_eq!(path(&["DN42_DB_PATH=old"]).to_str(), Some("old"));
        assert_eq!(path(&["DN42_DB_PATH=old", "PEERLING_STORE_PATH=new"]).to_str(), Some("new"));
        assert_eq!(path(&["PEERLING_STORE_PATH=a", "PEERLING_STORE_PATH=b"]).to_str(), Some("a"));
        // What does not count is not judged.
        assert!(read("[peers]\nip_mode = 4", &["PEERLING_PEERS_IP_MODE=both"]).is_ok());
        assert!(read("", &["DN42_ASN=x", "PEERLING_POP_ASN=4242420263"]).is_ok());
    }

    #[test]
    fn lists_have_commas_and_empty_is_no_value() {
        let file = "[ssh]\nmotd = 'm'\nadmin_keys = ['k']\n";
        let listen = "PEERLING_SSH_LISTEN=[::1]:4242, 127.0.0.1:4242";
        let config = read(file, &[listen, "PEERLING_SSH_MOTD=", "PEERLING_SSH_ADMIN_KEYS="]);
        let ssh = config.unwrap().ssh;
        assert_eq!(ssh.listen, ["[::1]:4242".parse().unwrap(), "127.0.0.1:4242".parse().unwrap()]);
        assert_eq!((ssh.motd, ssh.admin_keys.len()), (None, 0));
        let told = read("", &["PEERLING_SSH_LISTEN=", "PEERLING_POP_BANDWIDTH=+22"]).unwrap_err();
        assert_eq!(
            told,
            [
                "PEERLING_POP_BANDWIDTH: pop.bandwidth: must be a number from 21 to 29, \
                 not the text \"+22\"",
                "PEERLING_SSH_LISTEN: ssh.listen: at least 1 entry is needed",
            ]
        );
    }

    #[test]
    fn a_boolean_is_one_of_two_words() {
        for (text, expected) in [
            ("true", Some(true)),
            ("false", Some(false)),
            ("yes", None),
            ("", None),
            ("True", None),
        ] {
            let value = located("PEERLING_X", Kind::Boolean, text).value;
            assert_eq!(bool::from_value(&value, Kind::Boolean).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn two_old_variables_make_one_address() {
        for (variables, expected) in [
            (&["DN42_SSH_PORT=4243"] as &[&str], "[::1]:4243"),
            (&["DN42_SSH_LISTEN_ADDRESS=192.0.2.1"], "192.0.2.1:4242"),
            (&["DN42_SSH_LISTEN_ADDRESS=::", "DN42_SSH_PORT=22"], "[::]:22"),
        ] {
            let ssh = read("[ssh]\nlisten = ['[::2]:1']", variables).unwrap().ssh;
            assert_eq!(ssh.listen, [expected.parse().unwrap()], "{variables:?}");
        }
        let told = read("", &["DN42_SSH_PORT=0", "DN42_SSH_LISTEN_ADDRESS=localhost"]).unwrap_err();
        assert_eq!(told.len(), 2, "{told:?}");
    }

    #[test]
    fn a_reserved_network_is_added_to_those_of_the_file() {
        let file = "[peers]\nreserved_networks = ['192.0.2.0/24']";
        let of = |variables: &[&str]| {
            let networks = read(file, variables).unwrap().peers.reserved_networks;
            networks.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let old = "DN42_RESERVED_NETWORK=2001:db8::/32";
        assert_eq!(of(&[old]), ["192.0.2.0/24", "2001:db8::/32"]);
        assert_eq!(of(&["DN42_RESERVED_NETWORK=192.0.2.0/24"]), ["192.0.2.0/24"]);
        assert!(of(&[old, "PEERLING_PEERS_RESERVED_NETWORKS="]).is_empty());
    }

    #[test]
    fn a_secret_is_never_told() {
        let secret = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        let old = format!("DN42_WG_PRIV_KEY={secret}");
        let config = read("", &[&old]).unwrap();
        assert_eq!(config.wireguard.private_key.as_ref().unwrap().reveal(), secret);
        assert!(!format!("{config:?}{}", config.to_toml()).contains("AQEB"));
        let newer = read("", &[&old, "PEERLING_WIREGUARD_PRIVATE_KEY_FILE=/k"]).unwrap();
        assert_eq!(newer.wireguard.private_key, None);
        let bad = format!("DN42_WG_PRIV_KEY={secret}=");
        let as_public = format!("DN42_WG_PUB_KEY={secret}=");
        let told = read("", &[&bad, &as_public]).unwrap_err();
        assert!(told.len() == 2 && !told.concat().contains("AQEB"), "{told:?}");
        let told = read(&format!("[wireguard]\nprivate_key = '{secret}'"), &[]).unwrap_err();
        assert!(told.len() == 1 && !told.concat().contains("AQEB"), "{told:?}");
    }

    #[test]
    fn an_unknown_variable_is_a_slip_only_with_our_prefix() {
        assert!(read("", &["DN42_FOO=1", "PEERLINGS=1", "ASN=1", "peerling_pop_asn=1"]).is_ok());
        let told = read("", &["PEERLING_POP_ANS=1", "PEERLING_\u{1b}[m=1"]).unwrap_err();
        assert_eq!(
            told,
            [
                "PEERLING_\\u{1b}[m: unknown variable",
                "PEERLING_POP_ANS: unknown variable; did you mean PEERLING_POP_ASN?",
            ]
        );
    }
}
