//! peerling
pub mod access;
pub mod apply;
pub mod board;
pub mod command;
pub mod config;
pub mod control;
pub mod daemon;
pub mod limits;
pub mod model;
pub mod peering;
pub mod plan;
pub mod registry;
pub mod shell;
pub mod ssh;
pub mod store;
pub mod sys;
#[cfg(test)]
mod testing;
