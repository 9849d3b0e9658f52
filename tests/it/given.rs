//! Rows of rooms that a test is not about, put in place directly.

use crate::harness::{Answer, Persona, TestApp};
use alongside::platform::secret::{Token, TokenKind};
use chrono::Duration;
use entity::*;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

/// One organisation with its staff, and rows put into it.
pub struct Given {
    /// The application.
    pub app: TestApp,
    /// Its coordinator.
    pub ada: Persona,
    /// Its id.
    pub organisation: OrganisationId,
}

/// Somebody who takes part.
#[derive(Clone)]
pub struct Someone {
    pub id: ParticipantId,
    pub email: String,
    pub token: String,
}

impl Someone {
    pub async fn get(&self, app: &TestApp, path: &str) -> Answer {
        app.get(format!("/api/me{path}")).token(&self.token).send().await
    }

    pub async fn post(&self, app: &TestApp, path: &str, body: &Value) -> Answer {
        app.post(format!("/api/me{path}")).token(&self.token).json(body).send().await
    }
}

macro_rules! put {
    ($given:expr, $row:expr, $table:ident) => {
        $table::Entity::insert($row).exec_without_returning($given.app.app.platform.db.write()).await.unwrap()
    };
}

impl Given {
    /// In the organisation of a member of staff.
    pub fn of(app: &TestApp, ada: &Persona) -> Self {
        Self { app: app.clone(), ada: ada.clone(), organisation: ada.organisation.parse().unwrap() }
    }

