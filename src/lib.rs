//! peerling turns a cheap IPv6-only machine into a dn42 point of presence that anybody in dn42 can
//! peer with by SSH. This page is the tour: how a key press becomes a BGP session, and what to read
//! in which order.
//!
//! # From a key press to a BGP session
//!
//! 1. A client connects. [`ssh`] lets it in as soon as it has proven a key; whose key that is,
//!    [`access`] finds in the [`registry`]'s index. An offered key is not a proven key.
//! 2. Bytes of the client go into a [`shell::Session`], a machine without any I/O. A line becomes a
//!    [`command::Request`] by the one table of commands.
//! 3. [`control`] carries it out: may they ([`access::permit`]), is every answer right
//!    ([`peering::vet`]), then one transaction in the [`store`] with its audit record. It rings the
//!    bell ([`board::Bell`]), and is answered with an [`answer::Answer`], which the shell shows as
//!    text or as JSON.
//! 4. [`apply`] wakes. It reads the database and observes the machine; [`plan::wanted`] says what
//!    should be, [`plan::diff`] gives the steps to it. [`sys`] performs them: files, links, BIRD.
//!    The links to other POPs of one's own [`mesh`] take the same road: a [`plan::Owner`] says
//!    whose a link, a file or a BGP session is.
//! 5. What was reached stands on the [`board::Board`]. Whoever waits for it is woken, and the shell
//!    tells each thing as it happens: the tunnel is set up, BIRD runs the session, a handshake
//!    came, and some seconds later BIRD says Established. From then on `peer_status` says so.
//!
//! The operator on the machine itself takes the same road from the second step on: `peerling exec`
//! hands its words to the running service over a Unix socket ([`local`]).
//!
//! # What is not there
//!
//! - No module marked *pure* opens a file, reads a clock, awaits or knows a socket: state and time
//!   are arguments. `tests/tidy.rs` holds this, and who may use whom.
//! - No lock and no second thread of ours: everything runs on one executor, state is `Rc` and
//!   `RefCell`.
//! - No `unsafe`; no panic that a member, BIRD, the kernel, the registry or the disk could cause.
//! - The shell knows nothing of SSH, the commands nothing of the shell, the plan nothing of the
//!   machine.
//! - Nothing is removed from the machine unless a command asked for exactly that.
//!
//! # Words
//!
//! Everything else has the name that the field gives it.
//!
//! | word | what it means here |
//! |---|---|
//! | member | who logs in by SSH |
//! | maintainer | the registry's object that members speak for, `NAME-MNT` |
//! | identity | a proven key with its maintainer and AS numbers |
//! | peering | what a member asked for: a row of the database |
//! | link | the WireGuard interface of a peering, or of the mesh |
//! | session | always SSH's; BGP's is a *BGP session* |
//! | sister | another POP of the same operator; all of them are the *mesh* |
//! | wanted, actual, step | what should be, what is, and what leads from one to the other |
//! | pass | one round of the apply loop |
//! | tombstone | the note that a command removed a peering; without it nothing of it is removed |
//! | foreign | what bears a name like ours and was not made by us: it is left alone |
//! | bell | what wakes the apply loop |
//! | board | what the apply loop reached, for whoever wants to see it |
//! | generation | a number that grows with each change of the database |
//! | refusal | a member's mistake, told with its remedy |
//! | fault | ours: logged once with its context, and once more when it is over |
//!
//! # Where to change what
//!
//! `CONTRIBUTING.md` has the steps. In short:
//!
//! - A command: its row in `command/table.rs`, its answer in `answer`, and a file in `control`.
//! - An operation of the command line: its row in `cli/table.rs` and a file in `cli`; help, manual
//!   and completions under `packaging` follow by `make bless`.
//! - A step of `peerling init`: `cli/init`; what it does to the machine: `cli/init/act.rs`.
//! - What `peerling check` looks at: `cli/check`.
//! - A configuration key: `config/table.rs` and `packaging/peerling.toml`; a word that an operator
//!   chooses: `model/choice.rs`.
//! - A file's content: `peering/files.rs` for WireGuard, `peering/forms` for what members install,
//!   `plan/bird.rs` for BIRD, `plan/adopted.rs` for what was made by hand, `mesh/files.rs` for the
//!   mesh, `registry/roa.rs` for route origins, `cli/bird_init` for a whole configuration of BIRD.
//! - What a JSON answer has: `packaging/schema` too. A bound: `limits`.
//! - What may be an endpoint: `peering/policy`. What `peer_status` makes of what it sees:
//!   `diagnosis`. A back end for links: `sys/wireguard.rs`.

// Words: pure.
pub(crate) mod backup;
pub mod limits;
pub(crate) mod mesh;
pub mod model;
pub mod peering;
pub mod text;

// What the operator and the registry say: pure.
pub(crate) mod adopt;
pub mod config;
pub mod registry;

// What can be asked, by whom, and how it looks: pure.
pub(crate) mod access;
pub mod answer;
pub mod command;
pub(crate) mod diagnosis;
pub mod shell;

// What should be, and the steps to it: pure.
pub mod plan;

// Hands: effects.
pub mod runtime;
pub mod store;
pub mod sys;

// Motion: effects.
pub mod apply;
pub mod board;
pub(crate) mod control;
pub(crate) mod daemon;
pub(crate) mod local;
pub(crate) mod ssh;

// The operator's command line: effects.
pub mod cli;

#[cfg(test)]
mod testing;
