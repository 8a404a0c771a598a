//! Names that the operator's own files define and ours would: whatever they are and wherever they
//! stand, BIRD accepts what lies on the disk after every pass, and nobody else is hindered.

use super::stage::{Loop, Stage, asn};
use crate::board::Progress;
use crate::mesh::tests::inventory;

const THEIRS: u32 = 4242420001;
const OURS: u32 = 4242420002;

/// Each way to define NAME.
const DEFINITIONS: [&str; 9] = [
    "define NAME = 1;",
    "define 'NAME' = 1;",
    "function NAME() { return true; }",
    "filter NAME { accept; }",
    "ipv4 table NAME;",
    "attribute int NAME;",
    "template bgp NAME { local as 1; }",
    "protocol static NAME { ipv4; }",
    "protocol bgp NAME from dnpeers { neighbor fe80::9 as 64999; interface \"x\"; }",
];

/// Where such a file lies: before and after ours by its name, as the author names them, and where
/// nobody but BIRD finds it.
const FILES: [&str; 4] = ["peers/aaa", "peers/zzz", "peers/ebgp_manual_as4242420001", "hidden/x"];

fn collide(stage: &Stage, file: &str, text: &str, case: usize) {
    let words = format!("{file}: {text}");
    stage.write(file, text);
    assert_eq!(stage.complaint(), "", "the test itself: {words}");
    let mut all: Loop = stage.start(&format!("{case}.db"));
    all.create(THEIRS);
    all.create(OURS);
    let is_seen = file.starts_with("peers");
    // What is the operator's needs no other try soon; what BIRD refuses does.
    assert_eq!(all.pass(), is_seen, "{words}");
    assert_eq!(stage.complaint(), "", "{words}");
    let why = all.failure(THEIRS);
    let name = file.rsplit('/').next().unwrap();
    assert!(why.contains(name), "{words}: {why}");
    assert_eq!(all.board.hand_made(asn(THEIRS)).is_some(), is_seen, "{words}");
    assert_eq!(why.contains("made by hand"), is_seen, "{words}: {why}");
    assert!(all.is_applied(OURS) && stage.runs(OURS), "{words}: {:?}", all.progress(OURS));
    // Another's removal works, and theirs.
    let mut all = stage.start(&format!("{case}.db"));
    all.remove(OURS);
    all.remove(THEIRS);
    assert!(all.pass(), "{words}: {:?}", all.board.trouble());
    assert_eq!((all.tombstones(), all.progress(OURS), all.progress(THEIRS)), (0, None, None));
    assert!(!stage.runs(OURS) && stage.complaint().is_empty(), "{words}");
    assert!(stage.path(file).exists(), "{words}");
    stage.remove(file);
    stage.birdc("configure");
}

#[test]
fn no_collision_of_names_harms_anybody() {
    let Some(stage) = Stage::new("collisions") else { return };
    let mut case = 0;
    for definition in DEFINITIONS {
        for name in ["AS4242420001_LATENCY", "ebgp_as4242420001_v6"] {
            // Each kind in two of the places: all of them take minutes.
            for turn in [0, 1] {
                let file = FILES[(case + case / 2 + 2 * turn) % FILES.len()];
                collide(&stage, file, &definition.replace("NAME", name), 2 * case + turn);
            }
            case += 1;
        }
    }
}

/// A file that *uses* what ours defines: ours cannot go without it, and fails; others go.
#[test]
fn a_removal_that_bird_does_not_accept_is_taken_back() {
    let Some(stage) = Stage::new("collisions-used") else { return };
    let mut all = stage.start("x.db");
    [THEIRS, OURS].iter().for_each(|it| all.create(*it));
    assert!(all.pass(), "{:?}", all.board.trouble());
    stage.write("peers/zzz", "define MINE = AS4242420001_LATENCY;");
    assert_eq!(stage.complaint(), "");
    [THEIRS, OURS].iter().for_each(|it| all.remove(*it));
    assert!(!all.pass());
    assert_eq!(stage.complaint(), "");
    let why = all.failure(THEIRS);
    assert!(why.contains("BIRD refuses its configuration without its file") && why.contains("zzz"));
    assert_eq!((all.tombstones(), all.progress(OURS)), (1, None), "{why}");
    assert!(stage.has_file(THEIRS) && stage.runs(THEIRS) && !stage.runs(OURS));
    stage.remove("peers/zzz");
    assert!(all.pass(), "{:?}", all.board.trouble());
    assert_eq!((all.tombstones(), stage.runs(THEIRS)), (0, false));
}

