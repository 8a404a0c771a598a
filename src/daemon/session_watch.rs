//! Links and BGP sessions, looked at beside the loop: one look each interval, and one question to
//! BIRD. It keeps the board fresh, writes down what came up or went down, and wakes the loop where
//! a link or a BGP session is not there, or somebody disabled one. It mends nothing itself.

use super::life_news::News;
use crate::apply::{ApplySettings, MESH_PATTERN, bgp_view, link_view};
use crate::board::{Board, Cause, Progress, Sight, Since};
use crate::control::Control;
use crate::limits::{BIRD_CONNECT_TIMEOUT, HANDSHAKE_LINK_UP};
use crate::model::{Asn, IfName, Once, Timestamp, Turn};
use crate::peering::history::{LastKnown, Liveness, Observation, Subject, Transition};
use crate::plan::naming::Naming;
use crate::plan::wireguard::LinkActual;
use crate::plan::{Owner, PopSettings};
use crate::sys;
use crate::sys::bird::{BgpStatus, BirdError, connect};
use crate::sys::wireguard::Backend;
use smol::future::FutureExt as _;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// The watch, and what it saw last.
pub struct SessionWatch {
    control: Rc<Control>,
    settings: Rc<RefCell<Rc<ApplySettings>>>,
    known: LastKnown,
    /// How long BIRD had been running at the last look.
    uptime: Option<Duration>,
    /// Has the loop told of any peering yet?
    begun: bool,
    /// Why transitions cannot be written down.
    unwritten: Once<String>,
}

/// What one look saw; `None`: nobody to ask, or no answer.
#[derive(Default)]
struct Seen {
    links: Option<BTreeMap<IfName, LinkActual>>,
    bird: Option<BirdSeen>,
}

#[derive(Default)]
struct BirdSeen {
    sessions: BTreeMap<Asn, BgpStatus>,
    /// The protocols of BGP sessions to POPs of ours that run.
    mesh: BTreeSet<String>,
    uptime: Option<Duration>,
}

/// What is not as the loop left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Amiss {
    links: Vec<Owner>,
    sessions: Vec<Owner>,
    restarted: bool,
}

impl SessionWatch {
    fn naming(&self) -> Rc<Naming> {
        self.settings.borrow().pop.naming.clone()
    }

    /// Nothing is seen yet; what was last written down is no news.
    pub fn new(control: Rc<Control>, settings: Rc<RefCell<Rc<ApplySettings>>>) -> SessionWatch {
        let last = control.store.borrow().last_transitions();
        let last = last.inspect_err(|error| log::warn!("what was last seen is not known: {error}"));
        let known = LastKnown::from_last(last.unwrap_or_default());
        let unwritten = Once::default();
        SessionWatch { control, settings, known, uptime: None, begun: false, unwritten }
    }

    /// Looks until the program ends.
    pub async fn run(mut self) {
        self.first_look().await;
        loop {
            let interval = self.settings.borrow().watch_interval;
            smol::Timer::after(interval).await;
            let settings = self.settings.borrow().clone();
            let seen = look(&settings).await;
            self.write_down(&seen, sys::now());
            self.show(&seen);
            self.ring(&seen);
        }
    }

    /// Right after the first pass, for whoever asks what is up. Nothing is written down: what the
    /// pass has just made had no time to come up.
    async fn first_look(&self) {
        let interval = self.settings.borrow().watch_interval;
        let late = async {
            smol::Timer::after(interval).await;
        };
        self.control.board.changed().or(late).await;
        let settings = self.settings.borrow().clone();
        self.show(&look(&settings).await);
    }

