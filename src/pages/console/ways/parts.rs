//! What an opportunity says about itself, a part a page. Once it is open, what people were told stays: what cannot change any more
//! is not offered.

use super::{at, gathering, page, whole};
use crate::{
    accounts::Power,
    opportunities::{
        rules::Offer,
        ways::{self, Way},
        zone_of,
    },
    pages::{
        console::{
            desk::{Seat, again, mistaken, seat},
            entry::{self, Entry},
            words::choices,
        },
        kit::{Block, Choice, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    participants::topics,
    platform::{Result, http::Cursor},
    projects::decisions,
};
use entity::{DecisionId, Format, OpportunityKind, OpportunityState, PaymentOffer, SupportContact, TopicId, decision, topic};
use poem::{Route, get};
use std::sync::Arc;

/// A part of what is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Describe,
    Influence,
    Terms,
    Dates,
}

const PARTS: [(Part, &str, &str); 4] = [
    (Part::Describe, "describe", "Describe it"),
    (Part::Influence, "influence", "Who decides, and what can change"),
    (Part::Terms, "terms", "Time, payment and support"),
    (Part::Dates, "dates", "Dates, and when people hear back"),
];

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    PARTS.iter().fold(route, |route, (part, rest, title)| {
        let (part, title) = (*part, *title);
        let shown = ask(desk, console, move |visit| ask_part(visit, part, title));
        let saved = act(desk, console, move |visit| save(visit, part, title));
        route.at(format!("/console/:slug/opportunities/:opportunity/{rest}"), get(shown).post(saved))
    })
}

/// What can be linked.
struct Around {
    topics: Vec<topic::Model>,
    decisions: Vec<decision::Model>,
}

async fn around(seat: &Seat<'_>, way: &Way) -> Result<Around> {
    let all = Cursor { after: None, limit: 500 };
    let organisation = seat.actor.organisation;
    let topics = topics::list(seat.db(), organisation, true, &all).await?;
    let decisions = decisions::list(seat.platform(), organisation, way.row.project_id, all).await?;
    Ok(Around { topics, decisions })
}

fn form(seat: &Seat<'_>, way: &Way, around: &Around, part: Part) -> Form {
    let draft = way.row.state == OpportunityState::Draft;
    let form = Form::default();
    let form = match part {
        Part::Describe => describe(form, seat, way, around, draft),
        Part::Influence => influence(form, way, around),
        Part::Terms => terms(form, way, draft),
        Part::Dates => dates(form, seat, way, draft),
    };
    form.submit(Submit::new("Save"))
}

fn describe(form: Form, seat: &Seat<'_>, way: &Way, around: &Around, draft: bool) -> Form {
    let row = &way.row;
    let form = form
        .field(Field::line("title", "Name", &row.title))
        .field(Field::area("summary", "What it is, in a few sentences", &row.summary).hint("Short sentences, no jargon."));
    if !draft {
        return form;
    }
    let choice = |topic: &topic::Model| Choice::new(topic.id.to_string(), &topic.title).on(way.topics.contains(&topic.id));
    let offered: Vec<Choice> =
        around.topics.iter().filter(|topic| topic.retired_at.is_none() || way.topics.contains(&topic.id)).map(choice).collect();
    let form = form
        .field(Field::radios("kind", "How do people take part?", choices(|one| row.kind == one)))
        .field(
            Field::radios("rung", "What are people offered?", choices(|one| row.rung == one))
                .hint("At most what the project claims."),
        )
        .field(Field::select("stage", "In which stage of the work?", choices(|one| row.stage == one)));
    let form = if offered.is_empty() {
        let text = "You have no topics yet. People who choose topics are asked about those they want.";
        form.words(vec![Block::Text(text.into())])
    } else {
        form.field(Field::checks("topics", "What is it about?", offered).optional())
    };
    let form = form.words(vec![Block::Links(vec![seat.link("Topics that people can choose", "/topics")])]);
    gathering::fields(form, row)
}

