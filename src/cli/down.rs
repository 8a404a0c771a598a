//! `peerling down`: every link and BGP session of ours taken away, for a POP that ends or moves.
//! The database stays, and the service brings everything back from it.

use super::parse::Invocation;
use super::table::{DONE, DOWN_YES, FAILED};
use super::terminal::Terminal;
use crate::apply::{Apply, ApplySettings, DryRun, Reached, Removals};
use crate::board::Cause;
use crate::daemon::{Assembled, Failure, Service, Trouble, block_on, close};
use crate::local::{LocalSocket, SocketError};
use crate::plan::{Owner, SHARED_FILES};
use std::fmt::Write as _;
use std::path::Path;

/// Takes everything of ours down, once somebody has said that they mean it. Each thing is logged.
///
/// # Errors
/// The service runs, there is no database, nobody can be asked, or what keeps the pass from
/// beginning.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let file = invocation.file.clone();
    let assembled = Assembled::load(&file)?;
    let database = assembled.config.store.path.clone();
    // As long as it is held no service starts, which would put everything back.
    let _held = hold(&database)?;
    let service = Service::new(assembled, file)?;
    let store = service.control.store.clone();
    let mut apply = service.apply.removing(Removals::Others);
    let taken = take_down(&mut apply, invocation);
    let closed = close(&mut store.borrow_mut());
    let taken = taken?;
    closed?;
    Ok(match taken {
        Taken::Nothing => FAILED,
        Taken::Some => {
            super::complain(
                "peerling: not everything is gone; mend what is told above, and type \
                             `peerling down` again\n",
            );
            FAILED
        }
        Taken::All(settings) => {
            super::print(&farewell(&settings, &database));
            DONE
        }
    })
}

/// What came of it.
enum Taken {
    /// Somebody said no.
    Nothing,
    /// Some of it could not be taken down; it was logged.
    Some,
    /// Nothing of ours is left, but for what these settings share with the operator's own files.
    All(std::rc::Rc<ApplySettings>),
}

/// Keeps the service from running. Without a database nothing is known to be ours.
fn hold(database: &Path) -> Result<LocalSocket, Trouble> {
    if !database.exists() {
        let path = database.display();
        return Err(Trouble::new(format!("there is no database at {path}: nothing is ours here")));
    }
    LocalSocket::bind(database).map_err(|error| match error {
        SocketError::Served(..) => Trouble::new(
            "the service runs and would put everything back: `systemctl stop peerling`, then \
             `peerling down`",
        ),
        error => Trouble::new(error.to_string()),
    })
}

fn take_down(apply: &mut Apply, invocation: &Invocation) -> Result<Taken, Trouble> {
    let dry_run = block_on(async |_| apply.dry_run().await)?.map_err(Trouble::new)?;
    for asn in &dry_run.adopted {
        super::complain(&format!(
            "peerling: {asn}: it was made by hand before peerling, and stays as it is\n"
        ));
    }
    if !dry_run.steps.is_empty() && !invocation.has(&DOWN_YES) && !is_meant(&dry_run)? {
        super::complain("peerling: nothing was taken down\n");
        return Ok(Taken::Nothing);
    }
    let reached = block_on(async |_| apply.pass(&[Cause::Other("peerling down")]).await)?;
    Ok(match reached {
        Reached::All => Taken::All(apply.settings().borrow().clone()),
        Reached::NotAll => Taken::Some,
    })
}

/// Asks whoever sits at the terminal.
fn is_meant(dry_run: &DryRun) -> Result<bool, Trouble> {
    let Some(mut terminal) = Terminal::open() else {
        return Err(Trouble::new("nobody can be asked here: `peerling down --yes` takes it down"));
    };
    for step in &dry_run.steps {
        super::print(&format!("{step}\n"));
    }
    terminal.confirm("Members lose their BGP sessions here. Take all this down?", "no")
}

/// What is left, and how everything comes back.
fn farewell(settings: &ApplySettings, database: &Path) -> String {
    let mut text = "no link and no BGP session of ours is left on this machine\n".to_string();
    if let Some(directory) = &settings.pop.include_directory {
        for kind in SHARED_FILES {
            let path = directory.join(settings.pop.naming.file(kind, Owner::Pop));
            if path.exists() {
                let path = path.display();
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{path} stays: your bird.conf may include it");
            }
        }
    }
    let database = database.display();
    text + &format!("{database} stays: `systemctl start peerling` brings everything back\n")
}