    /// Keeps the board fresh; nobody is woken for it.
    fn show(&self, seen: &Seen) {
        let board = &self.control.board;
        let settings = self.settings.borrow().clone();
        board.set_sight(Sight {
            links: settings.pop.backend != Backend::Files,
            bird: settings.bird_socket.is_some(),
        });
        let naming = self.naming();
        for asn in board.entries().into_keys() {
            board.note(asn, |entry| {
                if let Some(links) = &seen.links {
                    entry.link = links.get(&naming.peering_link(asn)).and_then(link_view);
                }
                // A BIRD that does not answer has no BGP session to show.
                let status = seen.bird.as_ref().and_then(|bird| bird.sessions.get(&asn));
                entry.see_bgp(status.cloned().map(bgp_view));
                entry.since = Since {
                    link: self.known.since(asn, Subject::Link),
                    bgp: self.known.since(asn, Subject::Bgp),
                };
            });
        }
    }

    /// All transitions of one look are one transaction. Where that fails they are judged anew by
    /// the next look.
    fn write_down(&mut self, seen: &Seen, now: Timestamp) {
        let observations = observations(seen, &self.control.board, &self.naming());
        let mut transitions: Vec<(Asn, Transition)> = Vec::new();
        for (asn, observation) in &observations {
            let transition = self.known.transition(*asn, observation, now);
            transitions.extend(transition.map(|transition| (*asn, transition)));
        }
        let written = self.control.store.borrow_mut().note_transitions(&transitions);
        match self.unwritten.turn(written.as_ref().err().map(ToString::to_string)) {
            Turn::Wrong(why) => {
                log::warn!("what came up and went down cannot be written down: {why}");
            }
            Turn::Over => log::info!("what comes up and goes down is written down again"),
            Turn::Same => {}
        }
        if written.is_err() {
            return;
        }
        let before = self.known.clone();
        for (asn, it) in &transitions {
            let error = if it.last_error.is_empty() {
                String::new()
            } else {
                format!(": {}", it.last_error)
            };
            log::debug!("{asn}: {} {} -> {}{error}", it.what.word(), it.from, it.to);
        }
        for (asn, observation) in &observations {
            self.known.adopt(*asn, observation.liveness, now);
        }
        News::of(&before, &self.known, &transitions).log();
        // Before the first pass the board is empty, and everything would seem to be gone.
        let entries = self.control.board.entries();
        self.begun |= !entries.is_empty();
        if self.begun {
            self.known.retain(|asn| entries.contains_key(&asn));
        }
    }

    /// Wakes the loop for what is not as it left it. What it cannot mend, or leaves alone, is not
    /// applied on the board, and wakes nobody.
    fn ring(&mut self, seen: &Seen) {
        let uptime = seen.bird.as_ref().and_then(|bird| bird.uptime);
        let amiss = Amiss {
            restarted: uptime.zip(self.uptime).is_some_and(|(now, before)| now < before),
            ..amiss(seen, &self.control.board, &self.naming())
        };
        self.uptime = uptime.or(self.uptime);
        let bell = &self.control.bell;
        if amiss.restarted {
            bell.ring(Cause::Bird("BIRD was restarted"));
        }
        if !amiss.sessions.is_empty() {
            bell.ring(Cause::Bird("a BGP session is missing or disabled"));
        }
        if !amiss.links.is_empty() {
            bell.ring(Cause::Other("a link is missing"));
        }
    }
}

async fn look(settings: &ApplySettings) -> Seen {
    let links = match settings.pop.backend {
        Backend::Files => None,
        // What cannot be read is told by the loop.
        _ => settings.pop.backend.observe(&settings.patience, &settings.pop.naming).await.ok().map(
            |links| links.into_iter().filter_map(|(name, link)| Some((name, link.ok()?))).collect(),
        ),
    };
    let bird = match settings.bird_socket.as_deref() {
        Some(socket) => ask(socket, &settings.pop).await.ok(),
        None => None,
    };
    Seen { links, bird }
}

