//! A name server on loopback whose every answer is the test's.

use async_io::Async;
use simple_dns::rdata::{A, AAAA, CNAME, RData};
use simple_dns::{CLASS, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};
use smol::future;
use smol::io::{AsyncReadExt as _, AsyncWriteExt as _};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

/// How a question came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

/// A question that came.
pub(super) struct Asked {
    pub(super) bytes: Vec<u8>,
    pub(super) from: SocketAddr,
    pub(super) transport: Transport,
}

pub(super) struct Responder {
    udp: Async<UdpSocket>,
    tcp: Async<TcpListener>,
}

impl Asked {
    fn packet(&self) -> Packet<'_> {
        Packet::parse(&self.bytes).unwrap()
    }

    pub(super) fn kind(&self) -> TYPE {
        match self.packet().questions[0].qtype {
            QTYPE::TYPE(kind) => kind,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn has_edns(&self) -> bool {
        self.packet().opt().is_some()
    }
}

/// An answer with these addresses.
pub(super) fn answer(asked: &Asked, addresses: &[IpAddr]) -> Vec<u8> {
    let mut packet = asked.packet().into_reply();
    packet.set_flags(PacketFlag::RECURSION_AVAILABLE);
    let owner = packet.questions[0].qname.clone();
    for address in addresses {
        let data = match *address {
            IpAddr::V4(it) => RData::A(A::from(it)),
            IpAddr::V6(it) => RData::AAAA(AAAA::from(it)),
        };
        packet.answers.push(ResourceRecord::new(owner.clone(), CLASS::IN, 60, data));
    }
    packet.build_bytes_vec_compressed().unwrap()
}

/// An answer without a record.
pub(super) fn none(asked: &Asked, status: RCODE, flags: PacketFlag) -> Vec<u8> {
    let mut packet = asked.packet().into_reply();
    packet.set_flags(flags);
    *packet.rcode_mut() = status;
    packet.build_bytes_vec().unwrap()
}

/// An answer that sends the asker to where they came from.
pub(super) fn again(asked: &Asked) -> Vec<u8> {
    let mut packet = asked.packet().into_reply();
    let owner = packet.questions[0].qname.clone();
    let data = RData::CNAME(CNAME(owner.clone()));
    packet.answers.push(ResourceRecord::new(owner, CLASS::IN, 60, data));
    packet.build_bytes_vec_compressed().unwrap()
}

impl Responder {
    pub(super) fn start() -> Responder {
        Responder::start_at(IpAddr::from([127, 0, 0, 1])).unwrap()
    }

    /// A server whose two ports have the same number.
    pub(super) fn start_at(ip: IpAddr) -> std::io::Result<Responder> {
        loop {
            let udp = Async::<UdpSocket>::bind((ip, 0))?;
            let address = udp.get_ref().local_addr().unwrap();
            if let Ok(tcp) = Async::<TcpListener>::bind(address) {
                return Ok(Responder { udp, tcp });
            }
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.udp.get_ref().local_addr().unwrap()
    }

    /// Answers each question with all messages of the script, over TCP with one connection each.
    pub(super) async fn serve<T>(&self, script: impl Fn(&Asked) -> Vec<Vec<u8>>) -> T {
        let tcp = async {
            loop {
                let (mut stream, asked) = self.accept().await;
                for message in script(&asked) {
                    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
                    let framed = [&length[..], &message].concat();
                    // The other side may have seen enough.
                    let _ = stream.write_all(if message.is_empty() { &[] } else { &framed }).await;
                }
            }
        };
        future::or(self.serve_udp(&script), tcp).await
    }

    /// Answers over UDP by the script, and over TCP a byte at a time, without end.
    pub(super) async fn trickle<T>(&self, script: impl Fn(&Asked) -> Vec<Vec<u8>>) -> T {
        let tcp = async {
            let (mut stream, _) = self.accept().await;
            loop {
                let _ = stream.write_all(&[4]).await;
                smol::Timer::after(Duration::from_millis(5)).await;
            }
        };
        future::or(self.serve_udp(&script), tcp).await
    }

    async fn accept(&self) -> (Async<std::net::TcpStream>, Asked) {
        let (mut stream, from) = self.tcp.accept().await.unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).await.unwrap();
        let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut bytes).await.unwrap();
        (stream, Asked { bytes, from, transport: Transport::Tcp })
    }

    async fn serve_udp<T>(&self, script: &impl Fn(&Asked) -> Vec<Vec<u8>>) -> T {
        let mut buffer = [0; 512];
        loop {
            let (length, from) = self.udp.recv_from(&mut buffer).await.unwrap();
            let bytes = buffer[..length].to_vec();
            let asked = Asked { bytes, from, transport: Transport::Udp };
            for message in script(&asked) {
                self.udp.send_to(&message, from).await.unwrap();
            }
        }
    }
}
