//! The tables of route origins follow the registry's clone: made anew after each change of it, and
//! handed to the apply loop, which writes them where they differ, and which finds this POP's own
//! networks in them.

use crate::apply::{ApplySettings, SharedTexts};
use crate::board::{Bell, Cause};
use crate::model::{Once, OnceEach, Turn};
use crate::plan::FileKind;
use crate::registry::{Finding, Roa, Tally, judge_routes};
use crate::sys::tree::{self, Stamp};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The tables, and what was told of them.
pub struct RoutesWatch {
    directory: PathBuf,
    settings: Rc<RefCell<Rc<ApplySettings>>>,
    texts: SharedTexts,
    /// How the files were that were read last.
    stamp: Option<Stamp>,
    /// How many lines the tables had that were taken over last.
    counts: [usize; 2],
    findings: OnceEach<String>,
    /// Why the registry's routes are not taken over.
    refused: Once<String>,
}

impl RoutesWatch {
    /// Nothing is read yet.
    pub fn new(
        directory: &Path,
        settings: Rc<RefCell<Rc<ApplySettings>>>,
        texts: SharedTexts,
    ) -> RoutesWatch {
        RoutesWatch {
            directory: directory.to_path_buf(),
            settings,
            texts,
            stamp: None,
            counts: [0, 0],
            findings: OnceEach::default(),
            refused: Once::default(),
        }
    }

    /// The next look reads, whatever the files look like from outside.
    pub fn again(&mut self) {
        self.stamp = None;
    }

    /// Reads the routes where their tables are wanted and something changed, and takes them over if
    /// they are sound. What changes meanwhile is read at the next look.
    pub async fn follow(&mut self, bell: &Bell) {
        if !self.settings.borrow().pop.needs_routes() {
            return self.again();
        }
        let before = tree::stamp_routes(&self.directory).await;
        if self.stamp == Some(before) {
            return;
        }
        let read = tree::read_routes(&self.directory).await;
        self.stamp = Some(before);
        if tree::stamp_routes(&self.directory).await != before {
            return self.again();
        }
        match read {
            Ok(Some((roa, findings))) => self.judge(roa, &findings, bell),
            // Without tables to keep up it may be so.
            Ok(None) if self.settings.borrow().pop.include_directory.is_none() => {}
            Ok(None) => self.refuse("it has no routes".to_string()),
            Err(error) => self.refuse(error.to_string()),
        }
    }

    fn judge(&mut self, roa: Roa, findings: &[Finding], bell: &Bell) {
        let counts = roa.counts();
        if let Err(shrunk) = judge_routes(self.counts, counts) {
            return self.refuse(format!("{shrunk} (if that is right, restart peerling)"));
        }
        for finding in self.findings.turn(findings.iter().map(ToString::to_string).collect()) {
            log::debug!("registry: {finding}");
        }
        if self.refused.turn(None) == Turn::Over {
            log::info!("route origins are taken from the registry again");
        }
        self.counts = counts;
        if adopt(roa, &self.texts) {
            let tally = Tally::of(findings);
            log::info!("route origins: {} of IPv4, {} of IPv6; {tally}", counts[0], counts[1]);
            bell.ring(Cause::Registry("the route origins changed"));
        }
    }

    /// Says so once for each reason; the tables of before stay.
    fn refuse(&mut self, why: String) {
        if let Turn::Wrong(why) = self.refused.turn(Some(why)) {
            log::error!("route origins not taken from the registry: {why}; the tables stay");
        }
    }
}

/// For a single pass: what the loop would be told.
pub async fn read_once(directory: &Path, settings: &ApplySettings, texts: &SharedTexts) {
    if !settings.pop.needs_routes() {
        return;
    }
    match tree::read_routes(directory).await {
        Ok(Some((roa, _))) => drop(adopt(roa, texts)),
        Ok(None) => {}
        Err(error) => log::error!("{error}; the tables of route origins stay"),
    }
}

/// Does it change anything?
fn adopt(roa: Roa, texts: &SharedTexts) -> bool {
    let mut texts = texts.borrow_mut();
    let mut is_change = false;
    for (kind, text) in [(FileKind::RoaIpv4, roa.ipv4), (FileKind::RoaIpv6, roa.ipv6)] {
        let text: Rc<str> = text.into();
        is_change |= texts.insert(kind, text.clone()) != Some(text);
    }
    is_change
}
