//! The mesh for programs (one JSON object), for Graphviz (a graph) and for a browser (a picture).

use super::{Inventory, MeshLink, Pop, Switch};
use crate::model::PopName;
use nanoserde::SerJson;
use std::f64::consts::TAU;
use std::fmt::Write as _;

// The mesh for programs: one JSON object with `"version": 1`. Fields are added, never renamed.
//
// It has every link of the network as each of its ends sees it, not only those of this POP: what
// draws or watches the network asks one POP. Those of this one have `"from"` equal to `"self"`.

/// The version of everything here.
const VERSION: u8 = 1;

#[derive(SerJson)]
struct Mesh {
    version: u8,
    #[nserde(rename = "self")]
    own: String,
    networks: Vec<String>,
    pops: Vec<PopShown>,
    links: Vec<LinkShown>,
}

#[derive(SerJson)]
struct PopShown {
    name: String,
    id: u8,
    host: String,
    public_key: String,
    ipv6: String,
    ipv6_gateway: String,
    #[nserde(serialize_none_as_null)]
    ipv4: Option<String>,
    #[nserde(serialize_none_as_null)]
    ipv4_gateway: Option<String>,
    off: bool,
}

#[derive(SerJson)]
struct LinkShown {
    from: String,
    to: String,
    interface: String,
    listen_port: u16,
    #[nserde(serialize_none_as_null)]
    endpoint_addr: Option<String>,
    #[nserde(serialize_none_as_null)]
    endpoint_port: Option<u16>,
    ipv6_local: String,
    ipv6_remote: String,
    ipv4_local: String,
    ipv4_remote: String,
    #[nserde(serialize_none_as_null)]
    cost: Option<u16>,
    #[nserde(serialize_none_as_null)]
    mtu: Option<u32>,
    off: bool,
}

/// The inventory and what follows from it; without a line end.
pub fn json(inventory: &Inventory) -> String {
    let mut links = Vec::new();
    for from in &inventory.pops {
        for to in &inventory.pops {
            if let Some(between) = inventory.link(from, to) {
                links.push(link(from, &between));
            }
        }
    }
    Mesh {
        version: VERSION,
        own: inventory.own.to_string(),
        networks: inventory.networks.iter().map(|network| network.to_string()).collect(),
        pops: inventory.pops.iter().map(pop).collect(),
        links,
    }
    .serialize_json()
}

fn pop(pop: &Pop) -> PopShown {
    PopShown {
        name: pop.name.to_string(),
        id: pop.id.get(),
        host: pop.host.to_string(),
        public_key: pop.key.to_string(),
        ipv6: pop.ipv6.to_string(),
        ipv6_gateway: pop.gateway_ipv6().to_string(),
        ipv4: pop.ipv4.map(|address| address.to_string()),
        ipv4_gateway: pop.gateway_ipv4().map(|address| address.to_string()),
        off: pop.switch == Switch::Off,
    }
}

fn link(from: &Pop, link: &MeshLink<'_>) -> LinkShown {
    let endpoint = link.endpoint.as_ref();
    LinkShown {
        from: from.name.to_string(),
        to: link.to.name.to_string(),
        interface: link.name().to_string(),
        listen_port: link.listen_port.get(),
        endpoint_addr: endpoint.map(|endpoint| endpoint.host.to_string()),
        endpoint_port: endpoint.map(|endpoint| endpoint.port.get()),
        ipv6_local: link.ipv6.0.as_str().to_string(),
        ipv6_remote: link.ipv6.1.as_str().to_string(),
        ipv4_local: link.ipv4.0.to_string(),
        ipv4_remote: link.ipv4.1.to_string(),
        cost: link.cost,
        mtu: link.mtu,
        off: link.switch == Switch::Off,
    }
}

// The mesh as a graph for Graphviz. Names, networks and numbers have no character that its
// language would take for something else.

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
    let ipv4 = pop.ipv4.map(|network| format!("\\n{network}")).unwrap_or_default();
    format!("{}\\n{}{ipv4}", pop.name, pop.ipv6)
}

fn looks(link: &MeshLink<'_>) -> String {
    let cost = link.cost.map(|cost| format!("label=\"{cost}\""));
    let off = (link.switch == Switch::Off).then(|| "style=dashed".to_string());
    let all: Vec<String> = cost.into_iter().chain(off).collect();
    if all.is_empty() { String::new() } else { format!(" [{}]", all.join(", ")) }
}

