//! Every key of the configuration, once.
//!
//! A line is: explanation, name, type, default, kind, and the variables of the replaced service
//! that mean the same. The order is that of the sample file and of the effective print. A new key
//! needs a line here and one in the sample, and nothing else. How the tables of the mesh must fit
//! together is in `mesh`.

use super::key::{KeySpec, Kind, Preset, SectionSpec, TableSpec, key_name, settings, tables};
use super::problem::Problems;
use super::sources::{Sources, Table};
use super::value::Field;
use crate::limits::{
    BABEL_COST_MAX, BASE_PORT_MAX, CONFIG_SECONDS_MAX, CONFIG_SESSIONS_MAX, MESH_ID_MAX, MTU_MAX,
    MTU_MIN, PEERING_ID_MAX,
};
use crate::mesh::{Inventory, Reach};
use crate::model::{
    Asn, BackendChoice, BirdForm, Families, Host, LinkLocal, NameForm, NameKind, Open, PopId,
    PopName, SysctlChoice, WgKey, WgSecret,
};
use crate::text::spelling::nearest;
use Preset::{Derived, Required, Unset, Value};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

const SECONDS: Kind = Kind::Number { min: 1, max: CONFIG_SECONDS_MAX };
const SECONDS_OR_NEVER: Kind = Kind::Number { min: 0, max: CONFIG_SECONDS_MAX };
const SESSIONS: Kind = Kind::Number { min: 1, max: CONFIG_SESSIONS_MAX };
const NETWORKS: Kind = Kind::List { of: &Kind::Network, min: 0 };

