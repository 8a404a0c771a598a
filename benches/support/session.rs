//! A client that sits at a prompt.

use crate::process::{Guard, until};
use crate::server::Server;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

/// A client at a prompt.
pub struct Session(pub Guard);

impl Session {
    pub fn open(server: &Server) -> Session {
        let mut ssh = server.ssh(&["-tt"], &[]);
        let child = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut session = Session(Guard(child));
        session.read_to(b"AS4242420263> ");
        session
    }

    /// Reads up to these bytes; ends with the client at the latest.
    pub fn read_to(&mut self, mark: &[u8]) -> usize {
        let (mut all, mut chunk) = (Vec::new(), [0; 8192]);
        while !all.windows(mark.len()).any(|it| it == mark) {
            let count = self.0.0.stdout.as_mut().unwrap().read(&mut chunk).unwrap();
            assert!(count > 0, "ended early: {}", String::from_utf8_lossy(&all));
            all.extend_from_slice(&chunk[..count]);
        }
        all.len()
    }

    pub fn type_in(&mut self, text: &str) {
        self.0.0.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub fn close(mut self) {
        self.type_in("bye\n");
        let child = &mut self.0.0;
        until("the client's end", || child.try_wait().unwrap().is_some());
    }
}
