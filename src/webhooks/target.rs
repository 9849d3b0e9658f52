//! Addresses that can be told, as far as their text says.

pub use crate::platform::outward::Target;

use crate::platform::{Violation, net};
use ipnet::IpNet;

/// What stands against telling this address, as far as its text says. Where the name leads is looked at on each connection.
pub fn against(url: &str, allowed: &[IpNet]) -> Option<Violation> {
    let wrong = |code: &'static str, detail: &str| Some(Violation::new("/url", code, detail));
    let Some(target) = Target::read(url) else {
        return wrong("url", "Use an address that begins with https://, without a user name and without a #.");
    };
    if !target.encrypted && allowed.is_empty() {
        return wrong("not_https", "Use https, so that nobody on the way can read or change what is sent.");
    }
    if let Ok(address) = target.host.parse()
        && !net::is_public(address)
        && !net::is_in(allowed, address)
    {
        return wrong("private_address", "This address is not on the public internet. Nothing is sent there.");
    }
    None
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
            ("https://169.254.169.254/latest", "private_address"),
        ] {
            assert_eq!(code(url).as_deref(), Some(why), "{url}");
        }
        let inside = [net::read("10.0.0.0/8").unwrap()];
        assert_eq!(against("http://10.0.0.7:3000/x", &inside), None);
        assert!(against("http://127.0.0.1", &inside).is_some());
    }
}
