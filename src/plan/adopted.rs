//! What is wanted of a peering that was made by hand: what is there, as long as it says what the
//! peering says.

use super::bird::{self, BirdPop};
use super::wanted::PopSettings;
use super::wireguard::{self, EndpointRule, LinkActual};
use super::{Actual, Owner, drafts};
use crate::adopt::wg_quick::{self, OwnKey, TunnelWanted};
use crate::adopt::words::say_the_same;
use crate::model::{WgKey, WgSecret};
use crate::peering::adopted::Adopted;
use crate::peering::{Peering, files};
use std::rc::Rc;

/// The classes that the dn42 communities have.
const LATENCY_CLASSES: std::ops::RangeInclusive<u8> = 1..=9;

/// The private key of our side of the link. Where it is not the POP's, it is in the link's file, or
/// on the link itself; `None`: it is lost.
pub fn private_key(
    pop: &PopSettings,
    peering: &Peering,
    adopted: &Adopted,
    actual: &Actual,
) -> Option<WgSecret> {
    let Some(own_key) = adopted.own_key else { return Some(pop.private_key.clone()) };
    let conf = actual.confs.get(&Owner::Peering(peering.asn));
    if let Some(secret) = conf.and_then(|text| key_of(text, adopted.link.as_str(), own_key)) {
        return Some(secret);
    }
    let link = actual.links.get(&adopted.link)?;
    link.private_key.clone().filter(|secret| secret.public() == own_key)
}

/// The first thing in which a running link is not as its file says, in words: an apply pass would
/// change it.
pub fn difference(
    pop: &PopSettings,
    peering: &Peering,
    conf: &str,
    running: &LinkActual,
) -> Option<String> {
    let adopted = peering.adopted.as_ref()?;
    let mut machine = Actual::default();
    machine.confs.insert(Owner::Peering(peering.asn), conf.into());
    let Some(private_key) = private_key(pop, peering, adopted, &machine) else {
        return Some("another private key".to_string());
    };
    let wanted = drafts::link(pop, peering, private_key, &adopted.allowed_ips)?;
    let changes = wireguard::differs(&wanted, running, EndpointRule::Keep);
    changes.first().map(|change| change.to_string())
}

/// The private key of a file of wg-quick, if it is that of this public one.
fn key_of(conf: &str, link: &str, own_key: WgKey) -> Option<WgSecret> {
    match wg_quick::read(conf, link).ok()?.private_key {
        OwnKey::Here(secret) if secret.public() == own_key => Some(secret),
        _ => None,
    }
}

/// The file of the link: the operator's, with nothing changed but what the peering has otherwise.
/// One that is none of wg-quick's any more stays as it is; where there is none, it is ours.
pub fn conf(
    pop: &PopSettings,
    peering: &Peering,
    adopted: &Adopted,
    private_key: &WgSecret,
    actual: &Actual,
) -> Option<Rc<str>> {
    let Some(there) = actual.confs.get(&Owner::Peering(peering.asn)) else {
        return files::our_conf(peering, &pop.site, private_key).map(Into::into);
    };
    let wanted = TunnelWanted {
        local: adopted.local,
        remote: pop.site.remote(peering)?,
        key: peering.key,
        preshared_key: peering.preshared_key.as_ref(),
        endpoint: peering.endpoint.as_ref(),
        mtu: peering.mtu,
    };
    match wg_quick::adjusted(there, adopted.link.as_str(), &wanted) {
        Some(text) if text != **there => Some(text.into()),
        _ => Some(there.clone()),
    }
}

/// The file of the BGP session: what is there, if it says the same as ours would; `None`: it is the
/// operator's.
pub fn bird_file(adopted: &Adopted, rendered: String, there: Option<&Rc<str>>) -> Option<Rc<str>> {
    adopted.bird_file.as_ref()?;
    match there {
        Some(there) if say_the_same(there, &rendered) => Some(there.clone()),
        _ => Some(rendered.into()),
    }
}

