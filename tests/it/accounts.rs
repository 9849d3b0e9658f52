//! Accounts: the first start, signing in, sessions, staff, keys.

use crate::harness::{PASSWORD, TestApp, everywhere, organisation_body};
use alongside::{accounts::organisations::first_start, platform::secret::TokenKind};
use entity::{AccountLinkId, AccountLinkPurpose, account_link, audit_head, installation, job};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::{Value, json};

#[test]
fn the_first_start_makes_one_administrator_and_no_second() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        ada.get(&app, "").send().await.expect(200);
        assert!(alongside::accounts::organisations::first_start(&app.app.platform).await.unwrap().is_none());
        let again = json!({
            "token": "al_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "email": "x@example.org", "name": "X", "password": PASSWORD,
            "organisation": {"slug": "x", "name": "X", "contact": "x"},
        });
        app.post("/api/set-up").json(&again).send().await.expect(410);
    });
}

#[test]
fn signing_in_tells_nothing_about_who_has_an_account() {
    everywhere(|app| async move {
        app.administrator().await;
        let try_it = async |email: &str, password: &str| {
            app.post("/api/sign-in").json(&json!({"email": email, "password": password})).send().await
        };
        let known = try_it("root@sunrise.example", "wrong wrong wrong wrong").await.expect(403);
        let unknown = try_it("nobody@sunrise.example", "wrong wrong wrong wrong").await.expect(403);
        assert_eq!(known.text, unknown.text);
        try_it("ROOT@sunrise.example ", PASSWORD).await.expect(201);
    });
}

#[test]
fn sessions_are_listed_ended_and_expire() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let body = json!({"email": "root@sunrise.example", "password": PASSWORD, "label": "tablet"});
        let second = app.post("/api/sign-in").json(&body).send().await.expect(201);
        let second = second.json["token"].as_str().unwrap().to_owned();
        let list = app.get("/api/sessions").token(&ada.token).send().await.expect(200);
        let tablet = list.json.as_array().unwrap().iter().find(|session| session["label"] == "tablet").unwrap();
        assert_eq!(tablet["current"], false);
        app.get("/api/account").token(&second).send().await.expect(200);
        app.delete(format!("/api/sessions/{}", tablet["id"].as_str().unwrap())).token(&ada.token).send().await.expect(204);
        app.get("/api/account").token(&second).send().await.expect(401);
        app.clock.advance(chrono::Duration::hours(13));
        app.get("/api/account").token(&ada.token).send().await.expect(401);
    });
}

#[test]
fn a_new_password_ends_every_session() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        app.post("/api/password-reset").json(&json!({"email": "nobody@example.org"})).send().await.expect(202);
        assert!(app.outbox().await.is_empty());
        app.post("/api/password-reset").json(&json!({"email": "root@sunrise.example"})).send().await.expect(202);
        let letters = app.outbox().await;
        let token = letters[0].token("al_");
        let new = json!({"token": token, "password": "another long enough phrase"});
        app.post("/api/password-reset/confirm").json(&new).send().await.expect(204);
        app.post("/api/password-reset/confirm").json(&new).send().await.expect(410);
        app.get("/api/account").token(&ada.token).send().await.expect(401);
        let body = json!({"email": "root@sunrise.example", "password": "another long enough phrase"});
        app.post("/api/sign-in").json(&body).send().await.expect(201);
    });
}

#[test]
fn roles_bound_what_staff_may_do() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let viewer = app.staff(&ada, "vera", "viewer").await;
        viewer.get(&app, "").send().await.expect(200);
        viewer.get(&app, "/staff").send().await.expect(403);
        viewer.post(&app, "/staff", &json!({"email": "x@example.org", "role": "administrator"})).await.expect(403);
        let members = ada.get(&app, "/staff").send().await.expect(200);
        let own = members.json.as_array().unwrap().iter().find(|member| member["role"] == "administrator").unwrap().clone();
        let last =
            ada.put(&app, &format!("/staff/{}", own["id"].as_str().unwrap()), &json!({"role": "viewer"})).await.expect(409);
        assert_eq!(last.json["code"], "last_administrator");
        let audit = ada.get(&app, "/audit").send().await.expect(200);
        let actions: Vec<_> =
            audit.json["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["create_organisation", "invite_staff", "join_staff"]);
        let check = ada.get(&app, "/audit/check").send().await.expect(200);
        assert_eq!(check.json["whole"], true);
    });
}

