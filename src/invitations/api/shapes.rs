//! What requests and answers about invitations, replies and places look like.

use crate::{
    accounts::api::mailings::MailingOut,
    integrity::ladder::{self, step},
    invitations::{
        letters::{payment, promise, time},
        mailings::Mailing,
    },
    opportunities::group::in_words,
    statistics::api::CountOut,
};
use chrono::NaiveDate;
use entity::{
    Format, InvitationId, InvitationState, MailState, MatchRunId, OpportunityId, OpportunityKind, ParticipantId, PaymentOffer,
    PlaceId, PlaceState, Rung, SupportContact, Time, opportunity,
};
use poem_openapi::Object;
use serde::Deserialize;
use uuid::Uuid;

/// What somebody is asked to take part in.
#[derive(Object)]
pub struct OfferOut {
    /// Id of the opportunity.
    pub opportunity: OpportunityId,
    /// What kind of activity it is.
    pub kind: OpportunityKind,
    /// Title.
    pub title: String,
    /// What it is about.
    pub summary: String,
    /// Its rung on the ladder.
    pub rung: Rung,
    /// The rung in people's words.
    pub rung_in_words: String,
    /// What the rung means.
    pub rung_meaning: String,
    /// Who made the ladder.
    pub attribution: String,
    /// What was promised on the day it opened.
    pub promise: String,
    /// What can change.
    pub open_to_influence: String,
    /// What cannot.
    pub not_open: String,
    /// Who decides.
    pub who_decides: String,
    /// How people are chosen.
    pub how_chosen: String,
    /// The time it takes, in words.
    pub time: String,
    /// Minutes, without preparation.
    pub minutes: i32,
    /// Minutes to prepare.
    pub preparation_minutes: i32,
    /// Forms it takes.
    pub formats: Vec<Format>,
    /// What the group is in which people meet others, in words; empty where it was not said.
    pub group_in_words: String,
    /// When it starts.
    #[oai(skip_serializing_if_is_none)]
    pub starts_at: Option<Time>,
    /// The payment offer.
    pub payment: PaymentOffer,
    /// The payment offer in words.
    pub payment_in_words: String,
    /// Support that is offered.
    pub support: String,
    /// What may be hard to read or hear.
    #[oai(skip_serializing_if_is_none)]
    pub content_note: Option<String>,
    /// Someone to talk to.
    #[oai(skip_serializing_if_is_none)]
    pub support_contact: Option<SupportContact>,
    /// Last day for an answer.
    #[oai(skip_serializing_if_is_none)]
    pub closes_on: Option<NaiveDate>,
    /// By then people hear what came of it.
    #[oai(skip_serializing_if_is_none)]
    pub feedback_due: Option<NaiveDate>,
}

impl OfferOut {
    pub fn of(row: opportunity::Model) -> Self {
        let rung = step(row.rung);
        let promise = promise(&row);
        Self {
            time: time(&row),
            payment_in_words: payment(&row.payment),
            opportunity: row.id,
            kind: row.kind,
            title: row.title,
            summary: row.summary,
            rung: row.rung,
            rung_in_words: rung.people_say.into(),
            rung_meaning: rung.plain.into(),
            attribution: ladder::ATTRIBUTION.into(),
            promise,
            open_to_influence: row.open_to_influence,
            not_open: row.not_open,
            who_decides: row.who_decides,
            how_chosen: row.how_chosen,
            minutes: row.minutes,
            preparation_minutes: row.preparation_minutes,
            formats: row.formats.0,
            group_in_words: in_words(row.group_facts.as_ref()),
            starts_at: row.starts_at,
            payment: row.payment,
            support: row.support,
            content_note: row.content_note,
            support_contact: row.support_contact,
            closes_on: row.closes_on,
            feedback_due: row.feedback_due,
        }
    }
}

/// A lighter way to take part.
#[derive(Object)]
pub struct LighterOut {
    /// Id of the opportunity.
    pub opportunity: OpportunityId,
    /// Title.
    pub title: String,
    /// Its rung in people's words.
    pub rung_in_words: String,
    /// The time it takes, in words.
    pub time: String,
}

