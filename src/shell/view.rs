//! Answers for people: text and tables, for a window or for a pipe.

mod change;
mod decision;
mod export;
mod follow;
mod pops;
mod status;

use change::outcome as outcome_words;
pub use change::{shown, taken};
pub use export::export;
pub use follow::{begun, news};

use crate::command::{
    Applied, COMMANDS, CommandSpec, ConfigView, IdentityView, PeerView, PeeringState, Reply, Scope,
};
use crate::model::{Asn, LinkLocal, Port, Refusal, Role};
use crate::text::Screen;
use crate::text::escape::{escape, sentence};
use crate::text::table::{Fit, Table};
use std::fmt::Write as _;

/// An answer, with a line end after each line. In a window no line is wider than it is, but words
/// that cannot be broken, and text that is to be copied.
pub fn reply(reply: &Reply, screen: Screen) -> String {
    let text = laid_out(reply, screen);
    match reply {
        Reply::Config(_) | Reply::Pops(_) => text,
        _ => screen.fold(text),
    }
}

fn laid_out(reply: &Reply, screen: Screen) -> String {
    match reply {
        Reply::Help(None, who) => commands(*who, screen),
        Reply::Help(Some(spec), _) => command(spec, screen),
        Reply::Intro(view) => intro(view, screen),
        Reply::Whoami(view) => whoami(view),
        Reply::Peers(views, scope) => peers(views, *scope, screen),
        Reply::Config(view) if !view.text.is_empty() => view.text.clone(),
        Reply::Config(view) => note(&view.peer) + &config(view, screen),
        Reply::Exported(view) => export(view),
        Reply::Pops(view) => pops::pops(view, screen),
        Reply::Status(view) => status::status(view, screen),
        Reply::Created(view, applied) => created(view, applied, screen),
        Reply::Edited(view, changes, applied) => change::edited(view, changes, applied, screen),
        Reply::Switched(view, applied) => change::switched(view, applied, screen),
        Reply::Unchanged(view, applied) => change::unchanged(view, applied, screen),
        Reply::Removed(asn, applied) => removed(*asn, applied, screen),
        Reply::History(view) => decision::history(view, screen),
        Reply::Decided(it) => decision::decided(it, screen),
        Reply::Abandoned => "Nothing was changed.\n".to_string(),
        Reply::Bye => "See You, Space Cowboy!\n".to_string(),
    }
}

/// A refusal: what is wrong, and on the next line what to do.
pub fn refusal(refusal: &Refusal, screen: Screen) -> String {
    let mut text = screen.paint("31", &format!("{}.", escape(&refusal.message)));
    if !refusal.hint.is_empty() {
        let _ = write!(text, "\n{}", sentence(&refusal.hint));
    }
    screen.fold(text + "\n")
}

fn commands(role: Role, screen: Screen) -> String {
    let mut table = Table::new([("Command", Fit::Whole), ("What it does", Fit::Wrap)]);
    let shown = COMMANDS.iter().copied().filter(|it| it.is_listed_for(role));
    table.rows = shown.map(|it| vec![it.name.to_string(), it.summary.to_string()]).collect();
    format!(
        "{}help COMMAND tells more. peer_list, peer list and peer_l are one.\n",
        table.render(screen.columns, screen.style)
    )
}

fn command(spec: &CommandSpec, screen: Screen) -> String {
    let mut text = format!("{}: {}.\n", screen.heading(spec.name), spec.summary);
    if !spec.detail.is_empty() {
        let _ = writeln!(text, "{}", spec.detail);
    }
    let mut table = Table::new([("Flag", Fit::Whole), ("Meaning", Fit::Wrap)]);
    for flag in spec.flags {
        let gap = if flag.value.is_empty() || flag.value.starts_with('[') { "" } else { " " };
        table
            .rows
            .push(vec![format!("{}{gap}{}", flag.name, flag.value), flag.meaning.to_string()]);
    }
    if !table.rows.is_empty() {
        text += &table.render(screen.columns, screen.style);
    }
    text + &format!("Example: {}\n", spec.example)
}