#[test]
fn whoever_is_no_longer_an_administrator_holds_no_keys() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let cy = app.staff(&ada, "cy", "administrator").await;
        let made = cy.post(&app, "/keys", &json!({"name": "dashboard", "scopes": ["read"]})).await.expect(201);
        let key = made.json["token"].as_str().unwrap();
        app.get(ada.path("")).token(key).send().await.expect(200);
        let members = ada.get(&app, "/staff").send().await.expect(200);
        let of_cy = members.json.as_array().unwrap().iter().find(|member| member["name"] == "cy").unwrap().clone();
        let path = format!("/staff/{}", of_cy["id"].as_str().unwrap());
        ada.put(&app, &path, &json!({"role": "viewer"})).await.expect(204);
        app.get(ada.path("")).token(key).send().await.expect(401);
        assert_eq!(ada.get(&app, "/keys").send().await.expect(200).json, json!([]));
    });
}

#[test]
fn another_organisation_is_not_there() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let moon = app.organisation(&ada, "moon").await;
        let bo = app.staff(&ada, "bo", "administrator").await;
        app.get(moon.path("")).token(&bo.token).send().await.expect(404);
        app.get(moon.path("/staff")).token(&bo.token).send().await.expect(404);
    });
}

#[test]
fn keys_are_shown_once_and_bounded() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let body = json!({"name": "dashboard", "scopes": ["read"]});
        let call = || app.post(ada.path("/keys")).token(&ada.token).header("idempotency-key", "k1").json(&body).send();
        let made = call().await.expect(201);
        let key = made.json["token"].as_str().unwrap().to_owned();
        assert_eq!(call().await.expect(409).json["code"], "already_done");
        app.get(ada.path("")).token(&key).send().await.expect(200);
        app.get(ada.path("/staff")).token(&key).send().await.expect(403);
        let list = ada.get(&app, "/keys").send().await.expect(200);
        assert!(list.json[0]["token"].is_null());
        app.delete(ada.path(&format!("/keys/{}", made.id()))).token(&ada.token).send().await.expect(204);
        app.get(ada.path("")).token(&key).send().await.expect(401);
    });
}

#[test]
fn a_repeated_request_is_done_once() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let call = |slug: &str| {
            app.post("/api/organisations")
                .token(&ada.token)
                .header("idempotency-key", "once")
                .json(&crate::harness::organisation_body(slug))
                .send()
        };
        let first = call("moon").await.expect(201);
        let second = call("moon").await.expect(201);
        assert_eq!(first.text, second.text);
        assert_eq!(first.headers["location"], second.headers["location"]);
        assert_eq!(call("stars").await.expect(422).violations()[0].1, "used_before");
    });
}

/// A set-up with this token; the password is too short, so that it is refused before anything is made.
fn set_up(token: &str) -> Value {
    json!({"token": token, "email": "x@example.org", "name": "X", "password": "short", "organisation": organisation_body("x")})
}

#[test]
fn a_link_is_looked_at_before_a_password_is_hashed() {
    everywhere(|app| async move {
        let dead = "al_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        app.post("/api/set-up").json(&set_up(dead)).send().await.expect(410);
        let live = first_start(&app.app.platform).await.unwrap().unwrap();
        app.post("/api/set-up").json(&set_up(live.reveal())).send().await.expect(422);
        let reset = json!({"token": dead, "password": "short"});
        app.post("/api/password-reset/confirm").json(&reset).send().await.expect(410);
        let accept = json!({"token": dead, "name": "X", "password": "short"});
        app.post("/api/staff-invitations/accept").json(&accept).send().await.expect(410);
        let app = app.with(|config| config.sign_in_limit = 2);
        for status in [410, 410, 429] {
            app.post("/api/set-up").json(&set_up(dead)).send().await.expect(status);
        }
    });
}

#[test]
fn setting_up_ends_with_the_first_account() {
    everywhere(|app| async move {
        app.administrator().await;
        // As if another process had printed one, too.
        let (id, now) = (app.clock.new_id::<AccountLinkId>(), app.clock.now());
        let token = app.app.platform.secret.token(TokenKind::StaffLink, id.0);
        let row = account_link::ActiveModel {
            id: Set(id),
            purpose: Set(AccountLinkPurpose::SetUp),
            token_hash: Set(token.hash()),
            email: Set(String::new()),
            account_id: Set(None),
            organisation_id: Set(None),
            role: Set(None),
            created_at: Set(now),
            expires_at: Set(now + chrono::Duration::days(7)),
            used_at: Set(None),
        };
        account_link::Entity::insert(row).exec_without_returning(app.app.platform.db.write()).await.unwrap();
        app.post("/api/set-up").json(&set_up(token.reveal())).send().await.expect(410);
    });
}

