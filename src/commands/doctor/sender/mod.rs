//! `doctor mail`: whether the DNS says of our letters what the servers of large providers want to hear, and what it should say.
//!
//! Gmail and Yahoo (since 2024) and Outlook.com (since 2025, `550 5.7.515`) refuse or put aside what does not come with SPF, DKIM
//! and DMARC from whoever sends many letters a day. Every installation is looked at as one that does.

mod dmarc;
mod dns;
mod keys;
mod known;
mod macros;
mod route;
mod spf;
mod tags;
#[cfg(test)]
mod tests;

pub use dns::{Dns, Fault, Resolver};

use super::Finding;
use crate::platform::{
    Config,
    config::MailWay,
    mail::{self, dkim, transport::Transport},
};
use dmarc::{Found, Policy, Trouble};
use keys::State;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Who sends, as far as the DNS is concerned.
pub struct Sender {
    /// The domain of the address that letters are from.
    domain: String,
    /// The one to which they come back, if it is another one.
    returns: Option<String>,
    /// Mail servers that take our letters, by name.
    relays: Vec<String>,
    /// The name under which people reach this service, if it has one.
    host: Option<String>,
    /// The records of the keys that letters are signed with here.
    keys: Vec<dkim::Record>,
}

impl Sender {
    /// As the settings have it. None where no address of ours is set, or where a setting is wrong that is told elsewhere.
    pub fn read(config: &Config, way: Option<&dyn Transport>) -> Option<Self> {
        if !config.set.contains_key("MAIL_FROM") {
            return None;
        }
        let address = mail::sender_address(config)?;
        let (_, as_set) = address.rsplit_once('@')?;
        let domain = ascii(as_set)?;
        let keys = mail::signer(config, as_set).ok()?.map(|signer| signer.record()).unwrap_or_default();
        let relays = match config.mail {
            MailWay::Smtp(_) => way.map(Transport::servers).unwrap_or_default(),
            _ => Vec::new(),
        };
        let host = |server: String| server.rsplit_once(':').map(|(host, _)| host.to_ascii_lowercase());
        let public = url::Url::parse(&config.public_url).ok();
        let host_of_ours = public.as_ref().and_then(|url| url.domain()).filter(|name| name.contains('.')).map(str::to_owned);
        Some(Self {
            returns: config.delivery.returns.clone().filter(|returns| *returns != domain),
            domain,
            relays: relays.into_iter().filter_map(host).collect(),
            host: host_of_ours,
            keys,
        })
    }

    /// Where the return path of a letter is.
    fn envelope(&self) -> &str {
        self.returns.as_deref().unwrap_or(&self.domain)
    }
}

/// A domain as the DNS has it.
fn ascii(domain: &str) -> Option<String> {
    match url::Host::parse(domain).ok()? {
        url::Host::Domain(domain) => Some(domain.trim_end_matches('.').to_owned()),
        _ => None,
    }
}

/// A record to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it stands.
    pub name: String,
    /// `TXT` or `MX`.
    pub kind: &'static str,
    /// What it says.
    pub value: String,
    /// What to know before setting it.
    pub remark: &'static str,
}

impl Wanted {
    fn text(name: impl Into<String>, value: impl Into<String>, remark: &'static str) -> Self {
        Self { name: name.into(), kind: "TXT", value: value.into(), remark }
    }

    /// As one JSON object.
    pub fn json(&self) -> Value {
        json!({"record": {"name": self.name, "type": self.kind, "value": self.value}, "remark": self.remark})
    }

    /// For people: for the form of a provider, and as a line of a zone file.
    pub fn words(&self) -> String {
        let Self { name, kind, value, remark } = self;
        let mut text = format!("  name   {name}\n  type   {kind}\n  value  {value}\n");
        let strings = dkim::Record { name: name.clone(), value: value.clone() };
        let zone = match *kind {
            "TXT" => strings.strings().iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(" "),
            _ => format!("{value}."),
        };
        let _ = writeln!(text, "  zone   {name}. IN {kind} {zone}");
        if !remark.is_empty() {
            let _ = writeln!(text, "  note   {remark}");
        }
        text
    }
}

/// What was found, and what is to be set.
#[derive(Default)]
pub struct Report {
    /// What was found.
    pub findings: Vec<Finding>,
    /// What is to be set.
    pub wanted: Vec<Wanted>,
}

impl Report {
    fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn want(&mut self, wanted: Wanted) {
        if !self.wanted.iter().any(|other| other.name == wanted.name && other.kind == wanted.kind) {
            self.wanted.push(wanted);
        }
    }
}

/// A stranger's words, short and without anything that moves a terminal.
fn shown(text: &str) -> String {
    let clean: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(60).is_some() { format!("{clean}…") } else { clean }
}

/// Asks the DNS about a sender.
pub async fn look(sender: &Sender, dns: &dyn Dns) -> Report {
    let mut report = Report::default();
    let domain = &sender.domain;
    if known::is_free(domain) {
        let detail = format!(
            "letters are from an address at {domain}, whose records are not yours to set: receivers refuse letters from it that do \
             not come from there. Set ALONGSIDE_MAIL_FROM to an address at your organisation's own domain."
        );
        report.add(Finding::problem("sender domain", detail));
        return report;
    }
    // One question first: where nobody answers, nobody is asked twenty more.
    if let Err(Fault(why)) = dns.texts(domain).await {
        let detail = format!("nothing could be looked up: {why}. Try again, or name a name server with --name-server.");
        report.add(Finding::problem("DNS", detail));
        return report;
    }
    let found = dmarc::walk(dns, domain).await;
    let signed = keys_of(sender, dns, &mut report).await;
    route::spf(sender, dns, &mut report).await;
    policy(sender, dns, &found, signed, &mut report).await;
    route::relays(sender, dns, &mut report).await;
    route::returns(sender, dns, &mut report).await;
    report
}

