//! What is reached over the network: the mail server, the collector of traces, and the address under which people reach us.

use super::{Finding, place::Told};
use crate::{
    app,
    commands::fetch,
    platform::{
        Clock, Config, Secret,
        config::MailWay,
        mail::{
            Composers, Mailer, poll,
            transport::{self, Memory, Transport},
        },
        outward::Target,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::timeout};

/// A collector of traces has so long to take a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether letters could leave: the mail server is greeted as for a letter, and none is sent.
pub async fn mail(config: &Config) -> Vec<Finding> {
    let what = "mail";
    if let Err(error) = Mailer::new(Composers::default(), Arc::new(Memory::default()), config) {
        return vec![Finding::problem(what, error.to_string())];
    }
    let way = match transport::open(config) {
        Ok(way) => way,
        Err(error) => return vec![Finding::problem(what, error.to_string())],
    };
    match &config.mail {
        MailWay::Folder(folder) => {
            let detail =
                format!("letters are written to {}; nobody receives them. Set ALONGSIDE_MAIL=smtp to send.", folder.display());
            vec![Finding::note(what, detail)]
        }
        MailWay::Memory => vec![Finding::note(what, "letters stay in memory")],
        MailWay::Smtp(_) => {
            let mut findings = Vec::new();
            for server in 0..way.servers().len() {
                findings.push(reached(way.as_ref(), server).await);
            }
            let sender = (!config.set.contains_key("MAIL_FROM")).then(|| {
                let detail = "letters come from an address that nobody has. Set ALONGSIDE_MAIL_FROM to one that your mail server \
                              may send for.";
                Finding::problem("sender", detail)
            });
            findings.extend(sender);
            findings
        }
    }
}

/// Whether a mail server takes letters now.
async fn reached(way: &dyn Transport, server: usize) -> Finding {
    let what = "mail";
    match way.open(server).await {
        Ok(line) => {
            // It has greeted us; how it takes leave changes nothing.
            line.close().await;
            Finding::good(what, way.describe(server))
        }
        Err(fault) => {
            let name = way.servers().into_iter().nth(server).unwrap_or_default();
            let code = fault.code.map(|code| format!(" ({code})")).unwrap_or_default();
            let then = "Check ALONGSIDE_SMTP_URL: host, port, user, password, and `smtps://` or `?tls=required`.";
            let text = format!(
                "the mail server {name} does not take letters now, at {}{code}: {}. {then}",
                fault.stage.word(),
                fault.text
            );
            Finding::problem(what, text)
        }
    }
}

/// Whether the mailbox for mail that comes back can be read, if there is one. Nothing is taken out of it.
pub async fn mailbox(config: &Config) -> Option<Finding> {
    let what = "mailbox";
    let mailbox = config.delivery.returns_poll.as_ref()?;
    let (host, port) = (&mailbox.host, mailbox.port);
    let found = match poll::try_out(config, mailbox, poll::Limits::default()).await {
        Ok(found) => found,
        Err(trouble) => {
            let (stage, advice) = (trouble.stage.word(), trouble.advice());
            return Some(Finding::problem(what, format!("the mailbox at {host}:{port} {trouble}, at {stage}. {advice}")));
        }
    };
    let waiting = found.waiting;
    if found.laid_aside == 0 {
        return Some(Finding::good(what, format!("the mailbox at {host}:{port} can be read; {waiting} messages wait in it")));
    }
    let aside = found.laid_aside;
    let detail = format!(
        "the mailbox at {host}:{port} can be read; {waiting} messages wait in it, and {aside} with a flag are not read: they are \
         too large, or somebody flagged them. Take the flag off to have one read; `alongside returned` shows how those that are too large begin."
    );
    Some(Finding::note(what, detail))
}

/// Who may see the metrics.
pub fn metrics(config: &Config) -> Finding {
    let detail = if config.metrics_token.is_empty() {
        "callers on this computer see /metrics, if no proxy has passed them on. Set ALONGSIDE_METRICS_TOKEN to read it from elsewhere."
    } else {
        "whoever sends the token sees /metrics"
    };
    Finding::good("metrics", detail)
}

/// Whether somebody takes connections where traces go, if they go anywhere. Where nobody does, the server works all the same.
pub async fn collector(config: &Config) -> Option<Finding> {
    let what = "traces";
    let target = Target::read(&config.otel_url)?;
    let reached = timeout(PATIENCE, TcpStream::connect((target.host.as_str(), target.port))).await;
    Some(match reached {
        Ok(Ok(_)) => Finding::good(what, format!("somebody takes connections at {}", target.authority)),
        _ => {
            let detail = format!("nobody takes connections at {}: traces are lost. Start the collector.", target.authority);
            Finding::note(what, detail)
        }
    })
}

/// Whether people reach us under the address that letters give them, and safely; and what time it is there.
pub async fn address(config: &Config) -> (Vec<Finding>, Option<Told>) {
    let what = "public address";
    let url = &config.public_url;
    let mut findings = vec![if url.starts_with("https://") || is_local(url) {
        Finding::good(what, format!("links in letters begin with {url}"))
    } else {
        Finding::problem(what, format!("{url} is not https: links would travel in the clear. Put a proxy with TLS in front."))
    }];
    if url.starts_with("https://") && config.trusted_proxies.is_empty() {
        let detail = "people come through a proxy, and none is trusted: all callers look like one, and share one limit on trying \
                      passwords. Name the proxy's address in ALONGSIDE_TRUSTED_PROXIES.";
        findings.push(Finding::note("proxy", detail));
    }
    let (answers, time) = answers(config).await;
    findings.push(answers);
    (findings, time)
}

fn is_local(url: &str) -> bool {
    let host = url.parse::<hyper::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether this installation answers there, and not something else; and what time it is there.
async fn answers(config: &Config) -> (Finding, Option<Told>) {
    let what = "public address answers";
    let url = format!("{}/healthz", config.public_url);
    let answer = match fetch::get(&url).await {
        Ok(answer) => answer,
        Err(why) => {
            let detail = format!(
                "nobody answers at {url}: {why}. If the server does not run, start it; otherwise look at the proxy, the name and \
                 its certificate."
            );
            return (if is_local(&url) { Finding::note(what, detail) } else { Finding::problem(what, detail) }, None);
        }
    };
    let time = answer.date().map(|there| Told { there, here: Clock::system().now(), from_elsewhere: answer.from_elsewhere });
    (judge(config, what, &url, &answer), time)
}

fn judge(config: &Config, what: &'static str, url: &str, answer: &fetch::Answer) -> Finding {
    if answer.status.is_redirection() {
        let to = answer.headers.get("location").and_then(|to| to.to_str().ok()).unwrap_or("another address");
        return Finding::problem(what, format!("{url} leads on to {to}. Set ALONGSIDE_PUBLIC_URL to where people end."));
    }
    let told = answer.headers.get(app::INSTALLATION).and_then(|name| name.to_str().ok());
    // A look makes no key.
    let ours = config.secret_file.exists().then(|| Secret::open(&config.secret_file, Clock::system().secret()).ok()).flatten();
    match (answer.status.is_success(), told, ours.map(|secret| secret.name())) {
        (true, Some(told), Some(ours)) if told == ours => Finding::good(what, format!("this installation answers at {url}")),
        (true, Some(_), Some(_)) => {
            let then = "Set ALONGSIDE_PUBLIC_URL to the address of this one.";
            Finding::problem(what, format!("another installation answers at {url}. {then}"))
        }
        (true, Some(_), None) => {
            Finding::note(what, format!("an installation answers at {url}; there is no key here to compare"))
        }
        (_, _, _) => {
            let then = "Look at what the proxy passes on to ALONGSIDE_LISTEN.";
            Finding::problem(what, format!("something else answers at {url} (status {}). {then}", answer.status.as_u16()))
        }
    }
}
