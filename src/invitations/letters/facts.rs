//! What letters about invitations tell as facts, in words.

use crate::platform::mail::{Both, both};
use chrono::NaiveDate;
use chrono_tz::Tz;
use entity::{PaymentKind, PaymentOffer, Time, opportunity};

/// Whom people can talk to.
pub(super) fn support(opportunity: &opportunity::Model) -> String {
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

/// The same in both forms.
pub(super) fn holds_said(last: NaiveDate, question_first: bool) -> Both {
    let until = match question_first {
        true => format!("Do you want to do this?\nThen we keep a place for you until {}.", day(last)),
        false => format!("We keep a place for you until {}.", day(last)),
    };
    both(holds(last, question_first), format!("{until}\nYou can also say yes later, if a place is free."))
}

/// When names are drawn, in words.
pub(super) fn draws(on: NaiveDate) -> Both {
    both(
        format!("A yes is not a place yet. Names are drawn by lot on {}, among all who have said yes before.", day(on)),
        format!(
            "You say yes.\nThen you do not have a place yet.\nMore people may say yes than we have places.\nWe pick names by chance on {}.\nThis is fair to everybody.",
            day(on)
        ),
    )
}

/// A date in words.
pub fn day(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

/// A time as the clocks of a time zone show it.
pub fn moment(at: Time, zone: Tz) -> String {
    at.with_timezone(&zone).format("%A %-d %B %Y, %H:%M").to_string()
}

/// A length of time, in words.
fn length(minutes: i32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} minutes"),
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (1, minutes) => format!("1 hour {minutes} minutes"),
        (hours, minutes) => format!("{hours} hours {minutes} minutes"),
    }
}

/// The time an opportunity takes, in words.
pub fn time(opportunity: &opportunity::Model) -> String {
    match opportunity.preparation_minutes {
        0 => length(opportunity.minutes),
        preparation => format!("{}, and {} to prepare", length(opportunity.minutes), length(preparation)),
    }
}

/// The same in both forms.
pub(super) fn time_said(opportunity: &opportunity::Model) -> Both {
    let easy = match opportunity.preparation_minutes {
        0 => format!("{}.", length(opportunity.minutes)),
        preparation => {
            format!("{}.\nYou also need {} to get ready.", length(opportunity.minutes), length(preparation))
        }
    };
    both(time(opportunity), easy)
}

/// Pounds.
fn amount(pence: i64) -> String {
    format!("£{}.{:02}", pence / 100, pence % 100)
}

/// A payment offer in words.
pub fn payment(offer: &PaymentOffer) -> String {
    let text = match (offer.kind, offer.amount_pence) {
        (PaymentKind::Unpaid, _) => "This is not paid.".to_owned(),
        (PaymentKind::Amount, Some(pence)) => format!("{} for everything, preparation included.", amount(pence)),
        (PaymentKind::Voucher, Some(pence)) => format!("A voucher of {}.", amount(pence)),
        (PaymentKind::Salary, Some(pence)) => format!("A paid role: {}.", amount(pence)),
        (kind, None) => format!("{kind}."),
    };
    with_details(text, " ", offer)
}

/// The same in both forms.
pub(super) fn payment_said(offer: &PaymentOffer) -> Both {
    let easy = match (offer.kind, offer.amount_pence) {
        (PaymentKind::Unpaid, _) => "You do not get money for this.".to_owned(),
        (PaymentKind::Amount, Some(pence)) => {
            format!("You get {}.\nThis is for all that you do.\nIt is also for getting ready.", amount(pence))
        }
        (PaymentKind::Voucher, Some(pence)) => format!("You get a voucher.\nIt is worth {}.", amount(pence)),
        (PaymentKind::Salary, Some(pence)) => format!("This is a paid job.\nThe pay is {}.", amount(pence)),
        (kind, None) => format!("{kind}."),
    };
    both(payment(offer), with_details(easy, "\n", offer))
}

/// With what the coordinator wrote about it.
fn with_details(mut text: String, between: &str, offer: &PaymentOffer) -> String {
    for part in [&offer.expenses, &offer.how] {
        if !part.trim().is_empty() {
            text.push_str(between);
            text.push_str(part.trim());
        }
    }
    text
}
