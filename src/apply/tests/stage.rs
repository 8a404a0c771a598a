//! What the tests of the loop stand on: a BIRD of their own, and a database with peerings.

use crate::apply::{Apply, ApplySettings, Reached};
use crate::board::{Bell, Board, Cause, Progress};
use crate::mesh::Inventory;
use crate::model::{Asn, Families, SysctlChoice, Timestamp, WgSecret};
use crate::peering::audit_log::Action;
use crate::peering::policy::Policy;
use crate::peering::tests::{peering, site};
use crate::peering::{Peering, Status};
use crate::plan::PopSettings;
use crate::plan::form::{Form, REFERENCE};
use crate::plan::naming::Naming;
use crate::plan::{FileKind, Owner};
use crate::store::{Actor, Store};
use crate::sys::dns::Resolver;
use crate::sys::wireguard::Backend;
use crate::testing::{Place, skipped};
use std::cell::RefCell;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What an operator's bird.conf has for our files to build on.
const MAIN: &str = r#"log stderr all;
router id 172.20.0.1;
protocol device { }
function is_valid_network() { return true; }
function is_valid_network_v6() { return true; }
function is_self_net() { return true; }
function is_self_net_v6() { return true; }
define BANDWIDTH = 24;
define LINKTYPE = 34;
function dn42_import_filter(int a; int b; int c) { return true; }
function dn42_import_filter_v6(int a; int b; int c) { return true; }
function dn42_export_filter(int a; int b; int c) { return true; }
function dn42_export_filter_v6(int a; int b; int c) { return true; }
template bgp dnpeers {
    local as 4242420263;
    ipv4 { import none; export none; };
    ipv6 { import none; export none; };
}
include "peers/*";
include "hid*/*";
"#;

/// How long BIRD may take for anything.
const PATIENT: Duration = Duration::from_secs(10);

/// A running BIRD with its directory, ended with this value.
pub struct Stage {
    pub place: Place,
    bird: Option<Child>,
}

/// A loop over one database.
pub struct Loop {
    pub apply: Apply,
    pub store: Rc<RefCell<Store>>,
    pub board: Rc<Board>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop_bird();
    }
}

pub fn asn(number: u32) -> Asn {
    Asn::new(number).unwrap()
}

pub fn actor() -> Actor {
    let (name, key, source) = ("ALICE-MNT".into(), "SHA256:x".into(), "::1".into());
    Actor { name, key, source, now: Timestamp(0) }
}

impl Stage {
    /// `None`, and a word about it, where there is no BIRD to start.
    pub fn new(name: &str) -> Option<Stage> {
        if Command::new("bird").arg("--version").output().is_err() {
            skipped(name, "no bird on PATH (package bird2)");
            return None;
        }
        let place = Place::new(name);
        for directory in ["peers", "hidden", "wireguard"] {
            fs::create_dir(place.0.join(directory)).unwrap();
        }
        let mut stage = Stage { place, bird: None };
        stage.write("bird.conf", MAIN);
        stage.start_bird();
        Some(stage)
    }

