//! `peerling demo`: the whole service in a temporary directory, without root: a registry with one
//! member, their SSH key, our keys, a database, and files instead of tunnels. Everything goes when
//! it ends.

use super::parse::Invocation;
use super::table::RUN;
use crate::daemon::{
    Assembled, ConfigFile, Failure, Service, Sockets, Trouble, block_on, catch_signals,
    is_configuration,
};
use crate::model::WgSecret;
use crate::ssh::new_key;
use russh::keys::ssh_key::LineEnding;
use smol::future::FutureExt as _;
use smol::process::Command;
use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The member of the demo, and their AS number.
const LOGIN: &str = "newcomer";

/// A temporary directory that is removed with its owner.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        // What is left lies in the temporary directory, where it is cleaned up some day.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Serves until Ctrl-C; or runs `command` in a shell beside it and ends with its exit status.
///
/// # Errors
/// The temporary directory, or what keeps the service from starting.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let command = invocation.value(&RUN);
    let place = Place::new()?;
    let file = ConfigFile::Alone(place.0.join("peerling.toml"));
    let signals = catch_signals()?;
    let assembled = Assembled::load(&file)?;
    let sockets = Sockets::open(&assembled)?;
    let address = sockets.ssh.first().and_then(|it| it.local_addr().ok());
    let address = address.ok_or_else(|| Trouble::new("no address to listen on"))?;
    let service = Service::new(assembled, file)?;
    place.tell(address);
    let served = block_on(async |spawner| {
        let serve = async { service.run(spawner, sockets, signals).await.map(|()| 0) };
        match command {
            Some(command) => place.beside(command, address).or(serve).await,
            None => serve.await,
        }
    })?;
    Ok(served?)
}

impl Place {
    fn new() -> Result<Place, Trouble> {
        let number = rustix::process::getpid().as_raw_nonzero();
        let place = Place(std::env::temp_dir().join(format!("peerling-demo-{number}")));
        place.furnish().map_err(|error| Trouble::new(format!("{}: {error}", place.0.display())))?;
        Ok(place)
    }

    fn furnish(&self) -> std::io::Result<()> {
        fs::create_dir(&self.0)?;
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o700))?;
        for name in ["registry/data/mntner", "registry/data/aut-num", "wireguard", "bird"] {
            fs::create_dir_all(self.0.join(name))?;
        }
        let key = new_key();
        let public = key.public_key().to_openssh().map_err(std::io::Error::other)?;
        let private = key.to_openssh(LineEnding::LF).map_err(std::io::Error::other)?;
        secret(&self.0.join("id_ed25519"), &private)?;
        secret(&self.0.join("wireguard.key"), &private_key()?.reveal())?;
        fs::write(self.0.join("registry/data/mntner/NEWCOMER-MNT"), maintainer(&public))?;
        fs::write(self.0.join("registry/data/aut-num/AS4242420001"), aut_num("AS4242420001"))?;
        fs::write(self.0.join("registry/data/aut-num/AS4242420002"), aut_num("AS4242420002"))?;
        fs::write(self.0.join("peerling.toml"), config(&self.0))
    }

    fn ssh(&self, address: SocketAddr) -> String {
        let key = self.0.join("id_ed25519");
        format!(
            "ssh -p {} -i {} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o \
             UserKnownHostsFile=/dev/null -o LogLevel=ERROR {LOGIN}@{}",
            address.port(),
            key.display(),
            address.ip()
        )
    }

    /// The one thing that is to be read by people and programs alike.
    fn tell(&self, address: SocketAddr) {
        super::print(&format!("{}\n", self.ssh(address)));
    }

    /// Runs a command that finds us by its environment.
    async fn beside(&self, command: &OsStr, address: SocketAddr) -> Result<u8, Trouble> {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command);
        // The configuration is the whole of it here, for what the command starts too.
        for (name, _) in std::env::vars_os() {
            if is_configuration(&name) {
                shell.env_remove(name);
            }
        }
        shell.env("PEERLING_DEMO_SSH", self.ssh(address)).env("PEERLING_DEMO_DIR", &self.0);
        let status = shell.status().await;
        let status = status.map_err(|error| Trouble::new(format!("sh: {error}")))?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }
}

fn secret(path: &Path, text: &str) -> std::io::Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

fn private_key() -> std::io::Result<WgSecret> {
    let mut bytes = [0; 32];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(WgSecret::new(bytes))
}

fn maintainer(public: &str) -> String {
    format!(
        "mntner:             NEWCOMER-MNT
mnt-by:             NEWCOMER-MNT
auth:               {public}
source:             DN42
"
    )
}

fn aut_num(name: &str) -> String {
    format!(
        "aut-num:            {name}
as-name:            NEWCOMER-AS
mnt-by:             NEWCOMER-MNT
source:             DN42
"
    )
}

fn config(place: &Path) -> String {
    format!(
        r#"[pop]
asn = 4242420263
name = "pop.example.net"
network = "Example Network"

[ssh]
listen = ["[::1]:0"]
host_keys = ["{}"]

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
        place.join("registry").display(),
        place.join("peering.db").display(),
        place.join("wireguard.key").display(),
        place.join("wireguard").display(),
        place.join("bird").display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_complete_and_goes_with_its_owner() {
        let place = Place::new().unwrap();
        let path = place.0.clone();
        let file = ConfigFile::Alone(path.join("peerling.toml"));
        let assembled = Assembled::load(&file).map_err(|it| format!("{it:?}")).unwrap();
        assert!(assembled.private_key.is_ok());
        let mode = fs::metadata(path.join("id_ed25519")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(place);
        assert!(!path.exists());
    }
}
