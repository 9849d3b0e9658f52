//! What very many letters do to everything else. How fast it is, and how much memory it takes, says `bench mailing`.

use super::*;

const LETTERS: usize = 2000;

#[test]
fn fault_30_very_many_letters_are_never_in_hand_at_once_and_nobody_else_waits_for_them() {
    everywhere(|app| async move {
        let administrator = app.administrator().await;
        let tx = app.app.platform.db.begin().await.unwrap();
        let batch = open_batch(&tx, &app.clock, None, KIND, None, "test").await.unwrap();
        let letter =
            |number| NewLetter { address: format!("person@place{}.example", number % 50), ..new_letter(&app, KIND, number) };
        let letters: Vec<NewLetter> = (0..LETTERS).map(letter).collect();
        enqueue(&tx, &app.clock, None, batch, &letters).await.unwrap();
        tx.commit().await.unwrap();
        let gates: Vec<Arc<Notify>> = (0..8).map(|_| Arc::default()).collect();
        let server = Server::start(gates.iter().map(|gate| vec![(At::Dot, Act::Wait(gate.clone()))])).await;
        let mailer = to(&app, &server);
        let before = app.app.platform.db.statements();
        let meanwhile = async {
            while server.ledger().len() < gates.len() {
                tokio::task::yield_now().await;
            }
            let states = states(&app).await;
            let of = |state| states.get(&state).copied().unwrap_or(0);
            assert!(
                of(MailState::Queued) > LETTERS - 400,
                "the first letters leave before the others are even looked at: {states:?}"
            );
            assert_eq!(of(MailState::Sent), 0, "{states:?}");
            assert!(of(MailState::Dot) <= 16, "no more than connections can be doubted: {states:?}");
            // Who reads and who writes is answered while every connection waits.
            let organisation = administrator.get(&app, "").send().await.expect(200);
            assert_eq!(organisation.json["letters_gap_days"], 0);
            let topic = serde_json::json!({"key": "discharge", "title": "Coming home"});
            administrator.post(&app, "/topics", &topic).await.expect(201);
            gates.iter().for_each(|gate| gate.notify_one());
        };
        let (sent, ()) = join(mailer.run_due(&app.app.platform, LETTERS as u64), meanwhile).await;
        assert_eq!(sent.unwrap(), LETTERS);
        let statements = app.app.platform.db.statements() - before;
        assert!(statements < LETTERS as u64, "{statements} statements for {LETTERS} letters");
        assert_eq!(server.ledger().len(), LETTERS);
        assert!(
            rows(&app).await.iter().filter(|row| row.kind == KIND).all(|row| (row.state, row.attempts) == (MailState::Sent, 1))
        );
    });
}
