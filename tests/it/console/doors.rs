//! Ways in and out for staff.

use crate::harness::{Browser, PASSWORD, everywhere};

#[test]
fn an_installation_is_set_up_on_a_page() {
    everywhere(|app| async move {
        let token = alongside::accounts::organisations::first_start(&app.app.platform).await.unwrap().unwrap();
        let mut ada = Browser::new(&app);
        // An address of the earlier kind leads on.
        ada.open("/set-up").await.fill("Code of your link", "nonsense").press("Go on").await.expect(422).says("begins with al_");
        ada.fill("Code of your link", token.reveal()).press("Go on").await.expect(200);
        assert_eq!(ada.address, format!("/set-up/{}", token.reveal()));
        ada.fill("Your name", "Ada").fill("Your e-mail address", "ada@sunrise.example").fill("A password", "short");
        ada.fill("Its name", "Sunrise Trust").fill("Its name in addresses", "sign-in").fill("Whom people can turn to", "hello");
        ada.press("Set up").await.expect(422).says("There is a problem").says("This name is taken").says("15 characters");
        assert_eq!(ada.value("Its name"), "Sunrise Trust", "what was typed stays");
        assert_eq!(ada.value("A password"), "", "but for the password");
        ada.fill("Its name in addresses", "sunrise").fill("A password", "short").press("Set up").await.expect(422);
        ada.says("15 characters").hides("This name is taken");
        ada.fill("A password", PASSWORD).press("Set up").await.expect(200);
        assert_eq!(ada.address, "/console/sunrise/begin");
        ada.says("You are set up");
        ada.follow("Go to the start").await.expect(200).says("What needs attention");
        // The link works once, and whoever finds it later is told so.
        Browser::new(&app).open(&format!("/set-up/{}", token.reveal())).await.expect(410).says("This link has ended");
        Browser::new(&app).open("/set-up/al_nothing").await.expect(404);
    });
}

#[test]
fn staff_sign_in_and_out_and_go_on_where_they_were() {
    everywhere(|app| async move {
        app.administrator().await;
        let mut rosa = Browser::new(&app);
        rosa.open("/console/sunrise").await.expect(200).says("Sign in");
        assert_eq!(rosa.address, "/console/sign-in?next=%2Fconsole%2Fsunrise");
        for (email, password) in [("root@sunrise.example", "wrong"), ("nobody@sunrise.example", PASSWORD)] {
            rosa.fill("E-mail address", email).fill("Password", password).press("Sign in").await.expect(422);
            rosa.says("The address or the password is not right.");
            assert_eq!(rosa.value("E-mail address"), email);
        }
        rosa.fill("E-mail address", "root@sunrise.example").fill("Password", PASSWORD).press("Sign in").await.expect(200);
        assert_eq!(rosa.address, "/console/sunrise");
        rosa.open("/console").await.expect(200);
        assert_eq!(rosa.address, "/console/sunrise", "straight on, where there is one organisation");
        rosa.press("Sign out").await.expect(200).says("You are signed out.");
        rosa.open("/console/sunrise").await.says("Sign in").hides("What needs attention");
    });
}

#[test]
fn a_new_session_takes_the_place_of_the_one_before() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let mut rosa = Browser::new(&app);
        let count = async || {
            let listed = app.get("/api/sessions").token(&root.token).send().await.expect(200).json;
            listed.as_array().unwrap().len()
        };
        assert_eq!(count().await, 1);
        for _ in 0..2 {
            rosa.open("/console/sign-in").await.fill("E-mail address", "root@sunrise.example").fill("Password", PASSWORD);
            rosa.press("Sign in").await.expect(200);
            assert_eq!(count().await, 2);
        }
        // Another site's address is no place to go on to.
        rosa.open("/console/sign-in?next=https%3A%2F%2Fevil.example").await;
        rosa.fill("E-mail address", "root@sunrise.example").fill("Password", PASSWORD).press("Sign in").await;
        assert_eq!(rosa.address, "/console/sunrise");
    });
}

