//! The one verb for routes: which addresses the kernel routes to which links by itself.

use super::{NetlinkError, Route};
use netlink_bindings::rt_route::{Request, Rtmsg};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Address families (linux/socket.h).
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// The table that packets are looked up in (RT_TABLE_MAIN in linux/rtnetlink.h).
const RT_TABLE_MAIN: u8 = 254;
/// Routes that come with addresses (RTPROT_KERNEL in linux/rtnetlink.h).
const RTPROT_KERNEL: u8 = 2;

impl Route {
    /// Every single address that the kernel routes because of an address with a peer, with the
    /// index of its link; of one link only, if its index is given: with a thousand links the others
    /// would be a thousand answers. Kernels before 4.20 send all routes, and these are picked from
    /// them.
    pub fn peer_routes(&self, link: Option<u32>) -> Result<BTreeSet<(u32, IpAddr)>, NetlinkError> {
        let mut all = self.routes_of(AF_INET6, link)?;
        all.append(&mut self.routes_of(AF_INET, link)?);
        Ok(all)
    }

    fn routes_of(
        &self,
        family: u8,
        link: Option<u32>,
    ) -> Result<BTreeSet<(u32, IpAddr)>, NetlinkError> {
        let mut header = Rtmsg::new();
        header.rtm_family = family;
        header.rtm_table = RT_TABLE_MAIN;
        header.rtm_protocol = RTPROT_KERNEL;
        let mut request = Request::new().op_getroute_dump(&header);
        if let Some(index) = link {
            request.encode().push_oif(index);
        }
        let routes = self.0.ask("list routes", &request, |(header, attributes)| {
            let destination = attributes.get_dst().ok()?;
            let is_single = header.rtm_dst_len == if destination.is_ipv4() { 32 } else { 128 };
            let is_ours = header.rtm_protocol == RTPROT_KERNEL && header.rtm_table == RT_TABLE_MAIN;
            Some((attributes.get_oif().ok().filter(|_| is_single && is_ours)?, destination))
        });
        Ok(routes?.into_iter().collect())
    }
}
