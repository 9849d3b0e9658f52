//! Letters about invitations. Each asks once more, at the last moment, whether it may be sent.

mod ended;
mod may;

use super::{AGAIN, DRAW_MOVED, ENDED, INVITE, NO_PLACE, NOT_DRAWN, PLACE, REMIND, TAKEN_BACK, parting, places};
use crate::{
    accounts::links::{self, LinkKind},
    integrity::{
        ahead::Supported,
        ladder::{self, step},
    },
    opportunities::{group::in_words, quotas, supported},
    participants::{rules::quiet_until, trials::in_force},
    platform::{
        Error, Platform, Result,
        mail::{Composed, Letter},
        secret::TokenKind,
    },
};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use entity::{
    InvitationId, LetterFormat, MailState, OrganisationId, PaymentKind, PaymentOffer, PlaceState, PreferenceDoc, Purpose, Time,
    TopicId, invitation, mail_message, opportunity, opportunity_topic, organisation, part, participant,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};

/// Everything a letter about an invitation is made of.
struct About {
    organisation: organisation::Model,
    invitation: invitation::Model,
    opportunity: opportunity::Model,
    person: participant::Model,
    wishes: PreferenceDoc,
    topics: Vec<TopicId>,
    /// What they hold, held or waited for.
    place: Option<PlaceState>,
    /// How they changed their part, if they have.
    part: Option<part::Model>,
    zone: Tz,
    /// The day on which names are drawn among those who say yes, where nobody was drawn yet.
    draws_on: Option<NaiveDate>,
    /// The last day on which an answer is of full use.
    last_day: Option<NaiveDate>,
    /// What it can be, by what is on record.
    supported: Supported,
}

/// How what an offer can be is called, where that is less than it claims to be.
pub const SUPPORTED: &str = "What the record supports";

/// How it is called what a group is.
pub const GROUP: &str = "Who is there";

/// Writes a letter about an invitation, unless it may not be sent any more.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(mut about) = read(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "what the letter is about is gone"));
    };
    if let Some(instead) = may::instead(&platform, &about, &message).await? {
        return Ok(instead);
    }
    let now = platform.clock.now();
    if let Some(later) = quiet_until(&about.wishes, about.zone, now) {
        return Ok(Composed::Later(later));
    }
    let token = platform.secret.token(TokenKind::Invitation, message.id.0);
    let url = links::address(&platform, &about.organisation, LinkKind::Invitation, &token);
    let stop = platform.secret.token(TokenKind::Unsubscribe, message.id.0);
    let stop = links::address(&platform, &about.organisation, LinkKind::Unsubscribe, &stop);
    if message.kind == INVITE {
        hold(&platform, &mut about).await?;
    }
    let letter = match message.kind.as_str() {
        INVITE => about.invite(&url),
        AGAIN => about.again(&url),
        REMIND => about.remind(&url),
        TAKEN_BACK => about.taken_back(),
        PLACE => about.place(&url),
        NO_PLACE => about.no_place(&url),
        NOT_DRAWN => about.not_drawn(&url),
        DRAW_MOVED => about.draw_moved(&url),
        ENDED => about.ended(&platform, &url).await?,
        _ => return Err(Error::bug("a kind of letter that invitations does not write")),
    };
    Ok(Composed::Letter(Box::new(letter.stoppable(stop, format!("{}.{}", message.kind, about.organisation.slug)))))
}

