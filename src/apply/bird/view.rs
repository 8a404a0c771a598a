//! A BGP session as the board tells it.

use crate::board::{BgpView, Limit, Offer, RoutesView};
use crate::sys::bird::{BgpStatus, Capabilities, Channel};

/// A BGP session as the board tells it.
pub fn view(status: BgpStatus) -> BgpView {
    let (up, down): (Vec<_>, Vec<_>) =
        status.channels.into_iter().partition(|it| it.imported.is_some());
    let offer = |it: Capabilities| Offer { families: it.families, next_hops: it.next_hops };
    BgpView {
        state: status.bgp_state,
        since: status.protocol.since,
        last_error: status.last_error.unwrap_or_default(),
        earlier_error: String::new(),
        neighbor_as: status.neighbor_as,
        offer: status.capabilities.map(offer),
        routes: up.into_iter().map(routes).collect(),
        missing: down.into_iter().map(|it| it.name).collect(),
    }
}

fn routes(channel: Channel) -> RoutesView {
    let limit = if channel.limit_hit { Limit::Hit } else { Limit::Kept };
    RoutesView {
        family: channel.name,
        imported: channel.imported.unwrap_or(0),
        filtered: channel.filtered,
        exported: channel.exported.unwrap_or(0),
        received: channel.received,
        refused: channel.refused,
        limit: channel.import_limit.map(|it| (it, limit)),
    }
}
