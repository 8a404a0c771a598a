//! What peer_config prints for other programs, read by those programs themselves: each text goes
//! from `ssh` into a file as it comes, the private key is filled in, and the program is asked. What
//! they would say of a mistake is asked too, so that their silence means something.

use crate::answers::json;
use crate::commands::{ENDPOINT, USAGE};
use crate::pop::{ALICE, Pop, our_key, router_key};
use crate::run::{Said, has, run, skip};
use peerling::model::WgSecret;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A POP with ALICE's two peerings: one with every option, one with none.
struct Peerings {
    pop: Pop,
}

impl Peerings {
    fn new(families: &str) -> Option<Peerings> {
        let pop = Pop::start()?;
        let (one, other) = (router_key(1), router_key(2));
        pop.alice(&format!("peer_create --asn {} --wg-pub-key {one} {ENDPOINT}", ALICE[0])).fine();
        pop.alice(&format!(
            "peer_create --asn {} --wg-pub-key {other} --endpoint-addr none --link-local fe80::2 \
             --mtu 1400 --psk generate --families {families}",
            ALICE[1]
        ))
        .fine();
        Some(Peerings { pop })
    }

    /// Both peerings in a form, with the keys filled in.
    fn texts(&self, form: &str) -> Vec<String> {
        let key = WgSecret::new([9; 32]).reveal();
        let text = |asn: &u32| {
            let said = self.pop.alice(&format!("peer_config --asn {asn} --format {form}"));
            let text = said.fine();
            assert!(text.ends_with('\n') && !text.contains(['\x1b', '\r', '┃']), "{text:?}");
            text.replace("**REPLACEME**", &key)
        };
        ALICE.iter().map(text).collect()
    }

    /// A file that everybody may read, FRR's user too.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.pop.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        path
    }
}

/// Silent and satisfied.
fn silent(said: &Said) -> bool {
    said.status == Some(0) && said.stdout.is_empty() && said.stderr.is_empty()
}

/// Is this file of a package here?
fn installed(path: &str, package: &str) -> bool {
    Path::new(path).is_file() || skip(&format!("there is no {path}; {package} has it"))
}

fn is_root() -> bool {
    rustix::process::getuid().is_root() || skip("needs to be root")
}

#[test]
fn wg_quick_takes_its_file() {
    if !(has("wg-quick", "wireguard-tools") && is_root()) {
        return;
    }
    let Some(it) = Peerings::new("both") else { return };
    for text in it.texts("wg-quick") {
        let path = it.pop.path("flipflapnet-pop.conf");
        it.pop.secret("flipflapnet-pop.conf", &text);
        let said = run(Command::new("wg-quick").arg("strip").arg(&path), b"");
        let stripped = said.fine();
        for kept in ["PrivateKey = ", "AllowedIPs = 172.16.0.0/12, ", "Endpoint = pop.example.net:"]
        {
            assert!(stripped.contains(kept), "{stripped}");
        }
        assert!(!stripped.contains("PostUp") && !stripped.contains("MTU"), "{stripped}");
        assert!(stripped.contains(&format!("PublicKey = {}\n", our_key())), "{stripped}");
    }
    it.pop.secret("flipflapnet-pop.conf", "PrivateKey\n");
    let spoilt = it.pop.path("flipflapnet-pop.conf");
    assert!(run(Command::new("wg-quick").arg("up").arg(spoilt), b"").status != Some(0));
}

#[test]
fn bird_takes_its_protocol() {
    if !has("bird", "bird2") {
        return;
    }
    for families in ["both", "ipv4", "ipv6"] {
        let Some(it) = Peerings::new(families) else { return };
        let texts = it.texts("bird");
        let own = |text: &str| format!("router id 192.0.2.1;\nprotocol device {{}}\n{text}");
        for text in &texts {
            let path = it.file("bird.conf", &own(text));
            let said = run(Command::new("bird").arg("-p").arg("-c").arg(path), b"");
            assert!(silent(&said), "{text}\n{said:#?}");
        }
        let spoilt = it.file("bird.conf", &own(&texts[0].replace("path metric", "path meter")));
        assert!(!silent(&run(Command::new("bird").arg("-p").arg("-c").arg(spoilt), b"")));
        assert_eq!(texts[1].contains("ipv6 {"), families != "ipv4", "{}", texts[1]);
        assert_eq!(texts[1].contains("ipv4 {"), families != "ipv6", "{}", texts[1]);
    }
}

