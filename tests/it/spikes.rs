//! The traps of the frameworks, each tried before anything was built on it, and kept.

use crate::harness::{everywhere, start};
use alongside::platform::Error;
use entity::{OrganisationId, organisation};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, PaginatorTrait};
use uuid::Uuid;

fn row(id: OrganisationId, slug: &str) -> organisation::ActiveModel {
    organisation::ActiveModel {
        id: Set(id),
        slug: Set(slug.to_owned()),
        name: Set("Sunrise".to_owned()),
        contact: Set("x".to_owned()),
        privacy_url: Set(None),
        link_template: Set(None),
        time_zone: Set("Europe/London".to_owned()),
        minimum_group: Set(5),
        version: Set(1),
        created_at: Set(start()),
    }
}

#[test]
fn an_id_newtype_survives_the_database() {
    everywhere(|app| async move {
        let db = &app.app.platform.db;
        let id = OrganisationId(Uuid::from_u128(0x0199_d3c2_7a10_7c4e_9f0e_2b6f_1a5c_8d3e));
        let made = row(id, "one").insert(db.write()).await.unwrap();
        let read = organisation::Entity::find_by_id(id).one(db.read()).await.unwrap().unwrap();
        assert_eq!(made, read);
        assert_eq!(read.created_at, start());
    });
}

#[test]
fn fifty_writers_at_once_all_get_their_turn() {
    everywhere(|app| async move {
        let platform = app.app.platform.clone();
        let writers = (0..50).map(|number| {
            let platform = platform.clone();
            async move {
                let tx = platform.db.begin().await?;
                // Reading first is what makes a deferred transaction fail on SQLite.
                let before = organisation::Entity::find().count(&tx).await?;
                row(platform.clock.new_id(), &format!("o{number}-{before}")).insert(&tx).await?;
                tx.commit().await?;
                Ok::<_, Error>(())
            }
        });
        for result in futures_util::future::join_all(writers).await {
            result.unwrap();
        }
        assert_eq!(organisation::Entity::find().count(app.app.platform.db.read()).await.unwrap(), 50);
    });
}

#[test]
fn a_migration_can_add_a_needed_column_to_a_full_table() {
    everywhere(|app| async move {
        let db = &app.app.platform.db;
        row(app.clock.new_id(), "one").insert(db.write()).await.unwrap();
        let tx = db.begin().await.unwrap();
        tx.execute_unprepared("ALTER TABLE organisation ADD COLUMN motto text NOT NULL DEFAULT 'none'").await.unwrap();
        tx.commit().await.unwrap();
        let count = organisation::Entity::find().count(db.read()).await.unwrap();
        assert_eq!(count, 1);
    });
}

#[test]
fn a_transaction_that_is_dropped_leaves_nothing() {
    everywhere(|app| async move {
        let db = &app.app.platform.db;
        let tx = db.begin().await.unwrap();
        row(app.clock.new_id(), "one").insert(&tx).await.unwrap();
        drop(tx);
        assert_eq!(organisation::Entity::find().count(db.write()).await.unwrap(), 0);
    });
}
