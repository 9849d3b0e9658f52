//! Why somebody was asked, in Easy Read.

/// Reasons as they are written down when somebody is asked, and what they are in Easy Read.
const REASONS: [(&str, &str); 11] = [
    ("You asked to be in this draw yourself.", "You asked to be in this draw."),
    (
        "You have not told us yet how you want to be involved, so we ask you first.",
        "You have not told us yet what you want to do. So we ask you first.",
    ),
    ("You asked us to ask you each time.", "You told us to ask you each time."),
    ("It is about a topic on which you want to be asked first.", "You told us to ask you first about this topic."),
    ("Your pause has ended. Until you choose again, we ask you first.", "Your break is over. So we ask you first."),
    (
        "The day for looking at your choices again has passed, so we ask you first.",
        "Your choices are from some time ago. So we ask you first.",
    ),
    ("It is about a topic that you chose.", "You chose this topic."),
    ("Everybody whose choices fit is asked.", "You made choices. This fits. We ask everybody where it fits."),
    (
        "The number of places is limited, so names were drawn by lot. Yours was drawn.",
        "There are not enough places for everybody. So we picked names by chance. We picked yours.",
    ),
    (
        "The number of places is limited, so those who get this letter were drawn by lot.",
        "There are not enough places for everybody. So we picked by chance who gets this letter.",
    ),
    (
        "Several things need people at this time. Letters were shared out as evenly as they can be, and by lot.",
        "We need people for more than one thing now. We shared our letters out by chance. We did it as fairly as we can.",
    ),
];
/// Beginnings of reasons that name something, and what they are in Easy Read.
const NAMING: [(&str, &str); 2] =
    [("Your choices include “", "You chose “"), ("You are trying this step until ", "You are trying this until ")];

/// A reason in Easy Read. One that nobody has written so stays as it is.
pub fn reason(plain: &str) -> String {
    let found = REASONS.iter().find(|(known, _)| *known == plain).map(|(_, easy)| (*easy).to_owned());
    let naming = || {
        let (begins, easy) = NAMING.iter().find(|(begins, _)| plain.starts_with(begins))?;
        Some(format!("{easy}{}", &plain[begins.len()..]))
    };
    found.or_else(naming).unwrap_or_else(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easy_reasons_are_short_and_what_nobody_wrote_stays() {
        for (_, easy) in REASONS {
            for sentence in easy.split_inclusive('.') {
                assert!(sentence.split_whitespace().count() <= 15, "{sentence}");
            }
        }
        assert_eq!(reason("Your choices include “Ask for my views”."), "You chose “Ask for my views”.");
        assert_eq!(reason("Somebody said so."), "Somebody said so.");
    }
}
