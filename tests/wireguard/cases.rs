//! What must hold for every back end.

use crate::lab::{Case, Lab, Monitor, eventually, private_key, run, wanted, wg_set};
use peerling::model::{IfName, WgSecret};
use peerling::plan::wireguard::{EndpointRule, LinkWanted, differs};
use peerling::sys::netlink::Route;
use peerling::sys::wireguard::{Backend, WireError};
use std::net::{IpAddr, Ipv6Addr, UdpSocket};

pub const CASES: &[Case] = &[
    ("a created link is as wanted", created),
    ("each field changes in place", fields),
    ("no change takes the link down", steady),
    ("what somebody did is mended", drift),
    ("a crowd of peers is read whole and removed", crowd),
    ("a session survives changes", session),
    ("a link between POPs has both families", both_families),
    ("a taken port is told", taken_port),
    ("a foreign link is left alone", foreign),
    ("a removed link is gone", removed),
    ("the kernel says why", words),
];

fn created(lab: &Lab) {
    let wanted = wanted(1);
    lab.create(&wanted).unwrap();
    let actual = lab.actual(&wanted.name);
    assert_eq!(differs(&wanted, &actual, EndpointRule::Set), []);
    let private = wanted.private_key.reveal();
    let (public, peer) = (wanted.private_key.public(), wanted.peer_key);
    let secret = wanted.preshared_key.as_ref().unwrap().reveal();
    let dump = run(&format!("wg show {} dump", wanted.name));
    assert_eq!(
        dump.replace(&private, "PRIVATE").replace(&secret, "SECRET").lines().collect::<Vec<_>>(),
        [
            format!("PRIVATE\t{public}\t52001\toff"),
            format!(
                "{peer}\tSECRET\t[2001:db8::1]:20263\t\
                 172.16.0.0/12,10.0.0.0/8,fd00::/8,fe80::/10\t0\t0\t0\t30"
            ),
        ]
        .map(|line| with_order_of(&dump, line))
    );
    assert!(run(&format!("ip link show {}", wanted.name)).contains("mtu 1412"));
    has_address(&wanted);
    assert!(matches!(lab.create(&wanted), Err(WireError::Exists(_))));
    lab.remove(&wanted.name).unwrap();
}

/// The same line, but allowed IPs in the order and counters with the values that `dump` has: both
/// differ between implementations and runs.
fn with_order_of(dump: &str, line: String) -> String {
    let Some(shown) = dump.lines().nth(1).filter(|_| line.contains("SECRET")) else { return line };
    let (shown, line): (Vec<&str>, Vec<&str>) =
        (shown.split('\t').collect(), line.split('\t').collect());
    let sorted = |list: &str| {
        let mut list: Vec<String> = list.split(',').map(str::to_owned).collect();
        list.sort();
        list
    };
    assert_eq!(sorted(shown[3]), sorted(line[3]));
    [line[0], line[1], line[2], shown[3], line[4], shown[5], shown[6], line[7]].join("\t")
}

/// Exactly the one address, and the route to the peer, as `ip` shows them.
fn has_address(wanted: &LinkWanted) {
    let (name, local, remote) = (&wanted.name, wanted.local.get(), wanted.remote.get());
    let shown = run(&format!("ip -o -6 addr show dev {name}"));
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(
        shown.contains(&format!("inet6 {local} peer {remote}/128 scope link nodad")),
        "{shown}"
    );
    // The kernel makes the route a moment later, when duplicate address detection would be done.
    eventually("the route to the peer", || {
        let routes = run(&format!("ip -6 route show dev {name}"));
        routes.lines().find(|line| line.starts_with(&format!("{remote} "))).map(drop)
    });
}

fn fields(lab: &Lab) {
    let mut wanted = wanted(2);
    lab.create(&wanted).unwrap();
    let mut check = |change: fn(&mut LinkWanted), lines: &[&str]| {
        change(&mut wanted);
        assert_eq!(lab.change(&wanted, EndpointRule::Set), lines);
        has_address(&wanted);
    };
    let (old, new) = (private_key(2).public(), private_key(99).public());
    let own = [private_key(0).public(), WgSecret::new([1; 32]).public()];
    check(|_| {}, &[]);
    check(|it| it.listen_port = "52902".parse().unwrap(), &["listen port 52002 -> 52902"]);
    check(|it| it.mtu = Some(1300), &["MTU 1412 -> 1300"]);
    check(|it| it.mtu = None, &[]);
    check(
        |it| it.endpoint = "192.0.2.1:1".parse().ok(),
        &["endpoint [2001:db8::2]:20263 -> 192.0.2.1:1"],
    );
    check(|it| it.endpoint = None, &[]);
    check(|it| it.preshared_key = Some(private_key(5)), &["preshared key replaced"]);
    check(|it| it.preshared_key = None, &["preshared key removed"]);
    check(|it| it.preshared_key = Some(private_key(6)), &["preshared key set"]);
    check(
        |it| it.remote = "fe80::7".parse().unwrap(),
        &["address fe80:263::1:2 peer fe80:263::2:2 -> fe80::7"],
    );
    check(
        |it| it.local = "fe80::263".parse().unwrap(),
        &["address fe80::263 peer fe80::7 added", "address fe80:263::1:2 peer fe80::7 removed"],
    );
    check(
        |it| it.peer_key = private_key(99).public(),
        &[&format!("peer {new} added, endpoint unknown"), &format!("peer {old} removed")],
    );
    check(
        |it| it.private_key = WgSecret::new([1; 32]),
        &[&format!("private key of {} -> {}", own[0], own[1])],
    );
    lab.remove(&wanted.name).unwrap();
}

