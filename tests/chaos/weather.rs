//! What goes wrong around peerling for a while: each fault begins, lasts for some operations, and
//! is mended as an operator would.

use crate::machine::{Program, sh, signal, try_sh};
use crate::model::Standing;
use crate::play::{Play, Theme};
use crate::pop::{Database, link_process};
use crate::random::Random;
use crate::{commands, database, hands};
use rustix::process::Signal;
use std::fs;
use std::path::Path;

/// Kinds of faults by their numbers in [`draw`]; the first are those of BIRD.
const KINDS: usize = 18;
const BIRD_KINDS: usize = 9;
/// How many operations a fault lasts at most: one that is over before a pass meets it, and one that
/// passes meet.
const LASTS_SHORT_MAX: usize = 12;
const LASTS_LONG_MAX: usize = 100;
/// The same of one that makes each command wait.
const LASTS_SLOW_MAX: usize = 5;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    BirdHangs,
    BirdStopped,
    /// The operator made a mistake in bird.conf.
    BirdConf,
    /// A file of the operator's defines what ours for this AS number defines, or would.
    Collision(String),
    /// A copy of a file of ours, as an editor leaves it; BIRD reads it too.
    Copy(String),
    DiskFull(&'static str),
    ReadOnly(&'static str),
    DatabaseLocked,
    /// Somebody took the row of this AS number out of the database.
    RowAway(u32),
    NamesHang,
    NamesStopped,
    LinkHangs(i32),
    /// The operator made a mistake in peerling.toml, and had it read.
    Configuration,
    /// Half of the registry is gone.
    RegistryShrunk,
    ServiceStopped,
    /// `birdc configure timeout`: BIRD goes back by itself unless the operator confirms.
    UndoScheduled,
}

/// What is wrong at present, each until its operation.
#[derive(Default)]
pub struct Weather {
    faults: Vec<(Fault, usize)>,
    pub lock: Option<Program>,
    /// Faults that are left out, by their names: to look for others.
    without: String,
}

impl Weather {
    /// Good weather. WITHOUT names faults that do not come: `WITHOUT=RowAway,BirdHangs`.
    pub fn new() -> Weather {
        Weather { without: std::env::var("WITHOUT").unwrap_or_default(), ..Weather::default() }
    }

    fn leaves_out(&self, fault: &Fault) -> bool {
        let name = format!("{fault:?}");
        let mut names = self.without.split(',').filter(|it| !it.is_empty());
        names.any(|it| name.split('(').next() == Some(it))
    }

    pub fn is_calm(&self) -> bool {
        self.faults.is_empty()
    }

    pub fn has(&self, fault: &Fault) -> bool {
        self.faults.iter().any(|(it, _)| it == fault)
    }

    pub fn names(&self) -> Vec<String> {
        self.faults.iter().map(|(fault, _)| format!("{fault:?}")).collect()
    }

    /// A fault that has lasted long enough.
    pub fn due(&self, number: usize) -> Option<Fault> {
        self.faults.iter().find(|(_, until)| *until <= number).map(|(fault, _)| fault.clone())
    }

    pub fn database(&self) -> Database {
        let hinders =
            |fault: &Fault| matches!(fault, Fault::DatabaseLocked | Fault::DiskFull("state"));
        match self.faults.iter().any(|(fault, _)| hinders(fault)) {
            true => Database::Hindered,
            false => Database::Free,
        }
    }

    /// Could BIRD's files be refused for a reason of the operator's own?
    pub fn spoils_bird(&self) -> bool {
        let spoils =
            |fault: &Fault| matches!(fault, Fault::BirdConf | Fault::Copy(_) | Fault::Collision(_));
        self.faults.iter().any(|(fault, _)| spoils(fault))
    }
}

/// Something goes wrong.
pub fn begin(play: &mut Play, random: &mut Random) {
    let fault = draw(play, random);
    let alike =
        |it: &(Fault, usize)| std::mem::discriminant(&it.0) == std::mem::discriminant(&fault);
    let out = play.weather.leaves_out(&fault) || play.weather.faults.iter().any(alike);
    if out || !start(play, &fault) {
        return play.note("fault", &format!("no {fault:?} now"));
    }
    let most = match fault {
        Fault::DatabaseLocked | Fault::LinkHangs(_) | Fault::NamesHang => LASTS_SLOW_MAX,
        _ if random.chance(50) => LASTS_SHORT_MAX,
        _ => LASTS_LONG_MAX,
    };
    play.weather.faults.push((fault.clone(), play.number + 2 + random.below(most)));
    play.note("fault", &format!("{fault:?} begins"));
}

fn draw(play: &Play, random: &mut Random) -> Fault {
    let active = play.model.with(Standing::Active);
    let some = |random: &mut Random| if active.is_empty() { 0 } else { random.pick(&active) };
    let kinds = match play.theme {
        Theme::Bird => BIRD_KINDS,
        Theme::Anything | Theme::Kills => KINDS,
    };
    match random.below(kinds) {
        0 => Fault::BirdHangs,
        1 | 2 => Fault::BirdStopped,
        3 | 4 => Fault::BirdConf,
        5 | 6 => Fault::Collision(collision(random)),
        7 => Fault::Copy(format!("bird/ebgp_as{}~", some(random))),
        8 => Fault::UndoScheduled,
        9 => Fault::ReadOnly(random.pick(&["bird", "wireguard"])),
        10 => Fault::DatabaseLocked,
        11 => Fault::RowAway(some(random)),
        12 => random.pick(&[Fault::NamesHang, Fault::NamesStopped]),
        13 => Fault::LinkHangs(link_process(some(random)).unwrap_or(0)),
        14 => Fault::Configuration,
        15 => Fault::RegistryShrunk,
        16 => Fault::ServiceStopped,
        _ => Fault::DiskFull(random.pick(&["state", "bird", "wireguard"])),
    }
}

/// A file that comes before ours by its name, or after it, and one of the symbols that ours has.
fn collision(random: &mut Random) -> String {
    let asn = commands::any_asn(random);
    let prefix = random.pick(&["aa_by_hand_", "ebgp_manual_as", "zz_by_hand_"]);
    let symbol = random.pick(&[
        "constant",
        "protocol",
        "template",
        "function",
        "filter",
        "table",
        "filter_named_protocol",
    ]);
    format!("bird/{prefix}{asn}.{symbol}")
}

fn collision_text(name: &str) -> String {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let (constant, protocol) = (format!("AS{digits}_LATENCY"), format!("ebgp_as{digits}_v6"));
    match name.rsplit('.').next().unwrap_or_default() {
        "constant" => format!("define {constant} = 1;\n"),
        "protocol" => format!("protocol static {protocol} {{ ipv6; }}\n"),
        "template" => format!("template bgp {protocol} {{ local as OWNAS; }}\n"),
        "function" => format!("function {protocol}() {{ return true; }}\n"),
        "filter" => format!("filter {constant} {{ accept; }}\n"),
        "table" => format!("ipv6 table {protocol};\n"),
        _ => format!("filter {protocol} {{ accept; }}\n"),
    }
}

/// `false`: it cannot go wrong just now.
fn start(play: &mut Play, fault: &Fault) -> bool {
    let (stage, pop) = (&play.stage, &mut play.pop);
    match fault {
        Fault::BirdHangs => match &mut pop.bird {
            Some(bird) if !play.weather.has(&Fault::UndoScheduled) => bird.hang(),
            _ => return false,
        },
        Fault::BirdStopped if pop.bird.is_none() => return false,
        Fault::BirdStopped => pop.end_bird(Signal::TERM),
        Fault::BirdConf => stage.bird_conf("protocol nonsense;\n"),
        Fault::Collision(name) => return put(&stage.path(name), collision_text(name).as_bytes()),
        Fault::Copy(name) => {
            let ours = fs::read(stage.path(name.trim_end_matches('~')));
            let Ok(text) = ours else { return false };
            return put(&stage.path(name), &text);
        }
        Fault::DiskFull(part) => {
            try_sh(&format!("cat /dev/zero >{}", stage.path(part).join(".filler").display()));
        }
        Fault::ReadOnly(part) => {
            let to = stage.path(part).display().to_string();
            return try_sh(&format!("mount -o remount,ro {to}")).status == Some(0);
        }
        Fault::DatabaseLocked => return database::lock(play),
        Fault::RowAway(asn) => return database::take_row_away(play, *asn),
        Fault::NamesHang => match &mut play.stage.names {
            Some(names) => names.hang(),
            None => return false,
        },
        Fault::NamesStopped => match play.stage.names.take() {
            Some(names) => drop(names.end(Signal::TERM)),
            None => return false,
        },
        Fault::LinkHangs(0) => return false,
        Fault::LinkHangs(process) => signal(*process, Signal::STOP),
        Fault::Configuration => {
            stage.configuration("[apply]\nnonsense = 1\n");
            pop.reload();
        }
        Fault::RegistryShrunk => {
            let at = stage.path("registry/data");
            try_sh(&format!("mv {0}/aut-num {0}/away; mkdir {0}/aut-num", at.display()));
            play.registry_unknown = true;
        }
        Fault::ServiceStopped if pop.service.is_none() => return false,
        Fault::ServiceStopped => {
            pop.stop_service(stage, play.weather.database());
            play.model.damage.clear();
        }
        Fault::UndoScheduled if !pop.bird_answers() => return false,
        Fault::UndoScheduled => {
            let said = pop.birdc(stage, "configure timeout 300");
            return said.contains("Reconfigur");
        }
    }
    true
}

/// Writes a file of the operator's, or none where there is no room for it.
fn put(path: &Path, content: &[u8]) -> bool {
    let written = fs::write(path, content).is_ok();
    if !written {
        let _ = fs::remove_file(path);
    }
    written
}

/// It is put right again.
pub fn mend(play: &mut Play, fault: Fault) {
    play.weather.faults.retain(|(it, _)| *it != fault);
    let at = play.stage.directory.display().to_string();
    match &fault {
        Fault::BirdHangs => {
            if let Some(bird) = &mut play.pop.bird {
                bird.go_on();
            }
        }
        Fault::BirdStopped => start_bird(play),
        Fault::BirdConf => {
            play.stage.bird_conf("");
            start_bird(play);
        }
        Fault::Collision(name) | Fault::Copy(name) => {
            play.collisions_unknown = true;
            sh(&format!("rm -f {at}/{name} 2>/dev/null || true"));
            if play.stage.path(name).exists() {
                // The directory is read-only just now; an operator looks at that first.
                unlock_directories(play);
                sh(&format!("rm -f {at}/{name}"));
            }
            start_bird(play);
        }
        Fault::DiskFull(part) => drop(fs::remove_file(play.stage.path(part).join(".filler"))),
        Fault::ReadOnly(_) => unlock_directories(play),
        Fault::DatabaseLocked => {
            if let Some(lock) = play.weather.lock.take() {
                lock.end(Signal::KILL);
            }
        }
        Fault::RowAway(asn) => database::put_row_back(play, *asn),
        Fault::NamesHang | Fault::NamesStopped => {
            play.stage.names_well();
            play.zone_unknown = true;
        }
        Fault::LinkHangs(process) => signal(*process, Signal::CONT),
        Fault::Configuration => {
            play.stage.configuration("");
            play.pop.reload();
        }
        Fault::RegistryShrunk => {
            sh(&format!(
                "cd {at}/registry/data; mv -n aut-num/* away/ 2>/dev/null || true
                rm -r aut-num; mv away aut-num"
            ));
            play.stage.registry();
        }
        Fault::ServiceStopped => {
            start_service(play);
        }
        Fault::UndoScheduled if play.pop.bird_answers() => {
            drop(play.pop.birdc(&play.stage, "configure confirm"));
        }
        Fault::UndoScheduled => {}
    }
    play.tell(&format!("{fault:?} is mended"));
    start_service(play);
}

/// Everything is put right, the service first: BIRD may wait for files of ours.
pub fn mend_all(play: &mut Play) {
    let first = |fault: &Fault| matches!(fault, Fault::ServiceStopped | Fault::ReadOnly(_));
    loop {
        let sooner = play.weather.faults.iter().find(|(fault, _)| first(fault));
        let Some((fault, _)) = sooner.or(play.weather.faults.first()).cloned() else { break };
        mend(play, fault);
    }
    start_bird(play);
}

/// Starts the service as systemd does: one that ends, since something is wrong, is started again
/// later.
pub fn start_service(play: &mut Play) {
    if play.pop.service.is_some() || play.weather.has(&Fault::ServiceStopped) {
        return;
    }
    play.model.damage.clear();
    let away: Vec<u32> = play.away.iter().copied().collect();
    let before: Vec<usize> = away.iter().map(|asn| database::tellings(play, *asn)).collect();
    if play.weather.is_calm() {
        play.pop.start_service(&play.stage);
    } else if let Err(status) = play.pop.try_service(&play.stage) {
        return play.tell(&format!("the service ended at its start with {status}"));
    }
    for (asn, before) in away.into_iter().zip(before) {
        if !database::is_noticed(play, asn, before) {
            mend(play, Fault::RowAway(asn));
        }
    }
}

/// BIRD is started, unless something is still wrong that keeps it from that.
fn start_bird(play: &mut Play) {
    let kept = play.weather.has(&Fault::BirdStopped) || play.weather.spoils_bird();
    if play.pop.bird.is_none() && !kept {
        // A file of ours that somebody spoilt keeps BIRD from starting until it is put right.
        match play.weather.is_calm() {
            true => play.pop.start_bird(&play.stage),
            false => drop(play.pop.try_bird(&play.stage)),
        }
    }
}

fn unlock_directories(play: &mut Play) {
    play.weather.faults.retain(|(it, _)| !matches!(it, Fault::ReadOnly(_)));
    let at = play.stage.directory.display();
    sh(&format!("mount -o remount,rw {at}/bird; mount -o remount,rw {at}/wireguard"));
}

/// What comes and goes in one operation.
pub fn pass_by(play: &mut Play, random: &mut Random) {
    if play.pop.service.is_none() {
        return play.note("signal", "the service does not run");
    }
    let kind = match play.theme {
        Theme::Anything => random.below(10),
        Theme::Kills => 4 + random.below(5),
        Theme::Bird => random.pick(&[0, 3, 9]),
    };
    let what = match kind {
        0..3 => {
            play.pop.reload();
            "SIGHUP"
        }
        3 => return asleep(play, random),
        4 => {
            play.pop.stop_service(&play.stage, play.weather.database());
            start_service(play);
            "SIGTERM, and started again"
        }
        5 | 6 => {
            play.pop.kill_service();
            start_service(play);
            "SIGKILL, and started again"
        }
        7 | 8 => return commands::killed_over(play, random),
        _ if play.pop.bird_answers() && !play.weather.spoils_bird() => {
            play.pop.end_bird(random.pick(&[Signal::TERM, Signal::KILL]));
            play.pop.start_bird(&play.stage);
            "BIRD restarted"
        }
        _ => "BIRD cannot be restarted now",
    };
    play.note("signal", what);
}

/// The machine stood still for the service alone, and much happened meanwhile.
fn asleep(play: &mut Play, random: &mut Random) {
    play.note("signal", "the service stands still");
    if let Some(service) = &mut play.pop.service {
        service.hang();
    }
    for _ in 0..1 + random.below(5) {
        hands::one(play, random);
    }
    if let Some(service) = &mut play.pop.service {
        service.go_on();
    }
    play.tell("the service goes on");
}
