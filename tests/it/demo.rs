//! The demo, from its first letter to its last, twice: the numbers are the same again.

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
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let first = told(&folder).await;
        // The second run finds what the first has left, and starts afresh.
        let second = told(&folder).await;
        let numbers = |summary: &Summary| Summary { seconds: 0.0, report_url: String::new(), ..summary.clone() };
        assert_eq!(numbers(&first), numbers(&second));
        assert_eq!(first.people, 80);
        assert!(first.consultation.answered > 20, "{first:?}");
        assert!(first.consultation.asked >= first.consultation.answered as u64);
        assert!(first.co_design.filled <= first.co_design.places);
        assert!(first.feedback_letters > 0 && first.feedback_letters <= first.consultation.answered);
        assert!(first.letters > 80 + first.feedback_letters);
    });
    std::fs::remove_dir_all(&folder).unwrap();
}
