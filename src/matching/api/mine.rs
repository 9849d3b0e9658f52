//! Endpoints for somebody's own eyes: what they are asked for and what not, and what a draw did.

use crate::{
    accounts::{access, organisations},
    matching::{
        applying::{self, Applied},
        mine, outlook, over,
        together::own::OwnShare,
    },
    platform::{
        Platform, Result,
        http::{Caller, Chapter, Cursor, Done, Fine, NoContent, Page},
    },
};
use entity::{AskingPlanId, DrawOutcome, InvitationId, MatchRunId, OpportunityId, Time, WhyNot};
use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
};
use uuid::Uuid;

/// A draw that you were in.
#[derive(Object)]
pub struct OwnDrawOut {
    /// The run, by which everybody can read the draw.
    run: MatchRunId,
    /// Your number in it. It tells nobody who you are.
    number: Uuid,
    /// When names were drawn.
    drawn_at: Time,
    /// The chance that you had, from 0 to 1.
    chance: f64,
    /// The same in words.
    chance_in_words: String,
    /// What became of you; absent if your name was not drawn.
    #[oai(skip_serializing_if_is_none)]
    outcome: Option<DrawOutcome>,
    /// Whether those who get a letter were drawn. Those who get a place are drawn later, among those who say yes.
    letters: bool,
}

/// How letters were shared out among several things that needed people at the same time.
#[derive(Object)]
pub struct OwnShareOut {
    /// The plan.
    plan: AskingPlanId,
    /// Your number in it. It tells nobody who you are.
    number: Uuid,
    /// When letters were shared out.
    shared_at: Time,
    /// The chance that you had of a letter about this, from 0 to 1.
    chance: f64,
    /// The same in words.
    chance_in_words: String,
    /// What became of it; absent if the letters about this went to others.
    #[oai(skip_serializing_if_is_none)]
    outcome: Option<DrawOutcome>,
}

impl From<OwnShare> for OwnShareOut {
    fn from(share: OwnShare) -> Self {
        Self {
            plan: share.plan,
            number: share.number,
            shared_at: share.at,
            chance: share.chance,
            chance_in_words: outlook::in_words(share.chance),
            outcome: share.outcome,
        }
    }
}

/// Something that is open, and what it means for you.
#[derive(Object)]
pub struct AskingOut {
    /// What.
    opportunity: OpportunityId,
    /// Its name.
    title: String,
    /// Whether you may be asked.
    may_be_asked: bool,
    /// Why not, if you may not.
    #[oai(skip_serializing_if_is_none)]
    why_not: Option<WhyNot>,
    /// The same in words.
    #[oai(skip_serializing_if_is_none)]
    why_not_in_words: Option<String>,
    /// Whether you applied for it yourself.
    applied: bool,
    /// The draw that you were in, where names were drawn.
    #[oai(skip_serializing_if_is_none)]
    draw: Option<OwnDrawOut>,
    /// How letters were shared out, where several things were asked for together.
    #[oai(skip_serializing_if_is_none)]
    share: Option<OwnShareOut>,
}

impl From<mine::OwnDraw> for OwnDrawOut {
    fn from(draw: mine::OwnDraw) -> Self {
        Self {
            run: draw.run,
            number: draw.number,
            drawn_at: draw.at,
            chance: draw.chance,
            chance_in_words: outlook::in_words(draw.chance),
            outcome: draw.outcome,
            letters: draw.letters,
        }
    }
}

/// Something that is over, and what draws did with you.
#[derive(Object)]
pub struct OverOut {
    /// What.
    opportunity: OpportunityId,
    /// Its name.
    title: String,
    /// When people were asked first.
    #[oai(skip_serializing_if_is_none)]
    asked_at: Option<Time>,
    /// Whether you were asked.
    asked: bool,
    /// Why you were not asked then, where it was by your choices of that day.
    #[oai(skip_serializing_if_is_none)]
    why_not: Option<WhyNot>,
    /// The same in words, also where it was for another reason.
    #[oai(skip_serializing_if_is_none)]
    why_not_in_words: Option<String>,
    /// The draw that you were in; absent if you were in none.
    #[oai(skip_serializing_if_is_none)]
    draw: Option<OwnDrawOut>,
    /// How letters were shared out, where several things were asked for together; absent if you were in none of that.
    #[oai(skip_serializing_if_is_none)]
    share: Option<OwnShareOut>,
}

