//! What differs between the two databases: the names of types, and the text of a trigger.

use sea_orm_migration::sea_orm::DbBackend;

/// The SQL of `text` for one database.
///
/// `{uuid} {time} {date} {json} {blob}` become that database's types. A line `-- APPEND ONLY t` becomes triggers that
/// refuse UPDATE and DELETE on `t`; `-- FROZEN WHEN PUBLISHED t` refuses both for rows whose state is `published`. What
/// follows `-- POSTGRES ` on a line runs on PostgreSQL alone.
pub fn render(text: &str, backend: DbBackend) -> String {
    let postgres = backend == DbBackend::Postgres;
    let types = if postgres {
        [("{uuid}", "uuid"), ("{time}", "timestamptz"), ("{date}", "date"), ("{json}", "jsonb"), ("{blob}", "bytea")]
    } else {
        [
            ("{uuid}", "uuid_text"),
            ("{time}", "timestamp_with_timezone_text"),
            ("{date}", "date_text"),
            ("{json}", "jsonb_text"),
            ("{blob}", "blob"),
        ]
    };
    let mut sql = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        if let Some(table) = line.strip_prefix("-- APPEND ONLY ") {
            sql.push_str(&guard(table.trim(), "", postgres));
        } else if let Some(table) = line.strip_prefix("-- FROZEN WHEN PUBLISHED ") {
            sql.push_str(&guard(table.trim(), "OLD.state = 'published'", postgres));
        } else if let Some(sentence) = line.strip_prefix("-- POSTGRES ").filter(|_| postgres) {
            sql.push_str(sentence);
        } else {
            sql.push_str(line);
        }
        sql.push('\n');
    }
    types.iter().fold(sql, |sql, (from, to)| sql.replace(from, to))
}

/// Triggers that refuse UPDATE and DELETE on a table, always or under a condition.
fn guard(table: &str, condition: &str, postgres: bool) -> String {
    let when = if condition.is_empty() { String::new() } else { format!(" WHEN ({condition})") };
    let words = format!("{table} only grows: a row is never changed or removed");
    if postgres {
        format!(
            "CREATE FUNCTION guard_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION '{words}'; END $$;\n\
             CREATE TRIGGER guard_{table} BEFORE UPDATE OR DELETE ON {table} \
             FOR EACH ROW{when} EXECUTE FUNCTION guard_{table}();"
        )
    } else {
        ["UPDATE", "DELETE"]
            .map(|act| {
                format!(
                    "CREATE TRIGGER guard_{table}_{} BEFORE {act} ON {table} FOR EACH ROW{when} \
                     BEGIN SELECT RAISE(ABORT, '{words}'); END;",
                    act.to_lowercase()
                )
            })
            .join("\n")
    }
}
