//! The one beside whom all of it happens: a real router in a namespace of its own, with WireGuard,
//! BIRD and an Established BGP session. Nothing that is done to others may move it.

use crate::machine::{Program, sh};
use crate::pop::{Pop, Speaker, link_process, ssh};
use crate::run::wait_for;
use crate::stage::{BYSTANDER, Stage, bird_common, secret};
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use tinyjson::JsonValue;

/// The bystander, and how it was when it was last well.
pub struct Bystander {
    _bird: Program,
    seen: Option<Seen>,
}

/// What may not change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    /// Which of BIRD's lives it is of.
    bird_life: usize,
    /// When the BGP session entered its state, in milliseconds.
    since_ms: i64,
    link: String,
    process: Option<i32>,
}

/// BIRD works a time out anew for each answer, and may be off by a little.
const SINCE_TOLERANCE_MS: i64 = 100;

impl Bystander {
    /// Peers, installs what the POP prints, and waits until BGP is Established.
    pub fn stand(stage: &Stage, pop: &Pop) -> Bystander {
        let key = secret(2).public();
        let said = node(stage).run(&format!(
            "peer_create --asn {BYSTANDER} --wg-pub-key {key} --endpoint-addr node.lab.example \
                 --endpoint-port 20263 --yes --wait --json"
        ));
        assert_eq!(said.status, Some(0), "the bystander's peering: {said:#?}");
        let config = node(stage).run(&format!("peer_config --asn {BYSTANDER} --json"));
        let config: JsonValue = config.fine().parse().unwrap();
        let config = &config["peer"]["config"];
        let text = |name: &str| config[name].get::<String>().unwrap().clone();
        let link = text("link");
        let own = secret(2).reveal();
        // The router has no name server.
        let conf = text("wireguard").replace("**REPLACEME**", &own);
        stage.write("node.conf", &conf.replace("pop.lab.example", "[fd5e:1ab:1::1]"));
        let at = stage.directory.display().to_string();
        let common = bird_common(&at, "172.20.32.1", "172.20.32.0/27", "fd42:32::/48");
        let common = common.replace("bird.log", "node.bird.log");
        stage.write("node.bird.conf", &format!("{common}{}", text("bird")));
        bring_up(&at, &link);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", "node", "bird", "-f"]);
        command.arg("-c").arg(stage.path("node.bird.conf"));
        command.arg("-s").arg(stage.path("node.ctl")).arg("-P").arg(stage.path("node.pid"));
        let bird = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut bystander = Bystander { _bird: Program::start(bird), seen: None };
        let stands = wait_for(|| bystander.trouble(stage, pop).is_none().then_some(()));
        assert!(stands.is_some(), "the bystander: {:?}", bystander.trouble(stage, pop));
        bystander
    }

    /// What of it is not as it was. In a new life of BIRD it is well as soon as it is Established.
    pub fn trouble(&mut self, stage: &Stage, pop: &Pop) -> Option<String> {
        let Some(now) = look(stage, pop) else {
            return Some("the bystander's BGP session is not Established".to_owned());
        };
        let Some(before) = &self.seen else {
            self.seen = Some(now);
            return None;
        };
        if (&before.link, before.process) != (&now.link, now.process) {
            return Some(format!("the bystander's link was made anew: {before:?}, then {now:?}"));
        }
        if before.bird_life != now.bird_life {
            self.seen = Some(now);
            return None;
        }
        let moved = (before.since_ms - now.since_ms).abs() > SINCE_TOLERANCE_MS;
        moved.then(|| format!("the bystander's BGP session came up anew: {before:?}, then {now:?}"))
    }
}

fn node(stage: &Stage) -> crate::ssh::Ssh {
    let source = "fd5e:1ab:1::1".to_owned();
    ssh(stage, &Speaker { login: "node".to_owned(), key: "node.0".to_owned(), source })
}

/// As wg-quick does, with a process for the link.
fn bring_up(at: &str, link: &str) {
    let mut script = format!(
        "inside() {{ ip netns exec node unshare --mount sh -c \
             'mount --bind {at}/node.run /run/wireguard && exec \"$@\"' sh \"$@\"; }}
         inside wireguard-go {link} >{at}/node.wg.log 2>&1
         wg-quick strip {at}/node.conf >{at}/node.stripped
         inside wg setconf {link} {at}/node.stripped
         ip -n node link set {link} mtu 1420 addrgenmode none
         ip -n node link set {link} up\n"
    );
    writeln!(
        script,
        "sed -n 's/^PostUp = //p' {at}/node.conf | sed 's/%i/{link}/g' >{at}/node.up
         inside sh -e {at}/node.up"
    )
    .unwrap();
    sh(&script);
}

/// `None`: it is not Established.
fn look(stage: &Stage, pop: &Pop) -> Option<Seen> {
    let protocol = format!("ebgp_as{BYSTANDER}_v6");
    let control = stage.path("bird.ctl").display().to_string();
    let said = crate::machine::try_sh(&format!("birdc -s {control} show protocols {protocol}"));
    let line = said.stdout.lines().find(|line| line.starts_with(&protocol))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    if !words.contains(&"Established") {
        return None;
    }
    let since = sh(&format!("date -d '{} {}' +%s%3N", words[4], words[5]));
    let link = format!("wg-as{BYSTANDER}");
    let shown = crate::machine::try_sh(&format!("ip -o link show {link}"));
    Some(Seen {
        bird_life: pop.bird_lives,
        since_ms: since.trim().parse().unwrap(),
        link: shown.stdout.split(':').next().unwrap_or_default().to_owned(),
        process: link_process(BYSTANDER),
    })
}