    pub fn start_bird(&mut self) {
        let mut child = Command::new("bird")
            .args(["-f", "-c"])
            .arg(self.path("bird.conf"))
            .arg("-s")
            .arg(self.path("bird.ctl"))
            .arg("-P")
            .arg(self.path("bird.pid"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(log.any(|line| line.contains("Started")), "bird ended at once");
        // Else its log would fill the pipe.
        std::thread::spawn(move || log.for_each(drop));
        self.bird = Some(child);
    }

    pub fn stop_bird(&mut self) {
        if let Some(mut child) = self.bird.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.0.join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Adds a line to bird.conf that BIRD refuses, or takes it out again.
    pub fn break_main(&self) {
        self.write("bird.conf", &format!("{MAIN}protocol nonsense;\n"));
    }

    pub fn mend_main(&self) {
        self.write("bird.conf", MAIN);
    }

    /// What `bird -p` says to all files; empty: it is content.
    pub fn complaint(&self) -> String {
        let run = Command::new("bird").arg("-p").arg("-c").arg(self.path("bird.conf")).output();
        String::from_utf8_lossy(&run.unwrap().stderr).into_owned()
    }

    /// What BIRD says to a command.
    pub fn birdc(&self, command: &str) -> String {
        let mut birdc = Command::new("birdc");
        birdc.arg("-s").arg(self.path("bird.ctl")).args(command.split(' '));
        String::from_utf8_lossy(&birdc.output().unwrap().stdout).into_owned()
    }

    /// Does BIRD run this peering's protocol? A moment is allowed for a session to be closed.
    pub fn runs(&self, number: u32) -> bool {
        let listed = self.birdc("show protocols");
        let name = Naming::default().peering_protocol(asn(number));
        let mut rows = listed.lines().map(|it| it.split_whitespace().collect::<Vec<_>>());
        rows.any(|row| row.first() == Some(&name.as_str()) && row.get(3) != Some(&"flush"))
    }

    pub fn has_file(&self, number: u32) -> bool {
        self.path("peers")
            .join(Naming::default().file(FileKind::Bird, Owner::Peering(asn(number))))
            .exists()
    }

    fn pop(&self, inventory: Option<Rc<Inventory>>) -> PopSettings {
        PopSettings {
            form: Rc::new(Form::parse(REFERENCE).unwrap()),
            naming: Rc::default(),
            site: site(),
            private_key: WgSecret::new([1; 32]),
            backend: Backend::Files,
            template: "dnpeers".into(),
            inventory,
            addresses: Default::default(),
            include_directory: None,
            sysctls: SysctlChoice::Check,
        }
    }

    fn settings(&self) -> ApplySettings {
        let families = Families::Both;
        ApplySettings {
            pop: Rc::new(self.pop(None)),
            patience: Rc::default(),
            wireguard_directory: self.path("wireguard"),
            bird_directory: self.path("peers"),
            bird_socket: Some(self.path("bird.ctl")),
            policy: Policy { families, reserved: vec![], allowed: vec![], own: vec![] },
            interval: Duration::ZERO,
            watch_interval: Duration::ZERO,
        }
    }

    /// A loop over the database of this name, as after a start of the service.
    pub fn start(&self, database: &str) -> Loop {
        self.start_with(database, self.settings())
    }

    /// The same on one of several POPs.
    pub fn start_in(&self, database: &str, inventory: Inventory) -> Loop {
        let pop = Rc::new(self.pop(Some(Rc::new(inventory))));
        self.start_with(database, ApplySettings { pop, ..self.settings() })
    }

    fn start_with(&self, database: &str, settings: ApplySettings) -> Loop {
        let store = Rc::new(RefCell::new(Store::open(&self.path(database)).unwrap()));
        let (bell, board) = (Rc::new(Bell::default()), Rc::new(Board::default()));
        let settings = Rc::new(RefCell::new(Rc::new(settings)));
        let resolver = Rc::new(Resolver::from_text(""));
        let mut apply = Apply::new(store.clone(), bell, board.clone(), resolver, settings);
        apply.bird.pause = Duration::ZERO;
        Loop { apply, store, board }
    }
}

impl Loop {
    /// One pass; `true`: everything wanted is there.
    pub fn pass(&mut self) -> bool {
        smol::block_on(self.apply.pass(&[Cause::Other("test")])) == Reached::All
    }

    /// The lines of a plan.
    pub fn plan(&mut self) -> Vec<String> {
        let dry_run = smol::block_on(self.apply.dry_run()).unwrap();
        dry_run.steps.iter().map(ToString::to_string).collect()
    }

    pub fn create(&self, number: u32) {
        let id = u16::try_from(number % 10_000).unwrap();
        self.store.borrow_mut().create(&peering(id, number, None), 65_000, &actor()).unwrap();
        self.expect(number);
    }

    pub fn remove(&self, number: u32) {
        let row = self.row(number);
        self.store.borrow_mut().remove(&row, &actor()).unwrap();
        self.expect(number);
    }

    pub fn switch(&self, number: u32, status: Status) {
        let before = self.row(number);
        let after = Peering { status, ..before.clone() };
        self.store.borrow_mut().replace(&before, &after, Action::Edit, &actor()).unwrap();
        self.expect(number);
    }

    fn row(&self, number: u32) -> Peering {
        let rows = self.store.borrow().rows().unwrap();
        let mut peerings = rows.iter().map(|row| Peering::read(row).unwrap().0);
        peerings.find(|it| it.asn == asn(number)).unwrap()
    }

    /// As a command does after it saved something.
    fn expect(&self, number: u32) {
        let generation = self.store.borrow().generation().unwrap();
        self.board.expect(asn(number), generation);
    }

    pub fn progress(&self, number: u32) -> Option<Progress> {
        self.board.entry(asn(number)).map(|it| it.progress)
    }

    /// Why a peering failed.
    pub fn failure(&self, number: u32) -> String {
        match self.progress(number) {
            Some(Progress::Failed(why)) => why,
            other => panic!("AS{number}: {other:?}"),
        }
    }

    pub fn is_applied(&self, number: u32) -> bool {
        self.progress(number) == Some(Progress::Applied)
    }

    /// Removals that are not forgotten.
    pub fn tombstones(&self) -> usize {
        self.store.borrow().tombstones().unwrap().len()
    }

    pub fn owes(&self) -> bool {
        self.store.borrow().owes_configure().unwrap()
    }
}

/// Waits until something is so.
pub fn await_that(words: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENT, "not in time: {words}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
