//! The table of operations: what each is called, what may follow it, what it does, and who does it.
//! Parser, help, manual page and completions of shells are made from it.

use super::logging::Volume;
use super::operation::{Argument, Operation, Presence, Value};
use super::{
    backup, bird_form, bird_init, check, demo, down, exec, genconfig, help, import, init, mesh,
    pass, service,
};

/// It was done.
pub const DONE: u8 = 0;
/// It was refused, or it failed.
pub const FAILED: u8 = 1;
/// The words were wrong.
pub const USAGE: u8 = 2;
/// There are steps to take.
pub(super) const PENDING: u8 = 2;
/// The configuration is wrong (`EX_CONFIG` of sysexits.h). The unit names it in
/// `RestartPreventExitStatus=`.
pub(super) const CONFIGURATION: u8 = 78;

/// What an exit status means where the operation does not say otherwise.
pub const STATUSES: &[(u8, &str)] =
    &[(DONE, "done"), (FAILED, "refused, or failed"), (USAGE, "wrong words on the command line")];

const fn flag(name: &'static str, value: Value, about: &'static str) -> Argument {
    Argument { name, short: None, value, presence: Presence::Optional, about }
}

const fn operand(name: &'static str, value: Value, about: &'static str) -> Argument {
    Argument { name, short: None, value, presence: Presence::Required, about }
}

/// `serve --test`.
pub(super) const TEST: Argument =
    flag("--test", Value::None, "only see whether it could begin with this configuration");
/// `check --json`.
pub(super) const JSON: Argument = flag(
    "--json",
    Value::None,
    "one object for programs; packaging/schema/check.json says what it has",
);
/// `apply --confirm-removals`.
pub(super) const CONFIRM_REMOVALS: Argument = flag(
    "--confirm-removals",
    Value::None,
    "remove what is neither in the database nor was removed by a command",
);
/// `down --yes`.
pub(super) const DOWN_YES: Argument = flag("--yes", Value::None, "do not ask");
/// `export DIR`.
pub(super) const EXPORT_DIRECTORY: Argument = operand(
    "DIR",
    Value::Directory("DIR"),
    "the directory that gets servers/POP; a working copy of git, for example",
);
/// `restore FILE`.
pub(super) const RESTORE_FILE: Argument = operand(
    "FILE",
    Value::File("FILE"),
    "the peering.db of a backup, or any other database of this POP",
);
/// `bird-init DIR`.
pub(super) const BIRD_DIRECTORY: Argument = operand(
    "DIR",
    Value::Directory("DIR"),
    "where bird.conf and the files that it includes are written",
);
/// `exec --as NAME`.
pub(super) const AS: Argument =
    flag("--as", Value::Text("NAME"), "act for this maintainer; else as the administrator");
/// `exec -- COMMAND...`.
pub(super) const COMMAND: Argument =
    operand("--", Value::Command("COMMAND..."), "a command of the SSH shell, with its flags");
/// `import --dry-run`.
pub(super) const DRY_RUN: Argument =
    flag("--dry-run", Value::None, "only show what would be taken, and why the rest would not");
/// `import --asn N`.
pub(super) const IMPORT_ASN: Argument =
    flag("--asn", Value::Text("N"), "only the peer with this AS number");
/// `import --undo`.
pub(super) const UNDO: Argument = flag(
    "--undo",
    Value::None,
    "give back what was imported: tunnels, sessions and files stay as they are",
);
/// `import FILE...`.
pub(super) const IMPORT_FILES: Argument = Argument {
    presence: Presence::Repeated,
    ..operand(
        "FILE",
        Value::File("FILE"),
        "only what stands in these files of wg-quick and BIRD; else in all",
    )
};
/// `mesh --format FORMAT`.
pub(super) const FORMAT: Argument = flag(
    "--format",
    Value::OneOf(&["table", "dot", "svg", "json"]),
    "tables, a graph for Graphviz, a picture, or an object for programs",
);
/// `bird-form NAME`.
pub(super) const FORM: Argument = operand("NAME", Value::OneOf(&["reference", "wiki"]), "the form");
/// `demo --run COMMAND`.
pub(super) const RUN: Argument = flag(
    "--run",
    Value::Program("COMMAND"),
    "run this in a shell while it serves, and end with it",
);
/// `init --asn N`.
pub(super) const ASN: Argument =
    flag("--asn", Value::Text("N"), "the AS number of your network, as the registry has it");
