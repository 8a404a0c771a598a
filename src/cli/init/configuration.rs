//! The configuration: only the keys that differ from their defaults.

use super::act::{Act, Ids};
use super::identity::AdminKey;
use super::step::Step;
use crate::config::{self, Config};
use crate::daemon::{ConfigFile, Trouble, read_config};
use crate::model::{Asn, BirdForm};
use crate::sys::users::{ROOT, User};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The step's name.
pub(super) const NAME: &str = "configuration";
/// The group may read it, which is the service's.
const MODE: u32 = 0o640;
const DIRECTORY_MODE: u32 = 0o750;
/// Everybody who logs in sees the banner.
const BANNER_MODE: u32 = 0o644;
/// Where the unit and the script for OpenRC let the service write.
const WIREGUARD_DIRECTORY: &str = "/var/lib/peerling/wireguard";
/// What bird.conf of bird-init includes besides the peerings.
const INCLUDE_DIRECTORY: &str = "/etc/bird/peerling";
/// Seconds from one pull to the next.
const PULL_INTERVAL_S: u32 = 900;
/// AS numbers that nobody has, for manuals (RFC 5398).
const NOBODYS: [std::ops::RangeInclusive<u32>; 2] = [64_496..=64_511, 65_536..=65_551];

/// What was there before.
pub(super) enum Before {
    /// No file.
    Missing,
    /// The example, with nobody's AS number.
    Sample,
    /// The operator's.
    There(Box<Config>),
}

/// What a new configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) asn: Asn,
    pub(super) name: String,
    pub(super) network: Option<String>,
    pub(super) banner: Option<PathBuf>,
    pub(super) admin_keys: Vec<AdminKey>,
    /// A registry that somebody else fills; `None`: a clone in the usual place, which is pulled.
    pub(super) registry: Option<PathBuf>,
    /// Where it is not the usual place.
    pub(super) key: Option<PathBuf>,
    /// Where it is not the usual one.
    pub(super) bird_socket: Option<PathBuf>,
    pub(super) form: BirdForm,
}

/// Reads what is there.
///
/// # Errors
/// It is no configuration.
pub(super) fn look(file: &ConfigFile) -> Result<Before, Vec<Trouble>> {
    if file.path().symlink_metadata().is_err() {
        return Ok(Before::Missing);
    }
    let config = read_config(file)?;
    let is_nobodys = NOBODYS.iter().any(|range| range.contains(&config.pop.asn.get()));
    Ok(if is_nobodys { Before::Sample } else { Before::There(Box::new(config)) })
}

impl Draft {
    /// The file.
    pub(super) fn text(&self) -> String {
        let mut pop = format!("asn = {}\nname = {}\n", self.asn.get(), quoted(&self.name));
        if let Some(network) = &self.network {
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(pop, "network = {}", quoted(network));
        }
        let mut ssh = String::new();
        if let Some(banner) = &self.banner {
            let _ = writeln!(ssh, "motd = {}", quoted_path(banner));
        }
        if !self.admin_keys.is_empty() {
            ssh.push_str("admin_keys = [\n");
            for key in &self.admin_keys {
                let _ = writeln!(ssh, "    {},", quoted(&key.line));
            }
            ssh.push_str("]\n");
        }
        let registry = match &self.registry {
            Some(path) => format!("directory = {}\n", quoted_path(path)),
            None => format!("pull_interval_s = {PULL_INTERVAL_S}\n"),
        };
        let mut wireguard = String::new();
        if let Some(path) = &self.key {
            let _ = writeln!(wireguard, "private_key_file = {}", quoted_path(path));
        }
        let _ = writeln!(wireguard, "directory = {}", quoted(WIREGUARD_DIRECTORY));
        let mut bird = String::new();
        if let Some(socket) = &self.bird_socket {
            let _ = writeln!(bird, "socket = {}", quoted_path(socket));
        }
        if self.form != BirdForm::Reference {
            let _ = writeln!(bird, "form = {}", quoted(&self.form.to_string()));
        }
        let _ = writeln!(bird, "include_directory = {}", quoted(INCLUDE_DIRECTORY));
        let mut text = "# Written by `peerling init`. All other keys have their defaults: `man \
                        peerling.toml` has them.\n"
            .to_string();
        let sections = [
            ("pop", pop),
            ("ssh", ssh),
            ("registry", registry),
            ("wireguard", wireguard),
            ("bird", bird),
        ];
        for (name, body) in sections {
            if !body.is_empty() {
                let _ = write!(text, "\n[{name}]\n{body}");
            }
        }
        text
    }

