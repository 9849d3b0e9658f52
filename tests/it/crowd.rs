//! Many people at once, written as rows: for tests about numbers.

use crate::{harness::TestApp, story::Story};
use entity::{
    ConsentType, NoticeId, OrganisationId, ParticipantId, ParticipantSource, ParticipantState, PreferenceDoc, PreferenceId,
    Purpose, Rung, Stance, WithdrawalEffect, consent_event, consent_standing, notice, participant, preference,
};
use sea_orm::{ActiveValue::Set, EntityTrait};

/// People who have joined, want consultations, and agreed to invitations.
pub async fn joined(app: &TestApp, story: &Story, count: usize) {
    with(app, story, (0..count).map(|_| PreferenceDoc::with_stance(Stance::up_to(Rung::Consultation))).collect()).await;
}

/// People with these wishes, who agreed to invitations.
pub async fn with(app: &TestApp, story: &Story, wishes: Vec<PreferenceDoc>) -> Vec<ParticipantId> {
    let organisation: OrganisationId = story.ada.organisation.parse().unwrap();
    let notice: NoticeId = notice::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap().id;
    let (now, db) = (app.clock.now(), app.app.platform.db.write());
    let mut made = Vec::new();
    for wishes in wishes.chunks(500) {
        let (mut people, mut preferences, mut events, mut standings) = (vec![], vec![], vec![], vec![]);
        for wish in wishes {
            let (id, version): (ParticipantId, PreferenceId) = (app.clock.new_id(), app.clock.new_id());
            let event = app.clock.new_id();
            made.push(id);
            // Letters to one domain leave a connection free for others.
            let email = format!("p{id}@{}.example", if made.len() % 2 == 0 { "people" } else { "others" });
            people.push(participant::ActiveModel {
                organisation_id: Set(organisation),
                id: Set(id),
                email: Set(email.clone()),
                email_key: Set(email),
                name: Set(None),
                language: Set("en".into()),
                state: Set(ParticipantState::Joined),
                source: Set(ParticipantSource::Imported),
                preference_id: Set(Some(version)),
                review_after: Set(None),
                created_at: Set(now),
                joined_at: Set(Some(now)),
                left_at: Set(None),
                last_asked_at: Set(None),
                version: Set(1),
            });
            preferences.push(preference::ActiveModel {
                organisation_id: Set(organisation),
                id: Set(version),
                participant_id: Set(id),
                n: Set(1),
                document: Set(wish.clone()),
                recorded_at: Set(now),
                recorded_by: Set("test".into()),
            });
            events.push(consent_event::ActiveModel {
                organisation_id: Set(organisation),
                id: Set(event),
                participant_id: Set(id),
                purpose: Set(Purpose::ContactInvite),
                scope_id: Set(organisation.0),
                notice_id: Set(notice),
                shown_id: Set(None),
                r#type: Set(ConsentType::Give),
                channel: Set("web".into()),
                recorded_by: Set("test".into()),
                withdrawal_effect: Set(WithdrawalEffect::StopFutureOnly),
                occurred_at: Set(now),
                valid_until: Set(None),
                previous_id: Set(None),
            });
            standings.push(consent_standing::ActiveModel {
                organisation_id: Set(organisation),
                participant_id: Set(id),
                purpose: Set(Purpose::ContactInvite),
                scope_id: Set(organisation.0),
                r#type: Set(ConsentType::Give),
                event_id: Set(event),
                notice_id: Set(notice),
                valid_until: Set(None),
            });
        }
        participant::Entity::insert_many(people).exec_without_returning(db).await.unwrap();
        preference::Entity::insert_many(preferences).exec_without_returning(db).await.unwrap();
        consent_event::Entity::insert_many(events).exec_without_returning(db).await.unwrap();
        consent_standing::Entity::insert_many(standings).exec_without_returning(db).await.unwrap();
    }
    made
}
