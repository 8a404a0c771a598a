//! The whole program from outside: the real binary serves a directory of its own, and the real
//! OpenSSH client (and others) log in, ask, answer, misbehave and leave.
//!
//! Each test has its own POP on a port of its own, so they run side by side. What a machine lacks
//! is skipped and named; with `PEERLING_LAB=required` it is a failure.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../support/git.rs"]
mod git;
#[path = "../support/pop.rs"]
mod pop;
#[path = "../support/pty.rs"]
mod pty;
#[path = "../support/registry.rs"]
mod registry;
#[path = "../support/run.rs"]
mod run;
#[path = "../support/ssh.rs"]
mod ssh;
#[path = "../../src/testing.rs"]
mod testing;

mod admin;
mod admin_attacks;
mod answers;
mod attacks;
mod backup;
mod changes;
mod check;
mod clients;
mod commands;
mod conversation;
mod database;
mod demo;
mod down;
mod editor;
mod export;
mod files;
mod forms;
mod hostile;
mod local;
mod login;
mod manager;
mod members;
mod mesh;
mod misfits;
mod operations;
mod options;
mod pops;
mod publish;
mod pull;
mod schema;
mod shell;
mod status;
