//! Users and groups by `/etc/passwd` and `/etc/group` (passwd(5), group(5)). A static binary has no
//! name service switch, and a service's user stands in these files.

use std::fs;
use std::path::Path;

/// Where users are.
const PASSWD: &str = "/etc/passwd";
/// Where groups are.
const GROUP: &str = "/etc/group";
/// The user who may do anything.
pub const ROOT: u32 = 0;

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

/// Is that root?
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
    let text = read(GROUP);
    let named =
        text.lines().map(fields).find(|entry| entry.get(2) == Some(&gid.to_string().as_str()));
    named.and_then(|entry| entry.first().map(|name| name.to_string())).unwrap_or(gid.to_string())
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

/// A file that cannot be read names nobody.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(path)).unwrap_or_default()
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
}
