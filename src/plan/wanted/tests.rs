//! What is wanted of a POP, by what was said and what was seen.

use super::super::DraftCache;
use super::*;
use crate::mesh::tests::inventory;
use crate::peering::Peering;
use crate::peering::tests::{peering, site};
use crate::plan::bird::tests::reference_form;
use crate::plan::naming::AdoptedNames;

pub fn pop() -> PopSettings {
    PopSettings {
        site: site(),
        private_key: WgSecret::new([1; 32]),
        backend: Backend::Kernel,
        template: "dnpeers".into(),
        form: Rc::new(reference_form()),
        naming: Rc::default(),
        inventory: None,
        addresses: AddressSettings::default(),
        include_directory: None,
        sysctls: SysctlChoice::Check,
    }
}

pub fn inputs(peerings: Vec<Peering>) -> Inputs {
    Inputs {
        pop: Rc::new(pop()),
        rows: Rc::new(Rows { peerings, ..Rows::default() }),
        generation: 1,
        tombstones: Vec::new(),
        latencies: BTreeMap::new(),
        routes: BTreeMap::new(),
    }
}

fn all(inputs: &Inputs, observed: &Observed) -> Wanted {
    let drafts = DraftCache::default().renew(inputs, &observed.actual);
    wanted(inputs, &drafts, observed)
}

fn owner(number: u32) -> Owner {
    Owner::Peering(Asn::new(number).unwrap())
}

#[test]
fn a_link_follows_its_name_and_what_was_made_by_hand_is_not_wanted() {
    let inputs = inputs(vec![peering(1, 64601, None), peering(2, 64602, None)]);
    let mut observed = Observed::default();
    let address = "[2001:db8::1]:20263".parse().ok();
    observed.endpoints.insert(owner(64601), Resolved { address, trouble: None });
    observed.hand_made.insert(owner(64602));
    let wanted = all(&inputs, &observed);
    let [one, two] = [64601, 64602].map(|it| wanted.served[&owner(it)].clone());
    assert_eq!([&one, &two].map(|it| it.link.as_ref().unwrap().endpoint), [address, None]);
    assert_eq!([&one, &two].map(|it| it.bird.is_some()), [true, false]);
    assert!(two.conf.is_some());
}

#[test]
fn what_rests_ends_like_what_was_removed() {
    let mut inputs = inputs(vec![peering(1, 64601, None)]);
    let [removed, resting] = [64602, 64603].map(|it| Asn::new(it).unwrap());
    inputs.tombstones.push(Tombstone { asn: removed, generation: 1 });
    let peerings = inputs.rows.peerings.clone();
    inputs.rows = Rc::new(Rows { peerings, resting: vec![resting], ..Rows::default() });
    let wanted = all(&inputs, &Observed::default());
    assert_eq!(wanted.ended, [owner(64602), owner(64603)]);
    assert!(wanted.served.keys().eq(&[owner(64601)]));
    assert!([64601, 64602, 64603].iter().all(|it| inputs.concerns(owner(*it))));
    assert!(!inputs.concerns(owner(64604)));
}

#[test]
fn who_takes_a_pop_down_wants_nothing_but_what_was_made_by_hand() {
    let mut inputs = inputs(vec![peering(1, 64601, None), peering(2, 64602, None)]);
    let peerings = inputs.rows.peerings.clone();
    let failures = BTreeMap::from([(owner(64603), "no key".to_string())]);
    inputs.rows = Rc::new(Rows { peerings, failures, ..Rows::default() });
    let by_hand = AdoptedNames {
        link: IfName::from_name("dn42-example").unwrap(),
        protocol: "EXAMPLE".to_string(),
        bird_file: None,
    };
    let adopted = BTreeMap::from([(Asn::new(64602).unwrap(), by_hand)]);
    let naming = Rc::new(Naming::default().with_adopted(adopted));
    let include_directory = Some("/x".into());
    let inventory = Some(Rc::new(inventory()));
    inputs.pop = Rc::new(PopSettings { naming, include_directory, inventory, ..pop() });
    let all = all(&inputs, &Observed::default());
    let mesh: Vec<Owner> = all.served.keys().filter(|it| it.asn().is_none()).copied().collect();
    assert!(!mesh.is_empty() && !all.shared.is_empty());
    let nothing = nothing(all, &inputs);
    assert!(nothing.served.is_empty() && nothing.shared.is_empty());
    assert_eq!(nothing.ended, [&mesh[..], &[owner(64601), owner(64603)]].concat());
}

#[test]
fn a_tunnel_that_is_off_keeps_its_session_and_a_pop_that_is_off_ends() {
    let mut inputs = inputs(Vec::new());
    let mut pops = inventory();
    let names: Vec<_> = pops.links().iter().map(|link| link.to.name).collect();
    let [first, second] = [names[0], names[1]];
    let mut settings = pop();
    settings.inventory = Some(Rc::new(pops.clone()));
    settings.include_directory = Some("/x".into());
    inputs.pop = Rc::new(settings.clone());
    let both = all(&inputs, &Observed::default());
    let served = &both.served[&Owner::Mesh(first)];
    assert!(served.conf.is_some() && served.link.is_some() && served.bird.is_some());
    assert!(!both.loopback.is_empty() && both.shared.contains_key(&FileKind::Babel));
    let exception = crate::mesh::Exception {
        pops: (pops.own, first),
        cost: None,
        mtu: None,
        reach: None,
        switch: Switch::Off,
    };
    pops.exceptions = vec![exception];
    for pop in pops.pops.iter_mut().filter(|pop| pop.name == second) {
        pop.switch = Switch::Off;
    }
    settings.inventory = Some(Rc::new(pops));
    inputs.pop = Rc::new(settings);
    let some = all(&inputs, &Observed::default());
    let served = &some.served[&Owner::Mesh(first)];
    assert!(served.conf.is_none() && served.link.is_none() && served.bird.is_some());
    assert_eq!(some.ended, [Owner::Mesh(second)]);
}

#[test]
fn where_links_are_left_to_files_none_is_made() {
    let mut inputs = inputs(vec![peering(1, 64601, None)]);
    let inventory = Some(Rc::new(inventory()));
    inputs.pop = Rc::new(PopSettings { backend: Backend::Files, inventory, ..pop() });
    let wanted = all(&inputs, &Observed::default());
    assert!(wanted.served.len() > 1 && wanted.loopback.is_empty());
    assert!(wanted.served.values().all(|it| it.link.is_none() && it.conf.is_some()));
}
