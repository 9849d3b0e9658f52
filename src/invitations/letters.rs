//! Letters about invitations. Each asks once more, at the last moment, whether it may be sent.

pub mod easy;
mod ended;
mod facts;
mod gap;
mod may;
pub mod sample;
mod words;

pub use facts::{day, holds, moment, payment, promise, time};

use super::{
    AGAIN, DRAW_MOVED, ENDED, INVITE, NO_PLACE, NOT_DRAWN, PLACE, REMIND, TAKEN_BACK, parting, places,
    wording::{
        self,
        rules::{self, Gap, Taken, Values},
    },
};
use crate::{
    accounts::links::{self, LinkKind},
    integrity::ahead::Supported,
    opportunities::{quotas, supported},
    participants::{
        rules::{Window, end_of},
        trials::in_force,
    },
    platform::{
        Error, Platform, Result,
        mail::{Composed, Form},
        secret::TokenKind,
    },
};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use entity::{
    InvitationId, LetterWord, MailState, OrganisationId, OwnLetter, PlaceState, PreferenceDoc, Purpose, Time, TopicId,
    invitation, mail_message, opportunity, opportunity_topic, organisation, part, participant,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use std::collections::BTreeSet;

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
    /// What the coordinator says in their own words.
    own: Taken,
}

/// How what an offer can be is called, where that is less than it claims to be.
pub const SUPPORTED: &str = "What the record supports";

/// How it is called what a group is.
pub const GROUP: &str = "Who is there";

/// Writes a letter about an invitation, unless it may not be sent any more.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    if message.kind == wording::TEST {
        return wording::show::compose(platform, message).await;
    }
    let Some(mut about) = read(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "what the letter is about is gone"));
    };
    if let Some(instead) = may::instead(&platform, &about, &message).await? {
        return Ok(instead);
    }
    let now = platform.clock.now();
    if let Some(later) = about.waits_until(platform.db.read(), &message.kind, now).await? {
        return Ok(Composed::Later(later));
    }
    let token = platform.secret.token(TokenKind::Invitation, message.id.0);
    let url = links::address(&platform, &about.organisation, LinkKind::Invitation, &token);
    let stop = platform.secret.token(TokenKind::Unsubscribe, message.id.0);
    let stop = links::address(&platform, &about.organisation, LinkKind::Unsubscribe, &stop);
    if message.kind == INVITE {
        hold(&platform, &mut about).await?;
    }
    if let Some(own) = wording::letter_of(&message.kind) {
        // As they were when the letter was made: sent again, it is the same letter.
        let (home, way) = (about.organisation.id, about.opportunity.id);
        let words = wording::at(platform.db.read(), home, way, message.date).await?;
        if about.take_words(own, &words).is_err() {
            return Ok(Composed::Drop(MailState::Cancelled, "the words of the coordinator would have a gap for this person"));
        }
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
        own: Taken::default(),
    }))
}

/// Holds a place for as many days from the letter on as was said, however long the letter had to wait.
#[allow(clippy::disallowed_methods)]
async fn hold(platform: &Platform, about: &mut About) -> Result<()> {
    let (Some(held), Some(days)) = (about.invitation.held_until, about.opportunity.reply_within_days) else { return Ok(()) };
    let today = platform.clock.now().with_timezone(&about.zone).date_naive();
    let until = last_day_of(today, days, about.opportunity.closes_on);
    if until > held {
        let held = invitation::Entity::update_many()
            .col_expr(invitation::Column::HeldUntil, Expr::value(until))
            .filter(invitation::Column::OrganisationId.eq(about.organisation.id))
            .filter(invitation::Column::Id.eq(about.invitation.id))
            .filter(invitation::Column::HeldUntil.is_not_null());
        // In a task of its own: composing lets others go first, and must not do so while they wait for the turn to write that it has.
        let db = platform.db.clone();
        let held = tokio::spawn(async move { held.exec(db.write()).await }).await;
        held.map_err(|_| Error::unavailable("the runtime is shutting down"))??;
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

/// What a coordinator's words may name about an opportunity: the same for everybody.
pub async fn values(
    connection: &impl ConnectionTrait,
    organisation: &organisation::Model,
    way: &opportunity::Model,
) -> Result<Values> {
    let zone: Tz = organisation.time_zone.parse().unwrap_or(Tz::UTC);
    let last_day = quotas::drawn_by(connection, way).await?.last_day(way.closes_on);
    Ok(values_of(organisation, way, zone, last_day))
}

fn values_of(organisation: &organisation::Model, way: &opportunity::Model, zone: Tz, last_day: Option<NaiveDate>) -> Values {
    let known = [
        ("title", Some(way.title.clone())),
        ("organisation", Some(organisation.name.clone())),
        ("contact", Some(organisation.contact.clone())),
        ("starts", way.starts_at.map(|at| moment(at, zone))),
        ("answer_by", last_day.map(day)),
        ("feedback_by", way.feedback_due.map(day)),
    ];
    Values(known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

impl About {
    /// When a letter of a kind may leave, if not now. One that asks is of use as long as an answer is, and any of them as long as what
    /// it is about has not begun. The organisation's hours take nothing from anybody: where an invitation would then give less notice
    /// than the person wants, or a reminder would come too late, the person's own hours count alone.
    async fn waits_until(&self, connection: &impl ConnectionTrait, kind: &str, now: Time) -> Result<Option<Time>> {
        let held = self.invitation.held_until.filter(|_| kind == REMIND);
        let asks = [INVITE, AGAIN, REMIND].contains(&kind);
        let last_day = self.last_day.into_iter().chain(held).min().filter(|_| asks);
        let ends = last_day.and_then(|day| end_of(day, self.zone));
        let deadline = ends.into_iter().chain(self.opportunity.starts_at).min();
        let window = Window::of(&self.organisation);
        let (own, both) = [window.set_aside(), window].map(|window| window.waits_until(&self.wishes, now, deadline)).into();
        let Some(at) = both.filter(|_| both != own) else { return Ok(own) };
        let lost = match kind {
            INVITE if self.invitation.run_id.is_some() => self.unwanted(connection, INVITE, at).await?,
            REMIND => self.is_late(at),
            _ => false,
        };
        Ok(if lost { own } else { both })
    }

    /// Takes the coordinator's words for a letter to this person, or says what it would lack.
    fn take_words(&mut self, letter: OwnLetter, words: &[LetterWord]) -> Result<(), BTreeSet<Gap>> {
        let values = values_of(&self.organisation, &self.opportunity, self.zone, self.last_day);
        let values = values.named(self.person.name.as_deref());
        let form = sample::form_of(Form::of(&self.wishes.contact));
        self.own = rules::take(words, letter, &self.person.language, form, &values)?;
        Ok(())
    }
}
