//! SPF (RFC 7208): which addresses may send letters whose return path is at a domain.

use super::{
    dns::{Dns, Fault},
    macros::{self, Asked},
    shown,
};
use futures_util::future::BoxFuture;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::{fmt, net::IpAddr};

/// Parts of a record that ask the DNS (4.6.4).
pub const MOST_LOOKUPS: usize = 10;
/// Answers that hold nothing (4.6.4).
const MOST_VOIDS: usize = 2;
/// Mail servers, or names of an address, that are looked at for one part (4.6.4).
const MOST_NAMES: usize = 10;
/// Nobody needs a longer record; receivers need not read one (3.4).
const LONGEST: usize = 4 << 10;

/// What a record says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It may send (`+`).
    Pass,
    /// It must not (`-`).
    Fail,
    /// It should not (`~`).
    Soft,
    /// Nothing (`?`).
    Neutral,
}

/// What came of looking an address up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The record says this.
    Says(Says),
    /// There is no record.
    Absent,
    /// The record is wrong, so that receivers heed it no more (`permerror`); why.
    Wrong(String),
    /// Nobody could be asked (`temperror`); why.
    Unknown(String),
}

impl From<Fault> for Verdict {
    fn from(Fault(why): Fault) -> Self {
        Self::Unknown(why)
    }
}

/// A part of a record that can fit an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Every address.
    All,
    /// What another domain's record lets send.
    Include(String),
    /// The addresses of a name, with so many bits of IPv4 and IPv6.
    A(Option<String>, u8, u8),
    /// Those of a domain's mail servers.
    Mx(Option<String>, u8, u8),
    /// Addresses whose name is in a domain.
    Ptr(Option<String>),
    /// A network.
    Ip(IpNet),
    /// Every address, if the name exists.
    Exists(String),
}

/// A record, read as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What is tried, in this order, and what it says where it fits.
    pub directives: Vec<(Says, Mechanism)>,
    /// Whose record holds where none fits.
    pub redirect: Option<String>,
}

/// Whether a text is meant to be a record (4.5).
pub fn is_record(text: &str) -> bool {
    let (head, after) = text.split_at_checked(6).unwrap_or((text, ""));
    head.eq_ignore_ascii_case("v=spf1") && (after.is_empty() || after.starts_with(' '))
}

impl Record {
    /// Reads a record. A mistake anywhere makes the whole of it wrong (4.6).
    ///
    /// # Errors
    /// The mistake.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} characters"));
        }
        let mut record = Self { directives: Vec::new(), redirect: None };
        let mut explained = false;
        for term in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
            if let Some((name, value)) = modifier(term) {
                macros_or_nothing(name, value)?;
                let twice = || format!("`{name}=` stands in it twice");
                if name.eq_ignore_ascii_case("redirect") {
                    if record.redirect.replace(value.to_owned()).is_some() {
                        return Err(twice());
                    }
                } else if name.eq_ignore_ascii_case("exp") && std::mem::replace(&mut explained, true) {
                    return Err(twice());
                }
                continue;
            }
            let (says, rest) = match term.as_bytes()[0] {
                b'+' => (Says::Pass, &term[1..]),
                b'-' => (Says::Fail, &term[1..]),
                b'~' => (Says::Soft, &term[1..]),
                b'?' => (Says::Neutral, &term[1..]),
                _ => (Says::Pass, term),
            };
            let mechanism = mechanism(rest).ok_or_else(|| format!("`{}` cannot be understood", shown(term)))?;
            record.directives.push((says, mechanism));
        }
        Ok(record)
    }

    /// What it says of everybody else, if it says so.
    pub fn rest(&self) -> Option<Says> {
        self.directives.iter().find(|(_, mechanism)| *mechanism == Mechanism::All).map(|(says, _)| *says)
    }
}

/// `name=value`. What is not known is passed over (6).
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let good = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    good.then_some((name, value))
}

fn macros_or_nothing(name: &str, value: &str) -> Result<(), String> {
    match name.to_ascii_lowercase().as_str() {
        "redirect" | "exp" => macros::check(value),
        _ => Ok(()),
    }
}

