//! A letter to somebody made up, for whoever wants to see what people get.

use super::{About, last_day_of};
use crate::{
    invitations::wording::{rules::Gap, show},
    opportunities::{quotas, supported},
    platform::{
        Platform, Result,
        mail::{Form, Letter},
    },
};
use chrono_tz::Tz;
use entity::{
    Contact, InvitationState, LetterFormat, LetterWord, OwnForm, OwnLetter, ParticipantSource, ParticipantState, PlaceState,
    PreferenceDoc, WhyAsked, invitation, opportunity, participant,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Which letter is wanted, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Which letter.
    pub letter: OwnLetter,
    /// As somebody gets it who wants it in this form.
    pub format: LetterFormat,
    /// As somebody gets it who reads this language.
    pub language: String,
}

impl Sample {
    /// The form of the words.
    pub fn form(&self) -> OwnForm {
        if self.format == LetterFormat::EasyRead { OwnForm::EasyRead } else { OwnForm::Plain }
    }
}

/// Writes it, or says what it would lack.
pub async fn sample(
    platform: &Platform,
    way: &opportunity::Model,
    wanted: &Sample,
    words: Vec<LetterWord>,
) -> Result<Result<Letter, BTreeSet<Gap>>> {
    let (db, now) = (platform.db.read(), platform.clock.now());
    let organisation = show::home(platform, way).await?;
    let zone: Tz = organisation.time_zone.parse().unwrap_or(Tz::UTC);
    let sharing = quotas::drawn_by(db, way).await?;
    let days = way.reply_within_days.filter(|_| wanted.letter == OwnLetter::Invite && !sharing.gathers());
    let today = now.with_timezone(&zone).date_naive();
    let person = participant::Model {
        organisation_id: organisation.id,
        id: Uuid::nil().into(),
        email: String::new(),
        email_key: String::new(),
        name: Some("Robin Example".into()),
        language: wanted.language.clone(),
        state: ParticipantState::Joined,
        source: ParticipantSource::SelfRegistered,
        preference_id: None,
        review_after: None,
        created_at: now,
        joined_at: Some(now),
        left_at: None,
        last_asked_at: None,
        version: 1,
    };
    let invitation = invitation::Model {
        organisation_id: organisation.id,
        id: Uuid::nil().into(),
        opportunity_id: way.id,
        participant_id: person.id,
        run_id: None,
        state: InvitationState::Sent,
        question_first: false,
        why: WhyAsked { reasons: vec!["Everybody whose choices fit is asked.".into()] },
        held_until: days.map(|days| last_day_of(today, days, way.closes_on)),
        reminders: 0,
        reminded_at: None,
        ask_again_on: None,
        replied_at: None,
        ended_at: None,
        version: 1,
        created_at: now,
    };
    let url = format!("{}/o/{}", platform.config.public_url, organisation.slug);
    let mut about = About {
        supported: supported::of_one(db, way, now).await?,
        draws_on: sharing.draws_on.filter(|_| sharing.gathers()),
        last_day: sharing.last_day(way.closes_on),
        opportunity: way.clone(),
        wishes: PreferenceDoc { contact: Contact { format: wanted.format, ..Contact::usual() }, ..PreferenceDoc::unspoken() },
        place: (wanted.letter == OwnLetter::Place).then_some(PlaceState::Held),
        topics: Vec::new(),
        part: None,
        own: Default::default(),
        organisation,
        invitation,
        person,
        zone,
    };
    if let Err(gaps) = about.take_words(wanted.letter, &words) {
        return Ok(Err(gaps));
    }
    Ok(Ok(match wanted.letter {
        OwnLetter::Invite => about.invite(&url),
        OwnLetter::Again => about.again(&url),
        OwnLetter::Remind => about.remind(&url),
        OwnLetter::Place => about.place(&url),
    }))
}

/// The form of the words of a letter that is written like this.
pub(super) fn form_of(form: Form) -> OwnForm {
    if form == Form::EasyRead { OwnForm::EasyRead } else { OwnForm::Plain }
}
