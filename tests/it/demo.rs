//! The demo, from its first letter to its last, twice: the numbers are the same again.

use crate::harness::Watched;
use alongside::commands::demo::{Options, Summary, tell};
use std::path::Path;

async fn told(folder: &Path) -> Summary {
    let options = Options { people: 80, seed: 1, json: true, exit: true };
    let (summary, server) = tell(folder, &options, ([127, 0, 0, 1], 0).into()).await.unwrap();
    server.stop().await;
    summary
}

#[test]
fn the_story_repeats_itself() {
    let folder = std::env::temp_dir().join(format!("alongside-demo-{}", std::process::id()));
    let _watched = Watched::begin();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let first = told(&folder).await;
        // The second run finds what the first has left, and starts afresh.
        let second = told(&folder).await;
        let numbers = |summary: &Summary| Summary { seconds: 0.0, report_url: String::new(), ..summary.clone() };
        assert_eq!(numbers(&first), numbers(&second));
        // Seed 1 and 80 people make these numbers on any day: every date of the story is so many days from today.
        assert_eq!(first.people, 80);
        let consultation = &first.consultation;
        assert_eq!((consultation.eligible, consultation.asked, consultation.answered), (49, 49, 41), "{first:?}");
        // Everybody who joined is either asked or counted among the others, as far as the counts may be told.
        let told = |reason: &str| consultation.not_asked.get(reason).copied().flatten();
        assert_eq!((told("no_consent"), told("format"), told("rung"), told("topic")), (Some(5), Some(5), None, None));
        let group = &first.co_design;
        assert_eq!((group.eligible, group.asked, group.reserve), (15, 15, 0), "{first:?}");
        assert_eq!((group.places, group.accepted, group.filled), (12, 9, 9), "{first:?}");
        assert_eq!((first.feedback_letters, first.letters), (35, 207), "{first:?}");
    });
    std::fs::remove_dir_all(&folder).unwrap();
}