async fn ask(socket: &Path, pop: &PopSettings) -> Result<BirdSeen, BirdError> {
    let mut bird = connect(socket, BIRD_CONNECT_TIMEOUT).await?;
    let uptime = bird.ages().await?.started;
    let mut seen = BirdSeen { uptime, ..BirdSeen::default() };
    for status in bird.statuses(&pop.naming.protocol_pattern()).await? {
        if status.protocol.state == "flush" {
            continue;
        }
        if let Some(asn) = pop.naming.protocol_peering(&status.protocol.name) {
            seen.sessions.insert(asn, status);
        }
    }
    if pop.inventory.is_some() {
        for protocol in bird.protocols(MESH_PATTERN).await? {
            if protocol.state != "flush" && !protocol.is_disabled() {
                seen.mesh.insert(protocol.name);
            }
        }
    }
    Ok(seen)
}

/// How everything is that can be up or down, of peerings that the loop has made.
fn observations(seen: &Seen, board: &Board, naming: &Naming) -> Vec<(Asn, Observation)> {
    let ages = seen.links.as_ref().map(|links| board.handshake_ages(links));
    let mut observations = Vec::new();
    for asn in board.entries().into_keys() {
        if let Some(ages) = &ages {
            let is_up =
                ages.get(&naming.peering_link(asn)).is_some_and(|age| *age <= HANDSHAKE_LINK_UP);
            let liveness = if is_up { Liveness::LinkUp } else { Liveness::LinkDown };
            observations.push((asn, Observation { liveness, last_error: String::new() }));
        }
        if let Some(bird) = &seen.bird {
            observations.push((asn, bgp_observation(bird.sessions.get(&asn))));
        }
    }
    observations
}

fn bgp_observation(status: Option<&BgpStatus>) -> Observation {
    match status {
        Some(seen) => Observation {
            liveness: Liveness::Bgp(seen.bgp_state),
            last_error: seen.last_error.clone().unwrap_or_default(),
        },
        None => Observation { liveness: Liveness::BgpMissing, last_error: String::new() },
    }
}

fn has_link(links: &BTreeMap<IfName, LinkActual>, naming: &Naming, owner: Owner) -> bool {
    naming.link(owner).is_some_and(|name| links.contains_key(&name))
}

impl BirdSeen {
    fn runs_peering(&self, asn: Asn) -> bool {
        self.sessions.get(&asn).is_some_and(|status| !status.protocol.is_disabled())
    }

    fn runs_mesh(&self, naming: &Naming, owner: Owner) -> bool {
        naming.protocol(owner).is_some_and(|protocol| self.mesh.contains(&protocol))
    }
}

