//! Names that are known: providers of addresses for everybody, and of relays.

/// Domains at which everybody can have an address. Their owners ask receivers to refuse what does not come from them.
const FREE: [&str; 36] = [
    "aol.com",
    "btinternet.com",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "hotmail.it",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.co.uk",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "sky.com",
    "t-online.de",
    "web.de",
    "ymail.com",
    "zoho.com",
];
/// The same, in many countries.
const FREE_EVERYWHERE: [&str; 3] = ["yahoo.", "yandex.", "rocketmail."];

/// Relays that are rented, and what their owners let their customers include. They may have changed it: they say so.
const RELAYS: [(&str, &str); 11] = [
    ("amazonaws.com", "amazonses.com"),
    ("brevo.com", "spf.brevo.com"),
    ("gmail.com", "_spf.google.com"),
    ("mailgun.org", "mailgun.org"),
    ("mailjet.com", "spf.mailjet.com"),
    ("mandrillapp.com", "spf.mandrillapp.com"),
    ("office365.com", "spf.protection.outlook.com"),
    ("postmarkapp.com", "spf.mtasv.net"),
    ("sendgrid.net", "sendgrid.net"),
    ("smtp2go.com", "spf.smtp2go.com"),
    ("zoho.com", "zohomail.com"),
];

/// Whether everybody can have an address at the domain.
pub fn is_free(domain: &str) -> bool {
    FREE.contains(&domain) || FREE_EVERYWHERE.iter().any(|start| domain.starts_with(start))
}

/// What a relay's customers include in SPF, as far as is known.
pub fn include_of(relay: &str) -> Option<&'static str> {
    let of = |domain: &str| relay == domain || relay.strip_suffix(domain).is_some_and(|front| front.ends_with('.'));
    RELAYS.iter().find(|(domain, _)| of(domain)).map(|(_, include)| *include)
}
