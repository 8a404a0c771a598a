//! What the play stands on: network and mount namespaces of its own (this process runs inside
//! them), small disks, a name server, a registry, and the files that an operator writes.

use crate::machine::{Program, sh, tool};
use crate::random::Random;
use crate::registry;
use crate::run::wait_until;
use peerling::model::WgSecret;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// This POP's AS number.
pub const POP: u32 = 4_242_420_263;
/// The one whose BGP session must never move.
pub const BYSTANDER: u32 = 4_242_420_001;
/// How many members there are beside it.
pub const MEMBERS: usize = 8;
/// Where the service listens.
pub const PORT: u16 = 4242;
/// Networks from which clients come, each in a /32 of its own.
const SOURCES: usize = 64;
/// Maintainers and AS numbers that nobody uses: one that goes is no shrunk registry.
const FILLERS: u32 = 60;

/// The stage.
pub struct Stage {
    pub directory: PathBuf,
    pub zone: BTreeMap<String, String>,
    pub names: Option<Program>,
    /// Who has which AS numbers and which of their two keys, by the registry.
    pub members: Vec<Member>,
    /// What the operator's files say beyond the usual.
    pub open: &'static str,
}

/// A maintainer by the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub key: usize,
    pub asns: Vec<u32>,
}

/// The AS numbers that a member has at first.
pub fn asns_of(member: usize) -> [u32; 2] {
    let first = 4_242_420_100 + 10 * member as u32;
    [first, first + 1]
}

/// Every AS number that a peering may have, but the bystander's.
pub fn all_asns() -> Vec<u32> {
    (0..MEMBERS).flat_map(asns_of).collect()
}

/// The name of the router of an AS number.
pub fn router(asn: u32) -> String {
    format!("r{asn}.lab.example")
}

impl Stage {
    /// Sets it. The directory is there and empty.
    pub fn set(directory: &Path) -> Stage {
        let mut members = Vec::new();
        for number in 0..MEMBERS {
            let asns = asns_of(number).to_vec();
            members.push(Member { name: format!("m{number}"), key: 0, asns });
        }
        members.push(Member { name: "node".to_owned(), key: 0, asns: vec![BYSTANDER] });
        let directory = directory.to_owned();
        let zone = BTreeMap::new();
        let mut stage = Stage { directory, zone, names: None, members, open: "yes" };
        stage.mounts();
        stage.network();
        stage.keys();
        stage.registry();
        stage.configuration("");
        stage.bird_conf("");
        for asn in all_asns() {
            stage.zone.insert(router(asn), format!("fd5e:1ab:100::{:x}", asn % 10_000));
        }
        stage.zone.insert("node.lab.example".to_owned(), "fd5e:1ab:1::2".to_owned());
        stage.zone.insert("pop.lab.example".to_owned(), "fd5e:1ab:1::1".to_owned());
        stage.serve_names();
        stage
    }

    /// A path in the directory.
    pub fn path(&self, part: &str) -> PathBuf {
        self.directory.join(part)
    }

    /// What a file of the directory holds.
    pub fn read(&self, part: &str) -> String {
        fs::read_to_string(self.path(part)).unwrap_or_else(|error| panic!("{part}: {error}"))
    }

    pub fn write(&self, part: &str, text: &str) {
        fs::write(self.path(part), text).unwrap_or_else(|error| panic!("{part}: {error}"));
    }

    fn mounts(&self) {
        let at = self.directory.display();
        sh(&format!(
            "mkdir -p /run/wireguard /run/netns {at}/{{state,bird,wireguard,keys,node.run}}
             mount -t tmpfs tmpfs /run/wireguard; mount -t tmpfs tmpfs /run/netns
             mount -t tmpfs -o size=48m tmpfs {at}/state
             for part in bird wireguard; do mount -t tmpfs -o size=1m tmpfs {at}/$part; done
             echo 'nameserver ::1' >{at}/resolv.conf
             mount --bind {at}/resolv.conf /etc/resolv.conf"
        ));
    }

