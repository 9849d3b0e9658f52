//! What stands around a page: whose it is, where one can go, whom to ask, and the way out.

use super::{Block, Link, Page, Zone};
use crate::{accounts::look::Framed, platform::Error};
use poem::http::StatusCode;

/// How an organisation's pages look.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Its name.
    pub name: String,
    /// The address of its own page; empty for pages that belong to nobody.
    pub home: String,
    /// The address of the style sheet with its colour, if it has chosen one.
    pub sheet: Option<String>,
    /// The address of its logo, if it has one.
    pub logo: Option<String>,
    /// Whom to turn to.
    pub contact: String,
    /// Its privacy page.
    pub privacy: Option<String>,
    /// The address of the page about accessibility.
    pub accessibility: String,
    /// The quick way out, where it is switched on.
    pub exit: Option<Exit>,
}

impl Look {
    /// How the pages of an organisation look that people reach behind the path `base`.
    pub fn of(base: &str, found: &Framed) -> Self {
        let (organisation, chosen) = (&found.organisation, found.look.as_ref());
        let home = format!("{base}/o/{}", organisation.slug);
        let file = |kind: &str, version| format!("{base}/assets/{kind}/{}/{version}", organisation.id);
        Self {
            name: organisation.name.clone(),
            accessibility: format!("{home}/accessibility"),
            home,
            sheet: chosen.filter(|look| look.colour.is_some()).map(|look| file("colour", look.version)),
            logo: chosen.filter(|look| look.logo_kind.is_some()).map(|look| file("logo", look.version)),
            contact: organisation.contact.clone(),
            privacy: organisation.privacy_url.clone(),
            exit: chosen.and_then(|look| {
                let to = look.exit_url.clone()?;
                Some(Exit { to, title: look.exit_title.clone().unwrap_or_else(|| "Information".into()) })
            }),
        }
    }
}

/// A quick way out for people who may be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Where it leads: a page that anybody might look at.
    pub to: String,
    /// What the window's title says instead of what the page is about.
    pub title: String,
}

/// A link to another part, with whether one is there.
#[derive(Clone, Debug)]
pub struct NavLink {
    /// Its name.
    pub words: String,
    /// Where it leads.
    pub to: String,
    /// Whether this page belongs to it.
    pub here: bool,
}

/// What stands around a page.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The path behind which people reach the pages; empty at the root.
    pub base: String,
    /// The organisation, if the page is one's.
    pub look: Option<Look>,
    /// Other parts.
    pub nav: Vec<NavLink>,
    /// What is one action away on each of somebody's own pages: less, a pause, the way out.
    pub ease: Vec<Link>,
    /// Where one signs out, if one is signed in.
    pub sign_out: Option<String>,
}

impl Frame {
    /// What the window's title says: never what the page is about where people may be watched.
    pub fn window(&self, page: &Page) -> String {
        if let Some(exit) = self.exit() {
            return exit.title.clone();
        }
        let title = page.window.unwrap_or(&page.title);
        let parts = [Some(title), page.caption.as_deref(), self.look.as_ref().map(|look| look.name.as_str())];
        let said = parts.into_iter().flatten().collect::<Vec<_>>().join(". ");
        if page.mistakes.is_empty() { said } else { format!("Mistake: {said}") }
    }

    /// The address of the style sheet.
    pub fn sheet(&self) -> String {
        format!("{}/assets/{}", self.base, super::assets::SHEET.as_str())
    }

    /// The address of the script.
    pub fn script(&self) -> String {
        format!("{}/assets/{}", self.base, super::assets::SCRIPT_NAME.as_str())
    }

    /// The policy of the page: nothing from elsewhere, no script but one of our own, forms to ourselves alone.
    pub fn policy(&self) -> String {
        let script = if self.exit().is_some() { " script-src 'self'; connect-src 'self';" } else { "" };
        format!(
            "default-src 'none'; style-src 'self'; img-src 'self' data:;{script} form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        )
    }

    /// The same for a page in which a document of ours stands apart; no other page may hold one.
    pub fn policy_of(&self, page: &Page) -> String {
        let apart = page.blocks.iter().any(|block| matches!(block, Block::Apart(..)));
        let policy = self.policy();
        if apart { format!("{policy}; frame-src 'self'") } else { policy }
    }

    /// The quick way out.
    pub fn exit(&self) -> Option<&Exit> {
        self.look.as_ref()?.exit.as_ref()
    }
}

/// A page that tells that something did not work.
pub(super) fn page(error: &Error, zone: Zone) -> Page {
    let (status, title, texts) = told(error, zone);
    Page::new(title).texts(texts.iter().map(String::as_str)).status(StatusCode::from_u16(status).unwrap_or_default())
}

/// The heading and the words of a page that tells that something did not work.
fn told(error: &Error, zone: Zone) -> (u16, &'static str, Vec<String>) {
    let one = |text: &str| vec![text.to_owned()];
    match error {
        Error::At(error, _) => told(error, zone),
        Error::NotFound(_) if zone == Zone::Console => {
            let text =
                "It was removed, or it belongs to an organisation that you do not work for. Go back, or begin at the start.";
            (404, "This page does not exist", one(text))
        }
        Error::NotFound(_) => {
            let text = "The address may have been cut off by a mail program. Please open it from the letter once more.";
            (404, "This page does not exist", one(text))
        }
        Error::SignInNeeded => (
            401,
            "Please open this from your letter",
            one("You have been signed out, or this browser has not seen the letter yet."),
        ),
        Error::Gone(text) => (410, "This has ended", one(text)),
        Error::Forbidden(text) => (403, "This is not open to you", one(text)),
        Error::Conflict { detail, items, .. } => {
            let items = items.iter().map(|item| item.detail.clone());
            (409, "That does not fit", std::iter::once(detail.clone()).chain(items).collect())
        }
        Error::Invalid(found) => (422, "That does not fit", found.iter().map(|one| one.detail.clone()).collect()),
        Error::Malformed(found) => (400, "That does not fit", one(&found.detail)),
        Error::Stale | Error::VersionNeeded => {
            let text = "Somebody has changed this since you opened the page. Nothing was saved. Go back, load the page again, and look \
                        at what has changed.";
            (412, "This has changed meanwhile", one(text))
        }
        Error::TooLarge(most) => (413, "That is too large", vec![format!("It may have {} KB at most.", most / 1024)]),
        Error::WrongType(_) => (415, "That does not fit", one("This kind of file is not understood here.")),
        Error::TooMany { wait, .. } => {
            let after = match wait.div_ceil(60) {
                0 | 1 => "a minute".to_owned(),
                minutes => format!("{minutes} minutes"),
            };
            (429, "Please wait a little", vec![format!("This was tried very often. Please try again in {after}.")])
        }
        Error::Unavailable(_) => {
            (503, "Please try again in a moment", one("The server cannot do this now. Nothing was changed."))
        }
        Error::Bug(_) => {
            let text = "We have noted it. Nothing was changed. Please try again in a moment.";
            (500, "Something went wrong on our side", one(text))
        }
    }
}
