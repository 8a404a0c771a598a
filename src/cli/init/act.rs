//! What init does to the machine: each act is data first, and is carried out here alone.

use super::program;
use crate::cli::bird_init;
use crate::daemon::{ConfigFile, Trouble, block_on, read_config};
use crate::model::WgSecret;
use crate::plan::naming::Naming;
use crate::plan::{FileKind, Owner};
use crate::sys::users::User;
use crate::sys::{directory, files, git, tree};
use rustix::fs::{Gid, Uid};
use std::fmt;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Nobody but its owner may read or write it.
pub(super) const SECRET_MODE: u32 = 0o600;

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ids {
    /// The user.
    pub(super) user: u32,
    /// The group.
    pub(super) group: u32,
}

/// One thing that init does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A new private key of WireGuard where there is none.
    Key { path: PathBuf, owner: Ids },
    /// A directory with its parents; one that is there stays as it is.
    Directory { path: PathBuf, owner: Ids, mode: u32 },
    /// A file where there is none.
    File { path: PathBuf, text: String, owner: Ids, mode: u32 },
    /// A file gets another name, at which nothing is.
    Move { from: PathBuf, to: PathBuf },
    /// A clone by git, as the service's user.
    Clone { source: String, directory: PathBuf, user: User },
    /// The user's git may read a repository that belongs to somebody else.
    Trust { repository: PathBuf, user: User },
    /// BIRD's files as `peerling bird-init` writes them.
    Bird { directory: PathBuf },
    /// The tables of route origins, as the service keeps them.
    Origins,
    /// A program with its arguments.
    Run(Vec<String>),
}

impl fmt::Display for Act {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::Key { path, .. } => write!(out, "key {}", path.display()),
            Act::Directory { path, .. } => write!(out, "directory {}", path.display()),
            Act::File { path, .. } => write!(out, "file {}", path.display()),
            Act::Move { from, to } => write!(out, "move {} {}", from.display(), to.display()),
            Act::Clone { source, directory, .. } => {
                write!(out, "clone {source} {}", directory.display())
            }
            Act::Trust { repository, .. } => write!(out, "trust {}", repository.display()),
            Act::Bird { directory } => write!(out, "bird-init {}", directory.display()),
            Act::Origins => write!(out, "route origins"),
            Act::Run(words) => write!(out, "{}", words.join(" ")),
        }
    }
}

/// Carries an act out.
///
/// # Errors
/// What failed, and with which file. What was done before stays.
pub(super) fn perform(act: &Act, file: &ConfigFile) -> Result<(), Trouble> {
    match act {
        Act::Key { path, owner } => {
            let secret = format!("{}\n", new_key().map_err(|error| at(path, &error))?.reveal());
            parents(path)?;
            create(path, &secret, *owner, SECRET_MODE)
        }
        Act::Directory { path, owner, mode } => make_directory(path, *owner, *mode),
        Act::File { path, text, owner, mode } => create(path, text, *owner, *mode),
        Act::Move { from, to } => move_aside(from, to),
        Act::Clone { source, directory, user } => {
            let cloned = block_on(async |_| git::clone(source, directory, user).await)?;
            cloned.map_err(|error| Trouble::new(format!("{source}: {error}")))
        }
        Act::Trust { repository, user } => {
            let trusted = block_on(async |_| git::let_read(repository, user).await)?;
            trusted.map_err(|error| at(repository, &error))
        }
        Act::Bird { directory } => bird_init::install(&read_config(file).map_err(one)?, directory),
        Act::Origins => origins(file),
        Act::Run(words) => program::run(words).map(drop).map_err(Trouble::new),
    }
}

fn at(path: &Path, error: &dyn fmt::Display) -> Trouble {
    Trouble::new(format!("{}: {error}", path.display()))
}

fn one(troubles: Vec<Trouble>) -> Trouble {
    let words: Vec<String> = troubles.iter().map(ToString::to_string).collect();
    Trouble::new(words.join("; "))
}

fn new_key() -> io::Result<WgSecret> {
    let mut bytes = [0; 32];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(WgSecret::new(bytes))
}

/// The directory of a key that nobody made yet is nobody else's.
fn parents(path: &Path) -> Result<(), Trouble> {
    let Some(parent) = path.parent().filter(|parent| !parent.exists()) else { return Ok(()) };
    DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|error| at(parent, &error))
}

fn make_directory(path: &Path, owner: Ids, mode: u32) -> Result<(), Trouble> {
    if path.is_dir() {
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(0o755).create(path);
    made.map_err(|error| at(path, &error))?;
    give(path, owner)?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| at(path, &error))
}

fn create(path: &Path, text: &str, owner: Ids, mode: u32) -> Result<(), Trouble> {
    // Nobody may read it before it is whose it shall be.
    directory::create(path, text.as_bytes(), SECRET_MODE)
        .map_err(|error| Trouble::new(error.to_string()))?;
    give(path, owner)?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| at(path, &error))?;
    sync(path)
}

fn give(path: &Path, owner: Ids) -> Result<(), Trouble> {
    let (user, group) = (Uid::from_raw(owner.user), Gid::from_raw(owner.group));
    rustix::fs::chown(path, Some(user), Some(group)).map_err(|error| at(path, &error))
}

/// That the file has its name is durable, too.
fn sync(path: &Path) -> Result<(), Trouble> {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::File::open(parent).and_then(|it| it.sync_all()).map_err(|error| at(parent, &error))
}

fn move_aside(from: &Path, to: &Path) -> Result<(), Trouble> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
        .map_err(|error| at(from, &format_args!("cannot become {}: {error}", to.display())))?;
    sync(to)
}

/// The tables are there before BIRD asks for them: without, it would refuse every route.
fn origins(file: &ConfigFile) -> Result<(), Trouble> {
    let config = read_config(file).map_err(one)?;
    let Some(directory) = &config.bird.include_directory else { return Ok(()) };
    let registry = &config.registry.directory;
    let read = block_on(async |_| tree::read_routes(registry).await)?;
    let Some((roa, _)) = read.map_err(|error| Trouble::new(error.to_string()))? else {
        return Err(at(registry, &"it has no routes"));
    };
    for (kind, text) in [(FileKind::RoaIpv4, roa.ipv4), (FileKind::RoaIpv6, roa.ipv6)] {
        let name = Naming::default().file(kind, Owner::Pop);
        files::write(directory, kind, &name, &text)
            .map_err(|error| Trouble::new(error.to_string()))?;
    }
    files::sync(directory).map_err(|error| Trouble::new(error.to_string()))
}