/// An invitation, as its person sees it.
#[derive(Object)]
pub struct InvitationOut {
    /// Its id.
    pub id: InvitationId,
    /// Where it stands.
    pub state: InvitationState,
    /// Who asks.
    pub organisation: String,
    /// Whom to turn to with questions.
    pub contact: String,
    /// What is asked.
    pub offer: OfferOut,
    /// The rung that it can be, by what is on record: the same as the one that is offered, or a lower one.
    pub supported: Rung,
    /// What speaks against more, in plain words, if something does.
    #[oai(skip_serializing_if_is_none)]
    pub supported_because: Option<String>,
    /// Why this person was asked.
    pub why: Vec<String>,
    /// Whether this is a question first: the first reason in `why` says why.
    pub question_first: bool,
    /// For activities with places: the last day on which a place is held for this person. After that they can still say yes
    /// if a place is free.
    #[oai(skip_serializing_if_is_none)]
    pub held_until: Option<NaiveDate>,
    /// For limited places: the draw in which this person was drawn.
    #[oai(skip_serializing_if_is_none)]
    pub draw: Option<MatchRunId>,
    /// Their number in it, for whoever wants to run the draw again.
    #[oai(skip_serializing_if_is_none)]
    pub draw_number: Option<Uuid>,
    /// Whether an answer can be given now.
    pub takes_answers: bool,
    /// The person's place, for activities with places.
    #[oai(skip_serializing_if_is_none)]
    pub place: Option<PlaceState>,
    /// Lighter ways to take part in the same project.
    pub lighter: Vec<LighterOut>,
}

/// Where an invitation stands after an answer.
#[derive(Object)]
pub struct ReplyOut {
    /// The state.
    pub state: InvitationState,
    /// What happens now, in words.
    pub message: String,
}

impl ReplyOut {
    pub fn of(state: InvitationState) -> Self {
        let message = match state {
            InvitationState::Accepted => "Thank you. You take part.",
            InvitationState::Waiting => {
                "Thank you. All places are taken at the moment. You are on the waiting list, and we write if one becomes free."
            }
            InvitationState::Declined => "Thank you for telling us. We do not ask again about this project.",
            InvitationState::AskLater => "We ask again on the day you chose.",
            InvitationState::SteppedDown => "That is fine. You hear what comes of it.",
            _ => "Noted.",
        };
        Self { state, message: message.into() }
    }
}

/// When to ask again.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskLaterIn {
    /// The day.
    pub on: NaiveDate,
}

/// To which lighter way.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LighterIn {
    /// One of the offered ways; left out, to stay informed.
    #[serde(default)]
    pub to: Option<OpportunityId>,
}

/// Where somebody stands after stepping down.
#[derive(Object)]
pub struct LighterTakenOut {
    /// The state of the invitation that was left.
    pub state: InvitationState,
    /// The token of the new invitation; a letter with its own link follows too.
    #[oai(skip_serializing_if_is_none)]
    pub token: Option<String>,
}

/// How many invitations are in a state.
#[derive(Object)]
pub struct StateCount {
    /// The state.
    pub state: InvitationState,
    /// How many; absent when it is withheld.
    #[oai(skip_serializing_if_is_none)]
    pub count: Option<u64>,
}

/// How many letters are in a state.
#[derive(Object)]
pub struct LetterCount {
    /// The state.
    pub state: MailState,
    /// How many; absent when it is withheld.
    #[oai(skip_serializing_if_is_none)]
    pub count: Option<u64>,
}

/// How the invitations of an opportunity stand. For those who do not run it, numbers about few people are withheld, with as
/// many others as it takes that they cannot be worked out.
#[derive(Object)]
pub struct FunnelOut {
    /// People who were asked; absent when it is withheld.
    #[oai(skip_serializing_if_is_none)]
    pub asked: Option<u64>,
    /// Invitations by state.
    pub invitations: Vec<StateCount>,
    /// Letters about this opportunity's invitations, by state.
    pub letters: Vec<LetterCount>,
    /// Places there are.
    #[oai(skip_serializing_if_is_none)]
    pub places: Option<i32>,
    /// Places that are taken; absent when it is withheld.
    #[oai(skip_serializing_if_is_none)]
    pub filled: Option<u64>,
    /// People on the waiting list; absent when it is withheld.
    #[oai(skip_serializing_if_is_none)]
    pub waiting: Option<u64>,
}

/// Letters about an opportunity that were made together, and what people did then.
#[derive(Object)]
pub struct OpportunityMailingOut {
    /// What they are, and how they stand.
    pub mailing: MailingOut,
    /// Those that the other side had taken and that came back later.
    pub bounced: u64,
    /// People who stopped letters with the link in theirs; withheld where it is about few.
    pub unsubscribed: CountOut,
    /// People who have answered the invitation that theirs is about; withheld where it is about few.
    pub answered: CountOut,
}

impl From<Mailing> for OpportunityMailingOut {
    fn from(mailing: Mailing) -> Self {
        let Mailing { batch, counts, bounced, unsubscribed, answered } = mailing;
        let (unsubscribed, answered) = (unsubscribed.into(), answered.into());
        Self { mailing: MailingOut::of(batch, counts), bounced, unsubscribed, answered }
    }
}

/// A place and who holds it.
#[derive(Object)]
pub struct PlaceOut {
    /// Its id.
    pub id: PlaceId,
    /// Who.
    pub participant: ParticipantId,
    /// Name, where one was given.
    pub name: Option<String>,
    /// Address.
    pub email: String,
    /// Held, waiting or released.
    pub state: PlaceState,
}