/// `init --name HOST`.
pub(super) const NAME: Argument = flag(
    "--name",
    Value::Text("HOST"),
    "the public name of this machine: members connect to it, and their tunnels end at it",
);
/// `init --network NAME`.
pub(super) const NETWORK: Argument =
    flag("--network", Value::Text("NAME"), "the name of your network, for the welcome line");
/// `init --registry SOURCE`.
pub(super) const REGISTRY: Argument = flag(
    "--registry",
    Value::Text("URL|DIR"),
    "where the registry is cloned from (default https://git.dn42.dev/dn42/registry.git); a \
     directory that is no git repository is read where it is",
);
/// `init --admin-key FILE`.
pub(super) const ADMIN_KEY: Argument = flag(
    "--admin-key",
    Value::File("FILE"),
    "your public SSH key: whoever has it may do here what an administrator may",
);
/// `init --print`.
pub(super) const PRINT: Argument =
    flag("--print", Value::None, "only tell what would be done, and change nothing");
/// `init --yes`.
pub(super) const YES: Argument =
    flag("--yes", Value::None, "ask nothing, and do it; needs --asn and --name the first time");
/// `help OPERATION`.
pub(super) const TOPIC: Argument = Argument {
    presence: Presence::Optional,
    ..operand("OPERATION", Value::Operation("OPERATION"), "the operation to explain")
};

/// `--config FILE`.
pub(super) const CONFIG: Argument = flag(
    "--config",
    Value::File("FILE"),
    "the configuration (default /etc/peerling/peerling.toml)",
);
/// `--verbose`.
pub(super) const VERBOSE: Argument =
    Argument { short: Some('v'), ..flag("--verbose", Value::None, "log everything") };
/// `--help`.
pub(super) const HELP: Argument = Argument {
    short: Some('h'),
    ..flag("--help", Value::None, "list the operations; after one, explain it")
};
/// `--version`.
pub(super) const VERSION: Argument =
    Argument { short: Some('V'), ..flag("--version", Value::None, "show the version") };

/// What may stand before and after every operation.
pub const OPTIONS: &[Argument] = &[CONFIG, VERBOSE, HELP, VERSION];

/// What an operation is that says nothing of it.
const PLAIN: Operation = Operation {
    name: "",
    alias: None,
    arguments: &[],
    about: "",
    more: &[],
    statuses: &[],
    volume: Volume::Trouble,
    run: help::run,
};