/// Those at fault are found among many, and a bound holds where all are.
#[test]
fn the_bad_ones_among_many_are_found() {
    let Some(stage) = Stage::new("collisions-many") else { return };
    let bad = [3, 4, 41];
    for number in bad {
        let text = format!("define AS{}_LATENCY = 1;", THEIRS + number);
        stage.write(&format!("hidden/{number}"), &text);
    }
    let mut all = stage.start("x.db");
    (0..60).for_each(|it| all.create(THEIRS + it));
    assert!(!all.pass());
    assert_eq!(stage.complaint(), "");
    for number in 0..60 {
        let progress = all.progress(THEIRS + number).unwrap();
        let is_bad = bad.contains(&number);
        assert_eq!(matches!(progress, Progress::Failed(_)), is_bad, "{number}: {progress:?}");
        assert_eq!(stage.runs(THEIRS + number), !is_bad, "{number}");
    }
    // Now each of them.
    for number in 100..240 {
        let text = format!("define AS{}_LATENCY = 1;", THEIRS + number);
        stage.write(&format!("hidden/{number}"), &text);
        all.create(THEIRS + number);
    }
    assert!(!all.pass());
    assert_eq!(stage.complaint(), "");
    assert!(all.failure(THEIRS + 239).contains("too many others"));
    assert!(all.failure(THEIRS + 100).contains("already defined"));
}

/// A crash between the writing of a file and BIRD's word to it leaves a file that nobody tried.
#[test]
fn a_bad_file_that_a_crash_left_is_found() {
    let Some(stage) = Stage::new("collisions-crash") else { return };
    let mut all = stage.start("x.db");
    all.create(OURS);
    assert!(all.pass(), "{:?}", all.board.trouble());
    all.create(THEIRS);
    assert!(all.pass(), "{:?}", all.board.trouble());
    let file = stage.path("peers/ebgp_as4242420001");
    let text = std::fs::read_to_string(&file).unwrap();
    // As if the crash had come just before BIRD was asked.
    std::fs::remove_file(&file).unwrap();
    stage.birdc("configure");
    stage.write("hidden/x", "define AS4242420001_LATENCY = 1;");
    stage.birdc("configure");
    std::fs::write(&file, text).unwrap();
    all.store.borrow_mut().owe_configure().unwrap();
    assert!(stage.complaint().contains("already defined"));
    let mut all = stage.start("x.db");
    assert!(!all.pass());
    assert_eq!(stage.complaint(), "");
    assert!(all.failure(THEIRS).contains("already defined"), "{}", all.failure(THEIRS));
    assert!(all.is_applied(OURS) && stage.runs(OURS) && !stage.has_file(THEIRS));
    stage.remove("hidden/x");
    assert!(all.pass(), "{:?}", all.board.trouble());
    assert!(all.is_applied(THEIRS) && stage.runs(THEIRS));
}

/// Protocols and files that only bear names like ours are nobody's business, at no start.
#[test]
fn what_the_operator_made_by_hand_is_no_peering_of_ours() {
    let Some(stage) = Stage::new("collisions-manual") else { return };
    for number in [1, 2, 3] {
        let text = format!(
            "protocol bgp ebgp_as424242000{number}_v6 from dnpeers {{ neighbor fe80::{number} as \
             4242420000; interface \"wg-m{number}\"; }}\n"
        );
        stage.write(&format!("peers/ebgp_manual_as424242000{number}"), &text);
    }
    stage.birdc("configure");
    let mut all = stage.start("x.db");
    assert!(all.pass(), "{:?}", all.board.trouble());
    let dry_run = smol::block_on(all.apply.dry_run()).unwrap();
    assert!(dry_run.unexplained.is_empty() && dry_run.steps.is_empty(), "{dry_run:?}");
    // A row of ours for such an AS number came with the database: what runs stays theirs.
    all.create(THEIRS);
    all.pass();
    assert!(all.failure(THEIRS).contains("made by hand"));
    all.switch(THEIRS, crate::peering::Status::Disabled);
    assert!(all.pass(), "{:?}", all.board.trouble());
    all.remove(THEIRS);
    assert!(all.pass() && stage.runs(THEIRS), "{:?}", all.board.trouble());
    assert_eq!(all.tombstones(), 0);
}

/// The author's older POPs have the way to fr-par1 in a file whose name we would not give it.
#[test]
fn a_way_to_another_pop_that_was_made_by_hand_is_left_alone() {
    let Some(stage) = Stage::new("collisions-mesh") else { return };
    let mut inventory = inventory();
    inventory.pops[1].name = "fr-par1".parse().unwrap();
    let text = "protocol static ibgp_fr_par1 { ipv4; }\n";
    stage.write("peers/ibgp_fr_par1", text);
    stage.birdc("configure");
    let mut all = stage.start_in("x.db", inventory.clone());
    assert!(all.pass(), "{:?}", all.board.trouble());
    assert_eq!(stage.complaint(), "");
    assert!(!stage.path("peers/ibgp_fr-par1").exists());
    let dry_run = smol::block_on(all.apply.dry_run()).unwrap();
    let told = dry_run.foreign.iter().any(|it| it.contains("made by hand"));
    assert!(told && dry_run.steps.is_empty() && dry_run.failures.is_empty(), "{dry_run:?}");
    // The other way is ours as ever, and theirs becomes ours when they take their file away.
    assert!(stage.path("peers/ibgp_c").exists());
    stage.remove("peers/ibgp_fr_par1");
    assert!(all.pass(), "{:?}", all.board.trouble());
    assert!(stage.path("peers/ibgp_fr-par1").exists());
    assert_eq!(stage.complaint(), "");
}
