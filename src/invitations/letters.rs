//! Letters about invitations. Each asks once more, at the last moment, whether it may be sent.

use super::{AGAIN, INVITE, PLACE, REMIND, TAKEN_BACK, rules};
use crate::{
    accounts::links::{self, LinkKind},
    consent::permits,
    integrity::ladder::{self, step},
    opportunities,
    participants::rules::{allowed, objection, quiet_until},
    platform::{
        Error, Platform, Result,
        mail::{Composed, Letter},
        secret::TokenKind,
    },
};
use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use entity::{
    InvitationId, InvitationState, LetterFormat, MailState, MatchRunId, OpportunityKind, OrganisationId, ParticipantState,
    PaymentKind, PaymentOffer, PreferenceDoc, Purpose, Time, TopicId, invitation, mail_message, opportunity, opportunity_topic,
    organisation, participant, preference, response,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect};

/// Everything a letter about an invitation is made of.
struct About {
    organisation: organisation::Model,
    invitation: invitation::Model,
    opportunity: opportunity::Model,
    person: participant::Model,
    wishes: PreferenceDoc,
    topics: Vec<TopicId>,
    zone: Tz,
}

/// Writes a letter about an invitation, unless it may not be sent any more.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(about) = read(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "what the letter is about is gone"));
    };
    if let Some(drop) = forbidden(&platform, &about, &message.kind).await? {
        return Ok(drop);
    }
    let now = platform.clock.now();
    if let Some(later) = quiet_until(&about.wishes, about.zone, now) {
        return Ok(Composed::Later(later));
    }
    let token = platform.secret.token(TokenKind::Invitation, message.id.0);
    let url = links::address(&platform, &about.organisation, LinkKind::Invitation, &token);
    let stop = platform.secret.token(TokenKind::Unsubscribe, message.id.0);
    let stop = links::address(&platform, &about.organisation, LinkKind::Unsubscribe, &stop);
    let letter = match message.kind.as_str() {
        INVITE => about.invite(&url),
        AGAIN => about.again(&url),
        REMIND => about.remind(&url),
        TAKEN_BACK => about.taken_back(),
        PLACE => about.place(&url),
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
    let wishes = wishes_of(db, &person).await?;
    let topics = topics_of(db, organisation.id, opportunity.id).await?;
    let zone = organisation.time_zone.parse().unwrap_or(Tz::UTC);
    Ok(Some(About { organisation, invitation, opportunity, person, wishes, topics, zone }))
}

