//! The way of letters: who may send them, who passes them on, and who takes what comes back.

use super::{
    Finding, Report, Sender, Wanted,
    dns::{Dns, Fault},
    known, shown,
    spf::{self, Check, MOST_LOOKUPS, Mechanism, Record, Says, Verdict},
};
use std::net::IpAddr;

/// So many addresses of each mail server are looked at.
const MOST_ADDRESSES: usize = 4;
/// So many of the mail servers that take mail for us are looked at.
const MOST_HOSTS: usize = 3;

/// Whether everybody can reach an address; one that is not shows nothing of where letters leave.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => {
            !(a.is_loopback()
                || a.is_private()
                || a.is_link_local()
                || a.is_unspecified()
                || matches!(a.octets(), [100, 64..=127, ..]))
        }
        IpAddr::V6(a) => match a.to_ipv4_mapped() {
            Some(a) => is_public(a.into()),
            None => !(a.is_loopback() || a.is_unspecified() || a.is_unique_local() || a.is_unicast_link_local()),
        },
    }
}

/// The public addresses of a mail server.
async fn addresses(relay: &str, dns: &dyn Dns) -> Result<Vec<IpAddr>, Fault> {
    let relay = relay.trim_matches(['[', ']']);
    let mut found = match relay.parse() {
        Ok(address) => vec![address],
        Err(_) if relay == "localhost" => Vec::new(),
        Err(_) => dns.addresses(relay).await?,
    };
    found.retain(|address| is_public(*address));
    found.truncate(MOST_ADDRESSES);
    Ok(found)
}

/// What would let a mail server send, as a part of a record of SPF.
async fn part(sender: &Sender, dns: &dyn Dns) -> Option<(String, &'static str)> {
    let mut parts = Vec::new();
    let mut rented = false;
    for relay in &sender.relays {
        if let Some(include) = known::include_of(relay) {
            rented = true;
            parts.push(format!("include:{include}"));
            continue;
        }
        for address in addresses(relay, dns).await.unwrap_or_default() {
            parts.push(if address.is_ipv4() { format!("ip4:{address}") } else { format!("ip6:{address}") });
        }
    }
    parts.dedup();
    if !parts.is_empty() {
        let remark = match rented {
            true => "Your provider says whether this is what it wants to be included.",
            false => {
                "It is right if the mail server sends letters on from these addresses. A provider's usually does not: it tells you what to \
                 include instead."
            }
        };
        return Some((parts.join(" "), remark));
    }
    let remark = "It is right if letters leave from the computer that answers under this name. Otherwise name the addresses they leave \
                  from.";
    sender.host.as_ref().map(|host| (format!("a:{host}"), remark))
}

/// SPF of the domain that letters come back to: it is the one that receivers look at.
pub async fn spf(sender: &Sender, dns: &dyn Dns, report: &mut Report) {
    let what = "SPF";
    let domain = sender.envelope();
    let texts = match dns.texts(domain).await {
        Ok(texts) => texts,
        Err(Fault(why)) => return report.add(Finding::note(what, format!("{domain} could not be looked up: {why}"))),
    };
    let records: Vec<_> = texts.iter().filter(|text| spf::is_record(text)).collect();
    let part = part(sender, dns).await;
    let text = match records[..] {
        [] => {
            let then = match &part {
                Some(_) => "Set the one below.",
                None => "Set one: your mail server's provider says which.",
            };
            let detail = format!(
                "there is no record at {domain}, where the return path of our letters is: Gmail and Yahoo refuse mailings without one, \
                 and Outlook.com does with 550 5.7.515. {then}"
            );
            report.add(Finding::problem(what, detail));
            if let Some((part, remark)) = part {
                report.want(Wanted::text(domain, format!("v=spf1 {part} ~all"), remark));
            }
            return;
        }
        [text] => text,
        _ => {
            let detail = format!("{domain} has {} records, and receivers heed none: put them together into one.", records.len());
            return report.add(Finding::problem(what, detail));
        }
    };
    let record = match Record::read(text) {
        Ok(record) => record,
        Err(why) => return report.add(Finding::problem(what, format!("the record of {domain} is wrong: {why}. Mend it."))),
    };
    let mut check = Check::of_nobody(dns, domain);
    let verdict = check.verdict().await;
    match verdict {
        Verdict::Says(Says::Pass) => {
            let detail =
                format!("the record of {domain} lets everybody send in its name (`+all`). End it with `~all` or `-all`.");
            return report.add(Finding::problem(what, detail));
        }
        Verdict::Wrong(why) => {
            return report.add(Finding::problem(what, format!("receivers heed no record of {domain}: {why}. Mend it.")));
        }
        Verdict::Unknown(why) => {
            return report.add(Finding::note(what, format!("the record of {domain} could not be worked out: {why}")));
        }
        Verdict::Absent | Verdict::Says(_) => {
            let detail = format!("{domain} has one record; it takes {} of {MOST_LOOKUPS} questions to the DNS", check.lookups);
            report.add(Finding::good(what, detail));
        }
    }
    if record.redirect.is_none() && matches!(record.rest(), None | Some(Says::Neutral)) {
        let detail = format!("the record of {domain} says nothing of everybody else: end it with `~all` or `-all`.");
        report.add(Finding::note(what, detail));
    }
    if record.directives.iter().any(|(_, mechanism)| matches!(mechanism, Mechanism::Ptr(_))) {
        report.add(Finding::note(
            what,
            format!("the record of {domain} uses `ptr`, which many receivers do not heed. Take it away."),
        ));
    }
    allowed(sender, dns, text, &record, part, report).await;
}

