//! OpenSSH's client with nothing of the user's own: no configuration, no agent, no known hosts, one
//! key.

use super::pty::Pty;
use super::run::{Said, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A call of the client.
pub struct Ssh {
    directory: PathBuf,
    port: u16,
    user: String,
    keys: Vec<String>,
    arguments: Vec<String>,
    input: Vec<u8>,
}

impl Ssh {
    /// About to log in as `user` with `keys/KEY` of this directory.
    pub fn new(directory: &Path, port: u16, user: &str, key: &str) -> Ssh {
        Ssh {
            directory: directory.to_owned(),
            port,
            user: user.to_owned(),
            keys: vec![key.to_owned()],
            arguments: Vec::new(),
            input: Vec::new(),
        }
    }

    /// One more option, as after `-o`. The first that sets something wins, so these win over the
    /// usual.
    pub fn option(mut self, option: &str) -> Ssh {
        self.arguments.extend(["-o".to_owned(), option.to_owned()]);
        self
    }

    /// One more argument before the host.
    pub fn argument(mut self, argument: &str) -> Ssh {
        self.arguments.push(argument.to_owned());
        self
    }

    /// One more key, tried after the others.
    pub fn key(mut self, key: &str) -> Ssh {
        self.keys.push(key.to_owned());
        self
    }

    /// What the client gets on standard input.
    pub fn input(mut self, input: impl AsRef<[u8]>) -> Ssh {
        self.input = input.as_ref().to_vec();
        self
    }

    /// Runs one command.
    pub fn run(self, command: &str) -> Said {
        run(self.command().arg("--").arg(command), &self.input)
    }

    /// A shell without a terminal: the input is a script.
    pub fn script(self, script: impl AsRef<[u8]>) -> Said {
        let this = self.argument("-T").input(script);
        run(&mut this.command(), &this.input)
    }

    /// A shell at a terminal of this many columns.
    pub fn shell(self, columns: u16) -> Pty {
        Pty::spawn(&self.argument("-t").command(), columns)
    }

    /// The client, with everything but the command.
    pub fn command(&self) -> Command {
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-p", &self.port.to_string()]).args(&self.arguments);
        for key in &self.keys {
            command.arg("-i").arg(self.directory.join("keys").join(key));
        }
        let known = format!("UserKnownHostsFile={}", self.directory.join("known_hosts").display());
        for option in [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=yes",
            "UpdateHostKeys=no",
            "GlobalKnownHostsFile=/dev/null",
            &known,
        ] {
            command.args(["-o", option]);
        }
        command.arg(format!("{}@::1", self.user));
        command.env("LC_ALL", "C.UTF-8").env_remove("SSH_AUTH_SOCK");
        command
    }
}