#[test]
fn frr_takes_its_lines() {
    let bgpd = "/usr/lib/frr/bgpd";
    if !(installed(bgpd, "frr") && has("vtysh", "frr")) {
        return;
    }
    for families in ["both", "ipv4", "ipv6"] {
        let Some(it) = Peerings::new(families) else { return };
        let read = |text: &str| {
            let path = it.file("frr.conf", text);
            ["vtysh", bgpd].map(|it| run(Command::new(it).arg("-C").arg("-f").arg(&path), b""))
        };
        for text in it.texts("frr") {
            let said = read(&text);
            assert!(said.iter().all(silent), "{text}\n{said:#?}");
        }
        let said = read(&it.texts("frr")[0].replace("remote-as", "remote-asn"));
        assert!(!said.iter().any(silent), "{said:#?}");
    }
}

/// The two files of a stream: each begins with a comment that is its path.
fn files(stream: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in stream.lines() {
        if let Some(name) = line.strip_prefix("# /etc/systemd/network/") {
            files.push((name.to_string(), String::new()));
        }
        let (_, text) = files.last_mut().expect("a stream begins with a path");
        *text += &format!("{line}\n");
    }
    files
}

/// systemd-networkd itself, in namespaces of its own, with a link that is there already: wherever
/// the kernel has no WireGuard it could not make one.
const NETWORKD: &str = r#"
mount -t tmpfs tmpfs /run
mount -t sysfs -o ro sysfs /sys 2>/dev/null || mount -t tmpfs -o ro tmpfs /sys
mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases
cp $1/* /run/systemd/network/
chown -R systemd-network /run/systemd/netif
chown root:systemd-network /run/systemd/network/*
chmod 0640 /run/systemd/network/*
ip tuntap add flipflapnet-pop mode tun
export SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console
/lib/systemd/systemd-networkd >/run/log 2>&1 &
for look in $(seq 100); do grep -q "$2" /run/log && break; sleep 0.1; done
kill $!
wait $! || true
cat /run/log
"#;

/// What it says of a `.netdev` that it understood.
const LOADED: &str = "flipflapnet-pop: loaded";

/// What networkd says about these files until it comes to these words.
fn networkd(it: &Peerings, files: &[(String, String)], words: &str) -> String {
    let directory = it.pop.path("networkd");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir(&directory).unwrap();
    for (name, text) in files {
        fs::write(directory.join(name), text).unwrap();
    }
    let mut command = Command::new("unshare");
    command.args(["-mn", "sh", "-euc", NETWORKD, "networkd"]).arg(directory).arg(words);
    run(&mut command, b"").fine().to_string()
}

#[test]
fn networkd_takes_its_files() {
    let daemon = installed("/lib/systemd/systemd-networkd", "systemd");
    if !(daemon && has("ip", "iproute2") && has("unshare", "util-linux") && is_root()) {
        return;
    }
    let Some(it) = Peerings::new("both") else { return };
    let complaints = |said: &str| said.lines().filter(|it| it.starts_with("/run/systemd/")).count();
    let addresses = ["fe80:263::2:1 peer fe80:263::1:1/128", "fe80::2 peer fe80::263/128"];
    for (stream, addresses) in it.texts("networkd").iter().zip(addresses) {
        let files = files(stream);
        let names: Vec<&str> = files.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(names, ["flipflapnet-pop.netdev", "flipflapnet-pop.network"]);
        let said = networkd(&it, &files[..1], LOADED);
        assert!(said.contains(LOADED), "{said}");
        assert_eq!(complaints(&said), 0, "{said}");
        let said = networkd(&it, &files[1..], "Requesting static address");
        assert_eq!(complaints(&said), 0, "{said}");
        assert!(said.contains(&format!(": {addresses} (")), "{said}");
    }
    // What the comment in the stream asks for is needed, and done above.
    assert!(it.texts("networkd")[0].contains("chown root:systemd-network, chmod 0640:"));
    let text = it.texts("networkd")[0].replace("ListenPort", "ListenPorts");
    let said = networkd(&it, &files(&text)[..1], LOADED);
    assert!(said.contains("Unknown key 'ListenPorts'") && complaints(&said) == 1, "{said}");
}

#[test]
fn a_form_in_json_is_a_field_and_json_is_a_form() {
    let Some(it) = Peerings::new("both") else { return };
    let ask =
        |more: &str| json(it.pop.alice(&format!("peer_config --asn 4242420001 {more}")).fine());
    assert_eq!(ask("--format json"), ask("--json"));
    let frr = ask("--format frr --json");
    assert_eq!(frr["peer"]["config"]["format"], json("\"frr\""));
    let text = it.pop.alice("peer_config --asn 4242420001 --format frr");
    assert_eq!(frr["peer"]["config"]["text"].get::<String>().unwrap(), text.fine());
    let said = it.pop.alice("peer_config --format xml");
    assert!(said.refused(USAGE).contains("openbgpd, nixos, vyos, json, not xml"), "{said:#?}");
}
