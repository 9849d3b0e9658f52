//! A walk over every page of the console that links lead to: who may see what, whose it is, and where forms may come from.

use super::{decision, project, rosa, way};
use crate::harness::{Browser, Persona, TestApp, everywhere};
use std::collections::BTreeSet;

/// Every page below the console that links lead to, and every address to which a form goes.
async fn walk(browser: &mut Browser<'_>, from: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut pages, mut forms, mut left) = (BTreeSet::new(), BTreeSet::new(), vec![from.to_owned()]);
    while let Some(address) = left.pop() {
        if !pages.insert(address.clone()) {
            continue;
        }
        browser.open(&address).await.expect(200);
        for form in browser.forms() {
            forms.insert(if form.action.is_empty() { browser.address.clone() } else { form.action });
        }
        let links = browser.links().into_iter().filter(|to| to.starts_with("/console/"));
        left.extend(links.map(|to| to.split('#').next().unwrap_or_default().to_owned()));
    }
    (pages, forms)
}

/// The administrator's name in the house, before they sign in.
fn nobody() -> Persona {
    Persona { token: String::new(), organisation: String::new(), slug: "sunrise".into() }
}

/// An organisation with something of everything.
async fn furnished(app: &TestApp) -> Browser<'_> {
    let mut rosa = rosa(app).await;
    let project = project(&mut rosa).await;
    decision(&mut rosa, &project).await;
    let questions = way(&mut rosa, &project, "Questions to answer", "Consultation").await;
    rosa.open(&format!("{questions}/questions/add"))
        .await
        .choose("How is it answered?", "A short text")
        .fill("The question", "What?");
    rosa.press("Save the question").await.expect(200);
    rosa.open(&format!("{questions}/notice")).await.press("Save the draft").await.expect(200);
    let workshop = way(&mut rosa, &project, "A workshop", "Co-design").await;
    rosa.open(&format!("{workshop}/meetings/new")).await.fill("Name", "A day").fill("When it begins", "2027-04-10T14:00");
    rosa.fill("When it ends", "2027-04-10T16:00").press("Save").await.expect(200);
    rosa
}

#[test]
fn every_link_leads_to_a_page_and_every_form_must_come_from_our_own() {
    everywhere(|app| async move {
        let mut rosa = furnished(&app).await;
        let (pages, forms) = walk(&mut rosa, "/console/sunrise").await;
        assert!(pages.len() > 25 && forms.len() > 15, "{pages:?} {forms:?}");
        let token = rosa.cookies();
        for to in &forms {
            for (name, value) in
                [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
            {
                let planted = app.post(to).header("cookie", &token).header(name, value);
                let answer = planted.bytes(Vec::new(), "application/x-www-form-urlencoded").send().await;
                assert_eq!(answer.status.as_u16(), 403, "{to} {name}: {value}");
            }
            // Nobody who is not signed in gets further than the door.
            let stranger = app.post(to).send().await.expect(303);
            assert!(stranger.headers["location"].to_str().unwrap().starts_with("/console/sign-in"), "{to}");
        }
        for page in &pages {
            let stranger = app.get(page).send().await.expect(303);
            assert!(stranger.headers["location"].to_str().unwrap().starts_with("/console/sign-in?next=%2Fconsole"), "{page}");
        }
    });
}

#[test]
fn what_belongs_to_another_organisation_is_nowhere() {
    everywhere(|app| async move {
        let mut rosa = furnished(&app).await;
        let (pages, forms) = walk(&mut rosa, "/console/sunrise").await;
        let root = app.sign_in_again(&nobody()).await;
        app.organisation(&root, "moon").await;
        let of_one =
            |address: &&String| address.split(['/', '?', '=']).any(|part| part.len() == 36 && part.matches('-').count() == 4);
        let theirs = |address: &String| address.replace("/console/sunrise", "/console/moon");
        assert!(pages.iter().filter(of_one).count() > 15);
        for page in pages.iter().filter(of_one) {
            rosa.open(&theirs(page)).await.expect(404).hides("Your view").hides("Support after violence");
        }
        for to in forms.iter().filter(of_one) {
            let said = [("version", "1"), ("do", "up"), ("role", "viewer")].map(|(name, value)| (name.into(), value.into()));
            rosa.answer(&theirs(to), &said).await.expect(404);
        }
    });
}

#[test]
fn a_viewer_sees_no_form_that_would_be_refused() {
    everywhere(|app| async move {
        let mut rosa = furnished(&app).await;
        let (pages, forms) = walk(&mut rosa, "/console/sunrise").await;
        let root = app.sign_in_again(&nobody()).await;
        let mine = app.get("/api/account").token(&root.token).send().await.expect(200).json;
        let organisation = mine["organisations"][0]["id"].as_str().unwrap().to_owned();
        app.staff(&Persona { organisation, ..root }, "vera", "viewer").await;
        let mut vera = app.at_the_console("vera@staff.example").await;
        let (seen, offered) = walk(&mut vera, "/console/sunrise").await;
        // Whoever tries the questions out changes nothing either.
        let harmless = |to: &str| to == "/console/sign-out" || to.ends_with("/questions/preview");
        assert!(offered.contains("/console/sign-out"));
        assert!(offered.iter().all(|to| harmless(to)), "a viewer changes nothing: {offered:?}");
        assert!(
            seen.len() >= 8
                && seen.is_subset(
                    &pages.iter().cloned().chain(seen.iter().filter(|page| page.contains("funnel")).cloned()).collect()
                ),
            "{seen:?}"
        );
        for to in forms.iter().filter(|to| !harmless(to)) {
            let refused = vera.answer(to, &[]).await;
            assert_eq!(refused.status.as_u16(), 403, "{to}: {}", refused.text);
        }
        for page in pages.difference(&seen) {
            vera.open(page).await;
            assert!(matches!(vera.status, 200 | 403), "{page}: {}", vera.status);
            assert!(vera.forms().iter().all(|form| harmless(&form.action)), "{page}");
        }
    });
}
