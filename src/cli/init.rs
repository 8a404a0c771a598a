//! `peerling init`: from a machine with the package to "members can log in".
//!
//! Each step looks at the machine, judges what it found without touching anything, and says so:
//! *there already*, *done* or *yours*, with the lines to type. What init does is a list of acts,
//! which one file carries out; with `--print` nobody does. What exists is never changed without a
//! word, so it can be run again at any time, and goes on where something was missing.

mod act;
mod answers;
mod bird;
mod bird_text;
mod configuration;
mod examine;
mod farewell;
mod firewall;
mod identity;
mod kernel;
mod key;
mod name;
mod program;
mod registry;
mod ruleset;
mod service;
mod step;

use super::parse::Invocation;
use super::table::{ADMIN_KEY, ASN, DONE, NAME, NETWORK, PRINT, REGISTRY, YES};
use super::terminal::Terminal;
use super::{bird_init, check, print};
use crate::config::Config;
use crate::daemon::{ConfigFile, Failure, Trouble, block_on};
use crate::local::Client;
use crate::model::{Asn, BirdForm, Mntner};
use crate::sys::tree;
use crate::sys::users::{self, User};
use answers::{Answers, Consent, Mode, Wishes};
use bird::{Configuration, Networks};
use bird_text::Origins;
use configuration::{Before, Draft};
use service::{Manager, Run};
use std::path::{Path, PathBuf};
use std::time::Duration;
use step::{Step, Tense};

/// The database, and with it the service's user, where no configuration says so.
const USUAL_DATABASE: &str = "/var/lib/peerling/peering.db";
/// Where BIRD's socket is, where it is not in a directory of its own.
const OTHER_SOCKET: &str = "/run/bird.ctl";
/// How often the services are looked for after their start, and how long between.
const START_LOOKS: u32 = 100;
const START_PAUSE: Duration = Duration::from_millis(100);

/// What is known of the machine and of what is wanted; it changes nothing.
struct Scene<'a> {
    file: &'a ConfigFile,
    before: Before,
    answers: Answers,
    config: Config,
    draft: Option<Draft>,
    user: User,
    manager: Manager,
}

/// Does it, or only tells.
///
/// # Errors
/// What is wrong with what was given, or the first act that failed. What was done before it stays,
/// and another run goes on from there.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let (file, wishes) = (&invocation.file, wishes(invocation)?);
    if wishes.mode == Mode::Perform && !users::is_root() {
        let words =
            "init changes the machine: run it as root, or with --print to see what it would";
        return Err(Trouble::new(words).into());
    }
    let before = configuration::look(file)?;
    let mut terminal = match wishes.consent {
        Consent::Ask => Terminal::open(),
        Consent::Given => None,
    };
    let answers = answers::collect(&wishes, &before, file, terminal.as_mut())?;
    let scene = Scene::new(file, before, answers)?;
    let is_nobody_there = terminal.is_none() && wishes.consent == Consent::Ask;
    if is_nobody_there && wishes.mode == Mode::Perform {
        return Err(Trouble::new("init needs --yes, since nobody can be asked here").into());
    }
    if wishes.mode == Mode::Print {
        scene.go(Mode::Print)?;
        return Ok(DONE);
    }
    if let Some(terminal) = &mut terminal {
        scene.go(Mode::Print)?;
        if !terminal.confirm("Do all that is to do?", "yes")? {
            return Err(Trouble::new("nothing was done").into());
        }
    }
    let maintainer = scene.go(Mode::Perform)?;
    scene.wait();
    let status = examine::run(file)?;
    print(&farewell::text(&scene.config, maintainer.as_ref()));
    Ok(status)
}

/// What was typed.
fn wishes(invocation: &Invocation) -> Result<Wishes, Trouble> {
    let asn = match invocation.text(&ASN) {
        Some(text) => {
            let asn = text.parse::<Asn>();
            Some(asn.map_err(|error| Trouble::new(format!("--asn {text}: {error}")))?)
        }
        None => None,
    };
    Ok(Wishes {
        asn,
        name: invocation.text(&NAME).map(str::to_string),
        network: invocation.text(&NETWORK).map(str::to_string),
        registry: invocation.text(&REGISTRY).map(str::to_string),
        admin_key: invocation.value(&ADMIN_KEY).map(PathBuf::from),
        mode: if invocation.has(&PRINT) { Mode::Print } else { Mode::Perform },
        consent: if invocation.has(&YES) { Consent::Given } else { Consent::Ask },
    })
}

