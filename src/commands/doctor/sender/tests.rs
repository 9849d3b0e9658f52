//! A sender is looked at with a DNS that is a table, and with a small name server.

use super::*;
use crate::commands::doctor::Level;
use dns::{Data, Kind};
use futures_util::future::BoxFuture;
use spf::{Check, Record, Says, Verdict};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// A DNS that is a table. What is not in it does not exist.
#[derive(Default)]
struct Table {
    rows: HashMap<(String, Kind), Vec<Data>>,
    /// Names that nobody can say anything about.
    broken: Vec<String>,
    asked: AtomicUsize,
}

impl Table {
    /// `name TYPE value`, a line each.
    fn new(lines: &str) -> Self {
        let mut table = Self::default();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.splitn(3, ' ');
            let (name, kind, value) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
            table.add(name, kind, value);
        }
        table
    }

    fn add(&mut self, name: &str, kind: &str, value: &str) {
        let address = || Data::Address(value.parse().unwrap());
        let (name, kind, data) = match kind {
            "A" => (name.to_owned(), Kind::V4, address()),
            "AAAA" => (name.to_owned(), Kind::V6, address()),
            "TXT" => (name.to_owned(), Kind::Text, Data::Text(value.to_owned())),
            "MX" => (name.to_owned(), Kind::Mail, Data::Mail(10, value.trim_end_matches('.').to_owned())),
            "PTR" => (dns::reversed(name.parse().unwrap()), Kind::Name, Data::Name(value.to_owned())),
            "BROKEN" => return self.broken.push(name.to_owned()),
            _ => panic!("{kind}"),
        };
        self.rows.entry((name, kind)).or_default().push(data);
    }
}

