//! Asking the DNS, by a name server or, in tests, from a table.

use futures_util::future::BoxFuture;
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType},
    },
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

/// A name server has so long for one answer. It is asked twice.
const ANSWER: Duration = Duration::from_secs(2);
/// Everything together takes no longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest name in the DNS, without a dot at its end (RFC 1035, 2.3.4).
pub const LONGEST_NAME: usize = 253;
/// A record of text that is longer is none that mail servers read; ours are shorter by far.
const LONGEST_TEXT: usize = 16 << 10;
/// Nobody has more records of one kind at one name that matter here.
const MOST_RECORDS: usize = 100;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An address of IPv4 (A).
    V4,
    /// An address of IPv6 (AAAA).
    V6,
    /// Text (TXT).
    Text,
    /// Who takes mail (MX).
    Mail,
    /// The name of an address (PTR).
    Name,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// An address.
    Address(IpAddr),
    /// Its strings put together without anything between them.
    Text(String),
    /// Who takes mail, and how much less it is wanted than others. An empty name: nobody takes any (RFC 7505).
    Mail(u16, String),
    /// A name, without a dot at its end.
    Name(String),
}

/// Why there is no answer, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

/// Somebody who knows the DNS.
pub trait Dns: Send + Sync {
    /// The records of a kind at a name; none where there is no such name either. That the name leads on to another one (CNAME) is
    /// not seen.
    fn ask<'a>(&'a self, name: &'a str, kind: Kind) -> BoxFuture<'a, Result<Vec<Data>, Fault>>;
}

impl dyn Dns + '_ {
    /// Records, however many there are, but not without bounds.
    async fn some(&self, name: &str, kind: Kind) -> Result<Vec<Data>, Fault> {
        if !is_name(name) {
            return Ok(Vec::new());
        }
        let mut found = self.ask(name, kind).await?;
        found.truncate(MOST_RECORDS);
        Ok(found)
    }

    /// Texts. Too long a one is cut, so that it is seen that there is one.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, Fault> {
        let text = |data| match data {
            Data::Text(mut text) => {
                text.truncate(text.floor_char_boundary(LONGEST_TEXT));
                Some(text)
            }
            _ => None,
        };
        Ok(self.some(name, Kind::Text).await?.into_iter().filter_map(text).collect())
    }

    /// Addresses of the kind of another one.
    pub async fn addresses_like(&self, name: &str, like: IpAddr) -> Result<Vec<IpAddr>, Fault> {
        let kind = if like.is_ipv4() { Kind::V4 } else { Kind::V6 };
        let address = |data| if let Data::Address(address) = data { Some(address) } else { None };
        Ok(self.some(name, kind).await?.into_iter().filter_map(address).collect())
    }

    /// Addresses of both kinds.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Fault> {
        let mut found = self.addresses_like(name, IpAddr::from([0; 4])).await?;
        found.extend(self.addresses_like(name, IpAddr::from([0; 16])).await?);
        Ok(found)
    }

    /// Who takes mail, the most wanted first.
    pub async fn exchanges(&self, name: &str) -> Result<Vec<String>, Fault> {
        let mail = |data| if let Data::Mail(order, host) = data { Some((order, host)) } else { None };
        let mut found: Vec<_> = self.some(name, Kind::Mail).await?.into_iter().filter_map(mail).collect();
        found.sort();
        Ok(found.into_iter().map(|(_, host)| host).collect())
    }

    /// The names of an address.
    pub async fn names(&self, address: IpAddr) -> Result<Vec<String>, Fault> {
        let name = |data| if let Data::Name(name) = data { Some(name) } else { None };
        Ok(self.some(&reversed(address), Kind::Name).await?.into_iter().filter_map(name).collect())
    }
}

/// Whether the DNS can hold such a name.
fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.split('.').all(|label| (1..=63).contains(&label.len()))
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// Where the names of an address stand (RFC 1035, 3.5; RFC 3596, 2.5).
pub fn reversed(address: IpAddr) -> String {
    Name::from(address).to_ascii().trim_end_matches('.').to_owned()
}

/// A name server.
pub struct Resolver {
    inner: TokioResolver,
    until: Instant,
}

impl Resolver {
    /// Those that this computer asks.
    pub fn system() -> Result<Self, Fault> {
        let no = |error: NetError| Fault(format!("this computer names no name server ({error})"));
        let mut builder = TokioResolver::builder_tokio().map_err(no)?;
        set(builder.options_mut());
        Ok(Self { inner: builder.build().map_err(no)?, until: Instant::now() + PATIENCE })
    }

    /// One at an address.
    pub fn at(address: SocketAddr) -> Result<Self, Fault> {
        let way = |protocol| {
            let mut way = ConnectionConfig::new(protocol);
            way.port = address.port();
            way
        };
        let server = NameServerConfig::new(address.ip(), true, vec![way(ProtocolConfig::Udp), way(ProtocolConfig::Tcp)]);
        let config = ResolverConfig::from_name_servers(vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        set(builder.options_mut());
        let inner = builder.build().map_err(|error| Fault(error.to_string()))?;
        Ok(Self { inner, until: Instant::now() + PATIENCE })
    }
}

/// What matters is what the world sees: not what this computer calls others by itself.
fn set(options: &mut ResolverOpts) {
    options.timeout = ANSWER;
    options.attempts = 1;
    options.use_hosts_file = ResolveHosts::Never;
}

impl Dns for Resolver {
    fn ask<'a>(&'a self, name: &'a str, kind: Kind) -> BoxFuture<'a, Result<Vec<Data>, Fault>> {
        Box::pin(async move {
            let Ok(mut name) = Name::from_ascii(name) else { return Ok(Vec::new()) };
            name.set_fqdn(true);
            let kind = match kind {
                Kind::V4 => RecordType::A,
                Kind::V6 => RecordType::AAAA,
                Kind::Text => RecordType::TXT,
                Kind::Mail => RecordType::MX,
                Kind::Name => RecordType::PTR,
            };
            match timeout_at(self.until, self.inner.lookup(name, kind)).await {
                Ok(Ok(found)) => Ok(found.answers().iter().filter_map(|record| data(&record.data)).collect()),
                Ok(Err(error)) => nothing(error),
                Err(_) => Err(Fault("the name server takes too long".to_owned())),
            }
        })
    }
}

/// An answer that holds nothing is an answer.
fn nothing(error: NetError) -> Result<Vec<Data>, Fault> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none))
            if matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
        {
            Ok(Vec::new())
        }
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            Err(Fault(format!("the name server could not say ({})", none.response_code)))
        }
        NetError::Timeout => Err(Fault("the name server does not answer".to_owned())),
        error => Err(Fault(format!("the name server could not say ({error})"))),
    }
}

fn data(data: &RData) -> Option<Data> {
    let name = |name: &Name| name.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    Some(match data {
        RData::A(address) => Data::Address(address.0.into()),
        RData::AAAA(address) => Data::Address(address.0.into()),
        RData::TXT(text) => Data::Text(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
        RData::MX(mail) => Data::Mail(mail.preference, name(&mail.exchange)),
        RData::PTR(to) => Data::Name(name(&to.0)),
        _ => return None,
    })
}
