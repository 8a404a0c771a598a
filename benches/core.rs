//! What the parts take without any network: the registry, a pass over the peerings, the database,
//! an answer, and `genconfig`. Nothing is asserted about time; `cargo bench --bench core` prints
//! it.

// A bench may fail by a panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/machine.rs"]
mod machine;
#[path = "support/peers.rs"]
mod peers;
#[path = "support/pop.rs"]
mod pop;
#[allow(dead_code)] // The other bench looks at more of a program.
#[path = "support/process.rs"]
mod process;
#[path = "../tests/support/registry.rs"]
mod registry_support;
#[path = "../tests/support/scratch.rs"]
mod scratch;
#[path = "support/timing.rs"]
mod timing;

use peerling::answer::{
    BgpLife, Life, LifeView, ListedPeer, OurSide, PeerList, PeerView, PeeringState, RouteCounts,
    Sign, Signs,
};
use peerling::command::{Only, Scope};
use peerling::limits::BIRD_CONFIGURE_PAUSE;
use peerling::model::{Asn, BgpState, Families, Timestamp};
use peerling::peering::{Peering, Site};
use peerling::plan;
use peerling::registry::{Builder, Index};
use peerling::shell::{Event, Output, Session, Start};
use peerling::store::Store;
use peerling::sys::tree;
use peerling::text::Screen;
use scratch::Scratch;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use timing::{Kilobytes, Shown as _, Times, heading, line, times, told};

const MNTNERS: usize = 2_500;
const AUT_NUMS: usize = 3_000;
const ROUTES: usize = 2_400;
const ROUTES6: usize = 2_000;
const PEERS: u16 = 1_000;

/// What can be asked for by name: `cargo bench --bench core -- loop`.
const PARTS: [(&str, fn()); 6] = [
    ("registry", registry),
    ("pass", pass),
    ("loop", whole_pass),
    ("database", database),
    ("answer", answer),
    ("genconfig", genconfig),
];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|it| it == name);
    PARTS.iter().filter(|(name, _)| is_asked(name)).for_each(|(_, part)| part());
}

fn registry() {
    heading("registry of 2,500 maintainers and 3,000 AS numbers");
    let scratch = Scratch::new("bench-registry");
    registry_support::generate(&scratch.0, MNTNERS, AUT_NUMS, 1);
    let objects = [objects(&scratch.0, "mntner"), objects(&scratch.0, "aut-num")];
    told("objects in memory to index", &times(20, || index(&objects)), None);
    let read = || smol::block_on(tree::read(&scratch.0)).unwrap();
    told("files (in the page cache) to index", &times(20, read), None);
    told("has it changed?", &times(20, || smol::block_on(tree::stamp(&scratch.0))), None);
    registry_support::generate_routes(&scratch.0, ROUTES, ROUTES6, 1);
    let routes = || smol::block_on(tree::read_routes(&scratch.0)).unwrap();
    told("files of 4,400 routes to tables", &times(20, routes), None);
    let routes = || smol::block_on(tree::stamp_routes(&scratch.0));
    told("have they changed?", &times(20, routes), None);
    let bytes: usize = objects.iter().flatten().map(|(_, bytes)| bytes.len()).sum();
    let kilobytes = |bytes: usize| Kilobytes(bytes as f64 / 1024.0).shown();
    line("memory of the index", &kilobytes(index(&objects).bytes()), "");
    line("memory of the objects", &kilobytes(bytes), "");
}

/// Every file of one kind with its name.
fn objects(directory: &Path, kind: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(directory.join("data").join(kind)).unwrap();
    let paths = entries.map(|it| it.unwrap()).filter(|it| it.file_type().unwrap().is_file());
    let named = |it: fs::DirEntry| (it.file_name().into_string().unwrap(), fs::read(it.path()));
    paths.map(named).map(|(name, bytes)| (name, bytes.unwrap())).collect()
}

fn index([mntners, aut_nums]: &[Vec<(String, Vec<u8>)>; 2]) -> Index {
    let mut builder = Builder::new();
    mntners.iter().for_each(|(name, bytes)| builder.mntner(name, bytes));
    aut_nums.iter().for_each(|(name, bytes)| builder.aut_num(name, bytes));
    builder.finish().0
}