fn mechanism(text: &str) -> Option<Mechanism> {
    let end = text.find([':', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let spec = rest.strip_prefix(':');
    let named = |spec: Option<&str>| spec.filter(|spec| macros::check(spec).is_ok()).map(str::to_owned);
    Some(match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(named(spec)?),
        "exists" => Mechanism::Exists(named(spec)?),
        "ptr" if rest.is_empty() => Mechanism::Ptr(None),
        "ptr" => Mechanism::Ptr(Some(named(spec)?)),
        "ip4" => Mechanism::Ip(net(spec?, |text| text.parse::<Ipv4Net>().ok().map(IpNet::V4))?),
        "ip6" => Mechanism::Ip(net(spec?, |text| text.parse::<Ipv6Net>().ok().map(IpNet::V6))?),
        name @ ("a" | "mx") => {
            let (spec, four, six) = bits(rest)?;
            let spec = match spec.strip_prefix(':') {
                Some(spec) => Some(named(Some(spec))?),
                None if spec.is_empty() => None,
                None => return None,
            };
            if name == "a" { Mechanism::A(spec, four, six) } else { Mechanism::Mx(spec, four, six) }
        }
        _ => return None,
    })
}

/// A network, or one address.
fn net(text: &str, read: impl Fn(&str) -> Option<IpNet>) -> Option<IpNet> {
    if text.contains('/') {
        return read(text);
    }
    read(&format!("{text}/128")).or_else(|| read(&format!("{text}/32")).filter(|net| matches!(net, IpNet::V4(_))))
}

/// `:name/24//64`: the name, and how many bits count of IPv4 and of IPv6 (5.6).
fn bits(text: &str) -> Option<(&str, u8, u8)> {
    // A macro may hold a slash.
    let from = text.rfind('}').map_or(0, |at| at + 1);
    let Some(slash) = text[from..].find('/').map(|at| at + from) else { return Some((text, 32, 128)) };
    let (spec, rest) = text.split_at(slash);
    let number = |text: &str, most: u8| {
        let good =
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
        text.parse::<u8>().ok().filter(|number| good && *number <= most)
    };
    if let Some(six) = rest.strip_prefix("//") {
        return Some((spec, 32, number(six, 128)?));
    }
    match rest[1..].split_once("//") {
        Some((four, six)) => Some((spec, number(four, 32)?, number(six, 128)?)),
        None => Some((spec, number(&rest[1..], 32)?, 128)),
    }
}

/// Looks an address up as a receiver does (4.6).
pub struct Check<'a> {
    dns: &'a dyn Dns,
    ip: IpAddr,
    origin: &'a str,
    /// Parts that asked the DNS so far.
    pub lookups: usize,
    voids: usize,
    /// Whether an address that stands for everybody is looked up: names that are made of it are not counted as empty.
    stand_in: bool,
}

impl<'a> Check<'a> {
    /// Of an address that sends with a return path at a domain.
    pub fn new(dns: &'a dyn Dns, ip: IpAddr, origin: &'a str) -> Self {
        Self { dns, ip, origin, lookups: 0, voids: 0, stand_in: false }
    }

    /// Of an address that nobody has (RFC 5737): what a record says of everybody, and how much it takes to find it out.
    pub fn of_nobody(dns: &'a dyn Dns, origin: &'a str) -> Self {
        Self { stand_in: true, ..Self::new(dns, IpAddr::from([192, 0, 2, 1]), origin) }
    }

    /// Finds out.
    pub async fn verdict(&mut self) -> Verdict {
        let origin = self.origin.to_owned();
        self.host(origin).await
    }