fn influence(form: Form, way: &Way, around: &Around) -> Form {
    let row = &way.row;
    let choice = |one: &decision::Model| {
        let note = match (one.settled_at.is_some(), one.scope) {
            (true, _) => "Settled.",
            (false, entity::DecisionScope::Open) => "Open.",
            (false, entity::DecisionScope::Reserved) => "Reserved. People are told why.",
        };
        Choice::new(one.id.to_string(), &one.title).hint(note).on(way.decisions.contains(&one.id))
    };
    let linked: Vec<Choice> = around.decisions.iter().map(choice).collect();
    let form =
        if linked.is_empty() { form } else { form.field(Field::checks("decisions", "Which decisions does this feed?", linked)) };
    form.field(Field::area("open_to_influence", "What can people change?", &row.open_to_influence).hint("If nothing, say so."))
        .field(Field::area("not_open", "What can they not change?", &row.not_open).hint("If everything is open, say so."))
        .field(Field::area("who_decides", "Who decides in the end?", &row.who_decides).rows(2))
        .field(
            Field::area("how_chosen", "How are people chosen?", &row.how_chosen)
                .rows(2)
                .hint("If everybody can take part, say so."),
        )
}

fn terms(form: Form, way: &Way, draft: bool) -> Form {
    let row = &way.row;
    let contact = row.support_contact.as_ref();
    let days = entry::number(row.reply_within_days);
    let limited = row.kind != OpportunityKind::Consultation;
    let form = if draft { terms_of_draft(form, way, limited) } else { form };
    let form = if limited {
        let hint = "So many days a place is held for somebody who was asked: 3 to 60. 14 when you leave this out.";
        form.field(Field::typed("reply_within_days", "Days to answer", days, "number").optional().hint(hint))
    } else {
        form
    };
    form.field(Field::area("support", "What support is there?", &row.support).optional().rows(3))
        .field(
            Field::area("content_note", "A word about what may be hard to bear", row.content_note.clone().unwrap_or_default())
                .optional()
                .rows(2)
                .hint("With such a note, name somebody to turn to."),
        )
        .field(
            Field::line("contact_name", "Somebody to turn to", contact.map(|contact| contact.name.clone()).unwrap_or_default())
                .optional()
                .pointer("/support_contact"),
        )
        .field(
            Field::line("contact_reach", "How to reach them", contact.map(|contact| contact.reach.clone()).unwrap_or_default())
                .optional()
                .pointer("/support_contact/reach"),
        )
}

fn terms_of_draft(form: Form, way: &Way, limited: bool) -> Form {
    let row = &way.row;
    let number = |number: i32| if number == 0 { String::new() } else { number.to_string() };
    let form = form
        .field(Field::typed("minutes", "Minutes that taking part takes", number(row.minutes), "number"))
        .field(
            Field::typed("preparation_minutes", "Minutes to prepare, beside that", number(row.preparation_minutes), "number")
                .optional(),
        )
        .field(
            Field::checks(
                "formats",
                "In which forms can people take part?",
                choices::<Format>(|one| row.formats.0.contains(&one)),
            )
            .optional(),
        )
        .field(Field::radios("payment_kind", "What is paid?", choices(|one| row.payment.kind == one)).pointer("/payment"))
        .field(
            Field::typed("amount", "How much, in pounds, for everything", entry::pounds(row.payment.amount_pence), "number")
                .optional()
                .pointer("/payment/amount_pence")
                .hint("Preparation included. Leave it empty when nothing is paid."),
        )
        .field(
            Field::area("expenses", "What is paid beside that?", &row.payment.expenses)
                .optional()
                .rows(2)
                .pointer("/payment/expenses")
                .hint("Travel, care, data."),
        )
        .field(Field::area("how", "How and when is it paid?", &row.payment.how).optional().rows(2).pointer("/payment/how"));
    if limited {
        form.field(Field::typed("places", "How many places are there?", entry::number(row.places), "number"))
    } else {
        form
    }
}

fn dates(form: Form, seat: &Seat<'_>, way: &Way, draft: bool) -> Form {
    let (row, zone) = (&way.row, zone_of(seat.organisation));
    let form =
        if draft { form.field(Field::typed("opens_on", "First day", entry::day(row.opens_on), "date").optional()) } else { form };
    let hint = "To its end. Once it is open, it can move later and never earlier.";
    let form = form.field(
        Field::typed("closes_on", "Last day on which people can answer, or say yes", entry::day(row.closes_on), "date")
            .hint(hint),
    );
    let form = if draft && row.kind != OpportunityKind::Consultation {
        let value = entry::moment(row.starts_at, zone);
        let hint = format!("For something that happens at one time. In the time of {}.", zone.name());
        form.field(Field::typed("starts_at", "When it begins", value, "datetime-local").optional().hint(hint))
    } else {
        form
    };
    let form = form.field(
        Field::typed("feedback_due", "Day by which people hear what came of it", entry::day(row.feedback_due), "date")
            .hint("People are promised this day. If it passes, everybody can see that it is late."),
    );
    if draft {
        return form;
    }
    let reason = row.feedback_moved_reason.clone().unwrap_or_default();
    let field = Field::area("feedback_moved_reason", "If that day moves: why?", reason).optional().rows(2);
    form.field(field.hint("Everybody can read it."))
}

