//! The POPs of the network as JSON.

use super::VERSION;
use crate::command::{PopPeering, PopView, PopsView, Rtt};
use nanoserde::SerJson;

#[derive(SerJson)]
struct Pops {
    version: u8,
    pops: Vec<Pop>,
    lines: Vec<String>,
}

#[derive(SerJson)]
struct Pop {
    name: String,
    host: String,
    this: bool,
    #[nserde(serialize_none_as_null)]
    peerings: Option<Vec<Peering>>,
}

#[derive(SerJson)]
struct Peering {
    asn: u32,
    #[nserde(serialize_none_as_null)]
    latency_ms: Option<f64>,
    #[nserde(serialize_none_as_null)]
    latency_ms_max: Option<f64>,
}

/// Without a line end.
pub fn pops(view: &PopsView) -> String {
    let pops = view.pops.iter().map(pop).collect();
    Pops { version: VERSION, pops, lines: view.lines.clone() }.serialize_json()
}

fn pop(it: &PopView) -> Pop {
    Pop {
        name: it.name.clone(),
        host: it.host.clone(),
        this: it.this,
        peerings: it.peerings.as_ref().map(|them| them.iter().map(peering).collect()),
    }
}

fn peering(it: &PopPeering) -> Peering {
    let ms = |us: u64| Some(us as f64 / 1000.0);
    let (latency_ms, latency_ms_max) = match it.rtt {
        Rtt::Unknown => (None, None),
        Rtt::Measured(us) => (ms(us), None),
        Rtt::AtMost(us) => (None, ms(us)),
    };
    Peering { asn: it.asn.get(), latency_ms, latency_ms_max }
}