/// DKIM. Whether every letter surely has a signature of the domain that can be checked; not known where others sign.
async fn keys_of(sender: &Sender, dns: &dyn Dns, report: &mut Report) -> Option<bool> {
    let what = "DKIM";
    if sender.keys.is_empty() {
        let detail = format!(
            "letters are not signed here, so the mail server must sign them for {0} (Gmail, Yahoo and Outlook.com want it). To find out: \
             send yourself a letter and look in its source for `dkim=pass` with `{0}`. If it does not sign, make a key and \
             name it in ALONGSIDE_MAIL_DKIM.",
            sender.domain
        );
        report.add(Finding::note(what, detail));
        return None;
    }
    let mut good = 0;
    for ours in &sender.keys {
        let name = &ours.name;
        let wanted = || Wanted::text(name, &ours.value, "");
        match keys::look(dns, ours).await {
            State::Good => {
                good += 1;
                report.add(Finding::good(what, format!("{name} holds the key that letters are signed with")));
            }
            State::Testing => {
                good += 1;
                let detail = format!("{name} holds our key, with `t=y`: receivers may pass the signature over. Take `t=y` away.");
                report.add(Finding::note(what, detail));
                report.want(wanted());
            }
            State::Absent => {
                let detail = format!("there is no record at {name}: nobody can check our signatures. Set the one below.");
                report.add(Finding::problem(what, detail));
                report.want(wanted());
            }
            State::Wrong(why) => {
                report.add(Finding::problem(what, format!("the record at {name} will not do: {why}. Set the one below.")));
                report.want(wanted());
            }
            State::Unknown(why) => report.add(Finding::note(what, format!("{name} could not be looked up: {why}"))),
        }
    }
    Some(good > 0)
}

/// DMARC, and whether what SPF and DKIM prove counts for it.
async fn policy(sender: &Sender, dns: &dyn Dns, found: &Result<Found, Trouble>, signed: Option<bool>, report: &mut Report) {
    let what = "DMARC";
    let domain = &sender.domain;
    let name = format!("_dmarc.{domain}");
    let wanted = || {
        let remark = "`p=none` only watches. Add `; rua=mailto:` with an address of yours to be told who sends in your name, and make it \
                      `quarantine` or `reject` once all your letters pass.";
        Wanted::text(&name, "v=DMARC1; p=none", remark)
    };
    let found = match found {
        Ok(found) => found,
        Err(Trouble::Unknown(why)) => return report.add(Finding::note(what, format!("{name} could not be looked up: {why}"))),
        Err(Trouble::Wrong(at, why)) => {
            report.want(wanted());
            return report.add(Finding::problem(what, format!("the record at _dmarc.{at} is wrong: {why}. Mend it.")));
        }
    };
    let Some(((at, record), policy)) = found.record().zip(found.policy()) else {
        let detail = format!(
            "there is no record at {name}, nor above it: Gmail and Yahoo refuse mailings without one, and Outlook.com does with 550 \
             5.7.515. Set the one below."
        );
        report.want(wanted());
        report.add(Finding::problem(what, detail));
        return aligned(sender, dns, found, None, signed, report).await;
    };
    let above = if at == domain.as_str() { "" } else { ", which stands above the domain" };
    let watch = match (policy, record.reports) {
        (Policy::None, true) => "; it only watches",
        (Policy::None, false) => {
            "; it only watches, and tells nobody: add `rua=mailto:` with an address of yours to see who sends in your name"
        }
        _ => "",
    };
    report.add(Finding::good(what, format!("_dmarc.{at}{above} says p={}{watch}", policy.word())));
    aligned(sender, dns, found, Some((record, policy)), signed, report).await;
}

/// Whether the return path and the signature count for the domain that people see.
async fn aligned(
    sender: &Sender,
    dns: &dyn Dns,
    found: &Found,
    record: Option<(&dmarc::Record, Policy)>,
    signed: Option<bool>,
    report: &mut Report,
) {
    let what = "alignment";
    let (domain, envelope) = (&sender.domain, sender.envelope());
    let strict = record.is_some_and(|(record, _)| record.strict_spf);
    let goes = match strict {
        true => Ok(domain == envelope),
        false => dmarc::together(dns, found, envelope).await,
    };
    let goes = match goes {
        Ok(goes) => goes,
        Err(Trouble::Unknown(why) | Trouble::Wrong(_, why)) => {
            return report
                .add(Finding::note(what, format!("whether {envelope} goes with {domain} could not be looked up: {why}")));
        }
    };
    if goes {
        let detail = format!(
            "letters are from {domain} and come back to {envelope}: SPF counts for DMARC, if the mail server leaves the return path \
             as it is"
        );
        return report.add(Finding::good(what, detail));
    }
    let why =
        if strict { "the record of DMARC wants the very same domain (`aspf=s`)" } else { "they are not of one organisation" };
    let base = format!("letters are from {domain} and come back to {envelope}: SPF does not count for DMARC, because {why}.");
    let then =
        format!("Set ALONGSIDE_MAIL_RETURNS to a domain below {domain}{}", if strict { ", or take `aspf=s` away." } else { "." });
    report.add(match signed {
        Some(true) => Finding::note(what, format!("{base} Our signature does. {then}")),
        None => Finding::note(what, format!("{base} Only the mail server's signature can, if it is for {domain}. {then}")),
        Some(false) => Finding::problem(what, format!("{base} No signature does either, so letters fail DMARC. {then}")),
    });
}