async fn read(platform: &Platform, message: &mail_message::Model) -> Result<Option<About>> {
    let (Some(organisation), Some(subject)) = (message.organisation_id, message.subject_id) else { return Ok(None) };
    let db = platform.db.read();
    let Some(invitation) = invitation::Entity::find_by_id((organisation, InvitationId(subject))).one(db).await? else {
        return Ok(None);
    };
    let opportunity = opportunity::Entity::find_by_id((organisation, invitation.opportunity_id)).one(db).await?;
    let person = participant::Entity::find_by_id((organisation, invitation.participant_id)).one(db).await?;
    let organisation = organisation::Entity::find_by_id(organisation).one(db).await?;
    let (Some(opportunity), Some(person), Some(organisation)) = (opportunity, person, organisation) else { return Ok(None) };
    let zone: Tz = organisation.time_zone.parse().unwrap_or(Tz::UTC);
    let today = platform.clock.now().with_timezone(&zone).date_naive();
    let wishes = in_force(db, &person, today).await?.doc;
    let topics = topics_of(db, organisation.id, opportunity.id).await?;
    let place = places::of(db, organisation.id, opportunity.id, person.id).await?.map(|place| place.state);
    let part = parting::of(db, organisation.id, opportunity.id, person.id).await?;
    let sharing = quotas::drawn_by(db, &opportunity).await?;
    let draws_on = sharing.draws_on.filter(|_| sharing.gathers());
    let last_day = sharing.last_day(opportunity.closes_on);
    let supported = supported::of_one(db, &opportunity, platform.clock.now()).await?;
    Ok(Some(About {
        organisation,
        invitation,
        opportunity,
        person,
        wishes,
        topics,
        place,
        part,
        zone,
        draws_on,
        last_day,
        supported,
    }))
}

/// Holds a place for as many days from the letter on as was said, however long the letter had to wait.
async fn hold(platform: &Platform, about: &mut About) -> Result<()> {
    let (Some(held), Some(days)) = (about.invitation.held_until, about.opportunity.reply_within_days) else { return Ok(()) };
    let today = platform.clock.now().with_timezone(&about.zone).date_naive();
    let until = last_day_of(today, days, about.opportunity.closes_on);
    if until > held {
        invitation::Entity::update_many()
            .col_expr(invitation::Column::HeldUntil, Expr::value(until))
            .filter(invitation::Column::OrganisationId.eq(about.organisation.id))
            .filter(invitation::Column::Id.eq(about.invitation.id))
            .filter(invitation::Column::HeldUntil.is_not_null())
            .exec(platform.db.write())
            .await?;
        about.invitation.held_until = Some(until);
    }
    Ok(())
}

/// The last day on which a place is held for somebody who is asked on a day.
pub(super) fn last_day_of(asked_on: NaiveDate, days: i32, closes_on: Option<NaiveDate>) -> NaiveDate {
    let last = asked_on + Days::new(u64::try_from(days).unwrap_or(0));
    closes_on.map_or(last, |closes| closes.min(last))
}

/// What an opportunity is about.
pub async fn topics_of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: entity::OpportunityId,
) -> Result<Vec<TopicId>> {
    let rows = opportunity_topic::Entity::find()
        .filter(opportunity_topic::Column::OrganisationId.eq(organisation))
        .filter(opportunity_topic::Column::OpportunityId.eq(opportunity))
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.topic_id).collect())
}

/// Which consent a letter that asks something needs. Who asked to be asked again did so themselves: that is no reminder.
pub(super) fn purpose(kind: &str) -> Purpose {
    if kind == REMIND { Purpose::ContactReminder } else { Purpose::ContactInvite }
}

impl About {
    fn letter(&self, subject: String) -> Letter {
        let reason = format!(
            "You get this letter because you joined {} and chose to be asked. {}",
            self.organisation.name,
            contact(&self.organisation)
        );
        // The words are English, whatever else the person reads.
        let letter = Letter::new(&self.organisation.name, subject, reason).as_wished(&self.wishes.contact);
        letter.text(match &self.person.name {
            Some(name) => format!("Dear {name},"),
            None => "Hello,".to_owned(),
        })
    }

