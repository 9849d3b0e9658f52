//! What a draw among groups rested on: the quotas, who was seated before, what each kind counts for, and what had to give. Kept
//! beside the lottery, for whoever checks that it was fair.

use super::{
    groups::CountsFor,
    letters::{Letters, Rates},
    seats::{Fairness, Panels},
};
use crate::{
    opportunities::quotas::group,
    statistics::disclosure::{Shown, alone},
};
use entity::SeatQuota;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sortition::{Kind, Problem, Quota};

/// At least and at most so many.
pub type Bounds = (u32, u32);

/// What a draw rested on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Grounds {
    /// The quotas of the opportunity.
    pub quotas: Vec<SeatQuota>,
    /// Whether a coordinator allowed them to be changed by as little as is needed.
    #[serde(default)]
    pub ease: bool,
    /// Of each quota, how many had a place already.
    #[serde(default)]
    pub before: Vec<u32>,
    /// What the draw kept, of each quota, with those left out who had a place already. Where somebody waited, there is one more:
    /// so many of those who waited were seated.
    #[serde(default)]
    pub kept: Vec<Bounds>,
    /// The quotas that each kind counts for.
    #[serde(default)]
    pub kinds: Vec<CountsFor>,
    /// The chance of one person of each kind.
    #[serde(default)]
    pub chances: Vec<f64>,
    /// Why the lottery is the fairest; none where nobody was drawn.
    #[serde(default)]
    pub fairness: Option<Fairness>,
    /// How many this draw seats.
    #[serde(default)]
    pub drawn: u32,
    /// Of each quota, how many this draw seats.
    #[serde(default)]
    pub seated: Vec<u32>,
    /// In two stages: this draw is among those alone who said yes.
    #[serde(default)]
    pub gathered: bool,
    /// In two stages: what the letters were shared out by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letters: Option<Sent>,
    /// What stands against the quotas; none where they could be kept.
    #[serde(default)]
    pub trouble: Option<Trouble>,
}

/// What letters were shared out by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// How many were wanted; 0 for as many as bring about twice as many yeses as there are places.
    pub wanted: u32,
    /// How often people said yes before.
    #[serde(default)]
    pub rates: Rates,
    /// So many had said yes, and were counted off the places.
    #[serde(default)]
    pub said_yes: u32,
}

/// Quotas that cannot be kept with the people who may be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// Quotas that cannot be kept together; the rest can be without any one of them. Empty where that is not known.
    pub conflict: Vec<u32>,
    /// The least change with which they can be kept: the quota and its new bounds. Empty where none is known.
    pub easing: Vec<(u32, Bounds)>,
    /// Whether less is proved not to be enough.
    pub least: bool,
    /// Whether the draw was made with that change.
    pub eased: bool,
}

impl Grounds {
    /// What was kept with a run, if its places were shared out.
    pub fn read(kept: Option<&Value>) -> Option<Self> {
        Self::deserialize(kept?).ok()
    }

    /// What is left of the quotas for the free places: those who have a place are counted off.
    pub fn left(&self) -> Vec<Quota> {
        let left = |(quota, before): (&SeatQuota, &u32)| {
            let less = |bound: i32| u32::try_from(bound).unwrap_or(0).saturating_sub(*before);
            Quota { min: less(quota.min), max: less(quota.max) }
        };
        self.quotas.iter().zip(&self.before).map(left).collect()
    }

    /// Whether it is about a lottery over people of these kinds: nothing is numbered that is not there. Kinds of letters count for
    /// more than quotas.
    pub fn fits(&self, people: &[u32], letters: bool) -> bool {
        let quotas = u32::try_from(self.kept.len()).unwrap_or(u32::MAX);
        let known = |kind: &CountsFor| letters || kind.iter().all(|quota| *quota < quotas);
        self.kinds.len() == people.len() && self.kept.len() >= self.quotas.len() && self.kinds.iter().all(known)
    }

    /// Whether what was kept are the quotas, less who had a place, with the changes that were said.
    pub fn are_kept(&self) -> bool {
        let eased = self.trouble.as_ref().filter(|trouble| trouble.eased);
        let changed = |quota: usize| eased?.easing.iter().find(|(of, _)| *of as usize == quota).map(|(_, bounds)| *bounds);
        let left = self.left();
        let kept = |(at, bounds): (usize, &Bounds)| {
            let own = left.get(at).map(|quota| (quota.min, quota.max));
            changed(at).or(own).is_none_or(|wanted| wanted == *bounds)
        };
        left.len() == self.quotas.len() && self.kept.iter().enumerate().take(left.len()).all(kept)
    }

