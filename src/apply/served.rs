//! What is wanted of each peering, worked out again only where it may have changed: to write a
//! thousand pairs of files, and to hold them against those that are there, takes longer than all
//! the rest of a pass.

use super::ApplySettings;
use super::pass::Pass;
use super::rows::Rows;
use crate::model::{Asn, IfName};
use crate::peering::{Peering, files};
use crate::plan::wireguard::{LinkWanted, allowed_ips};
use crate::plan::{self, Actual, Owner, ServedWanted};
use crate::sys::wireguard::Backend;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What is wanted of one peering; its link has no endpoint yet, which follows a name.
#[derive(Clone)]
pub struct Draft {
    /// The latency class that BIRD is told.
    pub class: u8,
    /// Files and link.
    pub wanted: ServedWanted,
}

/// What is wanted of every peering that can be served.
pub type Drafts = Rc<BTreeMap<Asn, Rc<Draft>>>;

/// The drafts of the last pass, and what they were made of.
#[derive(Default)]
pub struct Drafted {
    basis: Option<(Rc<ApplySettings>, Rc<Rows>)>,
    drafts: Drafts,
}

impl Drafted {
    /// The drafts of this pass.
    pub fn renew(&mut self, pass: &Pass) -> Drafts {
        let allowed_ips = allowed_ips();
        let same = self.same(pass);
        let draft = |peering: &Peering| {
            let last = self.drafts.get(&peering.asn);
            let class = class(pass, peering.asn, last);
            let kept = last.filter(|it| it.class == class && same(peering));
            let draft = match kept {
                Some(last) => last.clone(),
                None => Rc::new(written(&pass.settings, peering, class, &allowed_ips)?),
            };
            Some((peering.asn, united(draft, Owner::Peering(peering.asn), &pass.actual)))
        };
        let drafts = Rc::new(pass.rows.peerings.iter().filter_map(draft).collect());
        drop(same);
        self.basis = Some((pass.settings.clone(), pass.rows.clone()));
        self.drafts = drafts;
        self.drafts.clone()
    }

    /// Is a peering what it was when the drafts were made?
    fn same<'a>(&'a self, pass: &'a Pass) -> impl Fn(&Peering) -> bool + use<'a> {
        let basis = self.basis.as_ref().filter(|(it, _)| Rc::ptr_eq(it, &pass.settings));
        let rows = basis.map(|(_, rows)| rows);
        let all = rows.is_some_and(|rows| Rc::ptr_eq(rows, &pass.rows));
        let changed = rows.filter(|_| !all).map(|rows| &rows.peerings);
        let before: BTreeMap<Asn, &Peering> =
            changed.into_iter().flatten().map(|it| (it.asn, it)).collect();
        move |peering| all || before.get(&peering.asn) == Some(&peering)
    }
}

/// The latency class: measured, or what the file says, by whomever it was measured.
fn class(pass: &Pass, asn: Asn, last: Option<&Rc<Draft>>) -> u8 {
    let measured = pass.latencies.get(&asn).map(|it| it.class);
    let said = || {
        let there = pass.actual.birds.get(&Owner::Peering(asn))?;
        let ours = |last: &&Rc<Draft>| {
            last.wanted.bird.as_ref().is_some_and(|bird| Rc::ptr_eq(bird, there))
        };
        last.filter(ours).map(|it| it.class).or_else(|| plan::bird::latency(there))
    };
    measured.or_else(said).unwrap_or(plan::bird::LATENCY_UNKNOWN)
}

/// One copy of each text: a file that holds what is wanted was read, and kept.
fn united(mut draft: Rc<Draft>, owner: Owner, actual: &Actual) -> Rc<Draft> {
    if let Some(conf) = twin(draft.wanted.conf.as_ref(), actual.confs.get(&owner)) {
        Rc::make_mut(&mut draft).wanted.conf = Some(conf);
    }
    if let Some(bird) = twin(draft.wanted.bird.as_ref(), actual.birds.get(&owner)) {
        Rc::make_mut(&mut draft).wanted.bird = Some(bird);
    }
    draft
}

/// What is there, if it is another copy of the same.
fn twin(text: Option<&Rc<str>>, there: Option<&Rc<str>>) -> Option<Rc<str>> {
    let (text, there) = text.zip(there)?;
    (!Rc::ptr_eq(text, there) && text == there).then(|| there.clone())
}

fn written(
    settings: &ApplySettings,
    peering: &Peering,
    class: u8,
    allowed_ips: &Rc<[IpNet]>,
) -> Option<Draft> {
    let site = &settings.site;
    let conf = files::our_conf(peering, site, &settings.private_key)?;
    let bird = plan::bird::render(peering, site, &settings.template, class)?;
    let link = match settings.backend {
        Backend::Files => None,
        Backend::Kernel | Backend::Userspace { .. } => Some(link(settings, peering, allowed_ips)?),
    };
    let wanted = ServedWanted { conf: Some(conf.into()), bird: Some(bird.into()), link };
    Some(Draft { class, wanted })
}

