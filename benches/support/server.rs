//! SSH servers on the loopback interface: this program with a registry, and its rivals beside it.

use crate::peers;
use crate::process::{Guard, free_port, greets, installed, output, until};
use crate::registry_support;
use peerling::peering::Peering;
use std::fs::{self, Permissions};
use std::net::{Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A server and how to log in.
pub struct Server {
    /// Its name in the figures.
    pub name: &'static str,
    /// The process that listens.
    pub process: Guard,
    address: SocketAddr,
    user: String,
    key: PathBuf,
}

impl Server {
    /// The client with everything but its own options and the command.
    pub fn ssh(&self, options: &[&str], command: &[&str]) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-i"]).arg(&self.key);
        for option in [
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "ConnectTimeout=20",
            // A server that falls silent ends the client, and so the bench.
            "ServerAliveInterval=10",
        ] {
            ssh.args(["-o", option]);
        }
        ssh.args(["-p", &self.address.port().to_string()]).args(options);
        ssh.arg(format!("{}@{}", self.user, self.address.ip())).args(command);
        ssh.env("TERM", "xterm-256color").stdin(Stdio::null());
        ssh
    }

    /// Logs in, runs a command, and is gone.
    pub fn login(&self) {
        output(&mut self.ssh(&[], &["whoami"]));
    }
}

/// A POP in a directory, not running yet.
pub struct Pop {
    directory: PathBuf,
}

impl Pop {
    /// A registry of this size with a member BENCH, whose key lies in `id`.
    pub fn new(directory: &Path, mntners: usize, aut_nums: usize) -> Pop {
        let registry = directory.join("registry");
        registry_support::generate(&registry, mntners, aut_nums, 1);
        let asns: Vec<u32> = peers::peerings(3).iter().map(|it| it.asn.get()).collect();
        let public = key(&directory.join("id"));
        registry_support::add_member(&registry, "bench", &[public], &asns);
        fs::create_dir_all(directory.join("bird")).unwrap();
        fs::create_dir_all(directory.join("wireguard")).unwrap();
        Pop { directory: directory.to_owned() }
    }

    /// Fills the database.
    pub fn peer(&self, peerings: &[Peering]) {
        peers::database(&self.directory.join("peering.db"), peerings);
    }

    /// How many files it has written.
    pub fn files(&self) -> usize {
        let count = |name: &str| fs::read_dir(self.directory.join(name)).unwrap().count();
        count("bird") + count("wireguard")
    }

    /// Starts it; it listens when this returns, and may not answer yet.
    pub fn start(&self) -> Server {
        self.start_at("127.0.0.1:0")
    }

