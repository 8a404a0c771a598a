//! The apply loop over real directories and a real database, with a real BIRD where there is one.

use crate::peers;
use crate::process::Guard;
use crate::scratch::Scratch;
use crate::timing::Times;
use peerling::apply::{Apply, ApplySettings, Reached};
use peerling::board::{Bell, Board, Cause, Progress};
use peerling::limits::FILE_SETTLED;
use peerling::model::{Families, SysctlChoice, Timestamp};
use peerling::peering::policy::Policy;
use peerling::plan::PopSettings;
use peerling::plan::form::{Form, REFERENCE};
use peerling::runtime::block_on;
use peerling::store::{Actor, Store};
use peerling::sys::dns::Resolver;
use peerling::sys::wireguard::Backend;
use rustix::time::{ClockId, clock_gettime};
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What our files build on, as in an operator's bird.conf. Its AS number is none of the members'.
const BIRD_CONF: &str = "router id 172.20.0.1;
define BANDWIDTH = 24;
define LINKTYPE = 34;
protocol device { }
function dn42_import_filter(int a; int b; int c) { return true; }
function dn42_import_filter_v6(int a; int b; int c) { return true; }
function dn42_export_filter(int a; int b; int c) { return true; }
function dn42_export_filter_v6(int a; int b; int c) { return true; }
template bgp dnpeers {
    local as 4242429263;
    ipv4 { import limit 9000 action block; import table; };
    ipv6 { import limit 9000 action block; import table; };
}
";

/// A loop with what it works on.
pub struct Loop {
    /// The database.
    pub store: Rc<RefCell<Store>>,
    board: Rc<Board>,
    apply: Apply,
}

impl Loop {
    /// Over a directory that holds `peering.db`; with this socket of BIRD's, or with files alone.
    pub fn new(directory: &Path, bird_socket: Option<PathBuf>) -> Loop {
        let store = Rc::new(RefCell::new(Store::open(&directory.join("peering.db")).unwrap()));
        let pop = PopSettings {
            form: Rc::new(Form::parse(REFERENCE).unwrap()),
            naming: Rc::default(),
            site: peers::site(),
            private_key: peers::secret(),
            backend: Backend::Files,
            template: "dnpeers".into(),
            inventory: None,
            addresses: Default::default(),
            include_directory: None,
            sysctls: SysctlChoice::Check,
        };
        let settings = ApplySettings {
            pop: Rc::new(pop),
            patience: Rc::default(),
            wireguard_directory: made(directory, "wireguard"),
            bird_directory: made(directory, "bird"),
            bird_socket,
            policy: Policy {
                families: Families::Both,
                reserved: Vec::new(),
                allowed: Vec::new(),
                own: Vec::new(),
            },
            interval: Duration::from_secs(300),
            watch_interval: Duration::from_secs(30),
        };
        let (bell, board) = (Rc::new(Bell::default()), Rc::new(Board::default()));
        let settings = Rc::new(RefCell::new(Rc::new(settings)));
        let resolver = Rc::new(Resolver::from_text(""));
        let apply = Apply::new(store.clone(), bell, board.clone(), resolver, settings);
        Loop { store, board, apply }
    }

    /// One pass; everything wanted is there afterwards.
    pub fn pass(&mut self) {
        let causes = [Cause::Other("bench")];
        let reached = block_on(async |_| self.apply.pass(&causes).await).unwrap();
        let entries = self.board.entries();
        let failed = entries.values().find(|it| it.progress != Progress::Applied);
        assert!(reached == Reached::All, "{:?}; {failed:?}", self.board.trouble());
    }
}

impl Loop {
    /// Processor time of passes with nothing to do, after the first one has done everything.
    pub fn quiet_passes(&mut self) -> Times {
        self.pass();
        // Files that were just written are read again; it is the usual pass that is measured.
        std::thread::sleep(FILE_SETTLED + Duration::from_secs(1));
        self.pass();
        let one = |_| {
            let begin = cpu();
            self.pass();
            cpu() - begin
        };
        Times::of((0..20).map(one).collect())
    }
}

/// BIRD over the files of a loop in this directory; `None`: it is not installed.
pub fn bird(scratch: &Scratch) -> Option<(Guard, PathBuf)> {
    let (conf, socket) = (scratch.0.join("bird.conf"), scratch.0.join("bird.ctl"));
    let include = format!("include \"{}/*\";\n", made(&scratch.0, "bird").display());
    fs::write(&conf, format!("{BIRD_CONF}{include}")).unwrap();
    let mut command = Command::new("bird");
    command.arg("-f").arg("-c").arg(&conf).arg("-s").arg(&socket);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let guard = Guard(child);
    crate::process::until("BIRD", || socket.exists());
    Some((guard, socket))
}

/// How long BIRD itself takes to look at its files and to take them.
pub fn configured(socket: &Path) -> Duration {
    let work = async |_| {
        let patience = Duration::from_secs(10);
        let mut bird = peerling::sys::bird::connect(socket, patience).await.unwrap();
        let begin = Instant::now();
        bird.check().await.unwrap();
        bird.configure().await.unwrap();
        begin.elapsed()
    };
    block_on(work).unwrap()
}

/// Whoever changes the database.
pub fn actor() -> Actor {
    Actor {
        name: "EXAMPLE-MNT".into(),
        key: "SHA256:x".into(),
        source: "::1".into(),
        now: Timestamp(0),
    }
}

/// Processor time of this thread so far. `/proc` would tell it as it was at the last tick.
pub fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn made(directory: &Path, name: &str) -> PathBuf {
    let path = directory.join(name);
    fs::create_dir_all(&path).unwrap();
    path
}
