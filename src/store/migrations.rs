//! The schema, step by step. A step that was published is never edited; a new one is added below
//! it.

use super::{StoreError, fault};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// What `PRAGMA user_version` says when all steps were taken. The replaced service leaves it at
/// zero.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// Each brings the database from its index to the next version.
pub const MIGRATIONS: &[&str] = &[
    // The shared table, exactly as the replaced service makes it, and ours.
    "CREATE TABLE IF NOT EXISTS peering_links (
        id INTEGER PRIMARY KEY CHECK(id BETWEEN 1 AND 65535),
        as_num INTEGER UNIQUE NOT NULL,
        wg_pub_key TEXT NOT NULL,
        wg_endpoint_addr TEXT NOT NULL,
        wg_endpoint_port INTEGER NOT NULL CHECK(wg_endpoint_port BETWEEN 1 AND 65535),
        user_link_local TEXT
    );
    CREATE TABLE peerling_peering (
        as_num INTEGER PRIMARY KEY,  -- of peering_links; not every peering has a row here
        standing TEXT NOT NULL,      -- active, pending, disabled or suspended
        mtu INTEGER,                 -- bytes; NULL: what the link is created with
        preshared_key TEXT,          -- base64; NULL: none
        maintainer TEXT,             -- who asked for it
        created_s INTEGER NOT NULL   -- seconds since 1970
    );
    CREATE TABLE peerling_removal (
        as_num INTEGER PRIMARY KEY,  -- was removed by a command, and the machine may still have it
        generation INTEGER NOT NULL,
        removed_s INTEGER NOT NULL
    );
    CREATE TABLE peerling_audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_s INTEGER NOT NULL,
        actor TEXT NOT NULL,         -- a maintainer, or admin
        key TEXT NOT NULL,           -- the fingerprint of the SSH key, or local
        source TEXT NOT NULL,        -- where the SSH session came from
        action TEXT NOT NULL,
        as_num INTEGER NOT NULL,
        before TEXT,
        after TEXT
    );
    CREATE TABLE peerling_state (
        only INTEGER PRIMARY KEY CHECK(only = 1),
        generation INTEGER NOT NULL
    );
    INSERT INTO peerling_state VALUES (1, 0);",
    // How far away the members' endpoints are.
    "CREATE TABLE peerling_latency (
        as_num INTEGER PRIMARY KEY,
        class INTEGER NOT NULL CHECK(class BETWEEN 1 AND 9),
        smoothed_us INTEGER NOT NULL,
        class_since_s INTEGER NOT NULL,
        answered_s INTEGER NOT NULL  -- the last answer to a ping, seconds since 1970
    );",
    // Whose routes a peering carries.
    "ALTER TABLE peerling_peering ADD COLUMN families TEXT; -- both, ipv4 or ipv6; NULL: both",
    // What members have typed at the prompt.
    "CREATE TABLE peerling_shell_history (
        id INTEGER PRIMARY KEY,      -- the order in which they were typed
        owner TEXT NOT NULL,         -- a maintainer, or the fingerprint of an administrator's key
        line TEXT NOT NULL
    );
    CREATE INDEX peerling_shell_history_owner ON peerling_shell_history (owner, id);",
    // What the operator decided, and the way to the records of one AS number.
    "CREATE TABLE IF NOT EXISTS peerling_suspension (
        as_num INTEGER PRIMARY KEY,  -- counts while its peering is suspended
        reason TEXT NOT NULL,        -- for its member to read
        decided_by TEXT NOT NULL,    -- as in an audit record
        since_s INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS peerling_ban (
        subject TEXT PRIMARY KEY,    -- a maintainer, or AS and a number
        reason TEXT NOT NULL,
        decided_by TEXT NOT NULL,
        since_s INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS peerling_audit_of ON peerling_audit (as_num, id);",
    // What became of links and BGP sessions; what a crash must not make forgotten; what is left.
    "CREATE TABLE peerling_transition (
        id INTEGER PRIMARY KEY,      -- a later one is greater
        as_num INTEGER NOT NULL,
        at_s INTEGER NOT NULL,       -- seconds since 1970
        what TEXT NOT NULL,          -- link or bgp
        up INTEGER NOT NULL CHECK(up IN (0, 1)),
        was TEXT NOT NULL,
        became TEXT NOT NULL,
        last_error TEXT NOT NULL     -- BIRD's words; empty: none
    );
    CREATE INDEX peerling_transition_of ON peerling_transition (as_num, id);
    CREATE TABLE peerling_owed (
        what TEXT PRIMARY KEY        -- configure: BIRD has not read its files since they changed
    );
    CREATE TABLE peerling_left_alone (
        as_num INTEGER PRIMARY KEY,  -- drifts again and again
        words TEXT NOT NULL
    );",
    // Whose database it is.
    "CREATE TABLE peerling_pop (
        only INTEGER PRIMARY KEY CHECK(only = 1),
        as_num INTEGER NOT NULL,
        name TEXT NOT NULL,
        wg_pub_key TEXT NOT NULL     -- base64
    );",
    // Whose peering a record is about and where its other end is: until here only its words said
    // so, which begin `id 1 key … endpoint … link-local …` and end with the maintainer.
    "ALTER TABLE peerling_audit ADD COLUMN maintainer TEXT; -- or who is banned; NULL: nobody said
    ALTER TABLE peerling_audit ADD COLUMN endpoint TEXT;    -- host:port; NULL: none, or no change
    UPDATE peerling_audit SET maintainer = CASE
        WHEN after LIKE 'id % maintainer %'
            THEN substr(after, instr(after, ' maintainer ') + 12)
        WHEN before LIKE 'id % maintainer %'
            THEN substr(before, instr(before, ' maintainer ') + 12)
        WHEN as_num = 0 AND coalesce(after, before) LIKE 'maintainer % reason %'
            THEN substr(coalesce(after, before), 12,
                        instr(coalesce(after, before), ' reason ') - 12)
        END;
    UPDATE peerling_audit SET endpoint =
        substr(coalesce(after, before),
               instr(coalesce(after, before), ' endpoint ') + 10,
               instr(coalesce(after, before), ' link-local ')
                   - instr(coalesce(after, before), ' endpoint ') - 10)
        WHERE coalesce(after, before) LIKE 'id % endpoint % link-local %'
          AND coalesce(after, before) NOT LIKE '% endpoint none %';",
    // What peerings keep that were made by hand; until nothing of them is left on the machine.
    "CREATE TABLE peerling_adopted (
        as_num INTEGER PRIMARY KEY,
        link TEXT NOT NULL,            -- the tunnel's name; with .conf the name of its file
        listen_port INTEGER NOT NULL,
        local_address TEXT NOT NULL,   -- ours, link-local
        own_key TEXT,                  -- our public key, base64; NULL: the POP's
        allowed_ips TEXT NOT NULL,     -- networks with commas between them
        keepalive_s INTEGER NOT NULL,  -- 0: none
        protocol TEXT NOT NULL,        -- BIRD's
        bird_file TEXT                 -- NULL: the protocol stands in a file of the operator's
    );",
    // By which forms the things of peerings are named: what runs under one name is not renamed.
    "CREATE TABLE peerling_naming (
        only INTEGER PRIMARY KEY CHECK(only = 1),
        interface TEXT NOT NULL,
        protocol TEXT NOT NULL,
        bird_file TEXT NOT NULL
    );",
];

