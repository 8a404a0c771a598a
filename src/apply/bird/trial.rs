//! The trial of a pass's changes to BIRD's files: what BIRD does not accept does not stay.
//!
//! BIRD names the second of two places that cannot be together, and that may be anybody's. So its
//! words accuse nobody: where it refuses, all that this pass changed goes back, and BIRD is asked
//! again. If it is content then, the changes return, half by half where they are many, until those
//! at fault are found; they alone fail. If it is not, it refused before us, and nothing is changed.

use super::Expected;
use crate::apply::ApplySettings;
use crate::limits::{BIRD_CHECKS_MAX, BIRD_LOOK_PAUSE, BIRD_LOOKS_MAX};
use crate::plan::{FileKind, Owner, Step};
use crate::sys::bird::{Bird, BirdError, Check, Complaint};
use crate::sys::files;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

/// One change to one of BIRD's files, which can be taken back: what the file held, and what it is
/// to hold; `None`: it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: FileKind,
    pub owner: Owner,
    /// What it is called.
    pub name: String,
    /// Before this pass.
    pub before: Option<String>,
    pub after: Option<String>,
    /// The step, for the log.
    pub words: String,
}

impl Change {
    /// What a step changes of BIRD's files, if it does.
    pub fn of(step: &Step) -> Option<Change> {
        let (file, before, after) = match step {
            Step::WriteFile { kind, owner, name, old, new } => {
                ((*kind, *owner, name), old.clone(), Some(new.clone()))
            }
            Step::RemoveFile { kind, owner, name, old } => {
                ((*kind, *owner, name), Some(old.clone()), None)
            }
            _ => return None,
        };
        let (kind, owner, name) = file;
        if !kind.is_birds() {
            return None;
        }
        Some(Change { kind, owner, name: name.clone(), before, after, words: step.to_string() })
    }

    /// Makes the file what it is to be.
    pub fn put(&self, settings: &ApplySettings) -> Result<(), String> {
        self.place(settings, self.after.as_deref())
    }

    /// Makes the file what it was.
    pub fn take_back(&self, settings: &ApplySettings) -> Result<(), String> {
        self.place(settings, self.before.as_deref())
    }

    fn place(&self, settings: &ApplySettings, text: Option<&str>) -> Result<(), String> {
        let directory = settings.directory(self.kind);
        let placed = match text {
            Some(text) => files::write(directory, self.kind, &self.name, text),
            None => files::remove(directory, &self.name),
        };
        placed.map_err(|error| error.to_string())
    }
}

/// The changes under trial.
pub struct Trial<'a> {
    bird: &'a mut Bird,
    settings: &'a ApplySettings,
    subjects: Vec<Subject>,
    checks: usize,
}

/// One change, and how it stands.
struct Subject {
    change: Change,
    /// Was it on the disk before this pass? Then BIRD never ran it, and a crash may have left it.
    is_old: bool,
    is_there: bool,
    /// Why it does not stay.
    fault: Option<String>,
}

/// What came of a trial.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// BIRD accepts what lies on the disk: these changes stayed, and these owners' did not.
    Content(Vec<Change>, Vec<(Owner, String)>),
    /// BIRD refuses its configuration without any change of ours; all went back.
    Refused(String),
}

