//! The clone of the registry, which the service's user owns and pulls.

use super::act::{Act, Ids};
use super::program;
use super::step::Step;
use crate::daemon::Trouble;
use crate::sys::users::{self, User};
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The step's name.
pub(super) const NAME: &str = "registry";
/// Where dn42 keeps it.
pub(super) const USUAL: &str = "https://git.dn42.dev/dn42/registry.git";

/// Where the registry comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// git clones it over the network.
    Url(String),
    /// A repository on this machine, cloned and pulled from there: its root, what git opens in it,
    /// and who owns that.
    Repository { root: PathBuf, opened: PathBuf, owner: u32 },
    /// A directory that somebody else fills: it is read where it is.
    Tree(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Url(url) => out.write_str(url),
            Source::Repository { root: path, .. } | Source::Tree(path) => {
                write!(out, "{}", path.display())
            }
        }
    }
}

/// How the directory is that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, or an empty directory.
    Missing,
    /// A registry: who owns it, and what it is a clone of, if it is one.
    There { owner: u32, origin: Option<String> },
    /// Something else.
    Other,
}

/// What `--registry` names.
///
/// # Errors
/// A path at which no registry is.
pub(super) fn source(words: &str) -> Result<Source, Trouble> {
    let path = Path::new(words);
    let is_url = words.contains("://") || (words.contains(':') && !path.exists());
    if is_url {
        return Ok(Source::Url(words.to_string()));
    }
    let root = path.canonicalize().map_err(|error| wrong(words, &error))?;
    let git = root.join(".git");
    let opened = match (git.exists(), root.join("objects").is_dir()) {
        (true, _) => git,
        (false, true) => root.clone(),
        (false, false) if is_registry(&root) => return Ok(Source::Tree(root)),
        (false, false) => {
            return Err(wrong(
                words,
                &"neither a git repository nor a registry (it has no data/mntner)",
            ));
        }
    };
    let owner = opened.metadata().map_err(|error| wrong(words, &error))?.uid();
    Ok(Source::Repository { root, opened, owner })
}

fn wrong(words: &str, why: &dyn fmt::Display) -> Trouble {
    Trouble::new(format!("--registry {words}: {why}"))
}

/// Are there objects in it?
pub(super) fn is_registry(directory: &Path) -> bool {
    directory.join("data/mntner").is_dir()
}

/// Looks at the directory that the configuration names.
pub(super) fn look(directory: &Path) -> Found {
    if is_registry(directory) {
        let owner = fs::metadata(directory).map(|status| status.uid()).unwrap_or(users::ROOT);
        return Found::There { owner, origin: origin(directory) };
    }
    let is_empty = fs::read_dir(directory).map(|mut entries| entries.next().is_none());
    match (directory.symlink_metadata(), is_empty) {
        (Err(_), _) | (_, Ok(true)) => Found::Missing,
        _ => Found::Other,
    }
}

/// What git cloned it from, as its settings have it.
fn origin(directory: &Path) -> Option<String> {
    if !directory.join(".git").exists() {
        return None;
    }
    let safe = format!("safe.directory={}", directory.display());
    let directory = directory.to_str()?;
    let words = ["git", "-c", safe.as_str(), "-C", directory, "remote", "get-url", "origin"];
    Some(program::run(&words).map_or("unknown".to_string(), |url| url.trim().to_string()))
}

/// What is known besides.
pub(super) struct Case<'a> {
    /// Where the registry is to be.
    pub(super) directory: &'a Path,
    /// `registry.pull_interval_s`.
    pub(super) pull_interval_s: u32,
    /// Where it comes from.
    pub(super) source: &'a Source,
    /// The service's.
    pub(super) user: &'a User,
    /// Is there a git?
    pub(super) has_git: bool,
}

/// What has to be done.
pub(super) fn judge(found: &Found, case: &Case<'_>) -> Vec<Step> {
    let shown = case.directory.display();
    match found {
        Found::There { owner, origin } => there(*owner, origin.as_deref(), case),
        Found::Other => {
            let why = format!("{shown} is no registry: it has no data/mntner");
            vec![Step::yours(NAME, why, [format!("mv {shown} {shown}.old; peerling init")])]
        }
        Found::Missing => vec![missing(case)],
    }
}

fn there(owner: u32, origin: Option<&str>, case: &Case<'_>) -> Vec<Step> {
    let (shown, user) = (case.directory.display(), case.user);
    let Some(origin) = origin else {
        return vec![Step::there(
            NAME,
            format!("{shown}; no clone of git: somebody else fills it"),
        )];
    };
    let mut steps = Vec::new();
    if case.pull_interval_s == 0 {
        steps.push(Step::there(NAME, format!("{shown}, a clone of {origin}")));
        let why = "somebody else has to pull it: registry.pull_interval_s is 0";
        let line = "pull_interval_s = 900, below [registry] in the configuration";
        steps.push(Step::yours(NAME, why, [line]));
        return steps;
    }
    let every = format!("{shown}, a clone of {origin}, pulled every {} s", case.pull_interval_s);
    steps.push(Step::there(NAME, every));
    if owner != user.uid {
        let why = format!("{shown} belongs to {}, and {} pulls it", users::name(owner), user.name);
        steps.push(Step::yours(NAME, why, [format!("chown -R {}: {shown}", user.name)]));
    }
    steps
}

