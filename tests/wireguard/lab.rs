//! What the cases stand on: links as they are wanted, and `ip` and `wg` as independent witnesses.

use peerling::model::{IfName, WgKey, WgSecret};
use peerling::plan::naming::Naming;
use peerling::plan::wireguard::{
    EndpointRule, KEEPALIVE_S, LinkActual, LinkWanted, OtherAddresses, allowed_ips, differs,
};
use peerling::sys::uapi::Patience;
use peerling::sys::wireguard::{self, Backend, Links, Machine, WireError};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// What must hold, in words, and the function that sees whether it does.
pub type Case = (&'static str, fn(&Lab));

/// A namespace with nothing in it but a loopback, and the back end under test.
pub struct Lab {
    pub backend: Backend,
    pub machine: Machine,
}

impl Lab {
    /// Prepares the namespace that this process runs in.
    pub fn enter(backend: Backend) -> Lab {
        std::fs::create_dir_all("/run/wireguard").unwrap();
        run("mount -t tmpfs tmpfs /run/wireguard");
        run("ip link set lo up");
        Lab { backend, machine: Machine::default() }
    }

    pub fn create(&self, wanted: &LinkWanted) -> Result<(), WireError> {
        smol::block_on(self.backend.create(&self.machine, wanted))?;
        smol::block_on(wireguard::settle(&self.machine));
        Ok(())
    }

    pub fn remove(&self, name: &IfName) -> Result<(), WireError> {
        smol::block_on(self.backend.remove(&self.machine, name))
    }

    /// Every link with a name of ours.
    pub fn observe(&self) -> Links {
        smol::block_on(self.backend.observe(&Patience::default(), &Naming::default())).unwrap()
    }

    /// The link as it is, or why it cannot be read.
    pub fn read(&self, name: &IfName) -> Option<Result<LinkActual, WireError>> {
        self.observe().remove(name)
    }

    /// The link as it is.
    pub fn actual(&self, name: &IfName) -> LinkActual {
        self.read(name).unwrap().unwrap()
    }

    /// Changes the link to what is wanted; the lines that tell it. Afterwards nothing may differ.
    pub fn change(&self, wanted: &LinkWanted, rule: EndpointRule) -> Vec<String> {
        let actual = self.actual(&wanted.name);
        let change = self.backend.change(&self.machine, wanted, &actual, rule);
        let lines = smol::block_on(change).unwrap();
        smol::block_on(wireguard::settle(&self.machine));
        let after = self.actual(&wanted.name);
        assert_eq!(differs(wanted, &after, rule), [], "{lines:?}");
        assert_eq!(after.index, actual.index, "the link was made anew");
        lines
    }

    /// No link of a peering, and no socket, may be left by a case.
    pub fn nothing_left(&self) {
        assert!(self.observe().is_empty());
        assert_eq!(std::fs::read_dir("/run/wireguard").unwrap().count(), 0);
    }
}

/// A link for the AS 4242420000 + `number`, with keys and addresses made of that number.
pub fn wanted(number: u16) -> LinkWanted {
    let asn = (4_242_420_000 + u32::from(number)).to_string();
    LinkWanted {
        name: Naming::default().peering_link(asn.parse().unwrap()),
        private_key: private_key(0),
        listen_port: (52000 + number).to_string().parse().unwrap(),
        mtu: Some(1412),
        local: format!("fe80:0263::1:{number:x}").parse().unwrap(),
        remote: format!("fe80:0263::2:{number:x}").parse().unwrap(),
        ipv4: None,
        peer_key: private_key(number).public(),
        preshared_key: Some(WgSecret::new([3; 32])),
        endpoint: format!("[2001:db8::{number:x}]:20263").parse().ok(),
        allowed_ips: allowed_ips(),
        keepalive_s: KEEPALIVE_S,
        other_addresses: OtherAddresses::Removed,
    }
}

/// A private key made of a number.
pub fn private_key(number: u16) -> WgSecret {
    let mut bytes = [0x40; 32];
    bytes[1..3].copy_from_slice(&number.to_be_bytes());
    WgSecret::new(bytes)
}

/// `ip monitor link`, while it is kept.
pub struct Monitor {
    process: Child,
    file: PathBuf,
}

impl Monitor {
    pub fn start() -> Monitor {
        let file = std::env::temp_dir().join(format!("monitor-{}", std::process::id()));
        let mut command = Command::new("ip");
        command.args(["-o", "monitor", "link"]).stdout(File::create(&file).unwrap());
        Monitor { process: command.spawn().unwrap(), file }
    }

    /// Does something again and again until these words are told.
    pub fn tells(&self, words: &str, again: impl Fn()) {
        eventually(words, || {
            again();
            std::fs::read_to_string(&self.file).unwrap().contains(words).then_some(())
        });
    }

    /// What was told of a link so far.
    pub fn lines(&self, name: &IfName) -> Vec<String> {
        let text = std::fs::read_to_string(&self.file).unwrap();
        let of_it = |line: &&str| line.contains(&format!(" {name}: "));
        text.lines().filter(of_it).map(str::to_owned).collect()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        // It may have ended; there is nothing else to do for it.
        let _ = self.process.kill().and_then(|()| self.process.wait());
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Runs a command, given as words, that must succeed; its output.
pub fn run(words: &str) -> String {
    let mut parts = words.split(' ');
    let output = Command::new(parts.next().unwrap()).args(parts).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{words}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Sets a peer of a link by `wg`.
pub fn wg_set(name: &IfName, key: &WgKey, rest: &str) {
    run(&format!("wg set {name} peer {key}{rest}"));
}

/// What `found` answers, as soon as it answers; the kernel and processes tell nobody when they are
/// done.
pub fn eventually<T>(what: &str, found: impl Fn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
