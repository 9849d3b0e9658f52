//! The letter that says that something was ended by whoever ran it: thanks, what is owed, and what comes next.

use super::{About, day, facts};
use crate::{
    invitations::{endings, rules, same_day::OwnDays},
    opportunities::{self, supported},
    participants::rules::{Offer, objection},
    platform::{
        Error, Platform, Result,
        mail::{Letter, both},
    },
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
            true => both(
                format!("“{title}” ends now. Thank you for taking part in it."),
                format!("“{title}” ends now.\nYou took part in it.\nThank you."),
            ),
            false => both(
                format!("“{title}” ends now. You need not do anything about it. Thank you for reading what we sent you."),
                format!("“{title}” ends now.\nYou do not have to do anything.\nThank you for reading our letters."),
            ),
        };
        let mut letter = self
            .letter(both(format!("This ends now: {title}"), format!("This ends: {title}")))
            .text(opening)
            .heading(both("What we want to tell you about it", "What we want to tell you"))
            .text(&ending.words)
            .heading("What happens next");
        letter = match (took_part, opportunity.feedback_due) {
            (true, Some(due)) => letter.text(both(
                format!("You hear what came of it by {}, as we promised.", day(due)),
                format!("We tell you what came of it.\nWe do this by {}.\nWe promised this.", day(due)),
            )),
            (true, None) => letter.text(both("You hear what came of it.", "We tell you what came of it.")),
            (false, _) => letter.text(both("", "We do not write to you about this again.")),
        };
        if took_part {
            let contact = &self.organisation.contact;
            letter = letter
                .text(both("Meetings that were still to come do not take place.", "There are no more meetings."))
                .heading(both("", "Money"))
                .text(both("What is owed to you stays owed, and is paid.", "You get all the money that we owe you."))
                .fact(both("What was offered", "What we said about money"), facts::payment_said(&opportunity.payment))
                .heading(both("", "If you want to talk about it"))
                .text(both(
                    format!("If you would like to talk about it, turn to {contact}."),
                    format!("You can talk to us about this.\n{contact}"),
                ));
        }
        let others = self.others(platform).await?;
        if !others.is_empty() {
            letter = letter
                .heading(both("Other ways in the same work", "Other things you can do"))
                .text(both(
                    "These are open now, and fit what you chose. You need not do anything about them.",
                    "These are open now.\nThey fit what you chose.\nYou do not have to do them.",
                ))
                .list(others);
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