/// Every operation, in the order of the help.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "init",
        arguments: &[ASN, NAME, NETWORK, REGISTRY, ADMIN_KEY, PRINT, YES],
        about: "turn this machine into a POP: key, configuration, registry, BIRD, kernel, services",
        more: &[
            "Of each step it says whether it was done, was there already, or is yours, with the \
             line to type. What exists is never changed without a word, so it can be run again \
             at any time, and goes on where something is missing. A configuration of BIRD of \
             your own is left alone: what it lacks is told.",
            "At a terminal it asks what only you can know; elsewhere it needs the flags, and \
             --yes.",
        ],
        statuses: &[(FAILED, "an answer is wrong, a step failed, or the check at the end did")],
        run: init::run,
        ..PLAIN
    },
    Operation {
        name: "serve",
        alias: Some("--server"),
        arguments: &[TEST],
        about: "SSH service and apply loop, in the foreground",
        more: &["It ends at SIGTERM and at Ctrl-C; tunnels and BGP sessions go on."],
        statuses: &[(
            CONFIGURATION,
            "its configuration is wrong: another start would not help, and the unit makes none",
        )],
        volume: Volume::News,
        run: service::run,
    },
    Operation {
        name: "check",
        arguments: &[JSON],
        about: "everything that the POP depends on, line by line: ok, warn or wrong, and what to \
                do about it",
        more: &[
            "Above the lines is what the configuration sets. With --verbose it is the whole \
             configuration, with the lines as comments.",
            "Nothing is changed. Root looks with the rights of the service's user, since root may \
             do what the service may not.",
        ],
        statuses: &[(FAILED, "something is wrong")],
        run: check::run,
        ..PLAIN
    },
    Operation {
        name: "plan",
        about: "the steps that an apply pass would take now, and what would change in files",
        more: &["Nothing is changed."],
        statuses: &[(PENDING, "there are steps to take")],
        run: pass::plan,
        ..PLAIN
    },
    Operation {
        name: "apply",
        arguments: &[CONFIRM_REMOVALS],
        about: "take these steps once, then exit; nothing is removed that no command removed",
        more: &["What is neither in the database nor removed by a command stays, unless its \
                 removal is confirmed. See first with peerling plan what that would be."],
        volume: Volume::News,
        run: pass::apply,
        ..PLAIN
    },
    Operation {
        name: "genconfig",
        alias: Some("--genconfig"),
        about: "write the files of every peering into the staging directories",
        more: &["The directories are genconfig.wireguard_directory and genconfig.bird_directory. \
                 Each run makes a directory that is named by the time, and moves the symbolic \
                 link current to it."],
        run: genconfig::run,
        ..PLAIN
    },
    Operation {
        name: "export",
        arguments: &[EXPORT_DIRECTORY],
        about: "the files of this POP and its peerings into DIR/servers/POP, without any secret",
        more: &["What an export did not write is never removed."],
        run: backup::export,
        ..PLAIN
    },
    Operation {
        name: "restore",
        arguments: &[RESTORE_FILE],
        about: "put a database in the place of this POP's; the service must not run",
        more: &["The database of before is kept under another name."],
        run: backup::restore,
        ..PLAIN
    },
    Operation {
        name: "down",
        arguments: &[DOWN_YES],
        about: "take down every link and BGP session of ours; the service must not run",
        more: &[
            "It asks first. The database stays, so a start of the service brings everything \
                 back. What stands in files of your own stays too, and what a database of another \
                 time left behind: peerling apply --confirm-removals removes that.",
            "While BIRD does not answer nothing of its is taken down. Where it runs no more, \
                 PEERLING_BIRD_SOCKET= in front of the command leaves it out.",
        ],
        statuses: &[(FAILED, "refused, or something is left: type it again")],
        volume: Volume::News,
        run: down::run,
        ..PLAIN
    },
    Operation {
        name: "bird-init",
        arguments: &[BIRD_DIRECTORY],
        about: "write a whole configuration of BIRD for this POP",
        more: &[
            "Where one of its files exists, nothing is written. The files are yours from then \
                 on; peerling keeps up only what they include.",
        ],
        run: bird_init::run,
        ..PLAIN
    },
    Operation {
        name: "bird-form",
        arguments: &[FORM],
        about: "print a built-in form of a peering's file for BIRD, as a start for your own",
        more: &[
            "The path of your own form is bird.form. ${name} stands for a value, ${name: text} for \
             text that is only there under a condition, $$ for a dollar; all else is BIRD's.",
            "What each placeholder stands for goes to standard error.",
        ],
        run: bird_form::run,
        ..PLAIN
    },
    Operation {
        name: "exec",
        arguments: &[AS, COMMAND],
        about: "a command of the SSH shell from here, for a maintainer or as the administrator",
        more: &[
            "The running service does it. Where none runs it is done at once, and what it saves \
             is applied when the service starts.",
            "The exit status is that of the command.",
        ],
        run: exec::run,
        ..PLAIN
    },
    Operation {
        name: "import",
        arguments: &[DRY_RUN, IMPORT_ASN, UNDO, IMPORT_FILES],
        about: "turn WireGuard tunnels and BGP sessions that were made by hand into peerings",
        more: &[
            "Taken is a tunnel with one peer and one BGP session over link-local addresses, if \
             the registry has its AS number and a key of its maintainer. It keeps its names, port, \
             addresses and keys; nothing on the machine is changed, and no session flaps.",
            "A file of BIRD's that says more than bird.form can say stays yours: you change it, \
             and peerling keeps only the tunnel. What the member changes later stands in the \
             wg-quick file too.",
        ],
        statuses: &[(FAILED, "nothing was taken")],
        run: import::run,
        ..PLAIN
    },
    Operation {
        name: "mesh",
        arguments: &[FORMAT],
        about: "your own POPs with their networks and gateways, and the links of this one",
        run: mesh::run,
        ..PLAIN
    },
    Operation {
        name: "demo",
        arguments: &[RUN],
        about: "a POP in a temporary directory; logs you in, or prints the line to connect with",
        more: &[
            "At a terminal you are a member there, and when you leave everything is removed. \
                 Elsewhere it serves until Ctrl-C. The service's log is the file log in the \
                 directory. Nothing is real but the service: no tunnel, no BIRD.",
            "A command finds the demo by PEERLING_DEMO_SSH and PEERLING_DEMO_DIR in its \
                 environment, and its exit status is the demo's.",
        ],
        volume: Volume::News,
        run: demo::run,
        ..PLAIN
    },
    Operation {
        name: "help",
        arguments: &[TOPIC],
        about: "list the operations, or explain one",
        run: help::run,
        ..PLAIN
    },
];

/// The operation with a name.
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}
