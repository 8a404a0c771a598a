//! The registry of `fixtures/registry`: what the index says of it, and what it leaves out, is in
//! `expected.txt` beside it. `BLESS=1` writes that file anew; the review is reading the difference.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // A test may fail by a panic.

#[path = "support/scratch.rs"]
mod scratch;
#[path = "support/registry.rs"]
mod support;
#[path = "../src/testing.rs"]
mod testing;

use peerling::limits::{REGISTRY_FILES_MAX, REGISTRY_OBJECT_BYTES_MAX};
use peerling::model::Asn;
use peerling::plan::naming::Naming;
use peerling::plan::{FileKind, Owner};
use peerling::registry::{Finding, Index, Maintainer, Roa};
use peerling::sys::tree::{busy, read, read_routes, stamp, stamp_routes};
use scratch::Scratch;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/registry")
}

fn load(directory: &Path) -> (Index, Vec<Finding>) {
    smol::block_on(read(directory)).unwrap()
}

fn describe(index: &Index, findings: &[Finding]) -> String {
    let mut text = format!("{:?}\n", index.counts());
    for login in (fs::read_dir(fixture().join("data/mntner")).unwrap())
        .filter_map(|it| it.unwrap().file_name().to_str().unwrap().parse().ok())
        .collect::<std::collections::BTreeSet<_>>()
    {
        let maintainer = index.maintainer(&login);
        maintainer.into_iter().for_each(|it| describe_maintainer(&mut text, index, it));
    }
    text.push('\n');
    for finding in findings {
        writeln!(text, "{finding}").unwrap();
    }
    text
}

fn describe_maintainer(text: &mut String, index: &Index, it: Maintainer<'_>) {
    let pgp = if it.has_pgp() { ", PGP" } else { "" };
    writeln!(text, "\n{}: {} unusable{pgp}", it.name(), it.unusable().len()).unwrap();
    for asn in it.asns() {
        let owners: Vec<_> = index.owners(*asn).collect();
        writeln!(text, "    {asn} of {owners:?}").unwrap();
    }
    for key in it.keys() {
        let holders: Vec<_> = index.by_key(&key.fingerprint).map(|it| it.name()).collect();
        writeln!(text, "    {} {} of {holders:?}", key.algorithm, key.fingerprint).unwrap();
    }
}

/// For whoever needs one and is no test: `PEERLING_REGISTRY` names where it is to be.
#[test]
fn one_is_written_where_it_is_asked_for() {
    if let Some(directory) = std::env::var_os("PEERLING_REGISTRY") {
        support::generate(Path::new(&directory), 2_500, 3_000, 1);
    }
}