/// A query for every peering, the AS number being `l.as_num`, whatever version made the database;
/// `ours`: it has our tables.
pub fn select(connection: &Connection, ours: bool) -> rusqlite::Result<String> {
    let links = "SELECT id, l.as_num, wg_pub_key, wg_endpoint_addr, wg_endpoint_port,
                        user_link_local";
    if !ours {
        let none = ["NULL"; 13].join(", ");
        return Ok(format!("{links}, {none} FROM peering_links l"));
    }
    let has_families = connection.column_exists(None, "peerling_peering", "families")?;
    let families = if has_families { "families" } else { "NULL" };
    let (adopted, join) = if connection.table_exists(None, "peerling_adopted")? {
        let columns = "link, listen_port, local_address, own_key, allowed_ips, keepalive_s,
                       protocol, bird_file";
        (columns.to_string(), "LEFT JOIN peerling_adopted a ON a.as_num = l.as_num")
    } else {
        (["NULL"; 8].join(", "), "")
    };
    Ok(format!(
        "{links}, standing, mtu, preshared_key, maintainer, {families}, {adopted}
         FROM peering_links l LEFT JOIN peerling_peering p ON p.as_num = l.as_num {join}"
    ))
}

/// Takes the steps that are missing, each in one transaction with its version.
pub fn run(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let version = known(connection, path)?;
    let done = usize::try_from(version).unwrap_or(0);
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        step(connection, index, migration).map_err(|error| fault(path, error))?;
    }
    Ok(())
}

/// The version of a database; one that a newer program made is refused before it is touched.
pub fn known(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let version = version(connection).map_err(|error| fault(path, error))?;
    if version > VERSION {
        return Err(StoreError::Newer(path.to_path_buf(), version));
    }
    Ok(version)
}

fn step(connection: &mut Connection, index: usize, migration: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have taken this step while we waited for the lock.
    if version(&transaction)? == index as i64 {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
    }
    transaction.commit()
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
