//! Clients that misbehave: whatever they do, the service goes on, the others notice nothing, and
//! nothing is left behind.

use crate::pop::{Draft, Pop, router_key};
use crate::run::{PATIENCE, wait_for, wait_until};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::unix::net::UnixListener;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

const PROMPT: &str = "AS4242420263> ";

/// A connection that speaks no SSH of its own accord.
fn connect(pop: &Pop) -> TcpStream {
    let stream = TcpStream::connect(("::1", pop.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The same from an address of one's own: every 127.x.y.z is this machine.
fn connect_from(pop: &Pop, source: [u8; 4]) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddrV4::new(source.into(), 0)).unwrap();
    connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, pop.port)).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads until the service has ended the connection, in whatever way.
fn is_closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            }
        }
    }
}

/// Lets `attack` happen; afterwards the service is the same process, lets a member in, and holds no
/// more descriptors than before.
fn survives(mut pop: Pop, attack: impl FnOnce(&Pop)) {
    pop.is_well();
    let before = descriptors_at_rest(&pop);
    attack(&pop);
    wait_until("the descriptors to be given back", || pop.descriptors() <= before);
    pop.is_well();
    wait_until("the descriptors to be given back", || pop.descriptors() <= before);
}

/// How many descriptors the service holds when it has been at rest for a while.
fn descriptors_at_rest(pop: &Pop) -> usize {
    let (mut seen, mut same) = (0, 0);
    wait_until("the service to be at rest", || {
        thread::sleep(Duration::from_millis(20));
        let before = std::mem::replace(&mut seen, pop.descriptors());
        same = if before == seen { same + 1 } else { 0 };
        same >= 10
    });
    seen
}

/// A POP with these limits, that listens where [`connect_from`] connects to.
fn limited(limits: &[(&str, &str)]) -> Option<Pop> {
    let mut draft = Draft::new()?;
    limits.iter().for_each(|(key, value)| draft.set("limits", key, value));
    Some(draft.serve())
}

/// Bytes without a pattern, always the same.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(byte).take(count).collect()
}

#[test]
fn noise_and_other_protocols() {
    let Some(pop) = limited(&[("login_grace_s", "1")]) else { return };
    survives(pop, |pop| {
        let hello = b"SSH-2.0-noise\r\n";
        for bytes in [
            noise(100_000),
            [hello.as_slice(), &noise(100_000)].concat(),
            b"SSH-1.5-old\r\n".to_vec(),
            b"GET / HTTP/1.1\r\nHost: pop\r\n\r\n".to_vec(),
            vec![0; 100_000],
            b"SSH-2.0-".iter().chain(&[b'x'; 100_000]).copied().collect(),
            [hello.as_slice(), &[0xff; 16]].concat(),
            [hello.as_slice(), &[0, 0, 0, 0, 0, 0, 0, 0]].concat(),
        ] {
            let mut stream = connect(pop);
            // The service may be quicker in hanging up.
            let _ = stream.write_all(&bytes);
            assert!(
                is_closed(&mut stream),
                "still open after {:?}…",
                &bytes[..16.min(bytes.len())]
            );
        }
    });
}

#[test]
fn half_a_handshake() {
    let Some(pop) = limited(&[("unauthenticated_per_source_max", "64")]) else { return };
    survives(pop, |pop| {
        // A real client's first packet, cut off at every eighth byte.
        let mut packet = vec![0, 0, 0, 60, 4, 20];
        packet.extend(noise(16));
        packet.extend([0; 42]);
        let hello = [b"SSH-2.0-half\r\n".as_slice(), &packet].concat();
        for length in (0..hello.len()).step_by(8) {
            let mut stream = connect(pop);
            stream.write_all(&hello[..length]).unwrap();
        }
    });
}

