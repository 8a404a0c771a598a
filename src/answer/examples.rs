//! Answers that tests show, play and compare with golden files.

use super::{
    Answer, Applied, BgpLife, Deed, IdentityView, Life, LifeView, ListedPeer, OurSide, Outcome,
    PeerList, PeerView, PeeringState, PopPeering, PopView, Pops, RouteCounts, Rtt, Saved, Sign,
    Signs,
};
use crate::command::{Only, Scope};
use crate::model::{Asn, BgpState, Families, Role, Timestamp};
use std::time::Duration;

/// What a command answers.
pub(crate) fn answered(answer: impl Answer + 'static) -> Outcome {
    Ok(Box::new(answer))
}

/// A peering that was saved.
pub(crate) fn saved(deed: Deed, peer: PeerView, applied: Applied) -> Saved {
    Saved { deed, peer, applied }
}

/// A peering; tests say what is different in theirs.
pub(crate) fn peer(asn: u32, state: PeeringState) -> PeerView {
    PeerView {
        asn: Asn::new(asn).unwrap(),
        id: 1,
        state,
        wg_pub_key: "qM9hLEF1Q4cZGb2U6FPPkxJaJxTHJ0ObrXzJxYrmRk0=".parse().unwrap(),
        wg_endpoint_addr: Some("2a02:3100:3e6f:d100:250a:3f69:c3d4:8da8".into()),
        wg_endpoint_port: Some("20263".parse().unwrap()),
        link_local: Some("fe80:0263::2:1".parse().unwrap()),
        mtu: None,
        psk: false,
        families: Families::Both,
        generated_psk: None,
        our: OurSide {
            wg_pub_key: "7PpSZqGrgHoFLcO0MDQYGRqWw8hy5vyGPvzDVsrLhhA=".parse().unwrap(),
            wg_endpoint_addr: "pop.example.net".into(),
            wg_endpoint_port: Some("52001".parse().unwrap()),
            link_local: Some("fe80:0263::1:1".parse().unwrap()),
        },
        error: None,
        notes: vec![],
    }
}

/// A network of four POPs, and a member who peers at two of them.
pub(crate) fn network() -> Pops {
    let peering = |asn: u32, rtt| PopPeering { asn: Asn::new(asn).unwrap(), rtt };
    let pop = |name: &str, peerings| PopView {
        name: name.into(),
        host: format!("{name}.example.net"),
        this: name == "ams",
        peerings,
    };
    let here = vec![peering(64600, Rtt::Unknown), peering(4242420001, Rtt::Measured(4_123))];
    let line = |asn: u32, to: &str| {
        format!(
            "ssh -p 4242 alice@ams.example.net peer_export --asn {asn} | \
             ssh -p 4242 alice@{to}.example.net peer_create --from - --yes --wait"
        )
    };
    Pops {
        pops: vec![
            pop("ams", Some(here)),
            pop("fra", Some(vec![peering(4242420001, Rtt::AtMost(7_300))])),
            pop("nyc", Some(vec![])),
            pop("waw", None),
        ],
        lines: vec![
            line(64600, "fra"),
            line(64600, "nyc"),
            line(4242420001, "nyc"),
            line(64600, "waw"),
            line(4242420001, "waw"),
        ],
    }
}

/// A member with two AS numbers.
pub(crate) fn identity() -> IdentityView {
    IdentityView {
        maintainer: "ALICE-MNT".parse().ok(),
        role: Role::Member,
        asns: vec![Asn::new(4242420001).unwrap(), Asn::new(64600).unwrap()],
        network: "Example Network".into(),
        server: "pop.example.net".into(),
        our_asn: Asn::new(4242420263).unwrap(),
    }
}

/// When lists are made.
const NOW: Timestamp = Timestamp(1_769_860_800);

/// A peering that lives like this.
pub(crate) fn lived(peer: PeerView, life: Life) -> ListedPeer {
    let seen = LifeView {
        life,
        signs: Signs { tunnel: Sign::Unseen, bgp: Sign::Unseen },
        handshake: None,
        link_since: None,
        bgp: BgpLife::default(),
        rtt_us: None,
        maintainer: "ALICE-MNT".parse().ok(),
    };
    let since = Some(Timestamp(NOW.0 - 3 * 86_400));
    let life = match life {
        Life::Up => LifeView {
            signs: Signs { tunnel: Sign::Up, bgp: Sign::Up },
            handshake: Some(Duration::from_secs(17)),
            link_since: since,
            bgp: BgpLife {
                state: Some(BgpState::Established),
                since,
                routes: Some(RouteCounts { imported: 812, exported: 2_501 }),
            },
            rtt_us: Some(4_123),
            ..seen
        },
        Life::Down => LifeView {
            signs: Signs { tunnel: Sign::Down, bgp: Sign::Down },
            bgp: BgpLife {
                state: Some(BgpState::Active),
                since: None,
                routes: Some(RouteCounts::default()),
            },
            ..seen
        },
        Life::Waiting | Life::Off => seen,
    };
    ListedPeer { peer, life }
}

/// These peerings in a list; how they live follows from their states.
pub(crate) fn list(peers: Vec<PeerView>, scope: Scope) -> PeerList {
    let mut listed = Vec::new();
    for peer in peers {
        let life = match peer.state {
            PeeringState::Applied => Life::Up,
            PeeringState::Failed => Life::Down,
            PeeringState::Pending | PeeringState::Queued => Life::Waiting,
            PeeringState::Disabled | PeeringState::Suspended => Life::Off,
        };
        listed.push(lived(peer, life));
    }
    PeerList { peers: listed, scope, only: Only::Any, now: NOW }
}
