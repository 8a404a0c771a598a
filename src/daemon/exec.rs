//! `peerling exec`: a shell command from the local machine, as a maintainer or as the admin. A
//! running service sees the change in the database within a second.

use super::{Assembled, ConfigFile, Service, Trouble, block_on};
use crate::access::{Identity, Rights};
use crate::control::Control;
use crate::limits::IMPORT_BYTES_MAX;
use crate::model::{Mntner, Timestamp};
use crate::shell::{Event, Output, Session, Start};
use crate::sys::tree;
use smol::future;
use std::io::{Read as _, Write as _};
use std::rc::Rc;

/// Runs one command line; its exit status.
pub fn run(
    file: ConfigFile,
    name: Option<&str>,
    command: &str,
    now: Timestamp,
) -> Result<u32, Vec<Trouble>> {
    let assembled = Assembled::load(&file)?;
    let directory = assembled.config.registry.directory.clone();
    let mut service = Service::new(assembled, file).map_err(|it| vec![it])?;
    let store = service.control.store.clone();
    let run = block_on(async |_| {
        match tree::read(&directory).await {
            Ok((index, _)) => drop(service.control.index.replace(Rc::new(index))),
            Err(error) => log::warn!("{error}"),
        }
        // Nobody else's loop can be asked: what the machine looks like is seen for ourselves.
        if let Err(trouble) = service.apply.survey().await {
            log::warn!("{trouble}");
        }
        let identity = identity(&service.control, name)?;
        let done = drive(&service.control, &identity, command, now);
        Ok(future::or(done, service.apply.attend()).await)
    });
    let closed = store.borrow_mut().close().map_err(|error| Trouble::new(error.to_string()));
    let status = run.and_then(|it| it).map_err(|it| vec![it])?;
    closed.map(|()| status).map_err(|it| vec![it])
}

/// Whoever may read our database and our keys is the operator.
fn identity(control: &Control, name: Option<&str>) -> Result<Identity, Trouble> {
    let index = control.index.borrow();
    let known = |name: &Mntner| index.maintainer(name).is_some();
    let maintainer = match name {
        Some(name) => Some(
            Mntner::candidates(name)
                .find(known)
                .ok_or_else(|| Trouble::new(format!("the registry has no maintainer {name}")))?,
        ),
        None => None,
    };
    let (key, source) = ("local".to_string(), "local".to_string());
    Ok(Identity { maintainer, rights: Rights::Admin, key, source })
}

async fn drive(control: &Control, identity: &Identity, command: &str, now: Timestamp) -> u32 {
    let our_asn = control.settings.borrow().site.asn;
    let mut session =
        Session::new(Start::Exec(command.to_string()), None, our_asn).listed_for(identity.who());
    let mut output = Output::default();
    let mut heard = false;
    session.begin(&mut output);
    let status = loop {
        match session.next(&mut output) {
            Some(Event::Run(mut request)) => {
                // The loop runs in the service, not here: there is no board to watch.
                request.wait = None;
                let outcome = control.run(identity, &request, now).await;
                session.answered(outcome, &mut output);
            }
            // Only a member at a terminal looks on.
            Some(Event::Follow(_)) => session.followed(&mut output),
            Some(Event::Close(status)) => break status,
            Some(Event::Pause(_)) => break crate::shell::status::FAULT,
            None if heard => break crate::shell::status::FAULT,
            None => {
                heard = true;
                session.feed(&standard_input());
                session.end_of_input();
            }
        }
    };
    // Whoever closed these does not want to hear it.
    let _ = std::io::stdout().write_all(&output.out);
    let _ = std::io::stderr().write_all(&output.err);
    status
}

/// What a command may read, and a byte more, so that too much is known as such. What cannot be read
/// is not there.
fn standard_input() -> Vec<u8> {
    let (mut bytes, bound) = (Vec::new(), IMPORT_BYTES_MAX as u64 + 1);
    if let Err(error) = std::io::stdin().take(bound).read_to_end(&mut bytes) {
        log::warn!("standard input: {error}");
    }
    bytes
}
