//! The ways in and out for staff: setting up, accepting an invitation, signing in and out, a new password.

use super::words::Word;
use crate::{
    accounts::{
        organisations::{self, Facts, FirstAdministrator},
        sessions, staff,
    },
    pages::kit::{Block, Desk, Field, Form, Link, Page, Reply, Submit, Visit, Zone, act, ask},
    platform::{
        Error, Result,
        secret::{Token, TokenKind},
    },
};
use entity::AccountLinkPurpose;
use poem::{Route, get, http::StatusCode, post};
use std::sync::Arc;

/// What a password must be; the same words everywhere.
const PASSWORD: &str = "Use 15 characters or more, such as four words that have nothing to do with each other.";

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (open, console) = (Zone::Open, Zone::Console);
    route
        .at("/set-up", get(ask(desk, open, ask_code)).post(act(desk, open, code)))
        .at("/set-up/:token", get(ask(desk, open, ask_set_up)).post(act(desk, open, set_up)))
        .at("/staff-invitation", get(ask(desk, open, ask_code)).post(act(desk, open, code)))
        .at("/staff-invitation/:token", get(ask(desk, open, ask_accept)).post(act(desk, open, accept)))
        .at("/new-password", get(ask(desk, open, ask_code)).post(act(desk, open, code)))
        .at("/new-password/:token", get(ask(desk, open, ask_password)).post(act(desk, open, password)))
        .at("/console/sign-in", get(ask(desk, open, ask_sign_in)).post(act(desk, open, sign_in)))
        .at("/console/forgotten-password", get(ask(desk, open, ask_forgotten)).post(act(desk, open, forgotten)))
        .at("/console/sign-out", post(act(desk, console, sign_out)))
}

/// The token in the address. What stands in an address is decoded before we see it, so nothing else may be written into a page.
fn token(text: &str) -> Option<String> {
    Token::parse(text.trim()).filter(|(kind, _)| *kind == TokenKind::StaffLink).map(|_| text.trim().to_owned())
}

fn token_of(visit: &Visit) -> Result<String> {
    token(visit.word("token")).ok_or(Error::NotFound("link"))
}

fn mistaken(page: Page) -> Result<Reply> {
    Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into())
}

/// Lets this browser in, and nobody who was in before it.
async fn let_in(visit: &Visit, token: &Token) {
    if let Ok(before) = visit.staff().await {
        // It may have ended by itself.
        let _ = sessions::revoke(visit.platform(), &before, before.session).await;
    }
    visit.keep("staff", token.reveal(), "/console");
}

/// A link that does not work any more.
fn dead(visit: &Visit, words: &str) -> Reply {
    let page = Page::new("This link has ended").text("It was used, or its time has passed.").text(words);
    page.block(Block::Go(Link::new("Sign in", visit.at("/console/sign-in")))).status(StatusCode::GONE).into()
}

// Addresses of an earlier kind, whose token stands behind a # and never reaches a server.

fn code_form() -> Form {
    let hint = "It begins with al_ and stands behind the # of the link.";
    Form::default().field(Field::line("code", "Code of your link", "").hint(hint)).submit(Submit::new("Go on"))
}

/// What each of these addresses leads to.
fn code_title(visit: &Visit) -> &'static str {
    match visit.path.rsplit('/').next() {
        Some("new-password") => "Choose a new password: one more step",
        Some("staff-invitation") => "Join the staff: one more step",
        _ => "Set up Alongside: one more step",
    }
}

fn code_page(visit: &Visit, form: Form) -> Page {
    let text =
        "Your link has a # in it, and browsers send nothing of what stands behind it. Please copy that part into this field.";
    Page::new(code_title(visit)).text(text).form(form)
}

async fn ask_code(visit: Arc<Visit>) -> Result<Reply> {
    Ok(code_page(&visit, code_form()).into())
}

async fn code(visit: Arc<Visit>) -> Result<Reply> {
    match token(visit.fields.text("code").trim().trim_start_matches('#')) {
        Some(token) => Reply::to(visit.at(format!("{}/{token}", visit.path))),
        None => {
            let wrong = Error::invalid("/code", "form", "Copy the whole code. It begins with al_ and has 46 characters.");
            mistaken(code_page(&visit, code_form().again(&visit.fields, wrong)?))
        }
    }
}

// Setting up.

fn set_up_form() -> Form {
    let under = |field: Field| {
        let name = field.name.clone();
        field.pointer(format!("/organisation/{name}"))
    };
    let slug = "Small letters, digits and hyphens, such as sunrise. It stands in the addresses of your pages.";
    let contact = "An e-mail address or a telephone number. It stands on every page and in every letter.";
    Form::default()
        .words(vec![Block::Heading("You".into())])
        .field(Field::line("your_name", "Your name", "").pointer("/name").autocomplete("name"))
        .field(Field::typed("email", "Your e-mail address", "", "email"))
        .field(Field::typed("password", "A password", "", "password").hint(PASSWORD).autocomplete("new-password"))
        .words(vec![Block::Heading("Your organisation".into())])
        .field(under(Field::line("name", "Its name", "").autocomplete("organization")))
        .field(under(Field::line("slug", "Its name in addresses", "").hint(slug)))
        .field(under(Field::line("contact", "Whom people can turn to", "").hint(contact)))
        .field(under(Field::typed("privacy_url", "Address of your privacy page", "", "url").optional()))
        .field(under(Field::line("time_zone", "Time zone", "Europe/London").hint("Days begin and end by it.")))
        .submit(Submit::new("Set up"))
}

