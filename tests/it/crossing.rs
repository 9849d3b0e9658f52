//! A withdrawal that is carried out while the same person, or staff, add to what it is about: nothing slips by.

use crate::{harness::everywhere, withdrawal::Scene};
use entity::{WithdrawalEffect::EraseAllIdentifiable, *};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde_json::json;

#[test]
fn whoever_adds_waits_for_a_withdrawal_and_sees_what_it_did() {
    for (what, status) in [("rate", 404), ("judge", 404), ("source", 422)] {
        everywhere(|app| async move {
            let scene = Scene::set(&app, EraseAllIdentifiable).await;
            let (db, ben, id) = (&app.app.platform.db, &scene.about.who[0], scene.about.id);
            let theme = theme::Entity::find().one(db.read()).await.unwrap().unwrap().id;
            // As carrying out a withdrawal does: the opportunity is held, then what was given goes.
            let tx = db.begin().await.unwrap();
            let about = opportunity::Entity::find_by_id((scene.given.organisation, id));
            about.lock_exclusive().one(&tx).await.unwrap().unwrap();
            let erasing = async {
                app.waiting(1).await;
                let row =
                    response::ActiveModel { state: Set(ResponseState::Withdrawn), answers: Set(None), ..Default::default() };
                let own = response::Entity::update_many().set(row).filter(response::Column::ParticipantId.eq(ben.id));
                own.exec(&tx).await.unwrap();
                let row =
                    contribution::ActiveModel { text: Set(None), withdrawn_at: Set(Some(app.clock.now())), ..Default::default() };
                let own = contribution::Entity::update_many().set(row).filter(contribution::Column::ParticipantId.eq(ben.id));
                own.exec(&tx).await.unwrap();
                let there = attendance::Entity::delete_many().filter(attendance::Column::ParticipantId.eq(ben.id));
                there.exec(&tx).await.unwrap();
                tx.commit().await.unwrap();
            };
            let adding = async {
                match what {
                    "rate" => {
                        let marks = json!({"heard": 1, "ways": 1, "matters": 1, "change": 1, "worth_it": 1});
                        ben.post(&app, &format!("/opportunities/{id}/rating"), &marks).await
                    }
                    "judge" => ben.post(&app, &format!("/influence/{}", scene.claim), &json!({"standing": "confirmed"})).await,
                    _ => {
                        let sources = json!({"responses": [scene.about.responses[0]]});
                        scene.given.put(id, &format!("/themes/{theme}/sources"), &sources).await
                    }
                }
            };
            let (answer, ()) = tokio::join!(adding, erasing);
            answer.expect(status);
        });
    }
}

#[test]
fn a_withdrawal_waits_for_whoever_adds_and_takes_that_too() {
    everywhere(|app| async move {
        let scene = Scene::set(&app, EraseAllIdentifiable).await;
        let (db, ben) = (&app.app.platform.db, &scene.about.who[0]);
        let body = json!({"purpose": "participate", "opportunity": scene.about.id});
        ben.post(&app, "/consents/withdraw", &body).await.expect(200);
        // As if these had not been there, and were being added when the job began.
        let rating = loop_rating::Entity::find().filter(loop_rating::Column::ParticipantId.eq(ben.id));
        let rating = rating.one(db.read()).await.unwrap().unwrap();
        let says = influence_answer::Entity::find().filter(influence_answer::Column::ParticipantId.eq(ben.id));
        let says = says.one(db.read()).await.unwrap().unwrap();
        let source = theme_source::Entity::find().filter(theme_source::Column::ParticipantId.eq(ben.id));
        let source = source.one(db.read()).await.unwrap().unwrap();
        for delete in [
            loop_rating::Entity::delete_many().filter(loop_rating::Column::ParticipantId.eq(ben.id)).exec(db.write()).await,
            influence_answer::Entity::delete_many()
                .filter(influence_answer::Column::ParticipantId.eq(ben.id))
                .exec(db.write())
                .await,
            theme_source::Entity::delete_many().filter(theme_source::Column::ParticipantId.eq(ben.id)).exec(db.write()).await,
        ] {
            assert_eq!(delete.unwrap().rows_affected, 1);
        }
        let tx = db.begin().await.unwrap();
        let about = opportunity::Entity::find_by_id((scene.given.organisation, scene.about.id));
        about.lock_shared().one(&tx).await.unwrap().unwrap();
        let adding = async {
            app.waiting(1).await;
            loop_rating::Entity::insert(rating.into_active_model()).exec_without_returning(&tx).await.unwrap();
            influence_answer::Entity::insert(says.into_active_model()).exec_without_returning(&tx).await.unwrap();
            theme_source::Entity::insert(source.into_active_model()).exec_without_returning(&tx).await.unwrap();
            tx.commit().await.unwrap();
        };
        tokio::join!(app.run_jobs(), adding);
        assert_eq!(scene.held(ben).await, [""; 0]);
    });
}
