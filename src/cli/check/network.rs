//! What members connect to: the POP's name, the addresses that it listens on, its host keys.

use super::service::Asked;
use super::{Findings, Scene, files};
use crate::model::HostName;
use crate::ssh::{host_key_objection, load_host_key};
use crate::sys::dns::{DnsError, Resolver};
use crate::sys::users::may;
use crate::sys::{self, own_addresses, users};
use rustix::fs::Access;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The area of the POP's public name.
const NAME: &str = "name";
/// The area of the name servers that the service asks.
const NAME_SERVERS: &str = "name_servers";
/// The area of the SSH service's addresses.
const LISTEN: &str = "listen";
/// Domains that nobody can have (RFC 2606, RFC 6761).
const NOBODYS: [&str; 7] =
    ["example", "example.com", "example.net", "example.org", "invalid", "test", "localhost"];

/// Is it a name from a manual?
pub(super) fn is_placeholder(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    NOBODYS.iter().any(|domain| {
        name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Is it the name servers' fault, and not the name's? Then no endpoint of a member resolves.
fn is_of_servers(error: &DnsError) -> bool {
    match error {
        DnsError::TimedOut(_)
        | DnsError::Unreachable
        | DnsError::ServerFailure(_)
        | DnsError::Refused(_) => true,
        DnsError::NotFound(_)
        | DnsError::NoData(..)
        | DnsError::Garbage(_)
        | DnsError::AliasLoop(_)
        | DnsError::Unaskable(_)
        | DnsError::Machine(_) => false,
    }
}

/// Does the name lead here? Members connect to it, and their tunnels end at it.
pub(super) async fn look(scene: &Scene, findings: &mut Findings) {
    let shown = scene.assembled.config.pop.name.as_str();
    if is_placeholder(shown) {
        let detail = format!("{shown} is a name from a manual: members cannot reach it");
        return findings.warn(NAME, detail, "pop.name = the public name of this machine");
    }
    let Ok(name) = shown.parse::<HostName>() else {
        return own_address(shown, findings);
    };
    let families = scene.assembled.config.peers.ip_mode;
    let resolver = Resolver::system(Path::new(crate::daemon::RESOLV_CONF));
    let addresses = match resolver.resolve(&name, families).await {
        Ok(addresses) => {
            findings.ok(NAME_SERVERS, "they answer");
            addresses
        }
        Err(error) if is_of_servers(&error) => {
            let detail = format!("{shown} cannot be asked for: {error}");
            let remedy = format!("name servers that answer, in {}", crate::daemon::RESOLV_CONF);
            return findings.wrong(NAME_SERVERS, detail, remedy);
        }
        Err(error) => {
            findings.ok(NAME_SERVERS, "they answer");
            let remedy =
                format!("an AAAA record (or A) of {shown} with an address of this machine");
            return findings.warn(NAME, format_args!("{shown}: {error}"), remedy);
        }
    };
    let own = own_addresses();
    let mut foreign: Vec<String> = Vec::new();
    for address in &addresses {
        if !own.contains(address) {
            foreign.push(address.to_string());
        }
    }
    if foreign.is_empty() {
        return findings.ok(NAME, format_args!("{shown} leads to this machine"));
    }
    findings.warn(
        NAME,
        format_args!("{shown} is {}, which is no address of this machine", foreign.join(", ")),
        format_args!("correct the DNS of {shown}; where a router passes it on (NAT), all is well"),
    );
}

/// Can each address be listened on, or is it by the service that runs?
pub(super) fn listen(scene: &Scene, asked: &Asked, findings: &mut Findings) {
    let own = own_addresses();
    for address in &scene.assembled.config.ssh.listen {
        listen_on(*address, &own, asked, findings);
    }
}

/// The name may be an address, too.
fn own_address(shown: &str, findings: &mut Findings) {
    if shown.parse::<IpAddr>().is_ok_and(|address| own_addresses().contains(&address)) {
        return findings.ok(NAME, format_args!("{shown} is an address of this machine"));
    }
    findings.warn(
        NAME,
        format_args!("{shown} is no address of this machine"),
        "pop.name = the public name of this machine",
    );
}

fn listen_on(address: SocketAddr, own: &[IpAddr], asked: &Asked, findings: &mut Findings) {
    if !address.ip().is_unspecified() && !own.contains(&address.ip()) {
        let detail = format!("{address}: no interface of this machine has this address");
        return findings.wrong(LISTEN, detail, "ssh.listen = [\"[::]:4242\"], or ip address add");
    }
    if !matches!(asked, Asked::Nobody) {
        return findings.ok(LISTEN, format_args!("{address}, by the service that runs"));
    }
    match sys::listen(address) {
        Ok(_) => findings.ok(LISTEN, format_args!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => findings.wrong(
            LISTEN,
            format_args!("{address}: another program listens there"),
            format_args!("ss -ltnp 'sport = :{}' shows which", address.port()),
        ),
        Err(error) => findings.wrong(
            LISTEN,
            format_args!("{address}: {error}"),
            "a port above 1023, for the service is not root",
        ),
    }
}

/// The area's name.
const HOST_KEYS: &str = "host_keys";
/// What is to be done about a key that is there for members who know it.
const LET_GO: &str = "take it out of ssh.host_keys when members know the Ed25519 key; until then a \
                      shorter one is `ssh-keygen -t rsa -b 3072 -m PEM`";

/// What lets the service read a file that is somebody else's, or closed to its own user.
fn host_key_remedy(path: &Path) -> String {
    let (shown, us) = (path.display(), users::current());
    match path.metadata() {
        Ok(metadata) if metadata.uid() == us => format!("chmod 600 {shown}"),
        _ => format!("chown {} {shown}", users::name(us)),
    }
}

/// Looks at each host key of the configuration.
pub(super) fn host_keys(scene: &Scene, findings: &mut Findings) {
    for path in &scene.assembled.config.ssh.host_keys {
        let shown = path.display();
        if let Some(wall) = files::wall(path) {
            let detail = format!("{shown}: {} cannot be entered", wall.display());
            findings.wrong(HOST_KEYS, detail, files::entering(wall));
            continue;
        }
        if !path.exists() {
            findings.ok(HOST_KEYS, format_args!("{shown} will be made"));
            continue;
        }
        files::secret(HOST_KEYS, path, findings);
        match load_host_key(path) {
            Ok(key) => match host_key_objection(&key) {
                Some(words) => findings.warn(HOST_KEYS, format_args!("{shown}: {words}"), LET_GO),
                None => findings.ok(HOST_KEYS, format_args!("{shown}: {}", key.algorithm())),
            },
            // The key is as it was: members need not hear of another.
            Err(error) if !may(path, Access::READ_OK) => {
                findings.wrong(HOST_KEYS, error, host_key_remedy(path));
            }
            Err(error) => {
                findings.wrong(
                    HOST_KEYS,
                    error,
                    "the backup's copy, or a new key (members are told)",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_there_is_no_fault_of_the_servers() {
        let name: HostName = "pop.flap42.eu".parse().unwrap();
        let faults = [DnsError::TimedOut(9), DnsError::ServerFailure(name.clone())];
        assert!(faults.iter().all(is_of_servers));
        assert!(!is_of_servers(&DnsError::NotFound(name)));
    }

    #[test]
    fn names_of_manuals_are_known() {
        for name in ["pop.example.net", "example.org", "POP.EXAMPLE.COM.", "a.test", "localhost"] {
            assert!(is_placeholder(name), "{name}");
        }
        for name in ["pop.flap42.eu", "myexample.net", "test.dn42", "example.net.dn42"] {
            assert!(!is_placeholder(name), "{name}");
        }
    }
}
