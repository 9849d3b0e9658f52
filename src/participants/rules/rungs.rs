//! A set of rungs.

use entity::Rung;

/// A set of rungs, lowest first. It is looked at for each of a million people, so it is one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rungs(u16);

impl Rungs {
    /// Its rungs, lowest first.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Rung> {
        Rung::ALL.iter().copied().filter(move |rung| self.contains(*rung))
    }

    /// Whether a rung is in it.
    pub fn contains(self, rung: Rung) -> bool {
        self.0 & bit(rung) != 0
    }

    /// The highest rung.
    pub fn highest(self) -> Option<Rung> {
        self.iter().next_back()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of it is in the other one too.
    pub fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// What is in both.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<Rung> for Rungs {
    fn from_iter<I: IntoIterator<Item = Rung>>(rungs: I) -> Self {
        Self(rungs.into_iter().fold(0, |set, rung| set | bit(rung)))
    }
}

fn bit(rung: Rung) -> u16 {
    1 << (rung as u16)
}
