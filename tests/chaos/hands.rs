//! What an operator's hands, or another program, do to things of ours. All of it is put right.

use crate::machine::{processes, signal, try_sh};
use crate::model::Standing;
use crate::play::Play;
use crate::random::Random;
use rustix::process::Signal;
use std::fs;

/// How often one peering is spoilt before it is left in peace: the fourth time peerling leaves it.
const DAMAGE_MAX: usize = 3;

/// Spoils one thing of one peering.
pub fn one(play: &mut Play, random: &mut Random) {
    let mut asns = play.model.with(Standing::Active);
    asns.retain(|asn| !play.away.contains(asn));
    let patient = |asn: &u32| play.model.damage.get(asn).is_none_or(|it| *it < DAMAGE_MAX);
    if random.chance(97) {
        asns.retain(patient);
    }
    if asns.is_empty() {
        return play.note("hand", "nothing to spoil");
    }
    let asn = random.pick(&asns);
    let what = match random.below(20) {
        0..6 => file(play, random, asn),
        6..15 => link(random, asn),
        15..18 => protocol(play, random, asn),
        _ => operator(play, random),
    };
    play.model.spoil(asn);
    play.note("hand", &format!("AS{asn}: {what}"));
}

fn file(play: &Play, random: &mut Random, asn: u32) -> String {
    let name = match random.chance(50) {
        true => format!("bird/ebgp_as{asn}"),
        false => format!("wireguard/wg-as{asn}.conf"),
    };
    let path = play.stage.path(&name);
    // On a full or read-only disk a hand has no more luck than a program.
    match random.below(5) {
        0 | 1 => {
            let _ = fs::remove_file(&path);
            format!("rm {name}")
        }
        2 => {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let _ = fs::write(&path, format!("{text}\n# by hand\n"));
            format!("append a line to {name}")
        }
        3 => {
            let _ = fs::write(&path, "");
            format!("truncate {name}")
        }
        _ => {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let _ = fs::write(&path, text.replace("4242420", "4242421").replace("30", "31"));
            format!("change {name}")
        }
    }
}

fn link(random: &mut Random, asn: u32) -> String {
    let name = format!("wg-as{asn}");
    let script = match random.below(9) {
        0 => format!("ip link delete {name}"),
        1 => format!("ip link set {name} down"),
        2 => format!("ip addr flush dev {name}"),
        3 => format!("ip addr add fe80::99:{:x}/64 dev {name} nodad", random.below(1000)),
        4 => format!("wg set {name} listen-port {}", 30_000 + random.below(10_000)),
        5 => format!("wg set {name} peer $(wg show {name} peers | head -n 1) remove"),
        6 => format!(
            "wg set {name} peer $(wg show {name} peers | head -n 1) persistent-keepalive 7 \
             allowed-ips fe80::/10"
        ),
        7 => format!("ip -6 route flush dev {name}"),
        _ => {
            for process in processes(&["wireguard-go", &name]) {
                signal(process, Signal::KILL);
            }
            return format!("kill the process of {name}");
        }
    };
    // The link may not be there at present.
    try_sh(&format!("timeout 1 bash -c '{script}' || true"));
    script
}

fn protocol(play: &Play, random: &mut Random, asn: u32) -> String {
    if !play.pop.bird_answers() {
        return "BIRD cannot be asked".to_owned();
    }
    let protocol = format!("ebgp_as{asn}_v6");
    let words = match random.below(4) {
        0..2 => format!("disable {protocol}"),
        2 => format!("restart {protocol}"),
        _ => format!("reload {protocol}"),
    };
    play.pop.birdc(&play.stage, &words);
    format!("birdc {words}")
}

/// The operator has BIRD read its files, whatever they hold now.
fn operator(play: &Play, random: &mut Random) -> String {
    if !play.pop.bird_answers() {
        return "BIRD cannot be asked".to_owned();
    }
    let words = random.pick(&["configure", "configure soft", "configure check"]);
    play.pop.birdc(&play.stage, words);
    format!("birdc {words}")
}
