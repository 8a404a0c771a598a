//! A POP of a test's own: a directory with registry, keys and configuration, the real binary
//! serving it, and the real `ssh` to talk to it.
//!
//! [`Draft`] is the directory; [`Draft::serve`] makes a [`Pop`] of it. Both are gone when they are
//! dropped, unless the test failed: then the directory stays, and the end of the log is printed.

use super::registry::add_member;
use super::run::{Said, has, run, wait_for, wait_until};
use super::ssh::Ssh;
use peerling::model::{WgKey, WgSecret};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The AS numbers of ALICE-MNT, who has the key `alice`.
pub const ALICE: [u32; 2] = [4242420001, 4242420002];
/// The AS number of BOB-MNT, who has the key `bob`.
pub const BOB: u32 = 4242420009;
/// How much of the log is shown after a failure.
const LOG_TAIL_LINES: usize = 40;

/// A directory with everything that a POP needs.
pub struct Draft {
    /// Where it is.
    pub directory: PathBuf,
    config: BTreeMap<String, BTreeMap<String, String>>,
}

/// A running POP.
pub struct Pop {
    draft: Draft,
    server: Child,
    /// Where it listens.
    pub port: u16,
}

/// This POP's private key; the public one is [`our_key`].
pub fn our_secret() -> WgSecret {
    WgSecret::new([7; 32])
}

/// This POP's public key.
pub fn our_key() -> WgKey {
    our_secret().public()
}

/// The public key of a member's router: as many as there are numbers.
pub fn router_key(number: u8) -> String {
    WgSecret::new([number.wrapping_add(100); 32]).public().to_string()
}

impl Draft {
    /// A sound POP with the members ALICE-MNT and BOB-MNT, and some others to make a registry of
    /// them. `None`: OpenSSH is missing, and that was said.
    pub fn new() -> Option<Draft> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !(has("ssh", "openssh-client") && has("ssh-keygen", "openssh-client")) {
            return None;
        }
        let name = format!("pop-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut draft = Draft { directory, config: BTreeMap::new() };
        for part in ["registry/data/mntner", "registry/data/aut-num", "wireguard", "bird", "keys"] {
            fs::create_dir_all(draft.path(part)).unwrap();
        }
        draft.secret("wireguard.key", &format!("{}\n", our_secret().reveal()));
        draft.configure_all();
        draft.host_key("ssh_host_ed25519_key", &["-t", "ed25519"]);
        for (name, asns) in [("alice", ALICE.as_slice()), ("bob", &[BOB])] {
            draft.keygen(name, &["-t", "ed25519"]);
            draft.member(name, &[draft.auth(name)], asns);
        }
        (0..6).for_each(|n| draft.member(&format!("OTHER{n}"), &[], &[4242421000 + n]));
        Some(draft)
    }

    fn configure_all(&mut self) {
        let path = |part: &str| format!("{:?}", self.path(part));
        let settings = [
            ("pop", "asn", "4242420263".to_owned()),
            ("pop", "name", "\"pop.example.net\"".to_owned()),
            ("pop", "network", "\"Flip Flap Network\"".to_owned()),
            ("ssh", "listen", "[\"[::1]:0\"]".to_owned()),
            ("ssh", "host_keys", format!("[{}]", path("ssh_host_ed25519_key"))),
            ("registry", "directory", path("registry")),
            ("store", "path", path("peering.db")),
            ("wireguard", "private_key_file", path("wireguard.key")),
            ("wireguard", "backend", "\"files\"".to_owned()),
            ("wireguard", "directory", path("wireguard")),
            ("bird", "socket", "\"\"".to_owned()),
            ("bird", "directory", path("bird")),
            ("peers", "ip_mode", "\"both\"".to_owned()),
            // Networks of documentation: nothing is ever sent to anybody.
            ("peers", "allowed_networks", "[\"2001:db8::/32\", \"192.0.2.0/24\"]".to_owned()),
        ];
        settings.iter().for_each(|(section, key, value)| self.set(section, key, value));
    }

