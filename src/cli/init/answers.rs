//! What only a person can know: from flags, from the configuration that is there, or asked at a
//! terminal.

use super::super::terminal::Terminal;
use super::configuration::Before;
use super::identity::{self, AdminKey};
use super::name::{self, Word};
use super::registry::{self, Source};
use crate::daemon::{ConfigFile, Trouble, block_on, read_text};
use crate::model::Asn;
use std::path::{Path, PathBuf};

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `--asn`.
    pub asn: Option<Asn>,
    /// `--name`.
    pub name: Option<String>,
    /// `--network`.
    pub network: Option<String>,
    /// `--registry`.
    pub registry: Option<String>,
    /// `--admin-key`.
    pub admin_key: Option<PathBuf>,
    /// Is anything done?
    pub mode: Mode,
    /// Is anybody asked?
    pub consent: Consent,
}

/// Is anything done?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Yes.
    #[default]
    Perform,
    /// `--print`: it is only told.
    Print,
}

/// Is anybody asked?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// Whoever sits at the terminal.
    #[default]
    Ask,
    /// `--yes`: nobody.
    Given,
}

/// Everything that a person has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) asn: Asn,
    pub(super) name: String,
    pub(super) word: Word,
    pub(super) network: Option<String>,
    pub(super) banner: Option<String>,
    pub(super) admin_keys: Vec<AdminKey>,
    pub(super) source: Source,
}

/// Puts together what is known, and asks for the rest where somebody can be asked.
///
/// # Errors
/// Flags that contradict the configuration, wrong answers, or what nobody said.
pub(super) fn collect(
    wishes: &Wishes,
    before: &Before,
    file: &ConfigFile,
    terminal: Option<&mut Terminal>,
) -> Result<Answers, Trouble> {
    let source = registry::source(wishes.registry.as_deref().unwrap_or(registry::USUAL))?;
    let admin_keys = match &wishes.admin_key {
        Some(path) => keys_in(path)?,
        None => Vec::new(),
    };
    if let Before::There(config) = before {
        let pop = &config.pop;
        agree("--asn", wishes.asn, "pop.asn", pop.asn, file)?;
        agree("--name", wishes.name.as_ref(), "pop.name", &pop.name, file)?;
        agree("--network", wishes.network.as_ref(), "pop.network", &pop.network, file)?;
        return Ok(Answers {
            asn: pop.asn,
            name: pop.name.clone(),
            word: Word::Confirmed,
            network: None,
            banner: None,
            admin_keys,
            source,
        });
    }
    let Some(terminal) = terminal else { return told(wishes, admin_keys, source) };
    let asn = match wishes.asn {
        Some(asn) => asn,
        None => terminal.ask_until("AS number of your network", "", |text| {
            text.parse::<Asn>().map_err(|error| error.to_string())
        })?,
    };
    let (name, word) = asked_name(wishes.name.clone(), terminal)?;
    let network = match &wishes.network {
        Some(network) => Some(network.clone()),
        None => terminal.ask("Name of your network, for the welcome line", &asn.to_string())?,
    };
    let network = network.filter(|network| *network != asn.to_string());
    let banner = terminal.ask("A line for everybody before the login (banner)", "none")?;
    let admin_keys = if admin_keys.is_empty() { asked_keys(terminal)? } else { admin_keys };
    let banner = banner.filter(|banner| banner != "none");
    Ok(Answers { asn, name, word, network, banner, admin_keys, source })
}

fn keys_in(path: &Path) -> Result<Vec<AdminKey>, Trouble> {
    identity::admin_keys(path, &read_text(path)?)
}

fn asked_keys(terminal: &mut Terminal) -> Result<Vec<AdminKey>, Trouble> {
    let words = "File with your SSH public key, to be administrator here";
    terminal.ask_until(words, "none", |text| match text {
        "none" => Ok(Vec::new()),
        path => keys_in(Path::new(path)).map_err(|trouble| trouble.to_string()),
    })
}