#[test]
fn the_silent_keep_nobody_out() {
    let Some(mut draft) = Draft::new() else { return };
    draft.set("ssh", "listen", "[\"127.0.0.1:0\"]");
    draft.set("limits", "unauthenticated_per_source_max", "3");
    draft.set("limits", "unauthenticated_max", "6");
    let mut pop = draft.serve();
    let login = |pop: &Pop, source: &str| {
        let ssh = pop.ssh("alice", "alice").option("HostName=127.0.0.1");
        ssh.argument("-b").argument(source).run("whoami")
    };
    login(&pop, "127.0.0.1").fine();
    let before = descriptors_at_rest(&pop);
    let mut same: Vec<_> = (0..3).map(|_| connect_from(&pop, [127, 0, 0, 2])).collect();
    assert!(is_closed(&mut connect_from(&pop, [127, 0, 0, 2])), "a fourth of one source");
    login(&pop, "127.0.0.1").fine();
    let others: Vec<_> = (3..30).map(|last| connect_from(&pop, [127, 0, 0, last])).collect();
    login(&pop, "127.0.0.99").fine();
    assert!(same.iter_mut().all(is_closed), "the longest silent made room");
    login(&pop, "127.0.0.2").fine();
    drop((same, others));
    wait_until("the descriptors to be given back", || pop.descriptors() <= before);
    pop.wait_for_log("too many connections", 1);
}

#[test]
fn whoever_does_not_log_in_is_put_out() {
    let Some(pop) = limited(&[("login_grace_s", "1")]) else { return };
    survives(pop, |pop| {
        let (mut silent, mut trickling) = (connect(pop), connect(pop));
        let mut trickle = trickling.try_clone().unwrap();
        let trickler = thread::spawn(move || {
            let mut bytes = b"SSH-2.0-".iter().chain(std::iter::repeat(&b'x'));
            while trickle.write_all(&[*bytes.next().unwrap()]).is_ok() {
                thread::sleep(Duration::from_millis(100));
            }
        });
        pop.alice("whoami").fine();
        assert!(is_closed(&mut silent), "the silent one stays");
        assert!(is_closed(&mut trickling), "the trickling one stays");
        trickler.join().unwrap();
    });
}

#[test]
fn whoever_does_nothing_is_put_out() {
    let Some(pop) = limited(&[("idle_timeout_s", "1")]) else { return };
    survives(pop, |pop| {
        let mut shell = pop.ssh("alice", "alice").shell(80);
        shell.expect(PROMPT);
        let command = pop.ssh("bob", "bob").argument("-N").command();
        let without_channel = crate::pty::Pty::spawn(&command, 80);
        assert_ne!(shell.end().0, None);
        assert_ne!(without_channel.end().0, None);
    });
}

#[test]
fn clients_that_die_in_the_middle_of_a_question() {
    let Some(pop) = Pop::start() else { return };
    survives(pop, |pop| {
        for answers in [vec![], vec!["4242420001"], vec!["4242420001", &router_key(1), "none"]] {
            let mut shell = pop.ssh("alice", "alice").shell(80);
            shell.expect(PROMPT);
            shell.say("peer_create", "AS Number: ");
            for answer in answers {
                shell.say(answer, "\x1b[?2004h");
            }
            shell.kill();
        }
        assert_eq!(pop.alice("peer_list").fine(), pop.bob("peer_list").fine(), "nothing was made");
    });
}

#[test]
fn twenty_at_once() {
    let limits = [("sessions_per_member_max", "20"), ("unauthenticated_per_source_max", "40")];
    let Some(pop) = limited(&limits) else { return };
    survives(pop, |pop| {
        let mut shells: Vec<_> = (0..10).map(|_| pop.ssh("alice", "alice").shell(80)).collect();
        thread::scope(|scope| {
            (0..10).for_each(|_| drop(scope.spawn(|| pop.bob("peer_list").fine().to_owned())));
        });
        shells.iter_mut().for_each(|shell| drop(shell.expect(PROMPT)));
        for shell in &mut shells {
            shell.say("whoami", "ALICE-MNT, AS4242420001");
        }
        shells.into_iter().for_each(|mut shell| {
            shell.say("bye", "Cowboy!");
            assert_eq!(shell.end().0, Some(0));
        });
    });
}