    /// A path inside the directory.
    pub fn path(&self, part: &str) -> PathBuf {
        self.directory.join(part)
    }

    /// What a file of the directory holds.
    pub fn read(&self, part: &str) -> String {
        fs::read_to_string(self.path(part)).unwrap_or_else(|error| panic!("{part}: {error}"))
    }

    /// Writes a file that only its owner can read.
    pub fn secret(&self, part: &str, text: &str) {
        fs::write(self.path(part), text).unwrap();
        fs::set_permissions(self.path(part), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Sets a key of the configuration; the value as it stands in TOML.
    pub fn set(&mut self, section: &str, key: &str, value: &str) {
        self.config.entry(section.to_owned()).or_default().insert(key.to_owned(), value.to_owned());
        self.write_config();
    }

    fn write_config(&self) {
        let mut text = String::new();
        for (section, keys) in &self.config {
            text += &format!("[{section}]\n");
            keys.iter().for_each(|(key, value)| text += &format!("{key} = {value}\n"));
        }
        fs::write(self.path("peerling.toml"), text).unwrap();
    }

    /// Makes a key pair `keys/NAME` without a passphrase.
    pub fn keygen(&self, name: &str, kind: &[&str]) {
        keygen(&self.path("keys").join(name), kind);
    }

    /// Makes a host key; the client knows it from now on, whatever the port will be.
    pub fn host_key(&self, name: &str, kind: &[&str]) {
        keygen(&self.path(name), kind);
        let known = format!("* {}", self.read(&format!("{name}.pub")));
        fs::write(self.path("known_hosts"), known).unwrap();
    }

    /// The `auth:` value of a key: its public half.
    pub fn auth(&self, name: &str) -> String {
        self.read(&format!("keys/{name}.pub")).trim().to_owned()
    }

    /// Adds a maintainer `NAME-MNT` with these `auth:` values and AS numbers.
    pub fn member(&self, name: &str, auths: &[String], asns: &[u32]) {
        add_member(&self.path("registry"), name, auths, asns);
    }

    /// The binary, told to use this configuration.
    pub fn command(&self) -> Command {
        let mut command = self.bare_command();
        command.arg("--config").arg(self.path("peerling.toml"));
        command
    }

    /// The binary, told nothing: neither by arguments nor by variables of whoever runs the tests.
    pub fn bare_command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_peerling"));
        command.current_dir(&self.directory);
        let ours = |name: &str| name.starts_with("PEERLING_") || name.starts_with("DN42_");
        let variables = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        for name in variables.filter(|name| ours(name)) {
            command.env_remove(name);
        }
        command.env_remove("JOURNAL_STREAM");
        command
    }

    /// Runs the binary with these arguments, to its end.
    pub fn peerling<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Said {
        run(self.command().args(arguments), b"")
    }

    /// Starts the service with these variables in its environment.
    pub fn spawn(self, variables: &[(&str, &str)]) -> Pop {
        let log = File::create(self.path("log")).unwrap();
        let mut command = self.command();
        command.envs(variables.iter().copied());
        command.args(["--verbose", "serve"]).stdin(Stdio::null()).stdout(Stdio::null());
        let server = command.stderr(log).spawn().unwrap();
        Pop { draft: self, server, port: 0 }
    }

    /// Starts the service and waits until it listens and has read the registry.
    pub fn serve(self) -> Pop {
        self.serve_with(&[])
    }

    /// The same with these variables in its environment.
    pub fn serve_with(self, variables: &[(&str, &str)]) -> Pop {
        let mut pop = self.spawn(variables);
        pop.wait_for_log("registry: ", 1);
        pop.note_port();
        pop
    }

    /// Starts the service and waits until it listens; the registry is being read.
    pub fn listen(self) -> Pop {
        let mut pop = self.spawn(&[]);
        pop.wait_for_log("listening on ", 1);
        pop.note_port();
        pop
    }
}

impl Pop {
    /// A running POP as [`Draft::new`] describes it.
    pub fn start() -> Option<Pop> {
        Draft::new().map(Draft::serve)
    }

