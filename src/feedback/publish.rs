//! Publishing: the gate, the release, and the job that tells people.

use super::{
    SEND,
    build::{self, Edition},
    day,
    gather::{self, Record, Release},
    report, rules,
};
use crate::{
    accounts::Actor,
    influence,
    platform::{
        Error, Platform, Result, Tx,
        jobs::{self, NewJob},
        secret::sha256,
        text::Check,
    },
    statistics::{counts, people},
};
use entity::{
    OpportunityId, OpportunityState, ReportCount, ReportDocument, ReportRatings, ReportState, ReportVersion, Standing, Time,
    report_release,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel, PaginatorTrait};
use serde_json::{Value, json};

/// A version that is published now.
pub struct Published {
    /// Its report.
    pub report: entity::ReportId,
    /// Its number.
    pub n: i32,
    /// Published at.
    pub published_at: entity::Time,
    /// SHA-256 of the canonical document.
    pub digest: Vec<u8>,
    /// Whether this call made it; if not, nothing has changed since and nobody is told again.
    pub is_new: bool,
}

/// Publishes the report of an opportunity.
pub async fn publish(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    change_note: Option<String>,
) -> Result<Published> {
    Check::new().length("/change_note", change_note.as_deref().unwrap_or_default(), 2000).done()?;
    let note = change_note.filter(|note| !note.trim().is_empty());
    let about = influence::hold(tx, actor.organisation, opportunity).await?;
    let draft = report::hold(tx, actor.organisation, opportunity).await?;
    if about.state != OpportunityState::Closed {
        return Err(Error::conflict("not_closed", "A report is published when no more answers are taken. Close this first."));
    }
    let now = platform.clock.now();
    let releases = gather::releases(tx, actor.organisation, draft.id).await?;
    let record = gather::record(tx, actor.organisation, draft, now).await?;
    gate(tx, &record, now).await?;
    if let Some(last) = releases.last()
        && digest(&build::document(&record, again(&record, &releases, last)))? == last.digest
    {
        let (n, published_at, digest) = (last.n, last.published_at, last.digest.clone());
        return Ok(Published { report: record.report.id, n, published_at, digest, is_new: false });
    }
    let note = match (releases.last(), note) {
        // People rate, and take back, at any time: that is no act of whoever publishes again.
        (Some(last), None) if is_rewritten(tx, &record, &releases, last).await? => {
            let detail = "This report was published before. Say what has changed, so that people can see it.";
            return Err(Error::invalid("/change_note", "required", detail));
        }
        (Some(last), None) => {
            let (n, published_at, digest) = (last.n, last.published_at, last.digest.clone());
            return Ok(Published { report: record.report.id, n, published_at, digest, is_new: false });
        }
        // The first version changes nothing.
        (None, _) => None,
        (Some(_), note) => note,
    };
    let n = releases.last().map_or(1, |last| last.n + 1);
    let published_on = Some(day(&record.organisation.time_zone, now));
    let mut versions = gather::versions(&record, &releases);
    versions.push(ReportVersion { version: n, published_on, change_note: note.clone() });
    let document = build::document(&record, Edition { version: n, published_on, versions });
    release(tx, platform, actor, record, n, &document, note).await
}

/// The edition of the last release, to see whether anything has changed since.
fn again(record: &Record, releases: &[Release], last: &Release) -> Edition {
    let published_on = Some(day(&record.organisation.time_zone, last.published_at));
    Edition { version: last.n, published_on, versions: gather::versions(record, releases) }
}

/// Whether anything that staff wrote differs from the last release.
async fn is_rewritten(tx: &Tx, record: &Record, releases: &[Release], last: &Release) -> Result<bool> {
    let published = gather::document(tx, record.report.organisation_id, record.report.id, last.n).await?;
    Ok(written(published) != written(build::document(record, again(record, releases, last))))
}

/// A document without what follows from people alone: numbers, ratings, and what they say of an influence.
fn written(mut document: ReportDocument) -> ReportDocument {
    let nobody = || ReportCount { number: None, withheld: false };
    let who = &mut document.who_took_part;
    (who.asked, who.answered, who.took_part) = (nobody(), nobody(), nobody());
    who.gaps.clear();
    for dimension in &mut who.presence {
        dimension.counted = nobody();
        // Groups that nobody sought are there because somebody belongs to them.
        dimension.groups.retain(|group| group.sought > 0);
        dimension.groups.iter_mut().for_each(|group| group.took_part = nobody());
    }
    who.presence.retain(|dimension| !dimension.groups.is_empty());
    for theme in &mut document.you_said {
        theme.people = None;
        theme.people_in_words.clear();
    }
    document.we_did.influence.iter_mut().for_each(|row| row.standing = Standing::Unasked);
    document.ratings = ReportRatings { people: nobody(), means: None };
    document
}

/// Refuses while anything is missing, and lists all of it.
async fn gate(tx: &Tx, record: &Record, now: Time) -> Result<()> {
    let scope = counts::scope(record.report.organisation_id, record.report.opportunity_id);
    // A contribution may be of nobody in particular, and is something that people said all the same.
    let contributions = people::contributions(scope, now).count(tx).await?;
    let answers = people::answers(scope, now).count(tx).await?;
    let items = rules::missing(&rules::Readiness {
        report: &record.report,
        themes: record.themes.len(),
        heard: answers + contributions > 0,
        recommendations: &record.recommendations,
    });
    if items.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict { code: "gate", detail: "Something that people are owed is still missing.".into(), items })
}

async fn release(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    record: Record,
    n: i32,
    document: &ReportDocument,
    change_note: Option<String>,
) -> Result<Published> {
    let (now, digest, report) = (platform.clock.now(), digest(document)?, record.report.id);
    let row = report_release::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        report_id: Set(report),
        n: Set(n),
        document: Set(json(document)?),
        digest: Set(digest.clone()),
        change_note: Set(change_note),
        published_by: Set(actor.by.clone()),
        published_at: Set(now),
    };
    let made = row.insert(tx).await?;
    let version = record.report.version + 1;
    let first = record.report.published_at;
    let mut row = record.report.into_active_model();
    row.state = Set(ReportState::Published);
    row.published_at = Set(first.or(Some(now)));
    row.version = Set(version);
    row.update(tx).await?;
    let payload = json!({"organisation": actor.organisation, "report": report, "release": made.id});
    jobs::enqueue(tx, &platform.clock, NewJob::now(SEND, actor.organisation, payload)).await?;
    report::record(tx, platform, actor, "publish_report", report).await?;
    Ok(Published { report, n, published_at: now, digest, is_new: true })
}

fn json(document: &ReportDocument) -> Result<Value> {
    serde_json::to_value(document).map_err(|_| Error::bug("a report that is not JSON"))
}

/// SHA-256 of the document in canonical form: keys in order, no spaces.
fn digest(document: &ReportDocument) -> Result<Vec<u8>> {
    let mut text = String::new();
    canonical(&json(document)?, &mut text);
    Ok(sha256(text.as_bytes()))
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (at, (name, value)) in fields.into_iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, value) in items.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                canonical(value, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}
