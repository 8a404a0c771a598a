//! A command of the shell from this machine: the local administrator's, or a maintainer's by their
//! hand.

use crate::access::Identity;
use crate::answer::ExitStatus;
use crate::control::Control;
use crate::model::{Mntner, Role};
use crate::runtime;
use crate::shell::{Event, Output, Session, Start};
use crate::sys;
use std::time::Duration;

/// The key and the source that audit records name.
const LOCAL: &str = "local";

/// What is to be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The command's words; a single one is a whole line, as `ssh pop LINE` has it.
    pub words: Vec<String>,
    /// The maintainer that it is for; `None`: the administrator's own.
    pub maintainer: Option<String>,
    /// What the command reads from standard input.
    pub input: Vec<u8>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
    /// The exit status.
    pub status: u32,
}

/// Who carries out what commands save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The apply loop of this process.
    Here,
    /// Nobody: `--wait` has nothing to wait for.
    Nowhere,
}

/// Carries a command out. The error is a sentence for the operator.
pub async fn execute(control: &Control, order: &Order, applied: Applied) -> Result<Done, String> {
    let identity = identity(control, order.maintainer.as_deref())?;
    let our_asn = control.settings.borrow().site.asn;
    let start = Start::of_words(&order.words);
    let mut session = Session::new(start, None, our_asn).listed_for(identity.role);
    let mut output = Output::default();
    session.begin(&mut output);
    let mut input = Some(order.input.as_slice());
    let status = loop {
        match session.next(&mut output) {
            Some(Event::Run(mut request)) => {
                if applied == Applied::Nowhere {
                    request.wait = request.wait.map(|_| Duration::ZERO);
                }
                runtime::give_way().await;
                let outcome = control.run(&identity, &request, sys::now()).await;
                session.answered(outcome, &mut output);
            }
            // Only a member at a terminal looks on.
            Some(Event::Follow(_)) => session.followed(),
            Some(Event::Close(status)) => break status,
            Some(Event::Pause(_)) => break ExitStatus::Fault.code(),
            None => match input.take() {
                Some([]) => session.end_of_input(),
                Some(bytes) => input = Some(session.feed(bytes)),
                None => break ExitStatus::Fault.code(),
            },
        }
    };
    Ok(Done { out: text(output.out), err: text(output.err), status })
}

/// Whoever may read our database and our keys is the operator.
fn identity(control: &Control, name: Option<&str>) -> Result<Identity, String> {
    let maintainer = name.map(|name| maintainer(control, name)).transpose()?;
    let (key, source) = (LOCAL.to_string(), LOCAL.to_string());
    Ok(Identity { maintainer, role: Role::Admin, key, source })
}

fn maintainer(control: &Control, name: &str) -> Result<Mntner, String> {
    let index = control.index.borrow();
    for candidate in Mntner::candidates(name) {
        if index.maintainer(&candidate).is_some() {
            return Ok(candidate);
        }
    }
    Err(format!("the registry has no maintainer {name}"))
}

/// What a session prints was text before it was bytes.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
