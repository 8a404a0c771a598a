//! What is wanted of each peering, worked out again only where it may have changed: to write a
//! thousand pairs of files, and to hold them against those that are there, takes longer than all
//! the rest of a pass.

use super::wanted::{Inputs, PopSettings, ServedWanted};
use super::wireguard::{Backend, KEEPALIVE_S, LinkWanted, OtherAddresses, allowed_ips};
use super::{Actual, Owner, Rows, adopted, bird};
use crate::model::{Asn, WgSecret};
use crate::peering::{Peering, files};
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
pub struct DraftCache {
    basis: Option<Basis>,
    drafts: Drafts,
}

/// What drafts are made of, but for the latency class, which they carry.
struct Basis {
    pop: Rc<PopSettings>,
    rows: Rc<Rows>,
}

/// Which peerings are what they were when the drafts were made.
enum Unchanged<'a> {
    None,
    All,
    /// Those that equal what they were then.
    Equal(BTreeMap<Asn, &'a Peering>),
}

impl DraftCache {
    /// The drafts of this pass.
    pub fn renew(&mut self, inputs: &Inputs, actual: &Actual) -> Drafts {
        let allowed_ips = allowed_ips();
        let unchanged = Unchanged::since(self.basis.as_ref(), inputs);
        let mut drafts = BTreeMap::new();
        for peering in &inputs.rows.peerings {
            let asn = peering.asn;
            let last = self.drafts.get(&asn);
            let class = class(inputs, actual, peering, last);
            let draft = match last {
                // What is wanted of one that was made by hand follows what is there.
                Some(last)
                    if last.class == class
                        && unchanged.has(peering)
                        && peering.adopted.is_none() =>
                {
                    last.clone()
                }
                _ => match written(&inputs.pop, peering, class, &allowed_ips, actual) {
                    Some(draft) => Rc::new(draft),
                    None => continue,
                },
            };
            drafts.insert(asn, united(draft, Owner::Peering(asn), actual));
        }
        self.basis = Some(Basis { pop: inputs.pop.clone(), rows: inputs.rows.clone() });
        self.drafts = Rc::new(drafts);
        self.drafts.clone()
    }
}

impl Unchanged<'_> {
    fn since<'a>(basis: Option<&'a Basis>, inputs: &Inputs) -> Unchanged<'a> {
        match basis {
            Some(basis) if !Rc::ptr_eq(&basis.pop, &inputs.pop) => Unchanged::None,
            Some(basis) if Rc::ptr_eq(&basis.rows, &inputs.rows) => Unchanged::All,
            Some(basis) => Unchanged::Equal(
                basis.rows.peerings.iter().map(|peering| (peering.asn, peering)).collect(),
            ),
            None => Unchanged::None,
        }
    }

    fn has(&self, peering: &Peering) -> bool {
        match self {
            Unchanged::None => false,
            Unchanged::All => true,
            Unchanged::Equal(before) => before.get(&peering.asn) == Some(&peering),
        }
    }
}

/// The latency class: measured, or what the file says, by whomever it was measured.
fn class(inputs: &Inputs, actual: &Actual, peering: &Peering, last: Option<&Rc<Draft>>) -> u8 {
    let asn = peering.asn;
    if let Some(measured) = inputs.latencies.get(&asn) {
        return measured.class;
    }
    let Some(there) = actual.birds.get(&Owner::Peering(asn)) else {
        return bird::LATENCY_UNKNOWN;
    };
    if let Some(last) = last
        && last.wanted.bird.as_ref().is_some_and(|text| Rc::ptr_eq(text, there))
    {
        return last.class;
    }
    bird::latency(there, peering, &inputs.pop.bird()).unwrap_or(bird::LATENCY_UNKNOWN)
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
    pop: &PopSettings,
    peering: &Peering,
    class: u8,
    allowed_ips: &Rc<[IpNet]>,
    actual: &Actual,
) -> Option<Draft> {
    let rendered = bird::render(peering, &pop.bird(), class)?;
    let (private_key, conf, bird): (WgSecret, Rc<str>, Option<Rc<str>>) = match &peering.adopted {
        Some(adopted) => {
            let private_key = adopted::private_key(pop, peering, adopted, actual)?;
            let conf = adopted::conf(pop, peering, adopted, &private_key, actual)?;
            let there = actual.birds.get(&Owner::Peering(peering.asn));
            (private_key, conf, adopted::bird_file(adopted, rendered, there))
        }
        None => {
            let conf = files::our_conf(peering, &pop.site, &pop.private_key)?;
            (pop.private_key.clone(), conf.into(), Some(rendered.into()))
        }
    };
    let link = match pop.backend {
        Backend::Files => None,
        Backend::Kernel | Backend::Userspace { .. } => {
            Some(link(pop, peering, private_key, allowed_ips)?)
        }
    };
    Some(Draft { class, wanted: ServedWanted { conf: Some(conf), bird, link } })
}

