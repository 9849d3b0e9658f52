//! Networks: which addresses belong together, and which ones nobody outside may be sent to.

use ipnet::IpNet;
use std::{
    net::{IpAddr, Ipv6Addr},
    sync::LazyLock,
};

/// Addresses of the IPv4 internet that lead to no public host (IANA's registry of special addresses), and those at which a
/// cloud tells its machines their secrets.
const SPECIAL: [&str; 20] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
];
/// The one part of IPv6 from which public addresses are given out. Loopback, link-local, unique local, multicast, mapped and
/// translated (NAT64) addresses all lie outside it.
const PUBLIC_6: &str = "2000::/3";
/// What is not public within it: tunnels that carry an IPv4 address inside, benchmarks, documentation.
const SPECIAL_6: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

fn nets(list: &[&str]) -> Vec<IpNet> {
    list.iter().filter_map(|text| text.parse().ok()).collect()
}

static NOT_PUBLIC: LazyLock<Vec<IpNet>> = LazyLock::new(|| nets(&[&SPECIAL[..], &SPECIAL_6[..]].concat()));
static WHOLE_6: LazyLock<Vec<IpNet>> = LazyLock::new(|| nets(&[PUBLIC_6]));

/// Whether an address is a host of the public internet.
pub fn is_public(address: IpAddr) -> bool {
    let given_out = address.is_ipv4() || WHOLE_6.iter().any(|net| net.contains(&address));
    given_out && !NOT_PUBLIC.iter().any(|net| net.contains(&address))
}

/// Whether an address lies in one of these networks. An IPv4 address is the same in its IPv6 form.
pub fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// A network, or a single address as a network of its own.
pub fn read(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// The part of an address that one subscriber usually has: /24 of IPv4, /56 of IPv6.
pub fn prefix(address: IpAddr) -> IpNet {
    let (address, length) = match address.to_canonical() {
        IpAddr::V4(address) => (IpAddr::V4(address), 24),
        IpAddr::V6(address) => (IpAddr::V6(address), 56),
    };
    IpNet::new(address, length).unwrap_or_else(|_| IpNet::from(IpAddr::V6(Ipv6Addr::UNSPECIFIED))).trunc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_known_for_it() {
        assert_eq!(NOT_PUBLIC.len(), SPECIAL.len() + SPECIAL_6.len());
        for inside in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "5f00::1",
            "100::1",
            "3fff::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450::1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn networks_are_read_and_addresses_found_in_them() {
        let some = [read("10.0.0.0/8").unwrap(), read("2001:db8::7").unwrap()];
        assert!(is_in(&some, "10.9.9.9".parse().unwrap()) && is_in(&some, "::ffff:10.9.9.9".parse().unwrap()));
        assert!(is_in(&some, "2001:db8::7".parse().unwrap()) && !is_in(&some, "2001:db8::8".parse().unwrap()));
        assert!(read("10.0.0.0/33").is_none() && read("here").is_none());
        assert_eq!(prefix("203.0.113.77".parse().unwrap()).to_string(), "203.0.113.0/24");
        assert_eq!(prefix("2001:db8:1:2ff::9".parse().unwrap()).to_string(), "2001:db8:1:200::/56");
    }
}
