//! wg-quick files in the shapes that operators give them.

use super::*;
use crate::model::LinkLocal;

const SECRET: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const KEY: &str = "pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk=";
const OTHER: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

fn conf(interface: &str, peer: &str) -> String {
    format!("[Interface]\nPrivateKey = {SECRET}\n{interface}\n[Peer]\nPublicKey = {KEY}\n{peer}\n")
}

fn tunnel(interface: &str, peer: &str) -> Tunnel {
    let text = conf(interface, peer);
    read(&text, "dn42-x").unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

/// `local/length peer`, for each address.
fn addresses(tunnel: &Tunnel) -> Vec<String> {
    let address = |it: &OwnAddress| {
        let peer = it.peer.as_ref().map_or(String::new(), |it| format!(" {}", it.value));
        format!("{}/{}{peer}", it.local, it.length)
    };
    tunnel.addresses.iter().map(address).collect()
}

#[test]
fn addresses_come_in_many_shapes() {
    for (text, expected) in [
        ("PostUp = ip addr add dev %i fe80::a/128 peer fe80::b/128", vec!["fe80::a/128 fe80::b"]),
        ("PostUp=/sbin/ip -6 address add fe80::a/64 dev dn42-x", vec!["fe80::a/64"]),
        ("postup = ip a a fe80::a peer fe80::b dev %i scope link", vec!["fe80::a/128 fe80::b"]),
        ("Address = fe80::a/64", vec!["fe80::a/64"]),
        ("ADDRESS = fe80::A/64 , 172.20.0.1/32 # both", vec!["fe80::A/64", "172.20.0.1/32"]),
        ("Address = fe80::a/64\nAddress = fd00::1", vec!["fe80::a/64", "fd00::1/128"]),
        ("PostUp = ip addr add dev wg9 fe80::a/128 peer fe80::b/128", vec![]),
        ("PostUp = ip route add fd00::/8 dev %i", vec![]),
        (
            "PostUp = sysctl -w net.x=1; ip addr add 172.20.0.1/32 peer 172.20.0.2/32 dev %i && ip \
             addr add fe80::a/128 dev %i peer fe80::b/128",
            vec!["172.20.0.1/32 172.20.0.2", "fe80::a/128 fe80::b"],
        ),
        ("PostDown = ip addr del dev %i fe80::a/128\nTable = off\nDNS = fd42::53", vec![]),
    ] {
        assert_eq!(addresses(&tunnel(text, "")), expected, "{text}");
    }
}

#[test]
fn endpoints_come_in_many_shapes() {
    for (text, expected) in [
        ("Endpoint = node.example.org:20263", "node.example.org:20263"),
        ("Endpoint = 192.0.2.1:51820", "192.0.2.1:51820"),
        ("Endpoint = [2001:db8::1]:51820", "[2001:db8::1]:51820"),
        ("Endpoint=2001:db8::1:51820", "[2001:db8::1]:51820"),
        ("endpoint = my_host:1", "my_host:1"),
    ] {
        let endpoint = tunnel("", text).peers[0].endpoint.clone().unwrap();
        assert_eq!(endpoint.value.bracketed(), expected, "{text}");
    }
    assert_eq!(tunnel("", "").peers[0].endpoint, None);
}

#[test]
fn keys_ports_and_networks_are_read() {
    let interface = "listenport = 20042\nMTU=1420\n";
    let peer = format!(
        "PresharedKey = {OTHER}\nAllowedIPs = 10.0.0.0/8, fe80::/10\nAllowedIPs = 172.20.0.53\n\
         PersistentKeepalive = 25"
    );
    let one = tunnel(interface, &peer);
    assert_eq!((one.listen_port.unwrap().get(), one.mtu.unwrap().value), (20042, 1420));
    assert_eq!(one.private_key, OwnKey::Here(SECRET.parse().unwrap()));
    let peer = &one.peers[0];
    assert_eq!(peer.key.as_ref().unwrap().value.to_string(), KEY);
    assert_eq!(peer.preshared_key.as_ref().unwrap().value.reveal(), OTHER);
    let networks: Vec<String> = peer.allowed_ips.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "fe80::/10", "172.20.0.53/32"]);
    assert_eq!(peer.keepalive_s, 25);
    let file = "[Interface]\nPostUp = wg set %i private-key /etc/wireguard/key peer x\n";
    assert_eq!(read(file, "x").unwrap().private_key, OwnKey::File("/etc/wireguard/key".into()));
    let two = tunnel("ListenPort = 0", "[Peer]\nPersistentKeepalive = off\n");
    assert_eq!((two.listen_port, two.peers.len()), (None, 2));
    assert_eq!(
        tunnel("", &format!("PresharedKey = {}=", "A".repeat(43))).peers[0].preshared_key,
        None
    );
}

#[test]
fn windows_and_odd_cases_do_no_harm() {
    let text = conf("Address = fe80::a/64", "Endpoint = a.b:1").replace('\n', "\r\n");
    let odd = text.replace("[Peer]", "  [PEER]  # them").replace("PublicKey", "publickey\t");
    assert_eq!(addresses(&read(&odd, "x").unwrap()), ["fe80::a/64"]);
    assert_eq!(
        read(&odd, "x").unwrap().peers[0].endpoint.as_ref().unwrap().value.to_string(),
        "a.b:1"
    );
}

