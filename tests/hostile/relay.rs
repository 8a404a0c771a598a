//! A member who is far away: what they and the POP say to each other takes its time on the way.

use std::io::{Read as _, Write as _};
use std::net::{Ipv6Addr, Shutdown, SocketAddrV6, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Half of the way there and back.
const ONE_WAY: Duration = Duration::from_millis(75);

/// Listens on a port of its own, and passes everything on, late, from `source`.
pub fn far_away(source: Ipv6Addr, to: SocketAddrV6) -> u16 {
    let listener = TcpListener::bind(("::1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = connect_from(source, to);
            pass(near.try_clone().unwrap(), far.try_clone().unwrap());
            pass(far, near);
        }
    });
    port
}

/// A connection from this address.
pub fn connect_from(source: Ipv6Addr, to: SocketAddrV6) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET6, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddrV6::new(source, 0, 0, 0)).unwrap();
    connect(&socket, &to).unwrap();
    TcpStream::from(socket)
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let (sender, receiver): (Sender<(Instant, Vec<u8>)>, Receiver<_>) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 16_384];
        loop {
            let count = from.read(&mut buffer).unwrap_or(0);
            if sender.send((Instant::now() + ONE_WAY, buffer[..count].to_vec())).is_err()
                || count == 0
            {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if bytes.is_empty() || to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
