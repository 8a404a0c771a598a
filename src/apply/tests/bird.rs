//! BIRD in trouble: what ended is not forgotten, what waits says so, and nobody else is blamed.

use super::stage::{Stage, await_that};
use crate::board::Progress;
use crate::peering::Status;
use std::fs;

const ONE: u32 = 4242420001;
const TWO: u32 = 4242420002;

/// The operator mistypes, a member removes and another is switched off, the operator mends it: both
/// end in BIRD, whoever was restarted in between.
#[test]
fn what_ended_while_bird_refused_ends_in_bird() {
    let Some(stage) = Stage::new("ended") else { return };
    let mut all = stage.start("x.db");
    [ONE, TWO].iter().for_each(|it| all.create(*it));
    assert!(all.pass(), "{:?}", all.board.trouble());
    stage.break_main();
    all.remove(ONE);
    all.switch(TWO, Status::Suspended);
    assert!(!all.pass());
    assert!(all.failure(ONE).contains("bird.conf"), "{}", all.failure(ONE));
    assert!(all.tombstones() == 1 && stage.runs(ONE) && stage.runs(TWO));
    // A second service knows no more than the database, the disk and BIRD.
    let mut again = stage.start("x.db");
    assert!(!again.pass());
    assert_eq!(again.tombstones(), 1, "{:?}", again.board.trouble());
    stage.mend_main();
    assert!(again.pass(), "{:?}", again.board.trouble());
    assert_eq!(again.tombstones(), 0);
    assert!(!stage.runs(ONE) && !stage.runs(TWO) && !stage.has_file(ONE) && !stage.has_file(TWO));
    assert_eq!(again.plan(), [""; 0]);
}

/// The same where the files are gone already: a file removed, and BIRD ended before it was told.
#[test]
fn a_protocol_without_file_or_row_is_not_forgotten() {
    let Some(mut stage) = Stage::new("ended-files") else { return };
    let mut all = stage.start("x.db");
    all.create(ONE);
    assert!(all.pass(), "{:?}", all.board.trouble());
    all.remove(ONE);
    fs::remove_file(stage.path("peers/ebgp_as4242420001")).unwrap();
    stage.break_main();
    let mut again = stage.start("x.db");
    assert!(!again.pass());
    assert_eq!((again.tombstones(), stage.runs(ONE)), (1, true));
    stage.mend_main();
    assert!(again.pass(), "{:?}", again.board.trouble());
    assert_eq!((again.tombstones(), stage.runs(ONE)), (0, false));
    // While BIRD cannot be asked, nobody knows what it will run.
    again.create(TWO);
    assert!(again.pass(), "{:?}", again.board.trouble());
    stage.stop_bird();
    again.remove(TWO);
    assert!(!again.pass());
    assert_eq!(again.tombstones(), 1);
    stage.start_bird();
    assert!(again.pass(), "{:?}", again.board.trouble());
    assert_eq!((again.tombstones(), stage.runs(TWO)), (0, false));
}

/// Mistakes in bird.conf and a BIRD that is stopped, again and again, while members change theirs:
/// nobody else's peering drifts by it, and one that somebody disables is enabled as ever.
#[test]
fn trouble_with_bird_is_nobodys_drift() {
    let Some(mut stage) = Stage::new("no-drift") else { return };
    let mut all = stage.start("x.db");
    [ONE, TWO].iter().for_each(|it| all.create(*it));
    assert!(all.pass(), "{:?}", all.board.trouble());
    for turn in 0..5 {
        stage.break_main();
        all.switch(TWO, if turn % 2 == 0 { Status::Disabled } else { Status::Active });
        assert!(!all.pass());
        assert!(all.is_applied(ONE), "{turn}: {:?}", all.progress(ONE));
        stage.mend_main();
        assert!(all.pass(), "{turn}: {:?}", all.board.trouble());
        stage.stop_bird();
        all.create(ONE + 100 + turn);
        assert!(!all.pass());
        assert!(!stage.has_file(ONE + 100 + turn), "nobody has tried it");
        stage.start_bird();
        assert!(all.pass(), "{turn}: {:?}", all.board.trouble());
        assert!(stage.has_file(ONE + 100 + turn));
    }
    stage.birdc("disable ebgp_as4242420001_v6");
    assert!(all.pass());
    assert!(all.is_applied(ONE), "{:?}", all.progress(ONE));
    let listed = stage.birdc("show protocols ebgp_as4242420001_v6");
    assert!(!listed.contains(" down "), "{listed}");
}

