//! What is in the database, on the machine and in BIRD, as other programs tell it.

use crate::machine::{names, processes, tool};
use crate::model::{Peering, Psk, Standing};
use crate::play::Play;
use crate::quiet::{array, number, object, plain, rows, text};
use crate::stage::BYSTANDER;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tinyjson::JsonValue;

/// The peerings that must be served: id and values.
type Served<'a> = BTreeMap<u32, (u32, &'a Peering)>;

/// What is not as it was answered.
pub fn troubles(play: &Play, listed: &BTreeMap<u32, JsonValue>) -> Vec<String> {
    let served: Served<'_> = play
        .model
        .served()
        .into_iter()
        .map(|(asn, peering)| (asn, (number(&listed[&asn]["id"]), peering)))
        .collect();
    let mut troubles = database(play);
    troubles.extend(files(play, &served));
    troubles.extend(links(play, &served));
    troubles.extend(protocols(play, &served));
    troubles
}

/// The bystander's AS number, where there is one.
fn bystander(play: &Play) -> Option<u32> {
    play.bystander.as_ref().map(|_| BYSTANDER)
}

fn database(play: &Play) -> Vec<String> {
    let mut troubles = Vec::new();
    let query = "SELECT l.as_num, l.wg_pub_key, p.standing, p.preshared_key FROM peering_links l
                 LEFT JOIN peerling_peering p ON p.as_num = l.as_num";
    let mut found = BTreeMap::new();
    for row in rows(play, query) {
        found.insert(number(&row["as_num"]), row);
    }
    found.remove(&BYSTANDER);
    let asns: Vec<_> = found.keys().collect();
    if asns != play.model.peerings.keys().collect::<Vec<_>>() {
        troubles.push(format!("the database has {asns:?}"));
        return troubles;
    }
    for (asn, wanted) in &play.model.peerings {
        let row = &found[asn];
        let standing = match object(row)["standing"].get::<String>() {
            Some(word) => word.clone(),
            None => Standing::Active.word().to_owned(),
        };
        if (text(&row["wg_pub_key"]), standing)
            != (wanted.key.clone(), wanted.standing.word().to_owned())
        {
            troubles.push(format!("the database has another AS{asn}: {row:?}, not {wanted:?}"));
        }
        let psk = row["preshared_key"].get::<String>().cloned();
        let fits = match &wanted.psk {
            Psk::Absent => psk.is_none(),
            Psk::Key(key) => psk.as_ref() == Some(key),
            Psk::Made => psk.is_some(),
        };
        if !fits {
            troubles.push(format!("the database has another preshared key for AS{asn}"));
        }
    }
    for (table, what) in [("peerling_removal", "removals"), ("peerling_owed", "debts to BIRD")] {
        let left = rows(play, &format!("SELECT * FROM {table}"));
        if !left.is_empty() {
            troubles.push(format!("{what} are left in the database: {left:?}"));
        }
    }
    let sound = rows(play, "PRAGMA quick_check");
    if sound.len() != 1 || text(&sound[0]["quick_check"]) != "ok" {
        troubles.push(format!("the database is damaged: {sound:?}"));
    }
    troubles
}

/// Every name in both directories is one of ours that must be there, or the operator's.
fn files(play: &Play, served: &Served<'_>) -> Vec<String> {
    let mut troubles = Vec::new();
    let asns = || served.keys().copied().chain(bystander(play));
    let wanted = [
        ("bird", asns().map(|asn| format!("ebgp_as{asn}")).collect::<Vec<_>>()),
        ("wireguard", asns().map(|asn| format!("wg-as{asn}.conf")).collect()),
    ];
    for (directory, mut wanted) in wanted {
        wanted.extend(play.foreign.names(directory));
        wanted.sort();
        let found = names(&play.stage.path(directory), |_| true);
        troubles.extend(differ(directory, &wanted, &found));
    }
    if !troubles.is_empty() {
        return troubles;
    }
    for (asn, (id, peering)) in served {
        let conf = play.stage.read(&format!("wireguard/wg-as{asn}.conf"));
        let mut lines =
            vec![format!("ListenPort = {}", 52_000 + id), format!("PublicKey = {}", peering.key)];
        if let Some((host, port)) = &peering.endpoint {
            // Without brackets also around an address, as the replaced service writes it.
            lines.push(format!("Endpoint = {host}:{port}"));
        }
        lines.extend(peering.mtu.map(|mtu| format!("MTU = {mtu}")));
        for line in lines {
            if !conf.lines().any(|it| it == line) {
                troubles.push(format!("wg-as{asn}.conf has no line {line:?}:\n{conf}"));
            }
        }
        let bird = play.stage.read(&format!("bird/ebgp_as{asn}"));
        let neighbor = bird.lines().find_map(|it| it.trim().strip_prefix("neighbor "));
        let neighbor = neighbor.and_then(|it| it.split(' ').next()).map(plain);
        if neighbor != Some(peering.remote(*id)) {
            troubles.push(format!("ebgp_as{asn} has another neighbor:\n{bird}"));
        }
    }
    troubles
}

fn differ(what: &str, wanted: &[String], found: &[String]) -> Option<String> {
    let (wanted, found) = (BTreeSet::from_iter(wanted), BTreeSet::from_iter(found));
    let missing: Vec<_> = wanted.difference(&found).collect();
    let more: Vec<_> = found.difference(&wanted).collect();
    (!missing.is_empty() || !more.is_empty())
        .then(|| format!("{what}: missing {missing:?}, and not to be there {more:?}"))
}