impl OverOut {
    fn of(over: over::Over) -> Self {
        Self {
            opportunity: over.opportunity.id,
            title: over.opportunity.title,
            asked_at: over.asked_at,
            asked: over.asked,
            why_not: over.why_not,
            why_not_in_words: over.in_words,
            draw: over.draw.map(Into::into),
            share: over.share.map(Into::into),
        }
    }
}

impl AskingOut {
    fn of(mine: mine::Mine) -> Self {
        Self {
            opportunity: mine.opportunity.id,
            title: mine.opportunity.title,
            may_be_asked: mine.why_not.is_none(),
            why_not: mine.why_not,
            why_not_in_words: mine.in_words,
            applied: mine.applied,
            draw: mine.draw.map(Into::into),
            share: mine.share.map(Into::into),
        }
    }
}

/// What came of applying.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ApplicationState {
    /// There is an invitation, which you can answer.
    Asked,
    /// You are in the draw.
    InDraw,
}

/// An application.
#[derive(Object)]
pub struct ApplicationOut {
    /// What came of it.
    state: ApplicationState,
    /// The invitation, if there is one.
    #[oai(skip_serializing_if_is_none)]
    invitation: Option<InvitationId>,
}

/// What somebody is asked, and what not.
pub struct MineApi(pub Platform);

#[OpenApi(tag = "Chapter::Me")]
impl MineApi {
    /// See what I am asked for, and what not
    ///
    /// What is open, newest first: whether I may be asked, or by which of my choices not; and where names were drawn, the chance
    /// that I had and what the draw did.
    #[oai(path = "/me/asking", method = "get", operation_id = "getMyAsking")]
    async fn list(
        &self,
        caller: Caller,
        /// Rows in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<AskingOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let home = organisations::get(&self.0, person.organisation).await?;
        let rows = mine::list(&self.0, &person, &home, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.opportunity.id.0, AskingOut::of)))
    }

    /// See what is over, and what it was for me
    ///
    /// What has closed and people were asked for, newest first: whether I was asked, by which of my choices of that day not, the chance
    /// that I had in a draw, and what came of it.
    #[oai(path = "/me/asking/over", method = "get", operation_id = "listMyAskingOver")]
    async fn over(
        &self,
        caller: Caller,
        /// Rows in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<OverOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let organisation = organisations::get(&self.0, person.organisation).await?;
        let rows = over::list(&self.0, &person, &organisation, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.opportunity.id.0, OverOut::of)))
    }

    /// Apply for something yourself
    ///
    /// Also for what your choices do not include, because it is your own act; your choices stay as they are. You get an invitation,
    /// which you can answer; or where names are drawn before anybody is asked, you are in the draw. A second time changes nothing.
    #[oai(path = "/me/opportunities/:opportunity/application", method = "post", operation_id = "applyMyself")]
    async fn apply(&self, caller: Caller, opportunity: Path<OpportunityId>) -> Result<Fine<ApplicationOut>> {
        let person = access::person(&self.0, &caller).await?;
        let tx = self.0.db.begin().await?;
        let applied = applying::apply(&tx, &self.0, &person, opportunity.0).await?;
        tx.commit().await?;
        self.0.wake.notify_one();
        Ok(Fine::new(&match applied {
            Applied::Asked(invitation) => ApplicationOut { state: ApplicationState::Asked, invitation: Some(invitation) },
            Applied::InDraw => ApplicationOut { state: ApplicationState::InDraw, invitation: None },
        }))
    }

    /// Take an application back
    ///
    /// As long as there is no invitation: to that you can say no.
    #[oai(path = "/me/opportunities/:opportunity/application", method = "delete", operation_id = "takeMyApplicationBack")]
    async fn take_back(&self, caller: Caller, opportunity: Path<OpportunityId>) -> Done {
        let person = access::person(&self.0, &caller).await?;
        let tx = self.0.db.begin().await?;
        applying::take_back(&tx, &person, opportunity.0).await?;
        tx.commit().await?;
        Ok(NoContent)
    }
}
