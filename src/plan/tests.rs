//! Plans, as their lines: what differs gives steps, in an order that works, and nothing else does.

use super::addresses::AddressPlace;
use super::wireguard::{KEEPALIVE_S, OtherAddresses, PeerActual, allowed_ips};
use super::*;
use crate::model::{WgKey, WgSecret};

const ONE: u32 = 4242420001;
const TWO: u32 = 4242420002;

fn asn(number: u32) -> Asn {
    Asn::new(number).unwrap()
}

fn peering(number: u32) -> Owner {
    Owner::Peering(asn(number))
}

fn link(number: u32, port: u16) -> LinkWanted {
    LinkWanted {
        name: IfName::of(asn(number)),
        private_key: WgSecret::new([1; 32]),
        listen_port: port.to_string().parse().unwrap(),
        mtu: None,
        local: "fe80::263".parse().unwrap(),
        remote: "fe80::2:1".parse().unwrap(),
        ipv4: None,
        peer_key: WgKey::new([2; 32]).unwrap(),
        preshared_key: None,
        endpoint: Some("[2001:db8::1]:20263".parse().unwrap()),
        allowed_ips: allowed_ips(),
        keepalive_s: KEEPALIVE_S,
        other_addresses: OtherAddresses::Removed,
    }
}

/// The peerings of these AS numbers and ports.
fn wanted(peerings: &[(u32, u16)], ended: &[u32]) -> Wanted {
    let served = |&(number, port): &(u32, u16)| {
        let texts = ["conf", "bird"].map(|it| Some(format!("{it} {number}").into()));
        let [conf, bird] = texts;
        (peering(number), ServedWanted { conf, bird, link: Some(link(number, port)) })
    };
    Wanted {
        served: peerings.iter().map(served).collect(),
        ended: ended.iter().map(|number| peering(*number)).collect(),
        ..Wanted::default()
    }
}

/// A machine on which these peerings are as they should be.
fn machine(peerings: &[(u32, u16)]) -> Actual {
    let wanted = wanted(peerings, &[]).served;
    Actual {
        confs: texts(&wanted, |it| it.conf.as_deref()),
        birds: texts(&wanted, |it| it.bird.as_deref()),
        links: wanted.values().filter_map(|it| it.link.as_ref()).map(there).collect(),
        ..Actual::default()
    }
}

fn texts(
    wanted: &BTreeMap<Owner, ServedWanted>,
    text: fn(&ServedWanted) -> Option<&str>,
) -> BTreeMap<Owner, Rc<str>> {
    wanted.iter().filter_map(|(owner, it)| Some((*owner, text(it)?.into()))).collect()
}

fn there(wanted: &LinkWanted) -> (IfName, LinkActual) {
    let peer = PeerActual {
        key: wanted.peer_key,
        preshared_key: None,
        endpoint: wanted.endpoint,
        keepalive_s: KEEPALIVE_S,
        allowed_ips: allowed_ips().to_vec(),
        last_handshake_s: 1,
        rx_bytes: 1,
        tx_bytes: 1,
    };
    let actual = LinkActual {
        index: 7,
        up: true,
        mtu: 1420,
        unrouted: vec![],
        addresses: wanted.addresses().collect(),
        private_key: Some(wanted.private_key.clone()),
        listen_port: wanted.listen_port.get(),
        peers: vec![peer],
    };
    (wanted.name.clone(), actual)
}

#[track_caller]
fn check(wanted: &Wanted, actual: &Actual, lines: &[&str]) {
    let steps: Vec<String> = diff(wanted, actual).iter().map(Step::to_string).collect();
    assert_eq!(steps, lines);
}

#[test]
fn what_agrees_gives_no_step() {
    let both = [(ONE, 52001), (TWO, 52002)];
    check(&wanted(&both, &[]), &machine(&both), &[]);
    let known =
        Actual { protocols: Some(BTreeSet::from([peering(ONE), peering(TWO)])), ..machine(&both) };
    check(&wanted(&both, &[]), &known, &[]);
    check(&Wanted::default(), &Actual::default(), &[]);
}

#[test]
fn a_new_peering_gets_its_link_before_bird_hears_of_it() {
    let lines = [
        "write file wg-as4242420001.conf",
        "create link wg-as4242420001",
        "write file ebgp_as4242420001",
        "configure BIRD for 1 BGP session(s)",
    ];
    check(&wanted(&[(ONE, 52001)], &[]), &Actual::default(), &lines);
    // Where links are left to somebody else, there are only the files.
    let mut files = wanted(&[(ONE, 52001)], &[]);
    files.served.values_mut().for_each(|it| it.link = None);
    check(&files, &Actual::default(), &[lines[0], lines[2], lines[3]]);
}

