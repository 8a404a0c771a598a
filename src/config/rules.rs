//! What holds beyond types: the form of texts, what follows from the AS number, and keys that must
//! agree.

use super::Config;
use super::key::{KeySpec, Kind, Preset};
use super::keys;
use super::problem::{Place, Problems, quoted};
use super::setting::Scalar;
use super::sources::{Said, Sources, Value};
use super::toml::value;
use crate::limits::{BIRD_SYMBOL_BYTES_MAX, CONFIG_TEXT_BYTES_MAX, NETWORK_NAME_CHARS_MAX};
use crate::model::{Asn, EndpointError, Host, LinkLocal};

/// Says the defaults of all keys of which nobody said anything.
pub(super) fn complete(sources: &mut Sources) {
    let said = sources.get(("pop", "asn"));
    let asn = said.and_then(|said| Asn::scalar(&said.value, Kind::Asn).ok());
    for spec in keys() {
        let name = (spec.section, spec.key);
        let default = match spec.default {
            _ if sources.is_set(name) => continue,
            Preset::Required => continue,
            Preset::Unset => Some(Value::Text(String::new())),
            Preset::Value(toml) => value(toml),
            Preset::Derived(_) => asn.and_then(|asn| derived(spec, asn)).map(Value::Text),
        };
        if let Some(value) = default {
            sources.say(name, Said { place: default_place(), value });
        }
    }
}

/// Where a value is said that nobody said.
pub(super) fn default_place() -> Place {
    Place::Whole("default".into())
}

/// The default that follows from the AS number: the addresses of AS4242420263 are `fe80:0263::` and
/// `fe80::263`, decimal digits in the place of hexadecimal ones, as dn42 has it. `fe80::0` would be
/// the routers' anycast address, so an AS number that ends in 0000 gets `fe80::1`.
fn derived(spec: &KeySpec, asn: Asn) -> Option<String> {
    match spec.key {
        "network" => Some(format!("AS{asn}")),
        "link_local_prefix" => Some(format!("fe80:{:04}::", asn.tail())),
        "local_address" => Some(format!("fe80::{}", asn.tail().max(1))),
        _ => None,
    }
}

/// Tells which keys do not agree.
pub(super) fn judge(config: &Config, sources: &Sources, problems: &mut Problems) {
    let (max, id_max) = (config.peers.max, config.wireguard.id_max());
    if let Some(said) = sources.get(("peers", "max")).filter(|_| max > id_max) {
        let base_port = config.wireguard.base_port;
        let message = format!(
            "peers.max: {max} peerings need as many ports; above base_port {base_port} are {id_max}"
        );
        problems.add(said.place.clone(), message);
    }
}

/// Whether a text has the form of its kind, for the kinds that are texts and nothing else.
pub(super) fn text(text: &str, kind: Kind) -> Result<(), String> {
    let told = |why: String| Err(format!("{}: {why}", quoted(text)));
    if text.is_empty() {
        return Err(format!("an empty text is not {kind}"));
    }
    if text.len() > CONFIG_TEXT_BYTES_MAX {
        return told(format!("a text has at most {CONFIG_TEXT_BYTES_MAX} bytes"));
    }
    if text.contains(char::is_control) {
        return Err(format!("a text with control characters is not {kind}"));
    }
    match kind {
        Kind::Host => host(text).or_else(|error| told(error.to_string())),
        Kind::Prefix => prefix(text).or_else(told),
        Kind::Symbol if !is_symbol(text) => {
            told(format!("not {kind}, at most {BIRD_SYMBOL_BYTES_MAX} and no digit first"))
        }
        Kind::Name if text.chars().count() > NETWORK_NAME_CHARS_MAX => {
            told(format!("a name has at most {NETWORK_NAME_CHARS_MAX} characters"))
        }
        Kind::Name if text.trim() != text => told("spaces at an end".into()),
        _ => Ok(()),
    }
}

