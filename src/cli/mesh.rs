//! `peerling mesh`: the plan of one's own network, for people and for programs. Nothing is looked
//! at but the configuration.

use super::parse::Invocation;
use super::table::{DONE, FORMAT};
use crate::daemon::{Failure, Trouble, read_config};
use crate::mesh::show::{dot, json, svg};
use crate::mesh::{Inventory, Switch};
use crate::text::Screen;
use crate::text::table::{Fit, Table};
use std::fmt;
use std::io::IsTerminal as _;

/// What there is to do where no mesh is configured.
const NO_MESH: &str = "there is no mesh: set mesh.self, and write a [[mesh.pop]] for each POP, \
                       this one too; peerling.toml(5) tells of them";

/// Prints the whole inventory in the format that is asked for.
///
/// # Errors
/// The configuration is wrong, or has no mesh.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    let Some(inventory) = read_config(&invocation.file)?.inventory else {
        return Err(Trouble::new(NO_MESH).into());
    };
    super::print(&match invocation.text(&FORMAT) {
        Some("dot") => dot(&inventory),
        Some("svg") => svg(&inventory),
        Some("json") => format!("{}\n", json(&inventory)),
        _ => tables(&inventory, screen()),
    });
    Ok(DONE)
}

/// The operator's window, or a pipe.
fn screen() -> Screen {
    let stdout = std::io::stdout();
    let size = rustix::termios::tcgetwinsize(&stdout);
    match size {
        Ok(size) if stdout.is_terminal() && size.ws_col > 0 => {
            Screen::window(&std::env::var("TERM").unwrap_or_default(), size.ws_col.into())
        }
        _ => Screen::PIPE,
    }
}

fn tables(inventory: &Inventory, screen: Screen) -> String {
    let tables = [pops(inventory), networks(inventory), links(inventory)];
    tables.map(|table| table.render(screen.columns, screen.style)).join("\n")
}

fn pops(inventory: &Inventory) -> Table {
    let mut rows = Vec::new();
    for pop in &inventory.pops {
        rows.push(vec![
            pop.name.to_string(),
            pop.id.to_string(),
            pop.host.to_string(),
            pop.key.to_string(),
            state(pop.switch),
        ]);
    }
    Table {
        title: Some("POPs".to_string()),
        rows,
        ..Table::new(["POP", "Id", "Host", "Public key", "State"].map(whole))
    }
}

fn networks(inventory: &Inventory) -> Table {
    let mut rows = Vec::new();
    for pop in &inventory.pops {
        rows.push(vec![
            pop.name.to_string(),
            pop.ipv6.to_string(),
            pop.gateway_ipv6().to_string(),
            shown(pop.ipv4),
            shown(pop.gateway_ipv4()),
        ]);
    }
    let heads = ["POP", "IPv6 network", "IPv6 gateway", "IPv4 network", "IPv4 gateway"];
    Table { title: Some("Networks and gateways".to_string()), rows, ..Table::new(heads.map(whole)) }
}

fn links(inventory: &Inventory) -> Table {
    let mut rows = Vec::new();
    for link in inventory.links() {
        rows.push(vec![
            link.name().to_string(),
            link.to.name.to_string(),
            link.listen_port.to_string(),
            link.endpoint.as_ref().map(|endpoint| endpoint.bracketed()).unwrap_or_default(),
            link.ipv6.0.to_string(),
            link.ipv6.1.to_string(),
            link.ipv4.0.to_string(),
            link.ipv4.1.to_string(),
            shown(link.cost),
            shown(link.mtu),
            state(link.switch),
        ]);
    }
    let columns = [
        ("Interface", Fit::Whole),
        ("To", Fit::Whole),
        ("Listen port", Fit::Whole),
        ("Endpoint", Fit::Wrap),
        ("IPv6 local", Fit::Whole),
        ("IPv6 remote", Fit::Whole),
        ("IPv4 local", Fit::Whole),
        ("IPv4 remote", Fit::Whole),
        ("Cost", Fit::Whole),
        ("MTU", Fit::Whole),
        ("State", Fit::Whole),
    ];
    Table { title: Some(format!("Links of {}", inventory.own)), rows, ..Table::new(columns) }
}

fn whole(head: &str) -> (&str, Fit) {
    (head, Fit::Whole)
}

/// Nothing where nothing was set.
fn shown(value: Option<impl fmt::Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn state(switch: Switch) -> String {
    match switch {
        Switch::On => "on".to_string(),
        Switch::Off => "off".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::drawn;

    #[test]
    fn the_tables_are_as_they_were() {
        for (name, screen) in
            [("pipe", Screen::PIPE), ("window", Screen::window("xterm", 160).without_color())]
        {
            let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mesh");
            crate::testing::golden(
                &format!("{directory}/table-{name}.txt"),
                &tables(&drawn(), screen),
            );
        }
    }
}
