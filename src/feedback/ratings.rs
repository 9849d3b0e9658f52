//! What people think of the feedback loop.

use crate::{
    accounts::Person,
    platform::{Error, Platform, Result, http::Cursor, text::Check},
    sessions,
    statistics::counts,
};
use entity::{OpportunityId, OrganisationId, loop_rating};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

/// Five marks from 1 to 5, and anything that did harm.
#[derive(Clone, Debug)]
pub struct Marks {
    /// I was heard.
    pub heard: i32,
    /// I had enough ways to take part.
    pub ways: i32,
    /// It was about what matters to us.
    pub matters: i32,
    /// I can see what changed, or why not.
    pub change: i32,
    /// It was worth it for me.
    pub worth_it: i32,
    /// Anything that harmed or excluded the person.
    pub harm: Option<String>,
}

/// Notes what somebody who took part thinks: once, and it can be changed.
pub async fn rate(platform: &Platform, person: &Person, opportunity: OpportunityId, marks: Marks) -> Result<()> {
    let mut check = Check::new();
    for (pointer, mark) in [
        ("/heard", marks.heard),
        ("/ways", marks.ways),
        ("/matters", marks.matters),
        ("/change", marks.change),
        ("/worth_it", marks.worth_it),
    ] {
        check.range(pointer, mark, 1, 5);
    }
    check.length("/harm", marks.harm.as_deref().unwrap_or_default(), 5000).done()?;
    let tx = platform.db.begin().await?;
    sessions::opportunity_until_commit(&tx, person.organisation, opportunity).await?;
    let scope = counts::scope(person.organisation, opportunity);
    if !counts::did_take_part(&tx, scope, person.participant).await? {
        return Err(Error::NotFound("opportunity"));
    }
    let row = loop_rating::ActiveModel {
        organisation_id: Set(person.organisation),
        id: Set(platform.clock.new_id()),
        opportunity_id: Set(opportunity),
        participant_id: Set(person.participant),
        heard: Set(marks.heard),
        ways: Set(marks.ways),
        matters: Set(marks.matters),
        change: Set(marks.change),
        worth_it: Set(marks.worth_it),
        harm: Set(marks.harm.filter(|harm| !harm.trim().is_empty())),
        created_at: Set(platform.clock.now()),
    };
    use loop_rating::Column::{Change, Harm, Heard, Matters, OpportunityId, OrganisationId, ParticipantId, Ways, WorthIt};
    let again = OnConflict::columns([OrganisationId, OpportunityId, ParticipantId])
        .update_columns([Heard, Ways, Matters, Change, WorthIt, Harm])
        .to_owned();
    loop_rating::Entity::insert(row).on_conflict(again).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// What people said did harm, without who said it.
pub async fn harms(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    cursor: Cursor,
) -> Result<Vec<loop_rating::Model>> {
    let mut query = loop_rating::Entity::find()
        .filter(loop_rating::Column::OrganisationId.eq(organisation))
        .filter(loop_rating::Column::OpportunityId.eq(opportunity))
        .filter(loop_rating::Column::Harm.is_not_null())
        .order_by_asc(loop_rating::Column::Id)
        .limit(cursor.limit + 1);
    if let Some(after) = cursor.after {
        query = query.filter(loop_rating::Column::Id.gt(after));
    }
    Ok(query.all(connection).await?)
}
