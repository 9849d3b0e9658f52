//! The forms of projects, stages and decisions.

use super::super::{
    entry::{self, Entry},
    groups::{group, kind},
    words::{choices, choices_or_none},
};
use crate::{
    pages::kit::{Block, Field, Form, Submit},
    participants::topics::is_key,
    platform::Result,
    projects::rules::{DecisionFacts, ProjectFacts, StageFacts},
};
use chrono::{NaiveDate, TimeZone};
use chrono_tz::Tz;
use entity::{DecisionScope, PresenceTarget, ProjectPurpose, Rung, Time, decision, project, stage};

const PRESENCE: &str = "One group a line: the kind of fact, the group, and how many people you look for. \
                        For example: age band, under 25, 10. Those who agree to be counted are asked on their own page.";

/// What a project says about itself. `row` is what it says now, if there is one.
pub(super) fn project(row: Option<&project::Model>) -> Form {
    let text = |of: fn(&project::Model) -> String| row.map(of).unwrap_or_default();
    let rung = row.and_then(|row| row.claimed_rung);
    Form::default()
        .field(Field::line("title", "Name", text(|row| row.title.clone())))
        .field(
            Field::area("need", "What is needed, and by whom?", text(|row| row.need.clone()))
                .hint("A need is enough to begin. Nothing has to be decided yet."),
        )
        .field(Field::radios("kind", "What kind of work is it?", choices(|kind| row.is_some_and(|row| row.kind == kind))))
        .words(vec![Block::Heading("Before anybody is asked".into()), Block::Text("You can fill this in later.".into())])
        .field(
            Field::area("why", "Why are people involved?", text(|row| row.purpose.why.clone()))
                .optional()
                .pointer("/purpose/why"),
        )
        .field(
            Field::area(
                "benefit",
                "What do those who take part get out of it?",
                text(|row| row.purpose.benefit_to_participants.clone()),
            )
            .optional()
            .pointer("/purpose/benefit_to_participants"),
        )
        .field(
            Field::area("change", "What should be different afterwards?", text(|row| row.purpose.intended_change.clone()))
                .optional()
                .pointer("/purpose/intended_change"),
        )
        .field(
            Field::area("intended_users", "Who will use what comes of it?", text(|row| row.intended_users.0.join("\n")))
                .optional()
                .hint("One group a line."),
        )
        .field(
            Field::area(
                "promise",
                "The promise: what can change, in public words",
                text(|row| row.promise.clone().unwrap_or_default()),
            )
            .optional()
            .hint("Everybody who is asked reads this. Promise what you can keep."),
        )
        .field(
            Field::radios(
                "claimed_rung",
                "Which rung of the ladder of co-production is this?",
                choices::<Rung>(|one| rung == Some(one)),
            )
            .optional()
            .hint("Claim no more than you do. A lower rung, honestly offered, is as good."),
        )
        .field(
            Field::area("presence", "Whose presence do you look for?", text(|row| presence(&row.presence.0)))
                .optional()
                .hint(PRESENCE),
        )
        .submit(Submit::new("Save"))
}