fn links(play: &Play, served: &Served<'_>) -> Vec<String> {
    let mut wanted: Vec<String> = served.keys().map(|asn| format!("wg-as{asn}")).collect();
    wanted.extend(bystander(play).map(|asn| format!("wg-as{asn}")));
    wanted.sort();
    let sockets = names(Path::new("/run/wireguard"), |_| true);
    let sockets: Vec<String> =
        sockets.iter().map(|it| it.trim_end_matches(".sock").to_owned()).collect();
    let shown: JsonValue = tool("ip", &["-j", "-6", "addr", "show"]).parse().unwrap();
    let mut links = BTreeMap::new();
    for link in array(&shown) {
        // A link without any address is an empty object.
        if let Some(name) = object(link).get("ifname") {
            links.insert(text(name), link);
        }
    }
    let all: JsonValue = tool("ip", &["-j", "link", "show"]).parse().unwrap();
    let mut found: Vec<String> = array(&all).iter().map(|it| text(&it["ifname"])).collect();
    found.retain(|name| name.starts_with("wg-as") && name != "wg-as64999");
    found.sort();
    let mut troubles: Vec<String> = differ("sockets", &wanted, &sockets).into_iter().collect();
    troubles.extend(differ("links", &wanted, &found));
    for name in &wanted {
        let count = processes(&["wireguard-go", name]).len();
        if count != 1 {
            troubles.push(format!("{name} has {count} processes"));
        }
    }
    if !troubles.is_empty() {
        return troubles;
    }
    let dump = tool("wg", &["show", "all", "dump"]);
    for (asn, (id, peering)) in served {
        let name = format!("wg-as{asn}");
        match links.get(&name) {
            Some(link) => troubles.extend(address(&name, link, *id, peering)),
            None => troubles.push(format!("{name} has no address")),
        }
        let endpoint = endpoint(play, peering);
        troubles.extend(wireguard(&name, &dump, *id, peering, endpoint));
    }
    troubles
}

/// One address of ours with the member's, and up.
fn address(name: &str, link: &JsonValue, id: u32, peering: &Peering) -> Option<String> {
    let addresses = array(&link["addr_info"]);
    let right = |it: &JsonValue| {
        let remote = object(it).get("address").map(text).unwrap_or_default();
        text(&it["local"]) == peering.local(id) && remote == peering.remote(id)
    };
    let up = array(&link["flags"]).iter().any(|it| text(it) == "UP");
    let mtu = peering.mtu.unwrap_or(0);
    let fits = mtu == 0 || number(&link["mtu"]) == mtu;
    let well = addresses.len() == 1 && right(&addresses[0]) && up && fits;
    (!well).then(|| format!("{name} is {link:?}; wanted {peering:?}"))
}

/// Where packets must go; `None`: that is not decided.
fn endpoint(play: &Play, peering: &Peering) -> Option<String> {
    let (host, port) = peering.endpoint.as_ref()?;
    let address = match host.contains(':') {
        true => host,
        false => play.stage.zone.get(host).filter(|it| it.starts_with("fd5e"))?,
    };
    Some(format!("[{}]:{port}", plain(address)))
}

fn wireguard(
    name: &str,
    dump: &str,
    id: u32,
    peering: &Peering,
    endpoint: Option<String>,
) -> Vec<String> {
    let mut troubles = Vec::new();
    let lines: Vec<Vec<&str>> =
        dump.lines().map(|line| line.split('\t').collect::<Vec<_>>()).collect();
    let of_link: Vec<_> = lines.iter().filter(|it| it[0] == name).collect();
    let [own, peer] = of_link.as_slice() else {
        return vec![format!("{name}: wg shows {of_link:?}")];
    };
    let port = (52_000 + id).to_string();
    let psk = match &peering.psk {
        Psk::Absent => "(none)",
        Psk::Key(key) => key,
        Psk::Made => peer[2],
    };
    let mut ips: Vec<&str> = peer[4].split(',').collect();
    ips.sort_unstable();
    let allowed = ["10.0.0.0/8", "172.16.0.0/12", "fd00::/8", "fe80::/10"];
    let well = own[3] == port
        && peer[1] == peering.key
        && peer[2] == psk
        && ips == allowed
        && peer[8] == "30";
    if !well {
        troubles.push(format!("{name}: wg shows {of_link:?}; wanted {peering:?}, port {port}"));
    }
    if endpoint.as_ref().is_some_and(|it| peer[3] != it) {
        troubles.push(format!("{name}: packets go to {}, not to {endpoint:?}", peer[3]));
    }
    if peer[3].contains("fd00:bad") {
        troubles.push(format!("{name}: packets go to a forbidden address, {}", peer[3]));
    }
    troubles
}

fn protocols(play: &Play, served: &Served<'_>) -> Vec<String> {
    let shown = play.pop.birdc(&play.stage, "show protocols");
    let mut wanted: Vec<String> = served.keys().map(|asn| format!("ebgp_as{asn}_v6")).collect();
    wanted.extend(bystander(play).map(|asn| format!("ebgp_as{asn}_v6")));
    let (mut found, mut troubles) = (Vec::new(), Vec::new());
    for line in shown.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, "BGP", _, state, ..] = words.as_slice() else { continue };
        found.push((*name).to_owned());
        if matches!(*state, "down" | "flush") {
            troubles.push(format!("BIRD: {line}"));
        }
    }
    troubles.extend(differ("protocols of BIRD", &wanted, &found));
    for name in ["by_hand", "own_ipv4", "own_ipv6"] {
        if !shown.contains(name) {
            troubles.push(format!("the operator's protocol {name} is gone"));
        }
    }
    troubles
}
