//! What an offer can be, by what is recorded before it begins: the highest rung that nothing on record speaks against. It proves
//! nothing: what came of it is for the record afterwards to show.

use entity::{DecisionRule, Rung, Weight};

/// What is on record about an offer before it begins.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What it claims to be.
    pub claimed: Rung,
    /// Whether it asks questions in a survey, and nothing else.
    pub survey: bool,
    /// Whether the stage of the work that it is in was settled.
    pub settled: bool,
    /// The decisions that it is about and that are open: how much hangs on each, and how it is taken.
    pub open: Vec<(Weight, DecisionRule)>,
}

/// What an offer can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supported {
    /// The rung; what it claims to be where nothing speaks against it.
    pub rung: Rung,
    /// What speaks against more, in plain words, if something does.
    pub because: Option<&'static str>,
}

impl Supported {
    /// As it claims to be.
    pub fn as_claimed(claimed: Rung) -> Self {
        Self { rung: claimed, because: None }
    }

    /// Whether something speaks against what it claims to be.
    pub fn is_less(&self) -> bool {
        self.because.is_some()
    }
}

/// Below this, nothing on record can speak against an offer before it begins.
pub const FROM: Rung = Rung::Engagement;

/// What an offer can be. The lowest cap counts; what is not known is never held against anybody.
pub fn supported(facts: &Facts) -> Supported {
    let alone = !facts.open.is_empty() && facts.open.iter().all(|(_, rule)| *rule == DecisionRule::OwnerDecides);
    let small = !facts.open.is_empty() && facts.open.iter().all(|(weight, _)| *weight == Weight::Small);
    let caps = [
        (facts.open.is_empty(), Rung::Informing, "Nothing that it is about is still open."),
        (facts.survey, Rung::Consultation, "It asks questions in a survey. Nothing else is planned."),
        (small, Rung::Consultation, "What is still open are small matters."),
        (facts.settled && facts.claimed >= Rung::CoDesign, Rung::Engagement, "This stage of the work was settled before."),
        (alone, Rung::CoDesign, "Those who run it decide, and not together with the people who take part."),
    ];
    let cap = caps.into_iter().find(|(holds, rung, _)| *holds && *rung < facts.claimed && facts.claimed >= FROM);
    cap.map_or(Supported::as_claimed(facts.claimed), |(_, rung, because)| Supported { rung, because: Some(because) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(claimed: Rung) -> Facts {
        Facts { claimed, survey: false, settled: false, open: vec![(Weight::Big, DecisionRule::Consensus)] }
    }

    #[test]
    fn what_is_on_record_caps_what_is_claimed() {
        let rung = |facts: Facts| supported(&facts).rung;
        for claimed in [Rung::Informing, Rung::Consultation, Rung::Engagement, Rung::CoDesign, Rung::CoProduction] {
            assert_eq!(supported(&facts(claimed)), Supported::as_claimed(claimed));
        }
        let with = facts(Rung::CoProduction);
        assert_eq!(rung(Facts { open: Vec::new(), ..with.clone() }), Rung::Informing);
        assert_eq!(rung(Facts { survey: true, ..with.clone() }), Rung::Consultation);
        assert_eq!(rung(Facts { open: vec![(Weight::Small, DecisionRule::Consensus)], ..with.clone() }), Rung::Consultation);
        assert_eq!(rung(Facts { settled: true, ..with.clone() }), Rung::Engagement);
        assert_eq!(rung(Facts { open: vec![(Weight::Big, DecisionRule::OwnerDecides)], ..with.clone() }), Rung::CoDesign);
        let one_together = vec![(Weight::Big, DecisionRule::OwnerDecides), (Weight::Small, DecisionRule::MutualVeto)];
        assert_eq!(rung(Facts { open: one_together, ..with }), Rung::CoProduction);
    }

    #[test]
    fn a_cap_above_the_claim_says_nothing() {
        let open = vec![(Weight::Big, DecisionRule::OwnerDecides)];
        assert!(!supported(&Facts { settled: true, open: open.clone(), ..facts(Rung::Engagement) }).is_less());
        assert!(!supported(&Facts { open, ..facts(Rung::CoDesign) }).is_less());
        assert!(!supported(&Facts { survey: true, open: Vec::new(), ..facts(Rung::Consultation) }).is_less());
    }
}
