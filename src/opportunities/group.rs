//! What a group is, in plain words for people who may come to it.

use entity::{ActivityType, GroupFacts, Present};

/// Who is meant.
pub fn present(who: Present) -> &'static str {
    match who {
        Present::Clinicians => "Doctors, nurses or therapists",
        Present::SocialWorkers => "Social workers",
        Present::Police => "The police",
        Present::CouncilStaff => "People who work for a council",
        Present::HousingStaff => "People who work for a landlord or a housing office",
        Present::Researchers => "Researchers",
        Present::Politicians => "Politicians",
        Present::Funders => "People who give the money for this",
        Present::Journalists => "Journalists",
    }
}

/// What an activity is called, where people choose among them and where they are offered one.
pub fn activity(kind: ActivityType) -> &'static str {
    match kind {
        ActivityType::Survey => "Answering questions in writing",
        ActivityType::DocumentReview => "Reading a draft and saying what you think",
        ActivityType::Interview1to1 => "A conversation with one person",
        ActivityType::FocusGroup => "A talk in a small group",
        ActivityType::Workshop => "A workshop",
        ActivityType::CoDesignGroup => "A group that designs something together",
        ActivityType::BoardOrSteering => "A seat on a board or steering group",
        ActivityType::PeerResearch => "Doing research with others who have been there",
        ActivityType::InterviewPanel => "Helping to choose new staff",
        ActivityType::TrainingOrSpeaking => "Training others, or speaking",
        ActivityType::PaidRole => "A paid role",
        ActivityType::CitizensJury => "A citizens' jury or panel",
    }
}

/// What was said of a group, in sentences; nothing where nothing was said.
pub fn in_words(group: Option<&GroupFacts>) -> String {
    let Some(group) = group else { return String::new() };
    let mut said: Vec<String> = [
        (group.women_only, "This group is for women."),
        (group.same_experience, "Everybody in the group shares the experience that it is about."),
        (group.known_facilitator, "Whoever leads it is known to those who come."),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, words)| words.to_owned())
    .collect();
    match group.present.as_deref() {
        None => said.push("It was not said who else is there.".to_owned()),
        Some([]) => said.push("Nobody else is there.".to_owned()),
        Some(there) => {
            let names: Vec<&str> = there.iter().map(|who| present(*who)).collect();
            said.push(format!("Also there: {}.", names.join("; ")));
        }
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_told_and_nothing_else() {
        assert_eq!(in_words(None), "");
        let mut group = GroupFacts { women_only: true, same_experience: false, known_facilitator: false, present: None };
        assert_eq!(in_words(Some(&group)), "This group is for women. It was not said who else is there.");
        group.present = Some(vec![Present::Police, Present::Funders]);
        assert!(in_words(Some(&group)).ends_with("Also there: The police; People who give the money for this."));
        group.present = Some(Vec::new());
        assert!(in_words(Some(&group)).ends_with("Nobody else is there."));
    }
}