/// How a person wants to be involved, now.
pub async fn wishes_of(connection: &impl ConnectionTrait, person: &participant::Model) -> Result<PreferenceDoc> {
    let found = match person.preference_id {
        Some(id) => preference::Entity::find_by_id((person.organisation_id, id)).one(connection).await?,
        None => None,
    };
    Ok(found.map_or_else(PreferenceDoc::unspoken, |row| row.document))
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

/// Why a letter may not be sent any more, if it may not.
async fn forbidden(platform: &Platform, about: &About, kind: &str) -> Result<Option<Composed>> {
    let (now, db) = (platform.clock.now(), platform.db.read());
    let drop = |state, why| Ok(Some(Composed::Drop(state, why)));
    if about.person.state != ParticipantState::Joined {
        return drop(MailState::Cancelled, "the person has left");
    }
    // What was promised or settled is told in any case: it asks nothing of anybody.
    if matches!(kind, TAKEN_BACK | PLACE) {
        return Ok(None);
    }
    if !opportunities::takes_answers(&about.opportunity, now, about.zone) {
        return drop(MailState::Expired, "the opportunity has closed");
    }
    // Who said yes to a consultation and has not answered its questions may be reminded.
    let unanswered = kind == REMIND
        && about.opportunity.kind == OpportunityKind::Consultation
        && about.invitation.state == InvitationState::Accepted
        && !about.has_answered(db).await?;
    if !rules::is_open(about.invitation.state) && !unanswered {
        return drop(MailState::Cancelled, "the invitation was answered or taken back");
    }
    let (purpose, organisation) = (purpose(kind), about.organisation.id);
    // Somebody who chose a lighter way themselves was not picked by us: that is their own act.
    // A reminder is our act again, and asks for agreement like any other.
    let own_choice = about.invitation.run_id.is_none() && kind != REMIND;
    if !own_choice && !permits(db, organisation, about.person.id, purpose, organisation.0, now).await? {
        return drop(MailState::Suppressed, "consent to such letters does not stand");
    }
    // A lighter way that somebody chose may lie outside their wishes; only a pause speaks against a reminder of it.
    let unwanted = match about.invitation.run_id {
        Some(_) => about.unwanted(now),
        None => kind == REMIND && allowed(&about.wishes, &[], opportunities::today(now, about.zone)).is_nothing(),
    };
    if unwanted {
        return drop(MailState::Cancelled, "the person no longer wants this");
    }
    if kind == INVITE && about.is_too_much(db, now).await? {
        return drop(MailState::Cancelled, "the person has been asked as much this month as they want");
    }
    Ok(None)
}

/// An earlier invitation: its state, its run, its letter, and the minutes it asks for.
type Asked = (InvitationState, Option<MatchRunId>, Option<MailState>, i32, i32);

impl About {
    /// Whether something in the person's wishes, as they are now, speaks against this.
    fn unwanted(&self, now: Time) -> bool {
        let offer = rules::offer(&self.opportunity, &self.topics, self.invitation.created_at, self.zone, now);
        objection(&self.wishes, &offer).is_some()
    }

    /// Whether this invitation is more than the person wants in a month: they may have changed it since it was made.
    async fn is_too_much(&self, connection: &impl ConnectionTrait, now: Time) -> Result<bool> {
        let load = &self.wishes.load;
        if self.invitation.run_id.is_none() || (load.invites_per_month_max.is_none() && load.minutes_per_month_max.is_none()) {
            return Ok(false);
        }
        let began = opportunities::month_began(self.zone, now);
        let asked: Vec<Asked> = invitation::Entity::find()
            .select_only()
            .column(invitation::Column::State)
            .column(invitation::Column::RunId)
            .column_as(mail_message::Column::State, "letter")
            .column(opportunity::Column::Minutes)
            .column(opportunity::Column::PreparationMinutes)
            .join(JoinType::InnerJoin, super::to_opportunity())
            .join(JoinType::LeftJoin, super::to_letter())
            .filter(invitation::Column::OrganisationId.eq(self.organisation.id))
            .filter(invitation::Column::ParticipantId.eq(self.person.id))
            .filter(
                Condition::any()
                    .add(invitation::Column::CreatedAt.gte(began))
                    .add(mail_message::Column::SentAt.gte(began))
                    .add(invitation::Column::Id.eq(self.invitation.id)),
            )
            // What came later does not count against what came before.
            .filter(invitation::Column::Id.lte(self.invitation.id))
            .into_tuple()
            .all(connection)
            .await?;
        let asked: Vec<_> = asked.into_iter().filter(|(state, run, letter, ..)| rules::counts(*state, *run, *letter)).collect();
        let letters = i64::try_from(asked.len()).unwrap_or(i64::MAX);
        let minutes: i64 = asked
            .iter()
            .filter(|(state, ..)| rules::takes_time(*state))
            .map(|(.., minutes, preparation)| i64::from(*minutes) + i64::from(*preparation))
            .sum();
        Ok(load.invites_per_month_max.is_some_and(|most| letters > i64::from(most))
            || load.minutes_per_month_max.is_some_and(|most| minutes > i64::from(most)))
    }

    async fn has_answered(&self, connection: &impl ConnectionTrait) -> Result<bool> {
        let found = response::Entity::find()
            .filter(response::Column::OrganisationId.eq(self.organisation.id))
            .filter(response::Column::InvitationId.eq(self.invitation.id))
            .one(connection)
            .await?;
        Ok(found.is_some())
    }

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
                ("What we promise", promise(opportunity)),
                ("What can change", opportunity.open_to_influence.clone()),
                ("What cannot change", opportunity.not_open.clone()),
                ("Who decides", opportunity.who_decides.clone()),
                ("Time it takes", time(opportunity)),
                ("When", self.when()),
                ("Payment", payment(&opportunity.payment)),
                ("Support", opportunity.support.clone()),
                ("Please note", opportunity.content_note.clone().unwrap_or_default()),
                ("Someone to talk to", support(opportunity)),
                ("Answer by", opportunity.closes_on.map(day).unwrap_or_default()),
                ("You hear what came of it by", opportunity.feedback_due.map(day).unwrap_or_default()),
                ("How people are chosen", opportunity.how_chosen.clone()),
            ])
            .text(self.invitation.held_until.map(holds).unwrap_or_default())
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
        let by = opportunity.closes_on.map(|last| format!(" You can answer until {}.", day(last))).unwrap_or_default();
        self.letter(format!("{subject}: {}", opportunity.title))
            .text(format!("{opening} “{}”.{by}", opportunity.title))
            .button("Read more and answer", url)
            .text("If it is not for you, you can say no there, or leave it. Nothing follows from that.")
    }

    fn taken_back(&self) -> Letter {
        self.letter(format!("No longer needed: {}", self.opportunity.title))
            .text(format!("We had asked you about “{}”. You do not need to do anything about it.", self.opportunity.title))
            .text("It no longer fits what you told us about how you want to be involved, so we have taken the question back.")
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
        let local = |at: DateTime<chrono::Utc>| at.with_timezone(&self.zone).format("%A %-d %B %Y, %H:%M").to_string();
        self.opportunity.starts_at.map(local).unwrap_or_default()
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
pub fn holds(last: NaiveDate) -> String {
    format!("We hold this place for you until {}. After that you can still say yes if a place is free.", day(last))
}

/// A date in words.
pub fn day(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
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