/// A name of one label will do here, though no member elsewhere can use it: a laboratory has no
/// domain.
fn host(text: &str) -> Result<(), EndpointError> {
    match text.parse::<Host>() {
        Ok(_) | Err(EndpointError::Unqualified) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The prefix is used as text, so it must end where `1:` and the highest id can follow.
fn prefix(text: &str) -> Result<(), String> {
    if !text.ends_with("::") {
        return Err("the start of an address must end in ::".into());
    }
    let highest = format!("{text}1:{:x}", u16::MAX);
    highest
        .parse::<LinkLocal>()
        .map(drop)
        .map_err(|error| format!("with 1:ffff behind it: {error}"))
}

/// A plain symbol of BIRD's language: letters, digits and underscores, no digit first.
fn is_symbol(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= BIRD_SYMBOL_BYTES_MAX
        && text.bytes().all(plain)
        && !text.starts_with(|letter: char| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Source, resolve};

    fn config(lines: &str) -> Result<Config, String> {
        let text = format!("[pop]\nname = 'pop.example.net'\n{lines}");
        resolve(Some(Source { name: "f", text: &text }), &[])
            .map_err(|problems| problems.iter().map(|it| format!("{it}\n")).collect())
    }

    #[test]
    fn addresses_follow_from_the_as_number() {
        for (asn, prefix, local) in [
            ("4242420263", "fe80:0263::", "fe80::263"),
            ("'AS4242429999'", "fe80:9999::", "fe80::9999"),
            ("4242420000", "fe80:0000::", "fe80::1"),
            ("64600", "fe80:4600::", "fe80::4600"),
        ] {
            let config = config(&format!("asn = {asn}")).unwrap();
            assert_eq!(config.wireguard.link_local_prefix, prefix);
            assert_eq!(config.wireguard.local_address.as_str(), local);
        }
    }

    #[test]
    fn without_an_as_number_only_that_is_told() {
        assert_eq!(config("").unwrap_err(), "f: pop.asn is missing: our AS number\n");
        assert_eq!(config("asn = ").unwrap_err(), "f:3:7: a value is missing here\n");
    }

    #[test]
    fn every_id_needs_its_port() {
        let ports = |base: u16, max: u16| {
            config(&format!("asn = 1\n[wireguard]\nbase_port = {base}\n[peers]\nmax = {max}"))
        };
        assert_eq!(ports(52000, 13535).unwrap().wireguard.id_max(), 13535);
        assert_eq!(ports(65534, 1).unwrap().wireguard.id_max(), 1);
        assert_eq!(ports(1, 0).unwrap().wireguard.id_max(), 65534);
        let told = "13536 peerings need as many ports; above base_port 52000 are 13535";
        assert_eq!(ports(52000, 13536).unwrap_err(), format!("f:7:7: peers.max: {told}\n"));
    }

    #[test]
    fn texts_have_their_form() {
        let long = "a".repeat(CONFIG_TEXT_BYTES_MAX + 1);
        for (kind, good, bad) in [
            (
                Kind::Prefix,
                &["fe80:0263::", "FEBF::", "fe80::"] as &[&str],
                &["fe80:0263:", "fec0::", "fe80:1::2::", "fe80:0263::1:", "::"] as &[&str],
            ),
            (
                Kind::Host,
                &["pop.example.net", "2001:db8::1", "192.0.2.1", "pop"],
                &["pop.", "a b", "-", "[::1]", "pop:22"],
            ),
            (Kind::Symbol, &["dnpeers", "_a1"], &["1a", "a-b", "a b", "ä", &long]),
            (Kind::Name, &["Flip Flap Network", "Ünïcode"], &[" a", "a\n", "\u{1b}[m", &long]),
            (Kind::Path, &["/a b/ä", "relative"], &["", "a\0b", "a\nb", &long]),
        ] {
            good.iter().for_each(|it| assert_eq!(text(it, kind), Ok(()), "{it:?}"));
            bad.iter().for_each(|it| assert!(text(it, kind).is_err(), "{it:?}"));
        }
    }
}