/// What the kernel tells of links meanwhile, by `ip monitor`.
fn steady(lab: &Lab) {
    let mut wanted = wanted(10);
    let (begin, end) = ("mtu 60001", "mtu 60002");
    lab.create(&wanted).unwrap();
    let monitor = Monitor::start();
    // It says nothing when it is ready: it is when it tells of the loopback.
    monitor
        .tells(begin, || drop(run("ip link set lo mtu 60000") + &run("ip link set lo mtu 60001")));
    let changes: [fn(&mut LinkWanted); 6] = [
        |it| it.mtu = Some(1300),
        |it| it.preshared_key = None,
        |it| it.remote = "fe80::7".parse().unwrap(),
        |it| it.local = "fe80::263".parse().unwrap(),
        |it| it.listen_port = "52910".parse().unwrap(),
        |it| (it.peer_key, it.private_key) = (private_key(98).public(), WgSecret::new([2; 32])),
    ];
    for change in changes {
        change(&mut wanted);
        assert_ne!(lab.change(&wanted, EndpointRule::Set), [""; 0]);
    }
    monitor.tells(end, || drop(run("ip link set lo mtu 60002")));
    let told = monitor.lines(&wanted.name);
    assert!(told.iter().any(|line| line.contains("mtu 1300")), "{told:?}");
    assert!(told.iter().all(|line| line.contains(",UP")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("Deleted")), "{told:?}");
    // It would have told.
    run(&format!("ip link set {} down", wanted.name));
    eventually("the link goes down", || {
        monitor.lines(&wanted.name).iter().any(|line| !line.contains(",UP")).then_some(())
    });
    lab.remove(&wanted.name).unwrap();
}

fn drift(lab: &Lab) {
    let wanted = wanted(3);
    let name = &wanted.name;
    lab.create(&wanted).unwrap();
    let mend = |lines: &[&str]| {
        assert_eq!(lab.change(&wanted, EndpointRule::Keep), lines);
        has_address(&wanted);
    };
    let added = "address fe80:263::1:3 peer fe80:263::2:3 added";
    run(&format!("ip link set {name} down"));
    mend(&["down -> up", added]);
    run(&format!("ip addr flush dev {name}"));
    mend(&[added]);
    run(&format!("ip addr add fe80::99/64 dev {name} nodad"));
    mend(&["address fe80::99 removed"]);
    // Added before the link is up, the address would have no route to the peer.
    run(&format!("ip link set {name} down"));
    run(&format!("ip addr add fe80:263::1:3/128 peer fe80:263::2:3/128 dev {name} nodad"));
    mend(&["address fe80:263::1:3 peer fe80:263::2:3 removed", "down -> up", added]);
    let stranger = private_key(77).public();
    wg_set(name, &stranger, " allowed-ips fe80::/10");
    let all = "172.16.0.0/12, 10.0.0.0/8, fd00::/8, fe80::/10";
    let lines = lab.change(&wanted, EndpointRule::Keep);
    assert!(lines[0].starts_with("allowed IPs ") && lines[0].ends_with(&format!("-> {all}")));
    assert_eq!(lines[1..], [format!("peer {stranger} removed")]);
    wg_set(name, &wanted.peer_key, " remove");
    let key = wanted.peer_key;
    mend(&[&format!("peer {key} added, endpoint [2001:db8::3]:20263")]);
    wg_set(name, &key, " persistent-keepalive 5 endpoint 192.0.2.9:9");
    mend(&["keepalive 5 s -> 30 s"]);
    assert_eq!(lab.actual(name).peers[0].endpoint, "192.0.2.9:9".parse().ok());
    // An address of another range is not ours to judge.
    run(&format!("ip addr add fd42::1/128 dev {name} nodad"));
    assert_eq!(lab.change(&wanted, EndpointRule::Keep), [""; 0]);
    lab.remove(name).unwrap();
}

