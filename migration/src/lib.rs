//! The schema, written by hand in SQL that both databases run; only the names of types differ.
//!
//! A migration is never edited after a release. Each one runs in a transaction on SQLite too, so that it cannot stop
//! half-way. Lines that begin with `-- APPEND ONLY` or `-- FROZEN WHEN PUBLISHED` name tables whose rows the database
//! itself protects: see [`dialect`].

mod dialect;

use sea_orm_migration::{
    MigrationTrait, MigratorTrait,
    prelude::{DbErr, MigrationName, SchemaManager},
    sea_orm::ConnectionTrait,
};

/// A migration made of one SQL text.
struct Sql {
    name: &'static str,
    text: &'static str,
}

impl MigrationName for Sql {
    fn name(&self) -> &str {
        self.name
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Sql {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let sql = dialect::render(self.text, connection.get_database_backend());
        connection.execute_unprepared(&sql).await.map(|_| ())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        vec![$(Box::new(Sql {
            name: $name,
            text: include_str!(concat!("sql/", $name, ".sql")),
        })),*]
    };
}

/// All migrations, oldest first.
pub struct Migrator;

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        migrations![
            "m0001_01_accounts",
            "m0001_02_platform",
            "m0001_03_mail",
            "m0001_04_participants",
            "m0001_05_consent",
            "m0001_06_projects",
            "m0001_07_opportunities",
            "m0001_08_matching",
            "m0001_09_invitations",
            "m0001_10_responses",
            "m0001_11_sessions",
            "m0001_12_recommendations",
            "m0001_13_feedback",
            "m0002_01_look",
            "m0002_02_reading",
            "m0002_05_held",
            "m0002_webhooks",
            "m0003_01_match_count",
            "m0003_02_selection",
            "m0003_03_two_stages",
            "m0003_04_waves",
            "m0003_05_trial",
            "m0003_06_review",
            "m0003_07_silence",
            "m0003_08_application",
            "m0003_09_together",
            "m0003_10_part",
            "m0003_11_wishes",
            "m0003_12_usual",
            "m0003_13_preference_text",
            "m0004_01_delivery",
            "m0004_02_inbound",
            "m0004_03_letter_words",
            "m0004_04_replies",
            "m0004_05_meeting_letters",
            "m0004_06_outbox",
            "m0004_07_windows",
            "m0004_08_letters_window",
            "m0004_09_mailbox",
            "m0004_10_doubt",
            "m0004_11_digest",
            "m0004_12_mailings",
        ]
    }
}

pub use sea_orm_migration::MigratorTrait as Migrations;
