//! The migrated schema and the entities say the same; tenants are apart by key; what only grows cannot be changed.

use crate::harness::{TestApp, everywhere};
use alongside::platform::Db;
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Iden, Iterable, PrimaryKeyToColumn,
    QueryResult, Statement,
};
use std::collections::{BTreeMap, BTreeSet};

/// A table: its columns with their types and whether they may be empty, and its primary key.
#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    columns: BTreeMap<String, (&'static str, bool)>,
    key: Vec<String>,
}

/// What an entity says its table is.
fn said<E: EntityTrait>() -> (String, Table) {
    let columns = E::Column::iter().map(|column| {
        let definition = column.def();
        (column.to_string(), (kind_said(definition.get_column_type()), definition.is_null()))
    });
    let columns = columns.collect();
    let key = E::PrimaryKey::iter().map(|key| key.into_column().to_string()).collect();
    (E::default().table_name().to_owned(), Table { columns, key })
}

/// What an entity says a column holds.
fn kind_said(kind: &ColumnType) -> &'static str {
    match kind {
        ColumnType::Uuid => "uuid",
        ColumnType::String(_) | ColumnType::Text => "text",
        ColumnType::TimestampWithTimeZone => "time",
        ColumnType::Date => "date",
        ColumnType::Json | ColumnType::JsonBinary => "json",
        ColumnType::Blob | ColumnType::VarBinary(_) | ColumnType::Binary(_) => "blob",
        ColumnType::Boolean => "boolean",
        ColumnType::Integer => "integer",
        ColumnType::BigInteger => "bigint",
        ColumnType::Double => "double",
        other => panic!("a type that no table has: {other:?}"),
    }
}

/// What a database says a column holds.
fn kind_found(kind: &str) -> &'static str {
    match kind.to_lowercase().as_str() {
        "uuid" | "uuid_text" => "uuid",
        "text" => "text",
        "timestamp with time zone" | "timestamp_with_timezone_text" => "time",
        "date" | "date_text" => "date",
        "json" | "jsonb" | "jsonb_text" => "json",
        "bytea" | "blob" => "blob",
        "boolean" => "boolean",
        "integer" => "integer",
        "bigint" => "bigint",
        "double precision" => "double",
        other => panic!("a type that no entity has: {other}"),
    }
}

macro_rules! entities {
    ($($name:ident)*) => {
        fn entities() -> BTreeMap<String, Table> {
            BTreeMap::from([$(said::<entity::$name::Entity>()),*])
        }

        /// Every row of every table, as the rooms read it, in an order that depends on nothing but the rows.
        pub async fn everything(db: &DatabaseConnection) -> BTreeMap<&'static str, Vec<String>> {
            let mut all = BTreeMap::new();
            $(
                let rows = entity::$name::Entity::find().all(db).await.unwrap();
                let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
                rows.sort();
                all.insert(stringify!($name), rows);
            )*
            all
        }
    };
}
entities! {
    account account_link account_session api_key application asking_plan attendance audit_entry audit_head consent_event consent_standing contribution
    decision demographic digest digest_item ending idempotency import_line import_run influence influence_answer installation invitation invitation_link
    job letter_words look loop_rating mail_batch mail_event mail_hold mail_inbound mail_message mail_route match_count match_result match_run meeting meeting_revision membership notes_agreement notice
    notice_shown opportunity opportunity_decision opportunity_topic organisation part participant participant_link
    participant_session place preference project questionnaire reading mail_reply recommendation report report_release response response_draft
    seal selection silence stage suppression task theme theme_source topic trial webhook webhook_delivery webhook_event
}

/// Tables that belong to no organisation.
const WITHOUT_TENANT: [&str; 13] = [
    "account",
    "account_link",
    "account_session",
    "idempotency",
    "installation",
    "job",
    "mail_batch",
    "mail_event",
    "mail_hold",
    "mail_inbound",
    "mail_message",
    "mail_route",
    "organisation",
];

async fn rows(db: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap()
}

fn text(row: &QueryResult, column: &str) -> String {
    row.try_get("", column).unwrap()
}

/// The tables that are there.
pub async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'",
        _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    };
    let mut names: Vec<_> = rows(db, sql).await.iter().map(|row| text(row, "name")).collect();
    names.retain(|name| name != "seaql_migrations");
    names.sort();
    names
}

/// Name, type and whether it may be empty, of every column of a table.
pub async fn columns(db: &DatabaseConnection, table: &str) -> Vec<(String, String, bool)> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => format!(
            "SELECT column_name::text AS name, data_type::text AS type, (is_nullable = 'YES')::int AS empty \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
        ),
        _ => format!("SELECT name, type, 1 - \"notnull\" AS empty FROM pragma_table_info('{table}') ORDER BY cid"),
    };
    let found = rows(db, &sql).await;
    found.iter().map(|row| (text(row, "name"), text(row, "type"), row.try_get::<i32>("", "empty").unwrap() == 1)).collect()
}

