//! The resolver against name servers on loopback: our own, which also lies, and dnsmasq.

mod dnsmasq;
mod responder;

use self::responder::{Asked, Responder, Transport, again, answer, none};
use super::*;
use simple_dns::{PacketFlag, RCODE, TYPE};
use std::fs;
use std::time::{Duration, Instant};

/// Where somebody is silent: every test of that takes this long, or a few times.
const PATIENCE: Duration = Duration::from_millis(100);
/// Where an answer comes: a machine with much to do may take its time.
const LONG: Duration = Duration::from_secs(30);

fn name() -> HostName {
    "node.example.org".parse().unwrap()
}

fn v4(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn resolver(servers: &[SocketAddr], patience: Duration) -> Resolver {
    let servers = servers.iter().copied().map(Server::at).collect();
    Resolver::of(Settings { patience, ..Settings::new(servers) })
}

/// Resolves with one server that answers by `script`.
fn ask(
    families: Families,
    script: impl Fn(&Asked) -> Vec<Vec<u8>>,
) -> Result<Vec<IpAddr>, DnsError> {
    ask_for(LONG, families, script)
}

/// The same for one that is silent at times.
fn ask_for(
    patience: Duration,
    families: Families,
    script: impl Fn(&Asked) -> Vec<Vec<u8>>,
) -> Result<Vec<IpAddr>, DnsError> {
    let server = Responder::start();
    let resolver = resolver(&[server.address()], patience);
    let resolve = async { resolver.resolve(&name(), families).await };
    smol::block_on(future::or(resolve, server.serve(script)))
}

#[test]
fn both_families_ipv6_first() {
    let found = ask(Families::Both, |asked| match asked.kind() {
        TYPE::A => vec![answer(asked, &[v4(1), v4(2)])],
        _ => vec![answer(asked, &["2001:db8::1".parse().unwrap()])],
    });
    assert_eq!(found.unwrap(), ["2001:db8::1".parse().unwrap(), v4(1), v4(2)]);
    let many: Vec<_> = (0..40).map(v4).collect();
    let capped = ask(Families::V4, |asked| vec![answer(asked, &many)]).unwrap();
    assert_eq!(capped, many[..DNS_ADDRESSES_MAX]);
}

#[test]
fn a_server_by_ipv6() {
    let Ok(server) = Responder::start_at("::1".parse().unwrap()) else {
        crate::testing::skipped("a name server by IPv6", "this machine has no ::1");
        return;
    };
    let resolver = resolver(&[server.address()], LONG);
    let resolve = async { resolver.resolve(&name(), Families::V4).await };
    let serve = server.serve(|asked| match asked.transport {
        Transport::Udp => vec![none(asked, RCODE::NoError, PacketFlag::TRUNCATION)],
        Transport::Tcp => vec![answer(asked, &[v4(1)])],
    });
    assert_eq!(smol::block_on(future::or(resolve, serve)).unwrap(), [v4(1)]);
}

#[test]
fn strays_are_passed_over() {
    let found = ask(Families::V4, |asked| {
        let mut wrong_id = answer(asked, &[v4(66)]);
        wrong_id[0] ^= 0xff;
        let mut wrong_question = answer(asked, &[v4(67)]);
        wrong_question[13] = b'x';
        let mut echo = asked.bytes.clone();
        echo[3] = 0x80;
        let large = vec![0; 60_000];
        vec![vec![], b"?".to_vec(), large, wrong_id, wrong_question, echo, answer(asked, &[v4(1)])]
    });
    assert_eq!(found.unwrap(), [v4(1)]);
}

#[test]
fn an_answer_from_elsewhere_never_arrives() {
    let server = Responder::start();
    let resolver = resolver(&[server.address()], LONG);
    let resolve = async { resolver.resolve(&name(), Families::V4).await };
    let from_elsewhere = |asked: &Asked| {
        let other = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        other.send_to(&answer(asked, &[v4(66)]), asked.from).unwrap();
        vec![answer(asked, &[v4(1)])]
    };
    let found = smol::block_on(future::or(resolve, server.serve(from_elsewhere)));
    assert_eq!(found.unwrap(), [v4(1)]);
}

#[test]
fn a_flood_of_guesses_ends_on_tcp() {
    let found = ask(Families::V4, |asked| match asked.transport {
        Transport::Udp => (0..70)
            .map(|_| {
                let mut guess = answer(asked, &[v4(66)]);
                guess[1] ^= 0x55;
                guess
            })
            .collect(),
        Transport::Tcp => vec![answer(asked, &[v4(1)])],
    });
    assert_eq!(found.unwrap(), [v4(1)]);
}

#[test]
fn a_cut_answer_is_asked_for_again_over_tcp() {
    let many: Vec<_> = (0..250).map(v4).collect();
    let cut = |asked: &Asked| none(asked, RCODE::NoError, PacketFlag::TRUNCATION);
    let found = ask(Families::V4, |asked| match asked.transport {
        Transport::Udp => vec![cut(asked)],
        Transport::Tcp => vec![answer(asked, &many)],
    });
    assert_eq!(found.unwrap(), many[..DNS_ADDRESSES_MAX]);
    // Cut over TCP too, then 60 kB, then nothing but a closed connection.
    for bytes in [None, Some(vec![0; 60_000]), Some(vec![])] {
        let failed = ask(Families::V4, |asked| match (asked.transport, &bytes) {
            (Transport::Tcp, Some(bytes)) => vec![bytes.clone()],
            _ => vec![cut(asked)],
        });
        assert_eq!(failed, Err(DnsError::Garbage(name())));
    }
}

#[test]
fn tcp_that_trickles_ends_in_time() {
    let server = Responder::start();
    let resolver = resolver(&[server.address()], PATIENCE);
    let begun = Instant::now();
    let resolve = async { resolver.resolve(&name(), Families::V4).await };
    let cut = |asked: &Asked| vec![none(asked, RCODE::NoError, PacketFlag::TRUNCATION)];
    let failed = smol::block_on(future::or(resolve, server.trickle(cut)));
    assert_eq!(failed, Err(DnsError::TimedOut(0)));
    assert!(begun.elapsed() < 4 * PATIENCE + Duration::from_secs(1));
}

#[test]
fn silence_goes_on_to_the_second_server_and_repeats_go_without_edns() {
    let (silent, good) = (Responder::start(), Responder::start());
    let resolver = resolver(&[silent.address(), good.address()], PATIENCE);
    let resolve = async { resolver.resolve(&name(), Families::V4).await };
    let serve = good.serve(|asked| vec![answer(asked, &[v4(1)])]);
    assert_eq!(smol::block_on(future::or(resolve, serve)).unwrap(), [v4(1)]);
    let plain_only = ask_for(PATIENCE, Families::V4, |asked| match asked.has_edns() {
        true => vec![],
        false => vec![answer(asked, &[v4(2)])],
    });
    assert_eq!(plain_only.unwrap(), [v4(2)]);
}

#[test]
fn each_failure_has_its_own_words() {
    let no_flags = PacketFlag::RECURSION_AVAILABLE;
    for (status, families, words) in [
        (RCODE::NameError, Families::Both, "node.example.org does not exist in the DNS"),
        (RCODE::NoError, Families::V6, "node.example.org has no AAAA record"),
        (RCODE::NoError, Families::V4, "node.example.org has no A record"),
        (RCODE::NoError, Families::Both, "node.example.org has neither an AAAA nor an A record"),
        (RCODE::Refused, Families::V4, "the name server refuses to look up node.example.org"),
        (
            RCODE::ServerFailure,
            Families::V4,
            "the name server failed to look up node.example.org; is its zone in order?",
        ),
    ] {
        let failed = ask(families, |asked| vec![none(asked, status, no_flags)]);
        assert_eq!(failed.unwrap_err().to_string(), words);
    }
    let looped = ask(Families::V4, |asked| vec![again(asked)]);
    assert_eq!(looped, Err(DnsError::AliasLoop(name())));
    let bad = HostName::tolerated("a..b").unwrap();
    let unaskable = smol::block_on(resolver(&[], LONG).resolve(&bad, Families::V4));
    assert_eq!(unaskable, Err(DnsError::Unaskable(bad)));
    assert_eq!(DnsError::TimedOut(8).to_string(), "no name server answered in 8 s");
}

#[test]
fn one_family_is_enough() {
    let odd = |status| {
        ask(Families::Both, move |asked| match asked.kind() {
            TYPE::A => vec![answer(asked, &[v4(1)])],
            _ => vec![none(asked, status, PacketFlag::RECURSION_AVAILABLE)],
        })
    };
    assert_eq!(odd(RCODE::NameError).unwrap(), [v4(1)]);
    assert_eq!(odd(RCODE::ServerFailure).unwrap(), [v4(1)]);
    let half_silent = ask_for(PATIENCE, Families::Both, |asked| match asked.kind() {
        TYPE::A => vec![none(asked, RCODE::NoError, PacketFlag::RECURSION_AVAILABLE)],
        _ => vec![],
    });
    assert_eq!(half_silent, Err(DnsError::TimedOut(0)));
}

/// Whoever waits says that nobody answered; who is told that nobody is there says that.
#[test]
fn a_closed_port_is_known_at_once() {
    // A socket that hears one other only: the port is taken, and closed to everybody else.
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    closed.connect("127.0.0.1:9").unwrap();
    let resolver = resolver(&[closed.local_addr().unwrap()], LONG);
    let failed = smol::block_on(resolver.resolve(&name(), Families::Both));
    assert_eq!(failed, Err(DnsError::Unreachable));
}

#[test]
fn the_file_is_read_again_when_it_changed() {
    let directory = std::env::temp_dir().join(format!("peerling-resolv-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join("resolv.conf");
    let resolver = Resolver::system(&path);
    let first = |resolver: &Resolver| resolver.settings().servers[0].address.to_string();
    assert_eq!(first(&resolver), "127.0.0.1:53");
    fs::write(&path, "nameserver 192.0.2.1\n").unwrap();
    assert_eq!(first(&resolver), "192.0.2.1:53");
    assert!(Rc::ptr_eq(&resolver.settings(), &resolver.settings()));
    let replacement = directory.join("new");
    fs::write(&replacement, "nameserver 192.0.2.2\n").unwrap();
    fs::rename(&replacement, &path).unwrap();
    assert_eq!(first(&resolver), "192.0.2.2:53");
    fs::remove_dir_all(&directory).unwrap();
    assert_eq!(first(&resolver), "192.0.2.2:53");
}

/// Each answer of a form has the ones before it judged again.
#[test]
fn what_was_found_a_moment_ago_is_not_asked_for_again() {
    let server = Responder::start();
    let resolver = resolver(&[server.address()], LONG);
    let asked = Cell::new(0);
    let ask = async {
        let moment = Duration::from_secs(60);
        for _ in 0..4 {
            let found = resolver.resolve_within(&name(), Families::V4, moment).await;
            assert_eq!(found.unwrap(), [v4(1)]);
        }
        assert_eq!(asked.get(), 1);
        resolver.resolve_within(&name(), Families::V4, Duration::ZERO).await.unwrap();
        resolver.resolve(&name(), Families::V4).await.unwrap();
        assert_eq!(asked.get(), 3, "who wants a fresh answer gets one");
    };
    let serve = server.serve(|it| {
        asked.set(asked.get() + 1);
        vec![answer(it, &[v4(1)])]
    });
    smol::block_on(future::or(ask, serve));
}

/// A name that failed may just have been mended.
#[test]
fn a_failure_is_not_believed_for_long() {
    let server = Responder::start();
    let resolver = resolver(&[server.address()], LONG);
    let asked = Cell::new(0);
    let ask = async {
        let moment = Duration::from_secs(60);
        let first = resolver.resolve_within(&name(), Families::V4, moment).await;
        assert_eq!(first, Err(DnsError::NotFound(name())));
        let second = resolver.resolve_within(&name(), Families::V4, moment).await;
        assert_eq!(second.unwrap(), [v4(1)]);
    };
    let serve = server.serve(|it| {
        asked.set(asked.get() + 1);
        match asked.get() {
            1 => vec![none(it, RCODE::NameError, PacketFlag::empty())],
            _ => vec![answer(it, &[v4(1)])],
        }
    });
    smol::block_on(future::or(ask, serve));
}

#[test]
fn the_newest_answer_is_kept_and_there_is_a_bound() {
    let memory = Memory::default();
    let name = |number: usize| format!("n{number}.example.org").parse::<HostName>().unwrap();
    let address: IpAddr = "2001:db8::1".parse().unwrap();
    memory.keep(&name(0), Families::Both, &Err(DnsError::Unreachable));
    memory.keep(&name(0), Families::Both, &Ok(vec![address]));
    let last = |number, families| memory.last(&name(number), families).map(|it| it.answer);
    assert_eq!(last(0, Families::Both), Some(Ok(vec![address])));
    assert_eq!(last(0, Families::V6), None, "another question");
    for number in 1..=DNS_REMEMBERED_MAX {
        memory.keep(&name(number), Families::Both, &Ok(vec![address]));
    }
    assert_eq!(memory.0.borrow().len(), DNS_REMEMBERED_MAX);
    assert_eq!(last(0, Families::Both), None, "the oldest went");
    assert!(last(DNS_REMEMBERED_MAX, Families::Both).is_some());
}
