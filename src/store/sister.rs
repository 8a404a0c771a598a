//! The copy of another POP's database, as it came by git: somebody else's file, and not trusted.
//!
//! SQLite reads it from memory, so that nothing lies beside it that belongs to it; only a plain
//! table of exactly our making is asked, by its index; and whoever would keep SQLite busy with a
//! broken file is stopped after a number of steps.

use super::Store;
use crate::limits::{SISTER_STEPS_MAX, SISTER_VALUE_BYTES_MAX};
use crate::model::Asn;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OptionalExtension};
use std::cell::Cell;
use std::fmt;
use std::path::Path;

/// Why a copy cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct SisterError(String);

/// How a table was made, in the database's own words.
const MAKING: &str =
    "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'peering_links'";

/// Which of these AS numbers have a peering in the copy.
pub fn peered(copy: &[u8], asns: &[Asn]) -> Result<Vec<Asn>, SisterError> {
    let broken = |error: rusqlite::Error| SisterError(error.to_string());
    let ours = Store::open(Path::new(":memory:")).map_err(|it| SisterError(it.to_string()))?;
    let expected = making(&ours.connection).map_err(broken)?;
    let sister = open(copy).map_err(broken)?;
    if expected.is_none() || making(&sister).map_err(broken)? != expected {
        return Err(SisterError("no copy of a POP's database".to_string()));
    }
    let query = "SELECT EXISTS (SELECT 1 FROM peering_links WHERE as_num = ?)";
    let mut statement = sister.prepare(query).map_err(broken)?;
    let mut found = Vec::new();
    for asn in asns {
        if statement.query_row([asn.get()], |row| row.get(0)).map_err(broken)? {
            found.push(*asn);
        }
    }
    Ok(found)
}

fn open(copy: &[u8]) -> rusqlite::Result<Connection> {
    let mut sister = Connection::open_in_memory()?;
    sister.set_limit(Limit::SQLITE_LIMIT_LENGTH, SISTER_VALUE_BYTES_MAX)?;
    let left = Cell::new(SISTER_STEPS_MAX / STEPS);
    let is_over = move || {
        left.set(left.get().saturating_sub(1));
        left.get() == 0
    };
    sister.progress_handler(STEPS, Some(is_over))?;
    sister.deserialize_read_exact("main", copy, copy.len(), true)?;
    sister.pragma_update(None, "trusted_schema", false)?;
    sister.pragma_update(None, "cell_size_check", true)?;
    Ok(sister)
}

/// Steps of SQLite's machine from one look at the bound to the next.
const STEPS: i32 = 1_000;

fn making(it: &Connection) -> rusqlite::Result<Option<String>> {
    it.query_row(MAKING, [], |row| row.get(0)).optional()
}

impl fmt::Display for SisterError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for SisterError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::peering::tests::peering;
    use crate::store::Actor;

    fn asn(number: u32) -> Asn {
        Asn::new(number).unwrap()
    }

    fn copy() -> Vec<u8> {
        let mut store = Store::open(Path::new(":memory:")).unwrap();
        let (key, source) = (String::new(), String::new());
        let actor = Actor { name: "ALICE-MNT".into(), key, source, now: Timestamp(1) };
        for number in 1..=50 {
            store.create(&peering(1, 64600 + number, None), 65535, &actor).unwrap();
        }
        store.publishable().unwrap()
    }

    #[test]
    fn a_copy_tells_who_peers_there() {
        let asked = [asn(64601), asn(64650), asn(64651), asn(4242420001)];
        assert_eq!(peered(&copy(), &asked), Ok(vec![asn(64601), asn(64650)]));
        assert_eq!(peered(&copy(), &[]), Ok(vec![]));
    }

    /// A file that somebody pushed: whatever it is, it costs little and tells nothing.
    #[test]
    fn what_is_no_copy_is_refused() {
        let made = |sql: &str| {
            let mut it = Connection::open_in_memory().unwrap();
            it.execute_batch(sql).unwrap();
            it.serialize("main").unwrap().to_vec()
        };
        let endless = "CREATE VIEW peering_links AS WITH RECURSIVE n(as_num) AS
            (SELECT 1 UNION ALL SELECT as_num + 1 FROM n) SELECT as_num FROM n WHERE as_num < 0";
        let other =
            "CREATE TABLE peering_links (as_num INTEGER); INSERT INTO peering_links VALUES (1)";
        let files = [
            vec![],
            b"no database at all".to_vec(),
            vec![0; 4096],
            copy()[..5000].to_vec(),
            made(endless),
            made(other),
            made("CREATE TABLE x (y)"),
        ];
        for file in files {
            assert!(peered(&file, &[asn(64601)]).is_err(), "{} bytes", file.len());
        }
    }

    /// Every byte of a copy turned over, one at a time: an answer or an error, and neither a crash
    /// nor a wait without an end.
    #[test]
    fn no_broken_byte_does_harm() {
        let whole = copy();
        let started = std::time::Instant::now();
        for at in (0..whole.len()).step_by(37) {
            let mut file = whole.clone();
            file[at] ^= 0xff;
            let _ = peered(&file, &[asn(64601), asn(64650), asn(64651)]);
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(60));
    }
}
