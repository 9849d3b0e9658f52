//! Letters about joining and signing in. Each asks once more, when it is sent, whether it still makes sense.

use super::{JOIN, JOIN_INVITATION, SIGN_IN, links, preferences, rules::Window};
use crate::{
    accounts::links::{LinkKind, address},
    platform::{
        Error, Platform, Result,
        mail::{Both, Composed, Letter, both, suppression},
        secret::TokenKind,
    },
};
use entity::{
    Contact, MailState, ParticipantId, ParticipantLinkId, ParticipantLinkPurpose, ParticipantState, mail_message, organisation,
    participant, participant_link,
};
use sea_orm::EntityTrait;

/// What a letter is about.
struct Matter {
    organisation: organisation::Model,
    person: participant::Model,
    link: participant_link::Model,
}

/// Writes a letter, unless its link was used or has ended, or the person's state has changed.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let matter = read(&platform, &message).await?;
    if let Some(drop) = outdated(&platform, &message, &matter).await? {
        return Ok(drop);
    }
    let Matter { organisation, person, link } = matter;
    let token = platform.secret.token(links::token_kind(link.purpose), link.id.0);
    let kind = if link.purpose == ParticipantLinkPurpose::SignIn { LinkKind::SignIn } else { LinkKind::Join };
    let url = address(&platform, &organisation, kind, &token);
    let (_, wishes) = preferences::current(platform.db.read(), &person).await?;
    let letter = match message.kind.as_str() {
        JOIN => join(&organisation, &wishes.contact, &url),
        SIGN_IN => sign_in(&organisation, &wishes.contact, &url),
        JOIN_INVITATION => {
            // Nobody asked for it: it can wait.
            let (window, now) = (Window::of(&organisation), platform.clock.now());
            if let Some(later) = window.waits_until(&wishes, now, link.expires_at) {
                return Ok(Composed::Later(later));
            }
            let stop = platform.secret.token(TokenKind::Unsubscribe, message.id.0);
            let stop = address(&platform, &organisation, LinkKind::Unsubscribe, &stop);
            invitation(&organisation, &wishes.contact, &url, &stop)
        }
        _ => return Err(Error::bug("a kind of letter that participants does not write")),
    };
    Ok(Composed::Letter(Box::new(letter)))
}

async fn read(platform: &Platform, message: &mail_message::Model) -> Result<Matter> {
    let missing = || Error::bug("a letter about no link");
    let (Some(id), Some(subject)) = (message.organisation_id, message.subject_id) else { return Err(missing()) };
    let db = platform.db.read();
    let organisation = organisation::Entity::find_by_id(id).one(db).await?.ok_or_else(missing)?;
    let person = participant::Entity::find_by_id((id, ParticipantId(message.recipient_id))).one(db).await?;
    let link = participant_link::Entity::find_by_id((id, ParticipantLinkId(subject))).one(db).await?;
    Ok(Matter { organisation, person: person.ok_or_else(missing)?, link: link.ok_or_else(missing)? })
}

/// Why a letter must not be sent any more, if it must not.
async fn outdated(platform: &Platform, message: &mail_message::Model, matter: &Matter) -> Result<Option<Composed>> {
    let drop = |state, why| Ok(Some(Composed::Drop(state, why)));
    if matter.link.used_at.is_some() {
        return drop(MailState::Cancelled, "the link was used or taken back");
    }
    if matter.link.expires_at.is_some_and(|end| end <= platform.clock.now()) {
        return drop(MailState::Expired, "the link has ended");
    }
    let fits = match message.kind.as_str() {
        SIGN_IN => matter.person.state == ParticipantState::Joined,
        JOIN => matter.person.state != ParticipantState::Joined,
        _ => matter.person.state == ParticipantState::Invited,
    };
    if !fits {
        return drop(MailState::Cancelled, "the person has joined or left in the meantime");
    }
    // Whoever asked for a letter gets it; nobody asked for this one.
    if message.kind == JOIN_INVITATION {
        let key = matter.person.email_key.as_str();
        let no = suppression::suppressed(platform.db.read(), platform, matter.organisation.id, [key], JOIN_INVITATION).await?;
        if !no.is_empty() {
            return drop(MailState::Suppressed, "the person does not want such letters");
        }
    }
    Ok(None)
}

