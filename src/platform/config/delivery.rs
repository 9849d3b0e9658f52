//! How letters are handed over: how many on a connection, and how many in a time.

use super::{mailbox::Mailbox, reader::Reader};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

/// How letters are handed over.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Letters on one connection.
    pub letters: u32,
    /// Certificates that are believed beside the public ones.
    pub ca: Option<PathBuf>,
    /// Keys that letters are signed with, each with its selector.
    pub dkim: Vec<(String, PathBuf)>,
    /// The domain at which mail comes back to us.
    pub returns: Option<String>,
    /// Where it is handed over by LMTP.
    pub returns_lmtp: Option<SocketAddr>,
    /// The mailbox that it is fetched from.
    pub returns_poll: Option<Mailbox>,
    /// The token for handing it over; empty if nothing is taken.
    pub returns_token: String,
    /// Most letters in a time.
    pub rates: Rates,
    /// Letters on the first day from a mail server that nobody knows yet.
    pub warm_up: Option<u32>,
}

/// At most so many letters in a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Letters in a second, on average.
    pub a_second: f64,
    /// Letters at once, after a rest.
    pub burst: f64,
}

/// Most letters in a time, to whom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// To each mail server.
    pub server: Option<Rate>,
    /// To each domain that is written to.
    pub domain: Option<Rate>,
    /// To one domain.
    pub named: BTreeMap<String, Rate>,
}

impl Rates {
    /// The rate that holds for a domain.
    pub fn of_domain(&self, domain: &str) -> Option<Rate> {
        self.named.get(domain).copied().or(self.domain)
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn read(text: &str) -> Option<Self> {
        let mut rates = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (whom, rate) = part.split_once('=')?;
            let rate = Rate::read(rate.trim())?;
            match whom.trim() {
                "server" => rates.server = Some(rate),
                "domain" => rates.domain = Some(rate),
                domain if domain.contains('.') => {
                    rates.named.insert(domain.to_lowercase(), rate);
                }
                _ => return None,
            }
        }
        Some(rates)
    }
}

impl Rate {
    /// `50/s`, `600/m`, `1000/h`. What may go at once is a second's worth, and one at least.
    fn read(text: &str) -> Option<Self> {
        let (count, unit) = text.split_once('/')?;
        let count: u32 = count.trim().parse().ok().filter(|count| *count > 0)?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let a_second = f64::from(count) / seconds;
        Some(Self { a_second, burst: a_second.max(1.0) })
    }
}

impl Delivery {
    /// Whether letters have to be counted before they go, because only so many may in a time.
    pub fn is_limited(&self) -> bool {
        !self.rates.is_empty() || self.warm_up.is_some()
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let rates = Rates::read(&reader.text("MAIL_RATES")).unwrap_or_else(|| {
            let must = "must be such as server=50/s, domain=20/s, gmail.com=1000/h: whom it is for, a number, and s, m, h or d";
            reader.wrong("MAIL_RATES", must);
            Rates::default()
        });
        let warm_up = match reader.text("MAIL_WARM_UP").as_str() {
            "off" => None,
            number => {
                let number = number.parse().ok().filter(|number| (1..=1_000_000).contains(number));
                if number.is_none() {
                    reader.wrong("MAIL_WARM_UP", "must be `off` or a number from 1 to 1000000");
                }
                number
            }
        };
        let key = |part: &String| {
            let (selector, file) = part.split_once(':')?;
            (!selector.trim().is_empty() && !file.trim().is_empty())
                .then(|| (selector.trim().to_owned(), PathBuf::from(file.trim())))
        };
        let dkim: Option<Vec<_>> = reader.list("MAIL_DKIM").iter().map(key).collect();
        if dkim.is_none() {
            reader.wrong("MAIL_DKIM", "must be a selector and a file with a private key: `letters:/etc/alongside/dkim.pem`");
        }
        let ca = Some(reader.text("SMTP_CA")).filter(|file| !file.is_empty()).map(PathBuf::from);
        let returns = Some(reader.text("MAIL_RETURNS").to_lowercase()).filter(|domain| !domain.is_empty());
        if returns.as_ref().is_some_and(|domain| !is_domain(domain)) {
            reader.wrong("MAIL_RETURNS", "must be a domain, such as returns.sunrise.example");
        }
        let lmtp = reader.text("MAIL_RETURNS_LMTP");
        let returns_lmtp = (!lmtp.is_empty()).then(|| lmtp.parse().ok());
        if returns_lmtp == Some(None) {
            reader.wrong("MAIL_RETURNS_LMTP", "must be an address with a port, such as 127.0.0.1:2424");
        }
        let returns_lmtp = returns_lmtp.flatten();
        let poll = reader.text("MAIL_RETURNS_POLL");
        let password = PathBuf::from(reader.text("MAIL_RETURNS_PASSWORD_FILE"));
        let returns_poll = match (poll.is_empty(), Mailbox::read(&poll, &password)) {
            (true, _) => None,
            (false, Ok(mailbox)) => Some(mailbox),
            (false, Err(why)) => {
                reader.wrong("MAIL_RETURNS_POLL", why);
                None
            }
        };
        if poll.is_empty() && !password.as_os_str().is_empty() {
            reader.wrong(
                "MAIL_RETURNS_PASSWORD_FILE",
                "is set, and there is no mailbox: set ALONGSIDE_MAIL_RETURNS_POLL, or leave it out",
            );
        }
        if !poll.is_empty() && returns.is_none() {
            reader.wrong(
                "MAIL_RETURNS_POLL",
                "needs ALONGSIDE_MAIL_RETURNS, the domain whose mail comes into that mailbox: without it no letter can come back",
            );
        }
        let returns_token = reader.token("MAIL_RETURNS_TOKEN");
        Self {
            returns,
            returns_lmtp,
            returns_poll,
            returns_token,
            letters: reader.number("SMTP_LETTERS", 1, 100_000),
            ca,
            dkim: dkim.unwrap_or_default(),
            rates,
            warm_up,
        }
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 200 && text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        let rates = Rates::read("server=50/s, domain = 600/m,Gmail.com=1800/h").unwrap();
        assert_eq!(rates.server, Some(Rate { a_second: 50.0, burst: 50.0 }));
        assert_eq!(rates.of_domain("example.org"), Some(Rate { a_second: 10.0, burst: 10.0 }));
        assert_eq!(rates.of_domain("gmail.com"), Some(Rate { a_second: 0.5, burst: 1.0 }));
        assert!(Rates::read("").unwrap().is_empty());
        for bad in ["50/s", "server=50", "server=0/s", "server=-1/s", "server=5/y", "localhost=5/s", "a.b=x/s"] {
            assert_eq!(Rates::read(bad), None, "{bad}");
        }
    }
}
