//! What a notice must say before anybody can agree to it.

use crate::platform::{Result, text::Check};
use entity::{LegalBasis, NoticeContent, NoticePurpose, Purpose, WithdrawalEffect};

/// Refuses a notice that must not be published; everything that is wrong, at once.
pub fn check(content: &NoticeContent, for_opportunity: bool) -> Result<()> {
    let mut check = shape(content);
    check.that(!content.purposes.is_empty(), "/purposes", "required", "Name at least one use of personal data.");
    if for_opportunity {
        let asks = content.purposes.iter().any(|purpose| purpose.purpose == Purpose::Participate);
        check.that(
            asks,
            "/purposes",
            "participate_missing",
            "A notice for one way to take part needs the use by which people take part.",
        );
    }
    for (index, purpose) in content.purposes.iter().enumerate() {
        one(&mut check, index, purpose);
        place(&mut check, index, purpose.purpose, for_opportunity);
        let twice = content.purposes[..index].iter().any(|earlier| earlier.purpose == purpose.purpose);
        check.that(!twice, &format!("/purposes/{index}/purpose"), "twice", "Name each purpose once.");
    }
    check.done()
}

/// What also holds for a draft: lengths.
pub fn shape(content: &NoticeContent) -> Check {
    let mut check = Check::new();
    let language = content.language.len() <= 35 && content.language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    check.that(language && !content.language.is_empty(), "/language", "form", "Use a language tag, such as en.");
    check.line("/title", &content.title, 200);
    check.text("/text", &content.text, 20_000);
    check.length("/easy_read_text", content.easy_read_text.as_deref().unwrap_or_default(), 20_000);
    check.that(!content.controllers.is_empty(), "/controllers", "required", "Name who is responsible for the data.");
    check.items("/controllers", content.controllers.len(), 20);
    for (index, controller) in content.controllers.iter().enumerate() {
        check.line(&format!("/controllers/{index}"), controller, 200);
    }
    check.line("/contact", &content.contact, 300);
    check.items("/purposes", content.purposes.len(), Purpose::ALL.len());
    check
}

fn one(check: &mut Check, index: usize, given: &NoticePurpose) {
    use WithdrawalEffect::{EraseAllIdentifiable, EraseRawUnpublished};
    let at = |field: &str| format!("/purposes/{index}/{field}");
    check.text(&at("text"), &given.text, 2_000);
    check.that(!given.data.is_empty(), &at("data"), "required", "Name the data that is used.");
    check.items(&at("data"), given.data.len(), 50);
    check.items(&at("recipients"), given.recipients.len(), 50);
    check.line(&at("retention"), &given.retention, 300);
    check.range(&at("valid_months"), given.valid_months, 1, 24);
    check.that(given.legal_basis != LegalBasis::None, &at("legal_basis"), "none", "Name the ground on which the data is used.");
    // GDPR article 17(1)(b): with consent gone and no other ground, what can be told to be the person's must go.
    let keeps = given.withdrawal_effect == WithdrawalEffect::StopFutureOnly && holds_answers(given.purpose);
    let grounded = !matches!(given.legal_basis_after, LegalBasis::Consent | LegalBasis::None);
    check.that(
        given.legal_basis != LegalBasis::Consent || !keeps || grounded,
        &at("withdrawal_effect"),
        "keeps_without_ground",
        "After this is taken back, nothing allows you to keep it. Choose an effect that erases, or name the ground for keeping it.",
    );
    // Answers here are linked to the person who gave them, so saying that they cannot be found would be untrue.
    check.that(
        given.withdrawal_effect != WithdrawalEffect::CannotLocate,
        &at("withdrawal_effect"),
        "can_be_located",
        "These answers are linked to the person, so they can be found. Choose another effect.",
    );
    check.that(
        can_be_done(given.purpose) || !matches!(given.withdrawal_effect, EraseRawUnpublished | EraseAllIdentifiable),
        &at("withdrawal_effect"),
        "cannot_be_done",
        "Nothing here can erase what is held for this use, so do not promise it. Choose that nothing new is done.",
    );
    let shared = given.purpose != Purpose::ShareNamedRecipient || !given.recipients.is_empty();
    check.that(shared, &at("recipients"), "required", "Name who receives the data.");
}

