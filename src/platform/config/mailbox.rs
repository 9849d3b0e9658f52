//! A mailbox that mail that comes back is fetched from, as a URL says it.

use std::path::{Path, PathBuf};

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
    /// Whether the connection is encrypted from the first byte.
    pub encrypted: bool,
    /// The file that holds the password.
    pub password: PathBuf,
}

impl Mailbox {
    /// Reads `imaps://user@host/INBOX`; the user may be an address. The reason why it cannot be read names no part of it.
    pub fn read(url: &str, password: &Path) -> Result<Self, &'static str> {
        let (encrypted, rest) = match url.split_once("://") {
            Some(("imaps", rest)) => (true, rest),
            Some(("imap", rest)) => (false, rest),
            _ => return Err("must be such as imaps://user@mail.example/INBOX"),
        };
        let (authority, folder) = rest.split_once('/').unwrap_or((rest, "INBOX"));
        let (user, place) = authority.rsplit_once('@').ok_or("must name the user: imaps://user@mail.example/INBOX")?;
        if user.is_empty() || user.contains(':') {
            return Err(
                "must have a user without a password, which belongs into the file of ALONGSIDE_MAIL_RETURNS_PASSWORD_FILE",
            );
        }
        let uri: hyper::Uri = place.parse().map_err(|_| "must name a host")?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() || folder.chars().any(char::is_control) || user.chars().any(char::is_control) {
            return Err("must be such as imaps://user@mail.example/INBOX");
        }
        let near = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if !encrypted && !near {
            return Err("would send the password unencrypted: use imaps://");
        }
        if password.as_os_str().is_empty() {
            return Err("needs ALONGSIDE_MAIL_RETURNS_PASSWORD_FILE, the file that holds the password");
        }
        let port = uri.port_u16().unwrap_or(if encrypted { 993 } else { 143 });
        let folder = if folder.is_empty() { "INBOX" } else { folder }.to_owned();
        Ok(Self { host, port, user: user.to_owned(), folder, encrypted, password: password.to_owned() })
    }
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
        assert_eq!((good.port, good.folder.as_str(), good.encrypted), (993, "Returns", true));
        let near = read("imap://returns@127.0.0.1:1143").unwrap();
        assert_eq!((near.port, near.folder.as_str(), near.encrypted), (1143, "INBOX", false));
        for (url, why) in [
            ("pop3://a@b", "must be such as"),
            ("imaps://mail.example/INBOX", "must name the user"),
            ("imaps://a:secret@mail.example", "without a password"),
            ("imap://a@mail.example", "unencrypted"),
            ("imaps://a@", "must"),
        ] {
            let error = read(url).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret"), "{url}: {error}");
        }
        assert!(Mailbox::read("imaps://a@b.example", Path::new("")).unwrap_err().contains("PASSWORD_FILE"));
    }
}
