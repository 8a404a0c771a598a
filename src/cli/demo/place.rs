//! The temporary directory of the demo, with everything that the service needs in it.

use crate::daemon::Trouble;
use crate::model::WgSecret;
use crate::ssh::new_key;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use std::fs;
use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// What everybody is shown first.
const BANNER: &str = "
   ()__()    Example Network
   ( oo )    a demo of peerling: nothing here is real
";

/// A temporary directory that is removed with its owner.
pub(super) struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        // What is left lies in the temporary directory, where it is cleaned up some day.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Place {
    /// Makes it, with keys of its own.
    pub(super) fn new() -> Result<Place, Trouble> {
        let number = rustix::process::getpid().as_raw_nonzero();
        let place = Place(std::env::temp_dir().join(format!("peerling-demo-{number}")));
        place.furnish().map_err(|error| Trouble::new(format!("{}: {error}", place.0.display())))?;
        Ok(place)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.0
    }

    /// The service's log.
    pub(super) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(super) fn config(&self) -> PathBuf {
        self.0.join("peerling.toml")
    }

    pub(super) fn registry(&self) -> PathBuf {
        self.0.join("registry")
    }

    /// The line by which NEWCOMER-MNT logs in, for people.
    pub(super) fn ssh(&self, address: SocketAddr) -> String {
        format!("{} newcomer@{}", self.client(address), address.ip())
    }

    /// The same for scripts, which want answers alone: OpenSSH shows no banner then.
    pub(super) fn ssh_for_scripts(&self, address: SocketAddr) -> String {
        format!("{} -o LogLevel=ERROR newcomer@{}", self.client(address), address.ip())
    }

    fn client(&self, address: SocketAddr) -> String {
        let (key, hosts) = (self.0.join("id_ed25519"), self.0.join("known_hosts"));
        format!(
            "ssh -p {} -F none -i {} -o IdentitiesOnly=yes -o UserKnownHostsFile={}",
            address.port(),
            key.display(),
            hosts.display()
        )
    }

    fn furnish(&self) -> io::Result<()> {
        fs::create_dir(&self.0)?;
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o700))?;
        for name in ["registry/data/mntner", "registry/data/aut-num", "wireguard", "bird"] {
            fs::create_dir_all(self.0.join(name))?;
        }
        let (host, ours) = (new_key(), private_key()?);
        let (public, private) = texts(&host)?;
        secret(&self.0.join("ssh_host_ed25519_key"), &private)?;
        fs::write(self.0.join("known_hosts"), format!("* {public}\n"))?;
        secret(&self.0.join("wireguard.key"), &ours.reveal())?;
        self.member("NEWCOMER", "id_ed25519", &[4242420001, 4242420002])?;
        self.member("NEIGHBOUR", "neighbour_ed25519", &[4242420003])?;
        fs::write(self.0.join("motd"), BANNER)?;
        let sister = private_key()?.public();
        let mesh = mesh(&ours.public().to_string(), &sister.to_string());
        fs::write(self.config(), config(&self.0, free_port()?) + &mesh)
    }

    /// A maintainer with a key made on the spot, and AS numbers.
    fn member(&self, name: &str, key_file: &str, asns: &[u32]) -> io::Result<()> {
        let (public, private) = texts(&new_key())?;
        secret(&self.0.join(key_file), &private)?;
        let data = self.0.join("registry/data");
        fs::write(data.join(format!("mntner/{name}-MNT")), maintainer(name, &public))?;
        for asn in asns {
            fs::write(data.join(format!("aut-num/AS{asn}")), aut_num(*asn, name))?;
        }
        Ok(())
    }
}

/// A key in OpenSSH's forms: the public half, and all of it.
fn texts(key: &PrivateKey) -> io::Result<(String, String)> {
    let public = key.public_key().to_openssh().map_err(io::Error::other)?;
    let private = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
    Ok((public, private.to_string()))
}

/// A port that nobody has: members of a sister are told the same one.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv6Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn secret(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

fn private_key() -> io::Result<WgSecret> {
    let mut bytes = [0; 32];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(WgSecret::new(bytes))
}

fn maintainer(name: &str, public: &str) -> String {
    format!(
        "mntner:             {name}-MNT
mnt-by:             {name}-MNT
auth:               {public}
source:             DN42
"
    )
}

fn aut_num(asn: u32, name: &str) -> String {
    format!(
        "aut-num:            AS{asn}
as-name:            {name}-AS
mnt-by:             {name}-MNT
source:             DN42
"
    )
}

fn config(place: &Path, port: u16) -> String {
    format!(
        r#"[pop]
asn = 4242420263
name = "pop.example.net"
network = "Example Network"

[ssh]
listen = ["[::1]:{port}"]
host_keys = ["{}"]
motd = "{}"

[registry]
directory = "{}"

[store]
path = "{}"

[wireguard]
private_key_file = "{}"
backend = "files"
directory = "{}"

[bird]
socket = ""
directory = "{}"

[peers]
allowed_networks = ["2001:db8::/32"]
"#,
        place.join("ssh_host_ed25519_key").display(),
        place.join("motd").display(),
        place.join("registry").display(),
        place.join("peering.db").display(),
        place.join("wireguard.key").display(),
        place.join("wireguard").display(),
        place.join("bird").display(),
    )
}

/// The network of this POP and of a sister.
fn mesh(our_key: &str, sister_key: &str) -> String {
    format!(
        r#"
[mesh]
self = "pop"
networks = ["fd42:263::/48"]

[[mesh.pop]]
name = "pop"
id = 1
host = "pop.example.net"
public_key = "{our_key}"
ipv6 = "fd42:263:0:1::/64"

[[mesh.pop]]
name = "sister"
id = 2
host = "sister.example.net"
public_key = "{sister_key}"
ipv6 = "fd42:263:0:2::/64"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::{Assembled, ConfigFile};

    #[test]
    fn the_place_is_complete_and_goes_with_its_owner() {
        let place = Place::new().unwrap();
        let path = place.0.clone();
        let file = ConfigFile::Alone(place.config());
        let assembled = Assembled::load(&file).map_err(|it| format!("{it:?}")).unwrap();
        assert!(assembled.private_key.is_ok() && assembled.banner.is_ok());
        let mode = fs::metadata(path.join("id_ed25519")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(place);
        assert!(!path.exists());
    }
}