async fn key(db: &DatabaseConnection, table: &str) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => format!(
            "SELECT a.attname::text AS name FROM pg_constraint c, unnest(c.conkey) WITH ORDINALITY AS k (n, place), pg_attribute a \
             WHERE c.contype = 'p' AND c.conrelid = '{table}'::regclass AND a.attrelid = c.conrelid AND a.attnum = k.n \
             ORDER BY k.place"
        ),
        _ => format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk"),
    };
    rows(db, &sql).await.iter().map(|row| text(row, "name")).collect()
}

/// A foreign key: the table it points to, its own columns, and the columns there.
pub type Reference = (String, Vec<String>, Vec<String>);

/// Every foreign key of a table.
pub async fn references(db: &DatabaseConnection, table: &str) -> Vec<Reference> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => format!(
            "SELECT c.oid::text AS id, c.confrelid::regclass::text AS target, a.attname::text AS here, b.attname::text AS there \
             FROM pg_constraint c, unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (here, there, place), pg_attribute a, pg_attribute b \
             WHERE c.contype = 'f' AND c.conrelid = '{table}'::regclass AND a.attrelid = c.conrelid AND a.attnum = k.here \
             AND b.attrelid = c.confrelid AND b.attnum = k.there ORDER BY c.oid, k.place"
        ),
        _ => format!(
            "SELECT CAST(id AS text) AS id, \"table\" AS target, \"from\" AS here, \"to\" AS there \
             FROM pragma_foreign_key_list('{table}') ORDER BY id, seq"
        ),
    };
    let mut found: BTreeMap<String, Reference> = BTreeMap::new();
    for row in rows(db, &sql).await {
        let (_, here, there) = found.entry(text(&row, "id")).or_insert_with(|| (text(&row, "target"), Vec::new(), Vec::new()));
        here.push(text(&row, "here"));
        there.push(text(&row, "there"));
    }
    found.into_values().collect()
}

/// The columns of every unique index of a table that is not its primary key.
async fn unique(db: &DatabaseConnection, table: &str) -> Vec<Vec<String>> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => format!(
            "SELECT i.indexrelid::text AS id, a.attname::text AS name FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (n, place), \
             pg_attribute a WHERE i.indrelid = '{table}'::regclass AND i.indisunique AND NOT i.indisprimary \
             AND a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY i.indexrelid, k.place"
        ),
        _ => format!(
            "SELECT l.name AS id, c.name AS name FROM pragma_index_list('{table}') l, pragma_index_info(l.name) c \
             WHERE l.\"unique\" = 1 AND l.origin <> 'pk' ORDER BY l.name, c.seqno"
        ),
    };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows(db, &sql).await {
        found.entry(text(&row, "id")).or_default().push(text(&row, "name"));
    }
    found.into_values().collect()
}

#[test]
fn the_migrated_schema_equals_the_entities() {
    everywhere(|app| async move {
        let (db, said) = (app.app.platform.db.read(), entities());
        let there: BTreeSet<_> = tables(db).await.into_iter().collect();
        assert_eq!(there, said.keys().cloned().collect(), "tables");
        for (name, said) in &said {
            let columns =
                columns(db, name).await.into_iter().map(|(name, kind, empty)| (name, (kind_found(&kind), empty))).collect();
            let found = Table { columns, key: key(db, name).await };
            assert_eq!(&found, said, "{name} on {:?}: found in the database, then said by the entity", app.backend);
        }
    });
}

#[test]
fn tenants_are_apart_by_key() {
    everywhere(|app| async move {
        let db = app.app.platform.db.read();
        let mut without = Vec::new();
        for table in tables(db).await {
            if key(db, &table).await.first().is_none_or(|first| first != "organisation_id") {
                without.push(table);
            }
        }
        assert_eq!(without, WITHOUT_TENANT);
        for table in tables(db).await.iter().filter(|table| !without.contains(table)) {
            let mut home = false;
            for (target, here, there) in references(db, table).await {
                // Directly, or by the keys of what it points to.
                home |= target == "organisation" && here == ["organisation_id"] || !without.contains(&target);
                if !without.contains(&target) {
                    let apart = |columns: &[String]| columns.len() >= 2 && columns[0] == "organisation_id";
                    assert!(apart(&here) && apart(&there), "{table} points to {target} by {here:?} = {there:?}");
                    let is_key = there == key(db, &target).await || unique(db, &target).await.contains(&there);
                    assert!(is_key, "{table} points to the key of {target}: {there:?}");
                }
            }
            assert!(home, "{table} belongs to an organisation");
            // A value that is taken in one organisation is free in every other.
            for columns in unique(db, table).await {
                let secret = columns.iter().any(|column| column.ends_with("token_hash"));
                assert!(secret || columns.contains(&"organisation_id".to_owned()), "{table} is unique by {columns:?}");
            }
        }
    });
}