/// What the loop has made and what is not there, or was disabled.
fn amiss(seen: &Seen, board: &Board, naming: &Naming) -> Amiss {
    let mut amiss = Amiss::default();
    for (asn, entry) in board.entries() {
        if entry.progress != Progress::Applied {
            continue;
        }
        if seen.links.as_ref().is_some_and(|links| !has_link(links, naming, asn.into())) {
            amiss.links.push(asn.into());
        }
        if seen.bird.as_ref().is_some_and(|bird| !bird.runs_peering(asn)) {
            amiss.sessions.push(asn.into());
        }
    }
    for (owner, mesh_link) in board.mesh_links() {
        if mesh_link.link
            && seen.links.as_ref().is_some_and(|links| !has_link(links, naming, owner))
        {
            amiss.links.push(owner);
        }
        if mesh_link.session
            && seen.bird.as_ref().is_some_and(|bird| !bird.runs_mesh(naming, owner))
        {
            amiss.sessions.push(owner);
        }
    }
    amiss
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{Entry, MeshLinkStatus};
    use crate::model::BgpState;
    use crate::sys::bird::Protocol;

    fn asn(number: u32) -> Asn {
        Asn::new(number).unwrap()
    }

    fn status(state: &str, info: &str, bgp_state: BgpState) -> BgpStatus {
        let words = |it: &str| it.to_string();
        let protocol = Protocol {
            name: words("x"),
            proto: words("BGP"),
            table: words("---"),
            state: words(state),
            since: String::new(),
            info: words(info),
        };
        BgpStatus {
            protocol,
            bgp_state: Some(bgp_state),
            neighbor_address: None,
            neighbor_as: None,
            local_as: None,
            capabilities: None,
            last_error: Some(words("Hold timer expired")),
            channels: Vec::new(),
            raw: String::new(),
        }
    }

    /// A board with these peerings applied, and one more that failed.
    fn board(asns: &[u32]) -> Board {
        let board = Board::default();
        let entry = |progress| Entry { generation: 1, progress, ..Entry::default() };
        let applied = asns.iter().map(|it| (asn(*it), entry(Progress::Applied)));
        let failed = (asn(64699), entry(Progress::Failed("x".into())));
        board.publish(1, |_| applied.chain([failed]).collect());
        board
    }

    #[test]
    fn what_is_missing_or_was_disabled_by_hand_wakes_the_loop() {
        let sessions = BTreeMap::from([
            (asn(64601), status("up", "Established", BgpState::Established)),
            (asn(64602), status("start", "Active", BgpState::Active)),
            (asn(64603), status("down", "", BgpState::Down)),
            // BIRD did this itself, after an import limit; the operator's template wants it so.
            (asn(64604), status("down", "Automatic shutdown: Route limit", BgpState::Down)),
        ]);
        let links = [64601, 64602, 64603, 64604, 64605]
            .map(|it| (IfName::of(asn(it)), LinkActual::default()));
        let mut seen = Seen {
            links: Some(links.into()),
            bird: Some(BirdSeen { sessions, ..BirdSeen::default() }),
        };
        let board = board(&[64601, 64602, 64603, 64604, 64605]);
        let sessions = vec![asn(64603).into(), asn(64605).into()];
        let expected = Amiss { links: vec![], sessions, restarted: false };
        assert_eq!(amiss(&seen, &board, &Naming::default()), expected);
        seen.links = Some(BTreeMap::new());
        assert_eq!(amiss(&seen, &board, &Naming::default()).links.len(), 5);
        // Where nobody answers, nothing is known.
        assert_eq!(amiss(&Seen::default(), &board, &Naming::default()), Amiss::default());
        assert!(observations(&Seen::default(), &board, &Naming::default()).is_empty());
    }

    #[test]
    fn a_way_to_another_pop_that_is_missing_wakes_the_loop() {
        let mesh = |name: &str| Owner::Mesh(name.parse().unwrap());
        let board = Board::default();
        let (both, alone) = (
            MeshLinkStatus { link: true, session: true },
            MeshLinkStatus { link: true, session: false },
        );
        board.set_mesh_links([(mesh("a-1"), both), (mesh("b"), alone)].into());
        let link =
            |name: &str| (Naming::default().link(mesh(name)).unwrap(), LinkActual::default());
        let protocols = BTreeSet::from(["ibgp_a_1".to_string()]);
        let bird = Some(BirdSeen { mesh: protocols, ..BirdSeen::default() });
        let mut seen = Seen { links: Some([link("a-1"), link("b")].into()), bird };
        assert_eq!(amiss(&seen, &board, &Naming::default()), Amiss::default());
        seen.bird = Some(BirdSeen::default());
        assert_eq!(amiss(&seen, &board, &Naming::default()).sessions, [mesh("a-1")]);
        seen.links = Some([link("a-1")].into());
        assert_eq!(amiss(&seen, &board, &Naming::default()).links, [mesh("b")]);
    }

    #[test]
    fn a_bgp_session_is_up_when_it_is_established() {
        let up = bgp_observation(Some(&status("up", "Established", BgpState::Established)));
        assert_eq!((up.liveness.is_up(), up.liveness.word()), (true, "Established"));
        let down = bgp_observation(Some(&status("start", "Active", BgpState::Active)));
        assert_eq!((down.liveness.is_up(), down.liveness.word()), (false, "Active"));
        assert_eq!(down.last_error, "Hold timer expired");
        let missing = bgp_observation(None).liveness;
        assert_eq!((missing.is_up(), missing.word()), (false, "missing"));
    }
}
