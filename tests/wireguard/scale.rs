//! How long many links take: created, observed with nothing to do, removed. Not part of the tests;
//! run as `scale BACKEND LINKS`.

use crate::lab::{Lab, wanted};
use peerling::plan::wireguard::{EndpointRule, LinkWanted, differs};
use peerling::sys::wireguard;
use std::process::ExitCode;
use std::time::Instant;

pub fn run(lab: &Lab, links: u16) -> ExitCode {
    // Without an endpoint no handshake is begun, whose cryptography would be measured too.
    let fresh = |number| LinkWanted { endpoint: None, ..wanted(number) };
    let wanted: Vec<_> = (1..=links).map(fresh).collect();
    let timed = |what: &str, run: &dyn Fn()| {
        let begin = Instant::now();
        run();
        let total = begin.elapsed().as_secs_f64() * 1000.0;
        println!("{what}: {total:.1} ms, {:.3} ms each", total / f64::from(links));
    };
    timed("created", &|| {
        let create = |it| smol::block_on(lab.backend.create(&lab.machine, it)).unwrap();
        wanted.iter().for_each(create);
        smol::block_on(wireguard::settle(&lab.machine));
    });
    timed("observed, nothing to do", &|| {
        let found = lab.observe();
        for wanted in &wanted {
            let actual = found.get(&wanted.name).unwrap().as_ref().unwrap();
            assert_eq!(differs(wanted, actual, EndpointRule::Keep), []);
        }
    });
    timed("observed", &|| drop(lab.observe()));
    timed("removed", &|| wanted.iter().for_each(|it| lab.remove(&it.name).unwrap()));
    ExitCode::SUCCESS
}