    /// `check_host` of the standard. What it takes is bounded by the number of lookups.
    fn host(&mut self, domain: String) -> BoxFuture<'_, Verdict> {
        Box::pin(async move {
            let texts = match self.dns.texts(&domain).await {
                Ok(texts) => texts,
                Err(fault) => return fault.into(),
            };
            let found: Vec<_> = texts.iter().filter(|text| is_record(text)).collect();
            let text = match found[..] {
                [] => return Verdict::Absent,
                [text] => text,
                _ => return Verdict::Wrong(format!("{} has {} records of SPF: one is allowed", shown(&domain), found.len())),
            };
            let record = match Record::read(text) {
                Ok(record) => record,
                Err(why) => return Verdict::Wrong(format!("the record of {} is wrong: {why}", shown(&domain))),
            };
            for (says, mechanism) in &record.directives {
                match self.fits(mechanism, &domain).await {
                    Ok(true) => return Verdict::Says(*says),
                    Ok(false) => {}
                    Err(verdict) => return verdict,
                }
            }
            match &record.redirect {
                Some(to) => self.redirected(to, &domain).await,
                None => Verdict::Says(Says::Neutral),
            }
        })
    }

    async fn redirected(&mut self, to: &str, domain: &str) -> Verdict {
        let to = match self.target(Some(to), domain) {
            Ok(to) => to,
            Err(verdict) => return verdict,
        };
        match self.host(to.clone()).await {
            Verdict::Absent => Verdict::Wrong(format!("it leads on to {}, which has no record of SPF", shown(&to))),
            verdict => verdict,
        }
    }

    async fn fits(&mut self, mechanism: &Mechanism, domain: &str) -> Result<bool, Verdict> {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip(net) => Ok(net.contains(&self.ip)),
            Mechanism::Include(spec) => {
                let to = self.target(Some(spec), domain)?;
                match self.host(to.clone()).await {
                    Verdict::Says(says) => Ok(says == Says::Pass),
                    Verdict::Absent => Err(Verdict::Wrong(format!("it includes {}, which has no record of SPF", shown(&to)))),
                    verdict => Err(verdict),
                }
            }
            Mechanism::A(spec, four, six) => {
                let name = self.target(spec.as_deref(), domain)?;
                let found = self.dns.addresses_like(&name, self.ip).await?;
                self.counted(found.is_empty(), false)?;
                Ok(found.into_iter().any(|address| self.within(address, *four, *six)))
            }
            Mechanism::Mx(spec, four, six) => {
                let name = self.target(spec.as_deref(), domain)?;
                let hosts = self.dns.exchanges(&name).await?;
                self.counted(hosts.is_empty(), false)?;
                if hosts.len() > MOST_NAMES {
                    return Err(Verdict::Wrong(format!("{} has more than {MOST_NAMES} mail servers", shown(&name))));
                }
                for host in hosts {
                    let found = self.dns.addresses_like(&host, self.ip).await?;
                    if found.into_iter().any(|address| self.within(address, *four, *six)) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Mechanism::Exists(spec) => {
                let name = self.target(Some(spec), domain)?;
                let found = self.dns.addresses_like(&name, IpAddr::from([0; 4])).await?;
                self.counted(found.is_empty(), spec.contains('%'))?;
                Ok(!found.is_empty())
            }
            Mechanism::Ptr(spec) => {
                let within = self.target(spec.as_deref(), domain)?.to_ascii_lowercase();
                // That nobody can be asked for the names means that none fits (5.5).
                let names = self.dns.names(self.ip).await.unwrap_or_default();
                self.counted(names.is_empty(), true)?;
                for name in names.into_iter().take(MOST_NAMES) {
                    let name = name.to_ascii_lowercase();
                    let inside = name == within || name.strip_suffix(&within).is_some_and(|front| front.ends_with('.'));
                    if inside && self.dns.addresses_like(&name, self.ip).await.unwrap_or_default().contains(&self.ip) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// The name that a part of the record means. It will be asked for, so it is counted.
    fn target(&mut self, spec: Option<&str>, domain: &str) -> Result<String, Verdict> {
        self.lookups += 1;
        if self.lookups > MOST_LOOKUPS {
            let why = format!("it takes more than {MOST_LOOKUPS} questions to the DNS to work it out");
            return Err(Verdict::Wrong(why));
        }
        let asked = Asked { ip: self.ip, local: "postmaster", origin: self.origin, domain, hello: self.origin };
        spec.map_or_else(|| Ok(domain.to_owned()), |spec| macros::expand(spec, &asked)).map_err(Verdict::Wrong)
    }

    /// Counts answers that hold nothing; `varies` where the question is made of the address.
    fn counted(&mut self, empty: bool, varies: bool) -> Result<(), Verdict> {
        self.voids += usize::from(empty && !(self.stand_in && varies));
        if self.voids > MOST_VOIDS {
            return Err(Verdict::Wrong(format!("more than {MOST_VOIDS} of the names in it do not exist")));
        }
        Ok(())
    }

    /// Whether an address is ours, as far as so many bits tell.
    fn within(&self, address: IpAddr, four: u8, six: u8) -> bool {
        let bits = if address.is_ipv4() { four } else { six };
        IpNet::new(address, bits).is_ok_and(|net| net.contains(&self.ip))
    }
}

/// A record with one more part, before what it says of everybody else.
pub fn with(record: &str, part: &str) -> String {
    let is_end = |term: &str| {
        term.trim_start_matches(['+', '-', '~', '?']).eq_ignore_ascii_case("all")
            || term.get(..9).is_some_and(|head| head.eq_ignore_ascii_case("redirect="))
    };
    let mut terms: Vec<&str> = record.split(' ').filter(|term| !term.is_empty()).collect();
    let at = terms.iter().position(|term| is_end(term)).unwrap_or(terms.len());
    terms.insert(at, part);
    terms.join(" ")
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "may send",
            Self::Fail => "must not send",
            Self::Soft => "should not send",
            Self::Neutral => "is not said to be allowed",
        })
    }
}