impl Dns for Table {
    fn ask<'a>(&'a self, name: &'a str, kind: Kind) -> BoxFuture<'a, Result<Vec<Data>, Fault>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = if self.broken.iter().any(|broken| broken == name) {
            Err(Fault("the name server could not say (a loop of CNAME)".to_owned()))
        } else {
            Ok(self.rows.get(&(name.to_ascii_lowercase(), kind)).cloned().unwrap_or_default())
        };
        Box::pin(std::future::ready(answer))
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn verdict(table: &Table, ip: &str) -> Verdict {
    run(Check::new(table, ip.parse().unwrap(), "a.example").verdict())
}

#[track_caller]
fn wrong(table: &Table, words: &str) {
    let verdict = verdict(table, "192.0.2.1");
    assert!(matches!(&verdict, Verdict::Wrong(why) if why.contains(words) && why.len() < 300), "{verdict:?} should say: {words}");
}

#[test]
fn a_record_of_spf_is_read_as_the_standard_says() {
    for good in [
        "v=spf1",
        "V=SPF1 +mx a:colo.example.com/28 -all",
        "v=spf1 a/24//64 mx//64 ip4:192.0.2.0/24 ip4:192.0.2.1 ip6:2001:db8::/32 ip6:2001:db8::1 ?all",
        "v=spf1 include:%{d2}.example  exists:%{ir}.%{v}._spf.%{d2} redirect=_spf.example exp=why.%{d} unknown=1",
        "v=spf1 ptr ptr:example.org a:%{d/}/24 -all",
    ] {
        assert!(spf::is_record(good) && Record::read(good).is_ok(), "{good}: {:?}", Record::read(good));
    }
    for bad in [
        "v=spf1 include",
        "v=spf1 include:",
        "v=spf1 all:x",
        "v=spf1 ip4:192.0.2.0/33",
        "v=spf1 ip4:2001:db8::1",
        "v=spf1 ip6:192.0.2.1",
        "v=spf1 a/33",
        "v=spf1 a//129",
        "v=spf1 a/",
        "v=spf1 a:",
        "v=spf1 a/024",
        "v=spf1 -al",
        "v=spf1 redirect=a redirect=b",
        "v=spf1 exists:%{x}",
        "v=spf1 redirect=",
        "v=spf1 ip4",
        "v=spf1 +",
        "v=spf1 a,mx",
    ] {
        assert!(Record::read(bad).is_err(), "{bad}: {:?}", Record::read(bad));
    }
    assert!(!spf::is_record("v=spf10 -all") && !spf::is_record("v=spf") && !spf::is_record("vvspf1ä"));
    assert_eq!(spf::with("v=spf1 mx -all", "ip4:192.0.2.1"), "v=spf1 mx ip4:192.0.2.1 -all");
    assert_eq!(spf::with("v=spf1 redirect=b.example", "a:c"), "v=spf1 a:c redirect=b.example");
    assert_eq!(spf::with("v=spf1 mx", "a:c"), "v=spf1 mx a:c");
}

#[test]
fn an_address_is_looked_up_as_receivers_do() {
    let table = Table::new(
        "a.example TXT v=spf1 ip4:192.0.2.0/28 a:host.example mx include:b.example ~include:c.example exists:%{ir}.%{v}.list.example -all
         a.example TXT google-site-verification=x
         host.example A 198.51.100.7
         host.example AAAA 2001:db8::7
         a.example MX mx.example
         mx.example A 198.51.100.8
         b.example TXT v=spf1 ip4:203.0.113.0/25 -all
         c.example TXT v=spf1 redirect=d.example
         d.example TXT v=spf1 ip4:203.0.113.128/25 ?all
         9.9.9.9.in-addr.list.example A 127.0.0.2",
    );
    for (ip, says) in [
        ("192.0.2.15", Says::Pass),
        ("198.51.100.7", Says::Pass),
        ("2001:db8::7", Says::Pass),
        ("198.51.100.8", Says::Pass),
        ("203.0.113.5", Says::Pass),
        ("203.0.113.200", Says::Soft),
        ("9.9.9.9", Says::Pass),
        ("192.0.2.16", Says::Fail),
        ("2001:db8::8", Says::Fail),
    ] {
        assert_eq!(verdict(&table, ip), Verdict::Says(says), "{ip}");
    }
    assert_eq!(verdict(&Table::new("b.example TXT v=spf1 -all"), "192.0.2.1"), Verdict::Absent);
    assert_eq!(verdict(&Table::new("a.example TXT v=spf1"), "192.0.2.1"), Verdict::Says(Says::Neutral));
    let named = Table::new(
        "a.example TXT v=spf1 ptr -all\n192.0.2.1 PTR mail.a.example\nmail.a.example A 192.0.2.1\n192.0.2.2 PTR a.example",
    );
    assert_eq!(verdict(&named, "192.0.2.1"), Verdict::Says(Says::Pass));
    assert_eq!(verdict(&named, "192.0.2.2"), Verdict::Says(Says::Fail), "its name does not lead back");
    let wide = Table::new("a.example TXT v=spf1 a/24//32 -all\na.example A 192.0.2.200\na.example AAAA 2001:db8::1");
    assert_eq!(verdict(&wide, "192.0.2.3"), Verdict::Says(Says::Pass));
    assert_eq!(verdict(&wide, "2001:db8:ffff::3"), Verdict::Says(Says::Pass));
}

#[test]
fn hostile_records_of_spf_cost_little_and_are_called_wrong() {
    wrong(&Table::new("a.example TXT v=spf1 -all\na.example TXT v=spf1 +all"), "2 records");
    wrong(&Table::new("a.example TXT v=spf1 include:a.example -all"), "more than 10 questions");
    wrong(
        &Table::new("a.example TXT v=spf1 redirect=b.example\nb.example TXT v=spf1 redirect=a.example"),
        "more than 10 questions",
    );
    wrong(&Table::new("a.example TXT v=spf1 include:b.example -all"), "includes b.example, which has no record");
    wrong(&Table::new("a.example TXT v=spf1 redirect=b.example"), "leads on to b.example");
    wrong(&Table::new("a.example TXT v=spf1 a:x.example a:y.example mx:z.example -all"), "more than 2 of the names");
    let two = Table::new("a.example TXT v=spf1 a:x.example a:y.example -all");
    assert_eq!(verdict(&two, "192.0.2.1"), Verdict::Says(Says::Fail));
    let ten: Vec<_> = (0..10).map(|n| format!("include:i{n}.example")).collect();
    let mut table = Table::new(&format!("a.example TXT v=spf1 {} -all", ten.join(" ")));
    for n in 0..10 {
        table.add(&format!("i{n}.example"), "TXT", "v=spf1 -all");
    }
    assert_eq!(verdict(&table, "192.0.2.1"), Verdict::Says(Says::Fail), "ten are allowed");
    table.add("i9.example", "TXT", "another record");
    table.rows.insert(("i0.example".into(), Kind::Text), vec![Data::Text("v=spf1 include:i1.example -all".into())]);
    wrong(&table, "more than 10 questions");
    // A record of 100 kB is cut by whoever asks, and then too long.
    let mut long = Table::default();
    long.add("a.example", "TXT", &format!("v=spf1 {} -all", "a:x.example ".repeat(9000)));
    wrong(&long, "longer than");
    assert!(long.asked.load(Ordering::Relaxed) < 3);
    let mut many = Table::new("a.example TXT v=spf1 mx -all");
    (0..11).for_each(|n| many.add("a.example", "MX", &format!("m{n}.example")));
    wrong(&many, "more than 10 mail servers");
    // Names that lead in a circle are answered with an error.
    let broken = Table::new("a.example TXT v=spf1 a:loop.example -all\nloop.example BROKEN");
    assert!(matches!(verdict(&broken, "192.0.2.1"), Verdict::Unknown(_)));
    wrong(&Table::new(&format!("a.example TXT v=spf1 \u{1b}[31m{} -all", "x".repeat(500))), "cannot be understood");
}

#[test]
fn what_a_record_says_of_everybody_is_found() {
    let of = |text: &str| {
        let table = Table::new(&format!("a.example TXT {text}\nb.example TXT v=spf1 +all"));
        let mut check = Check::of_nobody(&table, "a.example");
        (run(check.verdict()), check.lookups)
    };
    assert_eq!(of("v=spf1 ip4:203.0.113.1 -all"), (Verdict::Says(Says::Fail), 0));
    assert_eq!(of("v=spf1 +all").0, Verdict::Says(Says::Pass));
    assert_eq!(of("v=spf1 include:b.example -all"), (Verdict::Says(Says::Pass), 1));
    // Names made of an address that nobody has are empty, and that is no fault.
    assert_eq!(of("v=spf1 exists:%{i}.x exists:%{i}.y exists:%{i}.z -all"), (Verdict::Says(Says::Fail), 3));
}

#[test]
fn dmarc_is_looked_for_upwards() {
    let of = |lines: &str, domain: &str| {
        let found = run(dmarc::walk(&Table::new(lines), domain)).unwrap();
        (found.record().map(|(at, _)| at.to_owned()), found.policy(), found.owner())
    };
    let own = "_dmarc.a.example TXT v=DMARC1; p=reject; sp=quarantine";
    assert_eq!(of(own, "a.example"), (Some("a.example".into()), Some(Policy::Reject), "a.example".into()));
    assert_eq!(of(own, "mail.a.example"), (Some("a.example".into()), Some(Policy::Quarantine), "a.example".into()));
    assert_eq!(of("", "mail.a.example"), (None, None, "mail.a.example".into()));
    let suffix = "_dmarc.example TXT v=DMARC1; p=none; psd=y";
    assert_eq!(of(suffix, "x.a.example").2, "a.example");
    let cut = format!("{own}\n_dmarc.x.a.example TXT v=DMARC1; p=none; psd=n");
    assert_eq!(of(&cut, "y.x.a.example").2, "x.a.example");
    // However many labels there are, eight names are asked.
    let table = Table::new("");
    run(dmarc::walk(&table, &vec!["a"; 100].join("."))).unwrap();
    assert_eq!(table.asked.load(Ordering::Relaxed), 8);
    for (bad, words) in [
        ("_dmarc.a.example TXT v=DMARC1; p=maybe", "none, quarantine or reject"),
        ("_dmarc.a.example TXT v=DMARC1", "missing"),
        ("_dmarc.a.example TXT v=DMARC1; p=none\n_dmarc.a.example TXT v=DMARC1; p=reject", "one is allowed"),
    ] {
        let trouble = run(dmarc::walk(&Table::new(bad), "a.example")).unwrap_err();
        assert!(matches!(&trouble, Trouble::Wrong(_, why) if why.contains(words)), "{bad}: {trouble:?}");
    }
}

fn sender() -> Sender {
    Sender {
        domain: "sunrise.example".into(),
        returns: Some("returns.sunrise.example".into()),
        relays: vec!["mail.sunrise.example".into()],
        host: Some("app.sunrise.example".into()),
        keys: vec![dkim::Record { name: "letters._domainkey.sunrise.example".into(), value: "v=DKIM1; k=rsa; p=QUJD".into() }],
    }
}

const GOOD: &str = "
    letters._domainkey.sunrise.example TXT v=DKIM1; k=rsa; p=QUJD
    _dmarc.sunrise.example TXT v=DMARC1; p=none; rua=mailto:dmarc@sunrise.example
    returns.sunrise.example TXT v=spf1 ip4:198.51.100.5 -all
    returns.sunrise.example MX app.sunrise.example
    sunrise.example MX mail.sunrise.example
    mail.sunrise.example A 198.51.100.5
    198.51.100.5 PTR mail.sunrise.example
    app.sunrise.example A 198.51.100.6";

fn found(sender: &Sender, table: &Table) -> Report {
    run(look(sender, table))
}

#[track_caller]
fn says(report: &Report, what: &str, level: Level, words: &str) {
    let fits = |one: &&Finding| one.what == what && one.level == level && one.detail.contains(words);
    let all: Vec<_> = report.findings.iter().map(|one| (one.what, one.level, &one.detail)).collect();
    assert!(report.findings.iter().any(|one| fits(&one)), "{what} should be {level:?} and say: {words}\n{all:#?}");
}

#[test]
fn a_sender_that_is_right_has_nothing_to_do() {
    let report = found(&sender(), &Table::new(GOOD));
    let bad: Vec<_> = report.findings.iter().filter(|one| one.level != Level::Good).map(|one| &one.detail).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!(report.wanted, []);
    assert_eq!(report.findings.len(), 9);
}

#[test]
fn what_is_missing_can_be_pasted() {
    let report = found(&sender(), &Table::new("mail.sunrise.example A 198.51.100.5"));
    for what in ["DKIM", "SPF", "DMARC", "mail server of the return path", "mail server of the sender"] {
        says(&report, what, Level::Problem, "");
    }
    says(&report, "DMARC", Level::Problem, "550 5.7.515");
    let values: Vec<_> = report.wanted.iter().map(|one| (one.name.as_str(), one.kind, one.value.as_str())).collect();
    let expected = [
        ("letters._domainkey.sunrise.example", "TXT", "v=DKIM1; k=rsa; p=QUJD"),
        ("returns.sunrise.example", "TXT", "v=spf1 ip4:198.51.100.5 ~all"),
        ("_dmarc.sunrise.example", "TXT", "v=DMARC1; p=none"),
        ("returns.sunrise.example", "MX", "10 app.sunrise.example"),
    ];
    assert_eq!(values, expected);
    let words = report.wanted[0].words();
    assert!(words.contains("  zone   letters._domainkey.sunrise.example. IN TXT \"v=DKIM1; k=rsa; p=QUJD\""), "{words}");
    assert!(report.wanted[3].words().contains("returns.sunrise.example. IN MX 10 app.sunrise.example."));
    // Set as printed, nothing is left to do but what others have to.
    let mut table = Table::new(
        "mail.sunrise.example A 198.51.100.5\nsunrise.example MX mail.sunrise.example\napp.sunrise.example A 198.51.100.6",
    );
    for one in &report.wanted {
        table.add(&one.name, one.kind, one.value.trim_start_matches("10 "));
    }
    let again = found(&sender(), &table);
    assert!(again.wanted.is_empty() && again.findings.iter().all(|one| one.level != Level::Problem));
    let long = Wanted::text("a.example", "x".repeat(600), "");
    assert!(long.words().lines().any(|line| line.ends_with(&format!(
        "\"{}\" \"{}\" \"{}\"",
        "x".repeat(255),
        "x".repeat(255),
        "x".repeat(90)
    ))));
}

#[test]
fn each_fault_is_told_with_what_to_do() {
    let cases: [(&str, &str, &str, Level, &str); 12] = [
        ("v=spf1 ip4:198.51.100.5 -all", "v=spf1 +all", "SPF", Level::Problem, "lets everybody send"),
        ("v=spf1 ip4:198.51.100.5 -all", "v=spf1 ip4:198.51.100.5", "SPF", Level::Note, "end it with `~all`"),
        (
            "v=spf1 ip4:198.51.100.5 -all",
            "v=spf1 mx:b.example -all",
            "SPF of the mail server",
            Level::Note,
            "198.51.100.5 must not send",
        ),
        ("v=spf1 ip4:198.51.100.5 -all", "v=spf1 ptr ip4:198.51.100.5 -all", "SPF", Level::Note, "`ptr`"),
        ("p=QUJD", "p=", "DKIM", Level::Problem, "not to be trusted"),
        ("k=rsa; p=QUJD", "t=y; p=QUJD", "DKIM", Level::Note, "t=y"),
        ("p=none; rua=mailto:dmarc@sunrise.example", "p=none", "DMARC", Level::Good, "tells nobody"),
        ("p=none;", "p=reject; aspf=s;", "alignment", Level::Note, "Our signature does"),
        ("198.51.100.5 PTR mail.sunrise.example", "", "name of the mail server", Level::Note, "has no name (PTR)"),
        ("PTR mail.sunrise.example", "PTR other.example", "name of the mail server", Level::Note, "does not lead back"),
        (
            "returns.sunrise.example MX app.sunrise.example",
            "returns.sunrise.example MX .",
            "mail server of the return path",
            Level::Problem,
            "takes no mail",
        ),
        ("app.sunrise.example A 198.51.100.6", "", "greeting", Level::Note, "no address in the DNS"),
    ];
    for (from, to, what, level, words) in cases {
        assert!(GOOD.contains(from), "{from}");
        says(&found(&sender(), &Table::new(&GOOD.replace(from, to))), what, level, words);
    }
    let elsewhere = Sender { returns: Some("bounces.other.example".into()), ..sender() };
    says(&found(&elsewhere, &Table::new(GOOD)), "alignment", Level::Note, "not of one organisation");
    let unsigned = Sender { keys: Vec::new(), ..sender() };
    says(&found(&unsigned, &Table::new(GOOD)), "DKIM", Level::Note, "dkim=pass");
    let both = Table::new(&GOOD.replace("p=QUJD", "p=REVG"));
    says(&found(&elsewhere, &both), "alignment", Level::Problem, "fail DMARC");
    let free = Sender { domain: "gmail.com".into(), ..sender() };
    let report = found(&free, &Table::new(""));
    says(&report, "sender domain", Level::Problem, "not yours to set");
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn relays_at_home_and_rented_ones_are_told_apart() {
    let home = Sender { relays: vec!["127.0.0.1".into()], ..sender() };
    says(&found(&home, &Table::new(GOOD)), "SPF of the mail server", Level::Note, "no public address");
    let none = found(&home, &Table::new(""));
    assert!(none.wanted.iter().any(|one| one.value == "v=spf1 a:app.sunrise.example ~all"), "{:?}", none.wanted);
    let rented = Sender { relays: vec!["email-smtp.eu-west-2.amazonaws.com".into()], ..sender() };
    let none = found(&rented, &Table::new(""));
    assert!(none.wanted.iter().any(|one| one.value == "v=spf1 include:amazonses.com ~all"), "{:?}", none.wanted);
    let table = Table::new(&GOOD.replace(
        "v=spf1 ip4:198.51.100.5 -all",
        "v=spf1 include:amazonses.com -all\namazonses.com TXT v=spf1 ip4:203.0.113.7 -all",
    ));
    says(&found(&rented, &table), "SPF of the mail server", Level::Good, "includes amazonses.com");
}

#[test]
fn a_dns_that_answers_nothing_or_nonsense_is_borne() {
    let mut dead = Table::new("sunrise.example BROKEN");
    let report = found(&sender(), &dead);
    says(&report, "DNS", Level::Problem, "nothing could be looked up");
    assert_eq!(report.findings.len(), 1);
    for name in
        ["_dmarc.sunrise.example", "returns.sunrise.example", "letters._domainkey.sunrise.example", "mail.sunrise.example"]
    {
        dead = Table::new(GOOD);
        dead.broken.push(name.to_owned());
        let report = found(&sender(), &dead);
        assert!(report.findings.iter().any(|one| one.level == Level::Note && one.detail.contains("could not")), "{name}");
        assert!(report.findings.iter().all(|one| one.level != Level::Problem), "{name}: not known is not wrong");
    }
    let mut long = Table::default();
    for name in ["sunrise.example", "_dmarc.sunrise.example", "returns.sunrise.example", "letters._domainkey.sunrise.example"] {
        long.add(name, "TXT", &format!("v=DMARC1; {}", "ö\u{7}".repeat(50_000)));
        long.add(name, "TXT", &format!("v=spf1 {}", "ö\u{7} ".repeat(50_000)));
    }
    let report = found(&sender(), &long);
    assert!(report.findings.iter().all(|one| one.detail.len() < 1000 && !one.detail.contains('\u{7}')));
}

/// A name server that answers a few names, and to those that begin with `silent` nothing.
async fn name_server() -> std::net::SocketAddr {
    use hickory_resolver::proto::{
        op::{Message, OpCode, ResponseCode},
        rr::{
            Name, RData, Record, RecordType,
            rdata::{A, CNAME, MX, TXT},
        },
        serialize::binary::{BinDecodable, BinEncodable},
    };
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let serve = async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let question = Message::from_bytes(&buffer[..length]).unwrap();
            let asked = question.queries[0].clone();
            let name = asked.name().to_ascii().to_ascii_lowercase();
            if name.starts_with("silent") {
                continue;
            }
            let mut answer = Message::response(question.metadata.id, OpCode::Query);
            answer.metadata.recursion_available = true;
            answer.add_query(asked.clone());
            let data = match (name.as_str(), asked.query_type()) {
                ("sunrise.example.", RecordType::TXT) => {
                    Some(RData::TXT(TXT::new(vec!["v=spf1 ip4:".into(), "198.51.100.5 -all".into()])))
                }
                ("sunrise.example.", RecordType::MX) => {
                    Some(RData::MX(MX::new(10, Name::from_ascii("Mail.sunrise.example.").unwrap())))
                }
                ("mail.sunrise.example.", RecordType::A) => Some(RData::A(A::new(198, 51, 100, 5))),
                ("round.example.", _) => Some(RData::CNAME(CNAME(Name::from_ascii("round.example.").unwrap()))),
                _ => None,
            };
            match data {
                Some(data) => drop(answer.add_answer(Record::from_rdata(asked.name().clone(), 60, data))),
                None => answer.metadata.response_code = ResponseCode::NXDomain,
            }
            if name.starts_with("broken") {
                answer.metadata.response_code = ResponseCode::ServFail;
            }
            socket.send_to(&answer.to_bytes().unwrap(), from).await.unwrap();
        }
    };
    crate::platform::tasks::Tasks::new().spawn(serve);
    address
}

#[test]
fn a_name_server_is_asked_over_the_network() {
    run(async {
        let resolver = Resolver::at(name_server().await).unwrap();
        let dns: &dyn Dns = &resolver;
        assert_eq!(dns.texts("sunrise.example").await.unwrap(), ["v=spf1 ip4:198.51.100.5 -all"]);
        assert_eq!(dns.exchanges("sunrise.example").await.unwrap(), ["mail.sunrise.example"]);
        assert_eq!(dns.addresses("mail.sunrise.example").await.unwrap(), ["198.51.100.5".parse::<IpAddr>().unwrap()]);
        assert_eq!(dns.texts("nobody.example").await.unwrap(), [""; 0]);
        assert_eq!(dns.texts("no name at all").await.unwrap(), [""; 0]);
        assert!(dns.texts("broken.example").await.is_err());
        // A name that leads to itself has no address.
        assert!(dns.addresses("round.example").await.unwrap().is_empty());
        let began = Instant::now();
        let report = look(&Sender { domain: "silent.example".into(), ..sender() }, dns).await;
        says(&report, "DNS", Level::Problem, "does not answer");
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    });
}