/// The link, but for its endpoint. `allowed_ips`: for those that were not made by hand.
pub(super) fn link(
    pop: &PopSettings,
    peering: &Peering,
    private_key: WgSecret,
    allowed_ips: &Rc<[IpNet]>,
) -> Option<LinkWanted> {
    let adopted = peering.adopted.as_deref();
    Some(LinkWanted {
        name: pop.naming.peering_link(peering.asn),
        private_key,
        listen_port: pop.site.port(peering)?,
        mtu: peering.mtu,
        local: pop.site.local(peering)?,
        remote: pop.site.remote(peering)?,
        ipv4: None,
        peer_key: peering.key,
        preshared_key: peering.preshared_key.clone(),
        endpoint: None,
        allowed_ips: adopted.map_or(allowed_ips, |adopted| &adopted.allowed_ips).clone(),
        keepalive_s: adopted.map_or(KEEPALIVE_S, |adopted| adopted.keepalive_s),
        other_addresses: match adopted {
            Some(_) => OtherAddresses::Kept,
            None => OtherAddresses::Removed,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::wanted::tests::{inputs, pop};
    use super::*;
    use crate::peering::tests::peering;

    const ONE: u32 = 64601;
    const TWO: u32 = 64602;

    fn asn(number: u32) -> Asn {
        Asn::new(number).unwrap()
    }

    /// The drafts of both peerings, over these BIRD files.
    fn drafts(
        cache: &mut DraftCache,
        inputs: &Inputs,
        birds: &[(u32, &Rc<str>)],
    ) -> [Rc<Draft>; 2] {
        let mut actual = Actual::default();
        for (number, text) in birds {
            actual.birds.insert(Owner::Peering(asn(*number)), (*text).clone());
        }
        let drafts = cache.renew(inputs, &actual);
        [ONE, TWO].map(|number| drafts[&asn(number)].clone())
    }

    fn same(left: &[Rc<Draft>; 2], right: &[Rc<Draft>; 2]) -> [bool; 2] {
        [0, 1].map(|at| Rc::ptr_eq(&left[at], &right[at]))
    }

    #[test]
    fn only_what_changed_is_worked_out_again() {
        let mut cache = DraftCache::default();
        let both = vec![peering(1, ONE, None), peering(2, TWO, None)];
        let mut inputs = inputs(both.clone());
        let first = drafts(&mut cache, &inputs, &[]);
        assert_eq!(same(&first, &drafts(&mut cache, &inputs, &[])), [true, true]);
        // Read again from the database, where one has changed.
        let changed = Peering { mtu: Some(1400), ..both[0].clone() };
        let peerings = vec![changed, both[1].clone()];
        inputs.rows = Rc::new(Rows { peerings, ..Rows::default() });
        let second = drafts(&mut cache, &inputs, &[]);
        assert_eq!(same(&first, &second), [false, true]);
        let link = second[0].wanted.link.as_ref().unwrap();
        assert_eq!((link.mtu, &link.name), (Some(1400), &crate::model::IfName::of(asn(ONE))));
        inputs.pop = Rc::new(pop());
        assert_eq!(same(&second, &drafts(&mut cache, &inputs, &[])), [false, false]);
    }

    #[test]
    fn a_file_that_is_right_is_not_kept_twice_and_its_class_is_believed() {
        let mut cache = DraftCache::default();
        let inputs = inputs(vec![peering(1, ONE, None), peering(2, TWO, None)]);
        let [one, _] = drafts(&mut cache, &inputs, &[]);
        let text = one.wanted.bird.clone().unwrap();
        let there: Rc<str> = text.replace("LATENCY = 9", "LATENCY = 3").into();
        let [one, two] = drafts(&mut cache, &inputs, &[(ONE, &there)]);
        assert_eq!((one.class, two.class), (3, bird::LATENCY_UNKNOWN));
        assert!(Rc::ptr_eq(one.wanted.bird.as_ref().unwrap(), &there));
        let [again, _] = drafts(&mut cache, &inputs, &[(ONE, &there)]);
        assert!(Rc::ptr_eq(&one, &again));
        // Somebody wrote another class into it.
        let [other, _] = drafts(&mut cache, &inputs, &[(ONE, &text)]);
        assert_eq!(other.class, bird::LATENCY_UNKNOWN);
    }
}