/// Nobody can be asked.
fn told(wishes: &Wishes, admin_keys: Vec<AdminKey>, source: Source) -> Result<Answers, Trouble> {
    let mut missing = Vec::new();
    if wishes.asn.is_none() {
        missing.push("--asn N, the AS number of your network");
    }
    if wishes.name.is_none() {
        missing.push("--name HOST, the public name of this machine");
    }
    if wishes.consent == Consent::Ask && wishes.mode == Mode::Perform {
        missing.push("--yes, since nobody can be asked here");
    }
    match (wishes.asn, &wishes.name) {
        (Some(asn), Some(name)) if missing.is_empty() => Ok(Answers {
            asn,
            name: name.clone(),
            word: Word::Given,
            network: wishes.network.clone(),
            banner: None,
            admin_keys,
            source,
        }),
        _ => Err(Trouble::new(format!("init needs {}", missing.join("; ")))),
    }
}

/// A flag must not say anything else than the configuration, which is never changed.
fn agree<T: PartialEq + std::fmt::Display>(
    flag: &str,
    wished: Option<T>,
    key: &str,
    there: T,
    file: &ConfigFile,
) -> Result<(), Trouble> {
    match wished {
        Some(wished) if wished != there => Err(Trouble::new(format!(
            "{flag} {wished}, and {key} is {there} in {}: change it there, or leave {flag} out",
            file.path().display()
        ))),
        _ => Ok(()),
    }
}

/// The name, and whether somebody says that it is right although it leads elsewhere.
fn asked_name(given: Option<String>, terminal: &mut Terminal) -> Result<(String, Word), Trouble> {
    let mut given = given;
    loop {
        let name = match given.take() {
            Some(name) => name,
            None => terminal.ask_until("Public name of this machine", &machine_name(), |text| {
                let host = text.parse::<crate::model::Host>();
                host.map(|_| text.to_string()).map_err(|error| error.to_string())
            })?,
        };
        let name::Found::Elsewhere(addresses) = block_on(async |_| name::look(&name).await)? else {
            return Ok((name, Word::Given));
        };
        let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let words = format!(
            "{name} is {}, which is no address of this machine. Does a router pass it on to it?",
            shown.join(", ")
        );
        if terminal.confirm(&words, "no")? {
            return Ok((name, Word::Confirmed));
        }
    }
}

/// What the machine calls itself, where that is a name that others could know.
fn machine_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.contains('.') { name } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source as Text;

    fn file() -> ConfigFile {
        ConfigFile::Usual(PathBuf::from("/etc/peerling/peerling.toml"))
    }

    fn there() -> Before {
        let text = "[pop]\nasn = 4242420001\nname = \"pop.flap42.eu\"\n";
        let config = crate::config::resolve(Some(Text { name: "test", text }), &[]).unwrap();
        Before::There(Box::new(config))
    }

    fn refused(wishes: &Wishes, before: &Before) -> String {
        collect(wishes, before, &file(), None).unwrap_err().to_string()
    }

    #[test]
    fn without_a_terminal_flags_say_all() {
        let nothing = Wishes::default();
        let words = refused(&nothing, &Before::Missing);
        for flag in ["--asn N", "--name HOST", "--yes"] {
            assert!(words.contains(flag), "{words}");
        }
        let asn = Some("4242420001".parse().unwrap());
        let printed = Wishes { asn, mode: Mode::Print, ..Wishes::default() };
        assert!(!refused(&printed, &Before::Missing).contains("--yes"));
        let all = Wishes {
            asn,
            name: Some("pop.flap42.eu".to_string()),
            consent: Consent::Given,
            ..Wishes::default()
        };
        let answers = collect(&all, &Before::Missing, &file(), None).unwrap();
        assert_eq!(answers.word, Word::Given);
        assert_eq!(answers.source, Source::Url(registry::USUAL.to_string()));
    }

    #[test]
    fn a_configuration_that_is_there_answers_and_is_not_contradicted() {
        let nothing = Wishes::default();
        let answers = collect(&nothing, &there(), &file(), None).unwrap();
        assert_eq!((answers.asn.get(), answers.name.as_str()), (4242420001, "pop.flap42.eu"));
        let other = Wishes { asn: Some("4242420002".parse().unwrap()), ..Wishes::default() };
        let words = "--asn AS4242420002, and pop.asn is AS4242420001 in \
                     /etc/peerling/peerling.toml: change it there, or leave --asn out";
        assert_eq!(refused(&other, &there()), words);
        let other = Wishes { name: Some("x.y".to_string()), ..Wishes::default() };
        assert!(refused(&other, &there()).starts_with("--name x.y, and pop.name is"));
    }
}