    fn invite(&self, url: &str) -> Letter {
        let opportunity = &self.opportunity;
        let rung = step(opportunity.rung);
        let first = self.invitation.why.reasons.first().filter(|_| self.invitation.question_first);
        let opening = match first {
            Some(reason) => format!("{reason} So here is a question: would you like to take part in this?"),
            None => "We would like to ask you to take part in this.".to_owned(),
        };
        self.letter(format!("Would you like to take part: {}", opportunity.title))
            .text(opening)
            .text(&opportunity.summary)
            .facts(vec![
                ("What this is", format!("{}. {}", rung.people_say, self.in_their_form(rung))),
                (SUPPORTED, supported::in_words(&self.supported).unwrap_or_default()),
                ("What we promise", promise(opportunity)),
                ("What can change", opportunity.open_to_influence.clone()),
                ("What cannot change", opportunity.not_open.clone()),
                ("Who decides", opportunity.who_decides.clone()),
                ("Time it takes", time(opportunity)),
                ("When", self.when()),
                (GROUP, in_words(opportunity.group_facts.as_ref())),
                ("Payment", payment(&opportunity.payment)),
                ("Support", opportunity.support.clone()),
                ("Please note", opportunity.content_note.clone().unwrap_or_default()),
                ("Someone to talk to", support(opportunity)),
                ("Answer by", self.last_day.map(day).unwrap_or_default()),
                ("You hear what came of it by", opportunity.feedback_due.map(day).unwrap_or_default()),
                ("How people are chosen", opportunity.how_chosen.clone()),
            ])
            .text(self.invitation.held_until.map(|last| holds(last, self.invitation.question_first)).unwrap_or_default())
            .text(self.draws_on.map(draws).unwrap_or_default())
            .heading("Why you were asked")
            .list(self.invitation.why.reasons.clone())
            .button("Read more and answer", url)
            .text("Yes, no, later, or something lighter: every answer is fine, and you need give no reason.")
            .text(format!("{}.", ladder::ATTRIBUTION))
    }

    /// What a rung means, in the form that the person reads best.
    fn in_their_form(&self, rung: &ladder::Step) -> &'static str {
        if self.wishes.contact.format == LetterFormat::EasyRead { rung.easy_read } else { rung.plain }
    }

    fn again(&self, url: &str) -> Letter {
        self.once_more("You asked us to ask again", "You asked us to ask you again today about", url)
    }

    fn remind(&self, url: &str) -> Letter {
        self.once_more("A reminder", "We wrote to you about", url)
    }

    fn once_more(&self, subject: &str, opening: &str, url: &str) -> Letter {
        let opportunity = &self.opportunity;
        let by = self.last_day.map(|last| format!(" You can answer until {}.", day(last))).unwrap_or_default();
        self.letter(format!("{subject}: {}", opportunity.title))
            .text(format!("{opening} “{}”.{by}", opportunity.title))
            .button("Read more and answer", url)
            .text("If it is not for you, you can say no there, or leave it. Nothing follows from that.")
    }

    fn taken_back(&self) -> Letter {
        let title = &self.opportunity.title;
        let opening = match self.place {
            Some(_) => format!("You were on the waiting list for “{title}”. We have taken you off it."),
            None => format!("We had asked you about “{title}”. We have taken the question back."),
        };
        self.letter(format!("You need not do anything about: {title}"))
            .text(opening)
            .text("It no longer fits what you told us about how you want to be involved. You need not do anything about it.")
    }

    fn no_place(&self, url: &str) -> Letter {
        let title = &self.opportunity.title;
        let ended = match self.draws_on {
            Some(_) => format!(
                "You said yes to “{title}”. No names could be drawn for it, so nobody has got a place by lot, and the list has ended now."
            ),
            None => format!("You were on the waiting list for “{title}”. No place has become free, and the list has ended now."),
        };
        self.letter(format!("The waiting list has ended: {title}"))
            .text(ended)
            .text("Thank you for being ready to take part. You need not do anything, and nothing follows from this for you.")
            .button("See what it was about", url)
    }

    fn not_drawn(&self, url: &str) -> Letter {
        let title = &self.opportunity.title;
        self.letter(format!("Names were drawn: {title}"))
            .text(format!("You said yes to “{title}”. Thank you. Names were drawn by lot among all who said yes."))
            .text("Your name was not among them. That says nothing about you.")
            .text("If a place becomes free, names are drawn for it among all who said yes. We write to you if yours comes up.")
            .button("See where you stand, or say that you no longer want a place", url)
    }

    fn draw_moved(&self, url: &str) -> Letter {
        let title = &self.opportunity.title;
        let on = self.draws_on.map(day).unwrap_or_default();
        self.letter(format!("Names are drawn later: {title}"))
            .text(format!("You said yes to “{title}”. Names could not be drawn on the day that we told you."))
            .text(format!("They are drawn on {on}. Yours is among them, and you need not do anything."))
            .button("See where you stand, or say that you no longer want a place", url)
    }

    fn place(&self, url: &str) -> Letter {
        let opportunity = &self.opportunity;
        self.letter(format!("You have a place: {}", opportunity.title))
            .text(format!("You have a place in “{}”.", opportunity.title))
            .facts(vec![
                ("When", self.when()),
                ("Time it takes", time(opportunity)),
                ("Payment", payment(&opportunity.payment)),
                ("Support", opportunity.support.clone()),
                ("Someone to talk to", support(opportunity)),
            ])
            .button("See your place, or give it up", url)
            .text("If something changes for you, you can give the place up there at any time. You need give no reason.")
    }

    fn when(&self) -> String {
        self.opportunity.starts_at.map(|at| moment(at, self.zone)).unwrap_or_default()
    }
}