impl<'a> Scene<'a> {
    fn new(file: &'a ConfigFile, before: Before, answers: Answers) -> Result<Scene<'a>, Trouble> {
        let manager = service::manager();
        let database = match &before {
            Before::There(config) => config.store.path.clone(),
            _ => PathBuf::from(USUAL_DATABASE),
        };
        let user = check::service_user(&database).or_else(|| users::by_name(check::PACKAGE_USER));
        let Some(user) = user else {
            return Err(Trouble::new(
                "there is no user peerling, as whom the service runs: install the package, or \
                 `adduser --system --group --home /var/lib/peerling --no-create-home peerling`",
            ));
        };
        let (draft, config) = match &before {
            Before::There(config) => (None, (**config).clone()),
            _ => {
                let draft = draft(file, &answers, manager, &user)?;
                let config = draft.config(file)?;
                (Some(draft), config)
            }
        };
        Ok(Scene { file, before, answers, config, draft, user, manager })
    }

    /// Every step in turn; who maintains the AS number, where the registry is there to tell.
    fn go(&self, mode: Mode) -> Result<Option<Mntner>, Trouble> {
        // What is wrong with the answers is said before anything is done, if it can be known.
        let mut maintainer = self.maintainer()?;
        self.settle(mode, &self.name()?)?;
        for step in self.registry() {
            self.settle(mode, &step)?;
        }
        if maintainer.is_none() && mode == Mode::Perform {
            maintainer = self.maintainer()?;
        }
        let keys = &self.answers.admin_keys;
        self.settle(
            mode,
            &match &maintainer {
                Some(maintainer) => identity::step(self.answers.asn, maintainer, keys),
                None => identity::unknown(self.answers.asn),
            },
        )?;
        self.settle(mode, &self.key())?;
        for step in self.configuration() {
            self.settle(mode, &step)?;
        }
        let written = self.bird(mode)?;
        self.settle(mode, &kernel::judge(&kernel::look(self.user.gid)))?;
        for step in firewall::judge(&firewall::look(), &firewall::ports(&self.config)) {
            self.settle(mode, &step)?;
        }
        self.services(mode, written)?;
        Ok(maintainer)
    }

    /// Carries a step's acts out, where anything is done, and says what came of it.
    fn settle(&self, mode: Mode, step: &Step) -> Result<(), Trouble> {
        if mode == Mode::Print {
            print(&step.print(Tense::ToDo));
            return Ok(());
        }
        for act in step.acts() {
            act::perform(act, self.file).map_err(|trouble| {
                Trouble::new(format!("{}: {trouble}; mend that, and run init again", step.name))
            })?;
        }
        print(&step.print(Tense::Done));
        Ok(())
    }

    fn name(&self) -> Result<Step, Trouble> {
        let found = block_on(async |_| name::look(&self.answers.name).await)?;
        name::judge(&found, &self.answers.name, self.answers.word)
    }

    fn registry(&self) -> Vec<Step> {
        let registry = &self.config.registry;
        let case = registry::Case {
            directory: &registry.directory,
            pull_interval_s: registry.pull_interval_s,
            source: &self.answers.source,
            user: &self.user,
            has_git: program::find("git").is_some(),
        };
        registry::judge(&registry::look(&registry.directory), &case)
    }

    /// A registry that can be read now: the service's, or the one that it is cloned from.
    fn readable(&self) -> Option<&Path> {
        let own = self.config.registry.directory.as_path();
        let source = match &self.answers.source {
            registry::Source::Url(_) => None,
            registry::Source::Repository { root: path, .. } | registry::Source::Tree(path) => {
                Some(path.as_path())
            }
        };
        [Some(own), source].into_iter().flatten().find(|path| registry::is_registry(path))
    }

    fn maintainer(&self) -> Result<Option<Mntner>, Trouble> {
        let Some(path) = self.readable() else { return Ok(None) };
        let read = block_on(async |_| tree::read(path).await)?;
        let (index, _) = read.map_err(|error| Trouble::new(error.to_string()))?;
        identity::judge(&index, self.answers.asn, &self.answers.admin_keys).map(Some)
    }

    fn key(&self) -> Step {
        let wireguard = &self.config.wireguard;
        let path = &wireguard.private_key_file;
        let found = match wireguard.private_key {
            Some(_) => key::Found::InEnvironment,
            None => key::look(path),
        };
        key::judge(&found, path, &self.user, key::holder(self.manager, path))
    }

    fn configuration(&self) -> Vec<Step> {
        match &self.draft {
            None => configuration::there(&self.config, self.file, &self.answers.admin_keys),
            Some(draft) => {
                let banner = self.answers.banner.as_deref();
                vec![configuration::judge(&self.before, draft, banner, self.file, &self.user)]
            }
        }
    }

    /// BIRD's files; was its configuration written?
    fn bird(&self, mode: Mode) -> Result<Written, Trouble> {
        if self.config.bird.socket.is_none() {
            let what = "no BIRD is spoken to: bird.socket is empty";
            self.settle(mode, &Step::there("bird", what))?;
            return Ok(Written::Nothing);
        }
        let found = bird::look(&self.config, &self.user);
        let networks = match registry::is_registry(&self.config.registry.directory) {
            false if self.config.mesh.networks.is_empty() => Networks::Later,
            _ => match bird_init::networks(&self.config) {
                Ok(_) => Networks::Known,
                Err(trouble) => Networks::None(trouble.to_string()),
            },
        };
        let mut written = Written::Nothing;
        for step in bird::judge(&found, &self.config, &self.user, &networks) {
            self.settle(mode, &step)?;
            let is_main = step.acts().iter().any(|act| matches!(act, act::Act::Bird { .. }));
            if is_main {
                written = Written::Bird;
            }
        }
        Ok(written)
    }

    /// BIRD first: the service asks for it.
    fn services(&self, mode: Mode, written: Written) -> Result<(), Trouble> {
        let mut bird = service::look(self.manager, "bird");
        // Not every script knows whether it runs; BIRD does.
        if bird.run == Run::Stopped && bird::answers(&self.config) {
            bird.run = Run::Current;
        }
        if written == Written::Bird && bird.run == Run::Current {
            bird.run = Run::Outdated;
        }
        if self.config.bird.socket.is_some() && program::find("bird").is_some() {
            self.settle(mode, &service::judge(self.manager, bird))?;
        }
        let mut peerling = service::look(self.manager, "peerling");
        if self.draft.is_some() && peerling.run == Run::Current {
            peerling.run = Run::Outdated;
        }
        self.settle(mode, &service::judge(self.manager, peerling))
    }

    /// Until both answer that were started: not every manager waits for that.
    fn wait(&self) {
        if self.manager == Manager::None {
            return;
        }
        for _ in 0..START_LOOKS {
            let serves = matches!(Client::connect(&self.config.store.path), Ok(Some(_)));
            let socket = self.config.bird.socket.as_ref();
            if serves && socket.is_none_or(|socket| socket.exists()) {
                return;
            }
            std::thread::sleep(START_PAUSE);
        }
    }
}

/// What BIRD has to read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Nothing,
    Bird,
}

