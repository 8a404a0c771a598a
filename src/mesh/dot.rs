//! The mesh as a graph for Graphviz. Names, networks and numbers have no character that its
//! language would take for something else.

use super::{Inventory, MeshLink, Pop, Switch};
use std::fmt::Write as _;

/// An undirected graph: a node for each POP with its networks, this POP's drawn thicker; an edge
/// for each link, with its cost where that was set, dashed where it is off.
pub fn dot(inventory: &Inventory) -> String {
    let mut text =
        "graph mesh {\n    graph [layout=circo];\n    node [shape=box, style=rounded];\n"
            .to_string();
    for pop in &inventory.pops {
        let thick = if pop.name == inventory.own { ", penwidth=3" } else { "" };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "    \"{}\" [label=\"{}\"{thick}];", pop.name, label(pop));
    }
    for (from, link) in inventory.edges() {
        let looks = looks(&link);
        let _ = writeln!(text, "    \"{}\" -- \"{}\"{looks};", from.name, link.to.name);
    }
    text + "}\n"
}

/// Name and networks, each in a line of its own.
fn label(pop: &Pop) -> String {
    let ipv4 = pop.ipv4.map(|it| format!("\\n{it}")).unwrap_or_default();
    format!("{}\\n{}{ipv4}", pop.name, pop.ipv6)
}

fn looks(link: &MeshLink<'_>) -> String {
    let cost = link.cost.map(|it| format!("label=\"{it}\""));
    let off = (link.switch == Switch::Off).then(|| "style=dashed".to_string());
    let all: Vec<String> = cost.into_iter().chain(off).collect();
    if all.is_empty() { String::new() } else { format!(" [{}]", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use crate::mesh::tests::drawn;

    #[test]
    fn the_graph_is_as_it_was() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mesh/mesh.dot");
        crate::testing::golden(path, &super::dot(&drawn()));
    }
}
