//! The backup: every interval, and some time after a change, this POP's copies are exported into a
//! working copy of git, committed with words that say what changed, and exchanged with the other
//! POPs.
//!
//! Members make changes in bursts, so a change waits until it was quiet for a while, but not for
//! ever. What fails is told once, and tried less and less often.

use super::Assembled;
use super::export::Pieces;
use super::rhythm::Rhythm;
use crate::backup::{Change, SERVERS, message};
use crate::control::Control;
use crate::limits::{BACKUP_DELAY_MAX, BACKUP_LOOK_PAUSE, BACKUP_PAUSE_MAX, BACKUP_QUIET};
use crate::local::News;
use crate::model::{Once, Turn};
use crate::peering::Generation;
use crate::sys::git::{GitError, WorkingCopy};
use smol::channel::Receiver;
use smol::future::FutureExt as _;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What the configuration asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    directory: PathBuf,
    interval: Duration,
    pieces: Pieces,
}

/// A working copy, and what is known of it.
pub struct Backup {
    wish: Wish,
    control: Rc<Control>,
    rhythm: Rhythm,
    saved: Option<Generation>,
    seen: Option<Generation>,
    burst: Option<Burst>,
    trouble: Once<String>,
}

/// Changes that were not exported yet.
struct Burst {
    first: Instant,
    last: Instant,
}

/// What is wished now: SIGHUP may change it.
pub type Wishes = Rc<RefCell<Option<Wish>>>;

/// Goes on until the program ends; `again` (SIGHUP) says that something was mended, or that the
/// wish is another one.
pub async fn run(wishes: Wishes, control: Rc<Control>, news: Rc<News>, again: Receiver<()>) {
    let mut backup = None;
    loop {
        let mended = asked(&again).await;
        take_over(&wishes, &mut backup, &control);
        news.backup_error
            .replace(backup.as_ref().and_then(|backup| backup.trouble.wrong().cloned()));
        let Some(backup) = &mut backup else { continue };
        if mended {
            backup.rhythm.again();
        }
        backup.look();
        if backup.rhythm.is_due() || backup.is_quiet() {
            backup.make().await;
        }
    }
}

/// Another wish begins anew: the first backup is due at once.
fn take_over(wishes: &Wishes, backup: &mut Option<Backup>, control: &Rc<Control>) {
    let wish = wishes.borrow();
    if *wish != backup.as_ref().map(|backup| backup.wish.clone()) {
        *backup = wish.clone().map(|wish| Backup::new(wish, control.clone()));
    }
}

impl Wish {
    /// That of the configuration, if it wants a backup.
    pub fn of(assembled: &Assembled) -> Option<Wish> {
        let config = &assembled.config.backup;
        Some(Wish {
            directory: config.git.clone()?,
            interval: Duration::from_secs(config.interval_s.into()),
            pieces: Pieces::of(assembled),
        })
    }
}

impl Backup {
    /// The first is due at once.
    fn new(wish: Wish, control: Rc<Control>) -> Backup {
        let mut rhythm = Rhythm::new(wish.interval, BACKUP_PAUSE_MAX);
        rhythm.soon();
        Backup {
            wish,
            control,
            rhythm,
            saved: None,
            seen: None,
            burst: None,
            trouble: Once::default(),
        }
    }

    /// Has somebody changed something?
    fn look(&mut self) {
        let now = self.control.store.borrow().generation().ok();
        if now != self.seen {
            self.seen = now;
            let last = Instant::now();
            let first = self.burst.as_ref().map_or(last, |burst| burst.first);
            self.burst = (now != self.saved).then_some(Burst { first, last });
        }
    }

    fn is_quiet(&self) -> bool {
        let Some(burst) = &self.burst else { return false };
        let is_over = burst.last.elapsed() >= BACKUP_QUIET;
        self.rhythm.is_well() && (is_over || burst.first.elapsed() >= BACKUP_DELAY_MAX)
    }

    async fn make(&mut self) {
        (self.saved, self.burst) = (self.seen, None);
        let made = self.try_to().await;
        self.rhythm.tried(&made);
        let place = self.wish.directory.display();
        match self.trouble.turn(made.err()) {
            Turn::Wrong(why) => log::warn!("backup: {place}: {why}"),
            Turn::Over => log::info!("backup: {place}: it is well again"),
            Turn::Same => {}
        }
    }

    /// What could be exported is committed and sent, also where something could not.
    async fn try_to(&self) -> Result<(), String> {
        let database = self.control.store.borrow().publishable();
        let Wish { directory, pieces, .. } = &self.wish;
        let copy = WorkingCopy::begin(directory, &ours(pieces)).await.map_err(words)?;
        let exported = pieces.export(database, directory).await;
        let changes = copy.changes().await.map_err(words)?;
        if !changes.is_empty() {
            let changes: Vec<_> =
                changes.into_iter().map(|(letter, path)| (change(letter), path)).collect();
            let message = message(&pieces.name, &changes);
            copy.commit(&message.text()).await.map_err(words)?;
            log::info!("backup: {}", message.line);
        }
        copy.exchange().await.map_err(words)?;
        let troubles = exported.troubles.iter().chain(&exported.left_out);
        let troubles: Vec<String> = troubles.cloned().collect();
        if troubles.is_empty() { Ok(()) } else { Err(troubles.join("; ")) }
    }
}

/// What is not well with a backup, as far as it can be seen without changing anything.
pub async fn look(assembled: &Assembled, directory: &Path) -> Result<(), String> {
    let copy = WorkingCopy::open(directory, &ours(&Pieces::of(assembled))).await.map_err(words)?;
    match copy.unpushed().await.map_err(words)? {
        0 => Ok(()),
        count => Err(format!("{count} commits are not pushed; the log says why")),
    }
}

fn ours(pieces: &Pieces) -> String {
    format!("{SERVERS}/{}", pieces.name)
}

fn words(error: GitError) -> String {
    error.to_string()
}

/// By git's letter for it.
fn change(letter: char) -> Change {
    match letter {
        'A' => Change::Added,
        'D' => Change::Removed,
        _ => Change::Changed,
    }
}

/// Waits for the next look, or until it is asked for: was it?
async fn asked(again: &Receiver<()>) -> bool {
    let asked = async {
        match again.recv().await {
            Ok(()) => true,
            Err(_) => smol::future::pending().await,
        }
    };
    let elapsed = async {
        smol::Timer::after(BACKUP_LOOK_PAUSE).await;
        false
    };
    asked.or(elapsed).await
}
