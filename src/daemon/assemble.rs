//! From a configuration to the parts it describes: keys are read, settings are cut to size for each
//! part.

use super::configuration::{read_config, read_text};
use super::{ConfigFile, Trouble};
use crate::apply::ApplySettings;
use crate::config::Config;
use crate::control::{Settings, Sisters};
use crate::model::{BirdForm, WgKey, WgSecret};
use crate::peering::Site;
use crate::peering::policy::Policy;
use crate::plan::PopSettings;
use crate::plan::addresses::AddressSettings;
use crate::plan::form::{Form, FormError, REFERENCE, WIKI};
use crate::plan::naming::Naming;
use crate::registry::{KeyFingerprint, fingerprint};
use crate::ssh::{SlotLimits, SshSettings, load_host_key, load_or_make};
use crate::store::Store;
use crate::sys::wireguard::{self, Choice, Judgement};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// Where systemd puts what `LoadCredential=` names (systemd.exec(5)).
const SYSTEMD_CREDENTIALS: &str = "/run/credentials";

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
    /// What a peering's file for BIRD says.
    pub form: Rc<Form>,
    /// What everybody is shown before they log in, where it could be read.
    pub banner: Result<Rc<str>, Trouble>,
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
        let known = if is_needed && read_key(&wireguard.private_key_file).is_err() {
            known_key(&config.store.path)
        } else {
            None
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
            public_key(&config, &private_key, known).map_err(|trouble| troubles.push(trouble)).ok();
        troubles.extend(public_key.and_then(|key| mistaken_self(&config, key)));
        let admins = admins(&config, &mut troubles);
        let form = read_form(&config.bird.form).map_err(|trouble| troubles.push(trouble)).ok();
        match (public_key, form) {
            (Some(public_key), Some(form)) if troubles.is_empty() => {
                let form = Rc::new(form);
                let banner = match &config.ssh.motd {
                    Some(path) => read_text(path).map(Rc::from),
                    None => Ok("".into()),
                };
                Ok(Assembled { config, private_key, public_key, admins, form, banner })
            }
            _ => Err(troubles),
        }
    }

    /// Opens the database, which must be this POP's.
    pub fn store(&self) -> Result<Store, Trouble> {
        let opened = Store::open_as(&self.site(), &self.config.store.path);
        opened.map_err(|error| Trouble::new(error.to_string()))
    }

    /// Reads or makes the host keys.
    pub fn host_keys(&self) -> Result<Vec<russh::keys::PrivateKey>, Trouble> {
        let mut keys = Vec::new();
        for path in &self.config.ssh.host_keys {
            keys.push(load_or_make(path).map_err(|error| Trouble::new(error.to_string()))?);
        }
        Ok(keys)
    }

    /// This POP.
    pub fn site(&self) -> Site {
        let (pop, wireguard) = (&self.config.pop, &self.config.wireguard);
        Site {
            asn: pop.asn,
            name: pop.name.clone(),
            network: pop.network.clone(),
            key: self.public_key,
            link_local_prefix: wireguard.link_local_prefix.clone(),
            local_address: wireguard.local_address,
            base_port: wireguard.base_port,
        }
    }

    /// What things are called here, but for peerings that were imported.
    pub fn naming(&self) -> Naming {
        let (wireguard, bird) = (&self.config.wireguard, &self.config.bird);
        let (interface, protocol) = (wireguard.interface.clone(), bird.protocol.clone());
        Naming::new(interface, protocol, bird.file.clone(), &self.form)
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
            // One that cannot be read is no reason to let nobody in.
            banner: self.banner.clone().unwrap_or_default(),
            naming: Rc::new(self.naming()),
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
            naming: Rc::new(self.naming()),
            form: self.form.clone(),
            inventory: config.inventory.clone().map(Rc::new),
            addresses: AddressSettings::of(config),
            include_directory: config.bird.include_directory.clone(),
            sysctls: config.sysctls(),
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
            Judgement::Cannot(_) => Err(Trouble::new(choice.to_string())),
            _ => Ok(()),
        }
    }

    /// Says that the banner cannot be read.
    pub(super) fn tell_banner(&self) {
        if let Err(trouble) = &self.banner {
            log::warn!("ssh.motd: {trouble}; members see no banner");
        }
    }

    /// For the SSH service.
    pub fn ssh_settings(&self) -> SshSettings {
        let limits = &self.config.limits;
        SshSettings {
            login_grace: Duration::from_secs(limits.login_grace_s.into()),
            idle_timeout: Duration::from_secs(limits.idle_timeout_s.into()),
            slots: SlotLimits {
                total: count(limits.sessions_max),
                per_member: count(limits.sessions_per_member_max),
                unproven: count(limits.unauthenticated_max),
                unproven_per_source: count(limits.unauthenticated_per_source_max),
            },
        }
    }
}

/// Reads everything that the service needs of its configuration, and makes nothing. All mistakes
/// are told at once.
///
/// # Errors
/// What only the operator can mend.
pub fn configured(file: &ConfigFile) -> Result<Assembled, Vec<Trouble>> {
    let assembled = Assembled::load(file)?;
    let mut troubles = Vec::new();
    troubles.extend(assembled.private_key.as_ref().err().cloned());
    for path in &assembled.config.ssh.host_keys {
        // One that is not there is made.
        if path.exists()
            && let Err(error) = load_host_key(path)
        {
            troubles.push(Trouble::new(error.to_string()));
        }
    }
    if !troubles.is_empty() {
        return Err(troubles);
    }
    assembled.tell_banner();
    Ok(assembled)
}

/// The form of the files for BIRD: built in, or a text of the operator's.
fn read_form(choice: &BirdForm) -> Result<Form, Trouble> {
    let (name, text) = match choice {
        BirdForm::Reference => ("reference".to_string(), REFERENCE.to_string()),
        BirdForm::Wiki => ("wiki".to_string(), WIKI.to_string()),
        BirdForm::File(path) => (path.display().to_string(), read_text(path)?),
    };
    Form::parse(&text).map_err(|error| {
        let FormError { line, column, message } = error;
        Trouble::new(format!("{name}:{line}:{column}: {message}"))
    })
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

pub(crate) fn read_key(path: &Path) -> Result<WgSecret, Trouble> {
    if path.starts_with(SYSTEMD_CREDENTIALS) && !path.exists() {
        return Err(Trouble::new(no_credential(path)));
    }
    let text = read_text(path)?;
    text.trim().parse().map_err(|error| Trouble::new(format!("{}: {error}", path.display())))
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
        (Some(named), Ok(secret)) if secret.public() != named => Err(Trouble::new(format!(
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
    Some(Trouble::new(format!(
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
            Err(error) => troubles.push(Trouble::new(format!("ssh.admin_keys: {line:?}: {error}"))),
        }
    }
    admins
}