fn join(organisation: &organisation::Model, contact: &Contact, url: &str) -> Letter {
    let name = &organisation.name;
    let subject = both(format!("Confirm that you want to join {name}"), format!("Do you want to join {name}?"));
    let reason = both("You get this letter because somebody entered this address.", "Somebody gave us this address.");
    Letter::to(contact, name, subject, reason).unanswerable()
        .text(both(
            format!("Somebody, most likely you, wants to take part in what {name} does, and gave this address."),
            format!("Somebody gave us your address.\nWas it you?\nThen you can join {name} now."),
        ))
        .heading(both("", "What to do"))
        .text(both("", "Press the button if you want to join."))
        .button("Yes, I want to join", url)
        .text(both(
            "The link works for 48 hours and once. If it was not you, leave it: nothing will happen.",
            "The button works for 2 days.\nIt works one time.",
        ))
        .text(both("", "Was it not you?\nThen do nothing.\nNothing will happen."))
        .heading(both("", "After you join"))
        .text(both(
            "After joining you choose how much you want to be involved. You can change that, pause or leave at any time.",
            "You choose what you want to do.\nYou choose how much you want to do.\nYou can change it at any time.\nYou can stop for a while.\nYou can leave at any time.",
        ))
        .heading(both("", "Questions?"))
        .text(questions(organisation))
}

fn sign_in(organisation: &organisation::Model, contact: &Contact, url: &str) -> Letter {
    let name = &organisation.name;
    let reason = both(
        "You get this letter because somebody asked for it with this address.",
        "Somebody asked us to send this letter to you.",
    );
    Letter::to(contact, name, format!("Your link to {name}"), reason)
        .text(both("Here is the link to your own page.", "This button opens your own page."))
        .button("Open my page", url)
        .text(both(
            "The link works for 15 minutes and once. If you did not ask for it, leave it.",
            "The button works for 15 minutes.\nIt works one time.",
        ))
        .text(both("", "Did you not ask for this?\nThen do nothing."))
        .heading(both("", "Questions?"))
        .text(questions(organisation))
}

fn invitation(organisation: &organisation::Model, contact: &Contact, url: &str, stop: &str) -> Letter {
    let name = &organisation.name;
    let subject = both(format!("{name} asks whether you want to join"), format!("Do you want to join {name}?"));
    let reason = both(format!("{name} gave us your address to send you this letter."), format!("{name} gave us your address."));
    Letter::to(contact, name, subject, reason).unanswerable()
        .text(both(
            format!("{name} involves people in its work and asks whether you would like to be one of them."),
            format!("{name} asks people what they think.\nThey ask you if you want to join."),
        ))
        .text(both(
            format!("{name} gave us your address for this letter. You have not been signed up for anything."),
            format!("{name} gave us your address for this letter.\nYou have not joined yet."),
        ))
        .heading(both("", "What to do"))
        .text(both(
            "If you do nothing, nothing happens, and you will not be reminded.",
            "You can do nothing.\nThen nothing happens.\nWe do not ask you again.",
        ))
        .text(both("", "Do you want to know more?\nPress this button."))
        .button("See what it is about and join", url)
        .heading(both("", "After you join"))
        .text(both(
            "If you join, you choose how much you want to be involved. You can change that, pause or leave at any time.",
            "You choose what you want to do.\nYou choose how much you want to do.\nYou can change it at any time.\nYou can stop for a while.\nYou can leave at any time.",
        ))
        .heading(both("", "Do you want no more letters?"))
        .text(both(
            format!("If you do not want letters like this, use this link, and that is all you need to do: {stop}"),
            format!("Use this link.\nThat is all you need to do.\n{stop}"),
        ))
        .heading(both("", "Questions?"))
        .text(questions(organisation))
        .stoppable(stop, format!("join.{}", organisation.slug))
}

fn questions(organisation: &organisation::Model) -> Both {
    both(
        format!("Questions? {}: {}", organisation.name, organisation.contact),
        format!("You can ask {}.\n{}", organisation.name, organisation.contact),
    )
}
