//! What happens to the database: somebody else writes to it, or takes a row out of it by hand.

use crate::machine::{Program, try_sh};
use crate::play::Play;
use crate::run::{LOOK, wait_for};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take until a pass has seen that a row is gone.
const NOTICED_MAX: Duration = Duration::from_secs(5);

/// Somebody else writes to the database, and does not end.
pub fn lock(play: &mut Play) -> bool {
    let told = play.stage.path("locked");
    let mut command = Command::new("sqlite3");
    command.arg(play.stage.path("state/peering.db")).stdin(Stdio::piped());
    command.stdout(fs::File::create(&told).unwrap()).stderr(Stdio::null());
    let mut holder = Program::start(&mut command);
    holder.say(".timeout 2000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n");
    let locked = wait_for(|| {
        let text = fs::read_to_string(&told).unwrap_or_default();
        (text.contains("locked") || holder.ended().is_some()).then_some(())
    });
    let locked = locked.is_some() && holder.ended().is_none();
    play.weather.lock = locked.then_some(holder);
    locked
}

pub fn take_row_away(play: &mut Play, asn: u32) -> bool {
    if asn == 0 || !play.weather.is_calm() || !play.model.doubts.is_empty() {
        return false;
    }
    let row = format!("DELETE FROM peering_links WHERE as_num = {asn};");
    let before = tellings(play, asn);
    if sqlite(play, &row).is_none() {
        return false;
    }
    play.away.insert(asn);
    let noticed = is_noticed(play, asn, before);
    if !noticed {
        put_row_back(play, asn);
    }
    noticed
}

/// Waits until the service tells once more that this row is gone. Until a pass has looked, nobody
/// knows that its link is left and its id is not free.
pub fn is_noticed(play: &Play, asn: u32, before: usize) -> bool {
    let begin = Instant::now();
    while tellings(play, asn) == before {
        if begin.elapsed() > NOTICED_MAX {
            return false;
        }
        std::thread::sleep(LOOK);
    }
    true
}

/// How often the service told that this peering is on the machine and not in the database.
pub fn tellings(play: &Play, asn: u32) -> usize {
    let log = fs::read(play.stage.path("peerling.log")).unwrap();
    let log = String::from_utf8_lossy(&log);
    let told =
        |line: &&str| line.contains("not in the database") && line.contains(&asn.to_string());
    log.lines().filter(told).count()
}

pub fn put_row_back(play: &mut Play, asn: u32) {
    let peering = &play.model.peerings[&asn];
    let (host, port) = peering.endpoint.clone().unwrap_or(("::".to_owned(), 1));
    let link_local = peering.link_local.as_ref().map_or("NULL".to_owned(), |it| format!("'{it}'"));
    let row = format!(
        "INSERT INTO peering_links VALUES ({}, {asn}, '{}', '{host}', {port}, {link_local});",
        peering.id.expect("known, or it would not have been taken away"),
        peering.key,
    );
    let back = wait_for(|| sqlite(play, &row));
    assert!(back.is_some(), "the row of AS{asn} cannot be put back: its id was given to another");
    play.away.remove(&asn);
}

/// Runs a statement on the database; `None`: it was not possible.
fn sqlite(play: &Play, statement: &str) -> Option<()> {
    let database = play.stage.path("state/peering.db").display().to_string();
    let said =
        try_sh(&format!("sqlite3 -cmd '.timeout 2000' {database} <<'SQL'\n{statement}\nSQL"));
    (said.status == Some(0)).then_some(())
}