    /// The problem that was solved, for people of these kinds.
    pub fn problem(&self, seats: u32, people: &[u32]) -> Problem {
        let quota = |(min, max): &Bounds| Quota { min: *min, max: *max };
        let kind = |(people, quotas): (&u32, &CountsFor)| Kind { people: *people, quotas: quotas.clone() };
        Problem {
            seats,
            quotas: self.kept.iter().map(quota).collect(),
            kinds: people.iter().zip(&self.kinds).map(kind).collect(),
        }
    }

    /// The lottery over who gets a letter, for people of these kinds; none where these are no letters.
    pub fn letters(&self, places: u32, people: &[u32]) -> Option<Panels> {
        let sent = self.letters.as_ref()?;
        let quota = |(min, max): &Bounds| Quota { min: *min, max: *max };
        let quotas: Vec<Quota> = self.kept.iter().map(quota).collect();
        let letters = Letters {
            seats: places.saturating_sub(sent.said_yes),
            quotas: &quotas,
            kinds: &self.kinds,
            people,
            rates: &sent.rates,
        };
        letters.lottery(sent.wanted)
    }

    /// What stands against the quotas, in plain sentences, as far as everybody may read it: how much was changed would say how many
    /// of a group there are.
    pub fn told_to_all(&self) -> Vec<String> {
        let Some(trouble) = &self.trouble else { return Vec::new() };
        let what = match trouble.eased {
            true => "They were changed by as little as is needed.",
            false => "Nobody was drawn.",
        };
        vec![format!("The quotas could not be kept as they are. {what}")]
    }

    /// What stands against the quotas, in plain sentences, for those who run it. That there are fewer of a group than the minimum, but
    /// some, is all that is said of them.
    pub fn told(&self, minimum: u64) -> Vec<String> {
        let Some(trouble) = &self.trouble else { return Vec::new() };
        let name = |quota: &u32| self.quotas.get(*quota as usize).map(group);
        let who = if self.gathered { "who said yes" } else { "who may be asked" };
        let mut told = Vec::new();
        let conflict: Vec<String> = trouble.conflict.iter().filter_map(name).collect();
        match conflict.as_slice() {
            [] => told.push(format!("With the people {who}, these quotas cannot be kept.")),
            [one] => told.push(format!("With the people {who}, this quota cannot be kept: {one}.")),
            many => told.push(format!("With the people {who}, these cannot be kept together: {}.", many.join("; "))),
        }
        let left = self.left();
        for (quota, (min, max)) in &trouble.easing {
            let (Some(name), Some(old)) = (name(quota), left.get(*quota as usize)) else { continue };
            let before = self.before.get(*quota as usize).copied().unwrap_or(0);
            let done = if trouble.eased { "It was changed to" } else { "It works with" };
            let number = |count: u32| match alone(count.into(), minimum) {
                Shown::Number(count) => count.to_string(),
                Shown::Few => format!("a few (fewer than {minimum})"),
            };
            if old.min > *min {
                told.push(format!("{done} at least {}: {name}.", number(min + before)));
            }
            if old.max < *max {
                told.push(format!("{done} at most {}: {name}.", max + before));
            }
        }
        if trouble.easing.is_empty() {
            told.push("No change that works was found. Ask for less of each.".to_owned());
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(category: &str, min: i32, max: i32) -> SeatQuota {
        SeatQuota { dimension: "age_band".into(), category: category.into(), min, max }
    }

    #[test]
    fn those_who_have_a_place_are_counted_off() {
        let quotas = vec![quota("16_24", 2, 3), quota("25_64", 1, 4), quota("65_plus", 0, 1)];
        let grounds = Grounds { quotas, before: vec![1, 3, 2], ..Grounds::default() };
        let left: Vec<Bounds> = grounds.left().iter().map(|quota| (quota.min, quota.max)).collect();
        assert_eq!(left, [(1, 2), (0, 1), (0, 0)]);
    }

    #[test]
    fn what_cannot_be_kept_is_told_in_plain_words() {
        let quotas = vec![quota("16_24", 3, 3), quota("65_plus", 0, 1)];
        let easing = vec![(0, (1, 2)), (1, (0, 2))];
        let trouble = Trouble { conflict: vec![0, 1], easing, least: true, eased: false };
        let grounds = Grounds { quotas, before: vec![1, 0], trouble: Some(trouble), ..Grounds::default() };
        assert_eq!(
            grounds.told(2),
            [
                "With the people who may be asked, these cannot be kept together: age band, 16 to 24; age band, 65 plus.",
                "It works with at least 2: age band, 16 to 24.",
                "It works with at most 2: age band, 65 plus."
            ]
        );
        assert_eq!(grounds.told(5)[1], "It works with at least a few (fewer than 5): age band, 16 to 24.");
        assert_eq!(grounds.told_to_all(), ["The quotas could not be kept as they are. Nobody was drawn."]);
    }
}
