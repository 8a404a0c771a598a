//! From a configuration to the parts it describes: keys are read, settings are cut to size for each
//! part.

use crate::apply::ApplySettings;
use crate::config::{self, Config};
use crate::control::{Settings, Sisters};
use crate::limits::TEXT_FILE_BYTES_MAX;
use crate::model::{SysctlChoice, WgKey, WgSecret};
use crate::peering::Site;
use crate::peering::policy::Policy;
use crate::plan::PopSettings;
use crate::registry::{KeyFingerprint, fingerprint};
use crate::ssh::{SeatLimits, SshSettings, load_or_make};
use crate::store::Store;
use crate::sys::wireguard::{self, Choice, Judgement};
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// Where systemd puts what `LoadCredential=` names (systemd.exec(5)).
const SYSTEMD_CREDENTIALS: &str = "/run/credentials";

/// Why the program cannot do what it was started for: one line for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble(String);

impl Trouble {
    /// A line: what, and with which file.
    pub fn new(words: impl Into<String>) -> Trouble {
        Trouble(words.into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

/// Which configuration file, and whether it must exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// Named on the command line: it must be there.
    Named(PathBuf),
    /// The usual place: without it, the environment must say everything.
    Usual(PathBuf),
    /// This file and nothing else: the environment is not looked at.
    Alone(PathBuf),
}

impl ConfigFile {
    /// Where it is, or would be.
    pub fn path(&self) -> &Path {
        match self {
            ConfigFile::Named(path) | ConfigFile::Usual(path) | ConfigFile::Alone(path) => path,
        }
    }
}

/// A configuration with the keys that it names.
#[derive(Clone, Debug)]
pub struct Assembled {
    /// The configuration.
    pub config: Config,
    /// Our private key, where it could be read.
    pub private_key: Result<WgSecret, Trouble>,
    /// Our public key.
    pub public_key: WgKey,
    /// The keys of administrators.
    pub admins: Vec<KeyFingerprint>,
}

impl Assembled {
    /// Reads the configuration and the keys. Every problem that can be known is told at once.
    pub fn load(file: &ConfigFile) -> Result<Assembled, Vec<Trouble>> {
        Assembled::of(read_config(file)?, None)
    }

    /// The same for somebody who only looks, and who may not read the private key: the database
    /// knows the public one.
    pub fn load_to_look(file: &ConfigFile) -> Result<Assembled, Vec<Trouble>> {
        let config = read_config(file)?;
        let wireguard = &config.wireguard;
        let is_needed = wireguard.private_key.is_none() && wireguard.public_key.is_none();
        let known = match is_needed && read_key(&wireguard.private_key_file).is_err() {
            true => known_key(&config.store.path),
            false => None,
        };
        Assembled::of(config, known)
    }

    fn of(config: Config, known: Option<WgKey>) -> Result<Assembled, Vec<Trouble>> {
        let private_key = match &config.wireguard.private_key {
            Some(key) => Ok(key.clone()),
            None => read_key(&config.wireguard.private_key_file),
        };
        let mut troubles = Vec::new();
        let public_key =
            public_key(&config, &private_key, known).map_err(|it| troubles.push(it)).ok();
        troubles.extend(public_key.and_then(|it| mistaken_self(&config, it)));
        let admins = admins(&config, &mut troubles);
        match public_key {
            Some(public_key) if troubles.is_empty() => {
                Ok(Assembled { config, private_key, public_key, admins })
            }
            _ => Err(troubles),
        }
    }

    /// Opens the database, which must be this POP's.
    pub fn store(&self) -> Result<Store, Trouble> {
        let opened = Store::open_as(&self.site(), &self.config.store.path);
        opened.map_err(|error| Trouble(error.to_string()))
    }

    /// Reads or makes the host keys.
    pub fn host_keys(&self) -> Result<Vec<russh::keys::PrivateKey>, Trouble> {
        let load = |path: &PathBuf| load_or_make(path).map_err(|error| Trouble(error.to_string()));
        self.config.ssh.host_keys.iter().map(load).collect()
    }

    /// This POP.
    pub fn site(&self) -> Site {
        let (pop, wireguard) = (&self.config.pop, &self.config.wireguard);
        Site {
            asn: pop.asn,
            name: pop.name.clone(),
            key: self.public_key,
            link_local_prefix: wireguard.link_local_prefix.clone(),
            local_address: wireguard.local_address,
            base_port: wireguard.base_port,
        }
    }

    /// Which addresses may be an endpoint; this host's own are added at each use.
    pub fn policy(&self) -> Policy {
        let peers = &self.config.peers;
        Policy {
            families: peers.ip_mode,
            reserved: peers.reserved_networks.clone(),
            allowed: peers.allowed_networks.clone(),
            own: Vec::new(),
        }
    }

    /// For commands.
    pub fn control_settings(&self) -> Settings {
        let config = &self.config;
        Settings {
            site: self.site(),
            network: config.pop.network.clone(),
            policy: self.policy(),
            open: config.peers.open,
            peerings_max: Some(config.peers.max).filter(|max| *max > 0),
            admins: self.admins.clone(),
            sisters: self.sisters(),
        }
    }

    /// The other POPs of the network, if there are any.
    fn sisters(&self) -> Option<Sisters> {
        let (config, inventory) = (&self.config, self.config.inventory.clone()?);
        Some(Sisters {
            inventory: Rc::new(inventory),
            port: config.ssh.listen.first()?.port(),
            copies: config.backup.git.clone(),
        })
    }

    /// For the apply loop.
    pub fn apply_settings(&self) -> Result<ApplySettings, Trouble> {
        let config = &self.config;
        let pop = PopSettings {
            site: self.site(),
            private_key: self.private_key.clone()?,
            backend: self.backend().backend,
            template: config.bird.template.clone(),
            inventory: config.inventory.clone().map(Rc::new),
            include_directory: config.bird.include_directory.clone(),
            sets_sysctls: config.mesh.sysctl == SysctlChoice::Set,
        };
        Ok(ApplySettings {
            pop: Rc::new(pop),
            patience: Rc::default(),
            wireguard_directory: config.wireguard.directory.clone(),
            bird_directory: config.bird.directory.clone(),
            bird_socket: config.bird.socket.clone(),
            policy: self.policy(),
            interval: Duration::from_secs(config.apply.interval_s.into()),
            watch_interval: Duration::from_secs(config.apply.watch_interval_s.into()),
        })
    }

    /// How links are made, and what is to be said of it.
    pub fn backend(&self) -> Choice {
        let wireguard = &self.config.wireguard;
        let command = wireguard.userspace_command.to_string_lossy().into_owned();
        wireguard::choose(wireguard.backend, &command)
    }

    /// Can the back end that links are made by do so here? What is chosen for us always can.
    pub fn can_make_links(&self) -> Result<(), Trouble> {
        let choice = self.backend();
        match choice.judgement {
            Judgement::Cannot(_) => Err(Trouble(choice.to_string())),
            _ => Ok(()),
        }
    }

    /// For the SSH service.
    pub fn ssh_settings(&self) -> Result<SshSettings, Trouble> {
        let limits = &self.config.limits;
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(SshSettings {
            login_grace: Duration::from_secs(limits.login_grace_s.into()),
            idle_timeout: Duration::from_secs(limits.idle_timeout_s.into()),
            seats: SeatLimits {
                total: count(limits.sessions_max),
                per_member: count(limits.sessions_per_member_max),
                unproven: count(limits.unauthenticated_max),
                unproven_per_source: count(limits.unauthenticated_per_source_max),
            },
            banner: match &self.config.ssh.motd {
                Some(path) => read_text(path)?,
                None => String::new(),
            },
        })
    }
}

/// The configuration alone: no key is read.
pub(super) fn read_config(file: &ConfigFile) -> Result<Config, Vec<Trouble>> {
    let (path, text) = match file {
        ConfigFile::Usual(path) if !path.exists() => (path, None),
        ConfigFile::Named(path) | ConfigFile::Usual(path) | ConfigFile::Alone(path) => {
            (path, Some(read_text(path).map_err(|it| vec![it])?))
        }
    };
    let name = path.display().to_string();
    let source = text.as_deref().map(|text| config::Source { name: &name, text });
    let environment = match file {
        ConfigFile::Named(_) | ConfigFile::Usual(_) => environment(),
        ConfigFile::Alone(_) => Vec::new(),
    };
    config::resolve(source, &environment)
        .map_err(|problems| problems.iter().map(|it| Trouble(it.to_string())).collect())
}

fn environment() -> Vec<(String, String)> {
    let text = |it: std::ffi::OsString| it.to_string_lossy().into_owned();
    let variables = std::env::vars_os().filter(|(name, _)| !is_of_demo(name));
    variables.map(|(name, value)| (text(name), text(value))).collect()
}

/// Is it one of the variables that `peerling demo` gives the command that it runs?
fn is_of_demo(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"PEERLING_DEMO_")
}

/// May this variable be a key of the configuration?
pub(super) fn is_configuration(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b"PEERLING_") || name.starts_with(b"DN42_")
}

