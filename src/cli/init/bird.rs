//! BIRD: its directories, the tables of route origins, and its configuration.

use super::act::{Act, Ids};
use super::bird_text::{self, Needs, Origins, Said, Whose};
use super::program;
use super::step::Step;
use crate::cli::bird_init;
use crate::config::Config;
use crate::daemon::block_on;
use crate::limits::{BIRD_CONNECT_TIMEOUT, BIRD_SOURCE_BYTES_MAX, BIRD_SOURCES_MAX};
use crate::plan::naming::Naming;
use crate::plan::{FileKind, Owner};
use crate::sys::bird;
use crate::sys::users::{self, ROOT, User};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The step's name.
const NAME: &str = "bird";
/// The group that BIRD's socket and files belong to.
const GROUP: &str = "bird";
/// The file that BIRD reads, and begins its others with.
const MAIN: &str = "bird.conf";
/// Files of peerings: BIRD's group may look.
const DIRECTORY_MODE: u32 = 0o750;
/// BIRD is another user.
const MODE: u32 = 0o644;
/// What BIRD says before the name of the file that it reads.
const READING_WORDS: &str = "Reading configuration from ";

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Is BIRD installed?
    pub(super) is_installed: bool,
    /// The file that it reads.
    pub(super) main: PathBuf,
    /// What that is.
    pub(super) configuration: Configuration,
    /// Files that bird-init would write, and that are there.
    pub(super) in_the_way: Vec<PathBuf>,
    /// A name at which nothing is, for a configuration that is moved aside.
    pub(super) aside: PathBuf,
    /// Directories of the configuration that are not there.
    pub(super) no_directories: Vec<PathBuf>,
    /// Are the tables of route origins there?
    pub(super) has_origins: bool,
    /// BIRD's group, and whether the service's user is in it.
    pub(super) group: Option<Group>,
}

/// BIRD's group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Its number.
    pub(super) id: u32,
    /// Is the service's user in it?
    pub(super) member: bool,
}

/// What BIRD is configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Configuration {
    /// Nothing.
    Missing,
    /// The distribution's file, which does nothing.
    Stock,
    /// That of bird-init.
    Ours(Option<Origins>),
    /// The operator's own.
    Own(Said),
    /// A file that cannot be read.
    Unreadable(String),
}

/// The networks of one's own that BIRD is to announce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Networks {
    /// There are some.
    Known,
    /// There are none: why.
    None(String),
    /// The registry is not there yet.
    Later,
}

/// Looks at BIRD's files.
pub(super) fn look(config: &Config, user: &User) -> Found {
    let directory = home(config);
    let main = running(config).unwrap_or_else(|| main(&directory));
    let configuration = read(&main);
    let mut in_the_way = Vec::new();
    for name in bird_init::FILES {
        let path = directory.join(name);
        if path != main && path.symlink_metadata().is_ok() {
            in_the_way.push(path);
        }
    }
    let mut no_directories = Vec::new();
    let includes = config.bird.include_directory.as_deref();
    for path in [Some(config.bird.directory.as_path()), includes].into_iter().flatten() {
        if !path.is_dir() {
            no_directories.push(path.to_path_buf());
        }
    }
    let has_origins = includes.is_some_and(|path| {
        let naming = Naming::default();
        let kinds = [FileKind::RoaIpv4, FileKind::RoaIpv6];
        kinds.iter().all(|kind| path.join(naming.file(*kind, Owner::Pop)).exists())
    });
    Found {
        is_installed: program::find("bird").is_some(),
        aside: free(&main),
        main,
        configuration,
        in_the_way,
        no_directories,
        has_origins,
        group: group(user),
    }
}

/// Where BIRD's files are, above those of peerings.
fn home(config: &Config) -> PathBuf {
    config.bird.directory.parent().unwrap_or(Path::new("/etc/bird")).to_path_buf()
}

/// The file that BIRD reads: among its others, or, as on Alpine, above them.
fn main(directory: &Path) -> PathBuf {
    let beside = directory.join(MAIN);
    let above = directory.parent().map(|parent| parent.join(MAIN));
    match above {
        Some(above) if above.exists() && !beside.exists() => above,
        _ => beside,
    }
}

