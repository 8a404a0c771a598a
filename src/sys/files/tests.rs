//! Our files, on a disk.

use super::*;
use crate::limits::REGISTRY_ROA_LINES_MAX;
use crate::model::Asn;
use crate::testing::Place;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

fn called(kind: FileKind, owner: Owner) -> String {
    Naming::default().file(kind, owner)
}

fn observe(directory: &Path, kind: FileKind) -> Result<Found, FileError> {
    Memory::default().observe(directory, kind, &Naming::default())
}

pub fn peering(number: u32) -> Owner {
    Owner::Peering(Asn::new(number).unwrap())
}

#[test]
fn what_was_written_is_found_and_nothing_else() {
    let place = Place::new("found");
    for name in ["ebgp_manual_as1", "ibgp_X", ".ebgp_as1", "ebgp_as1~", "wg-as1.conf.bak"] {
        fs::write(place.0.join(name), "manual").unwrap();
    }
    write(&place.0, FileKind::Bird, &called(FileKind::Bird, peering(7)), "one").unwrap();
    write(&place.0, FileKind::Bird, &called(FileKind::Bird, peering(7)), "two").unwrap();
    write(&place.0, FileKind::WireGuard, &called(FileKind::WireGuard, peering(7)), "secret")
        .unwrap();
    let found = observe(&place.0, FileKind::Bird).unwrap();
    let ours = BTreeMap::from([(peering(7), "two".into())]);
    assert_eq!((found.ours, found.foreign), (ours, vec![]));
    assert!(found.changed.unwrap().elapsed().unwrap_or_default().as_secs() < 60);
    let mode = |name| fs::metadata(place.0.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("ebgp_as7"), mode("wg-as7.conf")), (0o644, 0o600));
    remove(&place.0, &called(FileKind::Bird, peering(7))).unwrap();
    remove(&place.0, &called(FileKind::Bird, peering(7))).unwrap();
    assert_eq!(observe(&place.0, FileKind::Bird).unwrap().ours, BTreeMap::new());
    assert_eq!(fs::read_dir(&place.0).unwrap().count(), 6, "no draft is left");
}

#[test]
fn a_set_holds_what_was_written_into_it_last() {
    let place = Place::new("set");
    for text in ["one", "two"] {
        write_new(&place.0, FileKind::Bird, &called(FileKind::Bird, peering(7)), text).unwrap();
        write_new(&place.0, FileKind::WireGuard, &called(FileKind::WireGuard, peering(8)), text)
            .unwrap();
        settle(&place.0).unwrap();
    }
    let birds = observe(&place.0, FileKind::Bird).unwrap().ours;
    assert_eq!(birds, BTreeMap::from([(peering(7), "two".into())]));
    let mode = |name| fs::metadata(place.0.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("ebgp_as7"), mode("wg-as8.conf")), (0o644, 0o600));
    assert_eq!(fs::read_dir(&place.0).unwrap().count(), 2, "no draft is left");
    assert!(settle(&place.0.join("absent")).is_err());
}

#[test]
fn what_only_bears_our_name_is_left_alone() {
    let place = Place::new("foreign");
    fs::write(place.0.join("target"), "theirs").unwrap();
    symlink("target", place.0.join("ebgp_as1")).unwrap();
    fs::create_dir(place.0.join("ebgp_as2")).unwrap();
    let found = observe(&place.0, FileKind::Bird).unwrap();
    assert_eq!((found.ours.len(), found.foreign.len(), found.changed), (0, 2, None));
    for number in [1, 2] {
        assert!(
            write(&place.0, FileKind::Bird, &called(FileKind::Bird, peering(number)), "x").is_err()
        );
        assert!(remove(&place.0, &called(FileKind::Bird, peering(number))).is_err());
    }
    assert_eq!(fs::read_to_string(place.0.join("target")).unwrap(), "theirs");
}

#[test]
fn a_draft_that_a_crash_left_is_discarded() {
    let place = Place::new("draft");
    fs::write(place.0.join(".wg-as7.conf.new"), "half").unwrap();
    fs::write(place.0.join(".wg-as8.conf.new"), "another's").unwrap();
    discard(&place.0, &called(FileKind::WireGuard, peering(7))).unwrap();
    discard(&place.0, &called(FileKind::WireGuard, peering(7))).unwrap();
    assert!(!place.0.join(".wg-as7.conf.new").exists());
    assert!(place.0.join(".wg-as8.conf.new").exists());
}

#[test]
fn errors_name_the_file() {
    let missing = Path::new("/nonexistent-directory");
    assert_eq!(observe(missing, FileKind::Bird).unwrap().ours.len(), 0);
    let error = write(missing, FileKind::Bird, &called(FileKind::Bird, peering(1)), "x")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("/nonexistent-directory: "), "{error}");
}