/// Whether the mail servers may send, as far as it can be told from here.
async fn allowed(
    sender: &Sender,
    dns: &dyn Dns,
    text: &str,
    record: &Record,
    part: Option<(String, &'static str)>,
    report: &mut Report,
) {
    let what = "SPF of the mail server";
    let domain = sender.envelope();
    for relay in &sender.relays {
        if let Some(include) = known::include_of(relay) {
            let named = record
                .directives
                .iter()
                .any(|(_, one)| matches!(one, Mechanism::Include(to) if to.eq_ignore_ascii_case(include)));
            if named {
                report.add(Finding::good(what, format!("the record of {domain} includes {include}, as customers of {relay} do")));
                continue;
            }
        }
        let found = match addresses(relay, dns).await {
            Ok(found) => found,
            Err(Fault(why)) => {
                report.add(Finding::note(what, format!("{relay} could not be looked up: {why}")));
                continue;
            }
        };
        if found.is_empty() {
            let detail = format!(
                "{relay} has no public address, so it cannot be told from here where letters leave. Look in the source of a letter that has \
                 arrived for `spf=pass`."
            );
            report.add(Finding::note(what, detail));
            continue;
        }
        let mut refused = Vec::new();
        for address in &found {
            match Check::new(dns, *address, domain).verdict().await {
                Verdict::Says(Says::Pass) => {}
                Verdict::Says(says) => refused.push(format!("{address} {says}")),
                Verdict::Absent => refused.push(format!("{address}: there is no record")),
                Verdict::Wrong(why) | Verdict::Unknown(why) => refused.push(format!("{address}: {why}")),
            }
        }
        if refused.is_empty() {
            report.add(Finding::good(what, format!("the addresses of {relay} may send for {domain}")));
            continue;
        }
        let detail = format!(
            "{}, says the record of {domain} about {relay}. If {relay} sends letters on by itself, set the record below. If it belongs to a \
             provider, others of its addresses may send them on, and the provider says what to include.",
            refused.join("; ")
        );
        report.add(Finding::note(what, detail));
        if let Some((part, remark)) = &part {
            report.want(Wanted::text(domain, spf::with(text, part), remark));
        }
    }
}

/// Whether the mail servers' addresses have names that lead back to them.
pub async fn relays(sender: &Sender, dns: &dyn Dns, report: &mut Report) {
    let what = "name of the mail server";
    for relay in &sender.relays {
        // Those that cannot be looked up are told with SPF.
        for address in addresses(relay, dns).await.unwrap_or_default() {
            let own = "If it sends letters on by itself, Gmail and others refuse them: whoever you have the address from can set its name. \
                 At a provider's, it is the provider's matter.";
            let names = match dns.names(address).await {
                Ok(names) => names,
                Err(Fault(why)) => {
                    report.add(Finding::note(what, format!("the name of {address} could not be looked up: {why}")));
                    continue;
                }
            };
            if names.is_empty() {
                report.add(Finding::note(what, format!("{address} of {relay} has no name (PTR). {own}")));
                continue;
            }
            let mut leads = None;
            for name in names.iter().take(MOST_ADDRESSES) {
                if dns.addresses_like(name, address).await.is_ok_and(|found| found.contains(&address)) {
                    leads = Some(name);
                    break;
                }
            }
            report.add(match leads {
                Some(name) => {
                    Finding::good(what, format!("{address} of {relay} is called {}, which leads back to it", shown(name)))
                }
                None => {
                    let detail =
                        format!("{address} of {relay} is called {}, which does not lead back to it. {own}", shown(&names[0]));
                    Finding::note(what, detail)
                }
            });
        }
    }
    greeting(sender, dns, report).await;
}

/// Whether the name with which we greet mail servers is there.
async fn greeting(sender: &Sender, dns: &dyn Dns, report: &mut Report) {
    let what = "greeting";
    let Some(host) = sender.host.as_ref().filter(|_| !sender.relays.is_empty()) else { return };
    match dns.addresses(host).await {
        Ok(found) if !found.is_empty() => {
            report.add(Finding::good(what, format!("mail servers are greeted as {host}, which has an address")))
        }
        Ok(_) => {
            let detail =
                format!("mail servers are greeted as {host}, which has no address in the DNS: some take no letters then.");
            report.add(Finding::note(what, detail));
        }
        Err(Fault(why)) => report.add(Finding::note(what, format!("{host} could not be looked up: {why}"))),
    }
}

/// Whether somebody takes what comes back: bounces, and people's answers.
pub async fn returns(sender: &Sender, dns: &dyn Dns, report: &mut Report) {
    if let Some(domain) = &sender.returns {
        let remark = "It is right if the mail server that hands bounces on to us runs on the computer of this name. Otherwise name that \
                      server.";
        let wanted =
            sender.host.as_ref().map(|host| Wanted { name: domain.clone(), kind: "MX", value: format!("10 {host}"), remark });
        takes("mail server of the return path", domain, "bounces are lost", wanted, dns, report).await;
    }
    let lost = "answers to our letters are lost, and many receivers refuse letters from such a domain";
    takes("mail server of the sender", &sender.domain, lost, None, dns, report).await;
}

async fn takes(what: &'static str, domain: &str, lost: &str, wanted: Option<Wanted>, dns: &dyn Dns, report: &mut Report) {
    let unknown = |Fault(why)| Finding::note(what, format!("{domain} could not be looked up: {why}"));
    let hosts = match dns.exchanges(domain).await {
        Ok(hosts) => hosts,
        Err(fault) => return report.add(unknown(fault)),
    };
    if hosts.first().is_some_and(String::is_empty) {
        report.add(Finding::problem(
            what,
            format!("{domain} says that it takes no mail (its MX is a dot): {lost}. Set another MX."),
        ));
        report.wanted.extend(wanted);
        return;
    }
    if hosts.is_empty() {
        match dns.addresses(domain).await {
            Ok(found) if found.is_empty() => {
                report.add(Finding::problem(what, format!("{domain} has no MX and no address: {lost}. Set an MX.")));
                report.wanted.extend(wanted);
            }
            Ok(_) => {
                let detail = format!("{domain} has no MX, so mail goes to its address itself. Set an MX, unless that is meant.");
                report.add(Finding::note(what, detail));
            }
            Err(fault) => report.add(unknown(fault)),
        }
        return;
    }
    for host in hosts.iter().take(MOST_HOSTS) {
        match dns.addresses(host).await {
            Ok(found) if !found.is_empty() => {
                return report.add(Finding::good(what, format!("mail for {domain} goes to {}", shown(host))));
            }
            Ok(_) => {}
            Err(fault) => return report.add(unknown(fault)),
        }
    }
    report.add(Finding::problem(what, format!("mail for {domain} goes to {}, which has no address: {lost}.", shown(&hosts[0]))));
}