fn contact(organisation: &organisation::Model) -> String {
    format!("Questions: {}", organisation.contact)
}

fn support(opportunity: &opportunity::Model) -> String {
    opportunity.support_contact.as_ref().map(|contact| format!("{}, {}", contact.name, contact.reach)).unwrap_or_default()
}

/// What was promised on the day it opened.
pub fn promise(opportunity: &opportunity::Model) -> String {
    opportunity.promised.as_ref().map(|told| told.promise.clone()).unwrap_or_default()
}

/// Until when a place is held, in words.
pub fn holds(last: NaiveDate, question_first: bool) -> String {
    let until = match question_first {
        // Nothing is offered before they have answered; nor does anybody lose a place because they want to be asked first.
        true => format!("If you would like to, a place stays free for you until {}.", day(last)),
        false => format!("We hold this place for you until {}.", day(last)),
    };
    format!("{until} After that you can still say yes if a place is free.")
}

/// When names are drawn, in words.
fn draws(on: NaiveDate) -> String {
    format!("A yes is not a place yet. Names are drawn by lot on {}, among all who have said yes before.", day(on))
}

/// A date in words.
pub fn day(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

/// A time as the clocks of a time zone show it.
pub fn moment(at: Time, zone: Tz) -> String {
    at.with_timezone(&zone).format("%A %-d %B %Y, %H:%M").to_string()
}

/// The time an opportunity takes, in words.
pub fn time(opportunity: &opportunity::Model) -> String {
    let words = |minutes: i32| match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} minutes"),
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (1, minutes) => format!("1 hour {minutes} minutes"),
        (hours, minutes) => format!("{hours} hours {minutes} minutes"),
    };
    match opportunity.preparation_minutes {
        0 => words(opportunity.minutes),
        preparation => format!("{}, and {} to prepare", words(opportunity.minutes), words(preparation)),
    }
}

/// A payment offer in words.
pub fn payment(offer: &PaymentOffer) -> String {
    let amount = |pence: i64| format!("£{}.{:02}", pence / 100, pence % 100);
    let mut text = match (offer.kind, offer.amount_pence) {
        (PaymentKind::Unpaid, _) => "This is not paid.".to_owned(),
        (PaymentKind::Amount, Some(pence)) => format!("{} for everything, preparation included.", amount(pence)),
        (PaymentKind::Voucher, Some(pence)) => format!("A voucher of {}.", amount(pence)),
        (PaymentKind::Salary, Some(pence)) => format!("A paid role: {}.", amount(pence)),
        (kind, None) => format!("{kind}."),
    };
    for part in [&offer.expenses, &offer.how] {
        if !part.trim().is_empty() {
            text.push(' ');
            text.push_str(part.trim());
        }
    }
    text
}
