//! What the database does while letters are under way.

use super::*;
use sea_orm::ConnectionTrait;

#[test]
fn fault_16_a_database_that_is_away_when_the_answer_comes_costs_nobody_a_letter() {
    everywhere(|app| async move {
        let gate = Arc::new(Notify::new());
        let server = Server::start([vec![(At::Dot, Act::Wait(gate.clone()))]]).await;
        queue(&app, 1).await;
        let mailer = to(&app, &server);
        let away = async {
            while server.ledger().is_empty() {
                tokio::task::yield_now().await;
            }
            let other = Db::connect(&app.url, 1).await.unwrap();
            if app.backend == Backend::Postgres {
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
                other.write().execute_unprepared(end).await.unwrap();
                gate.notify_one();
            } else {
                // Somebody else writes, and takes their time.
                let tx = other.begin().await.unwrap();
                gate.notify_one();
                tokio::time::sleep(std::time::Duration::from_millis(700)).await;
                tx.rollback().await.unwrap();
            }
            other.close().await.unwrap();
        };
        let (ran, ()) = join(mailer.run_due(&app.app.platform, 100), away).await;
        // Whoever looks for more letters may meet connections that are gone; the worker looks again.
        if ran.is_err() {
            while mailer.run_due(&app.app.platform, 100).await.is_err() {}
        }
        let row = only(&app).await;
        assert_eq!((row.state, row.doubts, row.attempts), (MailState::Sent, 0, 1));
        assert_eq!(server.ledger().len(), 1);
    });
}
