//! What letters about invitations say, in both forms.

use super::{About, GROUP, SUPPORTED, easy, facts::*};
use crate::{
    integrity::ladder::{self, step},
    opportunities::{group::in_words, supported},
    platform::mail::{Both, Letter, both},
};

impl About {
    /// A letter with its greeting.
    pub(super) fn letter(&self, subject: impl Into<Both>) -> Letter {
        let (name, contact) = (&self.organisation.name, &self.organisation.contact);
        let reason = both(
            format!("You get this letter because you joined {name} and chose to be asked. Questions: {contact}"),
            format!("You joined {name}. You said that we can ask you. Questions? You can ask {contact}."),
        );
        // The words are English, whatever else the person reads.
        Letter::to(&self.wishes.contact, name, subject, reason).text(match &self.person.name {
            Some(name) => format!("Dear {name},"),
            None => "Hello,".to_owned(),
        })
    }

    pub(super) fn invite(&self, url: &str) -> Letter {
        let opportunity = &self.opportunity;
        let rung = step(opportunity.rung);
        let title = &opportunity.title;
        let first = self.invitation.why.reasons.first().filter(|_| self.invitation.question_first);
        let own = self.own.opening.is_some();
        let opening = match first {
            None if own => "".into(),
            Some(reason) => both(
                format!("{reason} So here is a question: would you like to take part in this?"),
                format!("{}\nDo you want to take part in this?", easy::reason(reason)),
            ),
            None => both(
                "We would like to ask you to take part in this.",
                "We want to ask you something.\nDo you want to take part in this?",
            ),
        };
        let reasons: Vec<Both> = self.invitation.why.reasons.iter().map(|reason| both(reason, easy::reason(reason))).collect();
        self.letter(both(format!("Would you like to take part: {title}"), format!("Do you want to take part: {title}")))
            .text(opening)
            .own(self.own.opening.clone())
            .text(both("", "You can say yes.\nYou can say no.\nBoth are fine."))
            .heading(both("", "What it is about"))
            .text(&opportunity.summary)
            .fact(
                both("What this is", "What you do"),
                both(format!("{}. {}", rung.people_say, rung.plain), format!("{}.\n{}", rung.people_say, rung.easy_read)),
            )
            .fact(both(SUPPORTED, "What we know about it"), supported::in_words(&self.supported).unwrap_or_default())
            .fact("What we promise", promise(opportunity))
            .fact("What can change", &opportunity.open_to_influence)
            .fact("What cannot change", &opportunity.not_open)
            .fact("Who decides", &opportunity.who_decides)
            .fact(both("Time it takes", "How long it takes"), time_said(opportunity))
            .fact(both("When", "When it is"), self.when())
            .fact(GROUP, in_words(opportunity.group_facts.as_ref()))
            .fact(both("Payment", "Money"), payment_said(&opportunity.payment))
            .fact(both("Support", "Help for you"), &opportunity.support)
            .fact(both("Please note", "Please read this first"), opportunity.content_note.clone().unwrap_or_default())
            .fact(both("Someone to talk to", "You can talk to this person"), support(opportunity))
            .fact(both("Answer by", "Please tell us by"), self.last_day.map(day).unwrap_or_default())
            .fact(
                both("You hear what came of it by", "We tell you what came of it by"),
                opportunity.feedback_due.map(day).unwrap_or_default(),
            )
            .fact(both("How people are chosen", "How we choose people"), &opportunity.how_chosen)
            .heading(both("", if self.invitation.held_until.is_some() || self.draws_on.is_some() { "Your place" } else { "" }))
            .text(self.invitation.held_until.map_or_else(|| "".into(), |last| holds_said(last, self.invitation.question_first)))
            .text(self.draws_on.map_or_else(|| "".into(), draws))
            .heading(if reasons.is_empty() { "".into() } else { both("Why you were asked", "Why we ask you") })
            .list(reasons)
            .heading(both("", "What you can do"))
            .button("Read more and answer", url)
            .text(both(
                "Yes, no, later, or something lighter: every answer is fine, and you need give no reason.",
                "You can say yes.\nYou can say no.\nYou can say later.\nYou can choose to do less.\nEvery answer is fine.\nYou do not have to say why.",
            ))
            .own(self.own.closing.clone())
            .heading(both("", "Who made the steps"))
            .text(format!("{}.", ladder::ATTRIBUTION))
    }

    pub(super) fn again(&self, url: &str) -> Letter {
        let title = &self.opportunity.title;
        let subject = both(format!("You asked us to ask again: {title}"), format!("We ask you again: {title}"));
        let opening = both(
            format!("You asked us to ask you again today about “{title}”."),
            format!("We asked you about “{title}”.\nYou asked us to ask you later.\nSo we ask you again today."),
        );
        self.once_more(subject, opening, url)
    }

    pub(super) fn remind(&self, url: &str) -> Letter {
        let title = &self.opportunity.title;
        let opening = both(
            format!("We wrote to you about “{title}”."),
            format!("We wrote to you about “{title}”.\nWe have not heard from you.\nThat is fine."),
        );
        self.once_more(format!("A reminder: {title}").into(), opening, url)
    }