/// What a configuration has to say on this machine.
fn draft(
    file: &ConfigFile,
    answers: &Answers,
    manager: Manager,
    user: &User,
) -> Result<Draft, Trouble> {
    let key = PathBuf::from(key::place(manager));
    let mut draft = Draft {
        asn: answers.asn,
        name: answers.name.clone(),
        network: answers.network.clone(),
        banner: answers.banner.as_ref().map(|_| configuration::banner_path(file)),
        admin_keys: answers.admin_keys.clone(),
        registry: match &answers.source {
            registry::Source::Tree(path) => Some(path.clone()),
            _ => None,
        },
        key: Some(key).filter(|key| key != Path::new(key::HANDED_OVER)),
        bird_socket: None,
        form: BirdForm::Reference,
    };
    let usual = draft.config(file)?;
    let is_elsewhere = usual.bird.socket.is_some_and(|socket| !socket.exists());
    draft.bird_socket = Some(PathBuf::from(OTHER_SOCKET)).filter(|it| is_elsewhere && it.exists());
    let config = draft.config(file)?;
    if let Configuration::Own(said) = bird::look(&config, user).configuration {
        draft.form = bird_text::form(&said, &config.bird.template);
    }
    Ok(draft)
}

/// Does bird-init's configuration of a BIRD leave out to ask the tables of route origins?
pub(super) fn lets_origins_pass(main: &Path) -> bool {
    bird::said(main).origins == Some(Origins::Unchecked)
}
