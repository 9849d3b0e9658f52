//! `bench idle`: how long the server takes to be ready on a migrated database, and its memory when nobody asks for anything.

use super::{Common, Ground, Row, Show, rounded, server::Server};
use crate::platform::Result;
use clap::Args;
use std::time::Duration;

/// Memory is read when the server has had nothing to do for so long.
const QUIET: Duration = Duration::from_secs(2);

/// What to measure.
#[derive(Args)]
pub struct Wishes {
    #[command(flatten)]
    common: Common,
    /// Starts for each database; the one in the middle counts
    #[arg(long, default_value_t = 7)]
    runs: usize,
}

/// Measures.
pub async fn run(wishes: Wishes) -> Result<()> {
    let mut show = Show::new(wishes.common.json);
    for ground in Ground::all(&wishes.common).await? {
        // The first start makes the key and the first link; the ones that are measured are ordinary starts.
        Server::start(&ground).await?.stop().await?;
        let mut seconds = Vec::new();
        let mut megabytes = Vec::new();
        for run in 1..=wishes.runs.max(1) {
            let server = Server::start(&ground).await?;
            seconds.push(server.ready_after.as_secs_f64());
            tokio::time::sleep(QUIET).await;
            megabytes.push(server.memory()?);
            server.stop().await?;
            eprintln!("{}: start {run} of {}", ground.database, wishes.runs);
        }
        show.row(Row(vec![
            ("database", ground.database.into()),
            ("ready_s", rounded(middle(seconds), 3)),
            ("idle_mb", rounded(middle(megabytes), 1)),
        ]));
        ground.remove().await?;
    }
    show.end();
    Ok(())
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_in_the_middle_counts() {
        assert_eq!(middle(vec![9.0, 1.0, 2.0]), 2.0);
        assert_eq!(middle(vec![]), 0.0);
    }
}
