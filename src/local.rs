//! The running service, asked from the same machine: a Unix socket beside the database.
//!
//! `peerling exec` has the service carry out its command, and `peerling check` asks what the apply
//! loop has reached. Both sides of the conversation are here. It is one request and its answer, in
//! lines of JSON; only root and the service's own user are heard.

mod client;
mod message;
mod server;
mod socket;

pub use client::{Client, ClientError};
pub use message::{BoardView, PeeringView, Seen};
pub use server::{Applied, Done, Order, execute};
pub use server::{News, Server};
pub use socket::{LocalSocket, SocketError};
