//! A mailbox that mail that comes back is fetched from, as a URL says it.

use std::path::{Path, PathBuf};

/// How the connection to a mailbox is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// From the first byte.
    Implicit,
    /// By STARTTLS, or no connection.
    StartTls,
    /// Not at all: for a server on the same computer, and only if that is said.
    Off,
}

/// A mailbox at a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who we are to it.
    pub user: String,
    /// The folder in which mail comes back.
    pub folder: String,
    /// How the connection is encrypted.
    pub protection: Protection,
    /// The file that holds the password.
    pub password: PathBuf,
}

/// What a URL looks like.
const SUCH: &str = "must be such as imaps://returns@mail.example/INBOX";

impl Mailbox {
    /// Reads `imaps://user@host/INBOX`, `imap://user@host/INBOX` (STARTTLS) or `imap://user@127.0.0.1/INBOX?tls=off`; the user may
    /// be an address, and letters may stand as `%40`. The reason why it cannot be read names no part of it.
    pub fn read(url: &str, password: &Path) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or(SUCH)?;
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let protection = match (scheme, query) {
            ("imaps", None) => Protection::Implicit,
            ("imap", None | Some("tls=required")) => Protection::StartTls,
            ("imap", Some("tls=off")) => Protection::Off,
            ("imaps" | "imap", Some(_)) => return Err("may have `?tls=required` or `?tls=off` behind imap:// and nothing else"),
            _ => return Err("must begin with imaps:// or imap://, such as imaps://returns@mail.example/INBOX"),
        };
        let (authority, folder) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, place) = authority.rsplit_once('@').ok_or("must name the user: imaps://user@mail.example/INBOX")?;
        if user.contains(':') {
            return Err("must have a user without a password, which belongs in the file of ALONGSIDE_MAIL_RETURNS_PASSWORD_FILE");
        }
        let plain = |text| percent(text).ok_or("has a `%` that is not followed by two hexadecimal digits");
        let (user, folder) = (plain(user)?, plain(folder)?);
        if user.is_empty() || user.chars().any(char::is_control) {
            return Err("must name the user: imaps://user@mail.example/INBOX");
        }
        if !folder.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            return Err("must name a folder in letters of ASCII: give the name that the server has for it");
        }
        let uri: hyper::Uri = place.parse().map_err(|_| "must name a host, such as mail.example or mail.example:993")?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err("must name a host, such as mail.example or mail.example:993");
        }
        let near = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if protection == Protection::Off && !near {
            return Err("would send the password unencrypted: leave `?tls=off` out, which is for a server on the same computer");
        }
        if password.as_os_str().is_empty() {
            return Err("needs ALONGSIDE_MAIL_RETURNS_PASSWORD_FILE, the file that holds the password");
        }
        let port = uri.port_u16().unwrap_or(if protection == Protection::Implicit { 993 } else { 143 });
        let folder = if folder.is_empty() { "INBOX".to_owned() } else { folder };
        Ok(Self { host, port, user, folder, protection, password: password.to_owned() })
    }
}

/// Undoes percent-encoding.
pub fn percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_named_by_its_url_and_its_password_stays_in_a_file() {
        let file = Path::new("/etc/alongside/mailbox");
        let read = |url: &str| Mailbox::read(url, file);
        let good = read("imaps://returns@sunrise.example@mail.sunrise.example/Returns").unwrap();
        assert_eq!((good.user.as_str(), good.host.as_str()), ("returns@sunrise.example", "mail.sunrise.example"));
        assert_eq!((good.port, good.folder.as_str(), good.protection), (993, "Returns", Protection::Implicit));
        assert_eq!(read("imaps://returns%40sunrise.example@mail.sunrise.example/Returns"), Ok(good));
        let starts = read("imap://a@mail.example/Mail%20back").unwrap();
        assert_eq!((starts.port, starts.folder.as_str(), starts.protection), (143, "Mail back", Protection::StartTls));
        assert_eq!(read("imap://a@mail.example/Mail back?tls=required"), Ok(starts));
        // On the same computer too, encryption is left out only where that is said.
        assert_eq!(read("imap://a@127.0.0.1:1143").unwrap().protection, Protection::StartTls);
        let near = read("imap://a@127.0.0.1:1143?tls=off").unwrap();
        assert_eq!((near.port, near.folder.as_str(), near.protection), (1143, "INBOX", Protection::Off));
        assert_eq!(read("imap://a@[::1]/?tls=off").unwrap().protection, Protection::Off);
        for (url, why) in [
            ("pop3://a@b", "must begin with"),
            ("mail.example", "must be such as"),
            ("imaps://mail.example/INBOX", "must name the user"),
            ("imaps://@mail.example/INBOX", "must name the user"),
            ("imaps://a:secret@mail.example", "without a password"),
            ("imap://a@mail.example?tls=off", "unencrypted"),
            ("imap://a@10.0.0.1?tls=off", "unencrypted"),
            ("imaps://a@mail.example?tls=off", "nothing else"),
            ("imap://a@mail.example?tls=opportunistic", "nothing else"),
            ("imaps://a@", "must name a host"),
            ("imaps://a%4@mail.example", "hexadecimal"),
            ("imaps://a@mail.example/a%0d%0ab", "ASCII"),
            ("imaps://a@mail.example/Zurück", "ASCII"),
        ] {
            let error = read(url).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret"), "{url}: {error}");
        }
        assert!(Mailbox::read("imaps://a@b.example", Path::new("")).unwrap_err().contains("PASSWORD_FILE"));
    }
}
