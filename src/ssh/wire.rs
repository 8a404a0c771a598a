//! The socket as russh wants it: Tokio's traits over async-io's readiness.
//!
//! Two things make a login quick. Nothing of ours waits for a full segment (TCP_NODELAY). And while
//! the handshake lasts, each read asks the kernel to acknowledge at once (TCP_QUICKACK, which the
//! kernel forgets by itself): clients send the halves of a message in two writes, and hold the
//! second back until the first is acknowledged.

use crate::limits::QUICK_READS;
use async_io::Async;
use rustix::net::sockopt::{set_tcp_nodelay, set_tcp_quickack};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection.
pub struct Wire {
    socket: Arc<Async<TcpStream>>,
    quick_reads: u8,
}

impl Wire {
    /// Takes the socket over.
    pub fn new(socket: Arc<Async<TcpStream>>) -> Wire {
        // Both are wishes: a kernel that refuses them only makes the login slower.
        let _ = set_tcp_nodelay(&*socket, true);
        let _ = set_tcp_quickack(&*socket, true);
        Wire { socket, quick_reads: QUICK_READS }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        loop {
            match self.socket.get_ref().read(buffer.initialize_unfilled()) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    ready!(self.socket.poll_readable(context))?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(count) => {
                    buffer.advance(count);
                    if let Some(rest) = self.quick_reads.checked_sub(1) {
                        self.quick_reads = rest;
                        let _ = set_tcp_quickack(&*self.socket, true);
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        loop {
            match self.socket.get_ref().write(bytes) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    ready!(self.socket.poll_writable(context))?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(self.socket.get_ref().shutdown(Shutdown::Write))
    }
}
