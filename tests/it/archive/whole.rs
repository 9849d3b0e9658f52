//! An organisation with everything that one can hold moves, and nothing is lost: every table of its own is there row by row, or
//! differs in the one way that a move means.

use super::{moving::*, *};
use crate::{
    given::Given,
    walk::{World, ids},
};
use alongside::platform::{Secret, secret::TokenKind};
use entity::{
    AccountLinkId, OrganisationId, ParticipantLinkPurpose, account_link, audit_entry, invitation_link, match_result,
    participant_link, report, suppression,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Tables whose rows change on the way, each in one way: see [`audit_goes_on`], [`links_work_under_both_keys`],
/// [`draws_keep_their_numbers`] and [`addresses_are_hashed_anew`].
const CHANGE: [&str; 7] =
    ["account_link", "audit_entry", "audit_head", "invitation_link", "match_result", "participant_link", "suppression"];

/// Tables that stay where they are: what an installation is and remembers for callers, who is signed in there, that letters are held
/// there and how they get through, and the keys and webhooks of other systems, whose secrets follow from the key of the installation.
const STAY: [&str; 11] = [
    "account_session",
    "api_key",
    "idempotency",
    "installation",
    "mail_hold",
    "mail_inbound",
    "mail_route",
    "participant_session",
    "webhook",
    "webhook_delivery",
    "webhook_event",
];

/// Everything about an organisation that is alone in its installation: the tables that name no organisation are its own too.
async fn everything_of(app: &TestApp, organisation: &str) -> BTreeMap<&'static str, Vec<String>> {
    let mut rows = rows_of(app, organisation, &[]).await;
    let everything = schema::everything(app.app.platform.db.read()).await;
    // What happened to its letters; the one with a new password is of nobody's organisation.
    let letters: Vec<String> = all::<mail_message::Entity>(app)
        .await
        .iter()
        .filter(|letter| letter.organisation_id.is_some_and(|of| of.to_string() == organisation))
        .map(|letter| format!("{:?}", letter.id))
        .collect();
    let mut events = everything["mail_event"].clone();
    events.retain(|row| letters.iter().any(|id| row.contains(id)));
    rows.extend([("account", everything["account"].clone()), ("mail_event", events)]);
    rows
}