/// The texts of all files, and how many of them the memory will know again.
fn look(memory: &mut Memory, place: &Place) -> (Vec<String>, usize) {
    let found = memory.observe(&place.0, FileKind::Bird, &Naming::default()).unwrap().ours;
    let known = memory.seen.get(&FileKind::Bird).map_or(0, BTreeMap::len);
    (found.values().map(|it| it.to_string()).collect(), known)
}

/// As if the file had been read long after its last change.
fn trust(memory: &mut Memory, place: &Place) {
    let seen = memory.seen.entry(FileKind::Bird).or_default();
    for (owner, text) in memory_of(place) {
        let status = rustix::fs::lstat(place.0.join(called(FileKind::Bird, owner))).unwrap();
        seen.insert(owner, Seen { stamp: Stamp::of(&status), text });
    }
}

fn memory_of(place: &Place) -> BTreeMap<Owner, Rc<str>> {
    Memory::default().observe(&place.0, FileKind::Bird, &Naming::default()).unwrap().ours
}

/// The registry's tables are the largest files that we keep; one that was read cut short would
/// be written anew in every pass.
#[test]
fn a_table_of_route_origins_is_read_whole() {
    let place = Place::new("whole");
    let line = "route fd42:4242:4242::/48 max 64 as 4242424242;\n";
    let text = line.repeat(REGISTRY_ROA_LINES_MAX);
    write(&place.0, FileKind::RoaIpv6, &called(FileKind::RoaIpv6, Owner::Pop), &text).unwrap();
    let found =
        Memory::default().observe(&place.0, FileKind::RoaIpv6, &Naming::default()).unwrap().ours;
    assert!(found.get(&Owner::Pop).is_some_and(|it| **it == *text));
}

#[test]
fn a_file_that_just_changed_is_read_again() {
    let place = Place::new("racy");
    fs::write(place.0.join("ebgp_as7"), "one").unwrap();
    let mut memory = Memory::default();
    assert_eq!(look(&mut memory, &place), (vec!["one".to_string()], 0));
}

#[test]
fn what_is_known_is_not_opened_and_every_change_is_seen() {
    let place = Place::new("memory");
    let (file, other) = (place.0.join("ebgp_as7"), place.0.join("other"));
    fs::write(&file, "one").unwrap();
    let mut memory = Memory::default();
    trust(&mut memory, &place);
    // The memory is believed: this is not what the file holds.
    let seen = memory.seen.get_mut(&FileKind::Bird).unwrap();
    seen.get_mut(&peering(7)).unwrap().text = "kept".into();
    assert_eq!(look(&mut memory, &place), (vec!["kept".to_string()], 1));
    let changes: [(&str, &dyn Fn()); 4] = [
        ("two", &|| fs::write(&file, "two").unwrap()),
        ("six", &|| {
            // Another file of the same size takes its place, with its times set back.
            fs::write(&other, "six").unwrap();
            let old = Timespec { tv_sec: 1_000, tv_nsec: 0 };
            let times = Timestamps { last_access: old, last_modification: old };
            utimensat(CWD, &other, &times, AtFlags::empty()).unwrap();
            fs::rename(&other, &file).unwrap();
        }),
        ("longer", &|| fs::write(&file, "longer").unwrap()),
        ("short", &|| fs::write(&file, "short").unwrap()),
    ];
    for (text, change) in changes {
        trust(&mut memory, &place);
        // Beyond the kernel's tick: 10 ms at most.
        std::thread::sleep(Duration::from_millis(20));
        change();
        assert_eq!(look(&mut memory, &place), (vec![text.to_string()], 0));
    }
    trust(&mut memory, &place);
    fs::remove_file(&file).unwrap();
    symlink("other", &file).unwrap();
    let found = memory.observe(&place.0, FileKind::Bird, &Naming::default()).unwrap();
    assert_eq!((found.ours.len(), found.foreign.len()), (0, 1));
    fs::remove_file(&file).unwrap();
    assert_eq!(look(&mut memory, &place), (vec![], 0));
}

#[test]
fn only_an_old_change_is_trusted() {
    let stamp = |second| Stamp { device: 1, inode: 1, bytes: 1, changed: (second, 0), mode: 0 };
    assert!(stamp(100 - FILE_SETTLED.as_secs() as i64).is_settled(100));
    assert!(!stamp(101 - FILE_SETTLED.as_secs() as i64).is_settled(100));
    assert!(!stamp(i64::MAX).is_settled(100));
}