/// Whether somebody carries out that what is held for this use is erased.
fn can_be_done(purpose: Purpose) -> bool {
    matches!(
        purpose,
        Purpose::Participate
            | Purpose::PublishInAggregate
            | Purpose::QuoteAnonymous
            | Purpose::QuoteAttributed
            | Purpose::DemographicsRepresentativeness
    )
}

/// Each use is asked about where it is looked up. A switch in another notice would be one that does nothing.
fn place(check: &mut Check, index: usize, purpose: Purpose, for_opportunity: bool) {
    use Purpose::{ContactFeedback, ContactInvite, ContactReminder, DemographicsRepresentativeness};
    let at = format!("/purposes/{index}/purpose");
    let of_the_whole = matches!(purpose, ContactInvite | ContactReminder | ContactFeedback | DemographicsRepresentativeness);
    let of_one = matches!(purpose, Purpose::Participate | Purpose::PublishInAggregate);
    check.that(
        !(for_opportunity && of_the_whole),
        &at,
        "organisation_wide",
        "This is agreed to for the organisation as a whole. Name it in the organisation's notice.",
    );
    check.that(
        for_opportunity || !of_one,
        &at,
        "one_opportunity",
        "This is agreed to for one way to take part at a time. Name it in the notice of each.",
    );
}