/// More than fits one message of the kernel: many peers, and one with many allowed IPs.
fn crowd(lab: &Lab) {
    let wanted = wanted(9);
    lab.create(&wanted).unwrap();
    let peer = |number: u16| {
        let key = private_key(1000 + number).public();
        let count = if number == 0 { 1000 } else { 1 };
        let prefixes: Vec<String> =
            (0..count).map(|it| format!("2001:db8:{number:x}::{it:x}/128")).collect();
        format!("[Peer]\nPublicKey = {key}\nAllowedIPs = {}\n", prefixes.join(", "))
    };
    let file = std::env::temp_dir().join(format!("crowd-{}", std::process::id()));
    std::fs::write(&file, (0..300).map(peer).collect::<String>()).unwrap();
    run(&format!("wg addconf {} {}", wanted.name, file.display()));
    std::fs::remove_file(&file).unwrap();
    let actual = lab.actual(&wanted.name);
    assert_eq!(actual.peers.len(), 301);
    let many = private_key(1000).public();
    let largest = actual.peers.iter().find(|peer| peer.key == many).unwrap();
    assert_eq!(largest.allowed_ips.len(), 1000);
    assert_eq!(lab.change(&wanted, EndpointRule::Keep).len(), 300);
    lab.remove(&wanted.name).unwrap();
}

/// Two links that are each other's peer.
fn pair() -> [LinkWanted; 2] {
    let [mut left, mut right] = [wanted(4), wanted(5)];
    (left.private_key, right.private_key) = (private_key(4), private_key(5));
    (left.peer_key, right.peer_key) = (right.private_key.public(), left.private_key.public());
    left.endpoint = format!("[::1]:{}", right.listen_port).parse().ok();
    right.endpoint = format!("[::1]:{}", left.listen_port).parse().ok();
    [left, right]
}

fn session(lab: &Lab) {
    let [mut left, right] = pair();
    let peer = |name: &IfName| lab.actual(name).peers[0].clone();
    lab.create(&left).unwrap();
    lab.create(&right).unwrap();
    let shaken = || Some(()).filter(|()| peer(&left.name).last_handshake_s > 0);
    eventually("a handshake", shaken);
    let before = peer(&left.name);
    left.mtu = Some(1300);
    left.local = "fe80::8".parse().unwrap();
    left.preshared_key = Some(private_key(9));
    assert_eq!(lab.change(&left, EndpointRule::Keep).len(), 4);
    left.endpoint = format!("127.0.0.1:{}", right.listen_port).parse().ok();
    let actual = lab.actual(&left.name);
    let change = lab.backend.change(&lab.machine, &left, &actual, EndpointRule::Set);
    // Not read back: the next packet of the other end moves it to where that came from.
    assert_eq!(smol::block_on(change).unwrap().len(), 1);
    wg_set(&left.name, &left.peer_key, " allowed-ips fd00::/8 persistent-keepalive 7");
    assert_eq!(lab.change(&left, EndpointRule::Keep).len(), 2);
    let after = peer(&left.name);
    assert_eq!(after.last_handshake_s, before.last_handshake_s);
    assert!(after.rx_bytes >= before.rx_bytes && before.rx_bytes > 0);
    lab.remove(&left.name).unwrap();
    lab.remove(&right.name).unwrap();
}

fn taken_port(lab: &Lab) {
    let mut wanted = wanted(6);
    let taken = UdpSocket::bind("[::]:0").unwrap();
    let free = wanted.listen_port;
    let port = taken.local_addr().unwrap().port().to_string().parse().unwrap();
    wanted.listen_port = port;
    assert_eq!(lab.create(&wanted), Err(WireError::PortTaken(port)));
    assert!(lab.read(&wanted.name).is_none(), "half a link was left");
    wanted.listen_port = free;
    lab.create(&wanted).unwrap();
    wanted.listen_port = port;
    let actual = lab.actual(&wanted.name);
    let change =
        || smol::block_on(lab.backend.change(&lab.machine, &wanted, &actual, EndpointRule::Keep));
    assert_eq!(change(), Err(WireError::PortTaken(port)));
    // The link still listens where it did.
    assert_eq!(lab.actual(&wanted.name).listen_port, free.get());
    assert!(UdpSocket::bind(("::", free.get())).is_err());
    wanted.listen_port = free;
    drop(taken);
    taken_while_down(lab, &wanted);
    lab.remove(&wanted.name).unwrap();
}

