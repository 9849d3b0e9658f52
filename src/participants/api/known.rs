//! What staff who work with somebody may know, as it is served.

use crate::participants::known::Known;
use entity::{AccessNeed, Channel, Credit, LetterFormat, NeedKind, PaymentMethod, PaymentWish, Permission, SessionWishes};
use poem_openapi::Object;

/// Something that somebody needs in order to take part, and may be told.
#[derive(Object)]
pub struct NeedOut {
    /// What is needed, in the person's words.
    need: String,
    /// What it is about.
    kind: NeedKind,
    /// Whether they cannot take part without it.
    must_have: bool,
}

impl From<AccessNeed> for NeedOut {
    fn from(need: AccessNeed) -> Self {
        Self { need: need.need, kind: need.kind, must_have: need.must_have }
    }
}

/// What has to be kept to by whoever works with somebody.
#[derive(Object)]
pub struct WorkingWithOut {
    /// Whether they may be asked to tell about their experience.
    may_ask_about_experience: Permission,
    /// How they want to be named where their work is published.
    credit: Credit,
    /// What they want done about payment. It is never used to choose who is asked.
    payment: PaymentWish,
    /// How the money should come, if that matters to them.
    payment_method: Option<PaymentMethod>,
    /// Where they want less than is offered: so much at most, in pence, if they have said.
    lower_amount_pence: Option<i64>,
    /// Whether expenses must be paid in advance.
    prepaid_expenses: bool,
    /// The form of written material.
    format: LetterFormat,
    /// What they can manage in a meeting.
    sessions: SessionWishes,
    /// How they are best reached by a person; with the person alone, and not in lists.
    #[oai(skip_serializing_if_is_none)]
    channel: Option<Channel>,
    /// Their telephone number, if they gave one.
    #[oai(skip_serializing_if_is_none)]
    phone: Option<String>,
    /// Whether nothing is to be said to a machine or to somebody else.
    #[oai(skip_serializing_if_is_none)]
    no_voicemail: Option<bool>,
}

/// Their needs, and everything else that has to be kept to.
pub fn known(known: Known) -> (Vec<NeedOut>, WorkingWithOut) {
    let needs = known.needs.into_iter().map(NeedOut::from).collect();
    let out = WorkingWithOut {
        may_ask_about_experience: known.may_ask_about_experience,
        credit: known.credit,
        payment: known.money.payment,
        payment_method: known.money.method,
        lower_amount_pence: known.money.lower_amount_pence,
        prepaid_expenses: known.money.prepaid_expenses,
        format: known.format,
        sessions: known.sessions,
        channel: known.reach.as_ref().map(|reach| reach.channel),
        no_voicemail: known.reach.as_ref().map(|reach| reach.no_voicemail),
        phone: known.reach.and_then(|reach| reach.phone),
    };
    (needs, out)
}
