//! What members paste where one answer was asked for: a line of a WireGuard file, or its sections.
//!
//! A terminal that marks what is pasted gives us a section as one line, its line ends as blanks, so
//! the names of settings are what holds it together (wg(8), wg-quick(8)). Nothing here is proven:
//! each value goes to the judge of its answer. Of a private key only the public one that belongs to
//! it is taken, and that there was one is told.

use crate::model::{LinkLocal, Refusal, WgKey, WgSecret};

/// Answers that were found in a pasted text, as they stood there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    /// `PublicKey`; where there is none, what belongs to `PrivateKey`.
    pub public_key: Option<String>,
    /// `Endpoint`, host and port.
    pub endpoint: Option<String>,
    /// `ListenPort`.
    pub port: Option<String>,
    /// The link-local one of `Address`, without its prefix length.
    pub link_local: Option<String>,
    /// `MTU`.
    pub mtu: Option<String>,
    /// `PresharedKey`.
    pub preshared_key: Option<String>,
    /// There was a private key in it.
    pub private_key: bool,
    /// A section of the other end was left out: the file tells of the member's own interface.
    pub other_end: bool,
}

/// A section of a WireGuard file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Interface,
    Peer,
}

/// A setting as it stood there: its name in lower case, and the words after the equals sign.
struct Setting {
    section: Option<Section>,
    name: String,
    words: Vec<String>,
}

/// The settings of wg(8) and wg-quick(8), in lower case. Unknown ones end a value all the same
/// where an equals sign stands apart; these also where it does not.
const NAMES: [&str; 18] = [
    "publickey",
    "presharedkey",
    "allowedips",
    "endpoint",
    "persistentkeepalive",
    "privatekey",
    "listenport",
    "fwmark",
    "address",
    "dns",
    "mtu",
    "table",
    "preup",
    "postup",
    "predown",
    "postdown",
    "saveconfig",
    "protocol",
];

/// What was pasted; `None` if the text is no piece of a WireGuard file but a plain answer.
///
/// A file with both sections describes the member's own interface, so what its `[Peer]` says is
/// the other end's, and is left out. Several peers are refused: nobody can tell which is meant.
pub fn read(text: &str) -> Option<Result<Pasted, Refusal>> {
    let words = words(text);
    let first = words.first()?;
    let begins = section(first).is_some()
        || first.starts_with(['#', ';'])
        || matches!(words.get(1), Some(sign) if sign == "=" && is_name(first));
    begins.then(|| gather(settings(&words)))
}

/// A value as it was meant: without the quotes and blanks that came along with it.
pub fn bare(text: &str) -> &str {
    let text = text.trim();
    for mark in ['"', '\'', '`'] {
        if let Some(quoted) = text.strip_prefix(mark)
            && let Some(quoted) = quoted.strip_suffix(mark)
        {
            return quoted.trim();
        }
    }
    text
}

/// Words, with the equals sign after a setting's name as a word of its own.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        match word.split_once('=') {
            Some((name, value)) if is_name(name) => {
                words.extend([name.to_string(), "=".to_string()]);
                words.extend(Some(value.to_string()).filter(|value| !value.is_empty()));
            }
            _ => words.push(word.to_string()),
        }
    }
    words
}

fn is_name(word: &str) -> bool {
    NAMES.contains(&word.to_ascii_lowercase().as_str())
}

fn section(word: &str) -> Option<Section> {
    match word.to_ascii_lowercase().as_str() {
        "[interface]" => Some(Section::Interface),
        "[peer]" => Some(Section::Peer),
        _ => None,
    }
}

/// The settings in their order. One behind a comment's mark is none; so are the words of a comment.
fn settings(words: &[String]) -> Vec<Setting> {
    let (mut settings, mut inside) = (Vec::<Setting>::new(), None);
    let mut open = false;
    let mut before = "";
    for (index, word) in words.iter().enumerate() {
        let names = is_name(word) && words.get(index + 1).is_some_and(|next| next == "=");
        if let Some(begun) = section(word) {
            (inside, open) = (Some(begun), false);
        } else if names {
            open = !matches!(before, "#" | ";");
            if open {
                let name = word.to_ascii_lowercase();
                settings.push(Setting { section: inside, name, words: Vec::new() });
            }
        } else if word.starts_with(['#', ';']) {
            open = false;
        } else if let (true, Some(setting)) = (open, settings.last_mut()) {
            setting.words.push(word.clone());
        }
        before = word;
    }
    settings.iter_mut().for_each(|setting| setting.words.retain(|word| word != "="));
    settings
}