/// Does a BIRD run?
pub(super) fn answers(config: &Config) -> bool {
    running(config).is_some()
}

/// The file that the BIRD reads that runs.
fn running(config: &Config) -> Option<PathBuf> {
    let socket = config.bird.socket.as_deref()?;
    let reply = block_on(async |_| {
        let mut bird = bird::connect(socket, BIRD_CONNECT_TIMEOUT).await.ok()?;
        bird.command("configure check").await.ok()
    });
    let reply = reply.ok().flatten()?;
    let mut paths = reply.lines.iter().filter_map(|line| line.text.strip_prefix(READING_WORDS));
    paths.next().map(PathBuf::from).filter(|path| path.is_absolute())
}

fn group(user: &User) -> Option<Group> {
    let id = users::group_id(GROUP)?;
    Some(Group { id, member: users::groups_of(user).contains(&id) })
}

fn read(main: &Path) -> Configuration {
    if main.symlink_metadata().is_err() {
        return Configuration::Missing;
    }
    let text = match text(main) {
        Ok(text) => text,
        Err(error) => return Configuration::Unreadable(format!("{}: {error}", main.display())),
    };
    // Where the file that BIRD reads only includes the one among its others, that is what counts.
    let said = said(main);
    match bird_text::whose(&text) {
        Whose::Stock => Configuration::Stock,
        Whose::Ours => Configuration::Ours(said.origins),
        Whose::Own => Configuration::Own(said),
    }
}

/// What a configuration says with all that it includes.
pub(in crate::cli) fn said(main: &Path) -> Said {
    let mut said = Said::default();
    let mut open = vec![main.to_path_buf()];
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        if seen.len() >= BIRD_SOURCES_MAX || !seen.insert(path.clone()) {
            continue;
        }
        let (Ok(text), Some(directory)) = (text(&path), path.parent()) else { continue };
        let known = said.includes.len();
        bird_text::take(&mut said, &text, directory);
        for pattern in said.includes.iter().skip(known) {
            let found = glob::glob(pattern).into_iter().flatten().flatten();
            open.extend(found.take(BIRD_SOURCES_MAX));
        }
    }
    said
}

