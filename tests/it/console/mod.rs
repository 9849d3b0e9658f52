//! The console, driven through its pages alone.

mod contributions;
mod doors;
mod edits;
mod gatherings;
mod journey;
mod letters;
mod own_words;
mod topics;
mod walk;

use crate::harness::{Browser, TestApp};

/// The console of a new organisation, `sunrise`, with its administrator signed in.
pub async fn rosa(app: &TestApp) -> Browser<'_> {
    app.administrator().await;
    app.at_the_console("root@sunrise.example").await
}

/// A project from a need, with everything that has to be said about it.
pub async fn project(rosa: &mut Browser<'_>) -> String {
    rosa.open("/console/sunrise/projects/new").await.fill("Name", "Support after violence");
    rosa.fill("What is needed, and by whom?", "People do not find support that fits.");
    rosa.choose("What kind of work is it?", "People are involved in decisions");
    rosa.fill("Why are people involved?", "Those who need it know what fits.");
    rosa.fill("What do those who take part get out of it?", "Support that fits.");
    rosa.fill("What should be different afterwards?", "Support is built around people.");
    rosa.fill("Who will use what comes of it?", "People who lived through violence\nStaff");
    rosa.fill("The promise: what can change, in public words", "What form the support takes can change.");
    rosa.choose("Which rung of the ladder of co-production is this?", "Co-design");
    rosa.press("Save").await.expect(200).says("Support after violence");
    rosa.address.clone()
}

/// A decision that people can change.
pub async fn decision(rosa: &mut Browser<'_>, project: &str) {
    rosa.open(&format!("{project}/decisions/new")).await.fill("What is to be decided?", "A group, or one to one");
    rosa.choose("Can people change it?", "Open: people can change it").fill("Who decides?", "The board");
    rosa.choose("How is it decided?", "Whoever owns it decides").choose("In which stage of the work?", "Working out the form");
    rosa.choose("How wide does it reach?", "A service and how it develops");
    rosa.choose("How much does it weigh?", "Big: it changes what people get");
    rosa.press("Save").await.expect(200).says("A group, or one to one");
}

/// A draft of a way to take part.
pub async fn way(rosa: &mut Browser<'_>, project: &str, kind: &str, rung: &str) -> String {
    rosa.open(&format!("{project}/opportunities/new")).await.choose("How do people take part?", kind).fill("Name", "Your view");
    rosa.choose("What are people offered?", rung).choose("In which stage of the work?", "Working out the form");
    rosa.choose("What is paid?", "Nothing is paid").press("Begin").await.expect(200).says("What has to be said before it opens");
    rosa.address.clone()
}
