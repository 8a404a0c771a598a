//! What is said at the end: how to log in, and what dn42's wiki may say of the POP.

use crate::config::Config;
use crate::model::Mntner;

/// The port of SSH's members where none is told.
const SSH_PORT: u16 = 22;

/// The last lines.
pub(super) fn text(config: &Config, maintainer: Option<&Mntner>) -> String {
    let pop = &config.pop;
    let port = config.ssh.listen.first().map_or(SSH_PORT, |address| address.port());
    let login = maintainer.map_or("NAME".to_string(), login);
    let network = pop.network.replace('|', "\\|");
    format!(
        "\nYou log in with\n\n    ssh -p {port} {login}@{host}\n\nand members with their own NAME, \
         which is their maintainer without -MNT. In dn42's wiki, services/Automatic-Peering lists \
         who peers so\nwithout waiting; your line, at its place by AS number:\n\n    {asn} | \
         {network} | `ssh -p {port} NAME@{host}` (NAME: your maintainer without -MNT) |\n",
        host = pop.name,
        asn = pop.asn,
    )
}

/// As it is typed: small letters, without the ending that all have.
fn login(maintainer: &Mntner) -> String {
    let name = maintainer.to_string().to_ascii_lowercase();
    name.strip_suffix("-mnt").unwrap_or(&name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    #[test]
    fn the_line_to_log_in_with_and_that_of_the_wiki_are_told() {
        let lines = "[pop]\nasn = 4242420001\nname = \"pop.flap42.eu\"\nnetwork = \"A|B\"\n[ssh]\n\
                     listen = [\"[::]:2222\"]\n";
        let source = Source { name: "test", text: lines };
        let config = crate::config::resolve(Some(source), &[]).unwrap();
        let told = text(&config, Some(&"NODE-MNT".parse().unwrap()));
        assert!(told.contains("\n    ssh -p 2222 node@pop.flap42.eu\n"), "{told}");
        let entry = "\n    AS4242420001 | A\\|B | `ssh -p 2222 NAME@pop.flap42.eu` ";
        assert!(told.contains(entry), "{told}");
    }
}