    fn once_more(&self, subject: Both, opening: Both, url: &str) -> Letter {
        let by = self.last_day.map(|last| format!("You can answer until {}.", day(last))).unwrap_or_default();
        let leaves = both(
            "If it is not for you, you can say no there, or leave it. Nothing follows from that.",
            "You can say yes.\nYou can say no.\nYou can do nothing.\nAll of this is fine.",
        );
        self.letter(subject)
            .own(self.own.opening.clone())
            .text(opening)
            .text(by)
            .heading(both("", "What you can do"))
            .button("Read more and answer", url)
            .text(leaves)
            .own(self.own.closing.clone())
    }

    pub(super) fn taken_back(&self) -> Letter {
        let title = &self.opportunity.title;
        let opening = match self.place {
            Some(_) => both(
                format!("You were on the waiting list for “{title}”. We have taken you off it."),
                format!("You were on the waiting list for “{title}”.\nWe took you off the list."),
            ),
            None => both(
                format!("We had asked you about “{title}”. We have taken the question back."),
                format!("We asked you about “{title}”.\nWe do not ask you any more."),
            ),
        };
        self.letter(both(format!("You need not do anything about: {title}"), format!("You do not have to do anything: {title}")))
            .text(opening)
            .heading(both("", "Why we did this"))
            .text(both(
                "It no longer fits what you told us about how you want to be involved. You need not do anything about it.",
                "You told us what you want to do.\nThis does not fit any more.\nYou do not have to do anything.",
            ))
    }

    pub(super) fn no_place(&self, url: &str) -> Letter {
        let title = &self.opportunity.title;
        let ended = match self.draws_on {
            Some(_) => both(
                format!(
                    "You said yes to “{title}”. No names could be drawn for it, so nobody has got a place by lot, and the list has ended now."
                ),
                format!(
                    "You said yes to “{title}”.\nWe wanted to pick names by chance.\nWe could not do it.\nNobody got a place this way.\nThe list has ended."
                ),
            ),
            None => both(
                format!("You were on the waiting list for “{title}”. No place has become free, and the list has ended now."),
                format!("You were on the waiting list for “{title}”.\nNo place became free.\nThe list has ended."),
            ),
        };
        self.letter(format!("The waiting list has ended: {title}"))
            .text(ended)
            .heading(both("", "What happens now"))
            .text(both(
                "Thank you for being ready to take part. You need not do anything, and nothing follows from this for you.",
                "Thank you for saying yes.\nYou do not have to do anything.\nNothing changes for you.",
            ))
            .button("See what it was about", url)
    }

    pub(super) fn not_drawn(&self, url: &str) -> Letter {
        let title = &self.opportunity.title;
        self.letter(both(format!("Names were drawn: {title}"), format!("We picked names: {title}")))
            .text(both(
                format!("You said yes to “{title}”. Thank you. Names were drawn by lot among all who said yes."),
                format!("You said yes to “{title}”.\nThank you.\nMore people said yes than we have places.\nWe picked names by chance."),
            ))
            .text(both(
                "Your name was not among them. That says nothing about you.",
                "We did not pick your name.\nIt was by chance.\nIt says nothing about you.",
            ))
            .heading(both("", "What happens now"))
            .text(both(
                "If a place becomes free, names are drawn for it among all who said yes. We write to you if yours comes up.",
                "A place may become free.\nThen we pick a name again.\nWe write to you if we pick yours.",
            ))
            .text(both("", "Do you want no place any more?\nYou can tell us with this button."))
            .button("See where you stand, or say that you no longer want a place", url)
    }

    pub(super) fn draw_moved(&self, url: &str) -> Letter {
        let title = &self.opportunity.title;
        let on = self.draws_on.map(day).unwrap_or_default();
        self.letter(both(format!("Names are drawn later: {title}"), format!("We pick names later: {title}")))
            .text(both(
                format!("You said yes to “{title}”. Names could not be drawn on the day that we told you."),
                format!("You said yes to “{title}”.\nWe told you a day for picking names.\nWe could not do it on that day."),
            ))
            .heading(both("", "The new day"))
            .text(both(
                format!("They are drawn on {on}. Yours is among them, and you need not do anything."),
                format!("We pick names by chance on {on}.\nYour name is in.\nYou do not have to do anything."),
            ))
            .text(both("", "Do you want no place any more?\nYou can tell us with this button."))
            .button("See where you stand, or say that you no longer want a place", url)
    }

    pub(super) fn place(&self, url: &str) -> Letter {
        let opportunity = &self.opportunity;
        let title = &opportunity.title;
        self.letter(format!("You have a place: {title}"))
            .own(self.own.opening.clone())
            .text(both(format!("You have a place in “{title}”."), format!("You said yes to “{title}”.\nYou have a place.")))
            .fact(both("When", "When it is"), self.when())
            .fact(both("Time it takes", "How long it takes"), time_said(opportunity))
            .fact(both("Payment", "Money"), payment_said(&opportunity.payment))
            .fact(both("Support", "Help for you"), &opportunity.support)
            .fact(both("Someone to talk to", "You can talk to this person"), support(opportunity))
            .heading(both("", "If something changes for you"))
            .button("See your place, or give it up", url)
            .text(both(
                "If something changes for you, you can give the place up there at any time. You need give no reason.",
                "You can give the place up at any time.\nYou do not have to say why.",
            ))
            .own(self.own.closing.clone())
    }

    fn when(&self) -> String {
        self.opportunity.starts_at.map(|at| moment(at, self.zone)).unwrap_or_default()
    }
}