    /// What the file means.
    ///
    /// # Errors
    /// A name or another answer that a configuration cannot have.
    pub(super) fn config(&self, file: &ConfigFile) -> Result<Config, Trouble> {
        let name = file.path().display().to_string();
        let text = self.text();
        config::resolve(Some(config::Source { name: &name, text: &text }), &[]).map_err(
            |problems| {
                let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Trouble::new(words.join("; "))
            },
        )
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = "\"".to_string();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            _ if letter.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out + "\""
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// Where the banner is kept: beside the configuration.
pub(super) fn banner_path(file: &ConfigFile) -> PathBuf {
    file.path().with_file_name("motd")
}

/// What has to be done for a new one.
pub(super) fn judge(
    before: &Before,
    draft: &Draft,
    banner: Option<&str>,
    file: &ConfigFile,
    user: &User,
) -> Step {
    let path = file.path();
    let owner = Ids { user: ROOT, group: user.gid };
    let mut acts = Vec::new();
    let mut what = format!("{}, with the keys that differ", path.display());
    if let Some(parent) = path.parent() {
        let parent = parent.to_path_buf();
        acts.push(Act::Directory { path: parent, owner, mode: DIRECTORY_MODE });
    }
    if let Before::Sample = before {
        let to = PathBuf::from(format!("{}.example", path.display()));
        what += &format!("; the example that was there is {} now", to.display());
        acts.push(Act::Move { from: path.to_path_buf(), to });
    }
    if let (Some(text), Some(path)) = (banner, &draft.banner) {
        what += &format!("; the banner is in {}", path.display());
        let text = format!("{text}\n");
        acts.push(Act::File { path: path.clone(), text, owner, mode: BANNER_MODE });
    }
    let path = path.to_path_buf();
    acts.push(Act::File { path, text: draft.text(), owner, mode: MODE });
    Step::due(NAME, what, acts)
}

/// What an operator's configuration lacks: it is never changed.
pub(super) fn there(config: &Config, file: &ConfigFile, keys: &[AdminKey]) -> Vec<Step> {
    let shown = file.path().display();
    let mut steps = vec![Step::there(NAME, format!("{shown}, for {}", config.pop.asn))];
    if config.bird.include_directory.is_none() && config.bird.socket.is_some() {
        let line = format!("include_directory = \"{INCLUDE_DIRECTORY}\", below [bird] in {shown}");
        let why = "nobody gives BIRD the tables of route origins";
        steps.push(Step::yours(NAME, why, [line]));
    }
    let mut lines = Vec::new();
    for key in keys {
        let is_there = config.ssh.admin_keys.iter().any(|line| line.trim() == key.line);
        if !is_there {
            lines.push(format!("admin_keys = [{}], below [ssh] in {shown}", quoted(&key.line)));
        }
    }
    if !lines.is_empty() {
        steps.push(Step::yours(NAME, "the admin key is not in it", lines));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::step::State;

    fn draft() -> Draft {
        Draft {
            asn: "4242420001".parse().unwrap(),
            name: "pop.flap42.eu".to_string(),
            network: None,
            banner: None,
            admin_keys: Vec::new(),
            registry: None,
            key: None,
            bird_socket: None,
            form: BirdForm::Reference,
        }
    }

    fn file() -> ConfigFile {
        ConfigFile::Usual(PathBuf::from("/etc/peerling/peerling.toml"))
    }

    fn user() -> User {
        User { name: "peerling".into(), uid: 997, gid: 996, home: "/".into() }
    }

    #[test]
    fn only_keys_that_differ_are_written() {
        let text = draft().text();
        let all = "[pop]\nasn = 4242420001\nname = \"pop.flap42.eu\"\n\n[registry]\n\
                   pull_interval_s = 900\n\n[wireguard]\n\
                   directory = \"/var/lib/peerling/wireguard\"\n\n\
                   [bird]\ninclude_directory = \"/etc/bird/peerling\"\n";
        assert_eq!(text.split_once("\n\n").unwrap().1, all);
        let config = draft().config(&file()).unwrap();
        assert_eq!(config.pop.network, "AS4242420001");
    }

    #[test]
    fn whatever_is_answered_is_read_again_as_it_was_meant() {
        let line = "ssh-ed25519 AAAA \"a\\b\" ü";
        let full = Draft {
            network: Some("A \"quoted\" \\ name".to_string()),
            banner: Some(PathBuf::from("/etc/peerling/motd")),
            admin_keys: vec![AdminKey {
                line: line.to_string(),
                fingerprint: crate::registry::KeyFingerprint([0; 32]),
            }],
            registry: Some(PathBuf::from("/srv/registry")),
            key: Some(PathBuf::from("/etc/peerling/wireguard.key")),
            bird_socket: Some(PathBuf::from("/run/bird.ctl")),
            form: BirdForm::Wiki,
            ..draft()
        };
        let config = full.config(&file()).unwrap();
        assert_eq!(config.pop.network, "A \"quoted\" \\ name");
        assert_eq!(config.ssh.admin_keys, [line]);
        assert_eq!(config.bird.form, BirdForm::Wiki);
        assert_eq!(config.registry.pull_interval_s, 0, "somebody else fills it");
        let odd = Draft { name: "no name".to_string(), ..draft() };
        assert!(odd.config(&file()).unwrap_err().to_string().contains("pop.name"));
    }

    #[test]
    fn an_example_is_moved_aside_and_what_is_the_operators_stays() {
        let acts = |before: &Before| {
            let step = judge(before, &draft(), None, &file(), &user());
            step.acts().iter().map(|act| format!("{act}\n")).collect::<String>()
        };
        let write = "directory /etc/peerling\nfile /etc/peerling/peerling.toml\n";
        assert_eq!(acts(&Before::Missing), write);
        let moved = "move /etc/peerling/peerling.toml /etc/peerling/peerling.toml.example\n";
        assert!(acts(&Before::Sample).contains(moved));
        let mut config = draft().config(&file()).unwrap();
        let steps = there(&config, &file(), &[]);
        assert!(matches!(steps.as_slice(), [Step { state: State::There(_), .. }]), "{steps:?}");
        config.bird.include_directory = None;
        let steps = there(&config, &file(), &[]);
        let State::Yours(_, lines) = &steps[1].state else { panic!("{steps:?}") };
        assert!(lines[0].starts_with("include_directory = \"/etc/bird/peerling\""), "{lines:?}");
    }
}
