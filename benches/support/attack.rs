//! What strangers cost: a login while silent connections come from one network, and one handshake
//! that leads to nothing. Played in a network namespace, where a documentation prefix is this
//! machine's.

use crate::flood::Flood;
use crate::process::output;
use crate::relay::connect_from;
use crate::server::Pop;
use crate::timing::{brief, heading, line, times, told};
use std::io::{Read as _, Write as _};
use std::net::{Ipv6Addr, SocketAddrV6, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// The word that tells this program that it runs inside.
pub const INSIDE: &str = "attacked";
const RATE: u32 = 500;
const LOGINS: usize = 40;
/// More than the ticks of a process's clock are coarse.
const REFUSED: u32 = 1_000;

/// Runs this program again in a namespace of its own.
pub fn outside() {
    heading(&format!("a login while {RATE} silent connections a second come from one /48"));
    let root = output(Command::new("id").arg("-u")) == "0";
    if !root || !Path::new("/usr/bin/unshare").exists() {
        return println!("  (skipped: it needs root and unshare)");
    }
    let program = std::env::current_exe().unwrap();
    let status = Command::new("unshare").args(["--net", "--"]).arg(program).arg(INSIDE).status();
    assert!(status.unwrap().success());
}

/// What is played there.
pub fn inside(directory: &Path) {
    for words in ["link set lo up", "-6 route add local 2001:db8::/32 dev lo"] {
        output(Command::new("ip").args(words.split(' ')));
    }
    // For IPv6 a local route makes an address answer, and this lets it be bound.
    std::fs::write("/proc/sys/net/ipv6/ip_nonlocal_bind", "1").unwrap();
    let server = Pop::new(directory, 100, 100).start_at("[::]:0");
    server.ready();
    let home =
        SocketAddrV6::new(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1), server.port(), 0, 0);
    told("ssh from start to end, nothing beside", &times(LOGINS, || server.login()), None);
    let flood = Flood::start(RATE, 1, home);
    // The buckets of that network are empty after a second.
    thread::sleep(Duration::from_secs(1));
    let before = server.process.cpu();
    let during = times(LOGINS, || server.login());
    let cpu = server.process.cpu() - before;
    let rate = flood.end();
    told(&format!("the same during {rate} connections a second"), &during, None);
    line("processor time of the server meanwhile", &brief(cpu), "with the logins");
    heading("one handshake that leads to nothing: processor time of the server");
    let mut silent = Vec::new();
    let stranger = Ipv6Addr::new(0x2001, 0xdb8, 0xeeee, 0, 0, 0, 0, 1);
    for _ in 0..8 {
        silent.push(connect_from(stranger, home));
    }
    let cpu = each(&server, || ended(connect_from(stranger, home)));
    line("a ninth connection of one source", &brief(cpu), "");
    let cpu = each(&server, || {
        let mut stream = connect_from(
            Ipv6Addr::LOCALHOST,
            SocketAddrV6::new(Ipv6Addr::LOCALHOST, server.port(), 0, 0),
        );
        let _ = stream.write_all(&[b"SSH-2.0-old\r\n".as_slice(), &nothing_in_common()].concat());
        ended(stream);
    });
    line("a client without an algorithm in common", &brief(cpu), "");
}

fn each(server: &crate::server::Server, once: impl Fn()) -> Duration {
    let before = server.process.cpu();
    for _ in 0..REFUSED {
        once();
    }
    (server.process.cpu() - before) / REFUSED
}

fn ended(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

/// A packet of the key exchange with ten empty lists of names.
fn nothing_in_common() -> Vec<u8> {
    let mut packet = vec![0, 0, 0, 68, 5, 20];
    packet.extend([7; 16 + 40 + 5 + 5]);
    packet[22..67].fill(0);
    packet
}
