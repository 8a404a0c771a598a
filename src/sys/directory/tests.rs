//! Files of ours and of others, on a disk.

use super::*;
use crate::testing::Place;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

const PLAIN: Put = Put { mode: 0o644, over: Over::PlainFile, durable: Durable::Later };

#[test]
fn files_are_written_when_they_differ_and_removed_by_name() {
    let place = Place::new("written");
    let directory = Directory::open(&place.0).unwrap().enter_or_make("a").unwrap();
    let inode = || fs::metadata(place.0.join("a/x")).unwrap().ino();
    directory.update("x", b"one", PLAIN).unwrap();
    let before = inode();
    directory.update("x", b"one", PLAIN).unwrap();
    assert_eq!(inode(), before);
    for longer_and_shorter in [&b"two and more"[..], b"two"] {
        directory.update("x", longer_and_shorter, PLAIN).unwrap();
        assert_eq!(fs::read(place.0.join("a/x")).unwrap(), longer_and_shorter);
    }
    let entries = directory.entries(1, |_| true).unwrap();
    assert_eq!(entries, BTreeMap::from([("x".into(), Entry::Plain)]), "no draft is left");
    directory.remove("x").unwrap();
    directory.remove("x").unwrap();
    assert_eq!(directory.read("x", 9).unwrap(), None);
}

/// Somebody pushes links into the repository: what they point at is neither written, nor read, nor
/// removed.
#[test]
fn links_lead_nowhere() {
    let place = Place::new("links");
    fs::create_dir(place.0.join("victim")).unwrap();
    fs::write(place.0.join("victim/x"), "theirs").unwrap();
    fs::create_dir(place.0.join("ours")).unwrap();
    symlink(place.0.join("victim"), place.0.join("ours/linked")).unwrap();
    symlink(place.0.join("victim/x"), place.0.join("ours/x")).unwrap();
    let ours = Directory::open(&place.0.join("ours")).unwrap();
    let error = ours.enter_or_make("linked").err().unwrap().to_string();
    assert!(error.ends_with("linked: not a directory, and links are not followed"), "{error}");
    assert_eq!(ours.read("x", 9).unwrap(), None);
    for error in [
        ours.update("x", b"ours", PLAIN).unwrap_err(),
        ours.put("x", b"ours", PLAIN).unwrap_err(),
        ours.remove("x").unwrap_err(),
        ours.set_mode("x", 0o600).unwrap_err(),
    ] {
        let error = error.to_string();
        assert!(error.ends_with("ours/x: not a plain file; it is left alone"), "{error}");
    }
    assert_eq!(ours.entries(9, |it| it == "x").unwrap()["x"], Entry::Other);
    assert_eq!(fs::read_to_string(place.0.join("victim/x")).unwrap(), "theirs");
    let through = Directory::open(&place.0.join("ours/linked"));
    assert!(through.is_ok(), "the operator's own link is followed");
}

#[test]
fn what_is_there_stays_and_what_a_crash_left_goes() {
    let place = Place::new("new-file");
    let path = place.0.join("file");
    fs::write(place.0.join(".file.new"), "half").unwrap();
    create(&path, b"whole", 0o600).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let error = create(&path, b"other", 0o644).unwrap_err();
    assert_eq!(error.fault, FileFault::System(Errno::EXIST));
    assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
    assert_eq!(fs::read_dir(&place.0).unwrap().count(), 1, "no draft is left");
}

#[test]
fn a_link_is_moved_in_one_step() {
    let place = Place::new("moved");
    let directory = Directory::open(&place.0).unwrap();
    symlink("half", place.0.join(".current.new")).unwrap();
    for target in ["one", "two"] {
        directory.put_link("current", target).unwrap();
        assert_eq!(fs::read_link(place.0.join("current")).unwrap(), Path::new(target));
    }
    assert_eq!(fs::read_dir(&place.0).unwrap().count(), 1, "no draft is left");
}

/// Else the service could not write, the next time, what an operator made for it.
#[test]
fn what_root_makes_is_the_directorys_owners() {
    if !users::is_root() {
        return crate::testing::skipped("what_root_makes_is_the_directorys_owners", "not root");
    }
    let place = Place::new("owner");
    std::os::unix::fs::chown(&place.0, Some(12_345), Some(12_346)).unwrap();
    let inner = Directory::open(&place.0).unwrap().enter_or_make("a").unwrap();
    inner.put("x", b"one", PLAIN).unwrap();
    create(&place.0.join("y"), b"one", 0o600).unwrap();
    for name in ["a", "a/x", "y"] {
        let status = fs::metadata(place.0.join(name)).unwrap();
        assert_eq!((status.uid(), status.gid()), (12_345, 12_346), "{name}");
    }
}

#[test]
fn errors_name_the_file() {
    let missing = Directory::open(Path::new("/nonexistent-directory")).err().unwrap();
    assert!(missing.is_absence());
    assert!(missing.to_string().starts_with("/nonexistent-directory: "), "{missing}");
    let place = Place::new("large");
    fs::write(place.0.join("large"), "12345").unwrap();
    let directory = Directory::open(&place.0).unwrap();
    assert_eq!(directory.read("large", 5).unwrap().as_deref(), Some(&b"12345"[..]));
    let error = directory.read("large", 4).unwrap_err().to_string();
    assert!(error.ends_with("large: more than 4 bytes"), "{error}");
    let error = directory.entries(0, |_| false).err().unwrap();
    assert_eq!(error.fault, FileFault::Entries(0));
}
