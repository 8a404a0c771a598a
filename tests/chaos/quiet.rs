//! A quiet moment: everything that was wrong around peerling is mended, and within a bounded time
//! all is as it was answered, in the database, on the machine and in BIRD; nothing else of ours is
//! there, and nobody else's things were touched.

use crate::machine::tool;
use crate::model::{Model, Peering, Standing, Told};
use crate::play::Play;
use crate::pop::{Database, Pop, Speaker, bird_parses, ssh, tail};
use crate::run::{Said, run};
use crate::stage::{BYSTANDER, MEMBERS, secret};
use crate::{machine_check, weather};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::time::{Duration, Instant};
use tinyjson::JsonValue;

/// How long it may take until all is well: a try that just failed, the pause before the next, and
/// BIRD's own time to connect.
const SETTLES: Duration = Duration::from_secs(40);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// How often one thing may drift before it is left alone.
const DRIFTS_MENDED: usize = 3;
/// What the service may have gained since it was lightest: kB and descriptors.
const GAIN_KB: usize = 16_000;
const GAIN_DESCRIPTORS: usize = 6;

/// Mends everything, waits until all is well, and fails if it is not in time.
pub fn moment(play: &mut Play) {
    play.tell("a quiet moment");
    weather::mend_all(play);
    play.stage.open = "yes";
    play.stage.configuration("");
    weather::start_service(play);
    play.pop.reload();
    let begin = Instant::now();
    let mut troubles = look(play);
    while !troubles.is_empty() {
        if begin.elapsed() > SETTLES {
            panic!(
                "not well {} s after everything was mended:\n{}",
                SETTLES.as_secs(),
                troubles.join("\n")
            );
        }
        std::thread::sleep(PAUSE);
        troubles = look(play);
    }
    weigh(play);
    (play.registry_unknown, play.zone_unknown) = (false, false);
    play.collisions_unknown = false;
    play.waited += begin.elapsed();
    let took_ms = begin.elapsed().as_millis();
    play.tell(&format!("all is well after {took_ms} ms, {} peerings", play.model.peerings.len()));
    *play.counts.entry("quiet".to_owned()).or_default() += 1;
}

/// What is not well; the cheap looks first.
fn look(play: &mut Play) -> Vec<String> {
    let ended = play.pop.service.as_mut().unwrap().ended();
    assert_eq!(ended, None, "the service ended by itself\n{}", tail(&play.stage));
    let said = ssh(&play.stage, &admin()).run("peer_list --all --json");
    let Ok(list) = said.stdout.parse::<JsonValue>() else {
        return vec![format!("peer_list: {said:?}")];
    };
    let mut listed = BTreeMap::new();
    for peer in array(&list["peers"]) {
        listed.insert(number(&peer["asn"]), peer.clone());
    }
    listed.remove(&BYSTANDER);
    resolve_doubts(&mut play.model, &listed);
    let mut troubles = list_troubles(&play.model, &listed);
    left_alone(play, &listed);
    if troubles.is_empty() {
        troubles = machine_check::troubles(play, &listed);
    }
    if troubles.is_empty() {
        troubles = foreign_and_bystander(play);
    }
    if troubles.is_empty() {
        troubles = operations(play);
    }
    if troubles.is_empty() && play.registry_unknown {
        troubles = logins(play);
    }
    troubles
}

fn admin() -> Speaker {
    let source = "::1".to_owned();
    Speaker { login: "admin".to_owned(), key: "admin".to_owned(), source }
}