fn gather(settings: Vec<Setting>) -> Result<Pasted, Refusal> {
    let has_interface = settings.iter().any(|setting| setting.section == Some(Section::Interface));
    let has_peer = settings.iter().any(|setting| setting.section == Some(Section::Peer));
    let other_end = has_interface && has_peer;
    let mut pasted = Pasted { other_end, ..Pasted::default() };
    let mut computed = None;
    for setting in settings {
        if setting.name == "privatekey" {
            // Whichever section it is in: that there is one must be told.
            pasted.private_key = true;
            let public = public_half(&setting);
            if computed.is_some_and(|other| Some(other) != public) {
                return Err(several());
            }
            computed = public.or(computed);
        }
        if other_end && setting.section == Some(Section::Peer) {
            continue;
        }
        pasted.take(setting)?;
    }
    pasted.public_key = pasted.public_key.or(computed.map(|key| key.to_string()));
    Ok(pasted)
}

/// What `wg pubkey` makes of a private key, which is forgotten here.
fn public_half(setting: &Setting) -> Option<WgKey> {
    let secret: WgSecret = bare(setting.words.first()?).parse().ok()?;
    Some(secret.public())
}

impl Pasted {
    fn take(&mut self, setting: Setting) -> Result<(), Refusal> {
        let place = match setting.name.as_str() {
            "publickey" => &mut self.public_key,
            "endpoint" => &mut self.endpoint,
            "listenport" => &mut self.port,
            "mtu" => &mut self.mtu,
            "presharedkey" => &mut self.preshared_key,
            "address" => {
                self.link_local = link_local(&setting.words).or(self.link_local.take());
                return Ok(());
            }
            _ => return Ok(()),
        };
        if place.is_some() && setting.name == "publickey" {
            return Err(several());
        }
        *place = setting.words.first().map(|word| bare(word).to_string());
        Ok(())
    }

    /// Is there nothing in it that answers anything?
    pub fn is_empty(&self) -> bool {
        let Pasted { public_key, endpoint, port, link_local, mtu, preshared_key, .. } = self;
        [public_key, endpoint, port, link_local, mtu, preshared_key]
            .iter()
            .all(|field| field.is_none())
    }
}

/// The one address of a list that is link-local.
fn link_local(words: &[String]) -> Option<String> {
    let list = words.join(" ");
    let bare = list.split([',', ' ']).map(|address| address.split('/').next().unwrap_or(address));
    let mut found = bare.filter(|address| address.parse::<LinkLocal>().is_ok());
    let only = found.next().filter(|_| found.next().is_none())?;
    Some(only.to_string())
}

