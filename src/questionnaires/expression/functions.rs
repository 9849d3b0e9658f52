//! The functions a condition may call.
//!
//! Only functions whose result here equals the one on screen are offered; any other name is
//! refused when the form is published.

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, Utc};

use super::super::compare;
use super::super::values::{Val, number_text};
use super::{Work, dates, eval};

/// Lists nested deeper than this are not looked into.
const DEPTH: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Age,
    Avg,
    Count,
    CurrentDate,
    CurrentYear,
    DateAdd,
    DateDiff,
    Day,
    DiffDays,
    GetDate,
    GetYear,
    Iif,
    Max,
    Min,
    Month,
    Round,
    Substring,
    Sum,
    Today,
    Trunc,
    Weekday,
    Year,
}

impl Function {
    pub(crate) fn named(name: &str) -> Option<Function> {
        Some(match name {
            "age" => Function::Age,
            "avg" => Function::Avg,
            "count" => Function::Count,
            "currentDate" => Function::CurrentDate,
            "currentYear" => Function::CurrentYear,
            "dateAdd" => Function::DateAdd,
            "dateDiff" => Function::DateDiff,
            "day" => Function::Day,
            "diffDays" => Function::DiffDays,
            "getDate" => Function::GetDate,
            "getYear" => Function::GetYear,
            "iif" => Function::Iif,
            "max" => Function::Max,
            "min" => Function::Min,
            "month" => Function::Month,
            "round" => Function::Round,
            "substring" => Function::Substring,
            "sum" => Function::Sum,
            "today" => Function::Today,
            "trunc" => Function::Trunc,
            "weekday" => Function::Weekday,
            "year" => Function::Year,
            _ => return None,
        })
    }
}

pub(super) fn call<'e>(function: Function, given: &[Val<'e>], now: DateTime<Utc>, work: &Work) -> Val<'e> {
    let now = now.timestamp_millis() as f64;
    let today = dates::midnight(now);
    let first = given.first();
    let second = given.get(1);
    let filled = |value: Option<&Val<'e>>| value.filter(|v| v.truthy()).cloned();
    let calendar =
        |ms: f64, part: fn(DateTime<Utc>) -> u32| Val::Number(dates::moment(ms).map_or(f64::NAN, |at| f64::from(part(at))));
    // `year()` and its kin read today when no date is given.
    let date_or_today = filled(first).map_or(today, |v| to_date(&v));
    match function {
        Function::Iif => match given {
            [condition, yes, ..] if condition.truthy() => yes.clone(),
            [_, _, no, ..] => no.clone(),
            [_, _] => Val::Undefined,
            _ => Val::Null,
        },
        Function::CurrentDate => Val::Date(now),
        Function::Today => match given {
            [days] => Val::Date(dates::add_days(today, days.to_number())),
            _ => Val::Date(today),
        },
        Function::CurrentYear => calendar(now, |at| at.year().unsigned_abs()),
        Function::GetDate => filled(first).map_or(Val::Null, |v| Val::Date(to_date(&v))),
        Function::GetYear => match given {
            [date] if date.truthy() => calendar(to_date(date), |at| at.year().unsigned_abs()),
            _ => Val::Undefined,
        },
        Function::Year => calendar(date_or_today, |at| at.year().unsigned_abs()),
        Function::Month => calendar(date_or_today, |at| at.month()),
        Function::Day => calendar(date_or_today, |at| at.day()),
        Function::Weekday => calendar(date_or_today, |at| at.weekday().num_days_from_sunday()),
        Function::Age => match filled(first) {
            Some(birth) => {
                let unit = filled(second).map_or("years".into(), |unit| unit.to_text());
                match unit.as_ref() {
                    // Without a second date there is nothing to count days to.
                    "days" => Val::Number(0.0),
                    unit => months_or_years(to_date(&birth), now, unit),
                }
            }
            None => Val::Null,
        },
        Function::DateDiff => match (filled(first), filled(second)) {
            (Some(a), Some(b)) => {
                let unit = filled(given.get(2)).map_or("days".into(), |unit| unit.to_text());
                difference(to_date(&a), to_date(&b), &unit)
            }
            _ => Val::Null,
        },
        Function::DiffDays => match (filled(first), filled(second)) {
            (Some(a), Some(b)) if given.len() == 2 => Val::Number(dates::days_between(to_date(&a), to_date(&b))),
            _ => Val::Number(0.0),
        },
        Function::DateAdd => match (filled(first), filled(second)) {
            (Some(date), Some(amount)) => {
                let unit = filled(given.get(2)).map_or("days".into(), |unit| unit.to_text());
                Val::Date(moved(to_date(&date), amount.to_number(), &unit))
            }
            _ => Val::Null,
        },
        Function::Substring => substring(given),
        Function::Sum => sum(&flat(given), work),
        Function::Count => Val::Number(flat(given).len() as f64),
        Function::Avg => {
            let items = flat(given);
            if items.is_empty() { Val::Number(0.0) } else { Val::Number(sum(&items, work).to_number() / items.len() as f64) }
        }
        Function::Min => extreme(flat(given), Ordering::Greater),
        Function::Max => extreme(flat(given), Ordering::Less),
        Function::Round => round(&flat(given)),
        Function::Trunc => truncate(&flat(given)),
    }
}

