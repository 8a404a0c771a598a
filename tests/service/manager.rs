//! The service manager is told what it has to know: systemd's sd_notify(3), with a socket of ours.

use crate::pop::Draft;
use crate::run::wait_until;
use rustix::process::Signal;
use std::cell::RefCell;
use std::os::unix::net::UnixDatagram;

/// How often a sign of life is due, in microseconds; what is told comes twice as often.
const WATCHDOG_US: &str = "200000";

/// What a service manager hears.
struct Ears {
    socket: UnixDatagram,
    heard: RefCell<Vec<String>>,
}

impl Ears {
    fn at(path: &std::path::Path) -> Ears {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Ears { socket, heard: RefCell::default() }
    }

    /// Waits until this was said `count` times in all.
    fn hear(&self, word: &str, count: usize) {
        wait_until(word, || {
            let mut letter = [0; 512];
            let mut heard = self.heard.borrow_mut();
            while let Ok(length) = self.socket.recv(&mut letter) {
                heard.extend(String::from_utf8_lossy(&letter[..length]).lines().map(str::to_owned));
            }
            heard.iter().filter(|it| *it == word).count() >= count
        });
    }
}

#[test]
fn the_service_manager_hears_of_start_reload_life_and_end() {
    let Some(draft) = Draft::new() else { return };
    // A socket's name has at most 107 bytes: the directory of the tests may be deep.
    let directory = std::env::temp_dir().join(format!("peerling-notify-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("notify");
    let ears = Ears::at(&path);
    let socket = path.to_str().unwrap();
    let pop = draft.serve_with(&[("NOTIFY_SOCKET", socket), ("WATCHDOG_USEC", WATCHDOG_US)]);
    ears.hear("READY=1", 1);
    assert_eq!(pop.alice("whoami").status, Some(0), "ready means that members can log in");
    ears.hear("WATCHDOG=1", 3);
    pop.signal(Signal::HUP);
    ears.hear("RELOADING=1", 1);
    ears.hear("READY=1", 2);
    pop.stop();
    ears.hear("STOPPING=1", 1);
    std::fs::remove_dir_all(&directory).unwrap();
}
