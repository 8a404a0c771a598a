//! Settings of the kernel without which a POP carries nobody's packets.

/// One setting, and what it has to be.
#[derive(Debug, PartialEq, Eq)]
pub struct Sysctl {
    /// Its name below `/proc/sys`, with dots (sysctl(8)).
    pub name: &'static str,
    /// What it is set to.
    pub value: &'static str,
    /// What does as well.
    pub or: &'static [&'static str],
    /// What happens otherwise.
    pub else_words: &'static str,
}

/// Forwarding, and no reverse path filter (ip-sysctl in the kernel's documentation): in dn42
/// packets come back another way than they went. The loose filter, 2, lets them pass. New links
/// take the default, and the stricter of a link's own and the one for all counts.
pub const SYSCTLS: [Sysctl; 4] = [
    Sysctl {
        name: "net.ipv6.conf.all.forwarding",
        value: "1",
        or: &[],
        else_words: "IPv6 packets of others are dropped",
    },
    Sysctl {
        name: "net.ipv4.ip_forward",
        value: "1",
        or: &[],
        else_words: "IPv4 packets of others are dropped",
    },
    Sysctl {
        name: "net.ipv4.conf.all.rp_filter",
        value: "0",
        or: &["2"],
        else_words: "IPv4 packets that come back another way are dropped",
    },
    Sysctl {
        name: "net.ipv4.conf.default.rp_filter",
        value: "0",
        or: &["2"],
        else_words: "on new links IPv4 packets that come back another way are dropped",
    },
];

impl Sysctl {
    /// Is it well as it is?
    pub fn fits(&self, actual: &str) -> bool {
        actual == self.value || self.or.contains(&actual)
    }

    /// The line of a file in `/etc/sysctl.d`.
    pub fn line(&self) -> String {
        format!("{} = {}", self.name, self.value)
    }
}