/// Of a command whose answer was lost, the list tells what came of it.
fn resolve_doubts(model: &mut Model, listed: &BTreeMap<u32, JsonValue>) {
    for (asn, command) in std::mem::take(&mut model.doubts) {
        let before = model.peerings.get(&asn).cloned();
        let id = listed.get(&asn).map(|peer| number(&peer["id"]));
        let pending = listed.get(&asn).is_some_and(|peer| text(&peer["state"]) == "pending");
        let told = Told { id, psk: None, pending };
        let after = command.after(before.as_ref(), &told);
        let fits = |it: &Option<Peering>| match (it, listed.get(&asn)) {
            (None, None) => true,
            (Some(wanted), Some(peer)) => differences(wanted, peer).is_empty(),
            _ => false,
        };
        assert!(
            fits(&before) || fits(&after),
            "AS{asn}: after {command:?}, whose answer was lost, it is neither as before nor as \
             asked for: {:?}\nbefore: {before:?}\nafter: {after:?}",
            listed.get(&asn).map(|it| it.stringify()),
        );
        // A suspended peering that its member removed leaves a ban; that is looked at by hand.
        let found = if fits(&after) { after } else { before };
        match found {
            Some(peering) => drop(model.peerings.insert(asn, peering)),
            None => drop(model.peerings.remove(&asn)),
        }
    }
}

fn list_troubles(model: &Model, listed: &BTreeMap<u32, JsonValue>) -> Vec<String> {
    let mut troubles = Vec::new();
    for asn in listed.keys().filter(|asn| !model.peerings.contains_key(asn)) {
        troubles.push(format!("AS{asn} is in the list, and was answered to be gone"));
    }
    for (asn, wanted) in &model.peerings {
        let Some(peer) = listed.get(asn) else {
            troubles.push(format!("AS{asn} is lost: {wanted:?}"));
            continue;
        };
        let wrong = differences(wanted, peer);
        if !wrong.is_empty() {
            troubles.push(format!("AS{asn}: {}", wrong.join(", ")));
        }
        let state = text(&peer["state"]);
        if wanted.standing == Standing::Active && state != "applied" {
            troubles.push(format!("AS{asn} is {state}: {}", peer["error"].stringify().unwrap()));
        }
    }
    troubles
}

/// What a listed peering has otherwise than it was answered.
fn differences(wanted: &Peering, peer: &JsonValue) -> Vec<String> {
    let state = text(&peer["state"]);
    let standing = match state.as_str() {
        "pending" => Standing::Pending,
        "disabled" => Standing::Disabled,
        "suspended" => Standing::Suspended,
        _ => Standing::Active,
    };
    let endpoint = match &peer["wg_endpoint_addr"] {
        JsonValue::String(host) => Some((host.clone(), number(&peer["wg_endpoint_port"]))),
        _ => None,
    };
    let id = number(&peer["id"]);
    let mtu = peer["mtu"].get::<f64>().map(|it| *it as u32);
    let psk = peer["psk"].get::<bool>().copied().unwrap_or_default();
    let link_local = plain(&text(&peer["link_local"]));
    let mut wrong = Vec::new();
    let mut compare = |what: &str, wanted: String, found: String| {
        if wanted != found {
            wrong.push(format!("{what} is {found} and should be {wanted}"));
        }
    };
    compare("id", wanted.id.unwrap_or(id).to_string(), id.to_string());
    compare("standing", wanted.standing.word().to_owned(), standing.word().to_owned());
    compare("key", wanted.key.clone(), text(&peer["wg_pub_key"]));
    compare("endpoint", format!("{:?}", wanted.endpoint), format!("{endpoint:?}"));
    compare("address", wanted.remote(id), link_local);
    compare("MTU", format!("{:?}", wanted.mtu), format!("{mtu:?}"));
    let has_psk = wanted.psk != crate::model::Psk::Absent;
    compare("preshared key", has_psk.to_string(), psk.to_string());
    compare("families", wanted.families.to_owned(), text(&peer["families"]));
    wrong
}

/// An address in its shortest form.
pub fn plain(address: &str) -> String {
    address.parse().map_or(address.to_owned(), |it: std::net::Ipv6Addr| it.to_string())
}

/// What somebody spoilt more often than peerling mends comes back after a restart.
fn left_alone(play: &mut Play, listed: &BTreeMap<u32, JsonValue>) {
    let is_left = |asn: &u32| {
        let words = listed.get(asn).map(|it| it["error"].stringify().unwrap_or_default());
        words.is_some_and(|it| it.contains("put right"))
    };
    let spoilt = |asn: &u32| play.model.damage.get(asn).is_some_and(|it| *it > DRIFTS_MENDED);
    let left: Vec<u32> = listed.keys().copied().filter(|asn| is_left(asn) && spoilt(asn)).collect();
    if !left.is_empty() {
        play.pop.stop_service(&play.stage, Database::Free);
        play.pop.start_service(&play.stage);
        play.model.damage.clear();
        play.tell(&format!(
            "{left:?} were left alone, since they were spoilt too often: restarted"
        ));
    }
}