fn missing(case: &Case<'_>) -> Step {
    let (shown, user) = (case.directory.display(), case.user);
    if let Source::Tree(path) = case.source {
        // The configuration names another directory than --registry.
        let line = format!("directory = \"{}\", below [registry]", path.display());
        return Step::yours(NAME, format!("there is no registry at {shown}"), [line]);
    }
    if !case.has_git {
        let why = format!("git has to clone {}, and is not installed", case.source);
        return Step::yours(NAME, why, ["apt install git || apk add git; peerling init"]);
    }
    let mut acts = Vec::new();
    if let Some(parent) = case.directory.parent() {
        let owner = Ids { user: user.uid, group: user.gid };
        acts.push(Act::Directory { path: parent.to_path_buf(), owner, mode: 0o750 });
    }
    if let Source::Repository { opened, owner, .. } = case.source
        && *owner != user.uid
    {
        acts.push(Act::Trust { repository: opened.clone(), user: user.clone() });
    }
    acts.push(Act::Clone {
        source: case.source.to_string(),
        directory: case.directory.to_path_buf(),
        user: user.clone(),
    });
    let what = format!(
        "{shown}, a clone of {} that belongs to {} and is pulled every {} s",
        case.source, user.name, case.pull_interval_s
    );
    Step::due(NAME, what, acts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;
    use std::fmt::Write as _;

    fn told(found: &Found, source: &Source, pull_interval_s: u32, has_git: bool) -> String {
        let user =
            User { name: "peerling".into(), uid: 997, gid: 996, home: "/var/lib/peerling".into() };
        let directory = Path::new("/var/lib/peerling/registry");
        let case = Case { directory, pull_interval_s, source, user: &user, has_git };
        let mut text = String::new();
        for step in judge(found, &case) {
            let acts: Vec<String> = step.acts().iter().map(ToString::to_string).collect();
            write!(text, "{:?} [{}] ", step.state, acts.join("; ")).unwrap();
        }
        text
    }

    fn url() -> Source {
        Source::Url(USUAL.to_string())
    }

    #[test]
    fn a_clone_is_made_where_there_is_none() {
        let told_url = told(&Found::Missing, &url(), 900, true);
        assert!(told_url.contains("belongs to peerling and is pulled every 900 s"), "{told_url}");
        let acts = "[directory /var/lib/peerling; clone https://git.dn42.dev/dn42/registry.git \
                    /var/lib/peerling/registry]";
        assert!(told_url.contains(acts), "{told_url}");
        let (root, opened) = (PathBuf::from("/srv/registry"), PathBuf::from("/srv/registry/.git"));
        let others = Source::Repository { root, opened, owner: 0 };
        let told_trust = told(&Found::Missing, &others, 900, true);
        assert!(told_trust.contains("trust /srv/registry/.git; clone /srv/registry "));
        let without = told(&Found::Missing, &url(), 900, false);
        assert!(without.starts_with("Yours(") && without.contains("apt install git"), "{without}");
    }

    #[test]
    fn a_registry_that_is_there_stays_and_what_is_missing_is_told() {
        let mine = Found::There { owner: 997, origin: Some("URL".into()) };
        let words = told(&mine, &url(), 900, true);
        assert!(words.starts_with("There(") && !words.contains("Yours"), "{words}");
        let roots = Found::There { owner: 0, origin: Some("URL".into()) };
        let words = told(&roots, &url(), 900, true);
        assert!(words.contains("chown -R peerling: /var/lib/peerling/registry"), "{words}");
        let words = told(&mine, &url(), 0, true);
        assert!(words.contains("pull_interval_s = 900"), "{words}");
        let tree = Found::There { owner: 0, origin: None };
        let words = told(&tree, &url(), 0, true);
        assert!(words.starts_with("There(") && !words.contains("Yours"), "{words}");
        assert!(told(&Found::Other, &url(), 900, true).contains("is no registry"));
    }

    #[test]
    fn what_is_named_is_an_url_a_repository_or_a_directory() {
        for url in ["https://a/b.git", "ssh://git@a/b", "git@git.dn42.dev:dn42/registry.git"] {
            assert_eq!(source(url).unwrap(), Source::Url(url.to_string()));
        }
        let place = Place::new("source");
        let shown = place.0.display().to_string();
        assert!(source(&shown).unwrap_err().to_string().contains("neither a git repository nor"));
        assert!(source(&format!("{shown}/none")).unwrap_err().to_string().contains("No such file"));
        fs::create_dir_all(place.0.join("data/mntner")).unwrap();
        let root = place.0.canonicalize().unwrap();
        assert_eq!(source(&shown).unwrap(), Source::Tree(root.clone()));
        fs::create_dir(place.0.join(".git")).unwrap();
        let Source::Repository { opened, .. } = source(&shown).unwrap() else { panic!("a tree") };
        assert_eq!(opened, root.join(".git"));
        assert!(matches!(look(&place.0), Found::There { origin: Some(_), .. }));
        assert_eq!(look(&place.0.join("data/mntner")), Found::Missing, "empty");
        assert_eq!(look(&place.0.join("data")), Found::Other);
    }
}
