//! The resolver against dnsmasq, where it is installed.

use super::Resolver;
use crate::model::Families;
use crate::model::HostName;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};

/// How often it is started, each time at another port.
const TRIES: usize = 5;

/// A running dnsmasq, ended with this value.
struct Dnsmasq {
    child: Child,
    address: SocketAddr,
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Dnsmasq {
    /// Starts one that knows three names; `None` if there is none to start.
    fn start() -> Option<Dnsmasq> {
        let mut log = String::new();
        for _ in 0..TRIES {
            match Dnsmasq::try_start()? {
                Ok(started) => return Some(started),
                Err(ended) => log = ended,
            }
        }
        panic!("dnsmasq ended at once: {log}")
    }

    /// What it logs, if it ends at once: a free port may be somebody else's until it is bound.
    fn try_start() -> Option<Result<Dnsmasq, String>> {
        let free = UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let child = Command::new("dnsmasq")
            .args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"])
            .args(["--log-facility=-", "--pid-file=", "--user=", "--group="])
            .args(["--listen-address=127.0.0.1", "--bind-interfaces"])
            .arg(format!("--port={}", free.port()))
            .args(["--local=/example.org/", "--host-record=node.example.org,192.0.2.1,2001:db8::1"])
            .args([
                "--cname=alias.example.org,node.example.org",
                "--host-record=six.example.org,2001:db8::6",
            ])
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match child {
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            child => child.unwrap(),
        };
        let mut log = String::new();
        for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
            if line.contains("started") {
                return Some(Ok(Dnsmasq { child, address: free }));
            }
            log += &line;
        }
        child.wait().unwrap();
        Some(Err(log))
    }
}

#[test]
fn a_real_server_is_understood() {
    let Some(server) = Dnsmasq::start() else {
        crate::testing::skipped("dnsmasq", "no dnsmasq on PATH (package dnsmasq-base)");
        return;
    };
    let resolver = Resolver::with_servers(vec![server.address]);
    let ask = |name: &str, families| {
        let name: HostName = name.parse().unwrap();
        let found = smol::block_on(resolver.resolve(&name, families));
        found.map_err(|error| error.to_string())
    };
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let both = vec![ip("2001:db8::1"), ip("192.0.2.1")];
    assert_eq!(ask("node.example.org", Families::Both), Ok(both.clone()));
    assert_eq!(ask("alias.example.org", Families::Both), Ok(both));
    assert_eq!(ask("six.example.org", Families::Both), Ok(vec![ip("2001:db8::6")]));
    let error = |name, families| ask(name, families).unwrap_err();
    assert_eq!(error("six.example.org", Families::V4), "six.example.org has no A record");
    assert_eq!(error("no.example.org", Families::Both), "no.example.org does not exist in the DNS");
    assert_eq!(
        error("node.example.net", Families::Both),
        "the name server refuses to look up node.example.net"
    );
}
