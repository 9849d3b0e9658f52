//! What staff who work with somebody may know of what they said: what they share of their needs, and what has to be kept to.

use entity::{AccessNeed, Channel, Credit, LetterFormat, Money, Permission, PreferenceDoc, SessionWishes, ShareWith};

/// Who learns of a need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learns {
    /// Coordinators.
    Coordinators,
    /// Whoever leads a meeting.
    WhoeverLeads,
    /// The venue.
    Venue,
}

impl Learns {
    /// Whether a need that may be shared like this may be told to them.
    pub fn of(self, share_with: ShareWith) -> bool {
        match share_with {
            ShareWith::Nobody => false,
            ShareWith::Coordinator => self == Self::Coordinators,
            ShareWith::Facilitator => self != Self::Venue,
            ShareWith::Venue => true,
        }
    }
}

/// The needs that may be told to somebody; first those without which the person cannot take part.
pub fn needs(doc: &PreferenceDoc, who: Learns) -> Vec<AccessNeed> {
    let mut needs: Vec<AccessNeed> = doc.access_needs.iter().filter(|need| who.of(need.share_with)).cloned().collect();
    needs.sort_by_key(|need| !need.must_have);
    needs
}

/// What has to be kept to by whoever works with somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// What they need to take part, as far as it may be told.
    pub needs: Vec<AccessNeed>,
    /// Whether they may be asked to tell about their experience.
    pub may_ask_about_experience: Permission,
    /// How they want to be named where their work is published.
    pub credit: Credit,
    /// What they want done about payment.
    pub money: Money,
    /// The form of written material.
    pub format: LetterFormat,
    /// What they can manage in a meeting.
    pub sessions: SessionWishes,
    /// How they are best reached; for coordinators alone.
    pub reach: Option<Reach>,
}

/// How somebody is best reached by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// In which way.
    pub channel: Channel,
    /// Their telephone number, if they gave one.
    pub phone: Option<String>,
    /// Whether nothing is to be said to a machine or to somebody else.
    pub no_voicemail: bool,
}

impl Known {
    /// What a document says of it, for somebody who may know.
    pub fn of(doc: &PreferenceDoc, who: Learns) -> Self {
        Self {
            needs: needs(doc, who),
            may_ask_about_experience: doc.story.may_ask_about_experience,
            credit: doc.story.credit,
            money: doc.money.clone(),
            format: doc.contact.format,
            sessions: doc.sessions.clone(),
            reach: (who == Learns::Coordinators).then(|| Reach {
                channel: doc.contact.channel,
                phone: doc.contact.phone.clone(),
                no_voicemail: doc.contact.no_voicemail,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::NeedKind;

    #[test]
    fn each_word_names_one_more_than_the_one_before() {
        use Learns::{Coordinators, Venue, WhoeverLeads};
        let cases = [
            (ShareWith::Nobody, [false, false, false]),
            (ShareWith::Coordinator, [true, false, false]),
            (ShareWith::Facilitator, [true, true, false]),
            (ShareWith::Venue, [true, true, true]),
        ];
        assert_eq!(cases.len(), ShareWith::ALL.len());
        for (share_with, expected) in cases {
            assert_eq!([Coordinators, WhoeverLeads, Venue].map(|who| who.of(share_with)), expected, "{share_with}");
        }
    }

    #[test]
    fn what_somebody_cannot_do_without_comes_first() {
        let need = |text: &str, must_have| AccessNeed {
            need: text.into(),
            kind: NeedKind::Other,
            must_have,
            share_with: ShareWith::Coordinator,
        };
        let doc = PreferenceDoc {
            access_needs: vec![need("Tea", false), need("A lift", true), need("Quiet", false), need("A ramp", true)],
            ..PreferenceDoc::unspoken()
        };
        let found: Vec<String> = needs(&doc, Learns::Coordinators).into_iter().map(|need| need.need).collect();
        assert_eq!(found, ["A lift", "A ramp", "Tea", "Quiet"]);
    }
}
