//! The macros of SPF (RFC 7208, 7): parts of a name that depend on who asks.

use super::dns::LONGEST_NAME;
use std::net::IpAddr;

/// Who sends, as macros need it.
pub struct Asked<'a> {
    /// The address that sends.
    pub ip: IpAddr,
    /// What is before the `@` of the return path.
    pub local: &'a str,
    /// What is behind it.
    pub origin: &'a str,
    /// The domain whose record is looked at.
    pub domain: &'a str,
    /// How the sender greets.
    pub hello: &'a str,
}

/// A name with its macros filled in. Where it becomes too long, labels are left out from the left (7.3).
///
/// # Errors
/// What is wrong with it.
pub fn expand(spec: &str, asked: &Asked<'_>) -> Result<String, String> {
    let wrong = || format!("`{}` is no name with macros", super::shown(spec));
    let mut text = String::new();
    let mut rest = spec.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            if !c.is_ascii_graphic() {
                return Err(wrong());
            }
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('%') => text.push('%'),
            Some('_') => text.push(' '),
            Some('-') => text.push_str("%20"),
            Some('{') => {
                let (inner, after) = rest.as_str().split_once('}').ok_or_else(wrong)?;
                text.push_str(&value(inner, asked).ok_or_else(wrong)?);
                rest = after.chars();
            }
            _ => return Err(wrong()),
        }
    }
    let mut name = text.trim_end_matches('.');
    while name.len() > LONGEST_NAME {
        name = name.split_once('.').map_or("", |(_, after)| after);
    }
    Ok(name.to_owned())
}

/// Whether a name with macros is well formed.
///
/// # Errors
/// What is wrong with it.
pub fn check(spec: &str) -> Result<(), String> {
    let asked = Asked { ip: IpAddr::from([0; 4]), local: "a", origin: "a.example", domain: "a.example", hello: "a.example" };
    match expand(spec, &asked)? {
        name if name.is_empty() => Err("a name is missing".to_owned()),
        _ => Ok(()),
    }
}

/// What stands between the braces: a letter, how many parts, whether they are turned round, and what parts them (7.1, 7.3).
fn value(inner: &str, asked: &Asked<'_>) -> Option<String> {
    let letter = inner.chars().next()?;
    let plain = match letter.to_ascii_lowercase() {
        's' => format!("{}@{}", asked.local, asked.origin),
        'l' => asked.local.to_owned(),
        'o' => asked.origin.to_owned(),
        'd' => asked.domain.to_owned(),
        'i' => dotted(asked.ip),
        // Whoever publishes it should not (7.3); receivers need not find it out.
        'p' => "unknown".to_owned(),
        'v' => if asked.ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
        'h' => asked.hello.to_owned(),
        // `c`, `r` and `t` are for explanations alone.
        _ => return None,
    };
    let transform = &inner[letter.len_utf8()..];
    let digits = transform.bytes().take_while(u8::is_ascii_digit).count();
    let (count, after) = transform.split_at(digits);
    let most = if count.is_empty() { usize::MAX } else { count.parse().ok().filter(|count| *count > 0)? };
    let (turned, delimiters) = match after.strip_prefix(['r', 'R']) {
        Some(after) => (true, after),
        None => (false, after),
    };
    if !delimiters.chars().all(|c| ".-+,/_=".contains(c)) {
        return None;
    }
    let parted: Vec<&str> = plain.split(|c| if delimiters.is_empty() { c == '.' } else { delimiters.contains(c) }).collect();
    let mut parts = parted;
    if turned {
        parts.reverse();
    }
    let text = parts[parts.len().saturating_sub(most)..].join(".");
    // A capital letter asks for the form that URLs have.
    Some(if letter.is_ascii_uppercase() { form_urlencoded::byte_serialize(text.as_bytes()).collect() } else { text })
}

/// The address with dots: of IPv6, each half byte by itself.
fn dotted(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let half = ip.octets().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
            half.map(|half| format!("{half:x}")).collect::<Vec<_>>().join(".")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7208, 7.4.
    #[test]
    fn macros_are_filled_in_as_the_standard_shows() {
        let of = |ip: &str| {
            let ip = ip.parse().unwrap();
            move |spec: &str| {
                let asked = Asked {
                    ip,
                    local: "strong-bad",
                    origin: "email.example.com",
                    domain: "email.example.com",
                    hello: "mx.example.org",
                };
                expand(spec, &asked)
            }
        };
        let four = of("192.0.2.3");
        for (spec, expected) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d3}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr}", "strong-bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
            ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
            ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
            ("a%%b%-c", "a%b%20c"),
            ("%{S}", "strong-bad%40email.example.com"),
        ] {
            assert_eq!(four(spec).as_deref(), Ok(expected), "{spec}");
        }
        let expected = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com";
        assert_eq!(of("2001:db8::cb01")("%{ir}.%{v}._spf.%{d2}").as_deref(), Ok(expected));
        for bad in ["%", "%x", "%{", "%{}", "%{x}", "%{d0}", "%{d!}", "%{c}", "a b", "ä.example", "%{99999999999999999999d}"] {
            assert!(four(bad).is_err(), "{bad}");
        }
        let long = format!("{}%{{d}}", "abcdefgh.".repeat(60));
        let cut = four(&long).unwrap();
        assert!(cut.len() <= LONGEST_NAME && cut.ends_with(".email.example.com") && cut.starts_with("abcdefgh."), "{cut}");
        assert_eq!(four(&"x".repeat(400)).as_deref(), Ok(""));
        assert!(check("").is_err());
    }
}
