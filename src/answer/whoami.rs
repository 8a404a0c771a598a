//! intro and whoami: who the caller is.

use super::{Answer, VERSION};
use crate::model::{Asn, Mntner, Role};
use crate::text::Screen;
use crate::text::escape::{escape, escape_lines, sentence};
use crate::text::table::{Fit, Table};
use nanoserde::SerJson;
use std::rc::Rc;

/// The greeting of a session.
#[derive(Debug)]
pub struct Intro {
    /// What the operator wants to be read first; empty: nothing.
    pub banner: Rc<str>,
    /// Who is greeted.
    pub identity: IdentityView,
    /// What they should know before they type anything, in sentences.
    pub notices: Vec<String>,
}

/// Who the caller is, in one line.
#[derive(Debug)]
pub struct Whoami(pub IdentityView);

/// The caller, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityView {
    /// The maintainer; `None` for an administrator who acts for nobody.
    pub maintainer: Option<Mntner>,
    /// What they may do.
    pub role: Role,
    /// The AS numbers, sorted.
    pub asns: Vec<Asn>,
    /// The name of this network; its AS number where it has none.
    pub network: String,
    /// The public name of this POP.
    pub server: String,
    /// Our AS number.
    pub our_asn: Asn,
}

impl Answer for Intro {
    fn text(&self, screen: Screen) -> String {
        let identity = &self.identity;
        let banner = match self.banner.trim_end() {
            "" => String::new(),
            text => format!("\n{}\n", escape_lines(text)),
        };
        let our_asn = identity.our_asn.to_string();
        let network = if identity.network.is_empty() || identity.network == our_asn {
            our_asn
        } else {
            format!("{} ({our_asn})", escape(&identity.network))
        };
        let notices: String = self.notices.iter().map(|notice| sentence(notice) + "\n").collect();
        let gap = if notices.is_empty() { "" } else { "\n" };
        screen.fold(format!(
            "{banner}\nWelcome to {network} automated peering service\n\
             You are connected as {} to {} @ {}\n\n{}\n\
             {notices}{gap}Use this shell to configure your BGP peering session.\n\n\
             Type help or ? to list commands.\n\n",
            identity.name(),
            identity.server,
            identity.our_asn,
            identity.asns_table(screen)
        ))
    }

    fn json(&self) -> Option<String> {
        None
    }
}

impl Answer for Whoami {
    fn text(&self, screen: Screen) -> String {
        let numbers: Vec<String> = self.0.asns.iter().map(Asn::to_string).collect();
        screen.fold(if numbers.is_empty() {
            format!("{}, no AS number\n", self.0.name())
        } else {
            format!("{}, {}\n", self.0.name(), numbers.join(", "))
        })
    }

    fn json(&self) -> Option<String> {
        let identity = &self.0;
        let json = WhoamiJson {
            version: VERSION,
            maintainer: identity.maintainer.as_ref().map(Mntner::to_string),
            admin: identity.role == Role::Admin,
            asns: identity.asns.iter().map(|asn| asn.get()).collect(),
            server: identity.server.clone(),
            server_asn: identity.our_asn.get(),
        };
        Some(json.serialize_json())
    }
}

impl IdentityView {
    fn name(&self) -> String {
        match (&self.maintainer, self.role) {
            (Some(name), Role::Member) => name.to_string(),
            (Some(name), Role::Admin) => format!("{name} (by an administrator)"),
            (None, _) => "administrator".to_string(),
        }
    }

    fn asns_table(&self, screen: Screen) -> String {
        match (self.asns.is_empty(), self.role) {
            (true, Role::Admin) => "You may act for every AS number.\n".to_string(),
            (true, Role::Member) => {
                "The registry has no AS number that you maintain.\n".to_string()
            }
            (false, _) => {
                let mut table = Table::new([("Your AS number(s)", Fit::Whole)]);
                table.rows = self.asns.iter().map(|asn| vec![asn.get().to_string()]).collect();
                table.render(screen.columns, screen.style)
            }
        }
    }
}

#[derive(SerJson)]
struct WhoamiJson {
    version: u8,
    #[nserde(serialize_none_as_null)]
    maintainer: Option<String>,
    admin: bool,
    asns: Vec<u32>,
    server: String,
    server_asn: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::examples::identity;

    #[test]
    fn a_network_without_a_name_is_greeted_by_its_number_alone() {
        let number = identity().our_asn.to_string();
        for (network, welcome) in [
            ("", "Welcome to AS4242420263 automated"),
            (number.as_str(), "Welcome to AS4242420263 automated"),
            ("Example Network", "Welcome to Example Network (AS4242420263) automated"),
        ] {
            let identity = IdentityView { network: network.to_string(), ..identity() };
            let intro = Intro { banner: "".into(), identity, notices: vec![] };
            let text = intro.text(Screen::PIPE);
            assert!(text.starts_with(&format!("\n{welcome}")), "{text}");
        }
    }
}
