//! What people are asked to do, among the activities that they choose, and what the group is in which they meet.

use crate::{
    opportunities::rules::Offer,
    pages::{
        console::{
            entry::Entry,
            words::{choices, choices_or_none},
        },
        kit::{Choice, Field, Form},
    },
    participants::rules::meets_others,
};
use entity::{GroupFacts, Present, opportunity};

const KINDS: [(&str, &str); 3] = [
    ("women_only", "It is for women"),
    ("same_experience", "Everybody in it shares the experience that it is about"),
    ("known_facilitator", "Whoever leads it is known to those who come"),
];

/// Asks for both.
pub(super) fn fields(form: Form, row: &opportunity::Model) -> Form {
    let group = row.group_facts.as_ref();
    let said = [
        group.is_some_and(|group| group.women_only),
        group.is_some_and(|group| group.same_experience),
        group.is_some_and(|group| group.known_facilitator),
    ];
    let kinds = KINDS.iter().zip(said).map(|((value, label), on)| Choice::new(*value, *label).on(on));
    let present = group.and_then(|group| group.present.as_ref());
    let hint = "People choose among these in their preferences. Leave it as it is unless one of them says better what this is.";
    let usual = choices_or_none("What the answer above is as a rule", row.activity);
    let there = [
        Choice::new("", "This is not said").on(present.is_none()),
        Choice::new("nobody", "Nobody else").on(present.is_some_and(Vec::is_empty)),
        Choice::new("these", "Those who are ticked below").on(present.is_some_and(|there| !there.is_empty())),
    ];
    let who = choices::<Present>(|one| present.is_some_and(|there| there.contains(&one)));
    let not_said = "People who do not want to meet somebody are not asked where this is not said. Leave it out where people do not \
                    meet others.";
    form.field(Field::select("activity", "What are people asked to do?", usual).hint(hint))
        .field(Field::checks("group", "What is the group?", kinds).pointer("/group").optional())
        .field(Field::select("others", "Who else is there?", there).hint(not_said))
        .field(Field::checks("present", "Others who are there", who).pointer("/group/present").optional())
}

/// Reads both. Where people do not meet others, no group is kept.
pub(super) fn read(entry: &Entry<'_>, offer: &mut Offer) {
    offer.activity = entry.word_or_none("activity");
    let kinds = entry.all("group");
    let is = |name: &str| kinds.iter().any(|one| one == name);
    let there: Vec<Present> = entry.words("present");
    let present = match entry.text("others").as_str() {
        "nobody" => Some(Vec::new()),
        "these" => Some(there),
        _ => (!there.is_empty()).then_some(there),
    };
    let group = GroupFacts {
        women_only: is("women_only"),
        same_experience: is("same_experience"),
        known_facilitator: is("known_facilitator"),
        present,
    };
    let said = !kinds.is_empty() || group.present.is_some();
    offer.group = (said && meets_others(offer.activity())).then_some(group);
}