#[test]
fn the_fixture_reads_as_expected() {
    let (index, findings) = load(&fixture());
    let found = describe(&index, &findings);
    let golden = fixture().join("expected.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap();
    assert_eq!(found, expected, "BLESS=1 writes it anew");
}

#[test]
fn a_registry_of_real_size_reads_and_is_bounded() {
    let scratch = Scratch::new("registry-size");
    support::generate(&scratch.0, 2_800, 3_000, 1);
    support::add_member(
        &scratch.0,
        "example",
        &["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEHWaXQ4EhFCkFuCOUUANkmMUDW6dVugtFP6lKm0k7X9"
            .into()],
        &[4_242_429_998, 4_242_429_999],
    );
    let (index, _) = load(&scratch.0);
    let counts = index.counts();
    assert!(counts.maintainers >= 2_800 && counts.aut_nums >= 3_000, "{counts:?}");
    assert!((850..1_250).contains(&counts.keys), "{counts:?}");
    assert!(index.bytes() < 600_000, "{} bytes", index.bytes());
    let example = index.maintainer(&"example-mnt".parse().unwrap()).unwrap();
    assert_eq!(
        example.asns().iter().map(|it| it.get()).collect::<Vec<_>>(),
        [4_242_429_998, 4_242_429_999]
    );
    assert_eq!(index.by_key(&example.keys()[0].fingerprint).count(), 1);
    assert_eq!(index.owners(Asn::new(4_242_429_999).unwrap()).count(), 1);
}

#[test]
fn the_generator_is_deterministic() {
    let (one, other) = (Scratch::new("registry-one"), Scratch::new("registry-other"));
    support::generate(&one.0, 60, 70, 7);
    support::generate(&other.0, 60, 70, 7);
    let content = |scratch: &Scratch, kind: &str| {
        let directory = scratch.0.join("data").join(kind);
        let files = fs::read_dir(directory).unwrap().map(|it| it.unwrap().path());
        let mut all: Vec<_> =
            files.map(|it| (it.file_name().unwrap().to_owned(), fs::read(it).unwrap())).collect();
        all.sort();
        all
    };
    for kind in ["mntner", "aut-num"] {
        assert_eq!(content(&one, kind), content(&other, kind));
    }
}

#[test]
fn what_is_no_registry_is_an_error_in_words() {
    let scratch = Scratch::new("registry-none");
    let fails = |what: &str| {
        let error = smol::block_on(read(&scratch.0)).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    fs::remove_dir(&scratch.0).unwrap();
    fails("No such file");
    fs::create_dir_all(scratch.0.join("data")).unwrap();
    fails("data/mntner: No such file");
    fs::create_dir(scratch.0.join("data/mntner")).unwrap();
    fails("data/aut-num: No such file");
    std::os::unix::fs::symlink("mntner", scratch.0.join("data/aut-num")).unwrap();
    fails("data/aut-num: ");
    fs::remove_file(scratch.0.join("data/aut-num")).unwrap();
    fs::write(scratch.0.join("data/aut-num"), "").unwrap();
    fails("data/aut-num: not a directory");
}

#[test]
fn a_directory_without_end_is_refused() {
    let scratch = Scratch::new("registry-many");
    fs::create_dir_all(scratch.0.join("data/aut-num")).unwrap();
    let mntner = scratch.0.join("data/mntner");
    fs::create_dir_all(&mntner).unwrap();
    for number in 0..=REGISTRY_FILES_MAX {
        fs::File::create(mntner.join(number.to_string())).unwrap();
    }
    let error = smol::block_on(read(&scratch.0)).unwrap_err().to_string();
    assert!(error.contains("more than 20000 entries"), "{error}");
}

/// Whatever stands in the place of a file, nothing is followed, nothing waits, and it is told.
#[test]
fn only_regular_files_of_bounded_size_are_read() {
    let scratch = Scratch::new("registry-special");
    support::generate(&scratch.0, 1, 1, 1);
    let at = |name: &str| scratch.0.join("data/mntner").join(name);
    let object = "mntner: EXAMPLE-MNT\nmnt-by: EXAMPLE-MNT\n";
    fs::write(at("EXAMPLE-MNT"), object).unwrap();
    fs::write(at("EXAMPLE-HUGE-MNT"), vec![b'a'; 3 << 20]).unwrap();
    fs::create_dir(at("EXAMPLE-FOLDER-MNT")).unwrap();
    std::os::unix::fs::symlink("EXAMPLE-MNT", at("EXAMPLE-LINK-MNT")).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let pipe = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, at("EXAMPLE-PIPE-MNT"), pipe, mode, 0).unwrap();
    let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff-MNT");
    fs::write(scratch.0.join("data/mntner").join(odd), object).unwrap();
    let (index, findings) = load(&scratch.0);
    assert!(index.maintainer(&"EXAMPLE-MNT".parse().unwrap()).is_some());
    let told: Vec<String> = findings.iter().map(Finding::to_string).collect();
    for expected in [
        "mntner/EXAMPLE-HUGE-MNT: larger than 65536 bytes",
        "mntner/EXAMPLE-FOLDER-MNT: not a regular file",
        "mntner/EXAMPLE-LINK-MNT: a symbolic link",
        "mntner/EXAMPLE-PIPE-MNT: not a regular file",
        "mntner/\u{fffd}-MNT: the file name is not UTF-8",
    ] {
        assert!(told.iter().any(|it| it == expected), "{expected}\n{told:#?}");
    }
}

#[test]
fn a_stamp_changes_with_the_files_and_with_nothing_else() {
    let scratch = Scratch::new("registry-stamp");
    let now = || smol::block_on(stamp(&scratch.0));
    let missing = now();
    support::generate(&scratch.0, 20, 20, 1);
    let mut last = now();
    assert_ne!(last, missing);
    assert_eq!(now(), last);
    let mntner = scratch.0.join("data/mntner");
    fs::create_dir(scratch.0.join("data/person")).unwrap();
    fs::write(scratch.0.join("data/person/X"), "").unwrap();
    assert_eq!(now(), last, "other objects do not matter");
    let changes: [&dyn Fn(); 4] = [
        &|| fs::write(mntner.join("NEW-MNT"), "mntner: NEW-MNT").unwrap(),
        &|| fs::write(mntner.join("NEW-MNT"), "mntner: OLD-MNT").unwrap(),
        &|| fs::rename(mntner.join("NEW-MNT"), mntner.join("NEWER-MNT")).unwrap(),
        &|| fs::remove_file(mntner.join("NEWER-MNT")).unwrap(),
    ];
    for (number, change) in changes.iter().enumerate() {
        // Two writes within a tick of the file system's clock look alike; let it move on.
        while !tick_passed(&scratch.0) {}
        change();
        assert_ne!(now(), last, "change {number}");
        last = now();
    }
}

/// Whether the file system's clock moves between two writes.
fn tick_passed(directory: &Path) -> bool {
    let modified = |name: &str| {
        fs::write(directory.join(name), "").unwrap();
        fs::metadata(directory.join(name)).unwrap().modified().unwrap()
    };
    let first = modified("tick");
    (0..100_000).any(|_| modified("tick") != first)
}

/// The names of the tables, IPv4 first.
fn tables() -> [String; 2] {
    [FileKind::RoaIpv4, FileKind::RoaIpv6].map(|kind| Naming::default().file(kind, Owner::Pop))
}

fn routes(directory: &Path) -> (Roa, Vec<Finding>) {
    smol::block_on(read_routes(directory)).unwrap().expect("there are routes")
}

/// A registry with conflicts, and whatever else people write: the tables and what was left out are
/// beside it.
#[test]
fn the_tables_of_route_origins_are_as_expected() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/roa");
    let (roa, findings) = routes(&fixtures.join("registry"));
    let told: String = findings.iter().map(|it| format!("{it}\n")).collect();
    for (name, text) in tables().into_iter().zip([&roa.ipv4, &roa.ipv6]) {
        testing::golden(&fixtures.join(name).display().to_string(), text);
    }
    testing::golden(&fixtures.join("findings.txt").display().to_string(), &told);
    bird_reads("the_tables_of_route_origins_are_as_expected", &roa);
}