#[test]
fn bird_lets_go_before_the_link_does() {
    check(
        &wanted(&[(TWO, 52002)], &[ONE]),
        &machine(&[(ONE, 52001), (TWO, 52002)]),
        &[
            "remove file ebgp_as4242420001",
            "configure BIRD for 1 BGP session(s)",
            "remove link wg-as4242420001",
            "remove file wg-as4242420001.conf",
        ],
    );
}

/// The lowest free id is given out again, and its port: the link that holds it goes first, or the
/// new one could not be made.
#[test]
fn a_port_that_is_needed_again_becomes_free_first() {
    check(
        &wanted(&[(TWO, 52001)], &[ONE]),
        &machine(&[(ONE, 52001)]),
        &[
            "remove link wg-as4242420001",
            "write file wg-as4242420002.conf",
            "create link wg-as4242420002",
            "remove file ebgp_as4242420001",
            "write file ebgp_as4242420002",
            "configure BIRD for 2 BGP session(s)",
            "remove file wg-as4242420001.conf",
        ],
    );
}

#[test]
fn nothing_is_removed_that_nobody_asked_to_end() {
    check(&Wanted::default(), &machine(&[(ONE, 52001)]), &[]);
    let again = wanted(&[(ONE, 52001)], &[ONE]);
    check(&again, &machine(&[(ONE, 52001)]), &[]);
}

#[test]
fn what_is_gone_needs_no_step() {
    check(&wanted(&[], &[ONE]), &Actual::default(), &[]);
    let half = Actual { confs: BTreeMap::new(), links: BTreeMap::new(), ..machine(&[(ONE, 1)]) };
    let lines = ["remove file ebgp_as4242420001", "configure BIRD for 1 BGP session(s)"];
    check(&wanted(&[], &[ONE]), &half, &lines);
}

/// BIRD was started anew, or was configured by hand: the files are right and it does not run them,
/// or it runs one whose file went away.
#[test]
fn bird_is_told_again_what_it_does_not_run() {
    let both = [(ONE, 52001), (TWO, 52002)];
    let lost = Actual { protocols: Some(BTreeSet::from([peering(TWO)])), ..machine(&both) };
    check(&wanted(&both, &[]), &lost, &["configure BIRD for 1 BGP session(s)"]);
    let kept = Actual { protocols: Some(BTreeSet::from([peering(ONE)])), ..Actual::default() };
    check(&wanted(&[], &[ONE]), &kept, &["configure BIRD for 1 BGP session(s)"]);
}

/// That BIRD has not read its files is nobody's in particular.
#[test]
fn files_that_bird_has_not_read_are_a_step_of_their_own() {
    let both = [(ONE, 52001), (TWO, 52002)];
    let protocols = Some(BTreeSet::from([peering(ONE), peering(TWO)]));
    let unread = Actual { protocols, unread: true, ..machine(&both) };
    let lines = ["configure BIRD: a file of ours changed since it read them"];
    check(&wanted(&both, &[]), &unread, &lines);
}

#[test]
fn what_somebody_disabled_is_enabled() {
    let both = [(ONE, 52001), (TWO, 52002)];
    let protocols = Some(BTreeSet::from([peering(ONE), peering(TWO)]));
    let disabled = Actual { protocols, disabled: BTreeSet::from([peering(TWO)]), ..machine(&both) };
    let lines = ["enable BGP session ebgp_as4242420002_v6"];
    check(&wanted(&both, &[]), &disabled, &lines);
    // One that is not ours to serve stays as it is.
    check(&wanted(&[(ONE, 52001)], &[]), &disabled, &[]);
}

/// What somebody did by hand, and what mends it.
#[test]
fn drift_is_mended_where_it_is() {
    let all = wanted(&[(ONE, 52001)], &[]);
    let mut drifted = machine(&[(ONE, 52001)]);
    drifted.links.clear();
    check(&all, &drifted, &["create link wg-as4242420001"]);

    let mut drifted = machine(&[(ONE, 52001)]);
    drifted.confs.values_mut().for_each(|text| *text = format!("{text}#").into());
    check(&all, &drifted, &["change file wg-as4242420001.conf"]);

    let mut drifted = machine(&[(ONE, 52001)]);
    drifted.birds.values_mut().for_each(|text| *text = format!("{text}#").into());
    let lines = ["change file ebgp_as4242420001", "configure BIRD for 1 BGP session(s)"];
    check(&all, &drifted, &lines);

    let mut drifted = machine(&[(ONE, 52001)]);
    drifted.links.values_mut().for_each(|link| link.listen_port = 1);
    check(&all, &drifted, &["change link wg-as4242420001; listen port 1 -> 52001"]);
}

