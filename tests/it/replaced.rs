//! The replacement rule as a property, on a real database: whoever says yes, says no or gives a place up, in whatever order, the quotas
//! hold, no place stays empty that somebody could have, and a minimum is short for the want of people alone.

use crate::{
    groups::{aged, files, open, quota, verified},
    harness::{Backend, Mail, TestApp, on},
    story::Story,
};
use entity::{InvitationState, invitation};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sea_orm::EntityTrait;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// People of each group, places, and at least and at most so many of the first two groups; whoever is in the third counts for none.
#[derive(Clone, Debug)]
struct Setting {
    people: [usize; 3],
    places: usize,
    quotas: [(usize, usize); 2],
}

/// Somebody of those who hold something says yes, or no.
#[derive(Clone, Copy, Debug)]
struct Step {
    who: usize,
    yes: bool,
}

const GROUPS: [&str; 3] = ["16_24", "65_plus", "25_64"];

impl Setting {
    /// Whether a first draw can keep the quotas and fill all places.
    fn can_be(&self) -> bool {
        let [(a, most_a), (b, most_b)] = self.quotas;
        let room = most_a.min(self.people[0]) + most_b.min(self.people[1]) + self.people[2];
        a <= most_a && b <= most_b && a <= self.people[0] && b <= self.people[1] && a + b <= self.places && room >= self.places
    }
}

fn any_setting() -> impl Strategy<Value = Setting> {
    let people = [1usize..5, 1usize..5, 0usize..4];
    (people, 2usize..5, [(0usize..3, 0usize..4), (0usize..3, 0usize..4)])
        .prop_map(|(people, places, quotas)| Setting { people, places, quotas })
        .prop_filter("a draw", Setting::can_be)
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0usize..16, prop::bool::weighted(0.35)).prop_map(|(who, yes)| Step { who, yes });
    prop::collection::vec(step, 6..14)
}

/// Where everybody stands.
struct Standing {
    /// Who has a place, or was asked and has one held for them: the number of each group.
    seated: [usize; 3],
    /// Who was never asked, by group.
    unasked: [usize; 3],
}

struct World {
    story: Story,
    id: String,
    setting: Setting,
    /// The group of each address, and their id.
    group: BTreeMap<String, (usize, String)>,
    /// The link of whoever was asked.
    links: BTreeMap<String, String>,
    agreed: BTreeSet<String>,
}

impl World {
    async fn make(app: &TestApp, setting: &Setting) -> Self {
        let story = Story::begin(app.clone()).await;
        let mut group = BTreeMap::new();
        for (at, many) in setting.people.iter().enumerate() {
            for n in 0..*many {
                let person = aged(&story, &format!("g{at}n{n}"), GROUPS[at]).await;
                group.insert(person.email, (at, person.id));
            }
        }
        let quotas = [0, 1].map(|at| {
            let (min, max) = setting.quotas[at];
            quota(GROUPS[at], i32::try_from(min).unwrap(), i32::try_from(max).unwrap())
        });
        let id = open(&story, i32::try_from(setting.places).unwrap(), json!(quotas)).await;
        let setting = setting.clone();
        Self { story, id, setting, group, links: BTreeMap::new(), agreed: BTreeSet::new() }
    }

    fn read(&mut self, letters: Vec<Mail>) {
        for letter in letters.iter().filter(|letter| letter.words().contains("Why you were asked")) {
            let known = self.links.insert(letter.to.clone(), letter.token("ai_"));
            assert!(known.is_none(), "{} is asked twice", letter.to);
        }
    }

    async fn invitations(&self) -> Vec<(String, InvitationState)> {
        let rows = invitation::Entity::find().all(self.story.app.app.platform.db.read()).await.unwrap();
        let address = |id: String| self.group.iter().find(|(_, (_, known))| *known == id).unwrap().0.clone();
        rows.into_iter().map(|row| (address(row.participant_id.to_string()), row.state)).collect()
    }

    async fn standing(&self) -> Standing {
        let (mut seated, mut unasked) = ([0; 3], self.setting.people);
        for (address, state) in self.invitations().await {
            let group = self.group[&address].0;
            unasked[group] -= 1;
            if [InvitationState::Sent, InvitationState::AskLater, InvitationState::Accepted].contains(&state) {
                seated[group] += 1;
            }
        }
        Standing { seated, unasked }
    }

    /// What must hold whenever nothing is under way.
    async fn check(&self) {
        let Standing { seated, unasked } = self.standing().await;
        let told = format!("{:?}: seated {seated:?}, not asked {unasked:?}", self.setting);
        let all: usize = seated.iter().sum();
        assert!(all <= self.setting.places, "more than there are places: {told}");
        for (at, (min, max)) in self.setting.quotas.iter().enumerate() {
            assert!(seated[at] <= *max, "more than the most of group {at}: {told}");
            assert!(seated[at] >= *min || unasked[at] == 0, "less than the least of group {at}, and somebody is there: {told}");
        }
        let could = |at: usize| unasked[at] > 0 && self.setting.quotas.get(at).is_none_or(|(_, max)| seated[at] < *max);
        assert!(all == self.setting.places || !(0..3).any(could), "a place stays empty: {told}");
    }

    /// Somebody who holds something answers, or gives up what they have.
    async fn step(&mut self, step: Step) {
        let holds = [InvitationState::Sent, InvitationState::Accepted];
        let mut holding: Vec<String> =
            self.invitations().await.into_iter().filter(|(_, state)| holds.contains(state)).map(|(address, _)| address).collect();
        holding.sort();
        if holding.is_empty() {
            return;
        }
        let who = &holding[step.who % holding.len()];
        let link = &self.links[who];
        if step.yes {
            if self.agreed.insert(who.clone()) {
                self.story.consent(link).await;
            }
            let said = self.story.with(link, "/accept", &json!({})).await.expect(200);
            assert_eq!(said.json["state"], "accepted", "who was drawn has the place");
        } else {
            self.story.with(link, "/decline", &json!({})).await.expect(200);
        }
        let letters = self.story.app.outbox().await;
        self.read(letters);
        self.check().await;
    }
}

async fn lives(app: TestApp, setting: Setting, steps: Vec<Step>) {
    let mut world = World::make(&app, &setting).await;
    let letters = world.story.invite(&world.id, json!({})).await;
    assert_eq!(letters.len(), setting.places, "{setting:?}");
    world.read(letters);
    world.check().await;
    for step in steps {
        world.step(step).await;
    }
    // Each draw on the way can be worked out again, the last one from its file.
    let (_, whole) = files(&world.story, &world.id).await;
    let (output, agrees) = verified(&whole);
    assert!(agrees, "{output}");
}

/// Cases with a fixed seed: the same on every computer.
fn cases(backend: Backend, count: u32) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for _ in 0..count {
        let (setting, steps) = (any_setting(), any_steps()).new_tree(&mut runner).unwrap().current();
        eprintln!("{setting:?} {steps:?}");
        on(backend, |app| lives(app, setting.clone(), steps.clone()));
    }
}

#[test]
fn whoever_drops_out_the_quotas_hold_and_no_place_stays_empty() {
    cases(Backend::Sqlite, 10);
    if Backend::available().contains(&Backend::Postgres) {
        cases(Backend::Postgres, 3);
    }
}
