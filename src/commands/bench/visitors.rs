//! Who looks at pages: somebody from outside with links, people who are asked and who have answered, staff.

use super::Ground;
use crate::{
    commands::demo,
    platform::{
        Clock, Db, Error, Result, Secret,
        secret::{Token, TokenKind},
    },
};
use chrono::Duration;
use entity::{
    AccountId, AccountLinkId, AccountLinkPurpose, InvitationState, OpportunityKind, OpportunityState, ParticipantLinkId,
    ParticipantLinkPurpose, Role, account, account_link, account_session, invitation, invitation_link, membership, opportunity,
    organisation, participant_link, participant_session, response,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

/// Somebody who looks at pages.
pub struct Visitor {
    /// What their browser holds.
    pub cookie: String,
    /// Where they begin; links lead on from there.
    pub starts: Vec<String>,
}

/// What visitors are made with.
struct Maker {
    clock: Clock,
    secret: Secret,
    db: Db,
}

/// Somebody from outside with links, somebody who takes part and has answered, two who are asked, of whom one has said yes, a
/// coordinator and an administrator.
pub async fn visitors(ground: &Ground) -> Result<Vec<Visitor>> {
    let clock = Clock::system();
    let secret = Secret::open(&super::server::secret_file(ground), clock.secret()).map_err(Error::Unavailable)?;
    let maker = Maker { clock, secret, db: Db::connect(&ground.url, 1).await? };
    let made = maker.all().await;
    maker.db.close().await?;
    made
}

fn none() -> Error {
    Error::bug("the demo left nobody who was asked")
}

impl Maker {
    async fn all(&self) -> Result<Vec<Visitor>> {
        let db = self.db.read();
        // The story has ended: the consultation takes answers once more, and of those who gave none two are asked anew.
        let about = opportunity::Entity::find()
            .filter(opportunity::Column::Kind.eq(OpportunityKind::Consultation))
            .order_by_desc(opportunity::Column::Id)
            .one(db)
            .await?
            .ok_or_else(none)?;
        let mut row = about.clone().into_active_model();
        (row.state, row.closed_at, row.closed_early_reason) = (Set(OpportunityState::Open), Set(None), Set(None));
        row.update(self.db.write()).await?;
        let silent = [InvitationState::Sent, InvitationState::Ended, InvitationState::Declined, InvitationState::SteppedDown];
        let asked = invitation::Entity::find()
            .filter(invitation::Column::OpportunityId.eq(about.id))
            .filter(invitation::Column::State.is_in(silent))
            .order_by_asc(invitation::Column::State)
            .limit(2)
            .all(db)
            .await?;
        let [willing, asked] = <[_; 2]>::try_from(asked).map_err(|_| none())?;
        for (one, state) in [(&willing, InvitationState::Accepted), (&asked, InvitationState::Sent)] {
            let mut row = one.clone().into_active_model();
            (row.state, row.ended_at) = (Set(state), Set(None));
            row.update(self.db.write()).await?;
        }
        let answer = response::Entity::find()
            .filter(response::Column::OpportunityId.eq(about.id))
            .order_by_desc(response::Column::Id)
            .one(db)
            .await?
            .ok_or_else(none)?;
        let answered = invitation::Entity::find()
            .filter(invitation::Column::OpportunityId.eq(about.id))
            .filter(invitation::Column::ParticipantId.eq(answer.participant_id))
            .one(db)
            .await?
            .ok_or_else(none)?;
        let home = organisation::Entity::find_by_id(asked.organisation_id).one(db).await?.ok_or_else(none)?;
        let home = format!("/o/{}", home.slug);
        let person = self.person_session(&answered).await?;
        let token = self.invited(&asked).await?;
        let mut outside =
            vec![home.clone(), format!("{home}/overdue"), "/docs".into(), "/docs/api".into(), "/accessibility".into()];
        outside.push(format!("/i/{}", token.reveal()));
        outside.extend(self.letters(&asked).await?);
        outside.extend(self.staff_letters(&asked).await?);
        outside.extend(["/me", "/console/sign-in", "/console/forgotten-password", "/set-up"].map(Into::into));
        outside.extend(["letter", "left", "join", "sign-in"].map(|page| format!("{home}/{page}")));
        let mut visitors = vec![Visitor { cookie: String::new(), starts: outside }];

        let seat = format!("/invitation/{}", answered.id);
        let mut inside = vec![format!("{home}/me"), format!("{home}/me/welcome"), seat.clone()];
        inside.extend(["1", "check", "saved", "done"].map(|page| format!("{seat}/questions/{page}")));
        let cookie = format!("person={}; invitation={}", person.reveal(), self.invited(&answered).await?.reveal());
        visitors.push(Visitor { cookie, starts: inside });
        for (who, rest) in [(&asked, ""), (&willing, "/agree")] {
            let seat = format!("/invitation/{}", who.id);
            let cookie = format!("invitation={}", self.invited(who).await?.reveal());
            visitors.push(Visitor { cookie, starts: vec![seat.clone(), format!("{seat}{rest}")] });
        }

        let console = home.replacen("/o/", "/console/", 1);
        let coordinator = account::Entity::find().filter(account::Column::Email.eq(demo::COORDINATOR)).one(db).await?;
        let administrator = membership::Entity::find()
            .filter(membership::Column::OrganisationId.eq(asked.organisation_id))
            .filter(membership::Column::Role.eq(Role::Administrator))
            .one(db)
            .await?;
        let accounts = coordinator.map(|row| row.id).into_iter().chain(administrator.map(|row| row.account_id));
        for account in accounts {
            let cookie = format!("staff={}", self.staff_session(account).await?.reveal());
            let starts = ["", "/begin", "/settings", "/settings/look", "/staff", "/audit", "/people/import"];
            let starts = starts.map(|page| format!("{console}{page}"));
            visitors.push(Visitor { cookie, starts: ["/console".to_owned()].into_iter().chain(starts).collect() });
        }
        Ok(visitors)
    }

    /// The token of an invitation's letter.
    async fn invited(&self, asked: &invitation::Model) -> Result<Token> {
        let link = invitation_link::Entity::find()
            .filter(invitation_link::Column::OrganisationId.eq(asked.organisation_id))
            .filter(invitation_link::Column::InvitationId.eq(asked.id))
            .order_by_desc(invitation_link::Column::Id)
            .one(self.db.read())
            .await?;
        Ok(self.secret.token(TokenKind::Invitation, link.ok_or_else(none)?.id.0))
    }

    /// Links that somebody finds in letters from an organisation.
    async fn letters(&self, asked: &invitation::Model) -> Result<Vec<String>> {
        let mut addresses = Vec::new();
        for (purpose, kind, page) in [
            (ParticipantLinkPurpose::Join, TokenKind::ParticipantLink, "join"),
            (ParticipantLinkPurpose::SignIn, TokenKind::ParticipantLink, "sign-in"),
            (ParticipantLinkPurpose::Unsubscribe, TokenKind::Unsubscribe, "u"),
        ] {
            let id: ParticipantLinkId = self.clock.new_id();
            let token = self.secret.token(kind, id.0);
            let row = participant_link::ActiveModel {
                organisation_id: Set(asked.organisation_id),
                id: Set(id),
                participant_id: Set(asked.participant_id),
                purpose: Set(purpose),
                token_hash: Set(token.hash()),
                created_at: Set(self.clock.now()),
                expires_at: Set(Some(self.clock.now() + Duration::hours(2))),
                used_at: Set(None),
                name: Set(None),
                language: Set(None),
            };
            participant_link::Entity::insert(row).exec_without_returning(self.db.write()).await?;
            addresses.push(format!("/{page}/{}", token.reveal()));
        }
        Ok(addresses)
    }

    /// Links that staff find in letters.
    async fn staff_letters(&self, asked: &invitation::Model) -> Result<Vec<String>> {
        let mut addresses = Vec::new();
        let coordinator =
            account::Entity::find().filter(account::Column::Email.eq(demo::COORDINATOR)).one(self.db.read()).await?;
        for (purpose, account, page) in [
            (AccountLinkPurpose::StaffInvitation, None, "staff-invitation"),
            (AccountLinkPurpose::PasswordReset, coordinator.map(|row| row.id), "new-password"),
        ] {
            let id: AccountLinkId = self.clock.new_id();
            let token = self.secret.token(TokenKind::StaffLink, id.0);
            let row = account_link::ActiveModel {
                id: Set(id),
                purpose: Set(purpose),
                token_hash: Set(token.hash()),
                email: Set("bench@riverside.example".into()),
                account_id: Set(account),
                organisation_id: Set(account.is_none().then_some(asked.organisation_id)),
                role: Set(account.is_none().then_some(Role::Viewer)),
                created_at: Set(self.clock.now()),
                expires_at: Set(self.clock.now() + Duration::hours(2)),
                used_at: Set(None),
            };
            account_link::Entity::insert(row).exec_without_returning(self.db.write()).await?;
            addresses.extend([format!("/{page}"), format!("/{page}/{}", token.reveal())]);
        }
        Ok(addresses)
    }

    async fn person_session(&self, asked: &invitation::Model) -> Result<Token> {
        let (token, now) = (Token::new(TokenKind::Participant, self.clock.secret()), self.clock.now());
        let row = participant_session::ActiveModel {
            organisation_id: Set(asked.organisation_id),
            id: Set(self.clock.new_id()),
            participant_id: Set(asked.participant_id),
            token_hash: Set(token.hash()),
            created_at: Set(now),
            last_used_at: Set(now),
            idle_until: Set(now + Duration::hours(2)),
            expires_at: Set(now + Duration::hours(2)),
            revoked_at: Set(None),
        };
        participant_session::Entity::insert(row).exec_without_returning(self.db.write()).await?;
        Ok(token)
    }

    async fn staff_session(&self, account: AccountId) -> Result<Token> {
        let (token, now) = (Token::new(TokenKind::Staff, self.clock.secret()), self.clock.now());
        let row = account_session::ActiveModel {
            id: Set(self.clock.new_id()),
            account_id: Set(account),
            token_hash: Set(token.hash()),
            label: Set("bench".into()),
            created_at: Set(now),
            last_used_at: Set(now),
            idle_until: Set(now + Duration::hours(2)),
            expires_at: Set(now + Duration::hours(2)),
            revoked_at: Set(None),
        };
        account_session::Entity::insert(row).exec_without_returning(self.db.write()).await?;
        Ok(token)
    }
}