/// The configuration around the tables is that of the dn42 wiki.
fn bird_reads(test: &str, roa: &Roa) {
    let scratch = Scratch::new(test);
    let mut text = "router id 192.0.2.1;\nprotocol device {}\n".to_string();
    for ((name, table), family) in tables().into_iter().zip([&roa.ipv4, &roa.ipv6]).zip(["4", "6"])
    {
        let path = scratch.0.join(name);
        fs::write(&path, table).unwrap();
        let path = path.display();
        writeln!(
            text,
            "roa{family} table t{family};\nprotocol static {{ roa{family} {{ table t{family}; }};\n\
             include \"{path}\";\n}}"
        )
        .unwrap();
    }
    let path = scratch.0.join("bird.conf");
    fs::write(&path, text).unwrap();
    let run = |bird| Command::new(bird).arg("-p").arg("-c").arg(&path).output();
    match run("bird").or_else(|_| run("/usr/sbin/bird")) {
        Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr)),
        Err(error) => testing::skipped(test, &error.to_string()),
    }
}

#[test]
fn the_routes_of_a_registry_of_real_size_are_read() {
    let scratch = Scratch::new("registry-routes");
    support::generate_routes(&scratch.0, 2_400, 2_000, 1);
    let (roa, findings) = routes(&scratch.0);
    let [ipv4, ipv6] = roa.counts();
    assert!(ipv4 >= 2_400 && ipv6 >= 2_000, "{ipv4} {ipv6}");
    assert_eq!(findings.len(), 1, "one line counts what the filter denies: {findings:?}");
    assert!(roa.ipv4.len() + roa.ipv6.len() < 300_000);
    assert_eq!(roa, routes(&scratch.0).0);
    bird_reads("the_routes_of_a_registry_of_real_size_are_read", &roa);
}

