//! Addresses that can be told, as far as their text says.

use crate::platform::{Violation, net};
use ipnet::IpNet;

/// An address to be told, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// The host, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Host and port as they stand in the address.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// Reads an address; `None` if it is none of the web.
    pub fn read(url: &str) -> Option<Self> {
        if !url.chars().all(|c| c.is_ascii_graphic()) || url.contains('#') {
            return None;
        }
        let uri: hyper::Uri = url.parse().ok()?;
        let encrypted = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let port = authority.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Some(Self { encrypted, host, port, authority: authority.as_str().to_owned(), path })
    }
}

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