impl<'a> Trial<'a> {
    /// `changes` are on the disk already. `suspects` are there from before, and BIRD does not run
    /// them.
    pub fn new(
        bird: &'a mut Bird,
        settings: &'a ApplySettings,
        changes: Vec<Change>,
        suspects: Vec<Change>,
    ) -> Trial<'a> {
        let mut subjects = Vec::new();
        for change in changes {
            subjects.push(Subject { change, is_old: false, is_there: true, fault: None });
        }
        for change in suspects {
            subjects.push(Subject { change, is_old: true, is_there: true, fault: None });
        }
        Trial { bird, settings, subjects, checks: 0 }
    }

    /// Holds the trial. An error: BIRD did not answer, and all is as it was before this pass.
    pub async fn hold(mut self) -> Result<Verdict, String> {
        let verdict = self.decide().await;
        if !matches!(verdict, Ok(None)) {
            self.restore();
        }
        self.sync();
        match verdict {
            Err(error) => Err(error.to_string()),
            Ok(Some(complaint)) => Ok(Verdict::Refused(refused(&complaint))),
            Ok(None) => Ok(self.content()),
        }
    }

    /// `Some`: BIRD refuses its configuration without us.
    async fn decide(&mut self) -> Result<Option<Complaint>, BirdError> {
        let Some(first) = self.ask().await? else { return Ok(None) };
        let news = 0..self.subjects.iter().filter(|subject| !subject.is_old).count();
        self.take_back(news.clone());
        if !news.is_empty() && self.ask().await?.is_none() {
            self.sort_out(news, first).await?;
            return Ok(None);
        }
        let all = 0..self.subjects.len();
        if all == news {
            return Ok(Some(first));
        }
        self.take_back(all.clone());
        match self.ask().await? {
            Some(complaint) => Ok(Some(complaint)),
            None => self.sort_out(all, first).await.map(|()| None),
        }
    }

    /// Lets those return that BIRD accepts. `first`: its words to all of them together.
    async fn sort_out(&mut self, all: Range<usize>, first: Complaint) -> Result<(), BirdError> {
        let mut groups = vec![(all, Some(first))];
        while let Some((group, known)) = groups.pop() {
            if self.checks >= BIRD_CHECKS_MAX {
                self.accuse(group, "not tried now: BIRD refuses too many others");
                continue;
            }
            let complaint = match known {
                Some(complaint) => complaint,
                None => {
                    self.put(group.clone());
                    let Some(complaint) = self.ask().await? else { continue };
                    self.take_back(group.clone());
                    complaint
                }
            };
            let half = group.start + group.len() / 2;
            if group.len() > 1 {
                groups.push((half..group.end, None));
                groups.push((group.start..half, None));
            } else if let Some(subject) = self.subjects.get_mut(group.start) {
                subject.fault = Some(blame(&subject.change, &complaint, self.settings));
            }
        }
        Ok(())
    }

    /// `None`: BIRD is content.
    async fn ask(&mut self) -> Result<Option<Complaint>, BirdError> {
        self.checks += 1;
        match self.bird.check().await? {
            Check::Ok => Ok(None),
            Check::Refused(complaint) => Ok(Some(complaint)),
        }
    }

    fn put(&mut self, group: Range<usize>) {
        for subject in self.subjects.get_mut(group).into_iter().flatten() {
            subject.put(self.settings);
        }
    }

    fn take_back(&mut self, group: Range<usize>) {
        for subject in self.subjects.get_mut(group).into_iter().flatten().rev() {
            subject.take_back(self.settings);
        }
    }

    fn accuse(&mut self, group: Range<usize>, why: &str) {
        for subject in self.subjects.get_mut(group).into_iter().flatten() {
            subject.fault.get_or_insert(why.to_string());
        }
    }

    /// All is as it was before this pass.
    fn restore(&mut self) {
        for subject in self.subjects.iter_mut().rev() {
            if subject.is_old {
                subject.put(self.settings);
            } else {
                subject.take_back(self.settings);
            }
        }
    }

    /// Makes durable what is there now.
    fn sync(&self) {
        let kinds: BTreeSet<FileKind> =
            self.subjects.iter().map(|subject| subject.change.kind).collect();
        for kind in kinds {
            if let Err(error) = files::sync(self.settings.directory(kind)) {
                log::error!("{error}");
            }
        }
    }

    fn content(self) -> Verdict {
        let (mut kept, mut failures) = (Vec::new(), Vec::new());
        for Subject { change, is_old, fault, .. } in self.subjects {
            match fault {
                Some(why) => failures.push((change.owner, why)),
                None if !is_old => kept.push(change),
                None => {}
            }
        }
        Verdict::Content(kept, failures)
    }
}

impl Subject {
    /// Puts the change on the disk.
    fn put(&mut self, settings: &ApplySettings) {
        if !self.is_there {
            self.is_there = true;
            let done = self.change.put(settings);
            self.note(done);
        }
    }

    /// Takes the change back.
    fn take_back(&mut self, settings: &ApplySettings) {
        if self.is_there {
            self.is_there = false;
            let done = self.change.take_back(settings);
            self.note(done);
        }
    }

