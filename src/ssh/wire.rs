//! The socket as russh wants it.
//!
//! Three things make a login quick. Nothing of ours waits for a full segment (TCP_NODELAY). While
//! the handshake lasts, the kernel is asked to acknowledge at once what came before we wait for
//! more (TCP_QUICKACK, which the kernel forgets by itself): clients send the halves of a message in
//! two writes, and hold the second back until the first is acknowledged. And what came is taken
//! from the kernel as a whole: russh asks for four bytes of a packet, and then for the rest.
//!
//! So whoever looks at what russh asks for knows how long a packet is, encrypted or not, and before
//! anything more of it is read. russh takes 256 kB; here a packet has a bound of our own.

use super::client::{Client, Stage};
use crate::limits::{PACKET_BYTES_MAX, QUICK_WAITS, WIRE_READ_BYTES};
use crate::runtime::{AsyncRead, AsyncWrite, Interest, ReadBuf, TcpStream};
use rustix::net::sockopt::{set_tcp_nodelay, set_tcp_quickack};
use rustix::net::{Shutdown, shutdown};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A connection.
pub(super) struct Wire {
    socket: Arc<TcpStream>,
    client: Arc<Client>,
    /// The client's first line, until it is whole.
    line: Vec<u8>,
    /// What was read and nobody has asked for yet; on the heap only while there is something.
    ahead: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
    /// Was something read since the kernel was last asked to acknowledge?
    heard: bool,
    quick_waits: u8,
}

impl Wire {
    /// Takes the socket over.
    pub(super) fn new(socket: Arc<TcpStream>, client: Arc<Client>) -> Wire {
        // A wish: a kernel that refuses it only makes the login slower.
        let _ = set_tcp_nodelay(&*socket, true);
        let (line, ahead) = (Vec::new(), Vec::new());
        Wire { socket, client, line, ahead, taken: 0, heard: true, quick_waits: QUICK_WAITS }
    }

    /// Notes the client's first line (RFC 4253, section 4.2).
    fn note_version(&mut self, bytes: &[u8]) {
        if self.client.stage() == Stage::Silent && !bytes.is_empty() {
            self.client.reached(Stage::Greeted);
        }
        if self.client.version().is_some() {
            return;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        self.line.extend_from_slice(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
        // It has 255 bytes at most; russh hangs up on a longer one.
        if end.is_some() || self.line.len() > WIRE_READ_BYTES {
            self.client.greeted(&std::mem::take(&mut self.line));
        }
    }

    /// Gives what was read ahead; `false`: there is nothing.
    fn take(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let rest = self.ahead.get(self.taken..).unwrap_or_default();
        let given = rest.get(..buffer.remaining()).unwrap_or(rest);
        buffer.put_slice(given);
        let some = !given.is_empty();
        self.taken += given.len();
        if self.taken >= self.ahead.len() {
            (self.ahead, self.taken) = (Vec::new(), 0);
        }
        some
    }

    /// Reads what the kernel has; nothing is the end.
    fn read(&mut self, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        let mut bytes = [0; WIRE_READ_BYTES];
        let count = self.read_into(&mut bytes)?;
        let bytes = bytes.get(..count).unwrap_or_default();
        self.heard = true;
        self.note_version(bytes);
        self.ahead.extend_from_slice(bytes);
        self.take(buffer);
        Ok(())
    }

    /// A read that fills less than there is room for has emptied the socket (epoll(7), the question
    /// about edge-triggered events): the runtime is told so, and need not find out by another read.
    /// The end of the stream is no such read.
    fn read_into(&self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut read = None;
        let tried = self.socket.try_io(Interest::READABLE, || {
            let count = rustix::io::read(&*self.socket, &mut *bytes)?;
            read = Some(count);
            let emptied = (1..bytes.len()).contains(&count);
            if emptied { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match (read, tried) {
            (Some(count), _) => Ok(count),
            (None, Err(error)) => Err(error),
            // No read is an error always.
            (None, Ok(())) => Ok(0),
        }
    }

    fn hurry(&mut self) {
        if let (true, Some(rest)) = (self.heard, self.quick_waits.checked_sub(1)) {
            (self.heard, self.quick_waits) = (false, rest);
            let _ = set_tcp_quickack(&*self.socket, true);
        }
    }
}

/// Ends a connection under whoever holds it.
pub(super) fn hang_up(socket: &TcpStream) {
    // It fails if the connection has ended already.
    let _ = shutdown(socket, Shutdown::Both);
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() > PACKET_BYTES_MAX {
            let words = format!("a packet of {} bytes", buffer.remaining());
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, words)));
        }
        if buffer.remaining() == 0 || self.take(buffer) {
            return Poll::Ready(Ok(()));
        }
        loop {
            match self.socket.poll_read_ready(context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => {
                    self.hurry();
                    return Poll::Pending;
                }
            }
            match self.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.socket.poll_write_ready(context))?;
            match self.socket.try_write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(shutdown(&*self.socket, Shutdown::Write).map_err(io::Error::from))
    }
}