#[test]
fn one_member_has_so_many_sessions_and_no_more() {
    let Some(mut pop) = limited(&[("sessions_per_member_max", "2")]) else { return };
    let mut shells: Vec<_> = (0..2).map(|_| pop.ssh("alice", "alice").shell(80)).collect();
    shells.iter_mut().for_each(|shell| drop(shell.expect(PROMPT)));
    let third = pop.ssh("alice", "alice").option("BatchMode=no").run("whoami");
    assert_eq!((third.status, third.stdout.as_str()), (Some(255), ""), "{third:#?}");
    assert!(third.stderr.contains("as many sessions"), "{third:#?}");
    pop.bob("whoami").fine();
    shells.pop().unwrap().kill();
    let again = wait_for(|| Some(pop.alice("whoami")).filter(|said| said.status == Some(0)));
    assert!(again.is_some(), "the place was not given back");
    drop(shells);
    wait_until("all places to be given back", || pop.alice("whoami").status == Some(0));
    pop.is_well();
}

#[test]
fn two_seats_are_the_administrators() {
    let Some(mut draft) = Draft::new() else { return };
    draft.keygen("boss", &["-t", "ed25519"]);
    draft.set("ssh", "admin_keys", &format!("[{:?}]", draft.auth("boss")));
    draft.set("limits", "sessions_max", "4");
    let mut pop = draft.serve();
    let mut shells: Vec<_> = (0..2).map(|_| pop.ssh("alice", "alice").shell(80)).collect();
    shells.iter_mut().for_each(|shell| drop(shell.expect(PROMPT)));
    let third = pop.ssh("bob", "bob").option("BatchMode=no").run("whoami");
    assert_eq!(third.status, Some(255), "{third:#?}");
    assert!(third.stderr.contains("All sessions of this POP are taken"), "{third:#?}");
    pop.ssh("boss", "boss").run("whoami").fine();
    drop(shells);
    wait_until("a place to be given back", || pop.bob("whoami").status == Some(0));
    pop.is_well();
}

/// A name longer than any maintainer's is refused whatever key comes with it, and told once.
#[test]
fn a_name_without_an_end() {
    let Some(mut pop) = Pop::start() else { return };
    let long = "x".repeat(2_000);
    let said = pop.ssh(&long, "alice").option("BatchMode=no").run("whoami");
    assert_eq!((said.status, said.stdout.as_str()), (Some(255), ""), "{said:#?}");
    assert!(said.stderr.contains("A user name has at most 64 bytes"), "{said:#?}");
    pop.wait_for_log("its user name has more than 64 bytes", 1);
    pop.is_well();
}

/// `-tt` makes a terminal of an input that has ended already.
#[test]
fn a_command_at_a_terminal_ends_with_its_input() {
    let Some(pop) = Pop::start() else { return };
    let said = pop.ssh("alice", "alice").argument("-tt").run("peer_create");
    assert_eq!(said.status, Some(2), "{said:#?}");
    let said = pop.ssh("alice", "alice").argument("-tt").run("whoami");
    assert!(said.status == Some(0) && said.stdout.contains("ALICE-MNT"), "{said:#?}");
}

#[test]
fn what_nobody_may_have() {
    let Some(pop) = Pop::start() else { return };
    survives(pop, |pop| {
        let said = pop.ssh("alice", "alice").argument("-W").argument("[::1]:22");
        let said = crate::run::run(&mut said.command(), b"");
        assert_eq!(said.status, Some(255), "forwarding from the client: {said:#?}");
        for remote in ["0:localhost:22", "/nowhere/socket:localhost:22"] {
            let ssh = pop.ssh("alice", "alice").option("ExitOnForwardFailure=yes");
            let said = ssh.argument("-R").argument(remote).run("whoami");
            assert_eq!(said.status, Some(255), "forwarding to the client: {said:#?}");
        }
        let said = pop.ssh("alice", "alice").argument("-s").run("sftp");
        assert!(said.status != Some(0) && said.stdout.is_empty(), "sftp: {said:#?}");
        let ssh = pop.ssh("alice", "alice").option("SetEnv=LD_PRELOAD=x");
        let agent = pop.path("agent");
        let _listener = UnixListener::bind(&agent).unwrap();
        ssh.option(&format!("ForwardAgent={}", agent.display())).run("whoami").fine();
    });
}

