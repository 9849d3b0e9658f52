//! Texts to begin a notice with. Each has to be read and changed: they are a beginning, and nobody's promise yet.

use entity::{LegalBasis, NoticeContent, NoticePurpose, Purpose, WithdrawalEffect, organisation};

/// Uses that a notice can name: one way to take part at a time, or the organisation as a whole.
pub(super) fn offered(for_opportunity: bool) -> &'static [Purpose] {
    use Purpose::*;
    if for_opportunity {
        &[
            Participate,
            PublishInAggregate,
            QuoteAnonymous,
            QuoteAttributed,
            RecontactFuture,
            ShareNamedRecipient,
            AudioVideo,
            PaymentProcessing,
        ]
    } else {
        &[ContactInvite, ContactFeedback, ContactReminder, DemographicsRepresentativeness]
    }
}

/// Uses that a notice begins with.
pub(super) fn usual(for_opportunity: bool) -> &'static [Purpose] {
    &offered(for_opportunity)[..2]
}

/// A text to begin with.
pub(super) fn content(organisation: &organisation::Model, for_opportunity: bool) -> NoticeContent {
    let name = &organisation.name;
    let (title, text) = if for_opportunity {
        let text = format!(
            "We read your answers and report what was said.\n\nYou can stop at any time. You need give no reason, and nothing follows \
             from it.\n\nQuestions? Write to us: {}.",
            organisation.contact
        );
        ("Taking part".to_owned(), text)
    } else {
        let text = format!(
            "{name} writes to you when something fits what you chose, and to tell you what came of it.\n\nYou can stop at any time. \
             You need give no reason, and nothing follows from it."
        );
        ("Writing to you".to_owned(), text)
    };
    NoticeContent {
        language: "en".into(),
        title,
        text,
        easy_read_text: None,
        controllers: vec![name.clone()],
        contact: organisation.contact.clone(),
        purposes: usual(for_opportunity).iter().map(|purpose| use_of(*purpose)).collect(),
    }
}

/// A use to begin with.
pub(super) fn use_of(purpose: Purpose) -> NoticePurpose {
    let (text, data) = words(purpose);
    let answers = matches!(
        purpose,
        Purpose::Participate
            | Purpose::PublishInAggregate
            | Purpose::QuoteAnonymous
            | Purpose::QuoteAttributed
            | Purpose::DemographicsRepresentativeness
    );
    let (retention, withdrawal_effect) = match answers {
        true => ("Two years", WithdrawalEffect::EraseRawUnpublished),
        false => ("Until you leave", WithdrawalEffect::StopFutureOnly),
    };
    NoticePurpose {
        purpose,
        text: text.into(),
        necessary: purpose == Purpose::Participate,
        data: vec![data.into()],
        recipients: Vec::new(),
        retention: retention.into(),
        legal_basis: LegalBasis::Consent,
        withdrawal_effect,
        legal_basis_after: LegalBasis::None,
        valid_months: 24,
    }
}

fn words(purpose: Purpose) -> (&'static str, &'static str) {
    match purpose {
        Purpose::Participate => ("We keep and read your answers.", "Your answers"),
        Purpose::ContactInvite => ("We send you invitations.", "Your address"),
        Purpose::ContactReminder => ("We remind you when you have not answered.", "Your address"),
        Purpose::ContactFeedback => ("We tell you what came of it.", "Your address"),
        Purpose::DemographicsRepresentativeness => {
            ("We count who takes part, to see who is missing.", "What you tell us about yourself")
        }
        Purpose::PublishInAggregate => ("You are counted in what we publish.", "Your answers"),
        Purpose::QuoteAnonymous => ("We may quote you without your name.", "Your words"),
        Purpose::QuoteAttributed => ("We may quote you with your name.", "Your words and your name"),
        Purpose::RecontactFuture => ("We may ask you again about the same work.", "Your address"),
        Purpose::ShareNamedRecipient => ("We pass your answers to somebody.", "Your answers"),
        Purpose::AudioVideo => ("We record sound or pictures of you.", "Recordings of you"),
        Purpose::PaymentProcessing => ("We pay you what was offered.", "Your name and where to pay to"),
    }
}