fn foreign_and_bystander(play: &mut Play) -> Vec<String> {
    let mut troubles = play.foreign.troubles(&play.stage);
    if let Some(bystander) = &mut play.bystander {
        troubles.extend(bystander.trouble(&play.stage, &play.pop));
    }
    troubles
}

/// BIRD would start again, a plan has nothing to do, and check says what it said at first.
fn operations(play: &Play) -> Vec<String> {
    let mut troubles = Vec::new();
    let parsed = bird_parses(&play.stage);
    if parsed.status != Some(0) {
        troubles.push(format!("bird -p: {}", parsed.stderr.trim()));
    }
    let plan = run(Pop::command(&play.stage).arg("plan"), b"");
    if plan.status != Some(0) || !plan.stdout.is_empty() {
        troubles.push(format!("plan is not empty: {plan:#?}"));
    }
    troubles
}

/// Each member is let in with the key that the registry has, and has the AS numbers that it says.
fn logins(play: &Play) -> Vec<String> {
    let mut troubles = Vec::new();
    for member in &play.stage.members[..MEMBERS] {
        let key = format!("{}.{}", member.name, member.key);
        let speaker = Speaker { login: member.name.clone(), key, source: "::1".to_owned() };
        let said: Said = ssh(&play.stage, &speaker).run("whoami --json");
        let mut wanted = member.asns.clone();
        wanted.sort_unstable();
        let asns = said.stdout.parse::<JsonValue>().ok().map(|it| numbers(&it["asns"]));
        if asns.as_ref() != Some(&wanted) {
            troubles.push(format!("{} should have {wanted:?}: {said:?}", member.name));
        }
    }
    troubles
}

/// Memory and descriptors are back.
fn weigh(play: &mut Play) {
    let mut now = play.pop.weight();
    let lightest = play.lightest.get_or_insert(now);
    lightest.0 = lightest.0.min(now.0);
    lightest.1 = lightest.1.min(now.1);
    let begin = Instant::now();
    while now.0 > lightest.0 + GAIN_KB || now.1 > lightest.1 + GAIN_DESCRIPTORS {
        assert!(
            begin.elapsed() < SETTLES,
            "the service holds {} kB and {} descriptors; it had {} and {}",
            now.0,
            now.1,
            lightest.0,
            lightest.1
        );
        std::thread::sleep(PAUSE);
        now = play.pop.weight();
    }
    let log = fs::read(play.stage.path("peerling.log")).unwrap();
    let log = String::from_utf8_lossy(&log);
    assert!(!log.contains("panicked"), "the service panicked\n{}", tail(&play.stage));
    for number in 1..=2 {
        let told = log.contains(&secret(number).reveal());
        assert!(!told, "a private key is in the log");
    }
}

/// The rows of the database, as another program reads them.
pub fn rows(play: &Play, query: &str) -> Vec<JsonValue> {
    let database = play.stage.path("state/peering.db").display().to_string();
    let said = tool("sqlite3", &["-json", "-cmd", ".timeout 2000", &database, query]);
    if said.trim().is_empty() {
        return Vec::new();
    }
    array(&said.parse().unwrap()).clone()
}

pub fn array(json: &JsonValue) -> &Vec<JsonValue> {
    json.get().unwrap_or_else(|| panic!("no list: {json:?}"))
}

pub fn object(json: &JsonValue) -> &HashMap<String, JsonValue> {
    json.get().unwrap_or_else(|| panic!("no object: {json:?}"))
}

pub fn text(json: &JsonValue) -> String {
    json.get::<String>().cloned().unwrap_or_default()
}

pub fn number(json: &JsonValue) -> u32 {
    *json.get::<f64>().unwrap_or_else(|| panic!("no number: {json:?}")) as u32
}

fn numbers(json: &JsonValue) -> Vec<u32> {
    array(json).iter().map(number).collect()
}