/// All values in one list, lists opened, missing ones left out, numeric text read as numbers.
fn flat<'e>(given: &[Val<'e>]) -> Vec<Val<'e>> {
    fn into<'e>(value: &Val<'e>, depth: usize, all: &mut Vec<Val<'e>>) {
        if value.is_nullish() || depth > DEPTH {
            return;
        }
        match value.items() {
            Some(items) => items.iter().for_each(|item| into(item, depth + 1, all)),
            None => all.push(value.numeric().map_or_else(|| value.clone(), Val::Number)),
        }
    }
    let mut all = Vec::new();
    given.iter().for_each(|value| into(value, 0, &mut all));
    all
}

fn sum<'e>(items: &[Val<'e>], work: &Work) -> Val<'e> {
    let mut total = Val::Number(0.0);
    for item in items {
        total = eval::add(&total, item);
        // Texts are joined, so each sum can be longer than the one before.
        if !work.made(&total) {
            return Val::Null;
        }
    }
    total
}

fn extreme<'e>(items: Vec<Val<'e>>, replaced_when: Ordering) -> Val<'e> {
    items
        .into_iter()
        .reduce(|best, item| if compare::order(&best, &item) == Some(replaced_when) { item } else { best })
        .unwrap_or(Val::Undefined)
}

fn round<'e>(items: &[Val]) -> Val<'e> {
    let precision = match items.get(1) {
        Some(value) if value.truthy() => value.numeric(),
        _ => Some(0.0),
    };
    match (items.first().and_then(Val::numeric), precision) {
        (Some(number), Some(precision)) => {
            let scale = 10f64.powf(precision);
            // The nudge lets 1.005 round up although it is stored as slightly less.
            let scaled = (number * scale) * (1.0 + f64::EPSILON);
            let down = scaled.floor();
            let whole = if scaled - down >= 0.5 { down + 1.0 } else { down };
            Val::Number(whole / scale)
        }
        _ => Val::Number(f64::NAN),
    }
}

/// Cuts digits off without rounding.
fn truncate<'e>(items: &[Val]) -> Val<'e> {
    let precision = match items.get(1) {
        Some(value) if value.truthy() => match value.numeric() {
            Some(n) => n,
            None => return Val::Number(f64::NAN),
        },
        _ => -1.0,
    };
    let Some(number) = items.first().and_then(Val::numeric) else {
        return Val::Number(f64::NAN);
    };
    let text = number_text(number);
    if text.contains('e') || precision < 1.0 || precision.fract() != 0.0 {
        return Val::Number(number.trunc());
    }
    let places = precision.min(400.0) as usize;
    let cut = match text.split_once('.') {
        Some((whole, fraction)) => {
            let kept = fraction.get(..places).unwrap_or(fraction);
            format!("{whole}.{kept}")
        }
        None => text,
    };
    Val::Number(cut.parse().unwrap_or(f64::NAN))
}

fn substring<'e>(given: &[Val]) -> Val<'e> {
    let (Some(Val::Text(text)), Some(start)) = (given.first(), given.get(1).and_then(Val::numeric)) else {
        return Val::text("");
    };
    let units: Vec<u16> = text.encode_utf16().collect();
    let bound = |n: f64| (n.max(0.0) as usize).min(units.len());
    let a = bound(start);
    let b = given.get(2).and_then(Val::numeric).map_or(units.len(), bound);
    let part = units.get(a.min(b)..a.max(b)).unwrap_or_default();
    Val::text(String::from_utf16_lossy(part))
}

fn to_date(value: &Val) -> f64 {
    match value {
        Val::Date(ms) | Val::Number(ms) => *ms,
        Val::Text(text) => dates::parse(text),
        Val::Bool(b) => f64::from(u8::from(*b)),
        _ => f64::NAN,
    }
}

fn months_or_years<'e>(from: f64, to: f64, unit: &str) -> Val<'e> {
    let months = dates::months_between(from, to);
    if unit == "months" {
        Val::Number(months)
    } else if months.is_nan() {
        Val::Number(0.0)
    } else {
        Val::Number((months / 12.0).trunc())
    }
}

fn difference<'e>(from: f64, to: f64, unit: &str) -> Val<'e> {
    let apart = (to - from).abs();
    match unit {
        "days" => Val::Number(dates::days_between(from, to)),
        "hours" => Val::Number((apart / 3_600_000.0).ceil()),
        "minutes" => Val::Number((apart / 60_000.0).ceil()),
        "seconds" => Val::Number((apart / 1000.0).ceil()),
        unit => months_or_years(from, to, unit),
    }
}

fn moved(date: f64, amount: f64, unit: &str) -> f64 {
    match unit {
        "days" => dates::add_days(date, amount),
        "months" => dates::add_months(date, amount),
        "years" => dates::add_months(date, amount * 12.0),
        "hours" => date + amount.trunc() * 3_600_000.0,
        "minutes" => date + amount.trunc() * 60_000.0,
        "seconds" => date + amount.trunc() * 1000.0,
        _ => date,
    }
}
