//! The attacks, and what must hold through each.

use crate::cell::Cell;
use crate::flood::Flood;
use crate::pop::{Draft, Pop};
use crate::relay::{connect_from, far_away};
use crate::run::{Said, has, run, skip, wait_until};
use crate::ssh::Ssh;
use std::io::{Read as _, Write as _};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::process::Command;
use std::time::{Duration, Instant};

/// A name, and what happens; it tells what was seen, or `None` where it was passed over.
pub type Case = (&'static str, fn() -> Option<String>);

pub const CASES: &[Case] = &[
    ("flood-one-48", || flood(500, 1)),
    ("flood-twenty-48", || flood(200, 20)),
    ("names", names),
    ("attempts", attempts),
    ("exchanges", exchanges),
    ("terminals", terminals),
    ("sessions", sessions),
    ("packet", packet),
    ("lists", lists),
    ("log", log),
];

/// Where the POP is reached.
const POP: Ipv6Addr = Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 1);
/// Where a member is at home.
const MEMBER: Ipv6Addr = Ipv6Addr::new(0x3fff, 0xfff, 1, 1, 0, 0, 0, 1);
/// Logins of the member during a flood.
const LOGINS: usize = 20;
const LOGINS_AT_ONCE: usize = 4;

fn start() -> Option<Cell> {
    start_with(|_| {})
}

fn start_with(change: impl FnOnce(&mut Draft)) -> Option<Cell> {
    let mut draft = Draft::new()?;
    draft.set("ssh", "listen", "[\"[::]:0\"]");
    change(&mut draft);
    Some(Cell::around(draft.serve()))
}

fn address(pop: &Pop) -> SocketAddrV6 {
    SocketAddrV6::new(POP, pop.port, 0, 0)
}

/// Plays an attack of `clients.py`, where Paramiko is installed.
fn play(pop: &Pop, attack: &str) -> Option<Said> {
    if !has("python3", "python3") {
        return None;
    }
    let found = run(Command::new("python3").args(["-c", "import paramiko"]), b"");
    if found.status != Some(0) {
        skip("there is no paramiko of PyPI");
        return None;
    }
    let mut command = Command::new("python3");
    command.arg("-c").arg(include_str!("clients.py"));
    command.args([attack, &POP.to_string(), &pop.port.to_string()]);
    command.arg(pop.path("keys/alice")).arg("2001:db8:0:");
    Some(run(&mut command, b""))
}

/// What an operator is shown has a bound; what libraries say to developers has a larger one.
fn no_long_line(log: &str) {
    for line in log.lines().filter(|line| !line.contains(" debug: ")) {
        assert!(line.len() < 500, "a log line of {} bytes: {line}", line.len());
    }
}

/// Every login of a member far away succeeds during a flood of silent connections.
fn flood(rate: u32, customers: u16) -> Option<String> {
    let mut cell = start()?;
    let port = far_away(MEMBER, address(&cell.pop));
    let flood = Flood::start(rate, customers, address(&cell.pop));
    let before = cell.processor();
    let begin = Instant::now();
    let let_in: usize = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..LOGINS_AT_ONCE {
            let directory = &cell.pop.directory;
            threads.push(scope.spawn(move || {
                let mut let_in = 0;
                for _ in 0..LOGINS / LOGINS_AT_ONCE {
                    let said = Ssh::new(directory, port, "alice", "alice").run("whoami");
                    let_in += usize::from(said.status == Some(0));
                }
                let_in
            }));
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let share = 100.0 * (cell.processor() - before) / begin.elapsed().as_secs_f64();
    let rate = flood.end();
    assert_eq!(let_in, LOGINS, "logins during {rate} connections a second");
    cell.pop.is_well();
    let peak = cell.peak();
    Some(format!(
        "{let_in} of {LOGINS} logins from 150 ms away at {rate} connections a second, \
         {share:.0} % of a processor, {peak}"
    ))
}

fn names() -> Option<String> {
    let mut cell = start()?;
    let said = play(&cell.pop, "names")?;
    cell.pop.is_well();
    no_long_line(&cell.pop.log());
    Some(format!("{}, {}", said.fine().trim(), cell.peak()))
}

fn attempts() -> Option<String> {
    let mut cell = start()?;
    let said = play(&cell.pop, "attempts")?;
    assert!(said.fine().starts_with("closed"), "{said:?}");
    wait_until("the line in the log", || cell.pop.log().contains("not let in"));
    let log = cell.pop.log();
    assert!(!log.contains(['\x1b', '\u{202e}', '\u{2066}', '\u{2028}']), "{log}");
    assert_eq!(log.matches("not let in").count(), 1, "{log}");
    cell.pop.is_well();
    let shown: usize = log.lines().filter(|line| !line.contains(" debug: ")).map(str::len).sum();
    Some(format!("{}, {shown} bytes of log", said.fine().trim()))
}

fn exchanges() -> Option<String> {
    let mut cell = start()?;
    let (before, begin) = (cell.processor(), Instant::now());
    let (said, login) = std::thread::scope(|scope| {
        let player = scope.spawn(|| play(&cell.pop, "exchanges"));
        std::thread::sleep(Duration::from_secs(2));
        let begin = Instant::now();
        cell.pop.alice("whoami").fine();
        let login = begin.elapsed();
        (player.join().unwrap(), login)
    });
    let said = said?;
    let share = 100.0 * (cell.processor() - before) / begin.elapsed().as_secs_f64();
    assert!(share < 60.0, "{share:.0} % of a processor for {}", said.stdout);
    cell.pop.is_well();
    let login = login.as_millis();
    Some(format!("{}, {share:.0} % of a processor, login {login} ms", said.fine().trim()))
}

fn terminals() -> Option<String> {
    let mut cell = start()?;
    cell.pop.is_well();
    let before = cell.resident();
    play(&cell.pop, "terminals")?.fine();
    let grown = cell.resident().saturating_sub(before);
    assert!(grown < 4 * 1024, "{grown} kB more");
    cell.pop.is_well();
    Some(format!("{grown} kB more afterwards, {}", cell.peak()))
}

fn sessions() -> Option<String> {
    let mut cell = start()?;
    cell.pop.is_well();
    let before = cell.resident();
    let said = play(&cell.pop, "sessions")?;
    let grown = cell.resident().saturating_sub(before);
    assert_eq!(said.fine(), "sessions 100\n");
    cell.pop.is_well();
    Some(format!("{}, {grown} kB more", said.fine().trim()))
}

fn packet() -> Option<String> {
    let mut cell = start()?;
    assert_eq!(play(&cell.pop, "packet")?.fine(), "closed\n");
    cell.pop.is_well();
    Some("closed".into())
}

/// A packet of the key exchange with these lists of names, before anything is encrypted.
fn kexinit(key_exchanges: &str) -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend([7; 16]);
    for list in [key_exchanges, "ssh-rsa", "aes128-cbc", "aes128-cbc", "hmac-sha1", "hmac-sha1"] {
        payload.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
        payload.extend(list.as_bytes());
    }
    for list in ["none", "none", "", ""] {
        payload.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
        payload.extend(list.as_bytes());
    }
    payload.extend([0; 5]);
    let padding = 8 - (payload.len() + 5) % 8 + 8;
    let length = u32::try_from(payload.len() + padding + 1).unwrap();
    let mut packet = length.to_be_bytes().to_vec();
    packet.push(u8::try_from(padding).unwrap());
    packet.extend(&payload);
    packet.extend(vec![0; padding]);
    packet
}

