//! The socket itself: where it is, who may have it, and what is left of a dead service's.

use crate::limits::SOCKET_PATH_BYTES_MAX;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Its name, in the directory of the database.
pub const SOCKET_NAME: &str = "peerling.sock";

/// The socket of a service that runs. It goes with its owner.
#[derive(Debug)]
pub struct LocalSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Locked as long as it is open; the kernel unlocks it when the service dies.
    _directory: OwnedFd,
}

/// Why there is no socket.
#[derive(Debug)]
pub enum SocketError {
    /// Another service runs over the same directory.
    Served(PathBuf, Option<i32>),
    /// Something else has the socket's name.
    NoSocket(PathBuf),
    /// The system does not let us.
    Io(PathBuf, io::Error),
}

impl fmt::Display for SocketError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketError::Served(directory, process) => {
                let process =
                    process.map_or(String::new(), |number| format!(" (process {number})"));
                let directory = directory.display();
                write!(
                    out,
                    "another peerling{process} serves the database in {directory}; stop it first"
                )
            }
            SocketError::NoSocket(path) => {
                write!(out, "{}: this is no socket; move it away", path.display())
            }
            SocketError::Io(path, error) => write!(out, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for SocketError {}

impl LocalSocket {
    /// Makes the socket beside this database. What a dead service left is replaced.
    pub fn bind(database: &Path) -> Result<LocalSocket, SocketError> {
        let directory = directory_of(database);
        let path = directory.join(SOCKET_NAME);
        let held = open_directory(directory).map_err(|error| failed(&path, error.into()))?;
        let is_served = match flock(&held, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => false,
            Err(Errno::WOULDBLOCK) => true,
            // Some file systems have no locks; whoever listens is alive there too.
            Err(_) => owner(directory).is_some(),
        };
        if is_served {
            return Err(SocketError::Served(directory.to_path_buf(), owner(directory)));
        }
        clear(&path)?;
        let listener =
            UnixListener::bind(address(&held, &path)).map_err(|error| failed(&path, error))?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))
            .map_err(|error| failed(&path, error))?;
        Ok(LocalSocket { listener, path, _directory: held })
    }

    /// What connections are taken from.
    pub fn listener(&self) -> io::Result<UnixListener> {
        self.listener.try_clone()
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        // One that stays is replaced by the next service.
        let _ = fs::remove_file(&self.path);
    }
}

/// Connects to the service over this database; `None`: none runs.
pub fn connect(database: &Path, timeout: Duration) -> io::Result<Option<UnixStream>> {
    connect_in(directory_of(database), timeout)
}

fn connect_in(directory: &Path, timeout: Duration) -> io::Result<Option<UnixStream>> {
    let held = match open_directory(directory) {
        Ok(held) => held,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let address = SocketAddrUnix::new(address(&held, &directory.join(SOCKET_NAME)))?;
    let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
    let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    // A hung service takes no connection once its queue is full: this bounds connect(2) too.
    for way in [sockopt::Timeout::Send, sockopt::Timeout::Recv] {
        sockopt::set_socket_timeout(&socket, way, Some(timeout))?;
    }
    match rustix::net::connect(&socket, &address) {
        Ok(()) => Ok(Some(UnixStream::from(socket))),
        Err(Errno::NOENT | Errno::CONNREFUSED) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where the socket beside a database is.
pub fn path_beside(database: &Path) -> PathBuf {
    directory_of(database).join(SOCKET_NAME)
}

fn failed(path: &Path, error: io::Error) -> SocketError {
    SocketError::Io(path.to_path_buf(), error)
}

fn directory_of(database: &Path) -> &Path {
    match database.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("."),
    }
}

fn open_directory(directory: &Path) -> Result<OwnedFd, Errno> {
    open(directory, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// The path, or one that names the same and fits an address of a socket.
fn address(directory: &OwnedFd, path: &Path) -> PathBuf {
    if path.as_os_str().as_bytes().len() <= SOCKET_PATH_BYTES_MAX {
        return path.to_path_buf();
    }
    Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(SOCKET_NAME)
}

/// Removes the socket of a dead service, and nothing else.
fn clear(path: &Path) -> Result<(), SocketError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NoSocket(path.to_path_buf()));
        }
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.map_err(|error| SocketError::Io(path.to_path_buf(), error))
}

/// The process that serves there, where it takes a connection at once.
fn owner(directory: &Path) -> Option<i32> {
    let stream = connect_in(directory, Duration::from_secs(1)).ok()??;
    sockopt::socket_peercred(&stream).ok().map(|peer| peer.pid.as_raw_nonzero().get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;
    use std::os::unix::fs::MetadataExt as _;

    const SECOND: Duration = Duration::from_secs(1);

    fn database(place: &Place) -> PathBuf {
        place.0.join("peering.db")
    }

    #[test]
    fn one_service_has_it_and_only_its_user() {
        let place = Place::new("local-one");
        let database = database(&place);
        assert!(connect(&database, SECOND).unwrap().is_none(), "nobody is there");
        let first = LocalSocket::bind(&database).unwrap();
        assert_eq!(fs::metadata(path_beside(&database)).unwrap().mode() & 0o777, 0o600);
        assert!(connect(&database, SECOND).unwrap().is_some());
        let second = LocalSocket::bind(&database).unwrap_err().to_string();
        let process = format!("(process {})", std::process::id());
        assert!(second.contains(&process) && second.contains("stop it first"), "{second}");
        drop(first);
        assert!(!path_beside(&database).exists());
        LocalSocket::bind(&database).unwrap();
    }

    #[test]
    fn what_a_dead_service_left_is_replaced_and_nothing_else() {
        let place = Place::new("local-dead");
        let database = database(&place);
        drop(UnixListener::bind(path_beside(&database)).unwrap());
        assert!(path_beside(&database).exists());
        assert!(connect(&database, SECOND).unwrap().is_none(), "it is dead");
        drop(LocalSocket::bind(&database).unwrap());
        fs::write(path_beside(&database), "the operator's").unwrap();
        let refused = LocalSocket::bind(&database).unwrap_err().to_string();
        assert!(refused.contains("this is no socket"), "{refused}");
        assert_eq!(fs::read_to_string(path_beside(&database)).unwrap(), "the operator's");
    }

    #[test]
    fn a_path_may_be_longer_than_an_address() {
        let place = Place::new("local-long");
        let deep = place.0.join("d".repeat(200));
        fs::create_dir(&deep).unwrap();
        let database = deep.join("peering.db");
        let _socket = LocalSocket::bind(&database).unwrap();
        assert!(path_beside(&database).exists());
        assert!(connect(&database, SECOND).unwrap().is_some());
    }
}