#[test]
fn commands_that_are_too_long_or_play_tricks() {
    let Some(pop) = Pop::start() else { return };
    survives(pop, |pop| {
        let long = pop.alice(&"x".repeat(20_000));
        assert!(long.refused(2).contains("at most 4096 bytes"), "{long:#?}");
        let tricky = pop.alice("\x1b[31mred\x1b]0;title\x07 \u{202e}");
        assert!(!tricky.refused(2).contains(['\x1b', '\x07', '\u{202e}']), "{tricky:#?}");
        let tricky = pop.ssh("\x1b[31mred\nforged: line", "alice").run("whoami");
        assert!(!tricky.stdout.contains('\x1b'), "{tricky:#?}");
        assert!(!pop.log().contains("\nforged"), "{}", pop.log());
    });
}

/// Packets with one line each: more than are kept for a channel that cannot go on.
const SMALL: usize = 1_000;
/// The bytes that OpenSSH's client lets a channel send before it has taken any of them.
const WINDOW: usize = 2 * 1024 * 1024;

/// A client that asks for twice as much as its window takes, and goes on sending line by line
/// before it takes anything; and how much that will be.
fn greedy(pop: &Pop) -> (Child, u64) {
    let one = pop.alice("help").fine().len();
    let lines = 2 * WINDOW / one;
    let mut command = pop.ssh("alice", "alice").argument("-T").command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut client = command.spawn().unwrap();
    let mut input = client.stdin.take().unwrap();
    input.write_all("help\n".repeat(lines - SMALL).as_bytes()).unwrap();
    for _ in 0..SMALL {
        input.write_all(b"help\n").unwrap();
        thread::sleep(Duration::from_micros(500));
    }
    (client, (lines * one) as u64)
}

/// More goes out than a channel's window takes while more comes in than any queue holds: neither
/// may wait for the other.
#[test]
fn a_slow_reader_gets_everything() {
    let Some(pop) = Pop::start() else { return };
    survives(pop, |pop| {
        let (mut client, everything) = greedy(pop);
        let mut output = client.stdout.take().unwrap();
        let reader = thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let status = wait_for(|| client.try_wait().unwrap());
        let _ = client.kill();
        assert_eq!(reader.join().unwrap().unwrap(), everything);
        assert_eq!(status.and_then(|it| it.code()), Some(0));
    });
}

/// A client that takes nothing of what it asked for and is gone: its connection goes with it.
#[test]
fn who_reads_nothing_leaves_nothing() {
    let Some(pop) = Pop::start() else { return };
    survives(pop, |pop| {
        let (mut client, _) = greedy(pop);
        let mut logged = 0;
        wait_until("the service to be stuck with it", || {
            let before = std::mem::replace(&mut logged, pop.log().len());
            thread::sleep(Duration::from_millis(300));
            before == logged
        });
        client.kill().unwrap();
        client.wait().unwrap();
    });
}

/// What is sent far ahead of what is done is not kept: the client is told, the others are not hurt.
#[test]
fn a_script_without_end() {
    let Some(pop) = Pop::start() else { return };
    survives(pop, |pop| {
        let said = pop.ssh("alice", "alice").script("whoami\n".repeat(200_000));
        assert_eq!(said.status, Some(1), "{said:#?}");
        assert_eq!(said.stderr, "Too much input at once; the rest was not read.\r\n");
    });
}