/// Reads a text of at most [`TEXT_FILE_BYTES_MAX`].
pub(super) fn read_text(path: &Path) -> Result<String, Trouble> {
    let failed = |error: &dyn fmt::Display| Trouble(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    file.take(TEXT_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > TEXT_FILE_BYTES_MAX {
        return Err(failed(&format!("more than {TEXT_FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| failed(&"not UTF-8"))
}

pub(super) fn read_key(path: &Path) -> Result<WgSecret, Trouble> {
    if path.starts_with(SYSTEMD_CREDENTIALS) && !path.exists() {
        return Err(Trouble(no_credential(path)));
    }
    let text = read_text(path)?;
    text.trim().parse().map_err(|error| Trouble(format!("{}: {error}", path.display())))
}

/// What a database says of the POP whose it is.
fn known_key(database: &Path) -> Option<WgKey> {
    let store = Store::open_read_only(database).ok()?;
    store.known_key().ok().flatten()
}

/// Some containers empty `LoadCredential=` of every unit, for want of the right to mount.
fn no_credential(path: &Path) -> String {
    format!(
        "systemd handed over no key: there is no {}. Where a container empties LoadCredential=, \
         run `install -m 0400 -o peerling /etc/wireguard/peerling.key \
         /etc/peerling/wireguard.key`, then write with `systemctl edit peerling`: [Service] \
         Environment=PEERLING_WIREGUARD_PRIVATE_KEY_FILE=/etc/peerling/wireguard.key",
        path.display()
    )
}

/// The public key: the private key's, which must be the one that the configuration names, if it
/// does. Without either it is the one that is known from elsewhere.
fn public_key(
    config: &Config,
    private_key: &Result<WgSecret, Trouble>,
    known: Option<WgKey>,
) -> Result<WgKey, Trouble> {
    match (config.wireguard.public_key, private_key) {
        (Some(named), Ok(secret)) if secret.public() != named => Err(Trouble(format!(
            "wireguard.public_key is {named}, and the private key's is {}",
            secret.public()
        ))),
        (Some(named), _) => Ok(named),
        (None, Ok(secret)) => Ok(secret.public()),
        (None, Err(trouble)) => known.ok_or_else(|| trouble.clone()),
    }
}

/// The inventory is the same on every POP but for `self`: one that was copied whole would make
/// links with another POP's ports and addresses.
fn mistaken_self(config: &Config, public_key: WgKey) -> Option<Trouble> {
    let inventory = config.inventory.as_ref()?;
    let me = inventory.me().filter(|me| me.key != public_key)?;
    let whose = match inventory.pops.iter().find(|pop| pop.key == public_key) {
        Some(pop) => format!("which is {}'s; is mesh.self = \"{}\" meant?", pop.name, pop.name),
        None => "which no POP of the inventory has".to_string(),
    };
    Some(Trouble(format!(
        "the public key of POP {} is {} in the inventory, and the private key's is {public_key}, \
         {whose}",
        me.name, me.key
    )))
}

fn admins(config: &Config, troubles: &mut Vec<Trouble>) -> Vec<KeyFingerprint> {
    let mut admins = Vec::new();
    for line in &config.ssh.admin_keys {
        match ssh_key::PublicKey::from_openssh(line) {
            Ok(key) => admins.push(fingerprint(&key)),
            Err(error) => troubles.push(Trouble(format!("ssh.admin_keys: {line:?}: {error}"))),
        }
    }
    admins
}
