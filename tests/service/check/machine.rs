//! The configuration, the network and the kernel, with a fault in each.

use super::{Report, create, report};
use crate::git::{git, has_git};
use crate::pop::{Draft, Pop};
use crate::run::{has, skip, wait_until, wrapped};
use std::fs;
use std::net::TcpListener;
use std::process::Command;

/// What `check` says in a network of its own, which has nothing, not even `lo`'s addresses.
fn report_apart(draft: &Draft) -> Option<Report> {
    let is_root = rustix::process::geteuid().is_root() || skip("only root makes a network");
    if !(is_root && has("unshare", "util-linux") && has("setpriv", "setpriv")) {
        return None;
    }
    let mut command = draft.command();
    command.args(["check", "--json"]);
    // Root could ping with this right, whatever the kernel's settings are.
    let words = ["unshare", "--net", "setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"];
    let mut command = wrapped(&words, &command);
    Some(Report::of(command.current_dir(&draft.directory)))
}

/// What `check` says where one directory is a small file system of its own, filled by a script.
fn report_filled(draft: &Draft, mount: &str, fill: &str) -> Report {
    let mut command = draft.command();
    command.args(["check", "--json"]);
    let script =
        format!("mount -t tmpfs -o {mount} tmpfs bird; cd bird; {fill}; cd ..; exec \"$@\"");
    let words = ["unshare", "--mount", "sh", "-c", script.as_str(), "sh"];
    let mut command = wrapped(&words, &command);
    Report::of(command.current_dir(&draft.directory))
}

#[test]
fn a_disk_that_is_full() {
    let Some(draft) = Draft::new() else { return };
    report(&draft).has("space", "ok", "there is room");
    let is_root = rustix::process::geteuid().is_root() || skip("only root mounts a file system");
    if !(is_root && has("unshare", "util-linux")) {
        return;
    }
    let full = report_filled(&draft, "size=2m", "dd if=/dev/zero of=x bs=64k 2>/dev/null");
    full.has("space", "wrong", "bird: the disk is full, 0 KiB are left");
    // The directory is an inode too.
    let full = report_filled(&draft, "size=4m,nr_inodes=2", "touch x");
    full.has("space", "wrong", "bird: the disk can have no more files");
    report_filled(&draft, "size=4m", ":").has("space", "ok", "there is room");
}

#[test]
fn placeholders_of_the_sample() {
    let Some(mut draft) = Draft::new() else { return };
    report(&draft).has("name", "warn", "pop.example.net is a name from a manual");
    let sample = include_str!("../../../packaging/peerling.toml");
    let asn = sample.lines().find_map(|line| line.strip_prefix("asn = ")).unwrap();
    draft.set("pop", "asn", asn);
    report(&draft).has("configuration", "wrong", "the sample's: it is nobody's AS number");
}

#[test]
fn a_name_that_does_not_lead_here() {
    let Some(mut draft) = Draft::new() else { return };
    draft.set("pop", "name", "\"127.0.0.1\"");
    report(&draft).has("name", "ok", "127.0.0.1 is an address of this machine");
    draft.set("pop", "name", "\"192.0.2.77\"");
    report(&draft).has("name", "warn", "192.0.2.77 is no address of this machine");
    draft.set("pop", "name", "\"nowhere.dn42\"");
    if let Some(report) = report_apart(&draft) {
        report.has("name_servers", "wrong", "nowhere.dn42 cannot be asked for: ");
        let remedy = "name servers that answer, in /etc/resolv.conf";
        report.mends("nowhere.dn42", remedy);
    }
}

#[test]
fn addresses_that_cannot_be_listened_on() {
    let Some(mut draft) = Draft::new() else { return };
    report(&draft).has("listen", "ok", "[::1]:0 is free");
    draft.set("ssh", "listen", "[\"[2001:db8::77]:4242\"]");
    report(&draft).has("listen", "wrong", "no interface of this machine has this address");
    let other = TcpListener::bind("[::1]:0").unwrap();
    let address = other.local_addr().unwrap();
    draft.set("ssh", "listen", &format!("[\"{address}\"]"));
    report(&draft).has("listen", "wrong", "another program listens there");
}