/// The offer as it stands.
fn offer_of(way: &Way) -> Offer {
    Offer::of(way.row.clone(), way.topics.clone(), way.decisions.clone())
}

/// The offer with a part of it said anew.
fn read(seat: &Seat<'_>, way: &Way, part: Part) -> Result<Offer> {
    let draft = way.row.state == OpportunityState::Draft;
    let mut offer = offer_of(way);
    let mut entry = Entry::new(&seat.visit.fields);
    match part {
        Part::Describe => {
            offer.title = entry.text("title");
            offer.summary = entry.text("summary");
            if draft {
                offer.kind = entry.word("kind");
                offer.rung = entry.word("rung");
                offer.stage = entry.word("stage");
                offer.topics = entry.ids::<TopicId>("topics");
                gathering::read(&entry, &mut offer);
                if offer.kind == OpportunityKind::Consultation {
                    (offer.places, offer.reply_within_days, offer.starts_at) = (None, None, None);
                }
            }
        }
        Part::Influence => {
            offer.decisions = entry.ids::<DecisionId>("decisions");
            offer.open_to_influence = entry.text("open_to_influence");
            offer.not_open = entry.text("not_open");
            offer.who_decides = entry.text("who_decides");
            offer.how_chosen = entry.text("how_chosen");
        }
        Part::Terms => read_terms(&mut entry, &mut offer, draft),
        Part::Dates => {
            offer.closes_on = entry.day("closes_on");
            offer.feedback_due = entry.day("feedback_due");
            if draft {
                offer.opens_on = entry.day("opens_on");
                if offer.kind != OpportunityKind::Consultation {
                    offer.starts_at = entry.moment("starts_at", zone_of(seat.organisation));
                }
            } else {
                offer.feedback_moved_reason = entry.given("feedback_moved_reason");
            }
        }
    }
    entry.done_with(offer.flaws().done())?;
    Ok(offer)
}

fn read_terms(entry: &mut Entry<'_>, offer: &mut Offer, draft: bool) {
    if draft {
        offer.minutes = entry.number("minutes").unwrap_or(0);
        offer.preparation_minutes = entry.number("preparation_minutes").unwrap_or(0);
        offer.formats = entry.words("formats");
        let kind = entry.word("payment_kind");
        let (amount_pence, expenses, how) = (entry.pence("amount"), entry.text("expenses"), entry.text("how"));
        offer.payment = Some(PaymentOffer { kind, amount_pence, expenses, how });
        if offer.kind != OpportunityKind::Consultation {
            // Whether an answer is needed within days depends on whether there are any, and there are where they cannot be read.
            offer.places = entry.number("places").or(entry.is_wrong("places").then_some(1));
        }
    }
    if offer.kind != OpportunityKind::Consultation {
        offer.reply_within_days = entry.number("reply_within_days");
    }
    offer.support = entry.text("support");
    offer.content_note = entry.given("content_note");
    let (name, reach) = (entry.text("contact_name"), entry.text("contact_reach"));
    offer.support_contact = (!name.is_empty() || !reach.is_empty()).then_some(SupportContact { name, reach });
}

fn part_page(seat: &Seat<'_>, way: &Way, title: &str, form: Form) -> Page {
    let page = page(seat, &way.row, title);
    let page = match way.row.state {
        OpportunityState::Draft => page,
        _ => page.text("People were told the rest of this. It stays as it is."),
    };
    page.form(form)
}

async fn ask_part(visit: Arc<Visit>, part: Part, title: &'static str) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = whole(&seat).await?;
    let around = around(&seat, &way).await?;
    Ok(part_page(&seat, &way, title, form(&seat, &way, &around, part).version(way.row.version)).into())
}

async fn save(visit: Arc<Visit>, part: Part, title: &'static str) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = whole(&seat).await?;
    let saved = async {
        let offer = read(&seat, &way, part)?;
        ways::change(seat.platform(), &seat.actor, way.row.id, Some(&visit.fields.if_match()?), offer).await
    };
    match saved.await {
        Ok(_) => Reply::to(at(&seat, &way.row, "?done=saved")),
        Err(error) => {
            let around = around(&seat, &way).await?;
            let form = form(&seat, &way, &around, part).version(way.row.version);
            Ok(mistaken(part_page(&seat, &way, title, again(form, &visit, error)?)).into())
        }
    }
}