/// An organisation with something in every table that moves.
async fn full(app: &TestApp) -> World {
    let world = World::make(app, "zq7").await;
    let (story, dora) = (&world.story, &world.dora);
    let given = Given::of(app, &story.ada);
    app.run_jobs().await;
    given.fact(dora, "under_25").await;
    let claim = &ids(app, "influence").await[0];
    dora.post(app, &format!("/influence/{claim}"), &json!({"standing": "confirmed"})).await.expect(200);
    let meeting = dora.get(app, "/meetings").await.expect(200).json["items"][0].clone();
    let agrees = json!({"version": meeting["version"], "agrees": true});
    dora.post(app, &format!("/meetings/{}/notes", meeting["id"].as_str().unwrap()), &agrees).await.expect(204);
    let fred = story.person("fred", json!({"stance": {"kind": "inform_me_only"}})).await;
    fred.post(app, "/trial", &json!({"rung": "engagement", "supporter": "A friend"})).await.expect(201);
    fred.post(app, "/hearing", &json!({})).await.expect(204);
    let group = crate::parts::group(&given).await;
    let gwen = given.someone("gwen").await;
    crate::parts::takes_part(&given, group, &gwen).await;
    let pause = json!({"choice": "pause", "until": "2027-03-20"});
    gwen.post(app, &format!("/opportunities/{group}/part"), &pause).await.expect(200);
    given.post(group, "/end", &json!({"words": "The grant has ended."})).await.expect(200);
    app.run_jobs().await;
    let begun = json!({"started_at": "2027-02-01T09:00:00Z"});
    story.ada.put(app, &format!("/projects/{}/stages/need", story.project), &begun).await.expect(200);
    story.ada.get(app, &format!("/people/{}", dora.id)).send().await.expect(200);
    let day = |days| (app.clock.now() + Duration::days(days)).format("%Y-%m-%d").to_string();
    let changes = json!({"topics": [story.topic], "closes_on": day(30), "feedback_due": day(60)});
    let asked = story.open("consultation", "consultation", changes).await;
    let said = json!({"activity": "citizens_jury", "group": {"women_only": true, "present": ["researchers"]}});
    let shared = story.ada.post(app, "/opportunities", &story.draft("co_design_group", "co_design", said)).await.expect(201);
    let draws = story.open("co_design_group", "co_design", json!({"places": 2})).await;
    fred.post(app, &format!("/opportunities/{draws}/application"), &json!({})).await.expect(200);
    let quotas = json!({"quotas": [{"dimension": "age_band", "category": "under_25", "min": 1, "max": 2}]});
    story.ada.put(app, &format!("/opportunities/{}/quotas", shared.id()), &quotas).await.expect(200);
    let changes = json!({"closes_on": day(30), "feedback_due": day(60)});
    let said = json!({"letter": "place", "slot": "closing", "language": "en", "form": "plain", "text": "See you then."});
    story.ada.put(app, &format!("/opportunities/{draws}/letters"), &json!({"words": [said]})).await.expect(200);
    let one = story.open("consultation", "consultation", changes.clone()).await;
    let other = story.open("consultation", "consultation", changes).await;
    let both = json!({"opportunities": [{"opportunity": one, "yes": 1}, {"opportunity": other, "yes": 1}]});
    story.ada.post(app, "/plans", &both).await.expect(202);
    app.run_jobs().await;
    gathered(app, &given, dora).await;
    // Somebody who wants no more letters, and letters that were not sent yet.
    let stop = world.letters.iter().find(|letter| letter.to == world.ben.email && letter.text().contains("/u/au_")).unwrap();
    app.post("/api/public/unsubscribe").json(&json!({"token": stop.token("au_")})).send().await.expect(204);
    story.person("fay", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
    story.ada.post(app, &format!("/opportunities/{asked}/invitations"), &json!({})).await.expect(202);
    let gus = json!({"email": "gus@staff.example", "role": "viewer"});
    story.ada.post(app, "/staff", &gus).await.expect(202);
    app.app.run_queue().await.unwrap();
    // And work that was not done yet.
    let takes_back = json!({"purpose": "participate", "opportunity": finished(app).await});
    dora.post(app, "/consents/withdraw", &takes_back).await.expect(200);
    world
}

/// News that waits for a day far away.
async fn gathered(app: &TestApp, given: &Given, who: &crate::given::Someone) {
    use sea_orm::ActiveValue::Set;
    let db = app.app.platform.db.write();
    let id: entity::DigestId = app.clock.new_id();
    let row = entity::digest::ActiveModel {
        organisation_id: Set(given.organisation),
        id: Set(id),
        participant_id: Set(who.id),
        due_on: Set((app.clock.now() + Duration::days(300)).date_naive()),
        closed_at: Set(None),
        created_at: Set(app.clock.now()),
    };
    entity::digest::Entity::insert(row).exec_without_returning(db).await.unwrap();
    let item = entity::digest_item::ActiveModel {
        organisation_id: Set(given.organisation),
        digest_id: Set(id),
        kind: Set("feedback.report".into()),
        subject_id: Set(app.clock.new_id::<entity::ReleaseId>().0),
        added_at: Set(app.clock.now()),
    };
    entity::digest_item::Entity::insert(item).exec_without_returning(db).await.unwrap();
}

/// What the published report is about.
async fn finished(app: &TestApp) -> String {
    report::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap().opportunity_id.to_string()
}

/// All rows of a table that an organisation has, in the order of their ids.
async fn all<E: EntityTrait>(app: &TestApp) -> Vec<E::Model> {
    E::find().all(app.app.platform.db.read()).await.unwrap()
}

/// What was written down stays as it was written, and the move is written behind it.
async fn audit_goes_on(here: &TestApp, there: &TestApp, id: OrganisationId) {
    let entries = async |app: &TestApp| {
        let mut all = all::<audit_entry::Entity>(app).await;
        all.retain(|entry| entry.organisation_id == id);
        all.sort_by_key(|entry| entry.seq);
        all
    };
    let (before, mut after) = (entries(here).await, entries(there).await);
    let moved = after.pop().unwrap();
    assert_eq!((moved.action.as_str(), moved.seq), ("move_here", before.last().unwrap().seq + 1));
    assert!(before.len() > 20, "{before:?}");
    assert_eq!(before, after);
    assert_eq!(audit::first_break(there.app.platform.db.read(), id).await.unwrap(), None);
}

/// Links are looked up by their hash. Each keeps the one that it has, because a letter holds it; the link of a letter that waits gets
/// the one of the new key beside it. `told` is a row without its id and hash.
fn links_work_under_both_keys<M>(
    before: &[M],
    after: &[M],
    id: impl Fn(&M) -> Uuid,
    hash: impl Fn(&M) -> Vec<u8>,
    anew: impl Fn(&M) -> Vec<u8>,
    told: impl Fn(&M) -> String,
) -> usize {
    let known = |all: &[M]| -> BTreeSet<(Vec<u8>, String)> { all.iter().map(|one| (hash(one), told(one))).collect() };
    let lost: Vec<_> = known(before).difference(&known(after)).cloned().collect();
    assert!(lost.is_empty(), "{lost:?}");
    let old: BTreeMap<Uuid, (Vec<u8>, String)> = before.iter().map(|one| (id(one), (hash(one), told(one)))).collect();
    let (mut waiting, mut copies) = (0, 0);
    for one in after {
        match old.get(&id(one)) {
            Some(same) if *same == (hash(one), told(one)) => {}
            Some((_, same)) => {
                assert_eq!((hash(one), told(one)), (anew(one), same.clone()), "the link of a letter that waits");
                waiting += 1;
            }
            None => copies += 1,
        }
    }
    assert_eq!(waiting, copies, "the old hash of each, under another id");
    waiting
}

/// Numbers in draws followed from the old key, and are written down with the draw.
async fn draws_keep_their_numbers(here: &TestApp, there: &TestApp) {
    let key = |row: &match_result::Model| (row.run_id.0, row.participant_id.0);
    let mut expected = all::<match_result::Entity>(here).await;
    let secret = Secret::new(SECRET);
    for row in &mut expected {
        row.number = row.number.or(Some(secret.pseudonym(row.run_id.0, row.participant_id.0)));
    }
    let mut found = all::<match_result::Entity>(there).await;
    expected.sort_by_key(key);
    found.sort_by_key(key);
    assert!(!expected.is_empty());
    assert_eq!(expected, found);
}

/// Nobody whose address must not be written to is written to under the new key.
async fn addresses_are_hashed_anew(here: &TestApp, there: &TestApp) {
    let people = all::<participant::Entity>(here).await;
    let (old, new) = (Secret::new(SECRET), Secret::new(OTHER));
    let mut expected = all::<suppression::Entity>(here).await;
    for row in &mut expected {
        let of = row.organisation_id.0;
        let person = people.iter().find(|person| old.address_hash(of, &person.email_key) == row.address_hash);
        row.address_hash = new.address_hash(of, &person.expect("somebody who is known").email_key);
    }
    let mut found = all::<suppression::Entity>(there).await;
    expected.sort_by_key(|row| row.id.0);
    found.sort_by_key(|row| row.id.0);
    assert!(!expected.is_empty());
    assert_eq!(expected, found);
}

/// The links of all kinds; answers how many letters wait with one.
async fn links(here: &TestApp, there: &TestApp) -> [usize; 3] {
    let new = Secret::new(OTHER);
    let (before, after) = (all::<invitation_link::Entity>(here).await, all::<invitation_link::Entity>(there).await);
    let invitations = links_work_under_both_keys(
        &before,
        &after,
        |one| one.id.0,
        |one| one.token_hash.clone(),
        |one| new.token(TokenKind::Invitation, one.id.0).hash(),
        |one| format!("{:?}", (one.organisation_id, one.invitation_id, one.created_at)),
    );
    let (before, after) = (all::<participant_link::Entity>(here).await, all::<participant_link::Entity>(there).await);
    let kind = |purpose| match purpose {
        ParticipantLinkPurpose::Unsubscribe => TokenKind::Unsubscribe,
        _ => TokenKind::ParticipantLink,
    };
    let people = links_work_under_both_keys(
        &before,
        &after,
        |one| one.id.0,
        |one| one.token_hash.clone(),
        |one| new.token(kind(one.purpose), one.id.0).hash(),
        |one| {
            let whose = (one.organisation_id, one.participant_id, one.purpose, &one.name, &one.language);
            format!("{:?}", (whose, one.created_at, one.expires_at, one.used_at))
        },
    );
    let (before, mut after) = (all::<account_link::Entity>(here).await, all::<account_link::Entity>(there).await);
    // A new password is asked for at an installation and not of an organisation: those links stay.
    let before: Vec<_> = before.into_iter().filter(|one| one.organisation_id.is_some()).collect();
    after.retain(|one| one.organisation_id.is_some_and(|of| before.iter().any(|old| old.organisation_id == Some(of))));
    let staff = links_work_under_both_keys(
        &before,
        &after,
        |one| one.id.0,
        |one| one.token_hash.clone(),
        |one| new.token(TokenKind::StaffLink, one.id.0).hash(),
        |one| format!("{:?}", account_link::Model { id: AccountLinkId(Uuid::nil()), token_hash: Vec::new(), ..one.clone() }),
    );
    [invitations, people, staff]
}

#[test]
fn an_organisation_that_holds_everything_moves_without_loss() {
    everywhere(|app| async move {
        let world = full(&app).await;
        let id = &world.story.ada.organisation;
        let before = everything_of(&app, id).await;
        let empty: Vec<_> =
            before.iter().filter(|(table, rows)| rows.is_empty() && !STAY.contains(*table)).map(|(table, _)| *table).collect();
        assert_eq!(empty, [""; 0], "nothing of these would be missed");
        assert!(before["webhook"].len() + before["participant_session"].len() > 2);

        let folder = Folder::new();
        let file = folder.at("sunrise.alongside");
        assert_eq!(export(&app, "sunrise", &file).await.unknown, 0);
        for backend in Backend::available() {
            let target = databases::fresh(backend).await;
            let there = TestApp::over(backend, &target.url, Clock::fixed(app.clock.now(), 77), OTHER).await;
            let taken = import(&there, &file).await.unwrap();
            assert_eq!((taken.made, taken.known), (1, 0), "its account comes along, and with it what it may do");
            let after = everything_of(&there, id).await;
            for (table, rows) in &before {
                let found = &after[table];
                match (STAY.contains(table), *table) {
                    // It says that letters wait for a word, because of the move.
                    (_, "mail_hold") => assert_eq!((rows.len(), found.len()), (0, 1)),
                    (true, _) => assert!(found.is_empty(), "{table} came along: {found:?}"),
                    (false, table) if CHANGE.contains(&table) => {}
                    (false, table) => assert_eq!(rows, found, "{table}: {:?} to {backend:?}", app.backend),
                }
            }
            audit_goes_on(&app, &there, OrganisationId(id.parse().unwrap())).await;
            draws_keep_their_numbers(&app, &there).await;
            addresses_are_hashed_anew(&app, &there).await;
            // The invitations of two people, each with the link that stops letters, and the letter to Gus.
            assert_eq!(links(&app, &there).await, [2, 2, 1]);
            there.app.platform.db.clone().close().await.unwrap();
            target.remove().await;
        }
        app.outbox().await;
    });
}