#[test]
fn two_processes_that_start_first_leave_one_link() {
    everywhere(|app| async move {
        let row = installation::ActiveModel { id: Set(1), secret_check: Set(vec![1]), created_at: Set(app.clock.now()) };
        let db = &app.app.platform.db;
        installation::Entity::insert(row).exec_without_returning(db.write()).await.unwrap();
        let second = app.second().await;
        let tx = db.begin().await.unwrap();
        installation::Entity::find_by_id(1).lock_exclusive().one(&tx).await.unwrap();
        let (one, other, ()) = tokio::join!(first_start(&app.app.platform), first_start(&second.app.platform), async {
            app.waiting(2).await;
            tx.commit().await.unwrap();
        });
        assert!(one.unwrap().is_some() && other.unwrap().is_some());
        let open = account_link::Entity::find().filter(account_link::Column::UsedAt.is_null()).count(db.read()).await.unwrap();
        assert_eq!(open, 1);
        second.app.platform.db.clone().close().await.unwrap();
    });
}

#[test]
fn asking_for_a_new_password_does_the_same_for_everybody() {
    everywhere(|app| async move {
        app.administrator().await;
        let db = app.app.platform.db.read();
        for (email, letters) in [("nobody@sunrise.example", 0), ("root@sunrise.example", 1)] {
            let links = account_link::Entity::find().count(db).await.unwrap();
            app.post("/api/password-reset").json(&json!({"email": email})).send().await.expect(202);
            assert_eq!(job::Entity::find().count(db).await.unwrap(), 1, "one job for {email}");
            assert_eq!(account_link::Entity::find().count(db).await.unwrap(), links, "and nothing else");
            assert_eq!(app.outbox().await.len(), letters);
        }
    });
}

async fn invited(app: &TestApp, by: &crate::harness::Persona, email: &str, role: &str) -> String {
    by.post(app, "/staff", &json!({"email": email, "role": role})).await.expect(202);
    app.outbox().await.remove(0).token("al_")
}

async fn accept(app: &TestApp, token: &str) -> crate::harness::Answer {
    let body = json!({"token": token, "name": "Bo", "password": PASSWORD});
    app.post("/api/staff-invitations/accept").json(&body).send().await
}

#[test]
fn the_newest_invitation_counts_and_who_is_removed_leaves_no_door_open() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let old = invited(&app, &ada, "bo@staff.example", "administrator").await;
        let new = invited(&app, &ada, "Bo@staff.example", "viewer").await;
        accept(&app, &old).await.expect(410);
        accept(&app, &new).await.expect(201);
        accept(&app, &old).await.expect(410);
        let cy = app.staff(&ada, "cy", "administrator").await;
        let key = cy.post(&app, "/keys", &json!({"name": "dashboard", "scopes": ["read"]})).await.expect(201);
        assert_eq!(key.json["made_by"], "cy");
        let mine = ada.post(&app, "/keys", &json!({"name": "other", "scopes": ["read"]})).await.expect(201);
        let listed = ada.get(&app, "/keys").send().await.expect(200).json;
        assert_eq!((&listed[0]["made_by"], &listed[1]["made_by"]), (&json!("cy"), &json!("Rosa Root")));
        let members = ada.get(&app, "/staff").send().await.expect(200).json;
        let member = members.as_array().unwrap().iter().find(|member| member["name"] == "cy").unwrap().clone();
        let path = ada.path(&format!("/staff/{}", member["id"].as_str().unwrap()));
        app.delete(path).token(&ada.token).send().await.expect(204);
        app.get(ada.path("")).token(key.json["token"].as_str().unwrap()).send().await.expect(401);
        app.get(ada.path("")).token(mine.json["token"].as_str().unwrap()).send().await.expect(200);
        let audit = ada.get(&app, "/audit").send().await.expect(200);
        let last: Vec<_> =
            audit.json["items"].as_array().unwrap().iter().rev().take(2).map(|entry| entry["action"].clone()).collect();
        assert_eq!(last, ["remove_staff", "revoke_key"]);
        app.outbox().await;
    });
}