fn several() -> Refusal {
    let message = "There are several public keys in what you pasted";
    Refusal::new("several_keys", message, "Paste the section of your own router alone")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";

    fn ok(text: &str) -> Pasted {
        read(text).unwrap_or_else(|| panic!("a plain answer: {text:?}")).unwrap()
    }

    fn peer() -> Pasted {
        Pasted {
            public_key: Some(KEY.into()),
            endpoint: Some("node.example.org:20263".into()),
            ..Pasted::default()
        }
    }

    #[test]
    fn plain_answers_stay_what_they_are() {
        for text in [
            "",
            KEY,
            "4242420001",
            "node.example.org:20263",
            "[2001:db8::1]:20263",
            "[2001:db8::1]",
            "fe80::1",
            "none",
            "PublicKey",
            "mtu",
            "x = y",
            "= PublicKey",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn quotes_and_blanks_are_no_part_of_an_answer() {
        for text in ["x", " x ", "\"x\"", "'x'", "`x`", "\" x \""] {
            assert_eq!(bare(text), "x", "{text:?}");
        }
        assert_eq!([bare("\""), bare("\"x"), bare("''"), bare("")], ["\"", "\"x", "", ""]);
    }

    #[test]
    fn one_line_is_understood() {
        assert_eq!(ok(&format!("PublicKey = {KEY}")).public_key, Some(KEY.into()));
        assert_eq!(ok(&format!("publickey={KEY}")).public_key, Some(KEY.into()));
        assert_eq!(ok(&format!("PublicKey = \"{KEY}\" # mine")).public_key, Some(KEY.into()));
        assert_eq!(ok("Endpoint = [2001:db8::1]:1").endpoint, Some("[2001:db8::1]:1".into()));
        assert_eq!(ok("ListenPort=20263").port, Some("20263".into()));
        assert!(ok("AllowedIPs = 10.0.0.0/8, fe80::/10").is_empty());
        assert!(ok("[Peer]").is_empty() && ok("# my router").is_empty());
    }

    #[test]
    fn a_section_is_understood_whatever_became_of_its_line_ends() {
        let lines = [
            "[Peer]",
            "# node in Nuremberg",
            &format!("PublicKey = {KEY}"),
            "Endpoint = node.example.org:20263",
            "PersistentKeepalive = 25",
            "AllowedIPs = 172.16.0.0/12, fd00::/8, fe80::/10",
        ];
        for end in [" ", "\n", "\r\n", " \t "] {
            assert_eq!(ok(&lines.join(end)), peer(), "{end:?}");
        }
        let more = format!("{} MTU=1400 PresharedKey = {KEY}", lines.join(" "));
        let (mtu, preshared_key) = (Some("1400".into()), Some(KEY.into()));
        assert_eq!(ok(&more), Pasted { mtu, preshared_key, ..peer() });
    }

    #[test]
    fn what_a_comment_switched_off_stays_off() {
        let text = format!("[Peer] # PublicKey = x PublicKey = {KEY} ; Endpoint = y:1");
        assert_eq!(ok(&text), Pasted { endpoint: None, ..peer() });
        assert!(ok(&format!("#PublicKey = {KEY}")).is_empty());
    }

    /// The member's own file: its other end is ours, and its private key nobody's business.
    #[test]
    fn of_a_whole_file_only_the_members_side_is_taken() {
        let secret = "cFNlY3JldCBvZiBzb21lYm9keSwgbm90IHRvIGtlZXA=";
        let public = secret.parse::<WgSecret>().unwrap().public().to_string();
        let file = format!(
            "[Interface] PrivateKey = {secret} ListenPort = 20263 MTU = 1400 \
             Address = 172.20.0.1/32, fe80::1/64 \
             PostUp = /sbin/ip addr add dev %i fe80::1/128 peer fe80::263/128 Table = off \
             [Peer] PublicKey = {KEY} Endpoint = pop.example.net:52001 AllowedIPs = ::/0"
        );
        let pasted = ok(&file);
        let expected = Pasted {
            public_key: Some(public.clone()),
            port: Some("20263".into()),
            link_local: Some("fe80::1".into()),
            mtu: Some("1400".into()),
            private_key: true,
            other_end: true,
            ..Pasted::default()
        };
        assert_eq!(pasted, expected);
        assert!(!format!("{pasted:?}").contains(secret));
        let line = Pasted { public_key: Some(public), private_key: true, ..Pasted::default() };
        assert_eq!(ok(&format!("PrivateKey={secret}")), line);
        assert_eq!(
            ok(&format!("PrivateKey={secret} PublicKey={KEY}")).public_key,
            Some(KEY.into())
        );
        let garbage = Pasted { private_key: true, ..Pasted::default() };
        assert_eq!(ok("PrivateKey = x"), garbage);
        let two = format!("PrivateKey = {secret} PrivateKey = {KEY}");
        assert_eq!(read(&two).unwrap().unwrap_err().code, "several_keys");
    }

    #[test]
    fn addresses_are_taken_only_if_one_is_meant() {
        let address = |text: &str| ok(&format!("Address = {text}")).link_local;
        assert_eq!(address("fe80::1/64").as_deref(), Some("fe80::1"));
        assert_eq!(address("10.0.0.1/32,fe80::1").as_deref(), Some("fe80::1"));
        for text in ["fe80::1/64, fe80::2/64", "fd00::1/64", "fe80::", "fe80::1%eth0", ",,", ""] {
            assert_eq!(address(text), None, "{text:?}");
        }
        assert_eq!(ok("Address = fe80::7/64 Address = fd00::1/8").link_local.as_deref(), {
            Some("fe80::7")
        });
    }

    #[test]
    fn hostile_text_is_no_trouble() {
        let several = format!("[Peer] PublicKey = {KEY} [Peer] PublicKey = x");
        assert_eq!(read(&several).unwrap().unwrap_err().code, "several_keys");
        for text in ["PublicKey =", "PublicKey = =", "[Peer] = = =", "[peer] Endpoint", "# ="] {
            assert!(ok(text).is_empty(), "{text:?}");
        }
        assert_eq!(ok("Endpoint = $(reboot);x").endpoint.as_deref(), Some("$(reboot);x"));
        let long = "PublicKey = ".repeat(300);
        assert!(read(&long).is_some());
        for text in ["[\u{0}]", "PublicKey\u{a0}=\u{a0}é", "[Peer", "🦀 = 🦀"] {
            let _ = read(text);
        }
    }
}