fn intro(view: &IdentityView, screen: Screen) -> String {
    let network = match view.network.as_str() {
        "" => view.our_asn.to_string(),
        name => format!("{} ({})", escape(name), view.our_asn),
    };
    let notices: String = view.notices.iter().map(|it| sentence(it) + "\n").collect();
    let gap = if notices.is_empty() { "" } else { "\n" };
    format!(
        "\nWelcome to {network} automated peering service\n\
         You are connected as {} to {} @ {}\n\n{}\n\
         {notices}{gap}Use this shell to configure your BGP peering session.\n\n\
         Type help or ? to list commands.\n\n",
        who(view),
        view.server,
        view.our_asn,
        asns(view, screen)
    )
}

fn who(view: &IdentityView) -> String {
    match (&view.maintainer, view.role) {
        (Some(name), Role::Member) => name.to_string(),
        (Some(name), Role::Admin) => format!("{name} (by an administrator)"),
        (None, _) => "administrator".to_string(),
    }
}

fn asns(view: &IdentityView, screen: Screen) -> String {
    if view.asns.is_empty() {
        return match view.role {
            Role::Admin => "You may act for every AS number.\n".to_string(),
            Role::Member => "The registry has no AS number that you maintain.\n".to_string(),
        };
    }
    let mut table = Table::new([("Your AS number(s)", Fit::Whole)]);
    table.rows = view.asns.iter().map(|asn| vec![asn.get().to_string()]).collect();
    table.render(screen.columns, screen.style)
}

fn whoami(view: &IdentityView) -> String {
    let numbers: Vec<String> = view.asns.iter().map(|asn| asn.to_string()).collect();
    match numbers.as_slice() {
        [] => format!("{}, no AS number\n", who(view)),
        _ => format!("{}, {}\n", who(view), numbers.join(", ")),
    }
}

fn peers(views: &[PeerView], scope: Scope, screen: Screen) -> String {
    if views.is_empty() {
        return match scope {
            Scope::Mine => "You have no peering here yet. peer_create makes one.\n".to_string(),
            Scope::All => "There is no peering here yet.\n".to_string(),
        };
    }
    let mut table = Table::new([
        ("AS number", Fit::Whole),
        ("Wireguard public key", Fit::Cut),
        ("Endpoint address", Fit::Wrap),
        ("Endpoint port", Fit::Whole),
        ("State", Fit::Whole),
    ]);
    table.title = Some(match scope {
        Scope::Mine => "Your existing peering sessions".to_string(),
        Scope::All => "All peering sessions".to_string(),
    });
    table.rows = views.iter().map(peer_row).collect();
    let waits = |it: &&PeerView| it.state == PeeringState::Pending;
    let (told, waiting) = match scope {
        Scope::Mine => (views.iter().map(note).collect::<String>(), 0),
        Scope::All => (
            views.iter().filter(|it| !waits(it)).map(note).collect(),
            views.iter().filter(waits).count(),
        ),
    };
    let queue = match waiting {
        0 => String::new(),
        count => format!("{count} waiting for approval; see peer_approve and peer_reject.\n"),
    };
    table.render(screen.columns, screen.style) + &told + &queue
}

/// Why a peering is not well, as a line; nothing if it is.
fn note(view: &PeerView) -> String {
    let words = |error: &String| sentence(&format!("{}: {}", view.asn, error.trim_end())) + "\n";
    view.error.as_ref().map_or(String::new(), words)
}

fn peer_row(view: &PeerView) -> Vec<String> {
    vec![
        view.asn.get().to_string(),
        view.wg_pub_key.to_string(),
        view.wg_endpoint_addr.clone().unwrap_or("none".to_string()),
        optional(view.wg_endpoint_port.map(Port::get)),
        view.state.to_string(),
    ]
}

fn optional(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |it| it.to_string())
}

