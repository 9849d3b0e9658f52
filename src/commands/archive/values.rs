//! Values on their way between a database and a file.

use super::Head;
use crate::platform::{Error, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use sea_orm::{ColumnType, QueryResult, TryGetable, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// What a column holds, whatever the database calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An id.
    Uuid,
    /// Text, and words of a list.
    Text,
    /// An instant.
    Time,
    /// A day.
    Date,
    /// A document.
    Json,
    /// Bytes.
    Blob,
    /// Yes or no.
    Boolean,
    /// 32 bits.
    Integer,
    /// 64 bits.
    Bigint,
    /// A number with a fraction.
    Double,
}

impl Kind {
    /// What an entity says a column holds; `None` for what no table has.
    pub fn of(column: &ColumnType) -> Option<Self> {
        Some(match column {
            ColumnType::Uuid => Self::Uuid,
            ColumnType::String(_) | ColumnType::Text => Self::Text,
            ColumnType::TimestampWithTimeZone => Self::Time,
            ColumnType::Date => Self::Date,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            ColumnType::Blob | ColumnType::VarBinary(_) | ColumnType::Binary(_) => Self::Blob,
            ColumnType::Boolean => Self::Boolean,
            ColumnType::Integer => Self::Integer,
            ColumnType::BigInteger => Self::Bigint,
            ColumnType::Double => Self::Double,
            _ => return None,
        })
    }
}

/// The value of a column in a row, as it stands in a file.
pub fn read(row: &QueryResult, column: &str, kind: Kind) -> Result<Json> {
    fn get<T: TryGetable>(row: &QueryResult, column: &str, then: impl FnOnce(T) -> Json) -> Result<Json> {
        Ok(row.try_get::<Option<T>>("", column)?.map_or(Json::Null, then))
    }
    match kind {
        Kind::Uuid => get::<Uuid>(row, column, |id| json!(id.to_string())),
        Kind::Text => get::<String>(row, column, Json::String),
        Kind::Time => get::<DateTime<Utc>>(row, column, |at| json!(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))),
        Kind::Date => get::<NaiveDate>(row, column, |day| json!(day.to_string())),
        Kind::Json => get::<Json>(row, column, |document| json!([document])),
        Kind::Blob => get::<Vec<u8>>(row, column, |bytes| json!(STANDARD.encode(bytes))),
        Kind::Boolean => get::<bool>(row, column, Json::Bool),
        Kind::Integer => get::<i32>(row, column, |number| json!(number)),
        Kind::Bigint => get::<i64>(row, column, |number| json!(number)),
        // JSON knows no infinity; none of our columns does either.
        Kind::Double => get::<f64>(row, column, |number| json!(number)),
    }
}

/// A row of a file as the values of its columns.
pub fn values(head: &Head, row: Vec<Json>) -> Result<Vec<Value>> {
    if row.len() != head.columns.len() {
        return Err(broken(&head.name, "a row has another number of values than its table has columns"));
    }
    let columns = head.columns.iter().zip(row);
    columns.map(|((name, kind), value)| to_value(*kind, value).ok_or_else(|| broken(&head.name, name))).collect()
}

fn broken(table: &str, what: &str) -> Error {
    // The value is somebody's: it is not repeated.
    Error::unavailable(format!("the file does not hold what it should: {table}, {what}"))
}

/// A value of a file as one for the database; `None` if it is not of its kind.
fn to_value(kind: Kind, value: Json) -> Option<Value> {
    fn text<T>(value: &Json, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
        if value.is_null() { Some(None) } else { value.as_str().and_then(read).map(Some) }
    }
    fn number<T>(value: &Json, read: impl FnOnce(&Json) -> Option<T>) -> Option<Option<T>> {
        if value.is_null() { Some(None) } else { read(value).map(Some) }
    }
    Some(match kind {
        Kind::Uuid => text(&value, |text| text.parse::<Uuid>().ok())?.into(),
        Kind::Text => text(&value, |text| Some(text.to_owned()))?.into(),
        Kind::Time => text(&value, |text| DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc)))?.into(),
        Kind::Date => text(&value, |text| text.parse::<NaiveDate>().ok())?.into(),
        Kind::Blob => text(&value, |text| STANDARD.decode(text).ok())?.into(),
        Kind::Json => match value {
            Json::Null => Value::Json(None),
            Json::Array(mut inside) if inside.len() == 1 => Value::Json(inside.pop().map(Box::new)),
            _ => return None,
        },
        Kind::Boolean => number(&value, Json::as_bool)?.into(),
        Kind::Integer => number(&value, |value| i32::try_from(value.as_i64()?).ok())?.into(),
        Kind::Bigint => number(&value, Json::as_i64)?.into(),
        Kind::Double => number(&value, Json::as_f64)?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_kind_is_refused() {
        for (kind, bad) in [
            (Kind::Uuid, json!("five")),
            (Kind::Text, json!(5)),
            (Kind::Time, json!("2027-03-01")),
            (Kind::Date, json!("2027-02-30")),
            (Kind::Json, json!({"a": 1})),
            (Kind::Blob, json!("%")),
            (Kind::Boolean, json!(1)),
            (Kind::Integer, json!(1_i64 << 40)),
            (Kind::Bigint, json!(0.5)),
        ] {
            assert!(to_value(kind, bad.clone()).is_none(), "{kind:?} {bad}");
            assert!(to_value(kind, Json::Null).is_some(), "{kind:?} may be empty");
        }
    }

    #[test]
    fn nothing_and_the_document_null_are_told_apart() {
        assert_eq!(to_value(Kind::Json, Json::Null), Some(Value::Json(None)));
        assert_eq!(to_value(Kind::Json, json!([null])), Some(Value::Json(Some(Box::new(Json::Null)))));
    }

    #[test]
    fn numbers_keep_every_digit() {
        // The nearest numbers to a tenth, and one that a quick reader gets wrong in the last place.
        for number in [0.1_f64, 0.1 + f64::EPSILON / 16.0, 1.000_000_000_000_000_2e-300, 122.416_294_033_786_58] {
            let written = serde_json::to_string(&json!([{"number": number}])).unwrap();
            let read: Json = serde_json::from_str(&written).unwrap();
            assert_eq!(read[0]["number"].as_f64().unwrap().to_bits(), number.to_bits(), "{written}");
        }
    }
}