fn link(
    settings: &ApplySettings,
    peering: &Peering,
    allowed_ips: &Rc<[IpNet]>,
) -> Option<LinkWanted> {
    let site = &settings.site;
    Some(LinkWanted {
        name: IfName::of(peering.asn),
        private_key: settings.private_key.clone(),
        listen_port: site.port(peering.id)?,
        mtu: peering.mtu,
        local: site.local(peering)?,
        remote: site.remote(peering)?,
        ipv4: None,
        peer_key: peering.key,
        preshared_key: peering.preshared_key.clone(),
        endpoint: None,
        allowed_ips: allowed_ips.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::rows::Known;
    use crate::model::{Families, Timestamp, WgSecret};
    use crate::peering::policy::Policy;
    use crate::peering::tests::{peering, site};
    use crate::store::{Actor, Store};
    use crate::testing::Place;
    use std::time::Duration;

    const ONE: u32 = 64601;
    const TWO: u32 = 64602;

    fn settings(place: &Place) -> Rc<ApplySettings> {
        let families = Families::Both;
        Rc::new(ApplySettings {
            site: site(),
            private_key: WgSecret::new([1; 32]),
            backend: Backend::Kernel,
            patience: Rc::default(),
            wireguard_directory: place.0.clone(),
            bird_directory: place.0.clone(),
            bird_socket: None,
            template: "dnpeers".into(),
            policy: Policy { families, reserved: vec![], allowed: vec![], own: vec![] },
            inventory: None,
            include_directory: None,
            sets_sysctls: false,
            interval: Duration::ZERO,
            watch_interval: Duration::ZERO,
        })
    }

    /// A database with two peerings, and who reads it.
    struct Stage {
        store: Store,
        settings: Rc<ApplySettings>,
        known: Known,
        drafted: Drafted,
    }

    impl Stage {
        fn new(place: &Place) -> Stage {
            let mut store = Store::open(&place.0.join("peering.db")).unwrap();
            for (id, asn) in [(1, ONE), (2, TWO)] {
                store.create(&peering(id, asn, None), u16::MAX, &actor()).unwrap();
            }
            let (known, drafted) = (Known::default(), Drafted::default());
            Stage { store, settings: settings(place), known, drafted }
        }

        /// A pass on a machine with these BIRD files.
        fn drafts(&mut self, birds: &[(u32, &Rc<str>)]) -> [Rc<Draft>; 2] {
            let settings = self.settings.clone();
            let mut pass = Pass::read(&self.store, &mut self.known, settings).unwrap();
            let owner = |asn| Owner::Peering(Asn::new(asn).unwrap());
            pass.actual.birds = birds.iter().map(|it| (owner(it.0), it.1.clone())).collect();
            let drafts = self.drafted.renew(&pass);
            [ONE, TWO].map(|asn| drafts[&Asn::new(asn).unwrap()].clone())
        }
    }

    fn actor() -> Actor {
        let (name, key, source) = ("ALICE-MNT".into(), "SHA256:x".into(), "::1".into());
        Actor { name, key, source, now: Timestamp(0) }
    }

    #[test]
    fn only_what_changed_is_worked_out_again() {
        let place = Place::new("drafts");
        let mut stage = Stage::new(&place);
        let same = |left: &[Rc<Draft>; 2], right: &[Rc<Draft>; 2]| {
            [0, 1].map(|at| Rc::ptr_eq(&left[at], &right[at]))
        };
        let first = stage.drafts(&[]);
        assert_eq!(same(&first, &stage.drafts(&[])), [true, true]);
        let (before, asn) = (peering(1, ONE, None), Asn::new(ONE).unwrap());
        let after = Peering { mtu: Some(1400), ..before.clone() };
        stage.store.replace(&before, &after, "peer_edit", &actor()).unwrap();
        let second = stage.drafts(&[]);
        assert_eq!(same(&first, &second), [false, true]);
        let link = second[0].wanted.link.as_ref().unwrap();
        assert_eq!((link.mtu, &link.name), (Some(1400), &IfName::of(asn)));
        stage.settings = settings(&place);
        assert_eq!(same(&second, &stage.drafts(&[])), [false, false]);
    }

    #[test]
    fn a_file_that_is_right_is_not_kept_twice_and_its_class_is_believed() {
        let place = Place::new("drafts-class");
        let mut stage = Stage::new(&place);
        let [one, _] = stage.drafts(&[]);
        let text = one.wanted.bird.clone().unwrap();
        let there: Rc<str> = text.replace("LATENCY = 9", "LATENCY = 3").into();
        let [one, two] = stage.drafts(&[(ONE, &there)]);
        assert_eq!((one.class, two.class), (3, plan::bird::LATENCY_UNKNOWN));
        assert!(Rc::ptr_eq(one.wanted.bird.as_ref().unwrap(), &there));
        let [again, _] = stage.drafts(&[(ONE, &there)]);
        assert!(Rc::ptr_eq(&one, &again));
        // Somebody wrote another class into it.
        let [other, _] = stage.drafts(&[(ONE, &text)]);
        assert_eq!(other.class, plan::bird::LATENCY_UNKNOWN);
    }
}
