//! Addresses that can be told, as far as their text says.

pub use crate::platform::outward::Target;

use crate::platform::{Violation, net};
use ipnet::IpNet;
use std::net::IpAddr;
use url::{Host, Url};

/// What stands against telling this address, as far as its text says. Where the name leads is looked at on each connection.
pub fn against(url: &str, allowed: &[IpNet]) -> Option<Violation> {
    let wrong = |code: &'static str, detail: &str| Some(Violation::new("/url", code, detail));
    let Some(target) = Target::read(url) else {
        return wrong("url", "Use an address that begins with https://, without a user name and without a #.");
    };
    if !target.encrypted && allowed.is_empty() {
        return wrong("not_https", "Use https, so that nobody on the way can read or change what is sent.");
    }
    let Some(address) = named(&target.authority) else {
        return wrong("url", "Write the host as a name, or as an address of numbers.");
    };
    if address.is_some_and(|address| !net::is_public(address) && !net::is_in(allowed, address)) {
        return wrong("private_address", "This address is not on the public internet. Nothing is sent there.");
    }
    None
}

/// The address that a host is, if it is one, in whichever way it is written: one number, octal or hexadecimal.
/// Those who look names up understand some of these too. `None` if it is no host.
fn named(authority: &str) -> Option<Option<IpAddr>> {
    let url = Url::parse(&format!("https://{authority}/")).ok()?;
    Some(match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        let code = |url: &str| against(url, &[]).map(|violation| violation.code.into_owned());
        for good in ["https://front.example/hooks?key=1", "https://front.example:8443", "https://8.8.8.8/x"] {
            assert_eq!(code(good), None, "{good}");
        }
        for (url, why) in [
            ("ftp://front.example", "url"),
            ("front.example/hooks", "url"),
            ("https://me:word@front.example", "url"),
            ("https://front.example/#here", "url"),
            ("https:///path", "url"),
            ("http://front.example", "not_https"),
            ("https://127.0.0.1/", "private_address"),
            ("https://[::1]/", "private_address"),
            ("https://[::ffff:10.0.0.1]/", "private_address"),
            ("https://[::ffff:127.0.0.1]/", "private_address"),
            ("https://169.254.169.254/latest", "private_address"),
            ("https://2130706433/", "private_address"),
            ("https://0x7f000001:8443/", "private_address"),
            ("https://0177.0.0.1/", "private_address"),
            ("https://127.1/", "private_address"),
            ("https://127.0.0.1./", "private_address"),
            ("https://%31%32%37.0.0.1/", "url"),
            ("https://0x7f.1/hooks?key=1", "private_address"),
            ("https://0/", "private_address"),
            ("https://1.2.3.4.5/", "url"),
            ("https://256.0.0.1/", "url"),
        ] {
            assert_eq!(code(url).as_deref(), Some(why), "{url}");
        }
        let inside = [net::read("10.0.0.0/8").unwrap()];
        assert_eq!(against("http://10.0.0.7:3000/x", &inside), None);
        assert_eq!(against("http://0x0a000007:3000/x", &inside), None);
        assert!(against("http://127.0.0.1", &inside).is_some());
    }
}