fn presence(targets: &[PresenceTarget]) -> String {
    let line =
        |target: &PresenceTarget| format!("{}, {}, {}", target.dimension, target.category, target.sought).replace('_', " ");
    targets.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn read_project(mut entry: Entry<'_>) -> Result<ProjectFacts> {
    let mut presence = Vec::new();
    for line in entry.lines("presence") {
        let parts: Vec<&str> = line.split(',').map(str::trim).collect();
        match parts.as_slice() {
            [dimension, category, sought] if sought.parse::<i32>().is_ok() && is_key(&kind(dimension)) => {
                presence.push(PresenceTarget {
                    dimension: kind(dimension),
                    category: group(category),
                    sought: sought.parse().unwrap_or_default(),
                })
            }
            _ => entry.wrong("/presence", PRESENCE),
        }
    }
    let facts = ProjectFacts {
        kind: entry.word("kind"),
        title: entry.text("title"),
        need: entry.text("need"),
        purpose: ProjectPurpose {
            why: entry.text("why"),
            benefit_to_participants: entry.text("benefit"),
            intended_change: entry.text("change"),
        },
        intended_users: entry.lines("intended_users"),
        presence,
        claimed_rung: entry.word_or_none("claimed_rung"),
        promise: entry.given("promise"),
    };
    entry.done_with(facts.check())?;
    Ok(facts)
}

/// What is recorded about a stage.
pub(super) fn stage(row: Option<&stage::Model>, zone: Tz) -> Form {
    let on = |at: Option<Time>| at.map(|at| at.with_timezone(&zone).date_naive().to_string()).unwrap_or_default();
    Form::default()
        .version(row.map_or(0, |row| row.version))
        .field(Field::typed("started_at", "Day on which it began", on(row.and_then(|row| row.started_at)), "date").optional())
        .field(
            Field::typed("settled_at", "Day on which its direction was settled", on(row.and_then(|row| row.settled_at)), "date")
                .optional(),
        )
        .field(
            Field::line("settled_by", "Who settled it", row.and_then(|row| row.settled_by.clone()).unwrap_or_default())
                .optional(),
        )
        .submit(Submit::new("Save"))
}

/// A day that did not change keeps its time.
pub(super) fn read_stage(mut entry: Entry<'_>, row: Option<&stage::Model>, zone: Tz, now: Time) -> Result<StageFacts> {
    let at = |day: Option<NaiveDate>, before: Option<Time>| {
        let same = before.filter(|before| day == Some(before.with_timezone(&zone).date_naive()));
        let begins = |day: NaiveDate| Some(zone.from_local_datetime(&day.and_hms_opt(0, 0, 0)?).earliest()?.to_utc());
        same.or_else(|| day.and_then(begins))
    };
    let started_at = at(entry.day("started_at"), row.and_then(|row| row.started_at));
    let settled_at = at(entry.day("settled_at"), row.and_then(|row| row.settled_at));
    let facts = StageFacts { started_at, settled_at, settled_by: entry.given("settled_by") };
    entry.done_with(facts.check(now))?;
    Ok(facts)
}

/// What is said about a decision.
pub(super) fn decision(row: Option<&decision::Model>) -> Form {
    let form = row.map_or_else(Form::default, |row| Form::default().version(row.version));
    let reason = row.and_then(|row| row.reserved_reason.clone()).unwrap_or_default();
    form.field(Field::line("title", "What is to be decided?", row.map(|row| row.title.clone()).unwrap_or_default()))
        .field(Field::radios("scope", "Can people change it?", choices(|one| row.is_some_and(|row| row.scope == one))))
        .field(
            Field::area("reserved_reason", "If it is reserved: why can people not change it?", reason)
                .optional()
                .hint("Everybody who is asked reads this."),
        )
        .field(
            Field::line("owner", "Who decides?", row.map(|row| row.owner.clone()).unwrap_or_default())
                .hint("A person or a body."),
        )
        .field(Field::radios("rule", "How is it decided?", choices(|one| row.is_some_and(|row| row.rule == one))))
        .field(Field::select("stage", "In which stage of the work?", choices_or_none("Choose one", row.map(|row| row.stage))))
        .field(Field::select("level", "How wide does it reach?", choices_or_none("Choose one", row.map(|row| row.level))))
        .field(Field::radios("weight", "How much does it weigh?", choices(|one| row.is_some_and(|row| row.weight == one))))
        .field(
            Field::typed("opens_on", "First day on which it is open", entry::day(row.and_then(|row| row.opens_on)), "date")
                .optional(),
        )
        .field(
            Field::typed(
                "settles_on",
                "Day on which it is to be settled",
                entry::day(row.and_then(|row| row.settles_on)),
                "date",
            )
            .optional(),
        )
        .submit(Submit::new("Save"))
}

pub(super) fn read_decision(mut entry: Entry<'_>) -> Result<DecisionFacts> {
    let scope = entry.word("scope");
    let facts = DecisionFacts {
        title: entry.text("title"),
        stage: entry.word("stage"),
        level: entry.word("level"),
        weight: entry.word("weight"),
        scope,
        reserved_reason: entry.given("reserved_reason").filter(|_| scope == DecisionScope::Reserved),
        owner: entry.text("owner"),
        rule: entry.word("rule"),
        opens_on: entry.day("opens_on"),
        settles_on: entry.day("settles_on"),
    };
    entry.done_with(facts.check())?;
    Ok(facts)
}

/// How a decision was settled.
pub(super) fn settling() -> Form {
    Form::default()
        .field(Field::area("outcome", "What was decided?", ""))
        .field(Field::area("reason", "Why?", "").hint("Name what people said, and how it counted."))
        .submit(Submit::new("Settle the decision"))
}