/// Whether data under this purpose is something the person said, as against a way to write to them.
fn holds_answers(purpose: Purpose) -> bool {
    !matches!(
        purpose,
        Purpose::ContactInvite
            | Purpose::ContactReminder
            | Purpose::ContactFeedback
            | Purpose::RecontactFuture
            | Purpose::PaymentProcessing
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Error;

    fn good() -> NoticeContent {
        NoticeContent {
            language: "en".into(),
            title: "Taking part".into(),
            text: "We ask for your views.".into(),
            easy_read_text: None,
            controllers: vec!["Sunrise Trust".into()],
            contact: "hello@sunrise.example".into(),
            purposes: vec![NoticePurpose {
                purpose: Purpose::Participate,
                text: "We keep and read your answers.".into(),
                necessary: true,
                data: vec!["Your answers".into()],
                recipients: vec![],
                retention: "Two years".into(),
                legal_basis: LegalBasis::Consent,
                withdrawal_effect: WithdrawalEffect::EraseRawUnpublished,
                legal_basis_after: LegalBasis::None,
                valid_months: 24,
            }],
        }
    }

    /// Codes of what is wrong after a change to a good notice.
    fn codes(change: impl Fn(&mut NoticeContent)) -> Vec<String> {
        let mut content = good();
        change(&mut content);
        match check(&content, true) {
            Ok(()) => Vec::new(),
            Err(Error::Invalid(list)) => {
                list.into_iter().map(|violation| format!("{} {}", violation.pointer, violation.code)).collect()
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn bad_notices_are_refused_one_by_one() {
        assert_eq!(codes(|_| ()), Vec::<String>::new());
        assert_eq!(codes(|n| n.language = "e n".into()), ["/language form"]);
        assert_eq!(codes(|n| n.language.clear()), ["/language form"]);
        assert_eq!(codes(|n| n.title.clear()), ["/title required"]);
        assert_eq!(codes(|n| n.text = " ".into()), ["/text required"]);
        assert_eq!(codes(|n| n.text = "x".repeat(20_001)), ["/text too_long"]);
        assert_eq!(codes(|n| n.controllers.clear()), ["/controllers required"]);
        assert_eq!(codes(|n| n.contact.clear()), ["/contact required"]);
        assert_eq!(codes(|n| n.purposes.clear()), ["/purposes required", "/purposes participate_missing"]);
        assert_eq!(codes(|n| n.purposes[0].purpose = Purpose::QuoteAnonymous), ["/purposes participate_missing"]);
        assert_eq!(codes(|n| n.purposes.push(n.purposes[0].clone())), ["/purposes/1/purpose twice"]);
        assert_eq!(codes(|n| n.purposes[0].text.clear()), ["/purposes/0/text required"]);
        assert_eq!(codes(|n| n.purposes[0].data.clear()), ["/purposes/0/data required"]);
        assert_eq!(codes(|n| n.purposes[0].retention.clear()), ["/purposes/0/retention required"]);
        assert_eq!(codes(|n| n.purposes[0].valid_months = 0), ["/purposes/0/valid_months out_of_range"]);
        assert_eq!(codes(|n| n.purposes[0].valid_months = 25), ["/purposes/0/valid_months out_of_range"]);
        assert_eq!(codes(|n| n.purposes[0].legal_basis = LegalBasis::None), ["/purposes/0/legal_basis none"]);
        let keeps = |n: &mut NoticeContent| n.purposes[0].withdrawal_effect = WithdrawalEffect::StopFutureOnly;
        assert_eq!(codes(keeps), ["/purposes/0/withdrawal_effect keeps_without_ground"]);
        let grounded = |n: &mut NoticeContent| {
            keeps(n);
            n.purposes[0].legal_basis_after = LegalBasis::PublicTask;
        };
        assert_eq!(codes(grounded), Vec::<String>::new());
        assert_eq!(
            codes(|n| n.purposes[0].withdrawal_effect = WithdrawalEffect::CannotLocate),
            ["/purposes/0/withdrawal_effect can_be_located"]
        );
        assert_eq!(
            codes(|n| n.purposes.push(NoticePurpose { purpose: Purpose::ContactInvite, ..n.purposes[0].clone() })),
            ["/purposes/1/withdrawal_effect cannot_be_done", "/purposes/1/purpose organisation_wide"]
        );
        let share = |n: &mut NoticeContent| {
            let mut more = n.purposes[0].clone();
            more.purpose = Purpose::ShareNamedRecipient;
            n.purposes.push(more);
        };
        assert_eq!(codes(share), ["/purposes/1/withdrawal_effect cannot_be_done", "/purposes/1/recipients required"]);
    }
    /// Every use and every effect: what is published can be carried out.
    #[test]
    fn only_what_can_be_carried_out_is_promised() {
        use Purpose::*;
        use WithdrawalEffect::{EraseAllIdentifiable, EraseRawUnpublished, StopFutureOnly};
        for purpose in Purpose::ALL.iter().copied() {
            for effect in WithdrawalEffect::ALL.iter().copied() {
                for whole in [true, false] {
                    let mut content = good();
                    let one = NoticePurpose {
                        purpose,
                        withdrawal_effect: effect,
                        recipients: vec!["A named one".into()],
                        ..content.purposes[0].clone()
                    };
                    content.purposes =
                        if whole || purpose == Participate { vec![one] } else { vec![content.purposes[0].clone(), one] };
                    let fine = check(&content, !whole).is_ok();
                    let erases = matches!(effect, EraseRawUnpublished | EraseAllIdentifiable);
                    let expected = match purpose {
                        Participate | PublishInAggregate => erases && !whole,
                        QuoteAnonymous | QuoteAttributed => erases,
                        DemographicsRepresentativeness => erases && whole,
                        ContactInvite | ContactReminder | ContactFeedback => effect == StopFutureOnly && whole,
                        RecontactFuture | PaymentProcessing => effect == StopFutureOnly,
                        // Consent with nothing behind it must erase, and nothing here can.
                        ShareNamedRecipient | AudioVideo => false,
                    };
                    assert_eq!(fine, expected, "{purpose} {effect} {whole}");
                }
            }
        }
    }
}