fn config(view: &ConfigView, screen: Screen) -> String {
    let note = match view.peer.psk {
        true => "\nA preshared key is set: yours is what PresharedKey needs.\n",
        false => "",
    };
    format!(
        "{}\n{}\n\n{}\n\n{}\n\n{}\n{note}",
        sides(&view.peer, view.our_asn, screen),
        screen.heading(&format!(
            "Wireguard configuration for {} (/etc/wireguard/{}.conf)",
            view.peer.asn, view.link
        )),
        view.wireguard,
        screen.heading(&format!("Bird configuration for {}", view.peer.asn)),
        view.bird,
    )
}

/// Both sides of a peering, theirs first.
fn sides(peer: &PeerView, our_asn: Asn, screen: Screen) -> String {
    let our = &peer.our;
    let theirs = side(
        peer.asn,
        [
            peer.wg_pub_key.to_string(),
            peer.wg_endpoint_addr.clone().unwrap_or("none: you call us".to_string()),
            optional(peer.wg_endpoint_port.map(Port::get)),
            optional(peer.link_local.map(|it: LinkLocal| it.to_string())),
        ],
    );
    let ours = side(
        our_asn,
        [
            our.wg_pub_key.to_string(),
            our.wg_endpoint_addr.clone(),
            optional(our.wg_endpoint_port.map(Port::get)),
            optional(our.link_local.map(|it: LinkLocal| it.to_string())),
        ],
    );
    theirs.render(screen.columns, screen.style) + &ours.render(screen.columns, screen.style)
}

fn side(asn: Asn, values: [String; 4]) -> Table {
    let head = asn.to_string();
    let mut table = Table::new([("Link config.", Fit::Whole), (&head, Fit::Whole)]);
    let names = ["Wg pub key", "Wg Endpoint addr.", "Wg Endpoint port", "Link-local address"];
    table.rows =
        names.iter().zip(values).map(|(name, value)| vec![name.to_string(), value]).collect();
    table
}

fn state(state: PeeringState, screen: Screen) -> String {
    let code = match state {
        PeeringState::Applied => "32",
        PeeringState::Failed | PeeringState::Suspended => "31",
        PeeringState::Pending | PeeringState::Queued | PeeringState::Disabled => "33",
    };
    screen.paint(code, state.word())
}

fn created(view: &PeerView, applied: &Applied, screen: Screen) -> String {
    let (asn, our) = (view.asn, &view.our);
    let port = optional(our.wg_endpoint_port.map(Port::get));
    let outcome = match (applied, view.state) {
        (_, PeeringState::Pending) => {
            screen.paint("33", "It waits for the approval of this POP's operator.")
        }
        (Applied::Yes, _) => screen.paint("32", "It is set up on our side."),
        (Applied::NotAwaited, _) => {
            "It is being set up; peer_status tells how it goes.".to_string()
        }
        (Applied::No(why), _) => screen
            .paint("31", &format!("It is saved, but not set up on our side: {}.", escape(why))),
    };
    format!(
        "The peering with {asn} was created.\n{outcome}\n\
         Our side: {} port {port}, public key {}.\n{}{}\
         peer_config shows what to install on yours.\n",
        our.wg_endpoint_addr,
        our.wg_pub_key,
        notes(view),
        generated_psk(view)
    )
}

/// What a member should know of a peering who makes or changes it, a line each.
pub(super) fn notes(view: &PeerView) -> String {
    view.notes.iter().map(|it| sentence(it) + "\n").collect()
}

/// A preshared key that was just made, and that this is the time to keep it; else nothing.
pub(super) fn generated_psk(view: &PeerView) -> String {
    view.generated_psk.as_ref().map_or(String::new(), |key| {
        format!("The preshared key, shown this once: {}\n", key.reveal())
    })
}

fn removed(asn: Asn, applied: &Applied, screen: Screen) -> String {
    let outcome = match applied {
        Applied::Yes => "Nothing is left of it on our side.".to_string(),
        Applied::NotAwaited => "Tunnel and BGP session end within seconds.".to_string(),
        Applied::No(why) => {
            screen.paint("31", &format!("Something is still there: {}.", escape(why)))
        }
    };
    format!("The peering with {asn} was removed.\n{outcome}\n")
}
