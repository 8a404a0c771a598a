//! The POP's public name: does it lead to this machine?

use super::step::Step;
use crate::daemon::Trouble;
use crate::model::{Families, HostName};
use crate::sys::dns::Resolver;
use crate::sys::own_addresses;
use std::net::IpAddr;
use std::path::Path;

/// The step's name.
const NAME: &str = "name";

/// Where a name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// To this machine.
    Here,
    /// To addresses that this machine does not have.
    Elsewhere(Vec<IpAddr>),
    /// To no address: why.
    Nowhere(String),
}

/// What is known of a name that leads elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It was just given.
    Given,
    /// It was given, and the operator says that a router passes it on; or it is the
    /// configuration's.
    Confirmed,
}

/// Asks the name servers.
pub(super) async fn look(name: &str) -> Found {
    let addresses = match name.parse::<IpAddr>() {
        Ok(address) => Ok(vec![address]),
        Err(_) => match name.parse::<HostName>() {
            Ok(host) => {
                let resolver = Resolver::system(Path::new(crate::daemon::RESOLV_CONF));
                let found = resolver.resolve(&host, Families::Both).await;
                found.map(|all| all.to_vec()).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        },
    };
    match addresses {
        Ok(addresses) => compare(&addresses, &own_addresses()),
        Err(words) => Found::Nowhere(words),
    }
}

/// A name leads here when every address that it has is of this machine.
fn compare(addresses: &[IpAddr], own: &[IpAddr]) -> Found {
    let mut foreign = Vec::new();
    for address in addresses {
        if !own.contains(address) {
            foreign.push(*address);
        }
    }
    if foreign.is_empty() { Found::Here } else { Found::Elsewhere(foreign) }
}

/// What has to be done.
///
/// # Errors
/// The name leads elsewhere, and nobody said that it should.
pub(super) fn judge(found: &Found, name: &str, word: Word) -> Result<Step, Trouble> {
    match found {
        Found::Here => Ok(Step::there(NAME, format!("{name} leads to this machine"))),
        Found::Nowhere(words) => {
            let why = format!("{name} leads nowhere yet: {words}");
            let line =
                format!("{name}. AAAA <an address of this machine>, in the zone of its domain");
            Ok(Step::yours(NAME, why, [line]))
        }
        Found::Elsewhere(addresses) => {
            let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            let shown = shown.join(", ");
            let why = format!("{name} is {shown}, which is no address of this machine");
            match word {
                Word::Confirmed => {
                    let line = "a router has to pass its ports on to this machine (NAT)";
                    Ok(Step::yours(NAME, why, [line]))
                }
                Word::Given => Err(Trouble::new(format!(
                    "{why}: correct its DNS, or give another --name. Where a router passes it on \
                     (NAT), write pop.name into the configuration yourself, or answer so at a \
                     terminal"
                ))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::step::State;

    #[test]
    fn a_name_leads_here_elsewhere_or_nowhere() {
        let [own, other]: [IpAddr; 2] =
            ["2001:db8::1", "2001:db8::2"].map(|it| it.parse().unwrap());
        assert_eq!(compare(&[own], &[own, other]), Found::Here);
        let elsewhere = compare(&[own, other], &[own]);
        assert_eq!(elsewhere, Found::Elsewhere(vec![other]));
        let error = judge(&elsewhere, "pop.flap42.eu", Word::Given).unwrap_err().to_string();
        assert!(error.starts_with("pop.flap42.eu is 2001:db8::2, which is no address"), "{error}");
        let told = judge(&elsewhere, "pop.flap42.eu", Word::Confirmed).unwrap();
        assert!(matches!(told.state, State::Yours(..)));
        let nowhere = judge(&Found::Nowhere("no such name".into()), "a.b", Word::Given).unwrap();
        assert!(matches!(nowhere.state, State::Yours(..)));
    }
}
