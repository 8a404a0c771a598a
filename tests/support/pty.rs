//! A program at a terminal: what a person would type goes in, what they would see is waited for.

use super::run::{PATIENCE, wait_for, wrapped};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

/// A program at a terminal; ended when dropped.
pub struct Pty {
    child: Child,
    master: File,
    screen: Arc<Screen>,
    /// How much of the screen was looked at.
    read: usize,
}

/// Everything that was shown, and whether there will be more.
#[derive(Default)]
struct Screen {
    shown: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Pty {
    /// Starts `command` at a terminal of this many columns. `setsid` makes it the one that controls
    /// the program, so that the kernel tells it of a new window size.
    pub fn spawn(command: &Command, columns: u16) -> Pty {
        Pty::spawn_as("xterm-256color", command, columns)
    }

    /// The same at a terminal that calls itself `term`.
    pub fn spawn_as(term: &str, command: &Command, columns: u16) -> Pty {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        resize(&master, columns);
        let slave = || Stdio::from(ioctl_tiocgptpeer(&master, flags).unwrap());
        let mut wrapped = wrapped(&["setsid", "--ctty", "--"], command);
        wrapped.env("TERM", term).env("LC_ALL", "C.UTF-8").env_remove("SSH_AUTH_SOCK");
        let child = wrapped.stdin(slave()).stdout(slave()).stderr(slave()).spawn().unwrap();
        let (master, screen) = (File::from(master), Arc::new(Screen::default()));
        watch(master.try_clone().unwrap(), screen.clone());
        Pty { child, master, screen, read: 0 }
    }

    /// Types.
    pub fn send(&mut self, text: impl AsRef<[u8]>) {
        self.master.write_all(text.as_ref()).unwrap();
    }

    /// Waits until `text` is shown, after what was waited for before; gives back what came before
    /// it, `text` included.
    pub fn expect(&mut self, text: &str) -> String {
        let start = Instant::now();
        let mut shown = self.screen.shown.lock().unwrap();
        loop {
            let news = &shown.0[self.read..];
            if let Some(at) = find(news, text.as_bytes()) {
                let seen = String::from_utf8_lossy(&news[..at + text.len()]).into_owned();
                self.read += at + text.len();
                return seen;
            }
            let left = PATIENCE.saturating_sub(start.elapsed());
            if left.is_zero() || shown.1 {
                let all = String::from_utf8_lossy(&shown.0).into_owned();
                drop(shown);
                panic!("never shown: {text:?}; what was:\n{all}");
            }
            shown = self.screen.changed.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Types a line and waits until `text` is shown.
    pub fn say(&mut self, line: &str, text: &str) -> String {
        self.send(format!("{line}\r"));
        self.expect(text)
    }

    /// The window has another width now.
    pub fn resize(&mut self, columns: u16) {
        resize(&self.master, columns);
    }

    /// Waits for the end of the program: its exit status, and what was shown since.
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = wait_for(|| self.child.try_wait().unwrap());
        let shown = self.screen.shown.lock().unwrap();
        let (shown, _) =
            self.screen.changed.wait_timeout_while(shown, PATIENCE, |(_, ended)| !*ended).unwrap();
        let rest = String::from_utf8_lossy(&shown.0[self.read..]).into_owned();
        drop(shown);
        assert!(status.is_some(), "the program did not end; it showed {rest:?}");
        (status.and_then(|it| it.code()), rest)
    }

    /// Ends the program as if its machine had lost power: nothing more is sent.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Collects what is shown until the terminal is closed from the other side (`EIO`).
fn watch(mut master: File, screen: Arc<Screen>) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let count = master.read(&mut buffer).unwrap_or(0);
            let mut shown = screen.shown.lock().unwrap();
            shown.0.extend_from_slice(&buffer[..count]);
            shown.1 = count == 0;
            screen.changed.notify_all();
            if shown.1 {
                return;
            }
        }
    });
}

fn resize(master: impl rustix::fd::AsFd, columns: u16) {
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(master, size).unwrap();
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|it| it == part)
}
