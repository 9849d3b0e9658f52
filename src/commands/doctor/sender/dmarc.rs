//! DMARC: what receivers do with letters that pretend to be from a domain, and which domains belong together.
//!
//! Where a domain has no record of its own, receivers look further up (DMARCbis, 4.10, which needs no list of public suffixes).

use super::{
    dns::{Dns, Fault},
    tags,
};

/// So many names are asked at most (DMARCbis, 4.10).
const MOST_STEPS: usize = 8;

/// What receivers are asked to do with letters that fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Deliver them, and tell the owner of the domain.
    None,
    /// Put them aside.
    Quarantine,
    /// Refuse them.
    Reject,
}

impl Policy {
    fn read(word: &str) -> Option<Self> {
        [("none", Self::None), ("quarantine", Self::Quarantine), ("reject", Self::Reject)]
            .into_iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name))
            .map(|(_, policy)| policy)
    }

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// For the domain itself.
    pub policy: Policy,
    /// For those below it, if it is another one.
    pub below: Option<Policy>,
    /// Whether signatures must be of the very domain.
    pub strict_dkim: bool,
    /// Whether the return path must be at the very domain.
    pub strict_spf: bool,
    /// Whether somebody is told.
    pub reports: bool,
    /// `psd`: whether it is a domain under which others register theirs.
    suffix: Option<bool>,
}

/// Whether a text is meant to be a record.
fn is_record(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    first.split_once('=').is_some_and(|(name, value)| name.trim() == "v" && value.trim() == "DMARC1")
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let tags = tags::read(text)?;
        let get = |name: &str| tags::get(&tags, name);
        let reports = get("rua").is_some_and(|to| to.to_ascii_lowercase().contains("mailto:"));
        let policy = match get("p") {
            Some(word) => Policy::read(word).ok_or("`p=` must be none, quarantine or reject")?,
            // Who asks for reports alone, watches.
            None if reports => Policy::None,
            None => return Err("`p=` is missing: it must be none, quarantine or reject".to_owned()),
        };
        let strict = |name: &str| get(name).is_some_and(|word| word.eq_ignore_ascii_case("s"));
        Ok(Self {
            policy,
            below: get("sp").and_then(Policy::read),
            strict_dkim: strict("adkim"),
            strict_spf: strict("aspf"),
            reports,
            suffix: get("psd").and_then(|word| match word.to_ascii_lowercase().as_str() {
                "y" => Some(true),
                "n" => Some(false),
                _ => None,
            }),
        })
    }
}

/// What is found on the way up from a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Each domain that has a record, the lowest first.
    records: Vec<(String, Record)>,
    /// The domain that it began with.
    domain: String,
}

impl Found {
    /// The record that holds for the domain, and where it stands.
    pub fn record(&self) -> Option<(&str, &Record)> {
        let own = self.records.iter().find(|(at, _)| *at == self.domain);
        let above = || {
            let owner = self.owner();
            self.records.iter().find(|(at, _)| *at == owner).or_else(|| self.records.last())
        };
        own.or_else(above).map(|(at, record)| (at.as_str(), record))
    }

    /// What is asked for letters of the domain.
    pub fn policy(&self) -> Option<Policy> {
        let (at, record) = self.record()?;
        Some(if at == self.domain { record.policy } else { record.below.unwrap_or(record.policy) })
    }

    /// The organisational domain: the one that belongs to whoever the domain belongs to.
    pub fn owner(&self) -> String {
        for (at, record) in &self.records {
            match record.suffix {
                Some(false) => return at.clone(),
                // The one below the suffix, on the way to the domain.
                Some(true) if *at != self.domain => {
                    let labels = at.split('.').count() + 1;
                    let all: Vec<&str> = self.domain.split('.').collect();
                    return all[all.len().saturating_sub(labels)..].join(".");
                }
                _ => {}
            }
        }
        self.records.last().map_or_else(|| self.domain.clone(), |(at, _)| at.clone())
    }
}

/// Why it could not be found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody could be asked; why.
    Unknown(String),
    /// What stands there is wrong; where, and why.
    Wrong(String, String),
}

impl From<Fault> for Trouble {
    fn from(Fault(why): Fault) -> Self {
        Self::Unknown(why)
    }
}

/// Looks at a domain, and at those above it.
///
/// # Errors
/// Nobody could be asked, or the domain's own record is wrong. One further up that is wrong is passed over, as receivers do.
pub async fn walk(dns: &dyn Dns, domain: &str) -> Result<Found, Trouble> {
    let mut records = Vec::new();
    for at in steps(domain) {
        let texts = dns.texts(&format!("_dmarc.{at}")).await?;
        let found: Vec<_> = texts.iter().filter(|text| is_record(text)).collect();
        let wrong = match found[..] {
            [] => continue,
            [text] => match Record::read(text) {
                Ok(record) => {
                    let stop = record.suffix == Some(false) || (record.suffix == Some(true) && at != domain);
                    records.push((at.to_owned(), record));
                    if stop {
                        break;
                    }
                    continue;
                }
                Err(why) => why,
            },
            _ => format!("there are {} of them, and receivers heed none: one is allowed", found.len()),
        };
        if at == domain {
            return Err(Trouble::Wrong(at.to_owned(), wrong));
        }
    }
    Ok(Found { records, domain: domain.to_owned() })
}

/// The domain itself, and those above it; of one with very many labels, the last seven and those above.
fn steps(domain: &str) -> Vec<&str> {
    let mut all = vec![domain];
    let mut rest = domain;
    while let Some((_, above)) = rest.split_once('.') {
        rest = above;
        if rest.split('.').count() < MOST_STEPS {
            all.push(rest);
        }
    }
    all.truncate(MOST_STEPS);
    all
}

/// Whether two domains go together for DMARC (relaxed), as far as records tell; where there are none yet, whether one is below the
/// other.
pub async fn together(dns: &dyn Dns, from: &Found, other: &str) -> Result<bool, Trouble> {
    if from.domain == other {
        return Ok(true);
    }
    if from.records.is_empty() {
        return Ok(below(&from.domain, other) || below(other, &from.domain));
    }
    match walk(dns, other).await {
        Ok(other) => Ok(other.owner() == from.owner()),
        Err(Trouble::Wrong(..)) => Ok(below(other, &from.owner())),
        Err(trouble) => Err(trouble),
    }
}

fn below(domain: &str, above: &str) -> bool {
    domain == above || domain.strip_suffix(above).is_some_and(|front| front.ends_with('.'))
}
