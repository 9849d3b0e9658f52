//! Joining, signing in and stopping letters.

use super::kit::{Block, Desk, Field, Form, Link, Page, Reply, Submit, Visit, Zone, act, act_from_anywhere, ask};
use crate::{
    participants::{self, Wish, links},
    platform::{
        Error, Result,
        secret::{Token, TokenKind},
    },
};
use entity::organisation;
use poem::{Route, get, http::StatusCode};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let open = Zone::Open;
    route
        .at("/o/:slug/join", get(ask(desk, open, ask_join)).post(act(desk, open, join)))
        .at("/o/:slug/sign-in", get(ask(desk, open, ask_sign_in)).post(act(desk, open, sign_in)))
        .at("/o/:slug/letter", get(ask(desk, open, on_its_way)))
        .at("/join/:token", get(ask(desk, open, ask_confirm)).post(act(desk, open, confirm)))
        .at("/sign-in/:token", get(ask(desk, open, ask_enter)).post(act(desk, open, confirm)))
        .at("/u/:token", get(ask(desk, open, ask_stop)).post(act_from_anywhere(desk, open, stop)))
        .at("/o/:slug/stopped", get(ask(desk, open, say_stopped)))
}

fn join_form() -> Form {
    Form::default()
        .field(Field::typed("email", "Your e-mail address", "", "email").hint("We send a letter with a link to it."))
        .field(Field::line("name", "Your name", "").optional().autocomplete("name").hint("Any name that you like to be called."))
        .submit(Submit::new("Send me the letter"))
}

async fn join_page(visit: &Visit, form: Form) -> Result<Page> {
    let organisation = visit.organisation().await?;
    let text = "We write to you when something fits what you choose. You choose how you want to be involved, and you can change it or \
                leave at any time. Nothing happens before you open the link in the letter.";
    let signed = Link::new("I have joined already: sign in", visit.at(format!("/o/{}/sign-in", organisation.slug)));
    let page = Page::new(format!("Join {}", organisation.name)).back("Back", visit.at(format!("/o/{}", organisation.slug)));
    Ok(page.text(text).form(form).block(Block::Links(vec![signed])))
}

async fn ask_join(visit: Arc<Visit>) -> Result<Reply> {
    Ok(join_page(&visit, join_form()).await?.into())
}