settings! {
    /// Who this POP is, and what dn42's route communities say about it
    pop: Pop {
        /// our AS number
        asn: Asn = Required, Kind::Asn, ["DN42_ASN"];
        /// the public name of this machine: what members connect to, and their WireGuard endpoint
        name: String = Required, Kind::Host, ["DN42_SERVER"];
        /// the name of the network, for the welcome line
        network: String = Derived("AS and the AS number"), Kind::Name, [];
        /// our addresses in dn42, which stand on lo; without it, the first of each network that the
        /// registry has for our AS number, unless this machine has another in it
        addresses: Option<Vec<IpAddr>> = Unset, Kind::List { of: &Kind::Address, min: 0 }, [];
        /// whether forwarding and rp_filter are only checked, or set by the service too; without
        /// it, as mesh.sysctl says
        sysctl: Option<SysctlChoice> = Unset, Kind::Choice(SysctlChoice::WORDS), [];
        /// the bandwidth community (64511, x): 21 is 0.1 Mbit/s, and each step is ten times as much
        bandwidth: Option<u16> = Unset, Kind::Number { min: 21, max: 29 }, [];
        /// the crypto community (64511, x): 31 none, 32 unsafe, 33 safe, 34 with forward secrecy
        linktype: Option<u16> = Unset, Kind::Number { min: 31, max: 36 }, [];
        /// the region community (64511, x): 41 is Europe, 42 is North America's east
        region: Option<u16> = Unset, Kind::Number { min: 41, max: 70 }, [];
        /// the country community (64511, x): 1000 and the numeric ISO 3166-1 code, 1250 is France
        country: Option<u16> = Unset, Kind::Number { min: 1000, max: 1999 }, [];
    }

    /// The SSH service
    ssh: Ssh {
        /// the addresses to listen on
        listen: Vec<SocketAddr> = Value(r#"["[::]:4242"]"#),
            Kind::List { of: &Kind::Listen, min: 1 }, ["DN42_SSH_LISTEN_ADDRESS", "DN42_SSH_PORT"];
        /// the files of the private host keys; an Ed25519 key is made where none exists
        host_keys: Vec<PathBuf> = Value(r#"["/var/lib/peerling/ssh_host_ed25519_key"]"#),
            Kind::List { of: &Kind::Path, min: 1 }, ["DN42_SSH_HOST_KEY"];
        /// a text file that is shown before the login and by intro
        motd: Option<PathBuf> = Unset, Kind::Path, ["DN42_SSH_MOTD_PATH"];
        /// public keys, as in authorized_keys, that log in as any maintainer
        admin_keys: Vec<String> = Value("[]"),
            Kind::List { of: &Kind::Line, min: 0 }, ["DN42_ADMIN_SSH_KEY"];
    }

    /// The clone of the dn42 registry, which says who is who
    registry: Registry {
        /// where the clone is, the directory above data/
        directory: PathBuf = Value(r#""/var/lib/peerling/registry""#),
            Kind::Path, ["DN42_REGISTRY_DIRECTORY"];
        /// seconds from one git pull to the next; 0 is never, somebody else pulls
        pull_interval_s: u32 = Value("0"), SECONDS_OR_NEVER, [];
    }

    /// The database of peerings
    store: Store {
        /// the SQLite file
        path: PathBuf = Value(r#""/var/lib/peerling/peering.db""#), Kind::Path, ["DN42_DB_PATH"];
    }

    /// The tunnels
    wireguard: Wireguard {
        /// the file of our private key, as wg genkey writes it
        private_key_file: PathBuf = Value(r#""/etc/wireguard/peerling.key""#), Kind::Path, [];
        /// our private key itself, instead of the file; from the environment only
        private_key: Option<WgSecret> = Unset, Kind::Secret, ["DN42_WG_PRIV_KEY"];
        /// our public key; without it, the one that belongs to the private key
        public_key: Option<WgKey> = Unset, Kind::Key, ["DN42_WG_PUB_KEY"];
        /// how automatic link-local addresses begin: ours `<prefix>1:<id>`, theirs `<prefix>2:<id>`
        link_local_prefix: String = Derived("fe80:, the last four digits of the AS number, ::"),
            Kind::Prefix, ["DN42_WG_LINK_LOCAL_PREFIX"];
        /// our link-local address towards a member who brings an address of their own
        local_address: LinkLocal = Derived("fe80:: and these digits as a number, at least 1"),
            Kind::LinkLocal, ["DN42_WG_LOCAL_ADDRESS"];
        /// the listen port of a peering is this and its id, so ids go up to 65535 less this
        base_port: u16 = Value("52000"),
            Kind::Number { min: 1, max: BASE_PORT_MAX as u32 }, ["DN42_WG_BASE_PORT"];
        /// what makes the links: the kernel, a program, or only files for wg-quick
        backend: BackendChoice = Value(r#""auto""#), Kind::Choice(BackendChoice::WORDS), [];
        /// the program of the userspace back end
        userspace_command: PathBuf = Value(r#""wireguard-go""#), Kind::Program, [];
        /// where the tunnels' files are kept, `wg-as<ASN>.conf`
        directory: PathBuf = Value(r#""/etc/wireguard""#), Kind::Path, [];
        /// the names of the tunnels of peerings
        interface: NameForm = Value(r#""wg-as${asn}""#), Kind::Names(NameKind::Interface), [];
    }

    /// The BGP daemon
    bird: Bird {
        /// BIRD's control socket; the empty text means no BIRD, only files are written
        socket: Option<PathBuf> = Value(r#""/run/bird/bird.ctl""#), Kind::Path, [];
        /// where the `ebgp_as<ASN>` files are kept, which bird.conf includes
        directory: PathBuf = Value(r#""/etc/bird/bgp_peers""#), Kind::Path, [];
        /// the template in bird.conf that each BGP session is made from
        template: String = Value(r#""dnpeers""#), Kind::Symbol, [];
        /// what a peering's file says: reference, wiki, or the path of a text with placeholders
        form: BirdForm = Value(r#""reference""#), Kind::BirdForm, [];
        /// the names of the protocols of peerings
        protocol: NameForm = Value(r#""ebgp_as${asn}_v6""#), Kind::Names(NameKind::Protocol), [];
        /// the names of the files of peerings
        file: NameForm = Value(r#""ebgp_as${asn}""#), Kind::Names(NameKind::File), [];
        /// where roa_dn42.conf, roa_dn42_v6.conf and mesh_babel.conf are kept, which bird.conf
        /// includes; without it they are not made
        include_directory: Option<PathBuf> = Unset, Kind::Path, [];
    }

    /// Who may peer, and from where
    peers: Peers {
        /// the address families of endpoints
        ip_mode: Families = Value(r#""ipv6""#),
            Kind::Choice(Families::WORDS), ["DN42_PEER_IP_MODE"];
        /// networks that never hold an endpoint
        reserved_networks: Vec<IpNet> = Value("[]"), NETWORKS, ["DN42_RESERVED_NETWORK"];
        /// networks that may hold an endpoint although they are private
        allowed_networks: Vec<IpNet> = Value("[]"), NETWORKS, [];
        /// whether a new peering is made at once, waits for an admin, or is refused
        open: Open = Value(r#""yes""#), Kind::Choice(Open::WORDS), [];
        /// the most peerings; 0 is as many as there are ids
        max: u16 = Value("0"), Kind::Number { min: 0, max: PEERING_ID_MAX as u32 }, [];
    }

    /// What one client may cost the others
    limits: Limits {
        /// seconds from connecting to being logged in
        login_grace_s: u32 = Value("20"), SECONDS, [];
        /// seconds without a key press until a session ends
        idle_timeout_s: u32 = Value("900"), SECONDS, [];
        /// sessions at a time
        sessions_max: u32 = Value("256"), SESSIONS, [];
        /// sessions of one member at a time
        sessions_per_member_max: u32 = Value("8"), SESSIONS, [];
        /// connections at a time that have not logged in
        unauthenticated_max: u32 = Value("64"), SESSIONS, [];
        /// the same from one source: an IPv4 address or an IPv6 /64
        unauthenticated_per_source_max: u32 = Value("8"), SESSIONS, [];
    }

    /// The loop that compares the machine with what is wanted
    apply: Apply {
        /// seconds from one pass to the next when nothing happens
        interval_s: u32 = Value("300"), SECONDS, [];
        /// seconds from one look at links and BGP sessions to the next
        watch_interval_s: u32 = Value("30"), SECONDS, [];
    }

    /// The network of one's own POPs, the same on each of them but for self
    mesh: Mesh {
        /// which of the POPs this one is; without it there is no mesh
        own named "self": Option<PopName> = Unset, Kind::Pop, [];
        /// the network's own prefixes, in which the networks of the POPs lie
        networks: Vec<IpNet> = Value("[]"), NETWORKS, [];
        /// what pop.sysctl says, where that is not set
        sysctl: SysctlChoice = Value(r#""check""#), Kind::Choice(SysctlChoice::WORDS), [];
    }

    /// The backup of what this POP consists of
    backup: Backup {
        /// the working copy of a git repository that holds the files of every POP; without it there
        /// is no backup
        git: Option<PathBuf> = Unset, Kind::Path, [];
        /// seconds from one backup to the next
        interval_s: u32 = Value("3600"), SECONDS, [];
    }

    /// Where peerling genconfig writes, and nothing else does
    genconfig: Genconfig {
        /// the staging directory of BIRD files
        bird_directory: Option<PathBuf> = Unset, Kind::Path, ["DN42_BIRD_CONFIG_DIR"];
        /// the staging directory of WireGuard files
        wireguard_directory: Option<PathBuf> = Unset, Kind::Path, ["DN42_WG_CONFIG_DIR"];
    }
}

tables! {
    /// One POP of the network, this one too; each is linked to every other one
    "mesh.pop": PopTable {
        /// its short name, at most 8 small letters, digits and hyphens
        name: PopName = Required, Kind::Pop;
        /// its number, which stands in addresses and ports
        id: PopId = Required, Kind::Number { min: 1, max: MESH_ID_MAX as u32 };
        /// its public host name or address, where the other POPs reach it
        host: Host = Required, Kind::Host;
        /// its WireGuard public key
        public_key: WgKey = Required, Kind::Key;
        /// its IPv6 network, a /126 or larger; the first address is its gateway
        ipv6: Ipv6Net = Required, Kind::Ipv6Network;
        /// its IPv4 network, a /30 or larger; the first address is its gateway
        ipv4: Option<Ipv4Net> = Unset, Kind::Ipv4Network;
        /// whether its links are taken down
        off: bool = Value("false"), Kind::Boolean;
    }

    /// What is different on the link between two POPs
    "mesh.link": LinkTable {
        /// the two ends; the order matters to the endpoint only
        pops: (PopName, PopName) = Required, Kind::Pops;
        /// Babel's cost of the link; without it, BIRD's own
        cost: Option<u16> = Unset, Kind::Number { min: 1, max: BABEL_COST_MAX as u32 };
        /// the largest packet in bytes; without it, what the link is created with
        mtu: Option<u32> = Unset, Kind::Number { min: MTU_MIN, max: MTU_MAX };
        /// where the first end reaches the second, if not at its host and usual port; with none,
        /// the second calls the first
        endpoint: Option<Reach> = Unset, Kind::Reach;
        /// whether the link is taken down
        off: bool = Value("false"), Kind::Boolean;
    }
}

impl Wireguard {
    /// The highest id of a peering whose listen port, `base_port` and the id, still exists: 13535
    /// with the default base port. At least 1, because `base_port` is at most [`BASE_PORT_MAX`].
    pub fn id_max(&self) -> u16 {
        u16::MAX - self.base_port
    }
}

impl Config {
    /// What becomes of the kernel's settings.
    pub fn sysctls(&self) -> SysctlChoice {
        self.pop.sysctl.unwrap_or(self.mesh.sysctl)
    }
}

impl SectionSpec {
    /// The section of this name.
    pub(super) fn find(name: &str) -> Option<&'static SectionSpec> {
        SECTIONS.iter().find(|spec| spec.name == name)
    }
}

impl TableSpec {
    /// The array of tables with this path.
    pub(super) fn find(path: &str) -> Option<&'static TableSpec> {
        TABLES.iter().find(|spec| spec.path == path)
    }
}

impl KeySpec {
    /// The key of this name in this section or table.
    pub(super) fn find(section: &str, key: &str) -> Option<&'static KeySpec> {
        KeySpec::all().find(|spec| spec.section == section && spec.key == key)
    }

    /// Every key, those of tables last.
    fn all() -> impl Iterator<Item = &'static KeySpec> {
        KEYS.iter().chain(TABLES.iter().flat_map(|table| table.keys))
    }
}

/// The value of a key, or its default; `None` after the problems were reported.
fn read<T: Field>(
    sources: &Sources,
    section: &str,
    key: &str,
    problems: &mut Problems,
) -> Option<T> {
    sources.read(KeySpec::find(section, key)?, problems)
}

/// The same for a key of one table.
fn read_in<T: Field>(table: &Table, path: &str, key: &str, problems: &mut Problems) -> Option<T> {
    table.read(KeySpec::find(path, key)?, problems)
}

/// The value of a key where it is a good one; what is wrong with it is reported elsewhere.
pub(super) fn valid<T: Field>(sources: &Sources, section: &str, key: &str) -> Option<T> {
    read(sources, section, key, &mut Problems::default())
}

/// The header that the keys of a section or of an array of tables stand below.
pub(super) fn header(section: &str) -> String {
    match TableSpec::find(section) {
        Some(_) => format!("[[{section}]]"),
        None => format!("[{section}]"),
    }
}

/// What may be meant by a section that does not exist; to be appended to the problem, like those
/// below.
pub(super) fn section_hint(name: &str) -> String {
    let sections = SECTIONS.iter().map(|spec| spec.name);
    match nearest(name, sections.chain(TABLES.iter().map(|spec| spec.path))) {
        Some(name) => format!("; did you mean {}?", header(name)),
        None => String::new(),
    }
}

/// For a section that is written like an array of tables: maybe one of those is meant.
pub(super) fn array_hint(name: &str) -> String {
    match TABLES.iter().find(|spec| spec.names().1 == name) {
        Some(spec) => format!("; or did you mean [[{}]]?", spec.path),
        None => String::new(),
    }
}

/// For a key that does not exist in its section, but maybe in another.
pub(super) fn key_hint(section: &str, name: &str) -> String {
    if let Some(table) = TABLES.iter().find(|spec| spec.names() == (section, name)) {
        return format!("; write a table [[{}]] for each", table.path);
    }
    let names = KeySpec::all().filter(|spec| spec.section == section).map(|spec| spec.key);
    match nearest(name, names) {
        Some(name) => format!("; did you mean {name}?"),
        None => other_section_hint(name).unwrap_or_default(),
    }
}

/// For what stands before the first header: a key that belongs to a section, or a section's name.
pub(super) fn top_level_hint(name: &str) -> String {
    other_section_hint(name).unwrap_or_else(|| section_hint(name))
}

fn other_section_hint(name: &str) -> Option<String> {
    let spec = KeySpec::all().find(|spec| spec.key == name)?;
    Some(format!("; it belongs in {}", header(spec.section)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_near_or_missing() {
        let long = "x".repeat(1_000_000);
        for (hint, expected) in [
            (section_hint("shh"), "; did you mean [ssh]?"),
            (section_hint("vpn"), ""),
            (key_hint("ssh", "hostkeys"), "; did you mean host_keys?"),
            (key_hint("ssh", "asn"), "; it belongs in [pop]"),
            (key_hint("ssh", "banner"), ""),
            (key_hint("ssh", ""), ""),
            (key_hint("ssh", &long), ""),
            (top_level_hint("listen"), "; it belongs in [ssh]"),
            (top_level_hint("link"), ""),
            (top_level_hint("mtu"), "; it belongs in [[mesh.link]]"),
            (section_hint("mesh.pops"), "; did you mean [[mesh.pop]]?"),
            (key_hint("mesh", "pop"), "; write a table [[mesh.pop]] for each"),
            (key_hint("mesh.pop", "pubic_key"), "; did you mean public_key?"),
            (array_hint("pop"), "; or did you mean [[mesh.pop]]?"),
            (array_hint("ssh"), ""),
        ] {
            assert_eq!(hint, expected);
        }
    }
}