    /// The same at this address; port 0 lets the kernel choose.
    pub fn start_at(&self, listen: &str) -> Server {
        let at = |name: &str| self.directory.join(name).display().to_string();
        let child = Command::new(binary())
            .args(["--config", "/dev/null", "serve"])
            .env_clear()
            .envs([
                ("PEERLING_POP_ASN", "4242420263".to_owned()),
                ("PEERLING_POP_NAME", "pop.example.net".to_owned()),
                ("PEERLING_SSH_LISTEN", listen.to_owned()),
                ("PEERLING_SSH_HOST_KEYS", at("host_key")),
                ("PEERLING_REGISTRY_DIRECTORY", at("registry")),
                ("PEERLING_STORE_PATH", at("peering.db")),
                ("PEERLING_WIREGUARD_PRIVATE_KEY", peers::secret().reveal()),
                ("PEERLING_WIREGUARD_BACKEND", "files".to_owned()),
                ("PEERLING_WIREGUARD_DIRECTORY", at("wireguard")),
                ("PEERLING_WIREGUARD_BASE_PORT", peers::site().base_port.to_string()),
                ("PEERLING_BIRD_SOCKET", String::new()),
                ("PEERLING_BIRD_DIRECTORY", at("bird")),
                ("PEERLING_LIMITS_SESSIONS_PER_MEMBER_MAX", "256".to_owned()),
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = Guard(child.unwrap());
        let mut address: SocketAddr = process.told("listening on ").parse().unwrap();
        if address.ip().is_unspecified() {
            address.set_ip(Ipv6Addr::LOCALHOST.into());
        }
        let (user, key) = ("bench".to_owned(), self.directory.join("id"));
        Server { name: "peerling", process, address, user, key }
    }
}

impl Server {
    /// The port where it listens.
    #[allow(dead_code)]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Waits until it answers.
    pub fn ready(&self) {
        until(self.name, || greets(self.address));
    }
}

/// The release build, or the one that `PEERLING` names: a static one, or one of another version.
pub fn binary() -> PathBuf {
    let named = std::env::var_os("PEERLING").map(PathBuf::from);
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_peerling").into())
}

/// OpenSSH's and dropbear's servers, where they are installed and we are root: they let the same
/// key in and run `true`.
pub fn rivals(directory: &Path) -> Vec<Server> {
    if output(Command::new("id").arg("-u")) != "0" {
        println!("  (sshd and dropbear skipped: they need root)");
        return Vec::new();
    }
    let each = [("/usr/sbin/sshd", sshd as fn(&Path) -> Server), ("/usr/sbin/dropbear", dropbear)];
    let mut servers = Vec::new();
    for (program, start) in each {
        match installed(program) {
            true => servers.push(start(directory)),
            false => println!("  ({program} skipped: it is not installed)"),
        }
    }
    servers
}

fn sshd(directory: &Path) -> Server {
    let port = free_port();
    let (at, path) = (directory.display(), directory.join("sshd_config"));
    key(&directory.join("sshd_key"));
    fs::copy(directory.join("id.pub"), directory.join("sshd_authorized")).unwrap();
    let config = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {at}/sshd_key\nStrictModes no\n\
         AuthorizedKeysFile {at}/sshd_authorized\nPermitRootLogin yes\nPidFile none\n\
         UsePAM no\nForceCommand /bin/true\n"
    );
    fs::write(&path, config).unwrap();
    // Where the unprivileged half of it locks itself in; Debian's service unit makes it too.
    fs::create_dir_all("/run/sshd").unwrap();
    let mut command = Command::new("/usr/sbin/sshd");
    command.arg("-D").arg("-f").arg(path);
    started("OpenSSH sshd", &mut command, port, directory)
}

/// It reads `~/.ssh/authorized_keys` and nothing else: in a mount namespace of its own, our home is
/// elsewhere.
fn dropbear(directory: &Path) -> Server {
    let port = free_port();
    let (home, passwd) = (directory.join("home"), directory.join("passwd"));
    let host_key = directory.join("dropbear_key");
    fs::create_dir_all(home.join(".ssh")).unwrap();
    for path in [&home, &home.join(".ssh")] {
        fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
    }
    fs::copy(directory.join("id.pub"), home.join(".ssh/authorized_keys")).unwrap();
    fs::write(&passwd, format!("root:*:0:0:root:{}:/bin/sh\n", home.display())).unwrap();
    output(Command::new("dropbearkey").args(["-t", "ed25519", "-f"]).arg(&host_key));
    let script = "mount --bind \"$0\" /etc/passwd && \
                  exec /usr/sbin/dropbear -F -s -c /bin/true -P /dev/null -p \"$1\" -r \"$2\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(passwd);
    command.arg(format!("127.0.0.1:{port}")).arg(host_key);
    started("dropbear", &mut command, port, directory)
}

fn started(name: &'static str, command: &mut Command, port: u16, directory: &Path) -> Server {
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let process = Guard(command.spawn().unwrap());
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let server =
        Server { name, process, address, user: "root".to_owned(), key: directory.join("id") };
    server.ready();
    server
}

/// Makes a key pair and gives the public half.
fn key(path: &Path) -> String {
    output(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path));
    fs::read_to_string(path.with_extension("pub")).unwrap().trim().to_owned()
}