async fn join(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let email = visit.fields.trimmed("email");
    participants::slow_down(visit.platform(), &visit.source, "join", &organisation.slug, &email)?;
    let wish = Wish { email, name: visit.fields.given("name"), language: None };
    match participants::join(visit.platform(), organisation, wish).await {
        Ok(()) => letter(&visit, organisation),
        Err(error) => {
            let form = join_form().again(&visit.fields, error)?;
            Ok(join_page(&visit, form).await?.status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

fn letter(visit: &Visit, organisation: &organisation::Model) -> Result<Reply> {
    Reply::to(visit.at(format!("/o/{}/letter", organisation.slug)))
}

/// The same for everybody, whatever is known about an address.
async fn on_its_way(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let texts = [
        "If the address is right, a letter with a link is on its way to it. Open the link to go on.",
        "Nothing there after a few minutes? Look among unwanted mail, or try again.",
    ];
    let again = Link::new("Try again", visit.at(format!("/o/{}/sign-in", organisation.slug)));
    Ok(Page::new("Look at your e-mail").texts(texts).block(Block::Links(vec![again])).into())
}

/// The cookie that keeps where somebody wanted to go, until the link in their letter has signed them in. It holds the path of a
/// page of their own, goes to the page of that link alone, and is gone when the browser is closed.
const ONWARD: (&str, &str) = ("onward", "/sign-in");

/// Where somebody wanted to go, if it is one of their own pages with this organisation.
fn onward(slug: &str, path: &str) -> Option<String> {
    let rest = path.strip_prefix(&format!("/o/{slug}/me/"))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/');
    (!rest.is_empty() && rest.len() <= 200 && rest.chars().all(plain)).then(|| path.to_owned())
}

fn sign_in_form(next: Option<String>) -> Form {
    let hint = "If you have joined with it, we send you a letter with a link. There is no password.";
    let form = next.into_iter().fold(Form::default(), |form, next| form.hidden("next", next));
    form.field(Field::typed("email", "Your e-mail address", "", "email").hint(hint)).submit(Submit::new("Send me a link"))
}

async fn sign_in_page(visit: &Visit, form: Form) -> Result<Page> {
    let organisation = visit.organisation().await?;
    let join = Link::new("I have not joined yet", visit.at(format!("/o/{}/join", organisation.slug)));
    let page = Page::new("Sign in to your own page").back("Back", visit.at(format!("/o/{}", organisation.slug)));
    Ok(page.form(form).block(Block::Links(vec![join])))
}

async fn ask_sign_in(visit: Arc<Visit>) -> Result<Reply> {
    let next = onward(visit.word("slug"), visit.query.text("next"));
    Ok(sign_in_page(&visit, sign_in_form(next)).await?.into())
}

async fn sign_in(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let email = visit.fields.trimmed("email");
    participants::slow_down(visit.platform(), &visit.source, "person", &organisation.slug, &email)?;
    let next = onward(&organisation.slug, visit.fields.text("next"));
    match participants::ask_sign_in(visit.platform(), organisation, &email).await {
        Ok(()) => {
            match next {
                Some(next) => visit.keep(ONWARD.0, next, ONWARD.1),
                None if visit.cookie(ONWARD.0).is_some() => visit.let_go(ONWARD.0, ONWARD.1),
                None => {}
            }
            letter(&visit, organisation)
        }
        Err(error) => {
            let form = sign_in_form(next).again(&visit.fields, error)?;
            Ok(sign_in_page(&visit, form).await?.status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

/// The token in the address. What stands in an address is decoded before we see it, so nothing else may be written into a page.
fn token(visit: &Visit, kind: TokenKind) -> Result<String> {
    let text = visit.word("token");
    Token::parse(text).filter(|(found, _)| *found == kind).map(|_| text.to_owned()).ok_or(Error::NotFound("link"))
}

/// A link that does not work any more, with a way on.
fn dead(visit: &Visit, organisation: &organisation::Model) -> Reply {
    let again = Link::new("Send me a new link", visit.at(format!("/o/{}/sign-in", organisation.slug)));
    let text = "This link was used or has ended. Links to your own page work once, and for a short time.";
    Page::new("This link has ended").text(text).block(Block::Go(again)).status(StatusCode::GONE).into()
}

async fn ask_confirm(visit: Arc<Visit>) -> Result<Reply> {
    let token = token(&visit, TokenKind::ParticipantLink)?;
    let organisation = links::home(visit.platform(), &token).await?;
    visit.belongs_to(organisation.id).await?;
    if !links::is_live(visit.platform(), &token).await? {
        return Ok(dead(&visit, &organisation));
    }
    if links::is_for_signing_in(visit.platform(), &token).await? {
        return ask_enter(visit).await;
    }
    let text = "Press the button to confirm that this is your address. If you did not ask for this, you can close the page: nothing \
                happens.";
    let form = Form::button("", "Yes, confirm my address");
    Ok(Page::new("Is this your address?").text(text).form(form).into())
}

async fn ask_enter(visit: Arc<Visit>) -> Result<Reply> {
    let token = token(&visit, TokenKind::ParticipantLink)?;
    let organisation = links::home(visit.platform(), &token).await?;
    visit.belongs_to(organisation.id).await?;
    if !links::is_live(visit.platform(), &token).await? {
        return Ok(dead(&visit, &organisation));
    }
    let form = Form::button("", "Go to my page");
    Ok(Page::new("Your own page").text("Press the button to go to your own page.").form(form).into())
}

/// Uses a link up: joins, or signs in.
async fn confirm(visit: Arc<Visit>) -> Result<Reply> {
    let token = token(&visit, TokenKind::ParticipantLink)?;
    let counted = visit.slow_down("confirm")?;
    let organisation = links::home(visit.platform(), &token).await?;
    visit.belongs_to(organisation.id).await?;
    let joins = !links::is_for_signing_in(visit.platform(), &token).await?;
    match participants::confirm(visit.platform(), &organisation, &token).await {
        Ok(opened) => {
            // Whoever holds a link that works has guessed nothing.
            visit.platform().limits.forgive(&counted);
            // A browser holds one session: the one before has nobody who could still use it.
            if let Ok(before) = visit.person().await {
                participants::sessions::end(visit.platform(), &before, before.session).await?;
            }
            visit.keep("person", opened.token.reveal(), &format!("/o/{}", organisation.slug));
            let wanted = visit.cookie(ONWARD.0).and_then(|path| onward(&organisation.slug, &path));
            if wanted.is_some() {
                visit.let_go(ONWARD.0, ONWARD.1);
            }
            let next = if joins { "/welcome" } else { "" };
            Reply::to(visit.at(wanted.unwrap_or_else(|| format!("/o/{}/me{next}", organisation.slug))))
        }
        Err(Error::Gone(_)) => Ok(dead(&visit, &organisation)),
        Err(error) => Err(error),
    }
}

/// Asks whether letters of this kind should stop. A mail program's one-click (RFC 8058) posts without asking.
async fn ask_stop(visit: Arc<Visit>) -> Result<Reply> {
    let token = token(&visit, TokenKind::Unsubscribe)?;
    // Whose letters they are, and how its pages look; a link that nobody knows says nothing of that.
    if let Ok(organisation) = links::home(visit.platform(), &token).await {
        visit.belongs_to(organisation.id).await?;
    }
    let one = "Press the first button, and we no longer send you letters like the one you have read. You need give no reason.";
    let all = "Press the second one, and we send you no letters at all, except those that you ask for yourself.";
    let form = Form::default()
        .hidden("here", "yes")
        .submit(Submit::new("Stop these letters"))
        .submit(Submit::new("Stop all letters").sends("everything", "yes"));
    Ok(Page::new("Stop these letters").texts([one, all]).form(form).into())
}

/// Stops them. Doing it twice changes nothing.
async fn stop(visit: Arc<Visit>) -> Result<Reply> {
    let token = token(&visit, TokenKind::Unsubscribe)?;
    let everything = visit.fields.has("everything");
    let everything = participants::unsubscribe(visit.platform(), &token, everything).await?;
    let done = if everything { "everything" } else { "one" };
    match links::home(visit.platform(), &token).await {
        // A mail program must not be led to another page; a browser is, and leaves the link behind.
        Ok(organisation) if visit.fields.has("here") => {
            Reply::to(visit.at(format!("/o/{}/stopped?done={done}", organisation.slug)))
        }
        Ok(organisation) => {
            visit.belongs_to(organisation.id).await?;
            Ok(stopped(done).into())
        }
        Err(_) => Ok(stopped(done).into()),
    }
}

/// What has been stopped.
fn stopped(done: &str) -> Page {
    let text = match done {
        "everything" => "You no longer get letters from us, except those that you ask for yourself. Nothing else has changed.",
        _ => "You no longer get letters like that one. Nothing else has changed.",
    };
    Page::new("Done").text(text)
}

/// Where a browser is led that has stopped letters. Without that it says nothing.
async fn say_stopped(visit: Arc<Visit>) -> Result<Reply> {
    visit.organisation().await?;
    let done = visit.query.text("done");
    if ["one", "everything"].contains(&done) { Ok(stopped(done).into()) } else { Err(Error::NotFound("page")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_on_to_a_page_of_ones_own_alone() {
        let go = |path: &str| onward("sunrise", path);
        assert_eq!(go("/o/sunrise/me/record").as_deref(), Some("/o/sunrise/me/record"));
        assert_eq!(go("/o/sunrise/me/meetings/0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e").map(|path| path.len()), Some(59));
        for path in ["/o/sunrise/me", "/o/sunrise/me/", "/o/moon/me/record", "/o/sunrise/mean/record", "//evil.example", ""] {
            assert_eq!(go(path), None, "{path}");
        }
        for path in ["/o/sunrise/me/../../x", "/o/sunrise/me/a?b=c", "/o/sunrise/me/a\r\nset-cookie", "https://x/o/sunrise/me/a"]
        {
            assert_eq!(go(path), None, "{path}");
        }
    }
}
