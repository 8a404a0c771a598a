//! Users: who they are, whose a file is, and going on as another one.
//!
//! Names and numbers are those of `/etc/passwd` and `/etc/group` (passwd(5), group(5)). A static
//! binary has no name service switch, and a service's user stands in these files.

use rustix::fs::{Access, AtFlags, CWD, accessat, fchown};
use rustix::fs::{Gid, Uid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_keep_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
/// The user who may do anything.
pub const ROOT: u32 = 0;
/// What the service may do beside what its user may: make links, addresses and routes.
const KEPT: CapabilitySet = CapabilitySet::NET_ADMIN;

/// A user of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The login name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The group of the entry.
    pub gid: u32,
    /// The home directory.
    pub home: String,
}

/// Who runs this.
pub fn current() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub fn is_root() -> bool {
    current() == ROOT
}

/// The user with this number, if there is one.
pub fn by_uid(uid: u32) -> Option<User> {
    users(&read(PASSWD)).into_iter().find(|user| user.uid == uid)
}

/// The user with this name, if there is one.
pub fn by_name(name: &str) -> Option<User> {
    users(&read(PASSWD)).into_iter().find(|user| user.name == name)
}

/// The name of a user, or the number where there is none.
pub fn name(uid: u32) -> String {
    by_uid(uid).map_or_else(|| uid.to_string(), |user| user.name)
}

/// The name of a group, or the number where there is none.
pub fn group_name(gid: u32) -> String {
    let number = gid.to_string();
    for entry in read(GROUP).lines().map(fields) {
        if let [name, _, gid, ..] = entry.as_slice()
            && *gid == number
        {
            return name.to_string();
        }
    }
    number
}

/// The number of a group, if there is one of this name.
pub fn group_id(name: &str) -> Option<u32> {
    let text = read(GROUP);
    let entry = text.lines().map(fields).find(|entry| entry.first() == Some(&name))?;
    entry.get(2)?.parse().ok()
}

/// The groups of a user: that of the entry, and those that name them.
pub fn groups_of(user: &User) -> Vec<u32> {
    let mut groups = vec![user.gid];
    groups.extend(groups_naming(&read(GROUP), &user.name));
    groups.dedup();
    groups
}

/// Gives a file that root made to whom its directory belongs, so that the service can write it.
/// Whoever else makes one keeps it.
pub fn give_to_owner_of(directory: &Path, file: &File) -> io::Result<()> {
    if is_root() {
        give_like(file, &fs::metadata(directory)?)?;
    }
    Ok(())
}

/// Gives a file to whom another one belongs. Root alone can do so.
pub fn give_like(file: &File, like: &Metadata) -> io::Result<()> {
    give(file, like.uid(), like.gid())
}

/// Gives a file or directory to a user and a group. Root alone can do so.
pub fn give(file: impl AsFd, uid: u32, gid: u32) -> io::Result<()> {
    Ok(fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?)
}

/// May others than its owner read or write it?
pub fn is_open_to_others(status: &Metadata) -> bool {
    status.mode() & 0o077 != 0
}

/// May whoever runs this do so with a path, as the kernel judges it?
pub fn may(path: &Path, access: Access) -> bool {
    accessat(CWD, path, access, AtFlags::EACCESS).is_ok()
}

/// Becomes a user with their groups. Of the capabilities, those of the service stay.
///
/// The system calls change one thread, and a thread that is made later begins with what the one
/// that makes it has. So this comes before there is a second one.
///
/// # Errors
/// Where the system refuses, or there is more than one thread.
pub fn become_user(user: &User) -> io::Result<()> {
    if fs::read_dir("/proc/self/task")?.count() > 1 {
        return Err(io::Error::other("more than one thread runs"));
    }
    let mut groups = Vec::new();
    for group in groups_of(user) {
        groups.push(Gid::from_raw(group));
    }
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    set_keep_capabilities(true)?;
    set_thread_groups(&groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    set_keep_capabilities(false)?;
    let kept = capabilities(None)?.permitted & KEPT;
    let inheritable = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable })?;
    Ok(())
}

/// A file that cannot be read names nobody.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn fields(line: &str) -> Vec<&str> {
    line.split(':').collect()
}

fn groups_naming(text: &str, name: &str) -> Vec<u32> {
    let mut groups = Vec::new();
    for entry in text.lines().map(fields) {
        if let [_, _, gid, members, ..] = entry.as_slice()
            && members.split(',').any(|member| member == name)
            && let Ok(gid) = gid.parse()
        {
            groups.push(gid);
        }
    }
    groups
}

fn users(text: &str) -> Vec<User> {
    let mut users = Vec::new();
    for entry in text.lines().map(fields) {
        if let [name, _, uid, gid, _, home, ..] = entry.as_slice()
            && let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse())
        {
            users.push(User { name: name.to_string(), uid, gid, home: home.to_string() });
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;
    use rustix::fs::chown;

    #[test]
    fn entries_are_read_and_others_passed_over() {
        let text =
            "root:x:0:0:root:/root:/bin/sh\n+::::::\npeerling:x:998:997::/:/bin/false\nodd\n";
        let names: Vec<_> = users(text).iter().map(|user| (user.uid, user.gid)).collect();
        assert_eq!(names, [(0, 0), (998, 997)]);
    }

    #[test]
    fn a_user_is_in_the_groups_that_name_them() {
        let text = "root:x:0:\nbird:x:110:alice,peerling\nother:x:111:peerlings\nodd\n";
        assert_eq!(groups_naming(text, "peerling"), [110]);
    }

    #[test]
    fn who_has_no_name_has_a_number() {
        assert_eq!(name(ROOT), "root");
        assert_eq!(name(4_000_000_001), "4000000001");
        assert_eq!(group_name(4_000_000_001), "4000000001");
        assert_eq!((group_id("root"), group_id("no-such-group")), (Some(ROOT), None));
    }

    #[test]
    fn what_root_makes_is_the_directorys_owners() {
        if !is_root() {
            return crate::testing::skipped("what_root_makes_is_the_directorys_owners", "not root");
        }
        let place = Place::new("owner");
        chown(&place.0, Some(Uid::from_raw(12_345)), Some(Gid::from_raw(12_346))).unwrap();
        let path = place.0.join("file");
        let file = File::create(&path).unwrap();
        give_to_owner_of(&place.0, &file).unwrap();
        let status = fs::metadata(&path).unwrap();
        assert_eq!((status.uid(), status.gid()), (12_345, 12_346));
    }
}
