//! Accounts: the first start, signing in, sessions, staff, keys.

use crate::harness::{PASSWORD, everywhere};
use serde_json::json;

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