/// Ids without a foreign key, each with its reason.
const LOOSE: [(&str, &str); 14] = [
    ("consent_event.scope_id", "the organisation itself, or one of its opportunities"),
    ("consent_standing.scope_id", "the organisation itself, or one of its opportunities"),
    ("digest_item.subject_id", "a release of a report, or a meeting: what a letter of its kind would be about"),
    ("job.organisation_id", "a job may outlive what it is about, and some belong to none"),
    ("mail_batch.subject_id", "a row of whichever table the mailing is about"),
    ("mail_message.recipient_id", "a person, or a member of staff"),
    ("mail_message.subject_id", "a row of whichever table the letter is about"),
    ("mail_message.message_id", "the Message-ID, which is a text"),
    ("match_run.plan_id", "a plan; SQLite cannot add a key of two columns to a table that is there"),
    ("notice.scope_id", "the organisation itself, or one of its opportunities"),
    ("opportunity.questionnaire_id", "a questionnaire points to its opportunity; SQLite cannot add the second key of a ring"),
    ("participant.preference_id", "preferences point to their person; SQLite cannot add the second key of a ring"),
    ("reading.subject_id", "a person, an opportunity, or the organisation itself"),
    ("theme_source.source_id", "a response, or a contribution"),
];

#[test]
fn every_id_is_a_key_points_to_one_or_has_a_reason() {
    everywhere(|app| async move {
        let db = app.app.platform.db.read();
        let mut loose = Vec::new();
        for table in tables(db).await {
            let held: BTreeSet<String> = references(db, &table).await.into_iter().flat_map(|(_, here, _)| here).collect();
            let ids = columns(db, &table).await.into_iter().map(|(name, ..)| name).filter(|name| name.ends_with("_id"));
            loose.extend(ids.filter(|name| !held.contains(name)).map(|name| format!("{table}.{name}")));
        }
        assert_eq!(loose, LOOSE.map(|(column, _)| column));
    });
}

/// A value of a type, whatever it is.
fn value(kind: &str, postgres: bool) -> &'static str {
    match kind {
        "uuid" | "uuid_text" => "'0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e'",
        "timestamp with time zone" | "timestamp_with_timezone_text" => "'2027-03-01T09:00:00.000Z'",
        "date" | "date_text" => "'2027-03-01'",
        "json" | "jsonb" | "jsonb_text" => "'{}'",
        "bytea" => "'\\x00'",
        "blob" => "x'00'",
        "text" => "'published'",
        "boolean" if postgres => "true",
        _ => "1",
    }
}

/// Puts a row of meaningless values into a table whose references are not looked at, and tries to change and remove it.
pub async fn refuses_change(app: &TestApp, table: &str) {
    // One connection of its own: what is switched off here stays on everywhere else.
    let own = Db::connect(&app.url, 1).await.unwrap();
    let (db, postgres) = (own.write(), own.is_postgres());
    let columns = columns(db, table).await;
    let names: Vec<_> = columns.iter().map(|(name, ..)| format!("\"{name}\"")).collect();
    let values: Vec<_> = columns.iter().map(|(_, kind, _)| value(&kind.to_lowercase(), postgres)).collect();
    let off = if postgres { "SET session_replication_role = replica" } else { "PRAGMA foreign_keys = off" };
    let on = if postgres { "SET session_replication_role = origin" } else { "PRAGMA foreign_keys = on" };
    db.execute_unprepared(off).await.unwrap();
    let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
    db.execute_unprepared(&insert).await.unwrap();
    db.execute_unprepared(on).await.unwrap();
    for sql in [format!("UPDATE {table} SET {0} = {0}", names[0]), format!("DELETE FROM {table}")] {
        let error = db.execute_unprepared(&sql).await.expect_err(&sql).to_string();
        assert!(error.contains("only grows"), "{sql}: {error}");
    }
    own.close().await.unwrap();
}

#[test]
fn what_only_grows_cannot_be_changed_or_removed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migration/src/sql");
    let mut guarded = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mark = |line: &str| {
            let table = line.strip_prefix("-- APPEND ONLY ").or_else(|| line.strip_prefix("-- FROZEN WHEN PUBLISHED "));
            table.map(|table| table.trim().to_owned())
        };
        guarded.extend(text.lines().filter_map(mark));
    }
    let known = ["audit_entry", "consent_event", "mail_event", "notice", "preference", "questionnaire", "report_release"];
    assert!(guarded.is_superset(&known.map(str::to_owned).into()), "{guarded:?}");
    everywhere(|app| {
        let guarded = guarded.clone();
        async move {
            for table in &guarded {
                refuses_change(&app, table).await;
            }
        }
    });
}
