//! The ladder of co-production as reference data.
//!
//! Made by the National Co-production Advisory Group for Think Local Act Personal, who ask to be named with a link.
//! The texts are our own, in plain English and in Easy Read.

use entity::Rung;

/// Who is to be named.
pub const ATTRIBUTION: &str =
    "The ladder of co-production: Think Local Act Personal (TLAP) and the National Co-production Advisory Group (NCAG)";
/// Where it is published.
pub const SOURCE: &str = "https://thinklocalactpersonal.org.uk/Latest/Co-production-The-ladder-of-co-production/";

/// A rung in words.
pub struct Step {
    /// Which rung.
    pub rung: Rung,
    /// Its name.
    pub title: &'static str,
    /// What people are offered, in their words rather than the ladder's.
    pub people_say: &'static str,
    /// What it means, in plain English, 60 words at most.
    pub plain: &'static str,
    /// The same in Easy Read: short sentences, one idea each.
    pub easy_read: &'static str,
}

/// The seven rungs, lowest first.
pub const LADDER: [Step; 7] = [
    Step {
        rung: Rung::Coercion,
        title: "Coercion",
        people_say: "Being made to attend",
        plain: "People are made to attend or answer. What they think is not treated as important and changes nothing. Nobody may offer this here. It can be found in the record afterwards.",
        easy_read: "You have to be there.\nNobody listens to what you think.\nThis is not OK.",
    },
    Step {
        rung: Rung::Educating,
        title: "Educating",
        people_say: "Help me understand",
        plain: "People are helped to understand how services are planned and run, so that they know more. Nothing is asked of them.",
        easy_read: "You learn how services work.\nNobody asks you for your views.",
    },
    Step {
        rung: Rung::Informing,
        title: "Informing",
        people_say: "Keep me informed",
        plain: "Those responsible explain services and how they work. They may say what has been decided and why. People get to know, and are not asked.",
        easy_read: "You are told what is happening.\nYou are told what was decided, and why.",
    },
    Step {
        rung: Rung::Consultation,
        title: "Consultation",
        people_say: "Ask for my views",
        plain: "People are asked for their views, in writing or at a meeting, while something is still open. Those responsible decide, and tell people what came of it.",
        easy_read: "You are asked what you think.\nOther people decide.\nThey tell you what they did, and why.",
    },
    Step {
        rung: Rung::Engagement,
        title: "Engagement",
        people_say: "Talk it through more than once",
        plain: "People can say what they think more than once and in more than one way. They may change some of the decisions, depending on what those responsible allow.",
        easy_read: "You can say what you think more than once.\nYou may change some of the decisions.",
    },
    Step {
        rung: Rung::CoDesign,
        title: "Co-design",
        people_say: "Design it together",
        plain: "People help to design services from their own experience and ideas. They have real influence on the design. They may not be part of running it.",
        easy_read: "You help to plan how a service will work.\nYour ideas change the plan.\nYou may not help to run it.",
    },
    Step {
        rung: Rung::CoProduction,
        title: "Co-production",
        people_say: "Run it together",
        plain: "People and those responsible work as equals from the first idea to running it. They share the big decisions, about policy and money. They also share the best way to do things.",
        easy_read: "You work together from start to end.\nYou decide the big things together.\nYou help to run it.",
    },
];

/// The words for one rung.
pub fn step(rung: Rung) -> &'static Step {
    &LADDER[Rung::ALL.iter().position(|known| *known == rung).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rung_is_explained_in_its_place() {
        for (step, rung) in LADDER.iter().zip(Rung::ALL) {
            assert_eq!(step.rung, *rung);
            assert!(step.plain.split_whitespace().count() <= 60, "{}", step.title);
            for sentence in step.easy_read.lines() {
                assert!(sentence.split_whitespace().count() <= 15, "{sentence}");
            }
        }
    }
}
