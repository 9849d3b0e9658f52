//! The letter that says that something was ended by whoever ran it: thanks, what is owed, and what comes next.

use super::{About, day, payment};
use crate::{
    invitations::{endings, rules, same_day::OwnDays},
    opportunities::{self, supported},
    participants::rules::{Offer, objection},
    platform::{Error, Platform, Result, mail::Letter},
};
use entity::{InvitationState, OpportunityState, invitation, opportunity, opportunity_topic};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

/// So many other ways are named at most.
const OTHERS: u64 = 20;

impl About {
    pub(super) async fn ended(&self, platform: &Platform, url: &str) -> Result<Letter> {
        let (opportunity, db) = (&self.opportunity, platform.db.read());
        let ending = endings::of(db, self.organisation.id, opportunity.id).await?;
        let ending = ending.ok_or_else(|| Error::bug("a letter about the end of what was not ended"))?;
        let took_part = self.invitation.state == InvitationState::Accepted;
        let title = &opportunity.title;
        let opening = match took_part {
            true => format!("“{title}” ends now. Thank you for taking part in it."),
            false => format!("“{title}” ends now. You need not do anything about it. Thank you for reading what we sent you."),
        };
        let mut letter = self
            .letter(format!("This ends now: {title}"))
            .text(opening)
            .heading("What we want to tell you about it")
            .text(&ending.words)
            .heading("What happens next");
        letter = match (took_part, opportunity.feedback_due) {
            (true, Some(due)) => letter.text(format!("You hear what came of it by {}, as we promised.", day(due))),
            (true, None) => letter.text("You hear what came of it."),
            (false, _) => letter,
        };
        if took_part {
            letter = letter.text("Meetings that were still to come do not take place.");
            letter = letter.text("What is owed to you stays owed, and is paid.");
            letter = letter.facts(vec![("What was offered", payment(&opportunity.payment))]);
            letter = letter.text(format!("If you would like to talk about it, turn to {}.", self.organisation.contact));
        }
        let others = self.others(platform).await?;
        if !others.is_empty() {
            letter = letter.heading("Other ways in the same work");
            letter = letter.text("These are open now, and fit what you chose. You need not do anything about them.").list(others);
        }
        Ok(letter.button("See where you stand", url))
    }

    /// Other ways in the same project that are open now and fit the person's own choices. Ways with few places are not among
    /// them, nor what the person has said no to.
    async fn others(&self, platform: &Platform) -> Result<Vec<String>> {
        let (organisation, now, db) = (self.organisation.id, platform.clock.now(), platform.db.read());
        let over = [InvitationState::Declined, InvitationState::Withdrawn, InvitationState::Ended];
        let dead = invitation::Entity::find()
            .select_only()
            .column(invitation::Column::OpportunityId)
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::ParticipantId.eq(self.person.id))
            .filter(invitation::Column::State.is_in(over))
            .into_query();
        let found = opportunity::Entity::find()
            .filter(opportunity::Column::OrganisationId.eq(organisation))
            .filter(opportunity::Column::ProjectId.eq(self.opportunity.project_id))
            .filter(opportunity::Column::State.eq(OpportunityState::Open))
            .filter(opportunity::Column::Places.is_null())
            .filter(opportunity::Column::Id.ne(self.opportunity.id))
            .filter(opportunity::Column::Id.not_in_subquery(dead))
            .order_by_asc(opportunity::Column::Id)
            .limit(OTHERS)
            .all(db)
            .await?;
        let can_be = supported::of(db, &found, now).await?;
        let topics = opportunity_topic::Entity::find()
            .filter(opportunity_topic::Column::OrganisationId.eq(organisation))
            .filter(opportunity_topic::Column::OpportunityId.is_in(found.iter().map(|way| way.id)))
            .all(db)
            .await?;
        let days = OwnDays::read(db, organisation, self.person.id, &self.wishes, self.zone).await?;
        let mut others = Vec::new();
        for way in found {
            let rung = can_be.get(&way.id).map_or(way.rung, |can_be| can_be.rung);
            let topics: Vec<_> = topics.iter().filter(|of| of.opportunity_id == way.id).map(|of| of.topic_id).collect();
            let offer = rules::offer(&way, &topics, rung, now, self.zone, now);
            let offer = Offer { meetings_that_day: days.beside(&way), ..offer };
            if opportunities::takes_answers(&way, now, self.zone) && objection(&self.wishes, &offer).is_none() {
                others.push(way.title);
            }
        }
        Ok(others)
    }
}
