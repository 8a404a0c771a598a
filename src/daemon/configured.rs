//! What only the operator can mend is found before the service begins: to start it again and again
//! would mend nothing, so the service manager is told not to.

use super::{Assembled, ConfigFile, Trouble};
use crate::ssh::load_host_key;

/// The exit status of a configuration that is wrong (`EX_CONFIG` of sysexits.h). The unit names it
/// in `RestartPreventExitStatus=`.
pub const EXIT_CONFIGURATION: u8 = 78;

/// Why an operation failed, a line for each reason.
#[derive(Debug)]
pub enum Failure {
    /// The service's configuration, or a file that it names, is wrong: nobody but the operator
    /// mends it.
    Configuration(Vec<Trouble>),
    /// Anything else: the next try may go well.
    Other(Vec<Trouble>),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Failure {
        Failure::Other(vec![trouble])
    }
}

impl From<Vec<Trouble>> for Failure {
    fn from(troubles: Vec<Trouble>) -> Failure {
        Failure::Other(troubles)
    }
}

/// Reads everything that the service needs of its configuration, and makes nothing. All mistakes
/// are told at once.
pub fn configured(file: &ConfigFile) -> Result<Assembled, Vec<Trouble>> {
    let assembled = Assembled::load(file)?;
    let mut troubles = Vec::new();
    troubles.extend(assembled.private_key.as_ref().err().cloned());
    troubles.extend(assembled.ssh_settings().err());
    for path in &assembled.config.ssh.host_keys {
        // One that is not there is made.
        if path.exists()
            && let Err(error) = load_host_key(path)
        {
            troubles.push(Trouble::new(error.to_string()));
        }
    }
    match troubles.is_empty() {
        true => Ok(assembled),
        false => Err(troubles),
    }
}

/// `peerling serve --test`.
pub fn test(file: &ConfigFile) -> Result<(), Failure> {
    configured(file).map(drop).map_err(Failure::Configuration)
}