/// Does a file of BIRD's say what ours of this peering would say, with any latency class, and no
/// more?
pub fn says_what_ours_would(text: &str, peering: &Peering, pop: &BirdPop<'_>) -> bool {
    for latency in LATENCY_CLASSES {
        let Some(rendered) = bird::render(peering, pop, latency) else { return false };
        if say_the_same(text, &rendered) {
            // The class is read from the file again, or it would be written anew.
            return bird::latency(text, peering, pop).is_none_or(|class| class == latency);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::wanted::tests::pop;
    use super::*;
    use crate::model::Asn;
    use crate::peering::adopted::tests::adopted;
    use crate::peering::tests::{peering, site};
    use crate::plan::form::{Form, REFERENCE, WIKI};
    use crate::plan::naming::{AdoptedNames, Naming};
    use std::collections::BTreeMap;

    const ONE: u32 = 64601;

    fn by_hand() -> Peering {
        Peering { adopted: Some(Rc::new(adopted())), ..peering(1, ONE, Some("fe80::b")) }
    }

    fn owner() -> Owner {
        Owner::Peering(Asn::new(ONE).unwrap())
    }

    fn machine(conf: &str) -> Actual {
        let mut actual = Actual::default();
        actual.confs.insert(owner(), conf.into());
        actual
    }

    #[test]
    fn the_operators_file_stays_and_follows_the_peering() {
        let (pop, peering, adopted) = (pop(), by_hand(), adopted());
        let secret = WgSecret::new([5; 32]);
        let own = conf(&pop, &peering, &adopted, &secret, &Actual::default()).unwrap();
        assert!(own.contains("ListenPort = 20101\n") && own.contains("fe80::263/128 peer fe80::b"));
        assert!(own.contains("AllowedIPs = 172.20.0.0/14, fe80::/64"), "{own}");
        assert!(own.contains("PersistentKeepalive = 25\n"), "{own}");
        let theirs = format!("# by hand\n{own}\n# end\n");
        let there = machine(&theirs);
        let kept = conf(&pop, &peering, &adopted, &secret, &there).unwrap();
        assert!(Rc::ptr_eq(&kept, &there.confs[&owner()]));
        let edited = Peering { mtu: Some(1400), ..peering.clone() };
        let changed = conf(&pop, &edited, &adopted, &secret, &there).unwrap();
        assert_eq!(changed.replace("MTU = 1400\n", ""), theirs);
        let strange = machine("what is this?");
        let kept = conf(&pop, &peering, &adopted, &secret, &strange).unwrap();
        assert_eq!(&*kept, "what is this?");
    }

    #[test]
    fn the_links_own_key_is_found_where_it_is() {
        let (pop, peering) = (pop(), by_hand());
        let none = Actual::default();
        let usual = private_key(&pop, &peering, &adopted(), &none);
        assert_eq!(usual, Some(pop.private_key.clone()));
        let secret = WgSecret::new([5; 32]);
        let own = Adopted { own_key: Some(secret.public()), ..adopted() };
        assert_eq!(private_key(&pop, &peering, &own, &none), None);
        let conf = format!("[Interface]\nPrivateKey = {}\n", secret.reveal());
        assert_eq!(private_key(&pop, &peering, &own, &machine(&conf)), Some(secret.clone()));
        let mut running = Actual::default();
        let link = LinkActual { private_key: Some(secret.clone()), ..LinkActual::default() };
        running.links.insert(own.link.clone(), link);
        assert_eq!(private_key(&pop, &peering, &own, &running), Some(secret));
        let other =
            LinkActual { private_key: Some(WgSecret::new([6; 32])), ..LinkActual::default() };
        running.links.insert(own.link.clone(), other);
        assert_eq!(private_key(&pop, &peering, &own, &running), None);
    }

    #[test]
    fn a_link_that_runs_otherwise_than_its_file_says_is_seen() {
        let names =
            AdoptedNames { link: adopted().link, protocol: adopted().protocol, bird_file: None };
        let asn = Asn::new(ONE).unwrap();
        let naming = Naming::default().with_adopted(BTreeMap::from([(asn, names)])).into();
        let (pop, peering) = (PopSettings { naming, ..pop() }, by_hand());
        let secret = pop.private_key.clone();
        let wanted = drafts::link(&pop, &peering, secret, &adopted().allowed_ips).unwrap();
        let mut running = wanted.done(None);
        assert_eq!(difference(&pop, &peering, "", &running), None);
        running.listen_port = 1;
        let words = difference(&pop, &peering, "", &running).unwrap();
        assert_eq!(words, "listen port 1 -> 20101");
    }

    #[test]
    fn a_file_is_ours_if_it_says_no_more_than_the_form() {
        let (site, adopted) = (site(), adopted());
        let names = AdoptedNames {
            link: adopted.link.clone(),
            protocol: adopted.protocol.clone(),
            bird_file: adopted.bird_file.clone(),
        };
        let asn = Asn::new(ONE).unwrap();
        let naming = Naming::default().with_adopted(BTreeMap::from([(asn, names)]));
        for form in [REFERENCE, WIKI].map(|text| Form::parse(text).unwrap()) {
            let pop = BirdPop { site: &site, naming: &naming, form: &form, template: "dnpeers" };
            for latency in [1, 9] {
                let rendered = bird::render(&by_hand(), &pop, latency).unwrap();
                let commented = format!("/* Alice */\n{rendered}\n# since 2020\n");
                for text in [&rendered, &commented] {
                    assert!(says_what_ours_would(text, &by_hand(), &pop), "{text}");
                }
                let more = rendered.replacen('}', "password \"x\";\n}", 1);
                assert!(!says_what_ours_would(&more, &by_hand(), &pop), "{more}");
                let other = Peering { link_local: "fe80::c".parse().ok(), ..by_hand() };
                assert!(!says_what_ours_would(&rendered, &other, &pop), "{rendered}");
                let there: Rc<str> = commented.into();
                let kept = bird_file(&adopted, rendered.clone(), Some(&there)).unwrap();
                assert!(Rc::ptr_eq(&kept, &there));
                let operators = Adopted { bird_file: None, ..adopted.clone() };
                assert_eq!(bird_file(&operators, rendered, Some(&there)), None);
            }
        }
    }
}