fn set_up_page(form: Form) -> Page {
    Page::new("Set up Alongside").text("This makes the first administrator and the first organisation.").form(form)
}

async fn ask_set_up(visit: Arc<Visit>) -> Result<Reply> {
    let token = token_of(&visit)?;
    if !sessions::is_live(visit.platform(), &token, AccountLinkPurpose::SetUp).await? {
        return Ok(dead(&visit, "If nobody is set up yet, start the server again: it prints a new link."));
    }
    Ok(set_up_page(set_up_form()).into())
}

async fn set_up(visit: Arc<Visit>) -> Result<Reply> {
    let token = token_of(&visit)?;
    sessions::slow_down(visit.platform(), &visit.source)?;
    let fields = &visit.fields;
    let who = FirstAdministrator {
        token,
        email: fields.trimmed("email"),
        name: fields.trimmed("your_name"),
        password: fields.text("password").to_owned(),
    };
    let facts = Facts {
        slug: fields.trimmed("slug"),
        name: fields.trimmed("name"),
        contact: fields.trimmed("contact"),
        privacy_url: fields.given("privacy_url"),
        link_template: None,
        time_zone: fields.trimmed("time_zone"),
        minimum_group: 5,
        invites_per_month: Some(1),
        letters_gap_days: organisations::LETTERS_GAP_DAYS,
        letters_window: None,
    };
    match organisations::set_up(visit.platform(), who, facts).await {
        Ok((organisation, token, _)) => {
            let_in(&visit, &token).await;
            Reply::to(visit.at(format!("/console/{}/begin", organisation.slug)))
        }
        Err(Error::Gone(words)) => Ok(dead(&visit, &words)),
        Err(error) => mistaken(set_up_page(set_up_form().again(fields, error)?)),
    }
}

// An invitation to the staff.

fn accept_form(offered: &staff::Offered) -> Form {
    let form = Form::default();
    let form = if offered.known {
        let hint = "You have an account with this address. Use its password.";
        form.field(Field::typed("password", "Your password", "", "password").hint(hint).autocomplete("current-password"))
    } else {
        form.field(Field::line("name", "Your name", "").autocomplete("name"))
            .field(Field::typed("password", "A password", "", "password").hint(PASSWORD).autocomplete("new-password"))
    };
    form.submit(Submit::new("Join the staff"))
}

fn accept_page(offered: &staff::Offered, form: Form) -> Page {
    let facts =
        vec![("Your address".to_owned(), offered.email.clone()), ("Your role".to_owned(), offered.role.said().to_owned())];
    Page::new(format!("Join the staff of {}", offered.organisation.name)).block(Block::Facts(facts)).form(form)
}