#[test]
fn faults_have_a_place() {
    for (text, expected) in [
        ("PrivateKey = x", "1:1: wg-quick has no such key here"),
        ("[Interface]\n  hello", "2:3: neither a heading nor key = value"),
        ("[Interface]\nPostUp = a \\\n  b", "3:3: neither a heading nor key = value"),
        ("[Router]", "1:1: a heading is [Interface] or [Peer]"),
        ("[Interface]\nPublicKey = x", "2:1: wg-quick has no such key here"),
        ("[Interface]\nPrivateKey = x", "2:14: the value is not a private key"),
        ("[Peer]\nPublicKey = ", "2:12: the value is not a public key"),
        ("[Peer]\n Endpoint = [::1:5", "2:13: the value is not host and port"),
        ("[Peer]\nEndpoint = a.b:0", "2:12: the value is not host and port"),
        ("[Interface]\nAddress = fe80::a/129", "2:11: the value is not addresses"),
        ("[Peer]\nAllowedIPs = ü", "2:14: the value is not networks"),
        ("[Interface]\nListenPort = 65536", "2:14: the value is not a port"),
    ] {
        assert_eq!(read(text, "x").unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn no_text_is_too_strange() {
    let text =
        conf("PostUp = ip addr add dev %i fe80::a/128 peer fe80::b/128 # ü", "Endpoint = a.b:1");
    for end in (0..text.len()).filter(|it| text.is_char_boundary(*it)) {
        let _ = read(&text[..end], "x");
        for strange in ["\0", "=", "[", "#", "\n", "\r", "ü", "%i"] {
            let _ = read(&format!("{}{strange}{}", &text[..end], &text[end..]), "x");
        }
    }
    assert_eq!(read("", "x"), Ok(Tunnel::default()));
}

fn wanted(remote: &str) -> TunnelWanted<'_> {
    TunnelWanted {
        local: "fe80::a".parse().unwrap(),
        remote: remote.parse::<LinkLocal>().unwrap(),
        key: KEY.parse().unwrap(),
        preshared_key: None,
        endpoint: None,
        mtu: None,
    }
}

#[test]
fn what_is_right_stays_byte_for_byte() {
    let interface = "postup = ip addr add dev %i fe80::a/128 peer fe80:0::b/128 # us";
    let text = conf(interface, "Endpoint=2001:db8::0:1:5 # them").replace('\n', "\r\n");
    let endpoint = endpoint("2001:db8::1:5").unwrap();
    let wanted = TunnelWanted { endpoint: Some(&endpoint), ..wanted("fe80::b") };
    assert_eq!(adjusted(&text, "x", &wanted).as_deref(), Some(text.as_str()));
}

#[test]
fn only_what_changed_is_written() {
    let interface = "PostUp = ip addr add dev %i fe80::a/128 peer fe80::b/128 # us\n";
    let text = conf(
        interface,
        &format!("PresharedKey = {OTHER}\nEndpoint = a.b:1 # them\nAllowedIPs = ::/0"),
    );
    let endpoint = endpoint("2001:db8::1:5").unwrap();
    let wanted = TunnelWanted {
        key: OTHER.parse().unwrap(),
        endpoint: Some(&endpoint),
        mtu: Some(1380),
        ..wanted("fe80::c")
    };
    let changed = text
        .replace("peer fe80::b/128 # us\n", "peer fe80::c/128 # us\nMTU = 1380\n")
        .replace(KEY, OTHER)
        .replace(&format!("PresharedKey = {OTHER}\n"), "")
        .replace("a.b:1 #", "[2001:db8::1]:5 #");
    assert_eq!(adjusted(&text, "x", &wanted), Some(changed));
}

#[test]
fn new_lines_come_where_they_belong() {
    let psk: WgSecret = OTHER.parse().unwrap();
    let endpoint = endpoint("a.b:1").unwrap();
    let wanted = TunnelWanted {
        preshared_key: Some(&psk),
        endpoint: Some(&endpoint),
        mtu: Some(1400),
        ..wanted("fe80::b")
    };
    for end in ["\n", "\r\n"] {
        let text = format!("[Interface]\nPrivateKey = {SECRET}\n\n[Peer]\nPublicKey = {KEY}");
        let new = format!(
            "[Interface]\nPrivateKey = {SECRET}\nMTU = 1400\n\n[Peer]\nPublicKey = {KEY}\n\
             PresharedKey = {OTHER}\nEndpoint = a.b:1"
        );
        let (text, new) = (text.replace('\n', end), new.replace('\n', end));
        let changed = adjusted(&text, "x", &wanted).unwrap();
        assert_eq!(changed, new);
        assert_eq!(adjusted(&changed, "x", &wanted), Some(new));
    }
}

#[test]
fn what_is_no_tunnel_to_one_peer_is_left_alone() {
    for text in ["", "[Peer]\n", "[Interface]\nnonsense", &conf("", "[Peer]\n")] {
        assert_eq!(adjusted(text, "x", &wanted("fe80::b")), None, "{text}");
    }
}