    /// A project that seeks these groups of the kind `age_band`.
    pub async fn project(&self, sought: &[(&str, i32)]) -> ProjectId {
        let id: ProjectId = self.app.clock.new_id();
        let target = |(category, sought): &(&str, i32)| PresenceTarget {
            dimension: "age_band".into(),
            category: (*category).into(),
            sought: *sought,
        };
        let row = project::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            kind: Set(ProjectKind::Involvement),
            title: Set("A better waiting room".into()),
            need: Set("People wait for hours without knowing why.".into()),
            purpose: Set(ProjectPurpose {
                why: String::new(),
                benefit_to_participants: String::new(),
                intended_change: String::new(),
            }),
            intended_users: Set(Texts::default()),
            presence: Set(PresenceTargets(sought.iter().map(target).collect())),
            claimed_rung: Set(Some(Rung::Consultation)),
            promise: Set(Some("We will change what we can about waiting, and say why not where we cannot.".into())),
            created_by: Set("system".into()),
            version: Set(1),
            created_at: Set(self.app.clock.now()),
        };
        put!(self, row, project);
        id
    }

    /// A decision of a project.
    pub async fn decision(&self, project: ProjectId, title: &str, reserved: Option<&str>) -> DecisionId {
        let id: DecisionId = self.app.clock.new_id();
        let row = decision::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            project_id: Set(project),
            title: Set(title.into()),
            stage: Set(Stage::Design),
            level: Set(WorkLevel::Service),
            weight: Set(Weight::Big),
            scope: Set(if reserved.is_some() { DecisionScope::Reserved } else { DecisionScope::Open }),
            reserved_reason: Set(reserved.map(Into::into)),
            declared_at: Set(None),
            owner: Set("The ward manager".into()),
            rule: Set(DecisionRule::OwnerDecides),
            opens_on: Set(None),
            settles_on: Set(None),
            settled_at: Set(None),
            outcome: Set(None),
            outcome_reason: Set(None),
            version: Set(1),
            created_at: Set(self.app.clock.now()),
        };
        put!(self, row, decision);
        // As if it had been there when what is open or closed by now was opened.
        let row = opportunity::ActiveModel { promised: Set(Some(self.promised(project).await)), ..Default::default() };
        opportunity::Entity::update_many()
            .set(row)
            .filter(opportunity::Column::ProjectId.eq(project))
            .filter(opportunity::Column::State.ne(OpportunityState::Draft))
            .exec(self.app.app.platform.db.write())
            .await
            .unwrap();
        id
    }

    /// What is promised where something opens in this project now.
    async fn promised(&self, project: ProjectId) -> Promised {
        let db = self.app.app.platform.db.read();
        let row = project::Entity::find_by_id((self.organisation, project)).one(db).await.unwrap().unwrap();
        let decisions = decision::Entity::find().filter(decision::Column::ProjectId.eq(project)).all(db).await.unwrap();
        let told = |row: decision::Model| PromisedDecision {
            decision: row.id,
            title: row.title,
            scope: row.scope,
            reserved_reason: row.reserved_reason,
            owner: row.owner,
        };
        Promised {
            promise: row.promise.unwrap(),
            purpose: row.purpose,
            claimed_rung: row.claimed_rung.unwrap(),
            decisions: decisions.into_iter().map(told).collect(),
        }
    }

    /// A consultation in this state, due for feedback in 30 days.
    pub async fn opportunity(&self, project: ProjectId, state: OpportunityState) -> OpportunityId {
        let (id, now): (OpportunityId, _) = (self.app.clock.new_id(), self.app.clock.now());
        let row = opportunity::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            project_id: Set(project),
            kind: Set(OpportunityKind::Consultation),
            activity: Set(None),
            title: Set("Waiting <well>".into()),
            summary: Set("How should waiting be?".into()),
            rung: Set(Rung::Consultation),
            stage: Set(Stage::Design),
            open_to_influence: Set("Seats, signs, news about the wait.".into()),
            not_open: Set("The building.".into()),
            who_decides: Set("The ward manager".into()),
            how_chosen: Set("Everybody on the list was asked.".into()),
            minutes: Set(20),
            preparation_minutes: Set(0),
            formats: Set(Formats(vec![Format::Phone, Format::AsyncText])),
            group_facts: Set(None),
            support: Set("A helpline".into()),
            support_contact: Set(None),
            content_note: Set(None),
            payment: Set(PaymentOffer {
                kind: PaymentKind::Amount,
                amount_pence: Some(1250),
                expenses: "travel".into(),
                how: String::new(),
            }),
            places: Set(None),
            reply_within_days: Set(None),
            opens_on: Set(None),
            closes_on: Set(None),
            starts_at: Set(None),
            feedback_moved_reason: Set(None),
            feedback_due: Set(Some((now + Duration::days(30)).date_naive())),
            state: Set(state),
            opened_at: Set(Some(now)),
            closed_at: Set((state == OpportunityState::Closed).then_some(now)),
            closed_early_reason: Set(None),
            feedback_late_since: Set(None),
            notice_id: Set(None),
            questionnaire_id: Set(None),
            promised: Set(match state {
                OpportunityState::Draft => None,
                _ => Some(self.promised(project).await),
            }),
            created_by: Set("system".into()),
            version: Set(1),
            created_at: Set(now),
        };
        put!(self, row, opportunity);
        id
    }

    /// Questions for an opportunity.
    pub async fn questions(&self, opportunity: OpportunityId, definition: &Value) -> QuestionnaireId {
        let id: QuestionnaireId = self.app.clock.new_id();
        let row = questionnaire::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            opportunity_id: Set(opportunity),
            n: Set(1),
            definition: Set(definition.to_string()),
            digest: Set(vec![0]),
            published_by: Set("system".into()),
            published_at: Set(self.app.clock.now()),
        };
        put!(self, row, questionnaire);
        let about = opportunity::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(opportunity),
            questionnaire_id: Set(Some(id)),
            ..Default::default()
        };
        opportunity::Entity::update(about).exec(self.app.app.platform.db.write()).await.unwrap();
        id
    }

    /// Somebody who has joined and is signed in.
    pub async fn someone(&self, name: &str) -> Someone {
        let (id, now): (ParticipantId, _) = (self.app.clock.new_id(), self.app.clock.now());
        let email = format!("{name}@people.example");
        let row = participant::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            email: Set(email.clone()),
            email_key: Set(email.clone()),
            name: Set(None),
            language: Set("en".into()),
            state: Set(ParticipantState::Joined),
            source: Set(ParticipantSource::SelfRegistered),
            preference_id: Set(None),
            review_after: Set(None),
            created_at: Set(now),
            joined_at: Set(Some(now)),
            left_at: Set(None),
            last_asked_at: Set(None),
            version: Set(1),
        };
        put!(self, row, participant);
        let token = Token::new(TokenKind::Participant, self.app.clock.secret());
        let end = now + Duration::days(3650);
        let row = participant_session::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(self.app.clock.new_id()),
            participant_id: Set(id),
            token_hash: Set(token.hash()),
            created_at: Set(now),
            last_used_at: Set(now),
            idle_until: Set(end),
            expires_at: Set(end),
            revoked_at: Set(None),
        };
        put!(self, row, participant_session);
        Someone { id, email, token: token.reveal().into() }
    }

    /// Wants letters with subject lines that tell nothing.
    pub async fn wants_neutral_subjects(&self, who: &Someone) {
        let mut document = PreferenceDoc::unspoken();
        document.contact.neutral_subject = true;
        self.says(who.id, document).await;
    }

    /// Says for the first time how they want to be involved.
    async fn says(&self, who: ParticipantId, document: PreferenceDoc) {
        let id: PreferenceId = self.app.clock.new_id();
        let row = preference::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            participant_id: Set(who),
            n: Set(1),
            document: Set(document),
            // Long ago: it is no sign of life.
            recorded_at: Set(self.app.clock.now() - Duration::days(365)),
            recorded_by: Set("system".into()),
        };
        put!(self, row, preference);
        let row = participant::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(who),
            preference_id: Set(Some(id)),
            ..Default::default()
        };
        participant::Entity::update(row).exec(self.app.app.platform.db.write()).await.unwrap();
    }

    /// Whoever has said nothing yet wants to be written to like this.
    pub async fn others_want(&self, contact: &Contact) {
        let silent = participant::Entity::find().filter(participant::Column::PreferenceId.is_null());
        for person in silent.all(self.app.app.platform.db.write()).await.unwrap() {
            self.says(person.id, PreferenceDoc { contact: contact.clone(), ..PreferenceDoc::unspoken() }).await;
        }
    }

    /// Says something about a use of their data.
    pub async fn consent(&self, who: &Someone, purpose: Purpose, scope: Uuid, says: ConsentType) {
        self.consent_with(who, purpose, scope, says, WithdrawalEffect::StopFutureOnly).await;
    }

    /// Agrees to take part in an opportunity.
    pub async fn agrees(&self, who: &Someone, opportunity: OpportunityId) {
        self.consent(who, Purpose::Participate, opportunity.0, ConsentType::Give).await;
    }

    /// The notice of a scope, which is made if there is none.
    async fn notice_of(&self, scope: Uuid) -> NoticeId {
        let db = self.app.app.platform.db.write();
        let found = notice::Entity::find().filter(notice::Column::ScopeId.eq(scope)).one(db).await.unwrap();
        if let Some(found) = found {
            return found.id;
        }
        let (id, now): (NoticeId, _) = (self.app.clock.new_id(), self.app.clock.now());
        let content = NoticeContent {
            language: "en".into(),
            title: "What we do with what you tell us".into(),
            text: String::new(),
            easy_read_text: None,
            controllers: Vec::new(),
            contact: String::new(),
            purposes: Vec::new(),
        };
        let row = notice::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            scope_id: Set(scope),
            n: Set(1),
            state: Set(NoticeState::Draft),
            content: Set(content),
            digest: Set(None),
            published_at: Set(None),
            published_by: Set(None),
            created_at: Set(now),
            version: Set(1),
        };
        put!(self, row, notice);
        id
    }

    /// The same, to a notice that promises this effect of taking it back.
    pub async fn consent_with(&self, who: &Someone, purpose: Purpose, scope: Uuid, says: ConsentType, effect: WithdrawalEffect) {
        let db = self.app.app.platform.db.write();
        let (event, now): (ConsentEventId, _) = (self.app.clock.new_id(), self.app.clock.now());
        let notice_id = self.notice_of(scope).await;
        let row = consent_event::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(event),
            participant_id: Set(who.id),
            purpose: Set(purpose),
            scope_id: Set(scope),
            notice_id: Set(notice_id),
            shown_id: Set(None),
            r#type: Set(says),
            channel: Set("test".into()),
            recorded_by: Set("system".into()),
            withdrawal_effect: Set(effect),
            occurred_at: Set(now),
            valid_until: Set(None),
            previous_id: Set(None),
        };
        put!(self, row, consent_event);
        let _ = consent_standing::Entity::delete_by_id((self.organisation, who.id, purpose, scope)).exec(db).await.unwrap();
        let row = consent_standing::ActiveModel {
            organisation_id: Set(self.organisation),
            participant_id: Set(who.id),
            purpose: Set(purpose),
            scope_id: Set(scope),
            r#type: Set(says),
            event_id: Set(event),
            notice_id: Set(notice_id),
            valid_until: Set(Some(now + Duration::days(365))),
        };
        put!(self, row, consent_standing);
    }

    /// A fact about somebody.
    pub async fn fact(&self, who: &Someone, category: &str) {
        let row = demographic::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(self.app.clock.new_id()),
            participant_id: Set(who.id),
            dimension: Set("age_band".into()),
            category: Set(category.into()),
            recorded_at: Set(self.app.clock.now()),
        };
        put!(self, row, demographic);
    }

    /// Somebody is asked, and this became of it.
    pub async fn invitation(&self, opportunity: OpportunityId, who: &Someone, state: InvitationState) -> InvitationId {
        let id: InvitationId = self.app.clock.new_id();
        let row = invitation::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            opportunity_id: Set(opportunity),
            participant_id: Set(who.id),
            run_id: Set(None),
            state: Set(state),
            question_first: Set(false),
            held_until: Set(None),
            why: Set(WhyAsked { reasons: Vec::new() }),
            reminded_at: Set(None),
            reminders: Set(0),
            ask_again_on: Set(None),
            replied_at: Set(None),
            ended_at: Set(None),
            version: Set(1),
            created_at: Set(self.app.clock.now()),
        };
        put!(self, row, invitation);
        id
    }

    /// Somebody's answers.
    pub async fn response(
        &self,
        opportunity: OpportunityId,
        questionnaire: QuestionnaireId,
        who: &Someone,
        answers: Value,
    ) -> ResponseId {
        let invitation = self.invitation(opportunity, who, InvitationState::Accepted).await;
        let (id, now): (ResponseId, _) = (self.app.clock.new_id(), self.app.clock.now());
        let row = response::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(id),
            opportunity_id: Set(opportunity),
            participant_id: Set(who.id),
            invitation_id: Set(invitation),
            questionnaire_id: Set(questionnaire),
            answers: Set(Some(answers)),
            state: Set(ResponseState::Submitted),
            submitted_at: Set(now),
            changed_at: Set(now),
            version: Set(1),
        };
        put!(self, row, response);
        id
    }

    /// Takes answers back.
    pub async fn withdraw(&self, response: ResponseId) {
        let row = response::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(response),
            state: Set(ResponseState::Withdrawn),
            answers: Set(None),
            ..Default::default()
        };
        response::Entity::update(row).exec(self.app.app.platform.db.write()).await.unwrap();
    }

    /// Somebody's place.
    pub async fn place(&self, opportunity: OpportunityId, who: &Someone, state: PlaceState) {
        let row = place::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(self.app.clock.new_id()),
            opportunity_id: Set(opportunity),
            participant_id: Set(who.id),
            state: Set(state),
            position: Set(1),
            created_at: Set(self.app.clock.now()),
            released_at: Set(None),
        };
        put!(self, row, place);
    }

    /// Names are drawn for it on a day, among those who say yes.
    pub async fn draws_on(&self, opportunity: OpportunityId, day: &str) {
        let db = self.app.app.platform.db.write();
        let about = opportunity::Entity::find_by_id((self.organisation, opportunity)).one(db).await.unwrap().unwrap();
        let mut about = about.into_active_model();
        about.places = Set(Some(4));
        about.update(db).await.unwrap();
        let row = selection::ActiveModel {
            organisation_id: Set(self.organisation),
            opportunity_id: Set(opportunity),
            quotas: Set(SeatQuotas(Vec::new())),
            draws_on: Set(Some(day.parse().unwrap())),
            drawn_at: Set(None),
            version: Set(1),
            changed_by: Set("system".into()),
            changed_at: Set(self.app.clock.now()),
        };
        put!(self, row, selection);
    }

    /// A meeting at which somebody was, with notes that were shared with them. Answers its id.
    pub async fn notes(&self, opportunity: OpportunityId, who: &Someone, text: &str) -> String {
        self.place(opportunity, who, PlaceState::Held).await;
        let meeting = json!({
            "title": "First meeting", "starts_at": "2027-02-10T18:00:00Z", "ends_at": "2027-02-10T20:00:00Z",
            "location": "Town hall",
        });
        let id = self.post(opportunity, "/meetings", &meeting).await.expect(201).id();
        let path = format!("/meetings/{id}");
        let there = json!([{"participant": who.id, "attendance": "present"}]);
        self.put(opportunity, &format!("{path}/attendance"), &there).await.expect(200);
        self.put(opportunity, &format!("{path}/notes"), &json!({"text": text})).await.expect(200);
        self.post(opportunity, &format!("{path}/notes/share"), &json!({})).await.expect(200);
        id
    }

    /// What somebody said beside a questionnaire, as they wrote it down themselves.
    pub async fn contribution(&self, opportunity: OpportunityId, who: &Someone, text: &str) -> ContributionId {
        let row = contribution::ActiveModel {
            organisation_id: Set(self.organisation),
            id: Set(self.app.clock.new_id()),
            opportunity_id: Set(opportunity),
            meeting_id: Set(None),
            participant_id: Set(Some(who.id)),
            text: Set(Some(text.to_owned())),
            quote: Set(QuotePermission::No),
            recorded_by: Set(format!("participant:{}", who.id)),
            created_at: Set(self.app.clock.now()),
            withdrawn_at: Set(None),
        };
        row.insert(self.app.app.platform.db.write()).await.unwrap().id
    }

    /// A consultation that has closed, with `people` who answered, want feedback and let their answers be counted.
    pub async fn consultation(&self, people: usize) -> Consultation {
        let project = self.project(&[("under_25", 5), ("over_65", 5)]).await;
        let id = self.opportunity(project, OpportunityState::Closed).await;
        let definition = json!({"pages": [{"elements": [
            {"type": "radiogroup", "name": "when", "title": "When?", "choices": ["morning", "evening"]},
            {"type": "checkbox", "name": "what", "title": "What?", "choices": ["seats", "signs"]},
            {"type": "comment", "name": "why", "title": "Why?"},
        ]}]});
        let questions = self.questions(id, &definition).await;
        let (mut who, mut responses) = (Vec::new(), Vec::new());
        for n in 0..people {
            let someone = self.someone(&format!("p{n}-{}", &id.to_string()[30..])).await;
            let answers = json!({"when": if n < 3 { "morning" } else { "evening" }, "what": ["seats"], "why": "a private word"});
            responses.push(self.response(id, questions, &someone, answers).await);
            self.consent(&someone, Purpose::ContactFeedback, self.organisation.0, ConsentType::Give).await;
            self.agrees(&someone, id).await;
            self.consent(&someone, Purpose::PublishInAggregate, id.0, ConsentType::Give).await;
            who.push(someone);
        }
        Consultation { project, id, who, responses }
    }

    /// POST about an opportunity.
    pub async fn post(&self, opportunity: OpportunityId, rest: &str, body: &Value) -> Answer {
        self.ada.post(&self.app, &format!("/opportunities/{opportunity}{rest}"), body).await
    }

    /// PUT about an opportunity.
    pub async fn put(&self, opportunity: OpportunityId, rest: &str, body: &Value) -> Answer {
        self.ada.put(&self.app, &format!("/opportunities/{opportunity}{rest}"), body).await
    }

    /// GET about an opportunity.
    pub async fn get(&self, opportunity: OpportunityId, rest: &str) -> Answer {
        self.ada.get(&self.app, &format!("/opportunities/{opportunity}{rest}")).send().await
    }

    /// A theme with these responses behind it.
    pub async fn theme(&self, opportunity: OpportunityId, title: &str, minority: bool, responses: &[ResponseId]) -> String {
        let body = json!({"title": title, "summary": format!("About {title}."), "minority": minority});
        let id = self.post(opportunity, "/themes", &body).await.expect(201).id();
        self.put(opportunity, &format!("/themes/{id}/sources"), &json!({"responses": responses})).await.expect(200);
        id
    }

    /// Begins the report and writes what is needed in it.
    pub async fn draft(&self, opportunity: OpportunityId) {
        self.post(opportunity, "/report", &json!({})).await.expect(201);
        let body = json!({
            "in_one_minute": "There will be new seats.", "steps_taken": "We rang people.", "learned": "Ask sooner.",
            "next_steps": [{"what": "Order seats", "owner": "The ward manager", "due": "2027-06-01"}],
        });
        self.put(opportunity, "/report", &body).await.expect(200);
    }
}

/// A consultation that has closed.
pub struct Consultation {
    pub project: ProjectId,
    pub id: OpportunityId,
    pub who: Vec<Someone>,
    pub responses: Vec<ResponseId>,
}
