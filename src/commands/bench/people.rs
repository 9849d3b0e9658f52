//! An organisation with one open consultation and as many invited people as a bench needs, put into the database
//! directly: how they came there is not what is measured.

use super::{Ground, server::secret_file};
use crate::platform::{
    Clock, Db, Error, Result, Secret, Tx,
    secret::{Token, TokenKind, sha256},
};
use chrono::Duration;
use entity::*;
use hyper::body::Bytes;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// Rows in one statement.
pub(super) const ROWS: usize = 500;

/// People who have not answered yet.
pub struct Crowd {
    /// Where they are invited to.
    pub(super) place: Place,
    tokens: Vec<Token>,
    next: AtomicUsize,
    /// What each of them sends.
    pub body: Bytes,
}

impl Crowd {
    /// The link of the next one.
    pub fn next(&self) -> Option<&Token> {
        self.tokens.get(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Answers of the size people give: about 1 KB.
pub fn answers() -> Value {
    json!({
        "visits": "three_to_five",
        "wait_minutes": 95,
        "felt_informed": 2,
        "signs": {"entrance": "hard", "desk": "fine", "ward": "hard"},
        "helped": ["staff", "water", "seat"],
        "news": "screen",
        "order": ["news", "seats", "quiet", "signs"],
        "story": "I came with my mother in the afternoon. We were told to sit down and that somebody would come. Nobody said how long it would take, and each time a door opened we looked up. After an hour my mother wanted to go home. A nurse then came by and explained that there had been an emergency; from then on the waiting was far easier to bear.",
        "change": "Tell people every half an hour what is going on, even if nothing is. Put a quiet corner with a few chairs next to the desk, so that people who find noise hard can hear their name called.",
        "again": true,
        "date": "2027-02-14"
    })
}

/// The questions to those answers.
fn definition() -> Value {
    let choices = |words: &[&str]| json!(words);
    json!({"title": "Waiting well", "pages": [
        {"name": "visit", "elements": [
            {"type": "radiogroup", "name": "visits", "title": "How often did you come last year?", "isRequired": true,
             "choices": choices(&["one", "two", "three_to_five", "more"])},
            {"type": "text", "name": "date", "title": "When did you come last?", "inputType": "date"},
            {"type": "text", "name": "wait_minutes", "title": "How many minutes did you wait?", "inputType": "number", "min": 0, "max": 1440},
            {"type": "rating", "name": "felt_informed", "title": "How well did you know what was going on?", "isRequired": true, "rateMin": 1, "rateMax": 5}
        ]},
        {"name": "place", "elements": [
            {"type": "matrix", "name": "signs", "title": "How easy was it to find your way?",
             "rows": choices(&["entrance", "desk", "ward"]), "columns": choices(&["easy", "fine", "hard"])},
            {"type": "checkbox", "name": "helped", "title": "What helped?", "choices": choices(&["staff", "water", "seat", "quiet", "none_of_these"])},
            {"type": "dropdown", "name": "news", "title": "How would you like to be told?", "choices": choices(&["screen", "voice", "phone"])},
            {"type": "ranking", "name": "order", "title": "What should change first?", "choices": choices(&["signs", "seats", "news", "quiet"])}
        ]},
        {"name": "words", "elements": [
            {"type": "comment", "name": "story", "title": "What was waiting like?", "visibleIf": "{felt_informed} < 4", "maxLength": 4000},
            {"type": "comment", "name": "change", "title": "What would have made it better?", "maxLength": 4000},
            {"type": "boolean", "name": "again", "title": "May we ask you again?"}
        ]}
    ]})
}

/// Puts the organisation and `count` invited people in place.
pub async fn invite(ground: &Ground, count: usize) -> Result<Crowd> {
    let clock = Clock::system();
    let secret = Secret::open(&secret_file(ground), clock.secret()).map_err(Error::Unavailable)?;
    let db = Db::connect(&ground.url, 1).await?;
    let tx = db.begin().await?;
    let place = Place::make(&tx, clock).await?;
    tx.commit().await?;
    let mut tokens = Vec::with_capacity(count);
    while tokens.len() < count {
        let first = tokens.is_empty();
        let some = ROWS.min(count - tokens.len());
        let tx = db.begin().await?;
        place.invite(&tx, &secret, &mut tokens, some).await?;
        tx.commit().await?;
        if first {
            // PostgreSQL keeps its plans for checking keys; those made for empty tables would read whole tables.
            analyze(&db).await?;
        }
    }
    analyze(&db).await?;
    db.close().await?;
    let body = Bytes::from(json!({"answers": answers(), "questionnaire": place.questionnaire}).to_string());
    Ok(Crowd { place, tokens, next: AtomicUsize::new(0), body })
}

/// What the database would soon find out about its tables by itself.
pub(super) async fn analyze(db: &Db) -> Result<()> {
    db.write().execute_unprepared("ANALYZE").await?;
    Ok(())
}

/// The same, and what PostgreSQL would else tidy up in the background while something is measured.
pub(super) async fn settle(db: &Db) -> Result<()> {
    let postgres = db.write().get_database_backend() == DbBackend::Postgres;
    db.write().execute_unprepared(if postgres { "VACUUM ANALYZE" } else { "ANALYZE" }).await?;
    Ok(())
}

/// Where people are invited to.
pub(super) struct Place {
    pub clock: Clock,
    pub now: Time,
    pub organisation: OrganisationId,
    project: ProjectId,
    pub opportunity: OpportunityId,
    notice: NoticeId,
    questionnaire: QuestionnaireId,
}

/// An organisation that measures itself.
pub fn organisation_row(id: OrganisationId, now: Time) -> organisation::ActiveModel {
    organisation::ActiveModel {
        id: Set(id),
        slug: Set("bench".into()),
        name: Set("Bench".into()),
        contact: Set("bench@localhost.localdomain".into()),
        privacy_url: Set(None),
        link_template: Set(None),
        time_zone: Set("Europe/London".into()),
        minimum_group: Set(5),
        invites_per_month: Set(None),
        letters_gap_days: Set(0),
        letters_window: Set(None),
        version: Set(1),
        created_at: Set(now),
    }
}

impl Place {
    pub async fn make(tx: &Tx, clock: Clock) -> Result<Self> {
        let project: ProjectId = clock.new_id();
        let (organisation, opportunity, notice) = (clock.new_id(), clock.new_id(), clock.new_id());
        let questionnaire = clock.new_id();
        let place = Self { now: clock.now(), organisation, project, opportunity, notice, questionnaire, clock };
        organisation::Entity::insert(organisation_row(place.organisation, place.now)).exec_without_returning(tx).await?;
        project::Entity::insert(place.project_row(project)).exec_without_returning(tx).await?;
        notice::Entity::insert(place.notice_row()).exec_without_returning(tx).await?;
        opportunity::Entity::insert(place.opportunity_row(opportunity)).exec_without_returning(tx).await?;
        questionnaire::Entity::insert(place.questionnaire_row()).exec_without_returning(tx).await?;
        let asked = opportunity::ActiveModel {
            organisation_id: Set(place.organisation),
            id: Set(place.opportunity),
            questionnaire_id: Set(Some(place.questionnaire)),
            ..Default::default()
        };
        opportunity::Entity::update(asked).exec(tx).await?;
        Ok(place)
    }

    fn project_row(&self, id: ProjectId) -> project::ActiveModel {
        project::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            kind: Set(ProjectKind::Involvement),
            title: Set("A better waiting room".into()),
            need: Set("People wait without knowing why.".into()),
            purpose: Set(ProjectPurpose {
                why: String::new(),
                benefit_to_participants: String::new(),
                intended_change: String::new(),
            }),
            intended_users: Set(Texts::default()),
            presence: Set(PresenceTargets(Vec::new())),
            claimed_rung: Set(Some(Rung::Consultation)),
            promise: Set(None),
            created_by: Set("system".into()),
            version: Set(1),
            created_at: Set(self.now),
        }
    }

    fn notice_row(&self) -> notice::ActiveModel {
        let content = NoticeContent {
            language: "en".into(),
            title: "What happens to your answers".into(),
            text: "They are read by the ward.".into(),
            easy_read_text: None,
            controllers: Vec::new(),
            contact: "bench@localhost.localdomain".into(),
            purposes: Vec::new(),
        };
        notice::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(self.notice),
            scope_id: Set(self.opportunity.0),
            n: Set(1),
            state: Set(NoticeState::Published),
            content: Set(content),
            digest: Set(Some(sha256(b"bench"))),
            published_at: Set(Some(self.now)),
            published_by: Set(Some("system".into())),
            created_at: Set(self.now),
            version: Set(1),
        }
    }

    pub fn opportunity_row(&self, id: OpportunityId) -> opportunity::ActiveModel {
        opportunity::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            project_id: Set(self.project),
            kind: Set(OpportunityKind::Consultation),
            activity: Set(None),
            title: Set("Waiting well".into()),
            summary: Set("How should waiting be?".into()),
            rung: Set(Rung::Consultation),
            stage: Set(Stage::Design),
            open_to_influence: Set("Seats, signs, news about the wait.".into()),
            not_open: Set("The building.".into()),
            who_decides: Set("The ward manager".into()),
            how_chosen: Set("Everybody on the list is asked.".into()),
            minutes: Set(10),
            preparation_minutes: Set(0),
            formats: Set(Formats(vec![Format::AsyncText])),
            group_facts: Set(None),
            support: Set("A helpline".into()),
            support_contact: Set(None),
            content_note: Set(None),
            payment: Set(PaymentOffer {
                kind: PaymentKind::Unpaid,
                amount_pence: None,
                expenses: String::new(),
                how: String::new(),
            }),
            places: Set(None),
            reply_within_days: Set(None),
            opens_on: Set(None),
            closes_on: Set(None),
            starts_at: Set(None),
            feedback_due: Set(Some((self.now + Duration::days(60)).date_naive())),
            feedback_moved_reason: Set(None),
            state: Set(OpportunityState::Open),
            opened_at: Set(Some(self.now)),
            closed_at: Set(None),
            closed_early_reason: Set(None),
            feedback_late_since: Set(None),
            notice_id: Set(Some(self.notice)),
            questionnaire_id: Set(None),
            promised: Set(None),
            created_by: Set("system".into()),
            version: Set(1),
            created_at: Set(self.now),
        }
    }

