//! What is installed beside the program: scripts that root runs, the unit, the rotation of the log.

use peerling::plan::sysctl::{SYSCTLS, Sysctl};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "support/judged.rs"]
mod judged;
#[path = "../src/testing.rs"]
mod testing;

use judged::judged;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).expect("a file of packaging")
}

/// The service's user may put a link anywhere below its own directory, and point it at what is
/// root's.
#[test]
fn root_follows_nothing_below_the_services_own_directory() {
    let scripts =
        ["debian/postinst", "debian/prerm", "install.sh", "openrc/peerling", "sysctl/forwarding"];
    for script in scripts {
        for line in read(script).lines().filter(|line| !line.trim_start().starts_with('#')) {
            let ours = line.contains("/var/lib/peerling/");
            let as_user = line.trim_start().starts_with("as_peerling ");
            assert!(!ours || as_user, "{script}: root does {line:?}");
        }
    }
}

#[test]
fn a_wrong_configuration_is_not_tried_again() {
    assert!(read("systemd/peerling.service").contains("\nRestartPreventExitStatus=78\n"));
    assert!(read("openrc/peerling").contains("as_peerling /usr/bin/peerling serve --test\n"));
}

#[test]
fn scripts_and_the_unit_are_read_by_those_who_run_them() {
    let scripts = [
        "debian/postinst",
        "debian/prerm",
        "debian/postrm",
        "install.sh",
        "openrc/peerling",
        "sysctl/forwarding",
    ];
    for script in scripts {
        judged(Command::new("sh").arg("-n").arg(path(script)));
    }
    let place = testing::Place::new("unit");
    let unit = read("systemd/peerling.service").replace("/usr/bin/peerling", "/bin/true");
    let copy = place.0.join("peerling.service");
    fs::write(&copy, unit).unwrap();
    let mut verify = Command::new("systemd-analyze");
    if let Some(said) = judged(verify.args(["verify", "--man=no"]).arg(&copy)) {
        assert!(!said.contains("peerling.service"), "{said}");
    }
}

/// What the package sets is what `check` asks for, and the right to ping.
#[test]
fn the_kernels_settings_are_those_that_are_checked() {
    let text = read("sysctl/60-peerling.conf");
    let found: BTreeSet<&str> = text.lines().filter(|line| line.contains(" = ")).collect();
    let checked: Vec<String> = SYSCTLS.iter().map(Sysctl::line).collect();
    let mut wanted: BTreeSet<&str> = checked.iter().map(String::as_str).collect();
    wanted.insert("net.ipv4.ping_group_range = 0 2147483647");
    assert_eq!(found, wanted);
}

/// The log of OpenRC's supervisor, which keeps it open, does not grow for ever.
#[test]
fn the_log_is_rotated_under_whoever_writes_it() {
    let place = testing::Place::new("rotation");
    let log = place.0.join("peerling.log");
    let rules = read("openrc/logrotate").replace("/var/log/peerling.log", &log.to_string_lossy());
    let configuration = place.0.join("rules");
    fs::write(&configuration, rules).unwrap();
    fs::set_permissions(&configuration, fs::Permissions::from_mode(0o644)).unwrap();
    let mut writer = OpenOptions::new().append(true).create(true).open(&log).unwrap();
    let state = place.0.join("state");
    for round in 0..7 {
        let line = format!("round {round} {}\n", "x".repeat(1 << 20));
        (0..5).for_each(|_| writer.write_all(line.as_bytes()).unwrap());
        let mut rotate = Command::new("logrotate");
        let Some(said) = judged(rotate.arg("--state").arg(&state).arg(&configuration)) else {
            return;
        };
        assert_eq!(said, "");
    }
    writer.write_all(b"the last\n").unwrap();
    assert_eq!(fs::read_to_string(&log).unwrap(), "the last\n");
    let kept = fs::read_dir(&place.0).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("peerling.log.")
    });
    assert_eq!(kept.count(), 4);
}

/// Without the stand-in of `cross/russh-util` a session holds 12 kB more, and nobody counts what a
/// client makes us work. Cargo takes upstream's crate as soon as russh asks for another version.
#[test]
fn russh_uses_our_russh_util() {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    let lock = lock.expect("Cargo.lock");
    let packages: Vec<&str> = lock.split("[[package]]\n").skip(1).collect();
    let ours: Vec<&&str> =
        packages.iter().filter(|package| package.contains("name = \"russh-util\"\n")).collect();
    let [only] = ours.as_slice() else {
        panic!("one russh-util is in Cargo.lock, not {}: {ours:?}", ours.len());
    };
    assert!(!only.contains("source = "), "from a registry, not from cross/russh-util:\n{only}");
    let russh = packages.iter().find(|package| package.contains("name = \"russh\"\n"));
    assert!(russh.is_some_and(|russh| russh.contains("\n \"russh-util\",\n")), "{russh:?}");
    assert!(!lock.contains("[[patch.unused]]"), "Cargo did not use the patch");
}

/// What the binary is linked of is told with the package. A crate whose licence nobody has looked
/// at ends the script that tells it.
#[test]
fn every_crate_that_is_linked_has_a_licence_that_is_told() {
    let place = testing::Place::new("licences");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut script = Command::new(root.join("cross/licences.sh"));
    script.arg("x86_64-unknown-linux-musl").arg(&place.0);
    judged(&mut script);
    let told = fs::read_to_string(place.0.join("copyright")).unwrap();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("[dependencies]\n").unwrap();
    let (dependencies, _) = rest.split_once("\n[").unwrap();
    let lines = dependencies.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.filter_map(|line| Some(line.split_once(" =")?.0)).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(told.contains(&format!("\nFiles: {name}-")), "{name} is not told of:\n{told}");
    }
}