#[test]
fn a_way_to_another_pop_is_made_like_a_peering_and_goes_when_it_is_switched_off() {
    let (way, name) = (Owner::Mesh("b".parse().unwrap()), IfName::to_pop(&"b".parse().unwrap()));
    let link = LinkWanted { name: name.clone(), ..link(ONE, 51812) };
    let served = ServedWanted { conf: Some("c".into()), bird: Some("b".into()), link: Some(link) };
    let mut wanted = Wanted { served: BTreeMap::from([(way, served)]), ..Wanted::default() };
    let lines = [
        "write file wg-int-b.conf",
        "create link wg-int-b",
        "write file ibgp_b",
        "configure BIRD for 1 BGP session(s)",
    ];
    check(&wanted, &Actual::default(), &lines);
    let actual = Actual {
        confs: BTreeMap::from([(way, "c".into())]),
        birds: BTreeMap::from([(way, "b".into())]),
        links: wanted.served.values().filter_map(|it| it.link.as_ref()).map(there).collect(),
        ..Actual::default()
    };
    check(&wanted, &actual, &[]);
    // A tunnel that was switched off goes; the BGP session finds another way.
    let off = ServedWanted { conf: None, link: None, ..wanted.served[&way].clone() };
    let off = Wanted { served: BTreeMap::from([(way, off)]), ..Wanted::default() };
    check(&off, &actual, &["remove link wg-int-b", "remove file wg-int-b.conf"]);
    // An iBGP file of the operator's own is neither written nor looked for in BIRD.
    wanted.served.values_mut().for_each(|it| it.bird = None);
    check(&wanted, &Actual { birds: BTreeMap::new(), ..actual.clone() }, &[]);
    let off = Wanted { ended: vec![way], ..Wanted::default() };
    let lines = [
        "remove file ibgp_b",
        "configure BIRD for 1 BGP session(s)",
        "remove link wg-int-b",
        "remove file wg-int-b.conf",
    ];
    check(&off, &actual, &lines);
    assert_eq!(unexplained(&Wanted::default(), &actual), BTreeSet::new(), "no peering");
}

#[test]
fn what_all_sessions_share_is_written_before_bird_is_told_once() {
    let shared =
        BTreeMap::from([(FileKind::RoaIpv4, Rc::from("4")), (FileKind::Babel, Rc::from("b"))]);
    let wanted = Wanted { shared: shared.clone(), ..wanted(&[(ONE, 52001)], &[]) };
    let actual = machine(&[(ONE, 52001)]);
    let lines = [
        "write file roa_dn42.conf",
        "write file mesh_babel.conf",
        "configure BIRD for 0 BGP session(s)",
    ];
    check(&wanted, &actual, &lines);
    check(&wanted, &Actual { shared, ..actual }, &[]);
}

fn on_lo(address: &str) -> HostAddress {
    HostAddress { address: address.parse().unwrap(), place: AddressPlace::Loopback }
}

#[test]
fn the_pops_own_addresses_and_settings_come_first() {
    let gateway = |text: &str| text.parse::<IpNet>().unwrap();
    let wanted = Wanted {
        loopback: vec![gateway("fd00:1::1/64"), gateway("172.20.0.1/29")],
        sysctls: sysctl::SYSCTLS.iter().collect(),
        ..wanted(&[(ONE, 52001)], &[])
    };
    let read = [
        ("net.ipv6.conf.all.forwarding", "0"),
        ("net.ipv4.ip_forward", "1"),
        ("net.ipv4.conf.all.rp_filter", "2"),
    ];
    let actual = Actual {
        // By hand, with another length: it is there all the same.
        addresses: ["127.0.0.1/8", "172.20.0.1/32"].map(on_lo).to_vec(),
        sysctls: read.map(|(name, value)| (name, value.to_string())).into(),
        ..machine(&[(ONE, 52001)])
    };
    let lines = ["add address fd00:1::1/64 to lo", "set net.ipv6.conf.all.forwarding 0 -> 1"];
    check(&wanted, &actual, &lines);
}
