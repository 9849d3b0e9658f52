//! Where the links in letters lead: an organisation's own front end, or the hosted pages.

use crate::platform::{Platform, secret::Token};
use entity::organisation;

/// What a link in a letter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Confirm an address and join.
    Join,
    /// Sign in to one's own page.
    SignIn,
    /// Look at an invitation and answer it.
    Invitation,
    /// Stop letters.
    Unsubscribe,
}

impl LinkKind {
    /// What `{kind}` in an organisation's template becomes.
    fn word(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::SignIn => "sign-in",
            Self::Invitation => "invitation",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    /// The first part of the address of the hosted page.
    fn page(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::SignIn => "sign-in",
            Self::Invitation => "i",
            Self::Unsubscribe => "u",
        }
    }
}

/// The address of a link.
///
/// Links for stopping letters always lead to this server: a mail program calls them by itself (RFC 8058), and a token in
/// the fragment of a front end's address would never arrive.
pub fn address(platform: &Platform, organisation: &organisation::Model, kind: LinkKind, token: &Token) -> String {
    match &organisation.link_template {
        Some(template) if kind != LinkKind::Unsubscribe => {
            template.replace("{kind}", kind.word()).replace("{token}", token.reveal())
        }
        _ => format!("{}/{}/{}", platform.config.public_url, kind.page(), token.reveal()),
    }
}