#[test]
fn a_kernel_that_forwards_nothing_and_lets_nobody_ping() {
    let Some(mut draft) = Draft::new() else { return };
    let Some(apart) = report_apart(&draft) else { return };
    apart.has("sysctls", "warn", "net.ipv6.conf.all.forwarding is 0");
    apart.has("lo", "ok", "no address is wanted: the registry has no network of AS4242420263");
    // Whose address it is, the registry says, or the operator.
    draft.set("pop", "addresses", "[\"172.20.0.1\"]");
    report_apart(&draft).unwrap().has("lo", "warn", "it lacks 172.20.0.1/32: the kernel refuses");
    draft.set("pop", "addresses", "[]");
    report_apart(&draft).unwrap().has("lo", "ok", "pop.addresses is empty");
    draft.set("pop", "addresses", "\"\"");
    let routes = draft.path("registry/data/route6");
    fs::create_dir_all(&routes).unwrap();
    let route = "route6: fd42:263::/48\norigin: AS4242420263\n";
    fs::write(routes.join("fd42:263::_48"), route).unwrap();
    fs::create_dir_all(draft.path("registry/data/route")).unwrap();
    for file in ["filter.txt", "filter6.txt"] {
        let filter = "1 permit fd00::/8 44 64\n9 deny ::/0 0 128\n";
        fs::write(draft.path("registry/data").join(file), filter).unwrap();
    }
    report_apart(&draft).unwrap().has("lo", "warn", "it lacks fd42:263::1/128");
    // In a new network no group may (ping_group_range in icmp(7)).
    apart.has("ping", "warn", "ping over IPv4: ");
    draft.set("ssh", "listen", "[\"[::]:4242\"]");
    let mesh = "[mesh]\nself = \"pop\"\nnetworks = [\"fd42:263::/48\"]\n\
                [[mesh.pop]]\nname = \"pop\"\nid = 1\nhost = \"pop.example.net\"\n\
                public_key = \"KEY\"\nipv6 = \"fd42:263:0:1::/64\"\n\
                [[mesh.pop]]\nname = \"far\"\nid = 2\nhost = \"far.example.net\"\n\
                public_key = \"OTHER\"\nipv6 = \"fd42:263:0:2::/64\"\n";
    let mesh = mesh.replace("KEY", &crate::pop::our_key().to_string());
    let mesh = mesh.replace("OTHER", &crate::pop::router_key(3));
    let text = draft.read("peerling.toml");
    fs::write(draft.path("peerling.toml"), format!("{text}{mesh}")).unwrap();
    let apart = report_apart(&draft).unwrap();
    apart.has("lo", "warn", "it lacks fd42:263:0:1::1");
    apart.has("sysctls", "wrong", "net.ipv6.conf.all.forwarding is 0");
}

/// The registry's last commit is from tomorrow, or the clock is behind.
#[test]
fn a_clock_that_is_behind() {
    let Some(draft) = Draft::new().filter(|_| has_git()) else { return };
    let upstream = draft.path("upstream");
    fs::rename(draft.path("registry"), &upstream).unwrap();
    git(&upstream, &["init", "--quiet"]);
    git(&upstream, &["add", "--all"]);
    let mut commit = Command::new("git");
    commit.arg("-C").arg(&upstream).args(["-c", "user.name=T", "-c", "user.email=t@example.org"]);
    commit.args(["commit", "--quiet", "--message", "Tomorrow"]);
    let tomorrow = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
    let seconds = tomorrow.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    commit.env("GIT_COMMITTER_DATE", format!("@{seconds} +0000"));
    crate::run::run(&mut commit, b"").fine();
    let from = format!("file://{}", upstream.display());
    git(&draft.directory, &["clone", "--quiet", &from, "registry"]);
    report(&draft).has("clock", "wrong", "min behind: the registry's last commit is newer");
}