/// Sends a client's first bytes and reads until it is closed.
fn say(pop: &Pop, source: Ipv6Addr, version: &str, packet: &[u8]) {
    let mut stream = connect_from(source, address(pop));
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let _ = stream.write_all(&[version.as_bytes(), b"\r\n", packet].concat());
    let _ = stream.read_to_end(&mut Vec::new());
}

/// 17,000 names in a list, as many as fit, again and again.
fn lists() -> Option<String> {
    let mut cell = start()?;
    let packet = kexinit(&vec!["a"; 17_000].join(","));
    let begin = Instant::now();
    for number in 0..40 {
        let source = Ipv6Addr::new(0x2001, 0xdb8, number, 1, 0, 0, 0, 1);
        say(&cell.pop, source, "SSH-2.0-many", &packet);
    }
    let each = begin.elapsed() / 40;
    no_long_line(&cell.pop.log());
    cell.pop.is_well();
    Some(format!("{} µs each, {}", each.as_micros(), cell.peak()))
}

/// What the log says of those who are not let in: one line each, and few of one network.
fn log() -> Option<String> {
    let cell = start()?;
    cell.pop.keygen("stranger", &["-t", "ed25519"]);
    let old = kexinit("diffie-hellman-group1-sha1,diffie-hellman-group14-sha1");
    let source = Ipv6Addr::new(0x2001, 0xdb8, 7, 1, 0, 0, 0, 1);
    say(&cell.pop, source, "SSH-2.0-libssh2_1.4.3", &old);
    let words = "by SSH-2.0-libssh2_1.4.3: no key exchange in common; \
                 it has diffie-hellman-group1-sha1, diffie-hellman-group14-sha1";
    wait_until("the old client's line", || cell.pop.log().contains(words));
    for _ in 0..5 {
        let said = cell.pop.ssh("alice", "stranger").run("whoami");
        assert_eq!(said.status, Some(255));
    }
    wait_until("a line for each", || {
        let log = cell.pop.log();
        lines(&log, "") + lines(&log, "debug: ") == 5
    });
    let log = cell.pop.log();
    assert_eq!(lines(&log, ""), 3, "{log}");
    assert!(log.contains("with 1 key by SSH-2.0-OpenSSH"), "{log}");
    Some("a line each, 3 of one network".into())
}

/// Lines of this level, after the time, about who wanted to be ALICE.
fn lines(log: &str, level: &str) -> usize {
    let begins = format!(" {level}[::1]:");
    let mut count = 0;
    for line in log.lines() {
        let after_time = line.find(' ').map_or("", |end| &line[end..]);
        count += usize::from(
            after_time.starts_with(&begins) && line.contains("not let in: as \"alice\""),
        );
    }
    count
}