    fn note_port(&mut self) {
        let log = self.log();
        let address = log.lines().find_map(|line| line.split_once(" listening on "));
        let port = address.and_then(|(_, it)| it.rsplit(':').next()).and_then(|it| it.parse().ok());
        self.port = port.unwrap_or_else(|| panic!("no port in the log:\n{log}"));
    }

    /// The client, about to log in as `user` with `keys/KEY`.
    pub fn ssh(&self, user: &str, key: &str) -> Ssh {
        Ssh::new(&self.directory, self.port, user, key)
    }

    /// ALICE runs a command.
    pub fn alice(&self, command: &str) -> Said {
        self.ssh("alice", "alice").run(command)
    }

    /// BOB runs a command.
    pub fn bob(&self, command: &str) -> Said {
        self.ssh("bob", "bob").run(command)
    }

    /// Everything that the service has logged so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("log")).unwrap()).into_owned()
    }

    /// Waits until the log has `count` lines with these words.
    pub fn wait_for_log(&mut self, words: &str, count: usize) {
        let enough = wait_for(|| {
            let ended = self.server.try_wait().unwrap();
            assert!(ended.is_none(), "the service ended ({ended:?}):\n{}", self.log());
            (self.log().lines().filter(|line| line.contains(words)).count() >= count).then_some(())
        });
        assert!(enough.is_some(), "never logged {words:?}:\n{}", self.log());
    }

    /// Sends a signal to the service.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.server), signal).unwrap();
    }

    /// Changes a key of the configuration and has the service read it.
    pub fn set_and_reload(&mut self, section: &str, key: &str, value: &str) {
        self.draft.set(section, key, value);
        self.signal(Signal::HUP);
    }

    /// Takes a section out of the configuration and has the service read it.
    pub fn unset_and_reload(&mut self, section: &str) {
        self.draft.config.remove(section);
        self.draft.write_config();
        self.signal(Signal::HUP);
    }

    /// The process that serves.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// How many descriptors the service holds.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.id())).unwrap().count()
    }

    /// The service still runs, and lets ALICE in.
    pub fn is_well(&mut self) {
        let ended = self.server.try_wait().unwrap();
        assert!(ended.is_none(), "the service ended ({ended:?}):\n{}", self.log());
        assert_eq!(self.alice("whoami").fine(), "ALICE-MNT, AS4242420001, AS4242420002\n");
    }

    /// Ends the service as systemd does, and gives the directory back.
    pub fn stop(mut self) -> Draft {
        self.signal(Signal::TERM);
        let status = wait_for(|| self.server.try_wait().unwrap());
        assert_eq!(status.and_then(|it| it.code()), Some(0), "{}", self.log());
        self.ended()
    }

    /// Ends the service as a power cut does, and gives the directory back.
    pub fn kill(mut self) -> Draft {
        let _ = self.server.kill();
        let _ = self.server.wait();
        self.ended()
    }

    fn ended(mut self) -> Draft {
        let empty = Draft { directory: PathBuf::new(), config: BTreeMap::new() };
        std::mem::replace(&mut self.draft, empty)
    }

    /// Waits until a file of the directory is there.
    pub fn wait_for_file(&self, part: &str) {
        wait_until(part, || self.path(part).exists());
    }
}

impl Deref for Pop {
    type Target = Draft;

    fn deref(&self) -> &Draft {
        &self.draft
    }
}

impl Drop for Pop {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        if std::thread::panicking() && self.path("log").exists() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(LOG_TAIL_LINES).collect();
            eprintln!("the end of {:?}:", self.path("log"));
            tail.iter().rev().for_each(|line| eprintln!("    {line}"));
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.directory.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

fn keygen(path: &Path, kind: &[&str]) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-N", "", "-C", "test", "-f"]).arg(path).args(kind);
    run(&mut command, b"").fine();
}