/// An AS number that left the registry, while its peering is still there.
#[test]
fn an_as_number_that_left_the_registry() {
    let Some(draft) = Draft::new() else { return };
    create(&draft).fine();
    draft.peerling(&["apply"]);
    assert!(report(&draft).ok);
    fs::remove_file(draft.path("registry/data/aut-num/AS4242420001")).unwrap();
    let words = "AS4242420001 (ALICE-MNT): it is not in the registry any more";
    report(&draft).has("peering", "wrong", words);
}

/// What only the running service knows.
#[test]
fn what_the_running_service_could_not_do() {
    let Some(pop) = Pop::start() else { return };
    let sound = report(&pop);
    sound.has("service", "ok", "it runs");
    sound.has("listen", "ok", "by the service that runs");
    fs::create_dir(pop.path("bird/ebgp_as4242420001")).unwrap();
    create(&pop).fine();
    wait_until("the failure", || !report(&pop).ok);
    report(&pop).has("peering", "wrong", "AS4242420001 (ALICE-MNT): failed: ");
    let draft = pop.stop();
    report(&draft).has("service", "warn", "it does not run");
}

#[test]
fn a_registry_that_lets_nobody_in() {
    let Some(draft) = Draft::new() else { return };
    report(&draft).has("registry", "warn", "it has no AS4242420263, which is pop.asn");
    fs::remove_dir_all(draft.path("registry/data/mntner")).unwrap();
    fs::create_dir(draft.path("registry/data/mntner")).unwrap();
    report(&draft).has("registry", "wrong", "0 maintainers and no SSH key that can log in");
    fs::remove_dir_all(draft.path("registry/data/mntner")).unwrap();
    report(&draft).has("registry", "wrong", "data/mntner");
    let directory = draft.path("registry");
    fs::remove_dir_all(directory.join("data")).unwrap();
    let shown = directory.display();
    let clone = format!("git clone --depth 1 https://git.dn42.dev/dn42/registry.git {shown}");
    report(&draft).mends("/data: ", &format!("mv {shown} {shown}.old; {clone}"));
    fs::remove_dir_all(&directory).unwrap();
    report(&draft).mends("cannot read the registry's", &clone);
}

/// What a stranger sees who types the command before anything else.
#[test]
fn a_configuration_that_is_not_there() {
    let usual = std::path::Path::new("/etc/peerling/peerling.toml");
    let Some(draft) = Draft::new().filter(|_| !usual.exists() || skip("it is there")) else {
        return;
    };
    let looked = Report::of(draft.bare_command().args(["check", "--json"]));
    assert_eq!(looked.findings.len(), 1, "not every key is missing: {looked:#?}");
    assert_eq!(looked.findings[0].detail, "no configuration at /etc/peerling/peerling.toml");
    looked.mends(
        "no configuration",
        "write it; peerling.toml(5) tells how, or --config FILE names another",
    );
    let looked = Report::of(
        draft.bare_command().env("PEERLING_POP_NAME", "x.dn42").args(["check", "--json"]),
    );
    looked.mends(
        "no configuration",
        "write it; peerling.toml(5) tells how, or --config FILE names another",
    );
    looked.has("configuration", "wrong", "PEERLING_POP_ASN: pop.asn is missing");
}

/// What is wrong with other people's objects is told, and is not the operator's fault.
#[test]
fn what_is_wrong_with_objects_is_told_one_by_one() {
    let Some(draft) = Draft::new() else { return };
    let object = "mntner: ODD-MNT\nauth: ssh-ed25519 none\n";
    fs::write(draft.path("registry/data/mntner/ODD-MNT"), object).unwrap();
    fs::write(draft.path("registry/data/mntner/OTHER-MNT"), object).unwrap();
    let report = report(&draft);
    report.has("registry", "ok", "1 objects left out, 1 remarks");
    report.has("registry_object", "ok", "mntner/ODD-MNT: an auth: attribute cannot be used");
    report.has("registry_object", "ok", "mntner/OTHER-MNT: mntner: says \"ODD-MNT\"");
    assert!(report.ok, "{report:#?}");
}
