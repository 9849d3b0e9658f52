//! What has happened, and what there is to do, in plain words.

use super::{
    change::{Changed, Step},
    gave::Gave,
};
use crate::invitations::letters::{day, payment};
use chrono::NaiveDate;
use entity::{GivenChoice, OpportunityKind, TaskKind, opportunity};

/// What is owed, and that nothing about it changes.
pub const OWED: &str = "What is owed to you stays owed, and is paid.";

/// What a change has done, for the person who made it.
pub fn told(changed: &Changed) -> Vec<String> {
    let mut told = stepped(changed);
    match changed.apologies {
        0 => {}
        1 => told.push("Word goes to one meeting that you do not come.".to_owned()),
        many => told.push(format!("Word goes to {many} meetings that you do not come.")),
    }
    told.extend(given(changed.choice.given, &changed.gave));
    if changed.unnamed > 0 {
        told.push("Your name no longer stands beside words of yours that may be quoted.".to_owned());
    }
    told.push(match (changed.results, changed.choice.results) {
        (true, _) => "You still hear what came of it.".to_owned(),
        (false, true) => "You get no letter about what came of it. The report is on our public page.".to_owned(),
        (false, false) => "You are not told what came of it, as you chose.".to_owned(),
    });
    told.push(OWED.to_owned());
    told
}

fn stepped(changed: &Changed) -> Vec<String> {
    let title = &changed.about.title;
    let has_places = changed.about.kind != OpportunityKind::Consultation;
    match (changed.choice.step, &changed.lighter) {
        (Step::Pause(until), _) => {
            let kept = if has_places { " Your place is kept." } else { "" };
            vec![
                format!("You are pausing from “{title}” until {}.{kept}", day(until)),
                "We write nothing about it meanwhile. After that day, one letter asks whether you want to go on.".to_owned(),
            ]
        }
        (_, Some((way, made))) => {
            let next = match made {
                Some(_) => "A letter about it is on its way.",
                None => "You have an invitation to it already.",
            };
            vec![format!("You have left “{title}”. You chose “{}” instead. {next}", way.title)]
        }
        _ => {
            let free = if changed.freed && has_places { " Your place is free for somebody else." } else { "" };
            vec![format!("You have left “{title}”. Nobody asks you why.{free}")]
        }
    }
}

/// What became of what was given, and what could not be changed any more.
fn given(choice: GivenChoice, gave: &Gave) -> Vec<String> {
    let mut told = Vec::new();
    if gave.is_open() {
        match choice {
            GivenChoice::Keep => told.push("What you gave stays, as you agreed. You can still take it back later."),
            GivenChoice::Withdraw => told.push("What you gave, and no report holds yet, is taken back. Its words are gone."),
            GivenChoice::Anonymise => {
                if gave.open > 0 {
                    told.push(
                        "What you said stays, and nobody can tell any more that it was yours. So you cannot take it back later.",
                    );
                }
                if gave.answers {
                    told.push(
                        "Your answers are read without your name already. They stay yours, so that you can take them back.",
                    );
                }
            }
        }
    }
    if gave.is_published() {
        told.push("What is in a published report stays as it is. It could not be changed any more.");
    }
    told.into_iter().map(String::from).collect()
}

/// What there is to do, for staff.
pub fn to_do(kind: TaskKind, about: &opportunity::Model, until: Option<NaiveDate>) -> Vec<String> {
    let owed = format!("Pay what is owed until today. What was offered: {}", payment(&about.payment));
    match kind {
        TaskKind::Left | TaskKind::Lighter => vec![
            "Think about it: can somebody else take this on, or can it become lighter for those who stay?".to_owned(),
            "Say thank you for what was done.".to_owned(),
            "Offer a talk, if they want one. Nobody has to say why.".to_owned(),
            owed,
        ],
        TaskKind::Paused => {
            let until = until.map(|until| format!(" until {}", day(until))).unwrap_or_default();
            vec![
                format!("Think about who does it{until}, or what can wait. The place is kept."),
                "Leave them in peace meanwhile. After that day, one letter asks whether they want to go on.".to_owned(),
                owed,
            ]
        }
        TaskKind::Ended => vec![
            "Say thank you to everybody who took part.".to_owned(),
            "Offer each of them a talk, if they want one. Nobody has to come.".to_owned(),
            format!("Pay what is owed to each of them. What was offered: {}", payment(&about.payment)),
            match about.feedback_due {
                Some(due) => format!("Tell them what came of it by {}, as was promised.", day(due)),
                None => "Tell them what came of it.".to_owned(),
            },
        ],
    }
}

/// What a task is about, in a few words.
pub fn named(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Left => "Somebody has left",
        TaskKind::Lighter => "Somebody has chosen a lighter way",
        TaskKind::Paused => "Somebody is pausing",
        TaskKind::Ended => "It has ended",
    }
}