/// The note that BIRD has to be told is tried again in each pass until it is gone.
#[test]
fn what_is_owed_is_paid_by_any_pass() {
    let Some(mut stage) = Stage::new("owed") else { return };
    let mut all = stage.start("x.db");
    all.create(ONE);
    assert!(all.pass() && !all.owes(), "{:?}", all.board.trouble());
    // Another program's, or that of a BIRD that was killed at that moment.
    all.store.borrow_mut().owe_configure().unwrap();
    assert_eq!(all.plan(), ["configure BIRD: a file of ours changed since it read them"]);
    assert!(all.pass() && !all.owes(), "{:?}", all.board.trouble());
    assert_eq!(all.plan(), [""; 0]);
    // The database takes nothing at the moment when BIRD was told.
    all.store.borrow_mut().owe_configure().unwrap();
    let other = rusqlite::Connection::open(stage.path("x.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    all.pass();
    assert!(all.owes());
    other.execute_batch("ROLLBACK").unwrap();
    assert!(all.pass() && !all.owes(), "{:?}", all.board.trouble());
    stage.stop_bird();
    all.create(TWO);
    assert!(!all.pass());
    stage.start_bird();
    assert!(all.pass() && !all.owes(), "{:?}", all.board.trouble());
}

/// What an editor makes and takes away again in the directory is no change of ours; what somebody
/// does to a file of ours is, and both who only looks and who acts see it.
#[test]
fn only_our_own_files_make_bird_read_again() {
    let Some(stage) = Stage::new("editor") else { return };
    let mut all = stage.start("x.db");
    all.create(ONE);
    assert!(all.pass(), "{:?}", all.board.trouble());
    std::thread::sleep(std::time::Duration::from_millis(2200));
    stage.write("peers/.ebgp_as4242420001.swp", "x");
    stage.remove("peers/.ebgp_as4242420001.swp");
    assert_eq!(all.plan(), [""; 0]);
    assert_eq!(stage.start("x.db").plan(), [""; 0], "whoever has just been started");
    let file = stage.path("peers/ebgp_as4242420001");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text).unwrap();
    let expected = ["configure BIRD: a file of ours changed since it read them"];
    assert_eq!(stage.start("x.db").plan(), expected);
    assert!(all.pass() && all.plan().is_empty(), "{:?}", all.board.trouble());
    assert_eq!(stage.start("x.db").plan(), [""; 0]);
}

/// The operator tries a configuration out: what members change waits, is called queued, and the
/// undo comes, or not, as the operator meant it.
#[test]
fn an_undo_of_the_operators_is_not_called_off() {
    let Some(stage) = Stage::new("undo") else { return };
    let mut all = stage.start("x.db");
    all.create(ONE);
    assert!(all.pass(), "{:?}", all.board.trouble());
    stage.birdc("configure timeout 60");
    all.create(TWO);
    all.remove(ONE);
    assert!(!all.pass());
    for number in [ONE, TWO] {
        assert_eq!(all.progress(number), Some(Progress::Queued));
    }
    assert!(all.board.trouble().unwrap().contains("configure confirm"));
    assert!(stage.birdc("configure status").contains("undo in"));
    assert!(stage.has_file(ONE) && !stage.has_file(TWO) && all.tombstones() == 1);
    // Who changes nothing has no trouble.
    stage.birdc("configure confirm");
    assert!(all.pass(), "{:?}", all.board.trouble());
    assert!(all.is_applied(TWO) && stage.runs(TWO) && !stage.runs(ONE) && all.tombstones() == 0);
    stage.birdc("configure timeout 1");
    all.remove(TWO);
    assert!(!all.pass());
    await_that("the undo", || !stage.birdc("configure status").contains("undo in"));
    assert!(all.pass() && !stage.runs(TWO), "{:?}", all.board.trouble());
}

/// An editor's copy, a directory, a broken link among our files: the BGP sessions go on, and
/// whoever checks is told what to do.
#[test]
fn what_lies_among_our_files_is_told() {
    let Some(stage) = Stage::new("among") else { return };
    let mut all = stage.start("x.db");
    all.create(ONE);
    assert!(all.pass(), "{:?}", all.board.trouble());
    let text = fs::read_to_string(stage.path("peers/ebgp_as4242420001")).unwrap();
    stage.write("peers/ebgp_as4242420001~", &text);
    fs::create_dir(stage.path("peers/ebgp_as4242420009")).unwrap();
    let dry_run = smol::block_on(all.apply.dry_run()).unwrap();
    assert!(
        dry_run.refusal.as_ref().is_some_and(|it| it.contains("already defined")),
        "{dry_run:?}"
    );
    let has = |words: &str| dry_run.strays.iter().any(|it| it.what.contains(words));
    assert!(has("a copy of ebgp_as4242420001") && has("a directory"), "{:?}", dry_run.strays);
    assert!(has("which ebgp_as4242420001 defines too"), "{:?}", dry_run.strays);
    assert!(dry_run.steps.is_empty(), "{:?}", dry_run.steps);
    assert!(all.pass() && all.is_applied(ONE) && stage.runs(ONE), "{:?}", all.board.trouble());
    stage.remove("peers/ebgp_as4242420001~");
    fs::remove_dir(stage.path("peers/ebgp_as4242420009")).unwrap();
    let dry_run = smol::block_on(all.apply.dry_run()).unwrap();
    assert_eq!((dry_run.refusal, dry_run.strays.len()), (None, 0));
}

/// BIRD would wait at a FIFO for ever: what members change waits instead, and is called queued.
#[test]
fn bird_is_not_asked_to_read_a_fifo() {
    let Some(stage) = Stage::new("fifo") else { return };
    let mut all = stage.start("x.db");
    all.create(ONE);
    assert!(all.pass(), "{:?}", all.board.trouble());
    let fifo = stage.path("peers/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR).unwrap();
    all.create(TWO);
    all.remove(ONE);
    assert!(!all.pass());
    for number in [ONE, TWO] {
        assert_eq!(all.progress(number), Some(Progress::Queued));
    }
    assert!(all.board.trouble().unwrap().contains(&format!("rm {}", fifo.display())));
    assert!(stage.runs(ONE) && stage.has_file(ONE) && !stage.has_file(TWO));
    fs::remove_file(&fifo).unwrap();
    assert!(all.pass(), "{:?}", all.board.trouble());
    assert!(stage.runs(TWO) && !stage.runs(ONE));
}
