//! What a withdrawal does to what people gave at meetings and beside questionnaires.

use super::notes;
use crate::{
    consent::{
        Withdrawal, permits,
        withdrawal::{Erasure, Whose},
    },
    platform::{Platform, Result, Tx},
};
use entity::{
    ContributionId, MeetingId, OpportunityId, Purpose, QuotePermission, attendance, contribution, meeting, notes_agreement,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use std::collections::BTreeMap;

/// Carries out a withdrawal from taking part, or from being quoted. Other uses hold nothing here.
pub async fn carry_out(tx: &Tx, platform: &Platform, withdrawal: &Withdrawal) -> Result<()> {
    match (withdrawal.purpose, withdrawal.opportunity()) {
        (Purpose::Participate, Some(opportunity)) => {
            let (organisation, participant) = (withdrawal.organisation, withdrawal.participant);
            let whose = Whose { organisation, participant, opportunity };
            let held = meetings(tx, whose).await?;
            let Some(erasure) = withdrawal.erasure(tx, opportunity).await? else { return Ok(()) };
            erase_contributions(tx, platform, whose, erasure).await?;
            erase_at_meetings(tx, platform, whose, held, erasure).await
        }
        (Purpose::QuoteAnonymous | Purpose::QuoteAttributed, _) if withdrawal.erases() => {
            limit_quotes(tx, platform, withdrawal).await
        }
        _ => Ok(()),
    }
}

/// What was said and written goes.
pub async fn erase(tx: &Tx, platform: &Platform, whose: Whose, erasure: Erasure) -> Result<()> {
    let held = meetings(tx, whose).await?;
    erase_contributions(tx, platform, whose, erasure).await?;
    erase_at_meetings(tx, platform, whose, held, erasure).await
}

/// What was said stays, and nobody can tell any more who said it. Answers what it was.
pub async fn anonymise(tx: &Tx, platform: &Platform, whose: Whose, erasure: Erasure) -> Result<Vec<ContributionId>> {
    let mine = Condition::all()
        .add(contribution::Column::OrganisationId.eq(whose.organisation))
        .add(contribution::Column::OpportunityId.eq(whose.opportunity))
        .add(contribution::Column::ParticipantId.eq(whose.participant))
        .add(contribution::Column::WithdrawnAt.is_null())
        .add(erasure.covers(contribution::Column::CreatedAt));
    let given = contribution::Entity::find().filter(mine.clone()).order_by_asc(contribution::Column::Id);
    let given = given.lock_exclusive().all(tx).await?;
    // Nobody's words carry a name.
    contribution::Entity::update_many()
        .col_expr(contribution::Column::Quote, Expr::value(nameless(tx, platform, whose).await?.word()))
        .filter(mine.clone())
        .filter(contribution::Column::Quote.eq(QuotePermission::Named))
        .exec(tx)
        .await?;
    contribution::Entity::update_many()
        .col_expr(contribution::Column::ParticipantId, Expr::value(Option::<uuid::Uuid>::None))
        // It may say `participant:...`.
        .col_expr(contribution::Column::RecordedBy, Expr::value("erased"))
        .filter(mine)
        .exec(tx)
        .await?;
    Ok(given.into_iter().map(|row| row.id).collect())
}

/// The name goes from words that may be quoted with it: they may be quoted without it as far as the person allows that. Answers
/// how many they were.
pub async fn without_name(tx: &Tx, platform: &Platform, whose: Whose) -> Result<u64> {
    let nameless = nameless(tx, platform, whose).await?;
    let changed = contribution::Entity::update_many()
        .col_expr(contribution::Column::Quote, Expr::value(nameless.word()))
        .filter(contribution::Column::OrganisationId.eq(whose.organisation))
        .filter(contribution::Column::OpportunityId.eq(whose.opportunity))
        .filter(contribution::Column::ParticipantId.eq(whose.participant))
        .filter(contribution::Column::Quote.eq(QuotePermission::Named))
        .filter(contribution::Column::WithdrawnAt.is_null())
        .exec(tx)
        .await?;
    Ok(changed.rows_affected)
}

/// What is left of leave to quote words with the name, without it.
async fn nameless(tx: &Tx, platform: &Platform, whose: Whose) -> Result<QuotePermission> {
    let people = [whose.participant];
    let quotes = permits::quotes(tx, whose.organisation, whose.opportunity, &people, platform.clock.now()).await?;
    let quotes = quotes.get(&whose.participant).copied().unwrap_or_default();
    Ok(permits::Quotes { attributed: false, ..quotes }.limit(QuotePermission::Named))
}

/// The meetings of an opportunity, held until the transaction ends: what is said about their notes follows one another.
async fn meetings(tx: &Tx, whose: Whose) -> Result<Vec<meeting::Model>> {
    let rows = meeting::Entity::find()
        .filter(meeting::Column::OrganisationId.eq(whose.organisation))
        .filter(meeting::Column::OpportunityId.eq(whose.opportunity))
        .order_by_asc(meeting::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(rows)
}

/// The words go. Where everything goes that can be told to be the person's, so does whose they were.
async fn erase_contributions(tx: &Tx, platform: &Platform, whose: Whose, erasure: Erasure) -> Result<()> {
    let mut erase = contribution::Entity::update_many()
        .col_expr(contribution::Column::Text, Expr::value(Option::<String>::None))
        .col_expr(contribution::Column::WithdrawnAt, Expr::value(platform.clock.now()))
        .filter(contribution::Column::OrganisationId.eq(whose.organisation))
        .filter(contribution::Column::OpportunityId.eq(whose.opportunity))
        .filter(contribution::Column::ParticipantId.eq(whose.participant))
        .filter(erasure.covers(contribution::Column::CreatedAt));
    if erasure.identifiable {
        // It may say `participant:...`.
        erase = erase
            .col_expr(contribution::Column::ParticipantId, Expr::value(Option::<uuid::Uuid>::None))
            .col_expr(contribution::Column::RecordedBy, Expr::value("erased"));
    } else {
        erase = erase.filter(contribution::Column::WithdrawnAt.is_null());
    }
    erase.exec(tx).await?;
    Ok(())
}

/// What the person said about notes goes: it stands in no report. Where everything goes that can be told to be the
/// person's, so does that they were there.
async fn erase_at_meetings(
    tx: &Tx,
    platform: &Platform,
    whose: Whose,
    held: Vec<meeting::Model>,
    erasure: Erasure,
) -> Result<()> {
    let ids: Vec<MeetingId> = held.iter().map(|meeting| meeting.id).collect();
    let since = erasure.covers_unpublished(notes_agreement::Column::At);
    notes_agreement::Entity::update_many()
        .col_expr(notes_agreement::Column::Comment, Expr::value(Option::<String>::None))
        .filter(notes_agreement::Column::OrganisationId.eq(whose.organisation))
        .filter(notes_agreement::Column::MeetingId.is_in(ids.iter().copied()))
        .filter(notes_agreement::Column::ParticipantId.eq(whose.participant))
        .filter(since.clone())
        .exec(tx)
        .await?;
    if !erasure.identifiable {
        return Ok(());
    }
    notes_agreement::Entity::delete_many()
        .filter(notes_agreement::Column::OrganisationId.eq(whose.organisation))
        .filter(notes_agreement::Column::MeetingId.is_in(ids.iter().copied()))
        .filter(notes_agreement::Column::ParticipantId.eq(whose.participant))
        .filter(since)
        .exec(tx)
        .await?;
    attendance::Entity::delete_many()
        .filter(attendance::Column::OrganisationId.eq(whose.organisation))
        .filter(attendance::Column::MeetingId.is_in(ids))
        .filter(attendance::Column::ParticipantId.eq(whose.participant))
        .filter(erasure.covers(attendance::Column::RecordedAt))
        .exec(tx)
        .await?;
    for meeting in held {
        notes::settle(tx, platform, meeting).await?;
    }
    Ok(())
}

/// Leave to quote that was given with words goes as far as it rests on what was taken back.
async fn limit_quotes(tx: &Tx, platform: &Platform, withdrawal: &Withdrawal) -> Result<()> {
    let mut about = contribution::Entity::find()
        .filter(contribution::Column::OrganisationId.eq(withdrawal.organisation))
        .filter(contribution::Column::ParticipantId.eq(withdrawal.participant));
    if let Some(opportunity) = withdrawal.opportunity() {
        about = about.filter(contribution::Column::OpportunityId.eq(opportunity));
    }
    let given = about.order_by_asc(contribution::Column::Id).lock_exclusive().all(tx).await?;
    let mut by_opportunity: BTreeMap<OpportunityId, Vec<contribution::Model>> = BTreeMap::new();
    for row in given {
        by_opportunity.entry(row.opportunity_id).or_default().push(row);
    }
    for (opportunity, rows) in by_opportunity {
        let people = [withdrawal.participant];
        let quotes = permits::quotes(tx, withdrawal.organisation, opportunity, &people, platform.clock.now()).await?;
        let quotes = quotes.get(&withdrawal.participant).copied().unwrap_or_default();
        for row in rows.into_iter().filter(|row| quotes.limit(row.quote) != row.quote) {
            contribution::Entity::update_many()
                .col_expr(contribution::Column::Quote, Expr::value(quotes.limit(row.quote).word()))
                .filter(contribution::Column::OrganisationId.eq(row.organisation_id))
                .filter(contribution::Column::Id.eq(row.id))
                .exec(tx)
                .await?;
        }
    }
    Ok(())
}
