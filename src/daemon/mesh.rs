//! `peerling mesh`: the plan of one's own network, for people and for programs. Nothing is looked
//! at but the configuration.

use super::assemble::read_config;
use super::{ConfigFile, Trouble};
use crate::mesh::{Inventory, MeshLink, Pop, Switch, dot, json, svg};
use crate::text::Screen;
use crate::text::table::{Fit, Table};
use std::fmt;
use std::io::IsTerminal as _;
use std::str::FromStr;

/// How the mesh is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Three tables: POPs, networks, the links of this POP.
    Table,
    /// A graph for Graphviz.
    Dot,
    /// A picture.
    Svg,
    /// One object.
    Json,
}

/// A word that is no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Format, UnknownFormat> {
        match text {
            "table" => Ok(Format::Table),
            "dot" => Ok(Format::Dot),
            "svg" => Ok(Format::Svg),
            "json" => Ok(Format::Json),
            _ => Err(UnknownFormat),
        }
    }
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a format is table, dot, svg or json")
    }
}

impl std::error::Error for UnknownFormat {}

/// The whole inventory as a text for standard output.
pub fn run(file: &ConfigFile, format: Format) -> Result<String, Vec<Trouble>> {
    let inventory = read_config(file)?.inventory.ok_or_else(|| {
        let words = "there is no mesh: set mesh.self, and write a [[mesh.pop]] for each POP, this \
                     one too; peerling.toml(5) tells of them";
        vec![Trouble::new(words)]
    })?;
    Ok(match format {
        Format::Table => tables(&inventory, screen()),
        Format::Dot => dot::dot(&inventory),
        Format::Svg => svg::svg(&inventory),
        Format::Json => format!("{}\n", json::json(&inventory)),
    })
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
    let draw = |table: Table| table.render(screen.columns, screen.style);
    [pops(inventory), networks(inventory), links(inventory)].map(draw).join("\n")
}

fn pops(inventory: &Inventory) -> Table {
    let row = |pop: &Pop| {
        let (host, key) = (pop.host.to_string(), pop.key.to_string());
        vec![pop.name.to_string(), pop.id.to_string(), host, key, state(pop.switch)]
    };
    Table {
        title: Some("POPs".to_string()),
        rows: inventory.pops.iter().map(row).collect(),
        ..Table::new(["POP", "Id", "Host", "Public key", "State"].map(whole))
    }
}

fn networks(inventory: &Inventory) -> Table {
    let row = |pop: &Pop| {
        vec![
            pop.name.to_string(),
            pop.ipv6.to_string(),
            pop.gateway_ipv6().to_string(),
            shown(pop.ipv4),
            shown(pop.gateway_ipv4()),
        ]
    };
    let heads = ["POP", "IPv6 network", "IPv6 gateway", "IPv4 network", "IPv4 gateway"];
    Table {
        title: Some("Networks and gateways".to_string()),
        rows: inventory.pops.iter().map(row).collect(),
        ..Table::new(heads.map(whole))
    }
}

fn links(inventory: &Inventory) -> Table {
    let row = |link: &MeshLink<'_>| {
        vec![
            link.name().to_string(),
            link.to.name.to_string(),
            link.listen_port.to_string(),
            link.endpoint.as_ref().map(|it| it.bracketed()).unwrap_or_default(),
            link.ipv6.0.to_string(),
            link.ipv6.1.to_string(),
            link.ipv4.0.to_string(),
            link.ipv4.1.to_string(),
            shown(link.cost),
            shown(link.mtu),
            state(link.switch),
        ]
    };
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
    Table {
        title: Some(format!("Links of {}", inventory.own)),
        rows: inventory.links().iter().map(row).collect(),
        ..Table::new(columns)
    }
}

fn whole(head: &str) -> (&str, Fit) {
    (head, Fit::Whole)
}

/// Nothing where nothing was set.
fn shown(value: Option<impl fmt::Display>) -> String {
    value.map(|it| it.to_string()).unwrap_or_default()
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

    #[test]
    fn formats_are_the_words_of_the_help() {
        let operation = crate::usage::OPERATIONS.iter().find(|it| it.name == "mesh").unwrap();
        let words: Vec<&str> = operation.arguments[0].value.split('|').collect();
        assert_eq!(words, ["table", "dot", "svg", "json"]);
        assert!(words.iter().all(|it| it.parse::<Format>().is_ok()));
        assert!(["", "Table", "png"].iter().all(|it| it.parse::<Format>().is_err()));
    }
}