/// What a plain file holds, as far as it is read.
fn text(path: &Path) -> std::io::Result<String> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut bytes = Vec::new();
    if file.metadata()?.is_file() {
        file.take(BIRD_SOURCE_BYTES_MAX).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A name beside a file at which nothing is.
fn free(path: &Path) -> PathBuf {
    let name = format!("{}.before-peerling", path.display());
    let mut free = PathBuf::from(&name);
    for number in 2..100 {
        if free.symlink_metadata().is_err() {
            break;
        }
        free = PathBuf::from(format!("{name}.{number}"));
    }
    free
}

/// What has to be done, but for starting it.
pub(super) fn judge(found: &Found, config: &Config, user: &User, networks: &Networks) -> Vec<Step> {
    let Some(group) = found.group.filter(|_| found.is_installed) else {
        let lines = ["apt install bird2 || apk add bird; peerling init"];
        return vec![Step::yours(NAME, "BIRD is not installed", lines)];
    };
    let mut steps = Vec::new();
    if !group.member {
        let what = format!("{} in the group {GROUP}, whose BIRD's socket is", user.name);
        let words = ["adduser", &user.name, GROUP].map(str::to_string);
        steps.push(Step::due(NAME, what, vec![Act::Run(words.to_vec())]));
    }
    steps.extend(directories(found, group, user));
    if config.bird.include_directory.is_some() {
        steps.push(if found.has_origins {
            Step::there(NAME, "the tables of route origins")
        } else {
            let what = "the tables of route origins, from the registry";
            Step::due(NAME, what, vec![Act::Origins])
        });
    }
    steps.push(configuration(found, config, networks));
    steps
}

fn directories(found: &Found, group: Group, user: &User) -> Option<Step> {
    if found.no_directories.is_empty() {
        return None;
    }
    let owner = Ids { user: user.uid, group: group.id };
    let mut acts = Vec::new();
    let mut shown = Vec::new();
    for path in &found.no_directories {
        acts.push(Act::Directory { path: path.clone(), owner, mode: DIRECTORY_MODE });
        shown.push(path.display().to_string());
    }
    let what = format!("{}, {}'s, which BIRD may read", shown.join(" and "), user.name);
    Some(Step::due(NAME, what, acts))
}

fn configuration(found: &Found, config: &Config, networks: &Networks) -> Step {
    let shown = found.main.display();
    let moved = match &found.configuration {
        Configuration::Unreadable(why) => {
            return Step::yours(NAME, why, [format!("ls -l {shown}")]);
        }
        Configuration::Own(said) => return own(found, said, config),
        Configuration::Ours(Some(Origins::Unchecked)) => {
            let why = format!("{shown} was written by bird-init, and ROA_CHECK is off in it");
            let lines = [
                "define ROA_CHECK = true;    # in variables.conf, in the place of false",
                "birdc configure",
            ];
            return Step::yours(NAME, why, lines);
        }
        Configuration::Ours(_) => {
            return Step::there(NAME, format!("{shown}, written by bird-init"));
        }
        Configuration::Stock => Some(&found.aside),
        Configuration::Missing => None,
    };
    if let Networks::None(why) = networks {
        let line = "networks = [\"fd…/48\", \"172.2…/27\"], below [mesh] in the configuration";
        return Step::yours(NAME, format!("what BIRD would announce is not known: {why}"), [line]);
    }
    if !found.in_the_way.is_empty() {
        let mut lines = Vec::new();
        for path in &found.in_the_way {
            lines.push(format!("mv {0} {0}.old", path.display()));
        }
        return Step::yours(NAME, "files that bird-init would write are there", lines);
    }
    write(found, moved, config)
}

fn write(found: &Found, moved: Option<&PathBuf>, config: &Config) -> Step {
    let (main, directory) = (&found.main, home(config));
    let mut acts = Vec::new();
    let mut what = format!("{}, with ROA_CHECK on", main.display());
    if let Some(to) = moved {
        acts.push(Act::Move { from: main.clone(), to: to.clone() });
        what += &format!("; the distribution's, which does nothing, is {} now", to.display());
    }
    acts.push(Act::Bird { directory: directory.clone() });
    if main.parent() != Some(directory.as_path()) {
        let text = format!(
            "# BIRD's files are in a directory of their own.\ninclude \"{}\";\n",
            directory.join(MAIN).display()
        );
        let owner = Ids { user: ROOT, group: ROOT };
        acts.push(Act::File { path: main.clone(), text, owner, mode: MODE });
    }
    let try_it = ["bird", "-p", "-c", &main.display().to_string()].map(str::to_string);
    acts.push(Act::Run(try_it.to_vec()));
    Step::due(NAME, what, acts)
}

/// An operator's configuration is left alone.
fn own(found: &Found, said: &Said, config: &Config) -> Step {
    let shown = found.main.display();
    let needs = Needs {
        peers: &config.bird.directory,
        peer: &config.bird.directory.join(config.bird.file.name(config.pop.asn)),
        template: &config.bird.template,
        form: &config.bird.form,
        origins: config.bird.include_directory.as_deref(),
    };
    let lines = bird_text::missing(said, &needs);
    if lines.is_empty() {
        return Step::there(NAME, format!("{shown}, your own, has what peerling needs"));
    }
    let why = format!("{shown} is your own and stays as it is; it lacks what is below");
    Step::yours(NAME, why, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::step::State;
    use crate::config::Source;
    use crate::testing::Place;

    fn config(directory: &Path) -> Config {
        let shown = directory.display();
        let text = format!(
            "[pop]\nasn = 4242420001\nname = \"a.b\"\n[bird]\nsocket = \"\"\n\
             directory = \"{shown}/bird/peers\"\ninclude_directory = \"{shown}/bird/more\"\n"
        );
        crate::config::resolve(Some(Source { name: "test", text: &text }), &[]).unwrap()
    }

    fn user() -> User {
        User { name: "peerling".into(), uid: 997, gid: 996, home: "/".into() }
    }

    /// As on a fresh machine with the package, whatever this one has.
    fn fresh(found: Found) -> Found {
        Found { is_installed: true, group: Some(Group { id: 9, member: true }), ..found }
    }

    fn acts(steps: &[Step]) -> String {
        let acts = steps.iter().flat_map(Step::acts);
        acts.map(|act| format!("{act}\n")).collect()
    }

    #[test]
    fn a_fresh_machine_gets_all_of_it_and_stock_is_moved_aside() {
        let place = Place::new("init-bird");
        let (config, shown) = (config(&place.0), place.0.display().to_string());
        fs::create_dir(place.0.join("bird")).unwrap();
        let found = fresh(look(&config, &user()));
        assert_eq!(found.configuration, Configuration::Missing);
        let due = acts(&judge(&found, &config, &user(), &Networks::Known)).replace(&shown, "");
        let all = "directory /bird/peers\ndirectory /bird/more\nroute origins\nbird-init /bird\n\
                   bird -p -c /bird/bird.conf\n";
        assert_eq!(due, all);
        let stock = Found { configuration: Configuration::Stock, ..found.clone() };
        let due = acts(&judge(&stock, &config, &user(), &Networks::Later)).replace(&shown, "");
        let moved = "move /bird/bird.conf /bird/bird.conf.before-peerling\nbird-init /bird\n";
        assert!(due.contains(moved), "{due}");
        // As on Alpine.
        let above = Found { main: place.0.join("bird.conf"), ..stock };
        let due = acts(&judge(&above, &config, &user(), &Networks::Known)).replace(&shown, "");
        assert!(due.contains("bird-init /bird\nfile /bird.conf\nbird -p -c /bird.conf\n"), "{due}");
        let none = judge(&found, &config, &user(), &Networks::None("no route".into()));
        assert!(!acts(&none).contains("bird-init"));
    }

    #[test]
    fn what_is_there_is_left_alone() {
        let place = Place::new("init-bird-own");
        let config = config(&place.0);
        for directory in ["bird/peers", "bird/more"] {
            fs::create_dir_all(place.0.join(directory)).unwrap();
        }
        fs::write(place.0.join("bird/bird.conf"), "include \"own.conf\"; router id 1.2.3.4;")
            .unwrap();
        fs::write(place.0.join("bird/own.conf"), "template bgp dnpeers { }\nroa4 table x;")
            .unwrap();
        let found = fresh(look(&config, &user()));
        let Configuration::Own(said) = &found.configuration else { panic!("{found:?}") };
        assert!(said.names.contains("dnpeers") && said.has_origins, "{said:?}");
        let steps = judge(&found, &config, &user(), &Networks::Known);
        assert_eq!(acts(&steps), "route origins\n");
        let State::Yours(_, lines) = &steps.last().unwrap().state else { panic!("{steps:?}") };
        assert!(lines.iter().any(|line| line.ends_with("bird/peers/*\";")), "{lines:?}");
        fs::write(place.0.join("bird/filters.conf"), "").unwrap();
        fs::remove_file(place.0.join("bird/bird.conf")).unwrap();
        let found = fresh(look(&config, &user()));
        assert_eq!(acts(&judge(&found, &config, &user(), &Networks::Known)), "route origins\n");
    }

    #[test]
    fn what_bird_init_wrote_is_there_already_and_no_check_of_origins_is_told() {
        let place = Place::new("init-bird-ours");
        let config = config(&place.0);
        fs::create_dir_all(place.0.join("bird")).unwrap();
        fs::write(place.0.join("bird/bird.conf"), "# `peerling bird-init`\ninclude \"v\";")
            .unwrap();
        for (check, is_there) in [("true", true), ("false", false)] {
            fs::write(place.0.join("bird/v"), format!("define ROA_CHECK = {check};\n")).unwrap();
            let found = fresh(look(&config, &user()));
            let step = configuration(&found, &config, &Networks::Known);
            assert_eq!(matches!(step.state, State::There(_)), is_there, "{step:?}");
        }
    }

    #[test]
    fn what_was_moved_aside_before_is_not_overwritten() {
        let place = Place::new("init-bird-aside");
        let main = place.0.join("bird.conf");
        assert!(free(&main).ends_with("bird.conf.before-peerling"));
        fs::write(place.0.join("bird.conf.before-peerling"), "").unwrap();
        assert!(free(&main).ends_with("bird.conf.before-peerling.2"));
    }
}