    fn questionnaire_row(&self) -> questionnaire::ActiveModel {
        let definition = definition().to_string();
        questionnaire::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(self.questionnaire),
            opportunity_id: Set(self.opportunity),
            n: Set(1),
            digest: Set(sha256(definition.as_bytes())),
            definition: Set(definition),
            published_by: Set("system".into()),
            published_at: Set(self.now),
        }
    }

    /// People with their consent, an invitation and its link.
    async fn invite(&self, tx: &Tx, secret: &Secret, tokens: &mut Vec<Token>, count: usize) -> Result<()> {
        let people: Vec<ParticipantId> = (0..count).map(|_| self.clock.new_id()).collect();
        let events: Vec<ConsentEventId> = (0..count).map(|_| self.clock.new_id()).collect();
        let invitations: Vec<InvitationId> = (0..count).map(|_| self.clock.new_id()).collect();
        let mut links = Vec::with_capacity(count);
        for invitation in &invitations {
            let id: InvitationLinkId = self.clock.new_id();
            let token = secret.token(TokenKind::Invitation, id.0);
            links.push(invitation_link::ActiveModel {
                organisation_id: Set(self.organisation),
                id: Set(id),
                invitation_id: Set(*invitation),
                token_hash: Set(token.hash()),
                created_at: Set(self.now),
            });
            tokens.push(token);
        }
        let both = || people.iter().copied().zip(events.iter().copied());
        let agreed = (Purpose::Participate, self.opportunity.0);
        participant::Entity::insert_many(people.iter().map(|id| self.participant_row(*id))).exec_without_returning(tx).await?;
        consent_event::Entity::insert_many(both().map(|(who, id)| self.event_row(who, id, agreed)))
            .exec_without_returning(tx)
            .await?;
        consent_standing::Entity::insert_many(both().map(|(who, id)| self.standing_row(who, id, agreed)))
            .exec_without_returning(tx)
            .await?;
        let asked = people.iter().zip(&invitations).map(|(who, id)| self.invitation_row(*who, *id, self.opportunity));
        invitation::Entity::insert_many(asked).exec_without_returning(tx).await?;
        invitation_link::Entity::insert_many(links).exec_without_returning(tx).await?;
        Ok(())
    }

    pub fn participant_row(&self, id: ParticipantId) -> participant::ActiveModel {
        let email = format!("{id}@people.example");
        participant::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            email: Set(email.clone()),
            email_key: Set(email),
            name: Set(None),
            language: Set("en".into()),
            state: Set(ParticipantState::Joined),
            source: Set(ParticipantSource::SelfRegistered),
            preference_id: Set(None),
            review_after: Set(None),
            created_at: Set(self.now),
            joined_at: Set(Some(self.now)),
            left_at: Set(None),
            last_asked_at: Set(Some(self.now)),
            version: Set(1),
        }
    }

    pub fn event_row(
        &self,
        who: ParticipantId,
        id: ConsentEventId,
        (purpose, scope): (Purpose, Uuid),
    ) -> consent_event::ActiveModel {
        consent_event::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            participant_id: Set(who),
            purpose: Set(purpose),
            scope_id: Set(scope),
            notice_id: Set(self.notice),
            shown_id: Set(None),
            r#type: Set(ConsentType::Give),
            channel: Set("web".into()),
            recorded_by: Set("system".into()),
            withdrawal_effect: Set(WithdrawalEffect::StopFutureOnly),
            occurred_at: Set(self.now),
            valid_until: Set(None),
            previous_id: Set(None),
        }
    }

    pub fn standing_row(
        &self,
        who: ParticipantId,
        event: ConsentEventId,
        (purpose, scope): (Purpose, Uuid),
    ) -> consent_standing::ActiveModel {
        consent_standing::ActiveModel {
            organisation_id: Set(self.organisation),
            participant_id: Set(who),
            purpose: Set(purpose),
            scope_id: Set(scope),
            r#type: Set(ConsentType::Give),
            event_id: Set(event),
            notice_id: Set(self.notice),
            valid_until: Set(Some(self.now + Duration::days(365))),
        }
    }

    pub fn invitation_row(&self, who: ParticipantId, id: InvitationId, to: OpportunityId) -> invitation::ActiveModel {
        invitation::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            opportunity_id: Set(to),
            participant_id: Set(who),
            run_id: Set(None),
            state: Set(InvitationState::Sent),
            question_first: Set(false),
            held_until: Set(None),
            why: Set(WhyAsked { reasons: Vec::new() }),
            reminders: Set(0),
            reminded_at: Set(None),
            ask_again_on: Set(None),
            replied_at: Set(None),
            ended_at: Set(None),
            version: Set(1),
            created_at: Set(self.now),
        }
    }
}