#[test]
fn a_new_password_ends_the_other_links_and_is_written_down() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ask = async || {
            app.post("/api/password-reset").json(&json!({"email": "root@sunrise.example"})).send().await.expect(202);
            app.outbox().await.remove(0).token("al_")
        };
        let (first, second) = (ask().await, ask().await);
        let new = |token: &str| json!({"token": token, "password": "another long enough phrase"});
        app.post("/api/password-reset/confirm").json(&new(&first)).send().await.expect(204);
        app.post("/api/password-reset/confirm").json(&new(&second)).send().await.expect(410);
        let body = json!({"email": "root@sunrise.example", "password": "another long enough phrase"});
        let token = app.post("/api/sign-in").json(&body).send().await.expect(201).json["token"].as_str().unwrap().to_owned();
        let audit = app.get(ada.path("/audit")).token(&token).send().await.expect(200);
        assert_eq!(audit.json["items"].as_array().unwrap().last().unwrap()["action"], "change_password");
    });
}

#[test]
fn two_administrators_cannot_take_the_last_role_from_each_other() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let bo = app.staff(&ada, "bo", "administrator").await;
        let members = ada.get(&app, "/staff").send().await.expect(200).json;
        let id = |name: &str| {
            let member = members.as_array().unwrap().iter().find(|member| member["name"] == name).unwrap();
            format!("/staff/{}", member["id"].as_str().unwrap())
        };
        let viewer = json!({"role": "viewer"});
        let (one, other) = both(&app, &ada, ada.put(&app, &id("bo"), &viewer), bo.put(&app, &id("Rosa Root"), &viewer)).await;
        let mut answers = [one.status.as_u16(), other.status.as_u16()];
        answers.sort_unstable();
        // Whoever comes second is stopped by the rule, or is no administrator any more when they come to the door.
        assert!(matches!(answers, [204, 403 | 409]), "{answers:?}: {} {}", one.text, other.text);
        let members = if one.status == 204 { &ada } else { &bo }.get(&app, "/staff").send().await.expect(200).json;
        let administrators = members.as_array().unwrap().iter().filter(|member| member["role"] == "administrator").count();
        assert_eq!(administrators, 1);
    });
}

#[test]
fn of_two_changes_to_one_version_one_is_told_to_read_again() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let version = ada.get(&app, "").send().await.expect(200).etag();
        let change = |name: &str| {
            let mut body = organisation_body("sunrise");
            body["name"] = json!(name);
            app.put(ada.path("")).token(&ada.token).header("if-match", &version).json(&body)
        };
        let (one, other) = both(&app, &ada, change("One").send(), change("Other").send()).await;
        let mut answers = [one.status.as_u16(), other.status.as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [200, 412], "{} {}", one.text, other.text);
    });
}

/// Two requests at the same moment: both have read what they need when the first one is let on.
async fn both(
    app: &TestApp,
    at: &crate::harness::Persona,
    one: impl Future<Output = crate::harness::Answer>,
    other: impl Future<Output = crate::harness::Answer>,
) -> (crate::harness::Answer, crate::harness::Answer) {
    // Nobody can commit before they have written to the audit log.
    let tx = app.app.platform.db.begin().await.unwrap();
    let organisation: entity::OrganisationId = at.organisation.parse().unwrap();
    audit_head::Entity::find_by_id(organisation).lock_exclusive().one(&tx).await.unwrap();
    let (one, other, ()) = tokio::join!(one, other, async {
        app.waiting(2).await;
        tx.commit().await.unwrap();
    });
    (one, other)
}

#[test]
fn a_link_template_is_one_that_letters_can_carry() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        for (template, good) in [
            ("https://front.example/{kind}#{token}", true),
            ("http://localhost:3000/{kind}#{token}", true),
            ("http://front.example/{kind}#{token}", false),
            ("https://front.example/\"{kind}#{token}", false),
            ("https://fr\u{f6}nt.example/#{token}", false),
            ("https://front.example/{kind}", false),
        ] {
            let mut body = organisation_body("sunrise");
            body["link_template"] = json!(template);
            let answer = ada.put(&app, "", &body).await;
            if good {
                answer.expect(200);
            } else {
                assert_eq!(answer.expect(422).violations()[0].0, "/link_template", "{template}");
            }
        }
    });
}