    /// Our own namespace is the POP's; the bystander's router has one beside it.
    fn network(&self) {
        let mut script = "ip netns add node
            for where in '' 'ip netns exec node'; do
                $where sysctl -qw net.ipv6.conf.{all,default}.accept_dad=0
                $where ip link set lo up
            done
            ip netns exec node sysctl -qw net.ipv6.icmp.echo_ignore_all=1
            ip link add under0 address 02:00:00:00:01:01 type veth \
                peer name under0 address 02:00:00:00:01:02 netns node
            ip addr add fd5e:1ab:1::1/64 dev under0
            ip -n node addr add fd5e:1ab:1::2/64 dev under0
            ip link set under0 up; ip -n node link set under0 up
            ip -n node route add default via fd5e:1ab:1::1
            ip route add default via fd5e:1ab:1::2
            ip neighbour add fd5e:1ab:1::2 lladdr 02:00:00:00:01:02 dev under0
            ip -n node neighbour add fd5e:1ab:1::1 lladdr 02:00:00:00:01:01 dev under0
            "
        .to_owned();
        for number in 0..SOURCES {
            writeln!(script, "ip addr add {} dev lo", source(number)).unwrap();
        }
        sh(&script);
    }

    fn keys(&self) {
        let keys = self.path("keys");
        let names =
            (0..MEMBERS).flat_map(|number| [format!("m{number}.0"), format!("m{number}.1")]);
        for name in names.chain(["node.0", "admin"].map(str::to_owned)) {
            let file = keys.join(name).display().to_string();
            tool("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", &file]);
        }
        let host = self.path("host_key").display().to_string();
        tool("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", &host]);
        self.write("known_hosts", &format!("* {}", self.read("host_key.pub")));
        self.write("pop.wg", &secret(1).reveal());
        self.write("node.wg", &secret(2).reveal());
        sh(&format!("chmod 600 {0}/pop.wg {0}/node.wg", self.directory.display()));
    }

    /// Writes the registry as the members are now.
    pub fn registry(&self) {
        let at = self.path("registry");
        for kind in ["mntner", "aut-num"] {
            fs::create_dir_all(at.join("data").join(kind)).unwrap();
        }
        for asn in all_asns() {
            if !self.members.iter().any(|member| member.asns.contains(&asn)) {
                self.leaves_registry(asn);
            }
        }
        for member in &self.members {
            let auth = self.read(&format!("keys/{}.{}.pub", member.name, member.key));
            registry::add_member(&at, &member.name, &[auth.trim().to_owned()], &member.asns);
        }
        for number in 0..FILLERS {
            registry::add_member(&at, &format!("FILLER{number}"), &[], &[4_242_430_000 + number]);
        }
    }

    fn leaves_registry(&self, asn: u32) {
        let _ = fs::remove_file(self.path(&format!("registry/data/aut-num/AS{asn}")));
    }

    /// Writes peerling.toml, with more at its end.
    pub fn configuration(&self, more: &str) {
        let (at, open) = (self.directory.display(), self.open);
        let admin = self.read("keys/admin.pub");
        let admin = admin.trim();
        self.write(
            "peerling.toml",
            &format!(
                "[pop]\nasn = {POP}\nname = \"pop.lab.example\"\nnetwork = \"Lab\"\n\n\
                 [ssh]\nlisten = [\"[::]:{PORT}\"]\nhost_keys = [\"{at}/host_key\"]\n\
                 admin_keys = [\"{admin}\"]\n\n\
                 [registry]\ndirectory = \"{at}/registry\"\n\n\
                 [store]\npath = \"{at}/state/peering.db\"\n\n\
                 [wireguard]\nprivate_key_file = \"{at}/pop.wg\"\n\
                 link_local_prefix = \"fe80:0263::\"\nlocal_address = \"fe80::263\"\n\
                 backend = \"userspace\"\ndirectory = \"{at}/wireguard\"\n\n\
                 [bird]\nsocket = \"{at}/bird.ctl\"\ndirectory = \"{at}/bird\"\n\n\
                 [peers]\nallowed_networks = [\"fd5e:1ab::/32\"]\nopen = \"{open}\"\n\n\
                 [apply]\ninterval_s = 3\nwatch_interval_s = 1\n{more}"
            ),
        );
    }

    /// Writes the operator's bird.conf, with more at its end.
    pub fn bird_conf(&self, more: &str) {
        let at = self.directory.display();
        let common = bird_common(&at.to_string(), "172.20.0.1", "172.20.0.0/27", "fd42:263::/48");
        self.write("bird.conf", &format!("{common}{}include \"{at}/bird/*\";\n{more}", POP_BIRD));
    }

    fn serve_names(&mut self) {
        self.write_zone();
        let mut command = Command::new("dnsmasq");
        command.args(["--keep-in-foreground", "--no-resolv", "--no-hosts", "--user=root"]);
        command.args(["--pid-file=", "--bind-interfaces", "--listen-address=::1"]);
        command.args(["--local=/lab.example/", "--log-facility=-", "--local-ttl=0"]);
        command.arg(format!("--conf-file={}", self.path("dnsmasq.conf").display()));
        command.arg(format!("--addn-hosts={}", self.path("zone").display()));
        self.write("dnsmasq.conf", "");
        let log = fs::File::create(self.path("dnsmasq.log")).unwrap();
        command.stdin(Stdio::null()).stderr(log);
        self.names = Some(Program::start(&mut command));
        wait_until("the name server", || TcpStream::connect("[::1]:53").is_ok());
    }

    /// The name server is there again, and knows the zone.
    pub fn names_well(&mut self) {
        match &mut self.names {
            Some(names) => names.go_on(),
            None => self.serve_names(),
        }
        self.publish();
    }

    /// The zone is what it is now, as soon as the name server has read it.
    pub fn publish(&self) {
        self.write_zone();
        if let Some(names) = &self.names {
            names.signal(Signal::HUP);
        }
    }

    fn write_zone(&self) {
        let lines: String =
            self.zone.iter().map(|(name, address)| format!("{address} {name}\n")).collect();
        self.write("zone", &lines);
    }
}