    /// What the disk does not take is the fault of the change.
    fn note(&mut self, done: Result<(), String>) {
        if let Err(error) = done {
            log::error!("{}: {error}", self.change.owner);
            self.fault.get_or_insert(error);
        }
    }
}

/// Why a change does not stay, in BIRD's words to it alone.
fn blame(change: &Change, complaint: &Complaint, settings: &ApplySettings) -> String {
    let (kind, owner) = (change.kind, change.owner);
    let named = complaint.file.as_deref().and_then(|path| identify(path, settings));
    let file = match owner {
        Owner::Pop => settings.pop.naming.file(kind, owner),
        Owner::Mesh(_) | Owner::Peering(_) => "its file".to_string(),
    };
    if named == Some((kind, owner)) {
        let (line, column, words) = (complaint.line, complaint.column, &complaint.words);
        return format!("BIRD refuses line {line}, column {column} of {file}: {words}");
    }
    let with = if change.after.is_some() { "with" } else { "without" };
    format!("BIRD refuses its configuration {with} {file}: {complaint}")
}

/// Which file of ours this is, if it lies in its directory.
fn identify(path: &Path, settings: &ApplySettings) -> Option<(FileKind, Owner)> {
    let name = path.file_name()?.to_str()?;
    let kinds = [FileKind::Bird].into_iter().chain(crate::plan::SHARED_FILES);
    for kind in kinds {
        if let Some(owner) = settings.pop.naming.file_owner(kind, name)
            && files::is_in(path, settings.directory(kind))
        {
            return Some((kind, owner));
        }
    }
    None
}

/// What BIRD refuses without any doing of ours.
pub fn refused(complaint: &Complaint) -> String {
    format!("BIRD refuses its configuration, not because of a peering: {complaint}")
}

// Which protocols of ours BIRD runs.

/// The same of those to our own POPs.
pub const MESH_PATTERN: &str = "ibgp_*";

/// What BIRD runs that bears names of ours.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Those whose protocols it has.
    pub all: BTreeSet<Owner>,
    /// Those that somebody disabled.
    pub disabled: BTreeSet<Owner>,
}

/// What BIRD runs of ours.
pub(super) async fn ours(bird: &mut Bird, settings: &ApplySettings) -> Result<Running, BirdError> {
    let mut protocols = bird.protocols(&settings.pop.naming.protocol_pattern()).await?;
    let mesh: BTreeMap<String, Owner> = settings.pop.mesh_protocols();
    if !mesh.is_empty() {
        protocols.extend(bird.protocols(MESH_PATTERN).await?);
    }
    let mut running = Running::default();
    for protocol in protocols {
        let owner = match mesh.get(&protocol.name) {
            Some(owner) => Some(*owner),
            None => settings.pop.naming.protocol_peering(&protocol.name).map(Owner::Peering),
        };
        // A protocol that was removed is listed until its routes are gone, as `flush`.
        let Some(owner) = owner.filter(|_| protocol.state != "flush") else { continue };
        running.all.insert(owner);
        if protocol.is_disabled() {
            running.disabled.insert(owner);
        }
    }
    Ok(running)
}

/// Looks until every protocol is there or gone as it should be; BIRD takes a moment to close a
/// session. Who is not as it should be then, and why.
pub(super) async fn look_for(
    bird: &mut Bird,
    settings: &ApplySettings,
    expected: &Expected,
) -> Result<Vec<(Owner, String)>, BirdError> {
    const MISSING: &str =
        "BIRD was configured and does not run its protocol; is bgp_peers included?";
    const STAYING: &str = "BIRD still runs its protocol";
    let mut wrong = Vec::new();
    for _ in 0..BIRD_LOOKS_MAX {
        wrong.clear();
        let running = ours(bird, settings).await?.all;
        for owner in &expected.present {
            if *owner != Owner::Pop && !running.contains(owner) {
                wrong.push((*owner, MISSING.to_string()));
            }
        }
        for owner in &expected.absent {
            if running.contains(owner) {
                wrong.push((*owner, STAYING.to_string()));
            }
        }
        if wrong.is_empty() {
            break;
        }
        smol::Timer::after(BIRD_LOOK_PAUSE).await;
    }
    Ok(wrong)
}
