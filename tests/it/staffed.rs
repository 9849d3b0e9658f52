//! An organisation with one of everybody who can call: the cast of the tests that walk over every operation.

use crate::{
    given::{Given, Someone},
    harness::TestApp,
};
use alongside::platform::secret::{Token, TokenKind};
use entity::{ConsentType, InvitationState, OpportunityState, Purpose, invitation_link};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;
use std::collections::BTreeMap;

/// Everybody, and what fills the gaps of addresses.
pub struct Cast {
    /// Name of each caller, and their token.
    pub callers: Vec<(&'static str, Option<String>)>,
    /// Values for gaps in addresses.
    pub known: BTreeMap<&'static str, String>,
}

impl Cast {
    /// Puts an organisation and everybody together.
    pub async fn gather(app: &TestApp) -> Self {
        let root = app.administrator().await;
        let mut callers = vec![("nobody", None)];
        let ada = app.coordinator(&root, "ada").await;
        let given = Given::of(app, &ada);
        let project = given.project(&[]).await;
        let decision = given.decision(project, "Where the seats go", None).await;
        let draft = given.opportunity(project, OpportunityState::Draft).await;
        let open = given.opportunity(project, OpportunityState::Open).await;
        let ben = given.someone("ben").await;
        callers.push(("participant", Some(ben.token.clone())));
        callers.push(("invitation", Some(link(&given, open, &ben).await)));
        given.agrees(&ben, open).await;
        given.consent(&ben, Purpose::DemographicsRepresentativeness, given.organisation.0, ConsentType::Give).await;
        for role in ["viewer", "analyst"] {
            callers.push((role, Some(app.staff(&root, role, role).await.token)));
        }
        callers.push(("coordinator", Some(ada.token.clone())));
        callers.push(("administrator", Some(root.token.clone())));
        let other = app.organisation(&root, "moonlight").await;
        let far = app.staff(&other, "far", "administrator").await;
        callers.push(("elsewhere", Some(far.token.clone())));
        for (name, scope) in
            [("key:read", "read"), ("key:manage", "manage"), ("key:people", "people"), ("key:responses", "responses")]
        {
            let key = root.post(app, "/keys", &json!({"name": name, "scopes": [scope]})).await.expect(201);
            callers.push((name, Some(key.json["token"].as_str().unwrap().to_owned())));
        }
        let key = app.post(far.path("/keys")).token(&far.token);
        let key = key.json(&json!({"name": "far", "scopes": ["read", "manage", "people", "responses"]})).send().await.expect(201);
        callers.push(("key:elsewhere", Some(key.json["token"].as_str().unwrap().to_owned())));
        let known = BTreeMap::from([
            ("organisation", root.organisation.clone()),
            ("slug", root.slug.clone()),
            // No gap has this name: the organisation of those from elsewhere.
            ("other", far.organisation.clone()),
            ("project", project.to_string()),
            ("decision", decision.to_string()),
            ("opportunity", draft.to_string()),
            ("participant", ben.id.to_string()),
        ]);
        Self { callers, known }
    }

    /// The token of a caller.
    pub fn token(&self, name: &str) -> Option<String> {
        self.callers.iter().find(|(known, _)| *known == name).and_then(|(_, token)| token.clone())
    }

    /// The name of a caller who has every power over an address.
    pub fn mightiest(path: &str) -> &'static str {
        match path.split('/').nth(1) {
            Some("me") => "participant",
            Some("invitation") => "invitation",
            Some("public" | "password-reset" | "set-up" | "sign-in" | "staff-invitations" | "rungs") => "nobody",
            _ => "administrator",
        }
    }
}

/// The link of an invitation.
async fn link(given: &Given, opportunity: entity::OpportunityId, who: &Someone) -> String {
    let invitation = given.invitation(opportunity, who, InvitationState::Sent).await;
    let token = Token::new(TokenKind::Invitation, given.app.clock.secret());
    let row = invitation_link::ActiveModel {
        organisation_id: Set(given.organisation),
        id: Set(given.app.clock.new_id()),
        invitation_id: Set(invitation),
        token_hash: Set(token.hash()),
        created_at: Set(given.app.clock.now()),
    };
    invitation_link::Entity::insert(row).exec_without_returning(given.app.app.platform.db.write()).await.unwrap();
    token.reveal().to_owned()
}
