//! Going on as another user, for good: so that what is looked at is seen with the rights of the
//! service, whoever looks.
//!
//! The system calls change one thread, and a thread that is made later begins with what the one
//! that makes it has. So this comes before there is a second one.

use super::users::{User, groups_of};
use rustix::fs::CWD;
use rustix::thread::{
    CapabilitySet, CapabilitySets, Gid, Uid, capabilities, set_capabilities, set_keep_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use std::io;

/// What the service may do beside what its user may: make links, addresses and routes.
const KEPT: CapabilitySet = CapabilitySet::NET_ADMIN;

/// Becomes a user with their groups. Of the capabilities, those of the service stay.
///
/// # Errors
/// Where the system refuses, or there is more than one thread.
pub fn become_user(user: &User) -> io::Result<()> {
    if std::fs::read_dir("/proc/self/task")?.count() > 1 {
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

/// May whoever runs this do so with a path, as the kernel judges it?
pub fn may(path: &std::path::Path, access: rustix::fs::Access) -> bool {
    rustix::fs::accessat(CWD, path, access, rustix::fs::AtFlags::EACCESS).is_ok()
}