#[test]
fn an_invitation_to_the_staff_is_accepted_on_a_page() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let invited = serde_json::json!({"email": "cleo@staff.example", "role": "coordinator"});
        root.post(&app, "/staff", &invited).await.expect(202);
        let token = app.outbox().await[0].token("al_");
        let mut cleo = Browser::new(&app);
        let link = format!("/staff-invitation/{token}");
        for _ in 0..20 {
            cleo.open(&link).await.expect(200).says("cleo@staff.example").says("Coordinator");
        }
        cleo.fill("Your name", "Cleo").fill("A password", "short").press("Join the staff").await.expect(422);
        assert_eq!(cleo.value("Your name"), "Cleo");
        cleo.fill("A password", PASSWORD).press("Join the staff").await.expect(200).says("What needs attention");
        Browser::new(&app).open(&link).await.expect(410);
        // A second organisation asks for the password she has.
        let other = app.organisation(&root, "moon").await;
        other.post(&app, "/staff", &invited).await.expect(202);
        let token = app.outbox().await[0].token("al_");
        cleo.open(&format!("/staff-invitation/{token}")).await.says("Use its password").hides("Your name");
        cleo.fill("Your password", PASSWORD).press("Join the staff").await.expect(200);
        assert_eq!(cleo.address, "/console/moon");
        cleo.open("/console").await.says("Your organisations");
        cleo.follow("sunrise trust").await.expect(200);
    });
}

#[test]
fn a_forgotten_password_is_replaced_on_a_page() {
    everywhere(|app| async move {
        app.administrator().await;
        let mut rosa = Browser::new(&app);
        for email in ["nobody@sunrise.example", "root@sunrise.example"] {
            rosa.open("/console/sign-in").await.follow("I have forgotten my password").await;
            rosa.fill("Your e-mail address", email).press("Send me a link").await.expect(200).says("If there is an account");
        }
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        let link = format!("/new-password/{}", letters[0].token("al_"));
        assert!(letters[0].text().contains(&format!("https://alongside.test{link}")));
        rosa.open(&link).await.fill("Your new password", "short").press("Change the password").await.expect(422);
        let new = "another long enough passphrase";
        rosa.fill("Your new password", new).press("Change the password").await.expect(200).says("has been changed");
        rosa.fill("E-mail address", "root@sunrise.example").fill("Password", new).press("Sign in").await.expect(200);
        assert_eq!(rosa.address, "/console/sunrise");
        rosa.open(&link).await.expect(410);
    });
}

#[test]
fn nobody_sees_an_organisation_that_they_do_not_belong_to() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        app.organisation(&root, "moon").await;
        app.coordinator(&root, "cleo").await;
        let mut cleo = app.at_the_console("cleo@staff.example").await;
        cleo.open("/console/moon").await.expect(404).hides("moon trust");
        cleo.open("/console/nowhere").await.expect(404);
        cleo.open("/console/sunrise").await.expect(200).says("sunrise trust");
    });
}

#[test]
fn trying_passwords_is_slowed_down() {
    everywhere(|app| async move {
        app.administrator().await;
        let app = app.with(|config| config.sign_in_limit = 3);
        let mut guest = Browser::new(&app);
        guest.open("/console/sign-in").await;
        for _ in 0..3 {
            guest.fill("E-mail address", "root@sunrise.example").fill("Password", "guess").press("Sign in").await.expect(422);
        }
        guest.fill("E-mail address", "root@sunrise.example").fill("Password", PASSWORD).press("Sign in").await.expect(429);
        guest.says("Please wait a little");
        // Both ways in are counted as one.
        let body = serde_json::json!({"email": "root@sunrise.example", "password": PASSWORD});
        app.post("/api/sign-in").json(&body).send().await.expect(429);
    });
}

#[test]
fn nobody_is_removed_by_one_press() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        app.staff(&root, "vera", "viewer").await;
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        let mut vera = app.at_the_console("vera@staff.example").await;
        rosa.open("/console/sunrise/staff").await.follow("Remove vera").await.expect(200);
        rosa.says("They can no longer sign in to this organisation").says("Keys for other systems that they made end as well.");
        vera.open("/console/sunrise").await.expect(200).says("What needs attention");
        rosa.press("Remove them").await.expect(200).says("They work here no longer").hides("vera@staff.example");
        vera.open("/console/sunrise").await.hides("What needs attention");
        // The last administrator stays.
        let own = rosa.links().into_iter().find(|link| link.ends_with("/remove")).unwrap();
        rosa.open(&own).await.press("Remove them").await.expect(422).says("There is a problem");
    });
}