/// The address of the POP's that a client comes from.
pub fn any_source(random: &mut Random) -> String {
    source(random.below(SOURCES))
}

fn source(number: usize) -> String {
    format!("fd66:{:x}::1", number + 1)
}

/// A private key of WireGuard.
pub fn secret(number: u8) -> WgSecret {
    WgSecret::new([0x40 | number; 32])
}

/// What the operators of both sides have.
pub fn bird_common(at: &str, router_id: &str, network4: &str, network6: &str) -> String {
    format!(
        "log \"{at}/bird.log\" {{ warning, error, auth, fatal, bug }};
router id {router_id};
timeformat protocol iso long ms;
protocol device {{ scan time 10; }}
protocol kernel {{ scan time 20; ipv4 {{ import none; export where source != RTS_STATIC; }}; }}
protocol kernel {{ scan time 20; ipv6 {{ import none; export where source != RTS_STATIC; }}; }}
protocol static own_ipv4 {{ route {network4} reject; ipv4 {{ import all; export none; }}; }}
protocol static own_ipv6 {{ route {network6} reject; ipv6 {{ import all; export none; }}; }}
"
    )
}

/// What the POP's operator has besides: the names that our files build on.
const POP_BIRD: &str = "define OWNAS = 4242420263;
define BANDWIDTH = 24;
define LINKTYPE = 34;
function dn42_import_filter(int grade; int bandwidth; int crypto) {
    return net ~ [172.20.0.0/14{21,29}];
}
function dn42_import_filter_v6(int grade; int bandwidth; int crypto) {
    return net ~ [fd00::/8{44,64}];
}
function dn42_export_filter(int grade; int bandwidth; int crypto) {
    return source ~ [RTS_STATIC, RTS_BGP];
}
function dn42_export_filter_v6(int grade; int bandwidth; int crypto) {
    return source ~ [RTS_STATIC, RTS_BGP];
}
template bgp dnpeers {
    local as OWNAS;
    path metric on;
    connect delay time 1;
    connect retry time 2;
    hold time 240;
    error wait time 1, 2;
    ipv4 { import limit 9000 action block; import table; };
    ipv6 { import limit 9000 action block; import table; };
}
protocol static by_hand { ipv6; route fd42:1::/48 reject; }
";