async fn offered(visit: &Visit, token: &str) -> Result<Option<staff::Offered>> {
    match staff::offered(visit.platform(), token).await {
        Ok(offered) => {
            visit.belongs_to(offered.organisation.id).await?;
            Ok(Some(offered))
        }
        Err(Error::Gone(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

const ASK_AGAIN: &str = "If you have not joined yet, ask an administrator to invite you again.";

async fn ask_accept(visit: Arc<Visit>) -> Result<Reply> {
    match offered(&visit, &token_of(&visit)?).await? {
        Some(offered) => Ok(accept_page(&offered, accept_form(&offered)).into()),
        None => Ok(dead(&visit, ASK_AGAIN)),
    }
}

async fn accept(visit: Arc<Visit>) -> Result<Reply> {
    let token = token_of(&visit)?;
    sessions::slow_down(visit.platform(), &visit.source)?;
    let Some(offered) = offered(&visit, &token).await? else { return Ok(dead(&visit, ASK_AGAIN)) };
    let fields = &visit.fields;
    match staff::accept(visit.platform(), &token, fields.text("name").trim(), fields.text("password").to_owned()).await {
        Ok((token, _)) => {
            let_in(&visit, &token).await;
            Reply::to(visit.at(format!("/console/{}", offered.organisation.slug)))
        }
        Err(Error::Gone(_)) => Ok(dead(&visit, ASK_AGAIN)),
        Err(error) => mistaken(accept_page(&offered, accept_form(&offered).again(fields, error)?)),
    }
}

// A new password.

fn password_form() -> Form {
    Form::default()
        .field(Field::typed("password", "Your new password", "", "password").hint(PASSWORD).autocomplete("new-password"))
        .submit(Submit::new("Change the password"))
}

fn password_page(form: Form) -> Page {
    Page::new("Choose a new password").text("You are then signed out everywhere, and sign in with the new one.").form(form)
}

const ASK_FOR_ANOTHER: &str = "You can ask for a new one on the page where you sign in.";

async fn ask_password(visit: Arc<Visit>) -> Result<Reply> {
    let token = token_of(&visit)?;
    if !sessions::is_live(visit.platform(), &token, AccountLinkPurpose::PasswordReset).await? {
        return Ok(dead(&visit, ASK_FOR_ANOTHER));
    }
    Ok(password_page(password_form()).into())
}

async fn password(visit: Arc<Visit>) -> Result<Reply> {
    let token = token_of(&visit)?;
    sessions::slow_down(visit.platform(), &visit.source)?;
    match sessions::reset(visit.platform(), &token, visit.fields.text("password").to_owned()).await {
        Ok(()) => Reply::to(visit.at("/console/sign-in?done=password")),
        Err(Error::Gone(_)) => Ok(dead(&visit, ASK_FOR_ANOTHER)),
        Err(error) => mistaken(password_page(password_form().again(&visit.fields, error)?)),
    }
}

// Signing in and out.

/// Where to go after signing in: a page of the console, and nowhere else.
fn next(text: &str) -> Option<&str> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_".contains(c));
    let ours = text == "/console" || text.starts_with("/console/");
    (plain && ours && !text.contains("//")).then_some(text)
}

fn sign_in_form(next: Option<&str>) -> Form {
    let form = Form::default()
        .field(Field::typed("email", "E-mail address", "", "email").autocomplete("username"))
        .field(Field::typed("password", "Password", "", "password").autocomplete("current-password"))
        .submit(Submit::new("Sign in"));
    match next {
        Some(next) => form.hidden("next", next),
        None => form,
    }
}

fn sign_in_page(visit: &Visit, form: Form) -> Page {
    let links = vec![Link::new("I have forgotten my password", visit.at("/console/forgotten-password"))];
    let note = "This is for staff. If you were invited to take part, open the link in your letter.";
    Page::new("Sign in").form(form).block(Block::Links(links)).block(Block::Note(note.into()))
}

async fn ask_sign_in(visit: Arc<Visit>) -> Result<Reply> {
    let said = match visit.query.text("done") {
        "password" => Some("Your password has been changed. Sign in with the new one."),
        "out" => Some("You are signed out."),
        _ => None,
    };
    Ok(sign_in_page(&visit, sign_in_form(next(visit.query.text("next")))).said(said).into())
}

async fn sign_in(visit: Arc<Visit>) -> Result<Reply> {
    let (platform, fields) = (visit.platform(), &visit.fields);
    sessions::slow_down(platform, &visit.source)?;
    let email = fields.trimmed("email");
    sessions::slow_down_for(platform, &email)?;
    let next = next(fields.text("next"));
    match sessions::sign_in(platform, &email, fields.text("password").to_owned(), "The console").await {
        Ok((token, _, _)) => {
            let_in(&visit, &token).await;
            Reply::to(visit.at(next.unwrap_or("/console")))
        }
        Err(Error::Forbidden(detail)) => {
            let wrong = Error::invalid("/password", "wrong", detail);
            mistaken(sign_in_page(&visit, sign_in_form(next).again(fields, wrong)?))
        }
        Err(error) => Err(error),
    }
}

async fn sign_out(visit: Arc<Visit>) -> Result<Reply> {
    if let Ok(staff) = visit.staff().await {
        sessions::revoke(visit.platform(), &staff, staff.session).await?;
    }
    visit.forget("staff", "/console");
    Reply::to(visit.at("/console/sign-in?done=out"))
}

fn forgotten_form() -> Form {
    let hint = "If there is an account with it, we send a letter with a link to it.";
    Form::default()
        .field(Field::typed("email", "Your e-mail address", "", "email").hint(hint))
        .submit(Submit::new("Send me a link"))
}

async fn ask_forgotten(visit: Arc<Visit>) -> Result<Reply> {
    let page = Page::new("Forgotten password").back("Back", visit.at("/console/sign-in"));
    if visit.query.text("done") == "sent" {
        let texts = [
            "If there is an account with this address, a letter with a link is on its way to it.",
            "The link works for one hour. Nothing there after a few minutes? Look among unwanted mail.",
        ];
        return Ok(page.texts(texts).into());
    }
    Ok(page.form(forgotten_form()).into())
}

/// The same for everybody, whatever is known about an address.
async fn forgotten(visit: Arc<Visit>) -> Result<Reply> {
    let email = visit.fields.trimmed("email");
    sessions::slow_down(visit.platform(), &visit.source)?;
    sessions::slow_down_for(visit.platform(), &email)?;
    sessions::ask_reset(visit.platform(), &email).await?;
    Reply::to(visit.at("/console/forgotten-password?done=sent"))
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn signing_in_leads_to_a_page_of_the_console_and_nowhere_else() {
        for fine in ["/console", "/console/sunrise", "/console/sunrise/projects/0190-ab"] {
            assert_eq!(next(fine), Some(fine));
        }
        for bad in ["", "/", "/consoles", "//evil.example", "/console//evil.example", "https://evil.example", "/console/\\evil"] {
            assert_eq!(next(bad), None, "{bad}");
        }
    }
}
