//! The traps of the frameworks, each tried before anything was built on it, and kept.

use crate::harness::{Answer, everywhere, start};
use alongside::platform::Error;
use entity::{OrganisationId, organisation};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, DynIden, EntityTrait, PaginatorTrait, Statement,
    sea_query::IntoIden,
};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};
use uuid::Uuid;

/// An organisation of no account.
pub fn row(id: OrganisationId, slug: &str) -> organisation::ActiveModel {
    organisation::ActiveModel {
        id: Set(id),
        slug: Set(slug.to_owned()),
        name: Set("Sunrise".to_owned()),
        contact: Set("x".to_owned()),
        privacy_url: Set(None),
        link_template: Set(None),
        time_zone: Set("Europe/London".to_owned()),
        minimum_group: Set(5),
        invites_per_month: Set(None),
        letters_gap_days: Set(0),
        letters_window: Set(None),
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

/// A migration of SQL.
struct Step(&'static str, &'static str);

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.1).await.map(|_| ())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const ADDS: Step = Step(
    "adds",
    "ALTER TABLE organisation ADD COLUMN motto text NOT NULL DEFAULT 'none'; UPDATE organisation SET motto = 'for ' || slug",
);
const BREAKS: Step =
    Step("breaks", "ALTER TABLE organisation ADD COLUMN half text NOT NULL DEFAULT 'done'; UPDATE nowhere SET half = 'lost'");

/// A later release, whose second step is wrong.
struct Later;

impl MigratorTrait for Later {
    fn migration_table_name() -> DynIden {
        "later".into_iden()
    }

    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(ADDS), Box::new(BREAKS)]
    }
}

#[test]
fn a_migration_adds_a_needed_column_to_a_full_table_whole_or_not_at_all() {
    everywhere(|app| async move {
        let db = app.app.platform.db.write();
        row(app.clock.new_id(), "one").insert(db).await.unwrap();
        Later::up(db, Some(1)).await.unwrap();
        let read = async |column: &str| {
            let query = Statement::from_string(db.get_database_backend(), format!("SELECT {column} AS found FROM organisation"));
            db.query_one_raw(query).await.map(|row| row.unwrap().try_get::<String>("", "found").unwrap())
        };
        assert_eq!(read("motto").await.unwrap(), "for one");
        assert!(Later::up(db, None).await.is_err());
        assert!(read("half").await.is_err(), "a step that fails leaves nothing behind");
        assert_eq!(Later::get_pending_migrations(db).await.unwrap().len(), 1, "and is not taken for done");
        assert_eq!(read("motto").await.unwrap(), "for one");
    });
}

#[test]
fn each_kind_of_bad_request_is_told_in_its_own_way() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let path = ada.path("/projects");
        let large = format!("{{\"title\": \"{}\"}}", "x".repeat(app.app.platform.config.body_limit));
        let json = "application/json";
        let rows: [(&str, &[u8], &str, u16, &str); 5] = [
            ("not JSON", b"{\"title\": ", json, 400, ""),
            ("a wrong type", b"{\"title\": 5}", json, 400, "/title"),
            ("not UTF-8", b"{\"title\": \"\xff\"}", json, 400, ""),
            ("too large", large.as_bytes(), json, 413, ""),
            ("another kind of content", b"title=x", "application/x-www-form-urlencoded", 415, ""),
        ];
        let problem = |name: &str, answer: &Answer, status: u16| {
            assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.text);
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{name}");
            assert_eq!(answer.json["status"], status, "{name}");
            assert!(answer.json["title"].is_string() && answer.json["detail"].is_string(), "{name}: {}", answer.text);
        };
        for (name, body, kind, status, pointer) in rows {
            let answer = app.post(&path).token(&ada.token).bytes(body.to_vec(), kind).send().await;
            problem(name, &answer, status);
            if !pointer.is_empty() {
                assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{name}: {}", answer.text);
            }
        }
        problem("nobody", &app.post(&path).json(&serde_json::json!({})).send().await, 401);
        problem("another method", &app.delete(&path).token(&ada.token).send().await, 405);
        problem("no such address", &app.get("/api/nowhere").token(&ada.token).send().await, 404);
        assert_eq!(ada.get(&app, "/projects").send().await.expect(200).json["items"], serde_json::json!([]));
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