/// Somebody takes the port while the link is down; the kernel tells it when the link goes up. A
/// process keeps its port all the while.
fn taken_while_down(lab: &Lab, wanted: &LinkWanted) {
    run(&format!("ip link set {} down", wanted.name));
    let port = wanted.listen_port;
    let taken = UdpSocket::bind(("::", port.get()));
    assert_eq!(taken.is_ok(), lab.backend == Backend::Kernel);
    if taken.is_ok() {
        let actual = lab.actual(&wanted.name);
        let change = lab.backend.change(&lab.machine, wanted, &actual, EndpointRule::Keep);
        assert_eq!(smol::block_on(change), Err(WireError::PortTaken(port)));
    }
    drop(taken);
    lab.change(wanted, EndpointRule::Keep);
    has_address(wanted);
}

fn foreign(lab: &Lab) {
    let wanted = wanted(7);
    let name = &wanted.name;
    for make in ["link add {} type veth peer name other0", "tuntap add {} mode tun"] {
        run(&format!("ip {}", make.replace("{}", name.as_str())));
        let Some(Err(error)) = lab.read(name) else { panic!("it was taken for a link of ours") };
        assert!(matches!(&error, WireError::Foreign(it, _) if it == name.as_str()), "{error}");
        assert!(error.to_string().ends_with("no WireGuard link; it is left alone"), "{error}");
        assert!(matches!(lab.create(&wanted), Err(WireError::Exists(_))));
        let actual = peerling::plan::wireguard::LinkActual {
            index: Route::open().unwrap().link(name.as_str()).unwrap().unwrap().index,
            ..Default::default()
        };
        let change =
            smol::block_on(lab.backend.change(&lab.machine, &wanted, &actual, EndpointRule::Set));
        assert!(matches!(change, Err(WireError::Foreign(..))));
        assert!(matches!(lab.remove(name), Err(WireError::Foreign(..))));
        run(&format!("ip link del {name}"));
    }
    run("ip link add wg-m1 type veth peer name wg-as0042");
    assert!(lab.observe().is_empty());
    run("ip link del wg-m1");
}

fn removed(lab: &Lab) {
    let wanted = wanted(8);
    lab.create(&wanted).unwrap();
    let actual = lab.actual(&wanted.name);
    lab.remove(&wanted.name).unwrap();
    assert!(lab.read(&wanted.name).is_none());
    lab.remove(&wanted.name).unwrap();
    let change = smol::block_on(lab.backend.change(
        &lab.machine,
        &LinkWanted { mtu: Some(1280), ..wanted.clone() },
        &actual,
        EndpointRule::Set,
    ));
    assert_eq!(change, Err(WireError::Missing(wanted.name)));
}

/// As between POPs of one network: IPv4 addresses beside IPv6 ones, and Babel's multicast.
fn both_families(lab: &Lab) {
    let allowed = ["fe80::2:1/128", "169.254.2.1/32", "172.16.0.0/12", "ff02::1:6/128"];
    let wanted = LinkWanted {
        name: IfName::to_pop(&"nl-ams1".parse().unwrap()),
        ipv4: Some(([169, 254, 1, 2].into(), [169, 254, 2, 1].into())),
        allowed_ips: allowed.map(|it| it.parse().unwrap()).into(),
        ..wanted(1)
    };
    lab.create(&wanted).unwrap();
    assert_eq!(lab.change(&wanted, EndpointRule::Set), [""; 0]);
    let added = "address 169.254.1.2 peer 169.254.2.1 added";
    let removed = "address 169.254.1.2 peer 169.254.2.1 removed";
    run("ip address del 169.254.1.2/32 peer 169.254.2.1/32 dev wg-int-nl-ams1");
    assert_eq!(lab.change(&wanted, EndpointRule::Set), [added]);
    run("ip route del 169.254.2.1/32 dev wg-int-nl-ams1");
    assert_eq!(lab.change(&wanted, EndpointRule::Set), [removed, added]);
    assert_eq!(lab.change(&wanted, EndpointRule::Set), [""; 0]);
    lab.remove(&wanted.name).unwrap();
}

fn words(_: &Lab) {
    let route = Route::open().unwrap();
    let index = route.link("lo").unwrap().unwrap().index;
    assert_eq!(route.link("none0"), Ok(None));
    assert!(route.addresses().unwrap().iter().any(|it| it.local == Ipv6Addr::LOCALHOST));
    let local: IpAddr = "fe80::9".parse().unwrap();
    let peer = IpAddr::V6(Ipv6Addr::LOCALHOST);
    route.add_address(index, local, peer).unwrap();
    let error = route.add_address(index, local, peer).unwrap_err();
    let told = "add address fe80::9 peer ::1 to link 1: ";
    assert!(error.to_string().starts_with(told), "{error}");
    let listed = route.addresses().unwrap();
    let address = listed.iter().find(|it| it.local == local).unwrap();
    assert_eq!((address.peer, address.prefix_len), (peer, 128));
    route.delete_address(address).unwrap();
    let error = route.set_mtu(index, u32::MAX).unwrap_err();
    assert!(error.kernel_text.is_some(), "{error}");
}