// The mesh as a picture, for a browser: the POPs on a circle, the links as lines between them.

/// Lengths are pixels. A line of small text, and what one of its letters takes.
const LINE: f64 = 16.0;
const LETTER: f64 = 6.8;
/// Between text and the edge of its box, and round the whole.
const SPACE: f64 = 12.0;
/// Between neighbours, above each other or side by side: the words of their link fit in between.
const GAP: Point = (72.0, 30.0);
/// With fewer POPs the circle does not get smaller.
const RADIUS_MIN: f64 = 180.0;
/// How far along a link its words stand: between neighbours in the middle, where there is room;
/// else not there, for other links go through the same middle, or it is behind a box.
const WORDS_AT: f64 = 0.5;
const WORDS_AT_FAR: f64 = 0.36;

const STYLE: &str = "\
text { font: 11px monospace; text-anchor: middle; fill: #222; }
.name { font: bold 14px sans-serif; }
.words { paint-order: stroke; stroke: #fff; stroke-width: 5px; }
rect { fill: #fff; stroke: #456; stroke-width: 1.2; }
rect.self { fill: #e8f1fb; stroke-width: 3; }
rect.off { stroke-dasharray: 5 4; }
rect.paper { stroke: none; }
line { stroke: #89a; stroke-width: 1.4; }
line.off { stroke: #c66; stroke-dasharray: 5 4; }";

/// Across and down.
type Point = (f64, f64);

/// Where everything stands.
struct Layout<'a> {
    names: Vec<&'a PopName>,
    /// Width and height of a POP's box.
    size: Point,
    radius: f64,
}

/// An SVG document. A link that is off is dashed; what was set of one stands on it, and in full in
/// what the mouse finds there. This POP's box is drawn thicker.
pub fn svg(inventory: &Inventory) -> String {
    let layout = Layout::of(inventory);
    let (width, height) = layout.whole();
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">\n<title>Mesh of {}</title>\n<style>\n{STYLE}\n\
         </style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        escaped(inventory.own.as_str())
    );
    let edges: Vec<_> = inventory.edges().collect();
    for (from, link) in &edges {
        line(&mut text, from, link, layout.ends(from, link));
    }
    for (from, link) in &edges {
        let at = if layout.are_neighbours(from, link.to) { WORDS_AT } else { WORDS_AT_FAR };
        words(&mut text, link, layout.ends(from, link), at);
    }
    for pop in &inventory.pops {
        let class = if pop.name == inventory.own {
            "self"
        } else if pop.switch == Switch::Off {
            "off"
        } else {
            "on"
        };
        draw(&mut text, &PopBox { pop, class, center: layout.place(pop), size: layout.size });
    }
    text + "</svg>\n"
}

impl<'a> Layout<'a> {
    fn of(inventory: &'a Inventory) -> Layout<'a> {
        let lines = inventory.pops.iter().flat_map(lines);
        let longest = lines.map(|(_, text)| text.chars().count()).max().unwrap_or(0);
        let size = (length(longest) * LETTER + 2.0 * SPACE, 3.0 * LINE + SPACE);
        // Where the circle is flattest, neighbours must be apart in one direction or the other.
        let (sin, cos) = (TAU / length(inventory.pops.len().max(2))).sin_cos();
        let radius = ((size.0 + GAP.0) / sin).min((size.1 + GAP.1) / (1.0 - cos)).max(RADIUS_MIN);
        Layout { names: inventory.pops.iter().map(|pop| &pop.name).collect(), size, radius }
    }

    fn whole(&self) -> Point {
        let around = 2.0 * (self.radius + SPACE);
        (around + self.size.0, around + self.size.1)
    }

    fn number(&self, pop: &Pop) -> usize {
        self.names.iter().position(|name| **name == pop.name).unwrap_or(0)
    }

    fn are_neighbours(&self, one: &Pop, other: &Pop) -> bool {
        let apart = self.number(one).abs_diff(self.number(other));
        apart == 1 || apart + 1 == self.names.len()
    }

    fn ends(&self, from: &Pop, link: &MeshLink<'_>) -> [Point; 2] {
        [self.place(from), self.place(link.to)]
    }

    /// The middle of a POP's box, the first on top, clockwise.
    fn place(&self, pop: &Pop) -> Point {
        let turn = length(self.number(pop)) / length(self.names.len());
        let (sin, cos) = (TAU * turn).sin_cos();
        let (width, height) = self.whole();
        (width / 2.0 + self.radius * sin, height / 2.0 - self.radius * cos)
    }
}

/// A number of letters or POPs; there are fewer than `u32` has room for.
fn length(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// What stands in a box, with the class of each line.
fn lines(pop: &Pop) -> impl Iterator<Item = (&'static str, String)> {
    let networks = [Some(pop.ipv6.to_string()), pop.ipv4.map(|network| network.to_string())];
    let networks = networks.into_iter().flatten().map(|network| ("network", network));
    [("name", pop.name.to_string())].into_iter().chain(networks)
}

fn line(text: &mut String, from: &Pop, link: &MeshLink<'_>, ends: [Point; 2]) {
    let [(x1, y1), (x2, y2)] = ends;
    let class = if link.switch == Switch::Off { " class=\"off\"" } else { "" };
    let mtu = link.mtu.map(|mtu| format!("MTU {mtu}"));
    let different = [cost(link), mtu, off(link)].into_iter().flatten().collect::<Vec<_>>();
    let gap = if different.is_empty() { "" } else { ": " };
    let title = format!("{} to {}{gap}{}", from.name, link.to.name, different.join(", "));
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        text,
        "<line{class} x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\">\
         <title>{}</title></line>",
        escaped(&title)
    );
}

/// What is different about a link, on the line.
fn words(text: &mut String, link: &MeshLink<'_>, [from, to]: [Point; 2], at: f64) {
    let all: Vec<String> = [cost(link), off(link)].into_iter().flatten().collect();
    if !all.is_empty() {
        let x = from.0 + at * (to.0 - from.0);
        let y = from.1 + at * (to.1 - from.1) + LINE / 4.0;
        let words = escaped(&all.join(", "));
        let _ = writeln!(text, "<text class=\"words\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>");
    }
}

fn cost(link: &MeshLink<'_>) -> Option<String> {
    link.cost.map(|cost| format!("cost {cost}"))
}

fn off(link: &MeshLink<'_>) -> Option<String> {
    (link.switch == Switch::Off).then(|| "off".to_string())
}

/// A POP's box, and the class of its frame.
struct PopBox<'a> {
    pop: &'a Pop,
    class: &'static str,
    center: Point,
    size: Point,
}

/// A box round the lines of a POP.
fn draw(text: &mut String, PopBox { pop, class, center, size }: &PopBox<'_>) {
    let ((x, y), (width, height)) = (*center, *size);
    let (left, top) = (x - width / 2.0, y - height / 2.0);
    let _ = writeln!(
        text,
        "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" \
         height=\"{height:.1}\" rx=\"6\"/>"
    );
    let count = length(lines(pop).count());
    for (number, (class, line)) in lines(pop).enumerate() {
        let y = y + LINE * (length(number) - count / 2.0 + 0.75);
        let line = escaped(&line);
        let _ = writeln!(text, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{line}</text>");
    }
}

/// Text in XML, between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::drawn;

    /// That it is as `packaging/schema/mesh.json` says, tests/service/schema.rs holds.
    #[test]
    fn the_answer_is_as_it_was() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/json/mesh-four.json");
        crate::testing::golden(path, &format!("{}\n", json(&drawn())));
    }

    #[test]
    fn the_graph_is_as_it_was() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mesh/mesh.dot");
        crate::testing::golden(path, &dot(&drawn()));
    }

    #[test]
    fn the_picture_is_as_it_was() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mesh/mesh.svg");
        crate::testing::golden(path, &svg(&drawn()));
    }

    #[test]
    fn no_two_boxes_meet() {
        let usual = drawn();
        for count in [1, 2, 3, 8, 20, 99] {
            let named = |number: u8| Pop {
                name: format!("p{number}").parse().unwrap(),
                ..usual.pops[0].clone()
            };
            let inventory = Inventory { pops: (1..=count).map(named).collect(), ..usual.clone() };
            let layout = Layout::of(&inventory);
            let places: Vec<_> = inventory.pops.iter().map(|it| layout.place(it)).collect();
            for (number, one) in places.iter().enumerate() {
                for other in places.iter().skip(number + 1) {
                    let apart = ((one.0 - other.0).abs(), (one.1 - other.1).abs());
                    assert!(apart.0 > layout.size.0 || apart.1 > layout.size.1, "{count}");
                }
            }
        }
    }

    #[test]
    fn text_of_others_stays_text() {
        assert_eq!(escaped("<a & b>"), "&lt;a &amp; b&gt;");
    }
}