#[test]
fn a_registry_without_routes_is_one_without_tables() {
    assert_eq!(smol::block_on(read_routes(&fixture())), Ok(None));
    let scratch = Scratch::new("registry-no-routes");
    let data = scratch.0.join("data");
    let fails = |what: &str| {
        let error = smol::block_on(read_routes(&scratch.0)).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    fails("data: No such file");
    fs::create_dir_all(data.join("route")).unwrap();
    fails("data/filter.txt: cannot be read: entity not found");
    fs::write(data.join("filter.txt"), "").unwrap();
    std::os::unix::fs::symlink("filter.txt", data.join("filter6.txt")).unwrap();
    fails("data/filter6.txt: a symbolic link");
    fs::remove_file(data.join("filter6.txt")).unwrap();
    fs::write(data.join("filter6.txt"), "#".repeat(REGISTRY_OBJECT_BYTES_MAX + 1)).unwrap();
    fails("data/filter6.txt has more than 65536 bytes");
    fs::write(data.join("filter6.txt"), "").unwrap();
    fails("data/route6: No such file");
    fs::create_dir_all(data.join("route6")).unwrap();
    assert_eq!(routes(&scratch.0).0.counts(), [0, 0]);
}

#[test]
fn the_stamp_of_the_routes_is_another_one() {
    let scratch = Scratch::new("registry-stamp-routes");
    let now = || {
        while !tick_passed(&scratch.0) {}
        smol::block_on(async { (stamp(&scratch.0).await, stamp_routes(&scratch.0).await) })
    };
    support::generate(&scratch.0, 5, 5, 1);
    support::generate_routes(&scratch.0, 5, 5, 1);
    let mut last = now();
    let data = scratch.0.join("data");
    for name in ["filter.txt", "filter6.txt", "route/new", "route6/new"] {
        fs::write(data.join(name), "").unwrap();
        let new = now();
        assert!(new.0 == last.0 && new.1 != last.1, "{name}");
        last = new;
    }
    fs::write(data.join("mntner/NEW-MNT"), "").unwrap();
    assert!(now().0 != last.0 && now().1 == last.1);
}

#[test]
fn git_at_work_is_seen_but_not_for_ever() {
    let scratch = Scratch::new("registry-busy");
    let (git, lock) = (scratch.0.join(".git"), scratch.0.join(".git/index.lock"));
    assert!(!busy(&scratch.0));
    fs::create_dir(&git).unwrap();
    assert!(!busy(&scratch.0));
    let file = fs::File::create(&lock).unwrap();
    assert!(busy(&scratch.0));
    let hour = std::time::Duration::from_secs(3600);
    file.set_modified(std::time::SystemTime::now() - hour).unwrap();
    assert!(!busy(&scratch.0), "an old lock was left behind");
    file.set_modified(std::time::SystemTime::now() + hour).unwrap();
    assert!(!busy(&scratch.0), "it is of before the clock was set back, and would hold for long");
    file.set_modified(std::time::SystemTime::now() + hour / 60).unwrap();
    assert!(busy(&scratch.0), "the clock was set back a little");
    fs::rename(&git, scratch.0.join("elsewhere")).unwrap();
    fs::write(&git, "gitdir: elsewhere\n").unwrap();
    assert!(busy(&scratch.0), "a worktree");
}