fn pass() {
    for count in [100, 1_000, 4_000] {
        heading(&format!("pass over {count} peerings, without reading and doing"));
        let peerings = peers::peerings(count);
        told("render both files of each", &times(20, || machine::wanted(&peerings)), None);
        let wanted = machine::wanted(&peerings);
        let there = machine::actual(&wanted);
        assert_eq!(plan::diff(&wanted, &there), [], "everything wanted is there");
        told("difference: nothing to do", &times(20, || plan::diff(&wanted, &there)), None);
        let mut changed = peerings.clone();
        changed[usize::from(count / 2)].endpoint = None;
        let changed = machine::wanted(&changed);
        told("difference: one file changed", &times(20, || plan::diff(&changed, &there)), None);
        let nothing = plan::Actual::default();
        told("difference: everything is new", &times(5, || plan::diff(&wanted, &nothing)), None);
    }
}

/// Reading included; then one change among all, from the command to BIRD's answer.
fn whole_pass() {
    heading("whole pass over 1,000 peerings: database, files, BIRD");
    let scratch = Scratch::new("bench-pass");
    let peerings = peers::peerings(PEERS + 1);
    let (last, rest) = peerings.split_last().unwrap();
    peers::database(&scratch.0.join("peering.db"), rest);
    let bird = pop::bird(&scratch);
    let mut running = pop::Loop::new(&scratch.0, bird.as_ref().map(|it| it.1.clone()));
    let idle = running.quiet_passes();
    told("nothing to do, processor time", &idle, Some(Duration::from_millis(10)));
    let Some((_guard, socket)) = &bird else {
        return line("one change, without BIRD's own time", "", "no bird on PATH");
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for turn in 0..6 {
        // The loop configures BIRD every two seconds at most; that pause is not measured.
        std::thread::sleep(BIRD_CONFIGURE_PAUSE + Duration::from_millis(100));
        let begin = std::time::Instant::now();
        match turn % 2 {
            0 => drop(running.store.borrow_mut().create(last, u16::MAX, &pop::actor()).unwrap()),
            _ => drop(running.store.borrow_mut().remove(last, &pop::actor()).unwrap()),
        }
        running.pass();
        ours.push(begin.elapsed());
        theirs.push(pop::configured(socket));
    }
    let (whole, alone) = (Times::of(ours), Times::of(theirs));
    told("BIRD alone: check and configure", &alone, None);
    let aim = alone.median() + Duration::from_millis(100);
    told("one change: from the command to BIRD's answer", &whole, Some(aim));
}

fn database() {
    heading("database with 1,000 peerings");
    let scratch = Scratch::new("bench-store");
    let path = scratch.0.join("peering.db");
    let peerings = peers::peerings(PEERS + 1);
    let (last, rest) = peerings.split_last().unwrap();
    peers::database(&path, rest);
    told("open", &times(20, || Store::open(&path).unwrap()), None);
    let mut store = Store::open(&path).unwrap();
    told("read all", &times(20, || store.rows().unwrap()), None);
    let rows = store.rows().unwrap();
    let read = || rows.iter().filter(|row| Peering::read(row).is_ok()).count();
    told("rows to peerings", &times(20, read), None);
    let actor = pop::actor();
    let pair = || {
        store.create(last, u16::MAX, &actor).unwrap();
        store.remove(last, &actor).unwrap()
    };
    told("create and remove one, both durable", &times(50, pair), None);
}

fn answer() {
    heading("answer to peer_list with 1,000 peerings");
    let site = peers::site();
    let views: Vec<ListedPeer> =
        peers::peerings(PEERS).iter().map(|it| listed(it, &site)).collect();

    let window = Some(Screen::window("xterm-256color", 120));
    for (what, command, window) in [
        ("table at a terminal", "peer_list", window),
        ("table through a pipe", "peer_list", None),
        ("JSON", "peer_list --json", None),
    ] {
        let run = || session(command, window, site.asn, &views);
        assert!(run().out.len() > 50 * usize::from(PEERS), "{what}: the peerings are in it");
        told(what, &times(20, run), None);
    }
}

/// A line is read and answered.
fn session(command: &str, window: Option<Screen>, asn: Asn, peers: &[ListedPeer]) -> Output {
    let mut output = Output::default();
    let mut session = Session::new(Start::Exec(command.into()), window, asn);
    session.begin(&mut output);
    while let Some(event) = session.next(&mut output) {
        match event {
            Event::Run(_) => {
                let (scope, only) = (Scope::Mine, Only::Any);
                let answer = PeerList { peers: peers.to_vec(), scope, only, now: NOW };
                session.answered(Ok(Box::new(answer)), &mut output)
            }
            Event::Follow(_) => session.followed(),
            Event::Pause(_) | Event::Close(_) => break,
        }
    }
    output
}

/// When the list is made.
const NOW: Timestamp = Timestamp(1_769_860_800);

fn listed(peering: &Peering, site: &Site) -> ListedPeer {
    let bgp = BgpLife {
        state: Some(BgpState::Established),
        since: Some(Timestamp(NOW.0 - 86_400)),
        routes: Some(RouteCounts { imported: 12, exported: 2_501 }),
    };
    let life = LifeView {
        life: Life::Up,
        signs: Signs { tunnel: Sign::Up, bgp: Sign::Up },
        handshake: Some(Duration::from_secs(17)),
        link_since: None,
        bgp,
        rtt_us: Some(4_123),
        maintainer: "ALICE-MNT".parse().ok(),
    };
    ListedPeer { peer: view(peering, site), life }
}

fn view(peering: &Peering, site: &Site) -> PeerView {
    PeerView {
        asn: peering.asn,
        id: peering.id.get(),
        state: PeeringState::Applied,
        wg_pub_key: peering.key,
        wg_endpoint_addr: peering.endpoint.as_ref().map(|it| it.host.to_string()),
        wg_endpoint_port: peering.endpoint.as_ref().map(|it| it.port),
        link_local: site.remote(peering),
        mtu: None,
        psk: false,
        families: Families::Both,
        generated_psk: None,
        our: OurSide {
            wg_pub_key: site.key,
            wg_endpoint_addr: site.name.clone(),
            wg_endpoint_port: site.port(peering),
            link_local: site.local(peering),
        },
        error: None,
        notes: Vec::new(),
    }
}

fn genconfig() {
    heading("peerling genconfig with 1,000 peerings");
    let scratch = Scratch::new("bench-genconfig");
    let at = |name: &str| scratch.0.join(name).display().to_string();
    peers::database(Path::new(&at("peering.db")), &peers::peerings(PEERS));
    let run = || {
        let status = Command::new(env!("CARGO_BIN_EXE_peerling"))
            .args(["--config", "/dev/null", "genconfig"])
            .env_clear()
            .envs([
                ("PEERLING_POP_ASN", "4242420263".into()),
                ("PEERLING_POP_NAME", "pop.example.net".into()),
                ("PEERLING_WIREGUARD_PRIVATE_KEY", peers::secret().reveal()),
                ("PEERLING_STORE_PATH", at("peering.db")),
                ("PEERLING_BIRD_DIRECTORY", at("bird")),
                ("PEERLING_GENCONFIG_BIRD_DIRECTORY", at("staging-bird")),
                ("PEERLING_GENCONFIG_WIREGUARD_DIRECTORY", at("staging-wireguard")),
            ])
            .status();
        assert!(status.unwrap().success(), "genconfig failed");
    };
    told("the whole program", &times(20, run), Some(Duration::from_millis(20)));
    let mut set = 0;
    let files = || {
        set += 1;
        let directory = scratch.0.join(set.to_string());
        fs::create_dir(&directory).unwrap();
        (0..2 * PEERS)
            .for_each(|it| fs::write(directory.join(it.to_string()), [b'x'; 700]).unwrap());
    };
    told("the file system alone: 2,000 new files", &times(20, files), None);
}
