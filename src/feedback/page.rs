//! A report as a page that works everywhere: no script, nothing from elsewhere, headings in order, tables with captions.

use crate::platform::{Error, Result};
use askama::Template;
use entity::{Format, InfluenceLevel, PaymentKind, PaymentOffer, RecommendationOutcome, ReportCount, ReportDocument, Standing};

/// The content security policy of the page.
pub const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage<'a> {
    doc: &'a ReportDocument,
    formats: String,
    payment: String,
}

/// The page of a report.
pub fn html(document: &ReportDocument) -> Result<String> {
    let formats: Vec<&str> = document.who_took_part.formats.iter().map(|format| format_words(*format)).collect();
    let page = ReportPage { doc: document, formats: formats.join(", "), payment: payment_words(&document.who_took_part.payment) };
    page.render().map_err(|error| Error::bug(error.to_string()))
}

/// A stored word as people read it: `under_25` is `under 25`.
pub fn plain(word: &str) -> String {
    word.replace('_', " ")
}

fn number(count: &ReportCount) -> String {
    match count.number {
        Some(number) => number.to_string(),
        None => "not shown".into(),
    }
}

fn date(day: &chrono::NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

fn mark(mean: &f64) -> String {
    format!("{mean:.1}")
}

fn format_words(format: Format) -> &'static str {
    match format {
        Format::Online => "by video call",
        Format::InPerson => "in person",
        Format::Phone => "by telephone",
        Format::Post => "by post",
        Format::AsyncText => "in writing, in one's own time",
        Format::Audio => "by recorded sound",
    }
}

fn payment_words(payment: &PaymentOffer) -> String {
    let pounds = payment.amount_pence.map(|pence| format!("£{}.{:02}", pence / 100, pence % 100));
    let what = match (payment.kind, pounds) {
        (PaymentKind::Unpaid, _) => "Nothing was paid for taking part.".to_owned(),
        (PaymentKind::Amount, Some(pounds)) => format!("{pounds} a person."),
        (PaymentKind::Voucher, Some(pounds)) => format!("A voucher of {pounds} a person."),
        (PaymentKind::Salary, Some(pounds)) => format!("A salary or fee: {pounds}."),
        (PaymentKind::Amount, None) => "An amount for the activity.".to_owned(),
        (PaymentKind::Voucher, None) => "A voucher.".to_owned(),
        (PaymentKind::Salary, None) => "A salary or fee.".to_owned(),
    };
    let expenses = payment.expenses.trim();
    if expenses.is_empty() { what } else { format!("{what} Also paid: {expenses}") }
}

fn outcome_words(outcome: &RecommendationOutcome) -> &'static str {
    match outcome {
        RecommendationOutcome::Pending => "No answer yet",
        RecommendationOutcome::Done => "Yes",
        RecommendationOutcome::Partly => "In part",
        RecommendationOutcome::Declined => "No",
        RecommendationOutcome::PassedOn => "Passed on",
    }
}

fn level_words(level: &InfluenceLevel) -> &'static str {
    match level {
        InfluenceLevel::None => "It did not change the decision",
        InfluenceLevel::Noted => "It was noted",
        InfluenceLevel::Partial => "It changed a part of the decision",
        InfluenceLevel::Changed => "It changed the decision",
        InfluenceLevel::Originated => "The decision was their idea",
    }
}

fn standing_words(standing: &Standing) -> &'static str {
    match standing {
        Standing::Unasked => "Those who said it have not answered yet whether this is right.",
        Standing::Confirmed => "Those who said it agree that this is right.",
        Standing::Disputed => "Somebody who said it does not agree that this is right.",
    }
}
